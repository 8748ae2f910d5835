"""Claims can be turned: by a nudge of their printed number, in another world, or by instruments that err."""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from claim_suite.fixtures import origins
from tests import runs
from tests.claims.counterfactuals import NOTHING_TURNS_IT, nudged
from tests.claims.mutants import mutant, worlds
from tests.runs import ROOT

STRANGER = {
    "document.toml": """
        title = "A stranger's document"
        language = "en"
        date = "2026"
        read = "nowhere"
        position = 9
        model = "mixtral-8x7b-v0.1"

        [[sections]]
        id = "only"
        title = "All that it says"
        file = "test_only.py"
    """,
    "conftest.py": """
        from pathlib import Path

        import pytest

        from claim_suite.fixtures import origins


        class Device:
            noise = 7

            def heat(self, hours):
                return 0 * hours


        @pytest.fixture
        def table():
            return origins.load("table.json", Path(__file__).parent)


        @pytest.fixture
        def device():
            return Device()
    """,
    "SOURCES.toml": """
        ["table.json"]
        origin = "made up"
        licence = "none"
        sha256 = ""
    """,
    "table.json": '{"ours": {"speed": 4, "size": 9}, "theirs": {"speed": 3, "size": 7}}',
    "test_only.py": '''
        from pathlib import Path

        import pytest
        from hypothesis import given
        from hypothesis.strategies import integers

        from claim_suite.fixtures import origins
        from claim_suite.fixtures.routing.sources import shares_of

        pytestmark = pytest.mark.cheap


        @pytest.mark.claim("printed", stated="4")
        def test_printed(table, stated, measure):
            """It has a speed of 4."""
            assert measure(table["ours"]["speed"], "pages a minute") == stated


        @pytest.mark.claim("misprinted", stated="5", refuted="it has another speed")
        def test_misprinted(table, stated, measure):
            """It has a speed of 5."""
            assert measure(table["ours"]["speed"], "pages a minute") == stated


        @pytest.mark.claim("faster")
        def test_faster(measure):
            """It is faster than theirs."""
            table = origins.load("table.json", Path(__file__).parent)
            assert measure(table["ours"]["speed"] - table["theirs"]["speed"], "pages a minute") > 0


        @pytest.mark.claim("cool")
        def test_cool(device, measure):
            """It stays cool."""
            assert measure(device.heat(hours=3), "degrees") == 0


        @pytest.mark.claim("law")
        @given(count=integers(1, 9))
        def test_law(count):
            """Two equal counts are two equal shares."""
            first, second = shares_of([count, count])
            assert first == second


        @pytest.mark.claim("vacuous")
        def test_vacuous(table, measure):
            """It has some speed."""
            assert measure(table["ours"]["speed"], "pages a minute") > 0


        @pytest.mark.claim("vacuous-too")
        def test_vacuous_too(device, measure):
            """It makes some noise."""
            assert measure(device.noise, "decibels") > 0


        @pytest.mark.claim("constant", note="Nothing turns it: arithmetic.")
        def test_constant(measure):
            """One and one are two."""
            assert measure(1 + 1, "things") == 2


        @pytest.mark.claim("uncheckable", uncheckable="nobody can tell")
        def test_uncheckable():
            """It feels fast."""
    ''',
}


def turned(out: Path, claims: Path, *most: str) -> dict[tuple[str, str], dict[str, Any]]:
    """Return what became of every case of a folder of documents."""
    module, environment = "tests.claims.counterfactuals", runs.ENVIRONMENT | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = runs.run(ROOT, module, str(out), str(claims), *most, environment=environment, server=runs.FOR_MODELS)
    assert done.returncode == 0, done.stdout + done.stderr
    return {(entry["claim"], entry["case"]): entry for entry in json.loads(out.read_text(encoding="utf-8"))}


@pytest.mark.parametrize("document", sorted(file.parent.name for file in ROOT.glob("claims/*/document.toml")))
def test_every_claim_is_turned_or_says_why_nothing_can(tmp_path: Path, document: str) -> None:
    told = turned(tmp_path / "turned.json", ROOT / "claims" / document)
    assert told
    left = [key for key, each in told.items() if not (each["by"] or each["constant"])]
    assert not left, f'nothing makes these claims fail: mend their tests, or say in their notes "{NOTHING_TURNS_IT}why"'


def test_what_turns_the_claims_of_a_stranger(tmp_path: Path) -> None:
    folder = tmp_path / "claims" / "stranger"
    folder.mkdir(parents=True)
    for name, text in STRANGER.items():
        (folder / name).write_text(dedent(text), encoding="utf-8")
    origins.record(folder)
    told = turned(tmp_path / "turned.json", folder, "20")
    by = {key[0].partition("/")[2]: each["by"] for key, each in told.items()}
    assert by.pop("faster").startswith("world ")
    assert by.pop("law").startswith("erring ")
    assert by.pop("cool").startswith("erring ")
    assert by.pop("printed") == "nudged by 1"
    assert by.pop("misprinted") == "nudged by -1"
    assert by == {"vacuous": "", "vacuous-too": "", "constant": ""}


@pytest.mark.parametrize(
    ("stated", "up", "down"),
    [
        ("8", "9", "7"),
        ("13,824", "13825", "13823"),
        ("46.70B", "46.71B", "46.69B"),
        ("3.0", "3.1", "2.9"),
        ("0.1", "0.2", "0.0"),
        ("12.5%", "12.6%", "12.4%"),
        ("1/8", "1/9", "1/7"),
    ],
)
def test_a_nudge_is_a_unit_of_the_last_digit(stated: str, up: str, down: str) -> None:
    assert (nudged(stated, 1), nudged(stated, -1)) == (up, down)


def test_worlds_reverse_orders_move_peaks_and_change_sizes() -> None:
    table = {"what": "", "model": {"name": "one", "width": 8}, "scores": {"a": [0.1, 0.2, 0.3], "b": [0.4, 0.5, 0.6]}}
    found = [mutant(table, world) for world in worlds()]
    rows = [each["scores"]["a"] for each in found]
    assert [0.4, 0.5, 0.6] in rows  # the other row's
    assert [0.3, 0.2, 0.1] in rows
    assert [0.2, 0.3, 0.1] in rows or [0.3, 0.1, 0.2] in rows
    assert any(row[0] > sum(row[1:]) for row in rows)
    assert any(row[-1] > sum(row[:-1]) for row in rows)
    assert any(len(set(row)) == 1 < len(row) for row in rows)
    assert any("b" not in each["scores"] for each in found)
    assert {each["model"]["width"] for each in found} == {4, 8, 16}
    assert {each["model"]["name"] for each in found} == {"one"}
    assert found == [mutant(table, world) for world in worlds()]
