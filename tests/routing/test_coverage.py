"""A seeded part of the grid of benchmarks/coverage_grid.py: seconds of it, with what so few runs may miss."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.coverage_grid import TRUTHS, Cell, broken, evidence, grid, main, measure, page, permuted, power, shares
from claim_suite.fixtures.routing.shares import between, evenness, squared_distance
from tests.sampled import sampled

CELLS = {
    str(cell): cell
    for cell in (
        Cell("one apart", 60),
        Cell("all even", 20, "heavy"),
        Cell("opposed layers", 60),
        Cell("rare", 20, experts=64, top_k=6),
        Cell("half even", 20, "related"),
    )
}


@pytest.mark.parametrize("cell", sampled(CELLS, 2))
def test_intervals_keep_their_word(cell: str) -> None:
    sums = measure(CELLS[cell], 40)
    assert broken(sums) == []
    assert all(decided > 20 for decided, _, _ in sums.values())


def test_a_giant_text_leaves_all_undecided() -> None:
    assert {decided for decided, _, _ in measure(Cell("dense", 60, "giant"), 2).values()} == {0}


@pytest.mark.parametrize("lengths", ["usual", "related"])
def test_texts_have_the_shares_that_they_are_said_to_have(lengths: str) -> None:
    for truth in ("dense", "opposed layers"):
        drawn, true = evidence(Cell(truth, 4000, lengths), 0)
        assert drawn.pooled == pytest.approx(true, abs=0.006)


def test_what_is_there_is_found_and_what_is_not_is_not() -> None:
    found = power(12)
    assert 0.2 < found["distance"] <= found["distance, by permutation"]
    drawn, _ = evidence(Cell("all even", 20, domains=2), 1)
    assert 0.05 < permuted(drawn.choices[:, 0], drawn.rows, 1) < 0.95


def test_misses_beyond_chance_are_told() -> None:
    assert broken({"share": (400, 12, 12), "margin": (0, 0, 0)}) == []
    assert broken({"share": (400, 26, 0)}) == ["share: 26 of 400"]
    assert broken({"share": (400, 22, 22)})


def test_the_grid_is_what_was_declared() -> None:
    cells = grid()
    assert len({str(cell) for cell in cells}) == len(cells)
    assert {cell.texts for cell in cells} == {20, 60, 200, 1000}
    assert {cell.lengths for cell in cells} == {"usual", "heavy", "giant", "related"}
    assert {cell.experts for cell in cells} == {2, 8, 64, 256}
    assert {cell.top_k for cell in cells} == {1, 2, 6, 8}
    equal = shares(Cell("equal layers", 20))
    assert np.ptp(squared_distance(equal, evenness(4))) < 1e-12
    assert np.ptp(squared_distance(equal, between(4))) < 1e-12
    for cell in cells:
        assert shares(cell).sum(-1) == pytest.approx(1)


def test_a_row_adds_up_the_cells_of_a_truth_and_a_number_of_texts(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["--runs", "2", "--only", "; 20 texts; usual; 2 experts"]) == 0
    rows = [line.split("|")[1].strip() for line in capsys.readouterr().out.splitlines() if line.startswith("| ")]
    assert rows == ["", *(f"{truth}; 20 texts" for truth in TRUTHS[:5]), "all"]
    cells = {Cell("dense", 20): {"share": (10, 1, 0)}, Cell("dense", 20, "heavy"): {"share": (30, 1, 3)}}
    monkeypatch.setattr("benchmarks.coverage_grid.measure", lambda _cell, runs: {"share": (runs, 10, 2)})
    monkeypatch.setattr("benchmarks.coverage_grid.power", lambda _runs: {"lead": 0.5})
    table = page(cells, 40, "")
    assert "with 20 texts a domain: lead 0.50." in table
    assert "alike (dense; 60 texts; copies; 8 experts, k 2, 4 domains), coverage is: share 0.700" in table
    assert "| dense; 20 texts | 0.875 (0.075) |" in table
    assert table.count("| 50% |") == 2
    assert "- none" in table
    by_cell = page(cells | {Cell("dense", 60): {"share": (90, 30, 0)}}, 90, "", cells=True)
    assert f"| {Cell('dense', 20)} | 0.900 (0.100) |" in by_cell
    assert f"- {Cell('dense', 60)}: share: 30 of 90" in by_cell
