"""The command that measures the suite: one small section for real, where other people's tools are out of reach."""

from __future__ import annotations

import re
import sys
from functools import partial
from pathlib import Path

import pytest

from benchmarks import results
from benchmarks.measuring import NotMeasured, Table, Taken, take

OTHERS = {"pytest-html", "allure-pytest", "allure 3", "allure 2"}
STAYS = f"## {results.SECTIONS['errors'][0]}\n\nAs it was.\n"


def out_of_reach(*_kind: str) -> str:
    raise NotMeasured("nothing can be installed here")


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("tools", "allure"):
        monkeypatch.setattr(results, name, out_of_reach)
    monkeypatch.setattr(results, "_browser", lambda _work: "In no browser.")
    monkeypatch.setitem(results.SECTIONS, "page", ("The page", partial(results.page, sizes=[40]), 1))


@pytest.mark.usefixtures("small")
def test_a_section_is_measured_and_the_others_stay(tmp_path: Path) -> None:
    to = tmp_path / "RESULTS.md"
    to.write_text(f"{results.HEAD}\n{results.head()}\n\n## The page\n\nAs it was before.\n\n{STAYS}", encoding="utf-8")
    results.write(["page"], None, to)
    text = to.read_text(encoding="utf-8")
    assert text.endswith(STAYS)
    assert "As it was before" not in text
    rows = {name: cells.split(" | ") for name, cells in re.findall(r"^\| (\w[^|]*?) \| (.*) \|$", text, re.MULTILINE)}
    assert {name for name, cells in rows.items() if cells[0] == "not measured: nothing can be installed here"} == OTHERS
    measured = {name: list(map(float, cells)) for name, cells in rows.items() if name not in OTHERS}
    assert [cells[-1] for cells in measured.values()] == [0, 2, 1, measured["this suite, site"][-1]]  # files written
    assert measured["this suite, site"][-1] > 5
    for cpu, ratio, _wall, memory, *_ in measured.values():
        assert cpu > 0.05
        assert ratio == pytest.approx(cpu / measured["pytest alone"][0], rel=0.05)
        assert memory > 10


def test_sections_of_another_machine_do_not_stay(tmp_path: Path) -> None:
    to = tmp_path / "RESULTS.md"
    to.write_text(f"{results.HEAD}\nA larger machine.\n\n{STAYS}", encoding="utf-8")
    results.write([], None, to)
    text = to.read_text(encoding="utf-8")
    assert "As it was" not in text
    assert text.count("not measured on this machine") == len(results.SECTIONS)


def test_a_command_that_fails_says_why(tmp_path: Path) -> None:
    with pytest.raises(NotMeasured, match=r"^it ended with 3: the disk is full$"):
        take([sys.executable, "-c", "import sys; print('the disk is full'); sys.exit(3)"], tmp_path / "out")


def test_ratios_are_of_turns_and_a_loss_is_told() -> None:
    def turns(*seconds: float) -> list[Taken]:
        return [Taken(cpu, 0, 0, 0, 0, "") for cpu in seconds]

    table = Table({"a": turns(2, 40, 3), "b": turns(1, 10, 2), "c": []}, {"c": "it | is not here"})
    assert table.ratio("a", "b") == 2
    assert table.loses("a", "b", "so.") == "\n\nIn CPU s a loses to b, 2.00 times: so."
    assert table.loses("b", "a", "so.") == table.loses("a", "c", "so.") == ""
    assert table.rows("b").splitlines()[-1] == "| c | not measured: it / is not here | | | |"
