"""Runs claims again and again in one process, until each was turned: found to hold where it does not, or the reverse.

python -m tests.claims.counterfactuals OUT CLAIMS [MOST]     CLAIMS is a document's folder; OUT becomes a JSON file

Some claims are tried, and all with CLAIMS_TESTS=all. Each case is tried with its printed number nudged, on data files
of other worlds, and with instruments that err, in MOST ways; cases that were turned are left out of later runs. OUT
has, for every such case of the cheap tier, what turned it, "" where nothing did, and whether its claim says why nothing
can.
"""

from __future__ import annotations

import ast
import functools
import gc
import inspect
import json
import re
import sys
import tempfile
import textwrap
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from importlib import import_module
from itertools import islice, zip_longest
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import pytest
from hypothesis import Phase, is_hypothesis_test, settings

from claim_suite.fixtures import origins
from claim_suite.fixtures.claim import turning, verdict
from claim_suite.fixtures.claim.declaration import DECLARED
from claim_suite.fixtures.claim.numbers import Printed, printed
from claim_suite.reports import page, schema
from tests.claims.altered import altered, called
from tests.claims.mutants import mutant, worlds
from tests.sampled import sampled

CONFIGURATION = Path(__file__).parents[2] / "pyproject.toml"
CLAIMS = 12  # of a document that an ordinary run tries
ERRING = 12  # ways in which instruments err
NOTHING_TURNS_IT = "Nothing turns it: "  # in a claim's note, before the reason
INSTRUMENTS = ("fixtures.", "claims.")
DECLARES = "claim_suite.fixtures.claim.table"  # what claims are declared with is no instrument
DECIDED = ("holds", "refuted")
Key = tuple[str, str]


@dataclass(eq=False)
class Selected:
    """A plugin that leaves only some cases of a run; without their keys, those of the sampled claims."""

    keys: Collection[Key] = ()

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        keys = {item: item.stash[DECLARED].key for item in items}
        claims = sampled((claim for claim, _ in keys.values()), CLAIMS)
        kept = self.keys or {key for key in keys.values() if key[0] in claims}
        config.hook.pytest_deselected(items=[item for item in items if keys[item] not in kept])
        items[:] = [item for item in items if keys[item] in kept]


@dataclass(eq=False)
class Unshrunk:
    """A plugin that spares fuzzed claims the search for their smallest counterexample."""

    def pytest_itemcollected(self, item: pytest.Item) -> None:
        if isinstance(item, pytest.Function) and is_hypothesis_test(item.function):
            settings(phases=[Phase.explicit, Phase.generate], report_multiple_bugs=False)(item.function)


@dataclass(eq=False)
class Restated:
    """A plugin that changes printed numbers: by units of the last digit, or to what was measured."""

    units: int = 0
    measured: dict[Key, str] = field(default_factory=dict)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            if (number := item.stash[DECLARED].printed) is None:
                continue
            text = self.measured.get(item.stash[DECLARED].key)
            cut_short = number.cut_short and "/" not in (text or "")
            other = printed(text, cut_short=cut_short) if text else moved(number, self.units)
            item.stash[DECLARED] = replace(item.stash[DECLARED], printed=other)


@dataclass(eq=False)
class World:
    """A plugin that moves a run into another world: every data file that is loaded is a mutant of itself."""

    number: int

    @pytest.hookimpl(wrapper=True)
    def pytest_cmdline_main(self) -> Iterator[None]:
        load = origins.load
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(origins, "load", lambda *asked, **more: mutant(load(*asked, **more), self.number))
            return (yield)


@dataclass(eq=False)
class Erring:
    """A plugin that lets all err that a claim asks: its fixtures, its drawn cases, and the functions it imported."""

    number: int

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Function) -> Iterator[None]:
        given = getattr(item.obj, "hypothesis", None)
        function = given.inner_test if given else item.obj
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(verdict.Attempt, "measure", _without_other_routes(verdict.Attempt.measure))
            for module, name in [*_imported(item.module), *_imports(function)]:
                patch.setattr(module, name, called(getattr(module, name), f"{self.number} {name}"))
            for name, value in item.funcargs.items():
                patch.setitem(item.funcargs, name, self.err(name, value))
            if given:
                patch.setattr(given, "inner_test", self.erring(function))
                # The core refuses a test that was replaced; here it is the declared one, called with other values.
                patch.setattr(verdict, "written", lambda _: function)
            return (yield)

    def err(self, name: str, value: Any) -> Any:
        """Return what a claim is handed under a name, erring; what only compares and records does not."""
        return value if name in ("measure", "stated", "reading") else altered(value, f"{self.number} {name}")

    def erring(self, test: Callable[..., Any]) -> Callable[..., Any]:
        """Return a fuzzed test whose drawn cases err."""

        @functools.wraps(test)
        def run(*arguments: Any, **drawn: Any) -> Any:
            return test(*arguments, **{name: self.err(name, value) for name, value in drawn.items()})

        return run


def _without_other_routes(measure: Callable[..., Any]) -> Callable[..., Any]:
    """Return `measure` as a claim is held whose instrument errs: it disagrees with every other route."""
    return lambda *told, of="", also=None: measure(*told, of=of)  # noqa: ARG005  # that is the difference


def _imported(module: ModuleType) -> Iterator[tuple[ModuleType, str]]:
    """Yield what a module has of the suite's functions."""
    for name, value in vars(module).items():
        of = str(getattr(value, "__module__", ""))
        if callable(value) and of.startswith(INSTRUMENTS) and of != DECLARES:
            yield module, name


def _imports(function: FunctionType) -> Iterator[tuple[ModuleType, str]]:
    """Yield what a function imports from the suite when it runs."""
    for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(function)))):
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith(INSTRUMENTS):
            yield from ((import_module(str(node.module)), name.name) for name in node.names)


def moved(number: Printed, units: int) -> Printed:
    """Return a printed number so many units of its last digit further, in whatever form it was printed."""
    if not (unit := number.high - number.low):
        return printed(nudged(number.text, units))
    ends = {end: getattr(number, end) + units * unit for end in ("nominal", "low", "high")}
    return replace(number, **ends, compared=[])


def nudged(stated: str, units: int) -> str:
    """Return a printed number so many units of its last digit further; of a fraction, units of its denominator."""
    before, last, after = re.fullmatch(r"(.*/)?([0-9.,]+)( ?\D?)", stated).groups("")  # type: ignore[union-attr]  # else fail
    whole, point, places = last.replace(",", "").partition(".")
    digits = str(max(0, int(whole + places) + units)).rjust(len(places) + 1, "0")
    return before + (digits[: -len(places)] + point + digits[-len(places) :] if places else digits) + after


def as_printed(measured: schema.Number) -> str:
    """Return a measured value as a document would print it."""
    return f"{measured:.6f}" if isinstance(measured, float) else str(measured)


def cases(paths: Collection[Path], *plugins: object) -> dict[Key, tuple[schema.Case, str]]:
    """Run the cheap claims of some places with some plugins; return each case that was run, and its claim's note."""
    gc.freeze()  # what pytest collects at the end of a run is that run's alone
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(page, "write", lambda *_: None)  # nobody looks at it
        patch.setattr(turning, "fault", lambda *_: "")  # here the claims are turned by what they stand on
        out = [f"--ledger={folder}/claims.json", f"--page={folder}/claims.html"]
        quiet = ["-q", "--tb=no", "--no-header", "-p", "no:cacheprovider", "-p", "no:logging"]
        quiet += ["-p", "claim_suite.fixtures.claim.plugin"]
        pytest.main(["-c", str(CONFIGURATION), *map(str, paths), "-m", "cheap", *quiet, *out], plugins=plugins)
        told = schema.read(Path(folder, "claims.json")).claims
    return {
        (claim.id, case.id): (case, claim.note)
        for claim in told
        for case in claim.cases
        if case.tier == "cheap" and case.verdict != "unchecked"
    }


def attempts(plain: dict[Key, schema.Case]) -> Iterator[tuple[str, Sequence[object], set[Key]]]:
    """Yield what is tried, the plugins that bring it about, and the cases that it can turn."""
    printed = {key for key, case in plain.items() if case.stated}
    fuzzed = {key for key, case in plain.items() if case.drawn is not None}
    for units in (1, -1):
        yield f"nudged by {units}", [Restated(units)], printed
    measured = {key: as_printed(plain[key].compared[-1].value) for key in printed if plain[key].compared}
    yield "printed as measured", [Restated(0, measured)], {key for key in measured if plain[key].verdict == "refuted"}
    for erring, world in zip_longest(range(ERRING), worlds()):  # by turns, for each turns what the other cannot
        if erring is not None:
            yield f"erring {erring}", [Erring(erring)], set(plain)
        yield f"world {world}", [World(world)], plain.keys() - fuzzed


def main(out: Path, claims: Path, most: int | None = None) -> None:
    """Try all ways, or so many, on the claims of a folder, and write what turned each case."""
    found = cases([claims], Unshrunk(), Selected())
    plain = {key: case for key, (case, _) in found.items()}
    turned = {key: "" for key, case in plain.items() if case.verdict in (*DECIDED, "undecided")}
    constant = {key for key, (_, note) in found.items() if NOTHING_TURNS_IT in note}
    for name, plugins, able in islice(attempts(plain), most):
        if not (waiting := {key for key in able - constant if turned.get(key) == ""}):
            continue
        files = {claims / Path(plain[key].test.partition("::")[0]).name for key in waiting}
        for key, (case, _) in cases(files, Selected(waiting), *plugins).items():
            if key in waiting and case.verdict in DECIDED and case.verdict != plain[key].verdict:
                turned[key] = name
    told = [{"claim": key[0], "case": key[1], "by": by, "constant": key in constant} for key, by in turned.items()]
    out.write_text(json.dumps(told, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *map(int, sys.argv[3:]))
