"""Throughput."""

from fractions import Fraction
from typing import Any

import pytest

from claim_suite.fixtures.claim.table import Listed

pytestmark = pytest.mark.cheap

FIRST = "2023-04-18"
OWN_RUN = (
    "it is a measurement of the lab's own runs on many A100s, and nothing of them is published that could be repeated"
)

NO_SOURCE = (
    "of Megatron-DS, for which it names no source: Megatron-LM's table begins and ends with these numbers, and has a "
    "lower one between"
)
SLIP = (
    "That it is a slip for TFLOPs, corrected two months later: so it is, and what was printed is a trillion times less."
)

CLAIMS = Listed(
    """
    | claim                  | stated | says                                                                           |
    |------------------------|--------|--------------------------------------------------------------------------------|
    | neox-throughput        | 150    | GPT-NeoX reaches 150 TFLOPs a second on each A100.                             |
    | flash-throughput-first | 180    | With flash attention it reaches 180 FLOPs a second, more than with the normal  |
    |                        |        | one.                                                                           |
    | flash-throughput       | 180    | With flash attention it reaches 180 TFLOPs a second, more than with the normal |
    |                        |        | one.                                                                           |
    | in-line-with-megatron  |        | Both are in line with what Megatron reports.                                   |
    | megatron-lowest        | 137    | Megatron reports no less than 137 TFLOPs a second on each A100.                |
    | megatron-highest       | 163    | Megatron reports no more than 163 TFLOPs a second on each A100.                |
    | peak-is-not-met        |        | What GPUs are said to do in theory is not reached in practice.                 |
    | rule-of-thumb-first    | ~120   | About 120 FLOPs a second can always be reached on each A100.                   |
    | rule-of-thumb          | ~120   | About 120 TFLOPs a second can always be reached on each A100.                  |
    | something-wrong        | 115    | Below 115 TFLOPs a second something is probably wrong with the model or the    |
    |                        |        | hardware.                                                                      |
    | linear-or-sublinear    |        | Throughput grows linearly with the number of GPUs, or less.                    |
    | nearly-linear          |        | Throughput grows nearly linearly with the degree of data parallelism.          |
    """,
    uncheckable={
        "megatron-lowest": NO_SOURCE,
        "megatron-highest": NO_SOURCE,
        "neox-throughput": OWN_RUN,
        "flash-throughput": OWN_RUN,
        "something-wrong": "wrong is what is not told: no list of causes to look for",
    },
    version={"flash-throughput": "2023-06-21"},
    corrects={"flash-throughput": "flash-throughput-first"},
)


def power_of_ten(printed: Any, megatron: Any, measure: Any) -> Any:
    """Measure the power of ten of the throughput with normal attention, and of Megatron-LM's lowest."""
    both = (printed["tflops_a_gpu"]["normal_attention"], min(of["tflops_a_gpu"] for of in megatron["models"]))
    normal, also = (10 ** (len(str(rate * 10**12)) - 1) for rate in both)
    return measure(normal, "FLOPs a second, to a power of ten", also={"Megatron-LM": also})


@CLAIMS.claim(
    version=FIRST,
    refuted="a slip of units: the prefix is missing, so that the faster way would be a trillion times slower",
    words="GPT-NeoX achieves 150 TFLOP/s/A100 with normal attention and 180 FLOP/s/A100 with Flash Attention.",
    reply=SLIP,
    note="Read as: the number with flash attention, in the unit that is printed, is above that of normal attention. "
    "Nothing turns it: twelve orders of magnitude lie between.",
)
def test_flash_throughput_first(printed, megatron, stated, measure):
    assert stated > power_of_ten(printed, megatron, measure)


@CLAIMS.claim(
    loosely="only as no lower: with flash attention it is above all that Megatron-LM reports",
    note="In line with is read as: both between its lowest and highest; weaker: neither below its lowest.",
)
def test_in_line_with_megatron(printed, reading, measure):
    of = printed["tflops_a_gpu"]
    least, most = of["megatron"]
    ours = [measure(of[name], "TFLOPs a second", of=name) for name in ("normal_attention", "flash_attention")]
    assert {"literal": least <= min(ours) and max(ours) <= most, "loose": least <= min(ours)}[reading]


@CLAIMS.claim(
    note="Theoretical FLOPs are never met: read as what is reported, here and by Megatron-LM, is below the maker's "
    "peak.",
)
def test_peak_is_not_met(megatron, printed, measure):
    of = printed["tflops_a_gpu"]
    reported = [of["normal_attention"], of["flash_attention"], *(each["tflops_a_gpu"] for each in megatron["models"])]
    assert measure(max(reported), "TFLOPs a second, reported") < megatron["peak_tflops"]


@CLAIMS.claim(
    version=FIRST,
    refuted="a slip of units, as above: what is reported is a trillion times that",
    words="As a general rule of thumb, you should always be able to achieve approximately 120 FLOP/s/A100.",
    reply=SLIP,
    note="Approximately what should always be reached: read as no less than a tenth of what is reported. Nothing turns "
    "it: twelve orders of magnitude lie between.",
)
def test_rule_of_thumb_first(printed, megatron, stated, measure):
    assert stated > power_of_ten(printed, megatron, measure) / 10


@CLAIMS.claim(
    version="2023-06-21",
    corrects="rule-of-thumb-first",
    loosely="only of each model on some number of GPUs: Megatron-Turing NLG, on the most that it was run on, is below "
    "even the rate under which the document suspects a fault",
    note="Always is read as: in all runs that Megatron-LM's table and the paper on Megatron-Turing NLG report; weaker: "
    "in the best of each model. About 120 would allow 115, which the lowest is below, too.",
)
def test_rule_of_thumb(megatron, reading, stated, measure):
    of_turing = {"literal": min, "loose": max}[reading](megatron["megatron_turing"].values())
    least = min(of_turing, *(of["tflops_a_gpu"] for of in megatron["models"]))
    assert stated < measure(least, "TFLOPs a second, the least")


def of_ideal(scaling: Any, measure: Any) -> list[Any]:
    """Measure the throughput at each number of GPUs, as a share of what it would be if none were lost."""
    runs = scaling["gpus"]
    return [measure(Fraction(of["samples"], of["ideal"]), "of ideal", of=f"{of['gpus']} GPUs") for of in runs]


@CLAIMS.claim(note="Read off the document's figure, within its reading error.")
def test_linear_or_sublinear(scaling, measure):
    assert max(of_ideal(scaling, measure)) <= 1


@CLAIMS.claim(
    loosely="from 384 GPUs on more than a tenth is lost, and on none of them as much as a fifth",
    note="Nearly is read as within a tenth of the ideal throughput, at every number of GPUs of the figure: a reader "
    "would not call a loss above that nearly none; weaker: within a fifth.",
)
def test_nearly_linear(scaling, reading, measure):
    assert min(of_ideal(scaling, measure)) >= {"literal": Fraction(9, 10), "loose": Fraction(4, 5)}[reading]


@CLAIMS.each()
def test_uncheckable(claim):
    """Nobody can check it."""
