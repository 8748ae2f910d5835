from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from claim_suite.fixtures.cards.quantities import QUANTITIES
from claim_suite.fixtures.models.conventions import CONVENTIONS, ways_of
from claim_suite.fixtures.models.parameters import (
    COMPONENTS,
    Announced,
    Flops,
    NotKnown,
    Parameters,
    Route,
    Routed,
    growth,
)

MIXED = {
    "attention": 100, "mixers": 40, "mlp": 1000, "experts": 60_000, "shared_experts": 10_000, "router": 3000,
    "norms": 7, "embeddings": 500, "per_layer_embeddings": 20, "head": 300, "modality_encoders": 50, "prediction": 30,
    "other": 3,
}  # fmt: skip
WHOLE = Parameters(
    total=sum(MIXED.values()),
    **MIXED,
    tied=200,
    projections=15,
    routed=(Routed(6, 2, 60_000),),
    announced=None,
)


@pytest.mark.parametrize(
    "change",
    [
        {"total": WHOLE.total + 1},
        {"norms": WHOLE.norms - 1},
        {"head": -1, "embeddings": WHOLE.embeddings + WHOLE.head + 1},
        {"projections": 101},
        {"tied": 501},
        {"modality_embeddings": 51},
        {"routed": (Routed(0, 0, 60_000),)},
        {"routed": (Routed(7, 2, 60_000),)},
        {"routed": (Routed(6, 7, 60_000),)},
        {"routed": (Routed(6, 0, 60_000),)},
        {"routed": (Routed(6, 2, 59_994),)},
        {"routed": ()},
    ],
)
def test_parts_that_do_not_add_up_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"add up|negative|projections|experts|tied|modalities"):
        replace(WHOLE, **change)


def test_sums_of_parts() -> None:
    assert WHOLE.query_key_value == 15
    assert (WHOLE.moe_block, WHOLE.feed_forward) == (73_000, 74_000)
    assert (WHOLE.expert_count, WHOLE.experts_per_token) == (6, 2)
    assert (WHOLE.active_experts, WHOLE.active) == (20_000, WHOLE.total - 40_000)
    assert replace(WHOLE, routed=(Routed(6, 6, 60_000),)).active == WHOLE.total


def test_every_named_convention() -> None:
    of = replace(WHOLE, prediction=0, total=WHOLE.total - 30, announced=Announced(90, 31), modality_embeddings=8)
    everything = of.total - 40_000
    ways = {"everything", *ways_of("active")}
    assert {name: of.count("active", name) for name in ways} == {
        "everything": everything,
        "without the input embedding": everything - 320,  # the tied rest of it works as the head
        "without input embedding and head": everything - 820,
        "without input embedding and router": everything - 3320,
        "with multi-token prediction": everything + 31,
        "with multi-token prediction, without input embedding and head": everything + 31 - 820,
        "text part alone": everything - 50,
    }
    assert of.count("total") == of.count("total", "everything") == of.total
    assert of.count("total", "with multi-token prediction") == of.total + 90
    assert of.count("total", "text part alone", "without the input embedding") == of.total - 370
    assert WHOLE.count("total", "with multi-token prediction") == WHOLE.total
    assert [of.count("embedding"), of.count("embedding", "with projector and patch embedding")] == [500, 508]
    with pytest.raises(NotKnown, match="announces none"):
        replace(of, announced=None).count("total", "with multi-token prediction")


def test_a_number_is_told_as_the_components_that_add_up_to_it() -> None:
    of = replace(WHOLE, experts=0, routed=(), prediction=0, shared_experts=0, mixers=0, total=4_980)
    whole = "attention 100 + mlp 1,000 + router 3,000 + norms 7 + embeddings 300 + per layer embeddings 20 + head 300"
    assert of.sum_of(of.total) == f"{whole} + modality encoders 50 + other 3 + embeddings, tied to the head 200 = 4,980"
    assert of.sum_of(of.total - 50).endswith("head 300 + other 3 + embeddings, tied to the head 200 = 4,930")
    assert "experts at work 20,000 + " in WHOLE.sum_of(WHOLE.active)
    assert "experts 60,000 + " in replace(WHOLE, routed=None).sum_of(WHOLE.total)
    for number in {WHOLE.count(quantity, way) for quantity in ("total", "active") for way in ways_of("active")}:
        *terms, last = WHOLE.sum_of(number).replace(" = ", " + ").split(" + ")
        assert (
            sum(int(term.rpartition(" ")[2].replace(",", "")) for term in terms) == number == int(last.replace(",", ""))
        )
    assert WHOLE.sum_of(WHOLE.total + 1) == ""


def test_every_convention_says_who_counts_so_and_leaves_out_what_there_is() -> None:
    known = {*COMPONENTS, "tied", "modality_embeddings"}
    for name, way in CONVENTIONS.items():
        assert way.used_by, name
        assert way.source.startswith("https://"), name
        assert {*way.leaves_out, *way.adds} <= known, name
        assert {*way.quantities} <= {*QUANTITIES}, name


@pytest.mark.parametrize("asked", [("passive",), ("total", "without anything")])
def test_a_name_that_is_none_is_refused(asked: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="is none of: "):
        WHOLE.count(*asked)


def test_blocks_that_differ_are_added_and_have_no_one_number() -> None:
    mixed = replace(WHOLE, routed=(Routed(6, 2, 30_000), Routed(10, 5, 30_000)))
    assert mixed.active_experts == 25_000
    for number in ("expert_count", "experts_per_token"):
        with pytest.raises(NotKnown):
            getattr(mixed, number)


def test_what_cannot_be_told_is_not_known() -> None:
    untold = replace(WHOLE, routed=None, projections=None)
    assert untold.count("total", "everything") == WHOLE.total
    for number in ("active", "active_experts", "expert_count", "experts_per_token", "query_key_value"):
        with pytest.raises(NotKnown):
            getattr(untold, number)


def test_a_dense_model_has_no_experts() -> None:
    dense = Parameters(total=5, mlp=5)
    assert (dense.expert_count, dense.experts_per_token, dense.active_experts, dense.active) == (0, 0, 0, 5)
    assert dense.query_key_value == 0


class Given(Route):
    """Flops at a length as a test says it is."""

    def __init__(self, **parts: tuple[int, int]) -> None:
        self._parts = parts

    @property
    def parameters(self) -> Parameters:
        return WHOLE

    def flops(self, context: int) -> Flops:
        return Flops(**{part: start + slope * context for part, (start, slope) in self._parts.items()})


def test_a_break_even_is_exact_and_may_lie_between_lengths() -> None:
    assert Given(scores=(0, 3), mlp=(10, 0)).break_even == Fraction(10, 3)
    assert Given(projections=(10, 0), scores=(0, 3), mlp=(10, 0)).break_even == 0
    assert Given(scores=(0, 5), mlp=(0, 2), router=(9, 0)).break_even == 3
    assert Given(projections=(11, 0), scores=(0, 3), mlp=(10, 0)).break_even == 0


@pytest.mark.parametrize(("scores", "mlp"), [((1, 0), (10, 0)), ((0, 1), (9, 2)), ((0, 1), (9, 1))])
def test_attention_that_never_catches_up_is_not_known(scores: tuple[int, int], mlp: tuple[int, int]) -> None:
    with pytest.raises(NotKnown, match="do not grow against"):
        _ = Given(scores=scores, mlp=mlp).break_even


def test_a_route_answers_for_its_parameters() -> None:
    assert (Given().active, Given().experts) == (WHOLE.active, WHOLE.experts)
    for name in ("no_such_part", "_private"):
        with pytest.raises(AttributeError):
            getattr(Given(), name)


@pytest.mark.parametrize("part", ["projections", "scores", "mixers", "mlp", "experts", "router", "other", "head"])
def test_growth_that_is_not_even_is_not_known(part: str) -> None:
    with pytest.raises(NotKnown, match=f"{part} does not grow evenly"):
        growth(lambda length: Flops(**({"projections": 1, "scores": length} | {part: length * length})))
    slope = growth(lambda length: Flops(**({"projections": 1, "scores": 0} | {part: 5 * length + 3})))
    assert vars(slope) == vars(Flops(projections=0, scores=0)) | {part: 5}


def test_sums_of_work() -> None:
    work = Flops(
        projections=1, scores=2, mixers=4, mlp=8, experts=16, shared_experts=32, router=64, other=128, head=256
    )
    assert (work.attention, work.feed_forward, work.layers, work.total) == (3, 120, 255, 511)
