"""Merging is a maximum: any order and any grouping of the same runs gives the same ledger."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claim_suite.reports import schema
from claim_suite.reports.merge import merge as merge_all
from claim_suite.reports.schema import Case, Claim, Document, Ledger, Measurement, Section

VERDICTS = ["holds", "refuted", "broken", "undecided", "unchecked", "uncheckable"]


def case(verdict: Any = "holds", *values: Any, **more: Any) -> Case:
    measured = [
        value if isinstance(value, Measurement) else Measurement(value=value, unit="points") for value in values
    ]
    return Case(
        **{"id": "", "test": "t", "tier": "cheap", "verdict": verdict, "digest": "now", **more}, measured=measured
    )


def merge(ledgers: list[Ledger]) -> Ledger:
    return merge_all(ledgers)[0]


def run(*claims: Claim, started: str = "2026-01-01", unaccounted: tuple[str, ...] = (), **more: Any) -> Ledger:
    """A run's ledger."""
    sections = more.pop("sections", [Section(id="1", title="One"), Section(id="2", title="Two")])
    post = Document(id="post", title="A post", sections=sections, complete=more.pop("complete", False))
    ledger = Ledger(
        run=schema.Run(
            started=started, seconds=1.0, arguments=[], state="complete", exit_code=0,
            environment={"device": f"device of {started}"},
        ),
        accounting=schema.Accounting(collected=0, reported=0, unaccounted=list(unaccounted)),
        documents=[post],
        claims=list(claims),
        **more,
    )  # fmt: skip
    for each in ledger.claims:
        each.conclude()
    return ledger


def claim(*cases: Case, name: str = "a", section: str = "1", **more: Any) -> Claim:
    return Claim(id=f"post/{name}", document="post", section=section, says="So.", cases=list(cases), **more)


@st.composite
def runs(draw: st.DrawFn) -> Ledger:
    """A run of claims with several cases, at one of three times."""
    claims = []
    for name in draw(st.lists(st.sampled_from("abc"), unique=True, max_size=3)):
        cases = [
            case(
                draw(st.sampled_from(VERDICTS)),
                *draw(st.lists(st.sampled_from([1, 2.5, 2.5000000000001]), max_size=1)),
                id=id_, digest=draw(st.sampled_from(["then", "now", ""])), drawn=draw(st.sampled_from([None, 12, 99])),
                declared=draw(st.sampled_from(["holds", "refuted"])),
            )
            for id_ in draw(st.lists(st.sampled_from(["", "loose", "fresh"]), unique=True, min_size=1, max_size=2))
        ]  # fmt: skip
        claims.append(claim(*cases, name=name, section=draw(st.sampled_from("12"))))
    charts = st.lists(st.sampled_from([{"kind": "depth", "name": name, "points": []} for name in "de"]), max_size=2)
    sections = [
        Section(id=title, title=draw(st.sampled_from("pq")), charts=draw(charts))
        for title in draw(st.lists(st.sampled_from("123"), unique=True, max_size=3))
    ]
    return run(
        *claims, started=draw(st.sampled_from(["2026-01-01", "2026-01-02", "2026-01-03"])), sections=sections,
        unaccounted=tuple(draw(st.lists(st.sampled_from(["post/a", "post/b loose"]), unique=True))),
        complete=draw(st.booleans()),
    )  # fmt: skip


@given(st.lists(runs(), min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_order_and_repetition_do_not_matter(ledgers: list[Ledger], random: Random) -> None:
    shuffled = random.sample([*ledgers, *ledgers[:2]], len(ledgers) + len(ledgers[:2]))
    merged = merge(ledgers)
    assert schema.dump(merged) == schema.dump(merge(shuffled))


@given(runs(), runs(), runs())
def test_grouping_does_not_matter(a: Ledger, b: Ledger, c: Ledger) -> None:
    flat = schema.dump(merge([a, b, c]))
    assert schema.dump(merge([merge([a, b]), c])) == flat
    assert schema.dump(merge([a, merge([c, b])])) == flat
    assert schema.dump(merge([merge([a, b]), merge([b, c])])) == flat
    once = merge([a, b])
    assert schema.dump(merge([once])) == schema.dump(once) == schema.dump(merge([once, a, once]))


# Of two runs of one case, the older first: what they found, and what stands.
STANDING: dict[str, tuple[Case, Case, list[str]]] = {
    "decided before not checked": (case("holds", 1), case("unchecked"), ["holds"]),
    "decided before broken": (case("refuted", 1), case("broken"), ["refuted"]),
    "broken before undecided": (case("broken"), case("undecided"), ["broken"]),
    "undecided before not checked": (case("undecided"), case("unchecked", 1), ["undecided"]),
    "measured before not checked": (case("unchecked", 1), case("unchecked"), ["unchecked"]),
    "disagreement": (case("holds", 1), case("refuted", 1), ["holds", "refuted"]),
    "other values": (case("holds", 1), case("holds", 2), ["holds", "holds"]),
    "the same to nine digits": (case("holds", 2.5), case("holds", 2.5000000000001), ["holds"]),
    "intervals may differ": (
        case("holds", Measurement(value=0.3, unit="", low=0.2, high=0.4)),
        case("holds", Measurement(value=0.31, unit="", low=0.2, high=0.4)), ["holds"],
    ),
    "effort may differ": (case("holds", drawn=12), case("holds", drawn=10_000), ["holds"]),
    "another declaration": (case("holds", 1, digest="then"), case("unchecked"), ["unchecked"]),
    "another declaration that disagrees": (case("holds", 1, digest="then"), case("refuted", 2), ["refuted"]),
    "an old ledger without digests": (case("holds", 1, digest=""), case("holds", 1), ["holds"]),
}  # fmt: skip


@pytest.mark.parametrize("name", STANDING)
def test_what_stands_of_two_runs(name: str) -> None:
    older, newer, verdicts = STANDING[name]
    merged, left_out = merge_all([run(claim(older)), run(claim(newer), started="2026-01-02")])
    assert [one.verdict for one in merged.claims[0].cases] == verdicts
    assert merged.claims[0].conflicting == (len(verdicts) > 1)
    assert merged.claims[0].verdict == ("disputed" if len(verdicts) > 1 else verdicts[0])
    stale = ["a verdict on an older wording of post/a: run it again"]
    assert left_out == (stale if (older.digest, newer.verdict) == ("then", "unchecked") else [])
    assert (merged.run.state, merged.run.environment["device"]) == (
        "merged", "device of 2026-01-01 · device of 2026-01-02",
    )  # fmt: skip
    assert merged.exit_code() == merged.run.exit_code


def test_a_case_that_the_newest_run_no_longer_has_says_nothing() -> None:
    before = run(claim(case("holds", 1)))
    split = claim(case("refuted", 2, id="of one"), case("unchecked", id="of two"))
    merged = merge([run(split, started="2026-01-02"), before])
    assert [one.id for one in merged.claims[0].cases] == ["of one", "of two"]
    again = run(claim(case("unchecked")), started="2026-01-03")
    assert [one.verdict for one in merge([merged, again]).claims[0].cases] == ["holds"]


def test_a_claim_that_a_newer_run_of_its_document_no_longer_has_is_left_out() -> None:
    before = run(claim(case("holds", 1)), claim(case("holds", 1), name="b"), unaccounted=("post/a",))
    for complete in (True, False):
        after = run(claim(case("refuted", 2), name="b"), started="2026-01-02", complete=complete)
        merged, left_out = merge_all([after, before])
        assert [one.id for one in merged.claims] == ["post/b"] if complete else ["post/a", "post/b"]
        assert left_out == ["post/a, which its document no longer has"] * complete
        again = run(claim(case("unchecked")), started="2026-01-03")
        assert [one.id for one in merge([merged, again]).claims] == ["post/a", "post/b"]
    assert merge([before, after]).accounting.unaccounted == []


def test_a_verdict_comes_back_with_its_wording() -> None:
    before, between = run(claim(case("holds", 1))), run(claim(case("refuted", 1, digest="then")), started="2026-01-02")
    after = run(claim(case("unchecked")), started="2026-01-03")
    for merged in (merge([before, between, after]), merge([merge([before, between]), after])):
        assert [one.verdict for one in merged.claims[0].cases] == ["holds"]


def test_the_order_of_a_document_is_kept() -> None:
    names = ["d", "b", "a", "c"]
    whole = run(*(claim(case(), name=name, section="1" if name in "db" else "2") for name in names))
    part = run(claim(case(), name="c", section="2"), started="2026-01-02")
    for ledgers in ([whole, part], [part, whole]):
        assert [one.id for one in merge(ledgers).claims] == [f"post/{name}" for name in names]


def test_a_case_that_vanished_in_one_run_is_accounted_for_by_another() -> None:
    lost = run(claim(case("unchecked")), unaccounted=("post/a",), started="2026-01-02")
    assert merge([lost]).accounting.unaccounted == ["post/a"]
    assert merge([lost]).exit_code() == 1
    assert merge([lost, run(claim(case("holds")))]).accounting.unaccounted == []
    file = run(claim(case("holds")), unaccounted=("claims/post/test_2.py: could not be read",))
    for complete in (True, False):
        after = run(claim(case("holds")), started="2026-01-02", complete=complete)
        assert bool(merge([file, after]).accounting.unaccounted) is not complete


def test_pictures_are_of_the_newest_run() -> None:
    def with_picture(started: str, **picture: Any) -> Ledger:
        section = Section(id="1", title="One", charts=[{"kind": "depth", "name": "n", **picture}])
        return run(claim(case()), started=started, sections=[section])

    merged = merge([with_picture("2026-01-02", points=[2]), with_picture("2026-01-01", points=[1])])
    (chart,) = merged.documents[0].sections[0].charts
    assert chart["points"] == [2]


def test_a_merged_ledger_is_read_as_it_was_written_and_merged_from_its_runs(tmp_path: Path) -> None:
    path = tmp_path / "merged.json"
    merged = merge([run(claim(case())), run(claim(case("refuted")), started="2026-01-02")])
    path.write_text(schema.dump(merged))
    assert schema.dump(schema.read(path)) == schema.dump(merged) == schema.dump(merge([schema.read(path)]))
    assert {one.run for one in merged.claims[0].cases} == {leaf.run.id for leaf in merged.runs}


@pytest.mark.parametrize("own", ["holds", "undecided", "unchecked"])
def test_a_stand_in_gives_way_to_the_model_that_is_meant(own: str) -> None:
    tiny = [schema.Evidence(model="tiny", stand_in=True)]
    tried = run(claim(case("refuted", 1, evidence=tiny)), started="2026-01-03")
    earlier = run(claim(case("holds", 2, evidence=tiny)), started="2026-01-02")
    merged = merge([tried, earlier, run(claim(case(own, tier="gpu")))])
    (kept,) = merged.claims[0].cases
    assert kept.verdict == (own if own != "unchecked" else "refuted")
    assert merged.exit_code() == 0
