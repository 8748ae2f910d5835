"""Making them fast, open models, and directions of work."""

from fractions import Fraction
from itertools import pairwise
from statistics import mean

import pytest
from hypothesis import given

from claim_suite.fixtures.claim.table import Listed, table
from claim_suite.fixtures.routing.sources import MIXTRAL
from claims.moe_explained.drawn import batches

pytestmark = pytest.mark.cheap

RAISES = (
    "Read as: with each larger capacity factor of the table that the model was trained with, quality is higher; "
    "weaker: with the largest than with the least."
)

CLAIMS = Listed(
    """
    | claim                       | stated | says                                                                     |
    |-----------------------------|--------|--------------------------------------------------------------------------|
    | capacity-raises-quality     |        | A larger capacity factor raises quality.                                 |
    | start-with-top-2            | 1.25   | Top-2 routing with a capacity factor of 1.25 is a good starting point.   |
    | four-serving-techniques     | =4     | Four things that help with serving are discussed.                        |
    | distillation-keeps-30-to-40 | 30%    | Distilling into a dense model keeps 30 to 40 % of what sparsity gained.  |
    | fastermoe-17-times          | 17     | FasterMoE is up to 17 times faster.                                      |
    | megablocks-drops-nothing    |        | Operations that take loads of any size never drop a token.               |
    | switch-from-8-to-2048       | =2048  | The collection of Switch Transformers goes from 8 to 2,048 experts.      |
    | better-than-llama-70b       |        | Mixtral outperforms Llama-2-70B.                                         |
    | much-faster-than-llama-70b  |        | Mixtral's inference is much faster than Llama-2-70B's.                   |
    | distil-to-less-and-similar  |        | Sparse models could be distilled to dense ones with fewer parameters but |
    |                             |        | a similar number of them.                                                |
    | qmoe-below-one-bit          | =1     | QMoE takes less than 1 bit a parameter: 160 GB for the model of 1.6      |
    |                             |        | trillion.                                                                |
    | switch-of-3-2-tb            | 3.2T   | The 1.6T model takes 3.2 TB.                                             |
    """,
    uncheckable={
        "start-with-top-2": "advice: where to start from, not what comes of it",
        "distil-to-less-and-similar": "fewer parameters, but a similar number of parameters: it says both by a slip; a "
        "later revision says a similar quality",
    },
)


@CLAIMS.of("capacity-raises-quality", part="ST-MoE, Table 18", note=RAISES)
def test_capacity_raises_quality_in_st_moe(st_moe, measure):
    rows = st_moe["table_18_top_2"].items()
    qualities = [measure(quality, "nats", of=f"capacity factor {factor}") for factor, quality in rows]
    assert all(better > worse for worse, better in pairwise(qualities))


@CLAIMS.of(
    "capacity-raises-quality",
    part="Switch Transformers, Table 1",
    note=RAISES,
    loosely="from the least factor to the largest: from 1.25 to 2 the last printed digit of Switch-Base falls by one",
)
def test_capacity_raises_quality_in_switch(switch_transformers, reading, measure):
    rows = switch_transformers["table_1"]["Switch-Base"].items()
    qualities = [measure(row["quality"], "nats", of=f"capacity factor {factor}") for factor, row in rows]
    steps = {"literal": list(pairwise(qualities)), "loose": [(qualities[0], qualities[-1])]}[reading]
    assert all(better > worse for worse, better in steps)


@CLAIMS.claim(
    in_words=True,
    refuted="three are listed",
    words="Let's quickly discuss four different thigns that can help with serving",
    reply="A fourth was dropped when the list was edited, and a later revision says a few: three stand there.",
    reply_link="https://github.com/huggingface/blog/blob/main/moe.md",
)
def test_four_serving_techniques(listed, stated, measure):
    last = max(place for place, _ in enumerate(listed["serving techniques"], 1))
    assert measure(len(listed["serving techniques"]), "entries of the list", also=last) == stated


@CLAIMS.claim(
    also_prints=("40%",),
    loosely="on the mean of the five teachers; the two largest leave less than 30 %",
    note="Read as: of the teacher's lead over the dense model, the student has 30 to 40 %, for each of the teachers of "
    "the paper's table; weaker: on their mean. By the printed qualities, in whole per cents.",
)
def test_distillation_keeps_30_to_40(switch_transformers, reading, stated, measure):
    row = switch_transformers["table_7"]
    pairs = zip(row["students"], row["teachers"], strict=True)
    shares = [round((student - row["dense"]) / (teacher - row["dense"]), 2) for student, teacher in pairs]
    kept = [
        measure(share, "of the gain", of=f"teacher with {experts} experts")
        for experts, share in zip(row["experts"], shares, strict=True)
    ]
    chosen = kept if reading == "literal" else [mean(kept)]
    assert min(chosen) >= stated and max(chosen) <= Fraction(2, 5)


@CLAIMS.claim(loosely="cut short, not rounded")
def test_fastermoe_17_times(fastermoe, stated, measure):
    assert measure(fastermoe["largest speed-up"], "times faster") == stated


@given(batch=batches())
@CLAIMS.claim(
    note="Read as: one product of blocks, each as long as an expert's load, gives each token what its expert makes of "
    "it alone, however uneven the load."
)
def test_megablocks_drops_nothing(batch):
    assert batch.by_blocks().equal(batch.one_by_one())


@CLAIMS.claim(also_prints=("8",))
def test_switch_from_8_to_2048(switch_transformers, stated, measure):
    experts = switch_transformers["checkpoints"].values()
    fewest = measure(min(experts), "experts in a layer", of="smallest")
    assert measure(max(experts), "experts in a layer", of="largest") == stated and fewest == 8


@CLAIMS.claim(
    model=MIXTRAL,
    loosely="on most of the benchmarks, not on every one",
    note="Read as: on every benchmark of the paper's Table 3; weaker: on more than half of them.",
)
def test_better_than_llama_70b(mixtral_paper_table3, reading, measure):
    scores = mixtral_paper_table3["scores"]
    leads = [scores["Mixtral 8x7B"][name] - score for name, score in scores["Llama 2 70B"].items()]
    higher = measure(sum(lead > 0 for lead in leads), "benchmarks", of=f"higher, of {len(leads)}")
    assert higher > {"literal": len(leads) - 1, "loose": len(leads) / 2}[reading]


@CLAIMS.claim(
    model=MIXTRAL,
    note="Read as: at most half of the FLOPs a token at the start of a text; less than twice is faster, and not much.",
)
def test_much_faster_than_llama_70b(mixtral, one_layer, models, measure):
    llama, layer = models("llama-2-70b"), one_layer("llama-2-70b").flops(1)
    dense = llama.config["num_hidden_layers"] * layer.layers + layer.head
    also = Fraction(mixtral.formula.flops(1).total, llama.formula.flops(1).total)
    assert measure(Fraction(mixtral.flops(1).total, dense), "of Llama-2-70B's FLOPs", also=also) <= Fraction(1, 2)


@CLAIMS.claim(
    also_prints=("160",), model="switch-c-2048", note="Read as: the 160 GB over the parameters of the 1.6T model."
)
def test_qmoe_below_one_bit(switch_c, stated, measure):
    bits = Fraction(8 * 160 * 10**9, switch_c.total)
    assert measure(bits, "bits a parameter", also=Fraction(8 * 160 * 10**9, switch_c.formula)) < stated


@CLAIMS.claim(
    model="switch-c-2048",
    loosely="it is twice the rounded 1.6 trillion; the parameters there are take less",
    note="Read as: two bytes for each parameter, which are counted; weaker: for each of 1.6 trillion.",
)
def test_switch_of_3_2_tb(switch_c, reading, stated, measure):
    parameters = measure(switch_c.total, "parameters", also=switch_c.formula)
    taken = {"literal": parameters, "loose": round(parameters, -11)}[reading]
    assert measure(2 * taken, "bytes") == stated


@CLAIMS.each()
def test_uncheckable(claim):
    """Nobody can check it."""


@table(
    """
    | resource                           | year |
    |------------------------------------|------|
    | Deep Mixture of Experts            | 2013 |
    | Outrageously Large Neural Networks | 2017 |
    | GShard                             | 2020 |
    | GLaM                               | 2021 |
    | Switch Transformers                | 2022 |
    | ST-MoE                             | 2022 |
    | MegaBlocks                         | 2022 |
    | MoE Meets Instruction Tuning       | 2023 |
    """,
    id="resource",
    name="Some resources",
    refuted={"Switch Transformers": "the link is to a preprint of the January before; the journal's issue is of 2022"},
    reply={
        "Switch Transformers": "A journal printed it in 2022: but in April, and the entry says January, and links "
        "to the preprint."
    },
    note="Read as: the year of the preprint that the entry links to, by its identifier.",
)
def test_resources(cell, resources, stated, measure):
    """{row} is of {stated}."""
    day = resources["first versions"].get(cell.row)
    also = {"first version was submitted": int(day[:4])} if day else {}
    assert measure(2000 + int(resources[cell.row][:2]), "year", also=also) == stated


@pytest.mark.claim(
    "instruction-tuning-in-july",
    stated=7,
    in_words=True,
    loosely="its second version is; the first is of May, as the text's own list of resources has it",
    note="Read as: the month of the preprint's identifier; weaker: of the version that the link then led to.",
)
def test_instruction_tuning_in_july(resources, reading, stated, measure):
    """MoE Meets Instruction Tuning is of July 2023."""
    version = {"literal": "", "loose": ", second version"}[reading]
    assert measure(int(resources[f"MoE Meets Instruction Tuning{version}"][2:4]), "month") == stated


@table(
    """
    | resource                     | month |
    |------------------------------|-------|
    | GShard                       | 6     |
    | GLaM                         | 12    |
    | Switch Transformers          | 1     |
    | ST-MoE                       | 2     |
    | MegaBlocks                   | 11    |
    | MoE Meets Instruction Tuning | 5     |
    """,
    id="month",
    name="Some resources",
    in_words=True,
    note="Read as: the month of the preprint that the entry links to, by its identifier.",
)
def test_months(cell, resources, stated, measure):
    """{row} is of the month {stated} of its year."""
    assert measure(int(resources[cell.row][2:4]), "month") == stated


@pytest.mark.claim(
    "fastermoe-in-march",
    stated=3,
    in_words=True,
    note="By the day of publication. The text also has April for it, the month of its conference.",
)
def test_fastermoe_in_march(resources, stated, measure):
    """FasterMoE is of March 2022."""
    year, month, _ = map(int, resources["first versions"]["FasterMoE"].split("-"))
    assert measure(month, "month") == stated and measure(year, "year") == 2022
