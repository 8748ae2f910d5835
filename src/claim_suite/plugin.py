"""What pytest loads where the suite is installed: its options, and the rest as soon as a document of claims is found.

A run without claims imports nothing more and is changed in nothing.

PYTEST_DONT_REWRITE: no assert in here needs explaining.
"""

from __future__ import annotations

import itertools
import os
from pathlib import Path

import pytest

DOCUMENT = "document.toml"
PLUGINS = (
    "claim_suite.reports.recorder",
    "claim_suite.fixtures.claim.plugin",
    "claim_suite.fixtures.models.published",
    "claim_suite.fixtures.cards.plugin",
    "claim_suite.fixtures.routing.sources",
    "claim_suite.fixtures.recording.plugin",
)
STRICT = "CLAIMS_STRICT"  # set where a warning of a library is an error, as in continuous integration
MARKERS = (
    "cheap: needs no weights, no network and no accelerator",
    "gpu: needs weights or a device",
    "claim(id, stated=…, loosely=…, refuted=…): this test checks a claim",
    "claims(argument, entries): this test checks a claim for each entry",
    "source(name, refuted=…): where the evidence of this case comes from",
)
OUT = "reports/out"
DOCUMENTS = pytest.StashKey[list[Path]]()  # the folders of those that were found
ASKS = ("claims_cards", "claims_only", "claims_documents", "claims_ledger", "claims_page")  # options


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of claims, each with a name of its own among the values of options (`dest`)."""
    from claim_suite.fixtures.cards import options as cards
    from claim_suite.fixtures.recording import options as recording

    group = parser.getgroup("claims", "claims: what is checked, on what, and where the verdicts go")
    group.addoption(
        "--claim", action="append", default=[], dest="claims_only", metavar="ID",
        help="check only this claim, as moe_post/llama-total or llama-total; repeatable (default: all)",
    )  # fmt: skip
    group.addoption(
        "--document", action="append", default=[], dest="claims_documents", metavar="ID=PATH",
        help="the document's own text: every printed number of its claims must stand in it; repeatable (default: none)",
    )  # fmt: skip
    for name, ending in (("ledger", "json"), ("page", "html")):
        group.addoption(
            f"--{name}", type=Path, dest=f"claims_{name}", metavar="PATH",
            help=f"where the {name} goes (default: {OUT}/claims.{ending}; of the gpu tier alone {OUT}/gpu.{ending}, "
            f"of only some claims {OUT}/partial.{ending})",
        )  # fmt: skip
    cards.add(parser)
    recording.add(parser)


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(parser: pytest.Parser) -> None:
    """Add what no other plugin has: all of them are known now, and what a conftest adds comes later."""
    from claim_suite.fixtures.recording import options as recording

    recording.add_shared(parser)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Register the markers, and the rest at once where claims are asked for, or tests are sent to other processes."""
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)
    _check_root(config)
    asks = (*ASKS, "numprocesses", "tx")
    if any(config.getoption(name, None) for name in asks):
        activate(config)


def _check_root(config: pytest.Config) -> None:
    """Refuse a path that pytest took for a place of tests. Raises UsageError.

    Before plugins are loaded pytest does not know our options, so an existing path after `--model ` moves its root, and
    this project's settings are not read.
    """
    here = config.invocation_params.dir
    places = (here, *here.parents)
    if config.getoption("claims_cards") or (config.inipath and config.inipath.parent in places):
        return
    ours = {str(value) for name, value in vars(config.option).items() if name.startswith("claims_")}
    for option, value in itertools.pairwise(map(str, config.invocation_params.args)):
        if value in ours and option.startswith("--") and (here / value).exists() and _has_settings(places):
            raise pytest.UsageError(
                f"{option} {value}: write {option}={value}, for pytest looks for tests in a path after a space"
            )


def _has_settings(places: tuple[Path, ...]) -> bool:
    project = next((at / "pyproject.toml" for at in places if (at / "pyproject.toml").is_file()), None)
    return project is not None and "[tool.pytest" in project.read_text(encoding="utf-8", errors="replace")


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> int | None:
    """Say what a recording would take, where that is all that was asked: then nothing is collected."""
    if not config.getoption("claims_plan"):
        return None
    from claim_suite.fixtures.recording.plugin import show_plan

    return show_plan(config)


def pytest_collect_directory(path: Path, parent: pytest.Collector) -> None:
    """Begin to check claims where a document is found; pytest collects the folder as any other."""
    if (path / DOCUMENT).is_file():
        parent.config.stash.setdefault(DOCUMENTS, []).append(path)
        activate(parent.config)


def activate(config: pytest.Config) -> None:
    """Register what checks claims. Raises UsageError where asserts are dropped."""
    if config.pluginmanager.has_plugin(PLUGINS[0]):
        return
    if not __debug__:
        raise pytest.UsageError("claims are asserts, and this Python drops asserts: run it without -O")
    if os.environ.get(STRICT):
        config.getini("filterwarnings").insert(0, "error")
    for name in PLUGINS:
        config.pluginmanager.import_plugin(name)
