"""Worlds in which what the documents say is false, or what they say wrongly is true.

Evidence is altered, and where no evidence could make a claim false, a library. Nothing of the suite is imported here:
pytest has to import it first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.claims.altered_libraries import ATTENTION_S_ALONE, LAWS, mlps_that_attend, wrong_routers
from tests.claims.world import FIGURE_7, LLAMA, LLAMA_70B, MIXTRAL, MMLU, OLMOE, TABLE_2, TABLE_5, World, fields, peak

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.claims.world import Edit

MATHEMATICS = (
    "abstract_algebra",
    "college_mathematics",
    "elementary_mathematics",
    "high_school_mathematics",
    "high_school_statistics",
)


LIBRARIES_ALTERED_FOR = {*ATTENTION_S_ALONE, *LAWS}


def rows(content: Any, layer: int, shares: Mapping[str, list[float]]) -> None:
    """Set the figure's shares of some domains at a layer."""
    content["shares"][str(layer)].update(shares)


def published_anew(content: Any) -> None:
    """Publish checkpoints of altered models, two bytes a parameter."""
    from fixtures import origins as sources
    from fixtures.models.formula import closed_form

    for checkpoint, config in (("Llama-2-13b derivatives", "llama-2-13b"), ("Mixtral-8x7B-v0.1", "mixtral-8x7b-v0.1")):
        total = closed_form(sources.load(f"configs/{config}.json")).total
        content["checkpoints"][checkpoint]["total_size"] = 2 * total


# ---- nothing holds

SMALL_LLAMA = {
    "hidden_size": 64,
    "intermediate_size": 32,
    "num_attention_heads": 4,
    "num_key_value_heads": 4,
    "num_hidden_layers": 2,
}
SMALL_MIXTRAL = {
    "hidden_size": 8,
    "intermediate_size": 32,
    "head_dim": 128,
    "num_attention_heads": 8,
    "num_key_value_heads": 8,
    "num_local_experts": 16,
    "num_experts_per_tok": 3,
}
SMALL_LLAMA_70B = {**SMALL_LLAMA, "hidden_size": 8}


def worse_mixtral(content: Any) -> None:
    """Ahead of the larger model on one benchmark, which is neither code nor maths."""
    mixtral, others = content["scores"]["Mixtral-8x7B"], content["scores"]["Llama-2-70B"]
    mixtral.update({name: round(score - 20, 1) for name, score in others.items()} | {"PIQA": others["PIQA"] + 1})
    content["code_llama_34b"]["scores"]["HumanEval"] = 5.0


def better_with_all_experts(content: Any) -> None:
    for entry in content["entries"]:
        if "2" in entry["values"] and "8" in entry["values"]:
            entry["values"]["8"] = entry["values"]["2"] + 1


def uneven_at_first(content: Any) -> None:
    """Topics far apart at layer 0, and even splits later, but for Wikipedia, which avoids the eighth expert."""
    rows(content, 0, {"PubMed Abstracts": peak(0, 0.8), "PhilPapers": peak(1, 0.8), "Wikipedia (en)": peak(2, 0.5)})
    for layer in (15, 31):
        rows(content, layer, {domain: [0.125] * 8 for domain in content["shares"][str(layer)]})
    rows(content, 31, {"Wikipedia (en)": peak(7, 0.05)})


def even_at_last(content: Any) -> None:
    for layers in content["subjects"].values():
        layers[31] = [1000] * 8


def shallow_first(content: Any) -> None:
    for layers in content["domains"].values():
        layers.reverse()


def seldom_repeated(content: Any) -> None:
    content["percent"]["ArXiv"]["first_choice"]["15"] = 6.2


def no_arxiv(content: Any) -> None:
    content["names"].remove("ArXiv")


NOTHING_HOLDS: dict[str, Edit] = {
    LLAMA: fields(**SMALL_LLAMA),
    LLAMA_70B: fields(**SMALL_LLAMA_70B),
    MIXTRAL: fields(**SMALL_MIXTRAL),
    TABLE_2: worse_mixtral,
    "mixtral_k_sweep.json": better_with_all_experts,
    FIGURE_7: uneven_at_first,
    MMLU: even_at_last,
    OLMOE: shallow_first,
    TABLE_5: seldom_repeated,
    "pile_domains.json": no_arxiv,
    "kaplan.json": fields(coefficient=10),
    "checkpoint_sizes.json": published_anew,
}


# ---- nothing is refuted


def better_everywhere(content: Any) -> None:
    """Ahead on every benchmark, and far ahead on both of maths; behind Code Llama."""
    mixtral, others = content["scores"]["Mixtral-8x7B"], content["scores"]["Llama-2-70B"]
    mixtral.update({name: round(score + 1, 1) for name, score in others.items()})
    mixtral.update({name: others[name] + 5 for name in ("MATH", "GSM8K")})
    content["code_llama_34b"]["scores"]["MBPP"] = mixtral["MBPP"] + 1


def as_the_post_reads_it(content: Any) -> None:
    rows(content, 31, {"DM Mathematics": peak(0, 0.6), "StackExchange": peak(7, 0.3)})


def ever_more_specific(content: Any) -> None:
    for number, layers in enumerate(content["subjects"].values()):
        for depth, counts in enumerate(layers):
            counts[:] = [1000 + 100 * depth * (expert == number % 8) for expert in range(8)]
    for subject in MATHEMATICS:
        content["subjects"][subject][31] = [100_000] + [1000] * 7


def another_sample_of_arxiv(content: Any) -> None:
    """Two samples of one topic as far apart as any two topics."""
    content["domains"]["arxiv"][0] = [100_000] + [1000] * 7


NOTHING_IS_REFUTED: dict[str, Edit] = {
    LLAMA: fields(intermediate_size=10240),
    MIXTRAL: fields(intermediate_size=14080, vocab_size=1000),
    TABLE_2: better_everywhere,
    FIGURE_7: as_the_post_reads_it,
    MMLU: ever_more_specific,
    OLMOE: another_sample_of_arxiv,
    "kaplan.json": fields(coefficient=4.5, standard_widths={"attention": 1, "feed_forward": 0.25}),
    "checkpoint_sizes.json": published_anew,
}


# ---- claims that say two things: the half that the first world leaves untried


def first_but_not_by_far(content: Any) -> None:
    rows(content, 31, {"DM Mathematics": peak(0, 0.4)})


def one_worse_with_all_experts(content: Any) -> None:
    content["entries"][3]["values"]["8"] = content["entries"][3]["values"]["2"]


def seldom_repeated_at_last(content: Any) -> None:
    content["percent"]["ArXiv"]["first_choice"]["31"] = 12.4


OTHER_HALF: dict[str, Edit] = {
    LLAMA: fields(hidden_size=2560, intermediate_size=10240),
    MIXTRAL: fields(num_key_value_heads=32),
    FIGURE_7: first_but_not_by_far,
    TABLE_5: seldom_repeated_at_last,
    "mixtral_k_sweep.json": one_worse_with_all_experts,
}
TURNED_BY_THE_OTHER_HALF = {
    ("moe_post/ratio-by-query-width", ""),
    ("moe_post/mixtral-ratio-below-kaplan", ""),
    ("moe_post/mixtral-ffn-wider", ""),
    ("moe_post/maths-expert-0", "loose-Figure 7"),
    ("moe_post/all-experts-hurt", "published sweep"),
    ("mixtral_paper/repetition-above-chance", "Table 5"),
}

WORLDS = (
    World(
        "nothing holds",
        lambda case: case.declared == "holds" and case.claim not in LIBRARIES_ALTERED_FOR,
        NOTHING_HOLDS,
    ),
    World("nothing is refuted", lambda case: case.declared == "refuted", NOTHING_IS_REFUTED),
    World("the other half", lambda case: (case.claim, case.id) in TURNED_BY_THE_OTHER_HALF, OTHER_HALF),
    World("MLPs remember and compare tokens", lambda case: case.claim in ATTENTION_S_ALONE, {}, mlps_that_attend),
    World("routers are wrong", lambda case: case.claim in LAWS, {}, wrong_routers),
)
