"""README of the models' repository, at 7b58334."""

from fractions import Fraction
from math import ceil

import pytest

from claims.gpt_oss_card.entries import LARGER, both
from fixtures.claim.table import each
from fixtures.models.formula import BYTES_PER_NUMBER

pytestmark = pytest.mark.cheap

README = "https://github.com/openai/gpt-oss/blob/7b583341fe16729127f6d5b94a7b09ccae97e1a1/README.md"
AS_THE_CARD = "Counted as the model card, to which it leads, says: with the unembedding, without the embedding."


@each(
    "model",
    both(
        "readme-total",
        "{model} has {stated} parameters.",
        {"stated": "117B", "link": README},
        {"stated": "21B", "link": README},
    ),
)
def test_readme_total(model, models, stated, measure):
    """The models have 117 and 21 billion parameters."""
    of = models(model)
    assert measure(of.total, "parameters", also=of.formula.total) == stated


@each(
    "model",
    both(
        "readme-active",
        "{model} has {stated} active parameters.",
        {"stated": "5.1B", "link": README, "note": AS_THE_CARD},
        {"stated": "3.6B", "link": README, "note": AS_THE_CARD},
    ),
)
def test_readme_active(model, models, stated, measure):
    """The models have 5.1 and 3.6 billion active parameters."""
    of = models(model)
    also = {"formula": of.formula.active - of.formula.embeddings, "one token run": of.counted.active - of.embeddings}
    assert measure(of.active - of.embeddings, "parameters", also=also) == stated


@each(
    "model",
    both(
        "readme-fits",
        "{model} runs within {stated} GB.",
        {
            "stated": "80",
            "in_words": True,
            "also_prints": ("80GB",),
            "link": README,
            "says": "gpt-oss-120b runs on a single GPU of 80 GB.",
        },
        {
            "stated": "16",
            "in_words": True,
            "also_prints": ("16GB",),
            "link": README,
            "says": "gpt-oss-20b runs within 16 GB of memory.",
        },
    ),
)
def test_readme_fits(model, checkpoints, stated, measure):
    """The models run within 80 and 16 gigabytes."""
    of = checkpoints[model]
    assert stated > measure(Fraction(of.published, 10**9), "GB", of="weights as stored", also=of.size / 10**9)


@pytest.mark.claim(
    "readme-evals-quantised",
    link=README,
    uncheckable="how the published scores were made is not recorded anywhere else",
)
def test_readme_evals_quantised():
    """All evaluations were made with the same quantisation."""


@pytest.mark.claim(
    "readme-four-h100",
    stated="4",
    link=README,
    loosely="the weights alone would fit on three; four is the fewest that share 64 heads evenly",
    note="Read as: on fewer, the weights of the larger model in two bytes a number do not fit; weaker: of the numbers "
    "of devices that divide its query heads evenly, as tensor parallelism does, none smaller holds them.",
)
def test_readme_four_h100(models, devices, reading, stated, measure):
    """The plain PyTorch implementation needs at least 4 H100."""
    of = models(LARGER)
    bytes_needed = measure(BYTES_PER_NUMBER * of.total, "bytes", of="weights", also=BYTES_PER_NUMBER * of.formula.total)
    least = ceil(Fraction(bytes_needed, devices["gigabytes"]["H100"] * 10**9))
    even = next(number for number in range(least, 100) if of.config["num_attention_heads"] % number == 0)
    assert measure({"literal": least, "loose": even}[reading], "devices") == stated


@pytest.mark.claim("readme-two-h200", stated="2", link=README)
def test_readme_two_h200(models, devices, stated, measure):
    """Or 2 H200."""
    of = models(LARGER)
    bytes_needed = measure(BYTES_PER_NUMBER * of.total, "bytes", of="weights", also=BYTES_PER_NUMBER * of.formula.total)
    assert measure(ceil(Fraction(bytes_needed, devices["gigabytes"]["H200"] * 10**9)), "devices") == stated
