"""A printed table is one declaration: each cell is a claim with its id, its place in the table and its verdict."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from fixtures.claim.table import Listed, slug, table, uncheckable
from tests.conftest import Suite

TABLE = '''
from fixtures.claim.table import table

MEASURED = {"small": {"MLP": 19_120, "all": 20_910, "gate": 4}, "large": {"MLP": 114_710, "all": 116_899}}


@table(
    """
    | part (thousands) | small  | large   |
    |------------------|--------|---------|
    | MLP              | 19.12K | 114.71K |
    | all              | 20.91K | 116.89K |
    | gate             | 5      | -       |
    """,
    id="table-1", name="Table 1", loosely={"all / large": "cut short"}, refuted={"gate": "it has one less"},
    note={"large": "Read to the last digit."},
)
def test_table_1(cell, stated, measure):
    """The {row} of the {column} model has {stated}."""
    assert measure(MEASURED[cell.column][cell.row], "parameters") == stated
'''


def test_each_cell_is_a_claim_with_a_verdict(suite: Suite) -> None:
    outcome = suite.claims(TABLE).run("-p", "no:cacheprovider")
    assert outcome.code == 0, outcome.output
    assert outcome.verdicts == {
        "table-1-mlp-small": "holds",
        "table-1-mlp-large": "holds",
        "table-1-all-small": "holds",
        "table-1-all-large": "loosely",
        "table-1-gate-small": "refuted",
    }
    one = outcome.claims["table-1-all-large"]
    assert (one["table"], one["row"], one["column"]) == ("Table 1", "all", "large")
    assert (one["says"], one["note"]) == ("The all of the large model has 116.89K.", "Read to the last digit.")
    assert [case["id"] for case in one["cases"]] == ["literal", "loose"]
    assert [case["id"] for case in outcome.claims["table-1-mlp-small"]["cases"]] == [""]
    assert outcome.claims["table-1-mlp-small"]["note"] == ""


def test_a_cell_can_be_asked_for_and_a_wrong_digit_is_a_surprise(suite: Suite) -> None:
    outcome = suite.claims(TABLE.replace("114.71K", "114.72K")).run("--claim=table-1-mlp-large")
    assert outcome.code == 1
    assert outcome.verdicts["table-1-mlp-large"] == "refuted"
    assert outcome.accounting["deselected"] == 5


def test_a_neighbour_s_number_is_no_part_of_a_cell(new_suite: Callable[[], Suite]) -> None:
    outcomes = [new_suite().claims(text).run() for text in (TABLE, TABLE.replace("19.12K", "19.13K"))]
    before, after = ({name: one["cases"][0]["digest"] for name, one in run.claims.items()} for run in outcomes)
    assert {name for name in before if before[name] != after[name]} == {"table-1-mlp-small"}


def test_what_a_test_is_handed_is_a_part_of_its_claim(new_suite: Callable[[], Suite]) -> None:
    text = (
        "from fixtures.claim.table import Entry, each\n@each('value', [Entry(3, 'a', {}), Entry(5, 'b', {})])\n"
        "def test_it(value, measure):\n    'So.'\n    assert measure(value, 't') > 2\n"
    )
    outcomes = [new_suite().claims(each).run() for each in (text, text.replace("Entry(3", "Entry(4"))]
    before, after = ([one["cases"][0]["digest"] for one in run.ledger["claims"]] for run in outcomes)
    assert [one == other for one, other in zip(before, after, strict=True)] == [False, True]


@pytest.mark.parametrize(
    ("text", "keywords", "why"),
    [
        ("| a | b |\n| x | 1 | 2 |", {}, "row 'x' has 3 columns, its head has 2"),
        ("| a | b | b |\n| x | 1 | 2 |", {}, "columns have names of their own"),
        ("| a | b |\n| x | 1 |\n| x | 2 |", {}, "rows have names of their own"),
        ("| a | b |\n| x | 1 |", {"refuted": {"y": "why"}}, "refuted= names 'y', which is no cell"),
        ("| a | x | y |\n| x | 1 | 2 |", {"note": {"x": "why"}}, "'x' is a row and a column of it: name cells"),
    ],
)
def test_a_bad_table_is_one_line(text: str, keywords: dict[str, dict[str, str]], why: str) -> None:
    with pytest.raises(ValueError, match=why) as caught:
        table(text, id="t", name="T", **keywords)(lambda cell: None)  # noqa: ARG005  # a test takes its cell by name
    assert "\n" not in str(caught.value)


LIST = '''
from fixtures.claim.table import Listed

CLAIMS = Listed(
    """
    | claim  | stated | says                                 |
    |--------|--------|--------------------------------------|
    | sum    | 5.0    | It comes to 5.0.                     |
    | faster |        | It is faster than the other          |
    |        |        | one.                                 |
    | count  | =1,024 | There are 1,024 of them.             |
    | taste  |        | It is nice.                          |
    | off    | 2.0    | It weighs 2.0 kg.                    |
    """,
    uncheckable={"taste": "nobody can tell"}, model="mixtral-8x7b-v0.1",
)


@pytest.mark.claim("last")
def test_last(measure):
    """It ends."""
    assert measure(3, "t") == 3


@CLAIMS.of("off", refuted="it weighs more", model="llama-2-13b")
def test_weight(stated, measure):
    assert measure(3, "kg") == stated


@CLAIMS.claim
def test_faster(measure):
    assert measure(3, "t") > 2


@CLAIMS.each()
def test_numbers(claim, stated, measure):
    assert measure({"sum": 5, "count": 1024}[claim], "t") == stated
'''


def test_a_list_is_checked_by_tests_in_any_order_and_told_in_its_own(suite: Suite) -> None:
    outcome = suite.claims(LIST).run()
    assert outcome.code == 0, outcome.output
    found = {"sum": "holds", "faster": "holds", "count": "holds", "taste": "uncheckable", "off": "refuted"}
    assert list(outcome.verdicts.items()) == [*found.items(), ("last", "holds")]
    claims = outcome.claims
    assert claims["faster"]["says"] == "It is faster than the other one."
    assert (claims["count"]["stated"], claims["count"]["cases"][0]["stated"]["high"]) == ("1024", "1024")
    assert (claims["sum"]["model"], claims["off"]["model"]) == ("mixtral-8x7b-v0.1", "llama-2-13b")


def test_a_line_that_no_test_measures_is_broken(suite: Suite) -> None:
    outcome = suite.claims(LIST.replace('"sum": 5, ', "")).run()
    assert (outcome.code, outcome.verdicts["sum"]) == (1, "broken")


def test_a_line_that_no_test_checks_is_refused(new_suite: Callable[[], Suite]) -> None:
    """By whatever name a test's file knows the list, which may be made elsewhere, or by none."""
    unchecked = LIST.replace("CLAIMS.each()", 'CLAIMS.each("sum", "count")')
    made = LIST[: LIST.index("@pytest")]
    elsewhere = unchecked.replace(made, "import lists\n").replace("@CLAIMS", "@lists.CLAIMS")
    for text in (unchecked, unchecked + "\ndel CLAIMS\n", elsewhere):
        suite = new_suite().claims(text)
        suite.write("lists.py", made)
        outcome = suite.run()
        assert (outcome.code, outcome.verdicts) == (4, {}), outcome.output
        assert "no test checks 'taste' of its list" in outcome.output


@pytest.mark.parametrize("again", ['@CLAIMS.each("taste")', TABLE.partition("def ")[0].partition("\n\n\n")[2]])
def test_two_lists_of_one_test_are_refused(suite: Suite, again: str) -> None:
    text = "from fixtures.claim.table import table\n" + LIST.replace(
        "@CLAIMS.each()", f'{again}\n@CLAIMS.each("sum", "count")'
    )
    outcome = suite.claims(text).run()
    assert outcome.code == 1, outcome.output
    assert "ValueError: a test checks the claims of one table or list" in outcome.output


@pytest.mark.parametrize(
    ("text", "keywords", "why"),
    [
        ("| claim | stated |\n| x |", {}, "row 'x' has 1 columns, its head has 2"),
        ("| claim | stated |\n| x | 1 |\n| x | 2 |", {}, "two lines of a list are the claim 'x'"),
        ("| claim | stated |\n| | 1 |", {}, "a list's first line has no id"),
        ("| claim | stated |\n| x | 1 |", {"note": {"y": "why"}}, "note= names 'y', which is no claim"),
    ],
)
def test_a_bad_list_is_one_line(text: str, keywords: dict[str, dict[str, str]], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Listed(text, **keywords)
    with pytest.raises(ValueError, match="the list has no claim 'y'"):
        Listed("| claim |\n| x |").of("y")
    with pytest.raises(ValueError, match="the list has the number of 'x', and its test says it once more"):
        Listed("| claim | stated |\n| x | 1 |").of("x", stated="2")


def test_what_nobody_can_check_has_keywords_for_all_or_by_id() -> None:
    statements = [("a", "It is nice.", "nobody can tell"), ("b", "It weighs 2 kg.", "it is gone", "2")]

    @uncheckable(*statements, model={"b": "llama-2-13b"}, note="why")
    def test_statement() -> None: ...

    [mark] = vars(test_statement)["pytestmark"]
    entries = mark.args[1]
    assert [entry.keywords for entry in entries] == [
        {"says": "It is nice.", "uncheckable": "nobody can tell", "note": "why"},
        {"says": "It weighs 2 kg.", "uncheckable": "it is gone", "stated": "2", "note": "why", "model": "llama-2-13b"},
    ]
    with pytest.raises(ValueError, match="model= names 'c', which is no claim of it"):
        uncheckable(*statements, model={"c": "llama-2-13b"})


def test_words_become_a_part_of_an_id() -> None:
    assert slug("Total (B), 2nd") == "total-b-2nd"
    assert slug("\N{GREEK SMALL LETTER ALPHA} 3.5") == "3-5"
