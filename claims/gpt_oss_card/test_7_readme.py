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
    "model",
    both(
        "readme-total",
        "{model} has {stated} parameters.",
        {"stated": "117B"},
        {"stated": "21B"},
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
        {"stated": "5.1B", "note": AS_THE_CARD},
        {"stated": "3.6B", "note": AS_THE_CARD},
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
            "says": "gpt-oss-120b runs on a single GPU of 80 GB.",
            "note": FITS,
        },
        {
            "stated": "16",
            "in_words": True,
            "also_prints": ("16GB",),
            "says": "gpt-oss-20b runs within 16 GB of memory.",
            "note": FITS + WHOLE_CONTEXT,
        },
    ),
)
def test_readme_fits(model, checkpoints, models, stated, measure):
    """The models run within 80 and 16 gigabytes."""
    stored, config = checkpoints[model], models(model).config
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
