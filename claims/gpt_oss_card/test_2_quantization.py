"""Section 2.1: quantization."""

from fractions import Fraction

import pytest

from claim_suite.fixtures.claim.table import each
from claims.gpt_oss_card.entries import FITS, WHOLE_CONTEXT, both

pytestmark = pytest.mark.cheap


@pytest.mark.claim("moe-weights-in-mxfp4", uncheckable="how the models were post-trained is not published")
def test_moe_weights_in_mxfp4():
    """The models were post-trained with their mixture-of-experts weights quantised to MXFP4."""


@each("about", both("| bits | The quantised weights of {model} take {stated} bits a parameter. | 4.25 | 4.25 |"))
def test_bits(about, checkpoints, stated, measure):
    """Quantised weights take 4.25 bits a parameter."""
    of = checkpoints[about.model]
    assert measure(of.bits, "bits a number", also={"published checkpoint": of.bits_of_the_checkpoint}) == stated


@each(
    "about",
    both(
        "| moe-share | More than {stated} of the parameters of {model} are mixture-of-experts weights. | 90% | 90% |",
        in_words=True,
        also_prints=("90+%",),
    ),
)
def test_moe_share(about, models, stated, measure):
    """The mixture-of-experts weights are more than 90 % of all parameters."""
    of = models(about.model)
    also = Fraction(of.formula.experts, of.formula.total)
    assert measure(Fraction(of.experts, of.total), "of all parameters", also=also) > stated


@each(
    "about",
    both(
        "| fits | Quantised, {model} fits into {stated} GB. | 80 | 16 |",
        in_words=True,
        also_prints={"fits-120b": ("80GB",), "fits-20b": ("16GB",)},
        says={
            "fits-120b": "Quantised, gpt-oss-120b fits on a single GPU of 80 GB.",
            "fits-20b": "Quantised, gpt-oss-20b runs on systems with as little as 16 GB.",
        },
        note={"fits-120b": FITS, "fits-20b": FITS + WHOLE_CONTEXT},
    ),
)
def test_fits(about, checkpoints, models, stated, measure):
    """The models fit into 80 and 16 gigabytes."""
    stored, config = checkpoints[about.model], models(about.model).config
    assert stated > measure(Fraction(stored.published, 10**9), "GB", of="weights as stored", also=stored.size / 10**9)
    context = measure(stored.context_beside(int(stated.nominal)), "tokens of context", of="that fit beside them")
    assert context >= config["initial_context_length"]
