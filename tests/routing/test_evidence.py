"""Evidence of three kinds: what each says of planted counts, at which level, and what it cannot tell."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from subprocess import run
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest

from claim_suite.fixtures.claim.numbers import Estimate, NotCovered, Undecided
from claim_suite.fixtures.routing import sources
from claim_suite.fixtures.routing.counts import Counts, Text
from claim_suite.fixtures.routing.distances import Moments, over_domains
from claim_suite.fixtures.routing.evidence import published, recorded
from claim_suite.fixtures.routing.intervals import TextEstimate, margin_interval, ratio_intervals
from claim_suite.fixtures.routing.metadata import UNKNOWN
from claim_suite.fixtures.routing.shares import Array, between, evenness, rise
from claim_suite.fixtures.routing.sources import FIGURE_7, Source
from claim_suite.fixtures.routing.texts import INDEPENDENT, by_text
from claim_suite.reports.schema import Evidence
from claims.moe_post.sources import MMLU_RECORD
from tests.routing.planted import METADATA, counts_of, drawn

# Shares of two experts by layer: domains are 0, 1 and 1/2 of an even share from even at layers 0, 7 and 15.
COUNTS = {"a": [[2, 2], [4, 0], [3, 1]], "b": [[2, 2], [4, 0], [1, 3]], "c": [[2, 2], [0, 4], [3, 1]]}
RECORD: Any = recorded("a record", COUNTS, [0, 7, 15], 1, [Evidence(note="counted")])

DENSE = np.random.default_rng(3).dirichlet(np.full(4, 8.0), (3, 4))
NUMBERS = [40, 30, 20]
PLANTED = drawn(1, DENSE, NUMBERS, top_k=2)
TEXTS: Any = by_text("planted", *PLANTED)


def ends(estimate: Estimate) -> tuple[float, float, float]:
    return estimate.low, estimate.value, estimate.high


# Recorded counts: exact shares, and what is said of three domains has its interval over them.


def value(measured: Any) -> float:
    return measured.value if isinstance(measured, Estimate) else measured


def test_a_record_is_exact() -> None:
    assert RECORD.assignment_share("a", 15, 1) == 0.25
    assert RECORD.token_share("a", 15, 1) == 0.25
    assert recorded("twice", COUNTS, [0, 7, 15], 2, []).token_share("a", 15, 1) == 0.5
    assert [RECORD.margin(domain, 15, 0) for domain in "abc"] == [0.5, -0.5, 0.5]
    assert [value(RECORD.load_variation(layer)) for layer in (0, 7, 15)] == [0, 1, 0.25]
    assert [value(RECORD.domain_distance(layer)) for layer in (0, 7, 15)] == pytest.approx([0, 8 / 3, 2 / 3])
    assert value(RECORD.evenness_gap(0, than=[7, 15])) == 0.25
    assert value(RECORD.evenness_gap(7, than=[0, 15])) == -1
    assert value(RECORD.smallest_step()) == pytest.approx(-2)
    assert value(RECORD.distance_trend()) == pytest.approx(2 / 3)
    assert RECORD.steps_up() == 1
    assert RECORD.trend_fit() == pytest.approx(3 / 52)  # squares of 2/9 for the line, of 104/27 in all
    layer, apart = RECORD.farthest()
    assert layer == 7
    assert value(apart) == pytest.approx(8 / 3)
    shared = 1 - 0.05 / 3  # by the layers
    assert ends(apart) == ends(over_domains(RECORD.pooled, between(3)).estimate(1, shared))
    few = recorded("few", dict(list(COUNTS.items())[:2]), [0, 7, 15], 1, [])
    assert isinstance(few.domain_distance(7), float)  # two domains have none
    assert (RECORD.experts, RECORD.domains, RECORD.layers) == (2, ("a", "b", "c"), (0, 7, 15))
    uneven = recorded("uneven", {"a": [[3, 1]], "b": [[4, 0]]}, [4], 1, [])
    assert uneven.load_variation(4) == 0.625


def test_equal_distances_are_no_step_up() -> None:
    level = recorded("level", {"a": [[3, 1], [1, 3], [4, 0]], "b": [[1, 3], [3, 1], [4, 0]]}, [0, 1, 2], 1, [])
    assert (level.steps_up(), level.smallest_step()) == (0, -1)
    assert level.trend_fit() == pytest.approx(3 / 4)


def test_a_trend_accounts_for_all_of_a_line_and_nothing_of_no_variation() -> None:
    line, flat = [[1, 1], [3, 1]], [[1, 1], [1, 1]]
    for name, row, fit in (("line", line, 1), ("hill", [*line, [1, 1]], 0), ("flat", flat, 0)):
        turned = [counts[::-1] for counts in row]
        found = recorded(name, {"a": row, "b": turned}, range(len(row)), 1, []).trend_fit()
        assert found == pytest.approx(fit)


def test_some_domains_keep_their_own_shares() -> None:
    some = RECORD.of(["c", "a"])
    assert some.domains == ("c", "a")
    assert [some.assignment_share(domain, 7, 1) for domain in "ca"] == [1, 0]
    assert some.farthest() == (7, 4)
    assert RECORD.of(["a", "b"]).farthest() == (15, 1)


@pytest.mark.parametrize("evidence", [RECORD, TEXTS], ids=["record", "texts"])
def test_what_evidence_lacks_is_not_covered(evidence: Any) -> None:
    for ask in (evidence.assignment_share, evidence.token_share, evidence.margin):
        with pytest.raises(NotCovered, match="lacks the domain d, which the claim names"):
            ask("d", 0, 0)
        with pytest.raises(NotCovered, match="lacks the layer 9, which the claim names"):
            ask("a", 9, 0)
    for ask in (evidence.load_variation, evidence.domain_distance):
        with pytest.raises(NotCovered, match="lacks the layer 9"):
            ask(9)
    with pytest.raises(NotCovered, match="lacks the layer 9"):
        evidence.evenness_gap(0, than=[9])
    with pytest.raises(NotCovered, match="lacks the domain d"):
        evidence.of(["a", "d"])
    alone = evidence.of(["b"])
    assert alone.load_variation(0) is not None
    for ask in (alone.farthest, alone.smallest_step, alone.distance_trend, alone.steps_up, alone.trend_fit):
        with pytest.raises(NotCovered, match="lacks a second domain to compare with"):
            ask()
    assert [chart["kind"] for chart in alone.charts()] == ["shares"]
    shallow = recorded("shallow", {"a": [[3, 1]], "b": [[4, 0]]}, [4], 1, [])
    for ask in (shallow.smallest_step, shallow.distance_trend):
        with pytest.raises(NotCovered, match="lacks a second layer"):
            ask()


# Published shares: within an error of reading.


def test_a_figure_is_as_sure_as_it_was_read() -> None:
    even = [0.25] * 4
    shares = {"3": {"a": [0.5, 0.25, 0.125, 0.125], "b": even}, "8": {"a": even, "b": even}}
    figure: Any = published("a figure", shares, 2, 0.01, [])
    share = figure.token_share("a", 3, 1)
    # Errors of up to .02 at k of two, evenly spread: the middle .95 reaches .019.
    assert ends(share) == pytest.approx((0.5 - 0.019, 0.5, 0.5 + 0.019), abs=5e-4)
    assert figure.token_share("a", 3, 0).high == 1
    assert figure.margin("a", 3, 0) > 0.23
    variation = figure.load_variation(3)
    assert variation.low < variation.value == 0.1875 < variation.high
    assert figure.evenness_gap(8, than=[3]) > 0.15
    with pytest.raises(Undecided):
        assert figure.margin("b", 3, 0) > 0
    # Each bar is read by its own error, whichever domains are asked for.
    assert ends(figure.of(["b", "a"]).token_share("a", 3, 1)) == ends(share)
    step = figure.smallest_step()
    assert step.low < step.value == -0.375 < step.high < -0.3
    assert step.high - step.low > 0.02


def test_a_figure_shares_its_level_among_comparisons() -> None:
    shares = {str(layer): {"a": [0.5 + layer / 100, 0.5 - layer / 100], "b": [0.5, 0.5]} for layer in range(1, 6)}
    figure: Any = published("a figure", shares, 1, 0.001, [])
    one = figure.evenness_gap(1, than=[2])
    assert figure.evenness_gap(1, than=[2, 5]).low < one.low
    assert figure.evenness_gap(1, than=[2, 5]).value == one.value


# Counts of texts.


def test_shares_of_texts_are_of_the_domain_and_its_texts() -> None:
    choices, domains = counts_of(PLANTED.counts)
    for row, name in enumerate("abc"):
        own = choices[domains == row][:, 2]
        expected = ratio_intervals(own, own.sum(-1, keepdims=True), 0.95, 0, 0.5).estimate(3)
        found = TEXTS.assignment_share(name, 2, 3)
        assert ends(found) == ends(expected)
        assert found.texts == NUMBERS[row]
        assert ends(TEXTS.token_share(name, 2, 3)) == pytest.approx(tuple(2 * each for each in ends(expected)))
        assert ends(TEXTS.margin(name, 2, 3)) == ends(margin_interval(own, 3, 0.95, 0.5))
    assert TEXTS.experts_per_token == TEXTS.top_k == 2


def test_shares_are_over_all_ranks_and_end_where_every_token_went() -> None:
    # Of two choices the first is always expert 0, and the second one of the others.
    texts = [Text("a", place, 30) for place in range(12)]
    choices = np.zeros((12, 3, 2, 4), dtype=np.int32)
    choices[:, :, 0, 0] = 30
    choices[:, :, 1, 1:] = [12, 10, 8]
    choices[::2, :, 1, 1:] = [8, 10, 12]
    evidence: Any = by_text("one first", METADATA, Counts(tuple(texts), choices))
    unseen = 1 - 0.025 ** (1 / 12)
    assert ends(evidence.assignment_share("a", 1, 0)) == pytest.approx((0.5 - unseen / 2, 0.5, 0.5))
    assert ends(evidence.token_share("a", 1, 0)) == pytest.approx((1 - unseen, 1, 1))
    assert evidence.token_share("a", 1, 1).value == pytest.approx(1 / 3)
    # All choices of expert 0 and all of one rival would be a margin of none; no other choice, one of a half.
    choices[:, :, 1, 1:] = [15, 15, 0]
    high = 0.25 + 0.25 * (1 - (0.025 / 3) ** (1 / 12))  # over three rivals that may be level
    alike: Any = by_text("all alike", METADATA, Counts(tuple(texts), choices))
    assert ends(alike.margin("a", 1, 0)) == pytest.approx((0.25 - 0.75 * unseen, 0.25, high))


def distances(form: Array) -> Any:
    return Moments(*counts_of(PLANTED.counts)).distances(form)


def test_distances_of_texts_are_at_the_level() -> None:
    for depth in range(4):
        assert ends(TEXTS.load_variation(depth)) == ends(distances(evenness(3)).estimate(depth, 0.95))
        assert ends(TEXTS.domain_distance(depth)) == ends(distances(between(3)).estimate(depth, 0.95))
    assert TEXTS.domain_distance(0).texts == 90
    assert ends(TEXTS.distance_trend()) == ends(distances(between(3)).contrast(rise(4), 0.95))
    assert TEXTS.steps_up() == int((np.diff(distances(between(3)).value) > 0).sum())


def test_the_least_of_several_has_its_level_for_all_of_them() -> None:
    steps = [distances(between(3)).contrast(each, 1 - 0.05 / 3) for each in np.diff(np.eye(4), axis=0)]
    least = tuple(min(part) for part in zip(*map(ends, steps), strict=True))
    assert ends(TEXTS.smallest_step()) == pytest.approx(least)
    two = [distances(evenness(3)).contrast(np.eye(4)[other] - np.eye(4)[3], 1 - 0.05 / 2) for other in (0, 2)]
    least = tuple(min(part) for part in zip(*map(ends, two), strict=True))
    assert ends(TEXTS.evenness_gap(3, than=[0, 2])) == pytest.approx(least)


def test_the_farthest_layer_has_its_level_for_all_layers() -> None:
    layer, apart = TEXTS.farthest()
    every = [distances(between(3)).estimate(depth, 1 - 0.05 / 4) for depth in range(4)]
    assert layer == int(distances(between(3)).value.argmax())
    assert ends(apart) == pytest.approx(tuple(max(part) for part in zip(*map(ends, every), strict=True)))
    assert isinstance(apart, TextEstimate)


def with_repetition(numbers: list[int]) -> Any:
    metadata, made = drawn(1, DENSE, numbers)
    same, shared = (np.zeros(made.choices.shape[:2], dtype=np.int32) for _ in range(2))
    for place, text in enumerate(made.texts):
        same[place, 1] = (text.tokens - 1) * {"a": 3, "b": 5, "c": 1}[text.domain] // 10 + place % 3
        shared[place, 1] = same[place, 1] + (text.tokens - 1) // 5
    return metadata, Counts(made.texts, made.choices, same, shared)


def test_least_repetition_is_of_the_domain_with_the_least() -> None:
    metadata, made = with_repetition([40, 30, 19])
    evidence = by_text("planted", metadata, made)
    for either, repeats in ((False, made.same_first), (True, made.shared)):
        found, pairs, domains = repeats[:, 1], made.tokens - 1, counts_of(made)[1]
        every = [
            ratio_intervals(found[domains == row], pairs[domains == row], 1 - 0.05 / 3, 0, 1).estimate()
            for row in range(3)
        ]
        least = tuple(min(part) for part in zip(*map(ends, every), strict=True))
        assert ends(evidence.least_repetition(1, either=either)) == pytest.approx(least)  # type: ignore[arg-type]
    assert by_text("planted", *with_repetition([40, 30, 10])).least_repetition(1) < 0.2
    # A text of one token has no pair, so that nine texts of domain c are left.
    metadata, made = with_repetition([40, 30, 10])
    made.same_first[70] = 0
    short = (*made.texts[:70], Text("c", 70, 1), *made.texts[71:])
    with pytest.raises(Undecided, match=r"^c: fewer than 10 texts"):
        by_text("planted", metadata, replace(made, texts=short)).least_repetition(1)
    with pytest.raises(NotCovered, match="lacks repetition"):
        TEXTS.least_repetition(1)


def test_without_ranks_there_are_no_first_choices() -> None:
    metadata, made = with_repetition([12, 12, 12])
    found = by_text("planted", metadata | {"ranks": UNKNOWN}, made)
    assert found.evidence[0].note == f"ranks are not known; {INDEPENDENT}"
    assert found.least_repetition(1, either=True) > 0
    with pytest.raises(NotCovered, match="lacks repetition"):
        found.least_repetition(1)


def test_what_is_said_of_all_domains_needs_enough_texts_of_each() -> None:
    few: Any = by_text("few", *drawn(1, DENSE, [40, 9, 20]))
    with pytest.raises(Undecided, match="9 texts are too few to tell, at least 10"):
        few.assignment_share("b", 0, 0)
    for ask in (few.domain_distance, few.load_variation):
        with pytest.raises(Undecided, match=r"^b: fewer than 10 texts, or a few hold most tokens: too few to tell$"):
            ask(0)
    others = few.of(["a", "c"])
    choices, domains = counts_of(others.counts)
    assert ends(others.domain_distance(0)) == ends(Moments(choices, domains).distances(between(2)).estimate(0))
    assert others.domain_distance(0).texts == 60
    with pytest.raises(NotCovered, match="lacks a second domain"):
        few.of(["a"]).domain_distance(0)


def test_a_domain_whose_tokens_are_in_few_texts_has_too_few() -> None:
    made = drawn(1, DENSE, [40, 20, 20])
    heavy = made.counts.choices.copy()
    texts = list(made.counts.texts)
    heavy[40] *= 60
    texts[40] = Text("b", 40, texts[40].tokens * 60)
    evidence: Any = by_text("heavy", made.metadata, Counts(tuple(texts), heavy))
    with pytest.raises(Undecided, match=r"^b: fewer than 10 texts, or a few hold most tokens"):
        evidence.domain_distance(0)
    with pytest.raises(Undecided, match="20 texts tell as much as 1"):
        evidence.margin("b", 0, 0)


def test_some_texts_keep_all_that_was_counted_of_them() -> None:
    metadata, made = with_repetition([12, 12, 12])
    some = by_text("some", metadata, made).of(["c", "a"])
    assert some.domains == ("a", "c")
    keep = [text.domain != "b" for text in made.texts]
    assert len(some.counts.texts) == 24
    assert ends(some.assignment_share("c", 1, 0)) == ends(by_text("all", metadata, made).assignment_share("c", 1, 0))  # type: ignore[arg-type]
    for name in ("choices", "same_first", "shared"):
        assert np.array_equal(getattr(some.counts, name), getattr(made, name)[keep])


def test_experts_per_token_are_counted_not_configured() -> None:
    metadata, made = PLANTED
    assert by_text("double", metadata, replace(made, choices=made.choices * 2)).experts_per_token == 4
    mixed = made.choices.copy()
    mixed[0] *= 2
    with pytest.raises(NotCovered, match="lacks one number of experts"):
        _ = by_text("mixed", metadata, replace(made, choices=mixed)).experts_per_token


# What the page shows.


def test_charts_are_of_shares_and_of_distance_by_layer() -> None:
    shares, depth = TEXTS.charts()
    assert shares["layers"] == [0, 1, 3]
    assert shares["even"] == 0.25
    assert shares["domains"]["b"]["3"] == TEXTS.pooled[1, 3].tolist()
    assert shares["intervals"]["b"]["3"][2] == list(ends(TEXTS.assignment_share("b", 3, 2)))[::2]
    assert shares["note"] == TEXTS.evidence[0].note
    expected = distances(between(3)).estimate(2, 1 - 0.05 / 4)
    assert depth["points"][2] == [2, expected.value, expected.low, expected.high]
    shares, depth = RECORD.charts()
    assert shares["intervals"] is None
    assert shares["note"] == "counted"
    assert [point[:2] for point in depth["points"]] == [[0, 0], [7, pytest.approx(8 / 3)], [15, pytest.approx(2 / 3)]]
    two = recorded("two", dict(list(COUNTS.items())[:2]), [0, 7, 15], 1, [Evidence()])
    assert two.charts()[1]["points"][0] == [0, 0, None, None]
    assert depth["name"] == "a record"
    some = by_text("few", *drawn(1, DENSE, [40, 9, 20])).charts()
    assert [chart["kind"] for chart in some] == ["shares"]
    assert some[0]["intervals"] is None


def test_a_dozen_domains_are_drawn_and_no_more() -> None:
    many = {f"{number:02}": [[1, number]] for number in range(13)}
    assert [chart["kind"] for chart in recorded("many", many, [0], 1, [Evidence()]).charts()] == ["depth"]
    assert len(recorded("many", dict(list(many.items())[:12]), [0], 1, [Evidence()]).charts()) == 2


def test_evidence_says_what_it_stands_on() -> None:
    (told,) = by_text("planted", *PLANTED, stand_in=True).evidence
    assert (told.source, told.model, told.revision, told.precision) == ("planted", "m", "r", "float32")
    assert (told.engine, told.device, told.stand_in) == ("e, torch 2", "cpu", True)
    assert told.text.startswith("c (sha256 ): 90 texts, ")
    assert not TEXTS.evidence[0].stand_in


# Sources.


def test_a_source_is_loaded_once_for_a_file_and_another_of_its_name_is_another() -> None:
    loads, session = [Mock(side_effect="acd"), Mock(side_effect="b")], SimpleNamespace(stash={})
    one, two = (Source("Figure 7", "cheap", load) for load in loads)
    asked = [(one, "here"), (two, "here"), (one.refutes("why"), "here"), (one, "of another document")]
    asked.append((replace(one, name="Figure 8"), "here"))
    requests = [SimpleNamespace(session=session, param=each, path=Path(path)) for each, path in asked]
    assert [sources.evidence._get_wrapped_function()(each) for each in requests] == [*"abacd"]


def test_a_case_for_every_source_with_what_is_declared_of_it() -> None:
    mark = sources.on(FIGURE_7, MMLU_RECORD.refutes("it peaks early")).mark
    assert mark.kwargs == {"indirect": True}
    first, second = mark.args[1]
    assert (first.id, second.id) == ("Figure 7", "MMLU record")
    assert [each.name for each in second.marks] == ["cheap", "source"]
    assert second.marks[1].args == ("MMLU record",)
    assert second.marks[1].kwargs == {"refuted": "it peaks early"}
    (third,) = sources.on(MMLU_RECORD.leaves_undecided("it includes zero")).mark.args[1]
    assert third.marks[1].kwargs == {"undecided": "it includes zero"}
    assert (MMLU_RECORD.declared, first.marks[1].kwargs) == ({}, {})
    assert sources.shares_of([1, 3]) == [0.25, 0.75]


def test_judging_recorded_evidence_needs_no_torch() -> None:
    code = (
        "import sys; from claims.moe_post.sources import MMLU_RECORD; assert 'numpy' not in sys.modules; "
        "MMLU_RECORD.load(None).smallest_step(); from claim_suite.fixtures.routing import files, texts; "
        "assert 'torch' not in sys.modules"
    )
    run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2], timeout=60)


def test_shares_alone_have_no_texts() -> None:
    assert (RECORD.experts_per_token, RECORD.charts()[0]["intervals"]) == (1, None)
    with pytest.raises(NotCovered, match="a record lacks texts"):
        RECORD.least_repetition(0)
