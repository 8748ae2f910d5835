"""A printed table is one declaration: each cell is a claim with its id, its place in the table and its verdict."""

from __future__ import annotations

from typing import Any

import pytest

from claim_suite.fixtures.claim.table import Listed, slug, table, uncheckable
from tests.conftest import PROJECT, Suite, holds

TABLE = '''
from claim_suite.fixtures.claim.table import table

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
    reply={"gate": "It has one."},
    note={"large": "Read to the last digit."},
)
def test_table_1(cell, stated, measure):
    """The {row} of the {column} model has {stated}."""
    of = MEASURED[cell.column][cell.row]
    assert measure(of, "parameters", also=of) == stated
'''


LIST = '''
from claim_suite.fixtures.claim.table import Listed

UNITS = {"count": (1, "t"), "sum": "words"}
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


@CLAIMS.of("off", refuted="it weighs more", reply="Not here.", words="So.", model="llama-2-13b")
def test_weight(stated, measure):
    assert measure(3, "kg", also=3) == stated


@CLAIMS.claim
def test_faster(measure):
    assert measure(3, "t") > 2


@CLAIMS.each()
def test_numbers(claim, stated, measure):
    assert measure({"sum": 5, "count": 1024}[claim], "t") == stated
'''


def test_each_cell_and_each_line_is_a_claim_with_a_verdict_and_nothing_of_its_neighbours(suite: Suite) -> None:
    """In a table, and in a list, which tests check in any order and the ledger tells in its own."""
    first = suite.claims(TABLE).claims(LIST, "two").run()
    assert first.code == 0, first.output
    table = dict.fromkeys(["mlp-small", "mlp-large", "all-small"], "holds")
    table |= {"all-large": "loosely", "gate-small": "refuted"}
    lines = {"sum": "holds", "faster": "holds", "count": "holds", "taste": "uncheckable", "off": "refuted"}
    told = {f"table-1-{cell}": verdict for cell, verdict in table.items()} | lines | {"last": "holds"}
    assert list(first.verdicts.items()) == list(told.items())
    of = first.claims
    one, plain = of["table-1-all-large"], of["table-1-mlp-small"]
    assert (one["table"], one["row"], one["column"]) == ("Table 1", "all", "large")
    assert (one["says"], one["note"]) == ("The all of the large model has 116.89K.", "Read to the last digit.")
    assert ([case["id"] for case in one["cases"]], plain["cases"][0]["id"]) == (["literal", "loose"], "")
    assert plain["note"] == ""
    assert of["faster"]["says"] == "It is faster than the other one."
    assert (of["count"]["stated"], of["count"]["cases"][0]["stated"]["high"]) == ("1024", "1024")
    codes = {name: of[name]["cases"][0]["code"] for name in ("sum", "count", "taste", "table-1-all-small")}
    assert codes == {
        "sum": "assert measure({'sum': 5}[claim], 't') == stated",
        "count": "UNITS['count'] = (1, 't')\nassert measure({'count': 1024}[claim], 't') == stated",
        "taste": "",
        "table-1-all-small": "of = MEASURED[cell.column][cell.row]\n"
        "assert measure(of, 'parameters', also=of) == stated",
    }
    assert (of["sum"]["model"], of["off"]["model"]) == ("mixtral-8x7b-v0.1", "llama-2-13b")

    suite.claims(TABLE.replace("114.71K", "114.72K")).claims(LIST.replace('"sum": 5, ', ""), "two")
    changed = suite.run()
    assert changed.code == 1
    assert changed.verdicts == told | {"table-1-mlp-large": "refuted", "sum": "broken"}, "its test does not measure it"
    before, after = (
        {cell: run.claims[f"table-1-{cell}"]["cases"][0]["digest"] for cell in table} for run in (first, changed)
    )
    assert [cell for cell in table if before[cell] != after[cell]] == ["mlp-large"]


def test_what_a_test_is_handed_is_a_part_of_its_claim(suite: Suite) -> None:
    text = (
        "from claim_suite.fixtures.claim.table import Entry, each\n"
        "@each('value', [Entry(3, 'a', {}), Entry(5, 'b', {})])\n"
        "def test_it(value, measure):\n    'So.'\n    assert measure(value, 't') > 2\n"
    )
    outcomes = [suite.claims(each).run() for each in (text, text.replace("Entry(3", "Entry(4"))]
    before, after = ([one["cases"][0]["digest"] for one in run.ledger["claims"]] for run in outcomes)
    assert [one == other for one, other in zip(before, after, strict=True)] == [False, True]


def test_a_line_that_no_test_checks_and_two_lists_of_one_test_are_refused(suite: Suite) -> None:
    """By whatever name a test's file knows the list, which may be made elsewhere, or by none."""
    unchecked, made = LIST.replace("CLAIMS.each()", 'CLAIMS.each("sum", "count")'), LIST[: LIST.index("@pytest")]
    unmeasured = {
        "named": unchecked, "unnamed": unchecked + "\ndel CLAIMS\n",
        "elsewhere": unchecked.replace(made, "import lists\n").replace("@CLAIMS", "@lists.CLAIMS"),
    }  # fmt: skip
    twice = {"twice": '@CLAIMS.each("taste")', "in-a-table-too": TABLE[TABLE.index("@table(") : TABLE.index("def ")]}
    suite.write("lists.py", made)
    for document, text in unmeasured.items():
        suite.claims(text, "two", document)
    for document, again in twice.items():
        text = unchecked.replace("@CLAIMS.each", f"{again}\n@CLAIMS.each")
        suite.claims("from claim_suite.fixtures.claim.table import table\n" + text, "two", document)
    outcome = suite.run()
    assert (outcome.code, outcome.verdicts) == (1, {}), outcome.output
    told = [
        f"claims/{document}/test_two.py: could not be read, with every claim in it"
        for document in (*unmeasured, *twice)
    ]
    assert outcome.accounting["unaccounted"] == sorted(told)
    assert outcome.output.count("\ntest_two.py: no test checks 'taste' of its list\n") == len(unmeasured)
    assert outcome.output.count("E   ValueError: a test checks the claims of one table or list") == len(twice)


def test_two_claims_of_one_test_are_not_taken_for_one(suite: Suite) -> None:
    suite.write("pyproject.toml", PROJECT.replace("strict = true", ""))  # else pytest refuses some of them itself
    names = "@table('| a | c | b c |\\n| a | 1 | 2 |\\n| a b | 3 | 4 |', id='t', name='T')"
    lists = {
        "table": (names, "cell, stated, measure"), "each": ("@each('v', [Entry(3, 'a', {}), Entry(4, 'a', {})])", "v"),
        "uncheckable": ("@uncheckable(('a', 'Nice.', 'why'), ('a', 'Ugly.', 'why'))", "statement"),
    }  # fmt: skip
    for document, (above, takes) in lists.items():
        text = f"from claim_suite.fixtures.claim.table import *\n{above}\ndef test_it({takes}):\n    'So.'\n"
        suite.claims(text, "two", document)
    outcome = suite.claims(holds("a")).run()
    assert (outcome.code, outcome.verdicts) == (1, {"a": "holds"}), outcome.output
    assert outcome.output.count("E   ValueError: two claims of one test are called") == len(lists)


@pytest.mark.parametrize(
    ("text", "keywords", "why"),
    [
        ("| a | b |\n| x | 1 | 2 |", {}, "row 'x' has 3 columns, its head has 2"),
        ("| a | b | B |\n| x | 1 | 2 |", {}, "columns have names of their own"),
        ("| a | b |\n| x | 1 |\n| x | 2 |", {}, "rows have names of their own"),
        ("| a | b |\n| x | 1 |", {"refuted": {"y": "why"}}, "refuted= names 'y', which is no cell"),
        ("| a | x | y |\n| x | 1 | 2 |", {"note": {"x": "why"}}, "'x' is a row and a column of it: name cells"),
        ("| a | b |\n| x | 1 |", {"says": "It is {x}."}, "filled in: double other braces"),
        ("| a | b |\n| x | 1 |", {"says": "It is {."}, "filled in: double other braces"),
    ],
)
def test_a_bad_table_is_one_line(text: str, keywords: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why) as caught:
        table(text, id="t", name="T", **keywords)(lambda cell: None)  # noqa: ARG005  # a test takes its cell by name
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "keywords", "why"),
    [
        ("| claim | stated |\n| x |", {}, "row 'x' has 1 columns, its head has 2"),
        ("| claim | stated |\n| x | 1 |\n| x | 2 |", {}, "two lines of a list are the claim 'x'"),
        ("| claim | says | says |\n| x | 1 | 2 |", {}, "two columns of a table are called 'says'"),
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
