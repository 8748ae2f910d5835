"""Runs the suite again and again in one process: as it is, with printed numbers nudged, and in other worlds.

python -m tests.claims.rerun FOLDER     writes FOLDER/<run>.json, a ledger for every run

One process, because importing the libraries takes longer than all the runs.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.claims.world import World

PROJECT = Path(__file__).parents[2]
AS_IT_IS, UP, DOWN = "as it is", "a unit up", "a unit down"


class Nudge:
    """A plugin that changes the printed number of every claim by units of its last digit, before it is declared."""

    def __init__(self, units: int) -> None:
        self._units = units

    @pytest.hookimpl(wrapper=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> Generator[None]:
        for item in items:
            item.own_markers[:] = map(self._nudged, item.own_markers)
        return (yield)

    def _nudged(self, marker: pytest.Mark) -> pytest.Mark:
        if marker.name != "claim" or marker.kwargs.get("stated") is None:
            return marker
        stated = nudged(marker.kwargs["stated"], self._units)
        claim: pytest.Mark = pytest.mark.claim(*marker.args, **{**marker.kwargs, "stated": stated}).mark
        return claim


class Elsewhere:
    """A plugin that moves the run into another world: a folder of altered evidence, and altered libraries."""

    def __init__(self, world: World, folder: Path) -> None:
        self._world, self._folder, self._monkeypatch = world, folder, pytest.MonkeyPatch()

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        from fixtures import origins as sources
        from tests.claims import stand_ins

        shutil.copytree(sources.DATA, self._folder)
        self._monkeypatch.setattr(sources, "DATA", self._folder)
        for name, edit in self._world.edits.items():
            rewrite(self._folder / name, edit)
        sources.record()
        self._world.alter(self._monkeypatch)
        session.config.pluginmanager.register(stand_ins)

    def pytest_unconfigure(self) -> None:
        self._monkeypatch.undo()


class Unshrunk:
    """A plugin that spares the fuzzed claims the search for their smallest counterexample, in this and later runs."""

    def pytest_itemcollected(self, item: pytest.Item) -> None:
        from hypothesis import Phase, is_hypothesis_test, settings

        if isinstance(item, pytest.Function) and is_hypothesis_test(item.function):
            settings(phases=[Phase.explicit, Phase.generate], report_multiple_bugs=False)(item.function)


def nudged(stated: str | int, units: int) -> str | int:
    """Return a printed number so many units of its last digit further; of a fraction, units of its denominator."""
    if isinstance(stated, int):
        return stated + units
    before, last, after = re.fullmatch(r"(.*/)?([0-9.]+)(\D?)", stated).groups("")  # type: ignore[union-attr]  # else fail
    whole, point, places = last.partition(".")
    digits = str(int(whole + places) + units).rjust(len(places) + 1, "0")
    return before + (digits[: -len(places)] + point + digits[-len(places) :] if places else digits) + after


def rewrite(file: Path, edit: Any) -> None:
    """Edit a JSON file in place."""
    content = json.loads(file.read_text(encoding="utf-8"))
    edit(content)
    file.write_text(json.dumps(content), encoding="utf-8")


def runs(folder: Path) -> Iterator[tuple[str, list[str], list[object]]]:
    """Name, options and plugins of every run; the plain one is first, so that it imports nothing altered."""
    from tests.claims.edited import EDITED
    from tests.claims.worlds import WORLDS

    yield AS_IT_IS, ["-m", "cheap"], [Unshrunk()]
    yield UP, ["-m", "cheap"], [Nudge(+1)]
    yield DOWN, ["-m", "cheap"], [Nudge(-1)]
    for world in WORLDS:
        yield world.name, _but_the_laws(world), [Elsewhere(world, folder / world.name)]
    for world in EDITED:
        yield world.name, ["-m", "cheap", *_but_the_laws(world)], [Elsewhere(world, folder / world.name)]


def _but_the_laws(world: World) -> list[str]:
    """Leave out what takes longest where nothing can come of it: laws that the world leaves alone."""
    from tests.claims.altered_libraries import LAWS
    from tests.claims.world import Case

    turned = any(world.turns(Case(law, "", "holds")) for law in LAWS)
    return [] if turned else ["--deselect=claims/mixtral_paper/test_gate.py"]


def main(folder: Path) -> None:
    for name, options, plugins in runs(folder):
        out = [f"--ledger={folder / name}.json", f"--page={folder / name}.html"]
        quiet = ["-q", "--tb=line", "-p", "no:cacheprovider"]
        pytest.main([str(PROJECT / "claims"), *options, *out, *quiet], plugins=plugins)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
