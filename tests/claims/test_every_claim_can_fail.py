"""Every claim can fail: with its printed number nudged, and in a world where what it says is false."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from reports import ledger
from tests.claims.rerun import AS_IT_IS, DOWN, UP, nudged
from tests.claims.world import Case, World
from tests.claims.worlds import WORLDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.claims.conftest import Cases

TURNED = {"holds": "refuted", "refuted": "holds"}

# Numbers that are bounds, with the nudge that leaves the claim true.
BOUNDS = {"moe_post/mixtral-ratio-below-kaplan": UP}

# Cases that no world turns, and why none can. Uncheckable claims say why themselves.
EXEMPT = {
    ("moe_post/decoder-layer-parts", "literal"): "a layer without norms is another architecture: in no world of this "
    "one is there nothing else in a layer, and its second route is the two norms",
}


def told(cases: Cases) -> Iterator[Case]:
    """Cases that say whether their claim holds."""
    return (Case(*key, case["declared"]) for key, case in cases.items() if case["declared"] in TURNED)


def expected(key: tuple[str, str], nudge: str, cases: Cases) -> str:
    """The verdict of a case whose printed number was nudged.

    A claim that holds loosely was cut short: a unit up it is rounded, and so holds; neither way is it still cut short.
    """
    case = cases[key]
    if BOUNDS.get(key[0]) == nudge:
        return case["declared"]
    claim = [other for other_key, other in cases.items() if other_key[0] == key[0]]
    loosely = {(other["reading"], other["declared"]) for other in claim} == {("literal", "refuted"), ("loose", "holds")}
    return "holds" if loosely and case["reading"] == "literal" and nudge == UP else "refuted"


def text(case: ledger.Case) -> str:
    assert case["stated"]
    return case["stated"]["text"]


def changes(run: Cases, plain: Cases, part: str) -> list[Any]:
    return [(key, case[part]) for key, case in plain.items() if run[key][part] != case[part]]  # type: ignore[literal-required]  # a key of Case


def test_as_it_is_every_case_is_as_declared(ran: dict[str, Cases]) -> None:
    assert not [key for key, case in ran[AS_IT_IS].items() if ledger.surprising(case)]


@pytest.mark.parametrize("name", [UP, DOWN, *(world.name for world in WORLDS)])
def test_no_instrument_breaks(ran: dict[str, Cases], name: str) -> None:
    assert ran[name].keys() == ran[AS_IT_IS].keys()
    assert not changes(ran[name], ran[AS_IT_IS], "declared")
    assert not [(key, case["reason"]) for key, case in ran[name].items() if case["verdict"] == "broken"]


@pytest.mark.parametrize(("nudge", "units"), [(UP, 1), (DOWN, -1)])
def test_a_nudged_number_turns_its_case(ran: dict[str, Cases], nudge: str, units: int) -> None:
    plain = {key: case for key, case in ran[AS_IT_IS].items() if case["stated"] and case["tier"] == "cheap"}
    assert len(plain) > 30
    printed = {key: text(case) for key, case in ran[nudge].items() if key in plain}
    assert printed == {key: str(nudged(text(case), units)) for key, case in plain.items()}
    wanted = {key: expected(key, nudge, ran[AS_IT_IS]) for key in plain}
    assert not {key: verdict for key, verdict in wanted.items() if ran[nudge][key]["verdict"] != verdict}


@pytest.mark.parametrize("nudge", [UP, DOWN])
def test_nudging_numbers_changes_nothing_else(ran: dict[str, Cases], nudge: str) -> None:
    plain = ran[AS_IT_IS]
    unstated = {key: case["verdict"] for key, case in plain.items() if not case["stated"]}
    assert {key: ran[nudge][key]["verdict"] for key in unstated} == unstated
    # An assertion that fails early leaves out the readings after it.
    measured = {key: case["measured"] for key, case in ran[nudge].items()}
    assert measured == {key: case["measured"][: len(measured[key])] for key, case in plain.items()}


@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.name)
def test_a_world_turns_its_cases(ran: dict[str, Cases], world: World) -> None:
    cases = [case for case in told(ran[AS_IT_IS]) if world.turns(case) and (case.claim, case.id) not in EXEMPT]
    assert cases
    assert not [case for case in cases if ran[world.name][case.claim, case.id]["verdict"] != TURNED[case.declared]]


def test_every_case_is_turned_or_says_why_not(ran: dict[str, Cases]) -> None:
    turned = {
        (case.claim, case.id)
        for case in told(ran[AS_IT_IS])
        for world in WORLDS
        if ran[world.name][case.claim, case.id]["verdict"] == TURNED[case.declared]
    }
    assert {(case.claim, case.id) for case in told(ran[AS_IT_IS])} - turned == EXEMPT.keys()


@pytest.mark.parametrize(
    ("stated", "up", "down"),
    [
        (8, 9, 7),
        ("33", "34", "32"),
        ("46.70B", "46.71B", "46.69B"),
        ("3.0", "3.1", "2.9"),
        ("0.1", "0.2", "0.0"),
        ("12.5%", "12.6%", "12.4%"),
        ("1/8", "1/9", "1/7"),
    ],
)
def test_a_nudge_is_a_unit_of_the_last_digit(stated: str | int, up: str | int, down: str | int) -> None:
    assert (nudged(stated, 1), nudged(stated, -1)) == (up, down)
