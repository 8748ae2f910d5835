"""A configuration that was edited refutes what hangs on it; evidence that is damaged is refused in one line."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.claims.edited import EDITED
from tests.claims.processes import run
from tests.claims.rerun import AS_IT_IS, PROJECT, rewrite
from tests.claims.world import Case

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.claims.conftest import Cases
    from tests.claims.world import World

LLAMA = "configs/llama-2-13b.json"
RUN = ("pytest", "-m", "cheap", "-p", "no:cacheprovider")


@pytest.mark.parametrize("world", EDITED, ids=lambda world: world.name)
def test_an_edited_configuration_turns_the_claims_that_hang_on_it(ran: dict[str, Cases], world: World) -> None:
    plain = {key: Case(*key, case["declared"]) for key, case in ran[AS_IT_IS].items()}
    turned = {key for key, case in ran[world.name].items() if case["verdict"] not in (case["declared"], "unchecked")}
    assert {key[0] for key in turned} == {case.claim for case in plain.values() if world.turns(case)}
    assert not [key for key, case in ran[world.name].items() if case["verdict"] == "broken"]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what a run needs."""
    for name in ("claims", "fixtures", "reports"):
        shutil.copytree(PROJECT / name, tmp_path / name, ignore=shutil.ignore_patterns("out", "__pycache__"))
    for name in ("conftest.py", "pyproject.toml"):
        shutil.copy(PROJECT / name, tmp_path)
    return tmp_path


def test_a_hand_edited_hidden_size_with_its_hash_recorded_refutes(checkout: Path) -> None:
    rewrite(checkout / "fixtures/data" / LLAMA, lambda config: config.update(hidden_size=2560))
    assert run(checkout, "fixtures.origins").returncode == 0
    done = run(checkout, *RUN, "-q", "--claim=llama-total", "--claim=llama-d-model", "--claim=mixtral-total")
    assert done.returncode == 1
    told = json.loads((checkout / "reports/out/claims.json").read_text())
    assert {claim["id"]: claim["verdict"] for claim in told["claims"] if claim["verdict"] != "unchecked"} == {
        "moe_post/llama-total": "refuted",
        "moe_post/llama-d-model": "refuted",
        "moe_post/mixtral-total": "holds",
    }


def without(field: str) -> Callable[[Path], None]:
    return lambda data: rewrite(data / LLAMA, lambda config: config.pop(field))


def rewritten(name: str, text: str) -> Callable[[Path], object]:
    return lambda data: (data / name).write_text(text, encoding="utf-8")


def appended(name: str, text: str) -> Callable[[Path], object]:
    return lambda data: (data / name).write_text((data / name).read_text(encoding="utf-8") + text, encoding="utf-8")


def without_a_hash(data: Path) -> None:
    rewritten("more.json", "{}")(data)
    appended("SOURCES.toml", '["more.json"]\norigin = "unknown"\n')(data)


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "not JSON": (rewritten(LLAMA, "hidden_size: 5120"), f"{LLAMA} is not JSON"),
    "not text": (lambda data: (data / LLAMA).write_bytes(b"\xff\xfe"), f"{LLAMA} is not JSON"),
    "not an object": (rewritten(LLAMA, "[]"), "a configuration is a JSON object"),
    "no hidden_size": (without("hidden_size"), "the configuration has no hidden_size"),
    "no vocab_size": (without("vocab_size"), "the configuration has no vocab_size"),
    "no max_position_embeddings": (without("max_position_embeddings"), "has no max_position_embeddings"),
    "no architectures": (without("architectures"), "the configuration has no architectures"),
    "a width that heads cannot divide": (
        lambda data: rewrite(data / LLAMA, lambda config: config.update(hidden_size=4097)),
        "40 heads cannot divide hidden_size 4097",
    ),
    "one character more": (appended(LLAMA, " "), f"{LLAMA} has changed since its hash was recorded"),
    "evidence changed": (appended("mixtral_paper_figure7.json", "\n"), "mixtral_paper_figure7.json has changed since"),
    "evidence missing": (lambda data: (data / "pile_domains.json").unlink(), "pile_domains.json is missing"),
    "evidence of unknown origin": (rewritten("more.json", "{}"), "more.json has no row in SOURCES.toml"),
    "a file without a hash": (without_a_hash, "more.json has changed since its hash was recorded"),
    "a row that is none": (rewritten("SOURCES.toml", 'origin = "unknown"'), "origin is no row"),
    "sources that are not TOML": (rewritten("SOURCES.toml", "["), "SOURCES.toml"),
    "no sources": (lambda data: (data / "SOURCES.toml").unlink(), "SOURCES.toml"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_evidence_is_refused_in_one_line(checkout: Path, damage: str) -> None:
    harm, says = DAMAGE[damage]
    harm(checkout / "fixtures/data")
    done = run(checkout, *RUN)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    (line,) = filter(None, done.stderr.splitlines())
    assert line.startswith("ERROR: ")
    assert says in line
    assert "Traceback" not in done.stdout
    assert not (checkout / "reports/out/claims.json").exists()
