"""README of the models' repository, at 7b58334."""

from fractions import Fraction
from math import ceil

import pytest

from claim_suite.fixtures.claim.table import Entry, each
from claim_suite.fixtures.models.formula import BYTES_PER_NUMBER
from claims.gpt_oss_card.entries import FITS, LARGER, WHOLE_CONTEXT, both

pytestmark = pytest.mark.cheap

AS_THE_CARD = "Counted as the model card, to which it leads, says: with the unembedding, without the embedding."


@each(
    "about",
    both(
        """
        | readme-total  | {model} has {stated} parameters.        | 117B | 21B  |
        | readme-active | {model} has {stated} active parameters. | 5.1B | 3.6B |
        """,
        note={"readme-active": AS_THE_CARD},
    ),
)
def test_readme_sizes(about, models, stated, measure):
    """How large the models are."""
    of = models(about.model)
    without = {"formula": of.formula.active - of.formula.embeddings, "one token run": of.counted.active - of.embeddings}
    value, also = {
        "readme-total": (of.total, of.formula.total),
        "readme-active": (of.active - of.embeddings, without),
    }[about.line]
    assert measure(value, "parameters", also=also) == stated


@each(
    "about",
    both(
        "| readme-fits | {model} runs within {stated} GB of memory. | 80 | 16 |",
        in_words=True,
        also_prints={"readme-fits-120b": ("80GB",), "readme-fits-20b": ("16GB",)},
        says={"readme-fits-120b": "gpt-oss-120b runs on a single GPU of 80 GB."},
        note={"readme-fits-120b": FITS, "readme-fits-20b": FITS + WHOLE_CONTEXT},
    ),
)
def test_readme_fits(about, checkpoints, models, stated, measure):
    """The models run within 80 and 16 gigabytes."""
    stored, config = checkpoints[about.model], models(about.model).config
    assert stated > measure(Fraction(stored.published, 10**9), "GB", of="weights as stored", also=stored.size / 10**9)
    context = measure(stored.context_beside(int(stated.nominal)), "tokens of context", of="that fit beside them")
    assert context >= config["initial_context_length"]


@pytest.mark.claim(
    "readme-evals-quantised",
    uncheckable="how the published scores were made is not recorded anywhere else",
)
def test_readme_evals_quantised():
    """All evaluations were made with the same quantisation."""


SPREAD = (
    "Read as: on fewer, its weights in two bytes a number do not fit, as the implementation spreads them: every device "
    "has a part of each expert and all else whole, and beside them, packed and unpacked, the tensor being loaded. "
    "Whether a GB is 10^9 bytes or 2^30, which is nearer to what such a device has."
)


@each(
    "device",
    [
        Entry(device, name, {"stated": number, "says": says, "model": LARGER, "note": SPREAD})
        for device, name, number, says in (
            ("H100", "readme-four-h100", "4", "In plain PyTorch, gpt-oss-120b needs at least 4 H100."),
            ("H200", "readme-two-h200", "2", "In plain PyTorch, gpt-oss-120b runs on 2 H200."),
        )
    ],
)
def test_readme_devices(device, models, checkpoints, devices, stated, measure):
    of = models(LARGER)
    experts = measure(BYTES_PER_NUMBER * of.experts, "bytes", of="experts", also=BYTES_PER_NUMBER * of.formula.experts)
    whole = measure(BYTES_PER_NUMBER * (of.total - of.experts), "bytes", of="all else")
    largest = 2 * of.config["num_local_experts"] * of.config["hidden_size"] * of.config["intermediate_size"]
    loaded = measure(largest * (BYTES_PER_NUMBER + checkpoints[LARGER].bits / 8), "bytes", of="a tensor being loaded")
    for size in (10**9, 2**30):
        room = devices["gigabytes"][device] * size - whole - loaded
        assert measure(ceil(experts / room), "devices", of=f"of a GB of {size} bytes") == stated
