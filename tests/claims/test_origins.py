"""Data files have an origin and a hash; one that is damaged stops the claims that use it, and no other."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from fixtures import origins
from fixtures.origins import SourceError
from tests import runs

ROW = '["sizes.json"]\norigin = "a paper"\nlicence = "facts"\nlink = "https://arxiv.org/abs/1"\nsha256 = "0"\n'


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder with one file of data, its row and its hash."""
    (tmp_path / "sizes.json").write_text('{"width": 0.1}')
    (tmp_path / "SOURCES.toml").write_text(ROW)
    origins.record(tmp_path)
    return tmp_path


def test_a_file_is_read_with_its_origin(data: Path) -> None:
    assert origins.load("sizes.json", data, parse_float=Fraction) == {"width": Fraction(1, 10)}
    told = origins.evidence("sizes.json", data, model="a-model", note="ours")
    assert (told.source, told.link, told.model, told.note) == ("a paper", "https://arxiv.org/abs/1", "a-model", "ours")
    assert told.file.endswith("/sizes.json")
    assert len(told.sha256) == 64
    assert origins.faults(data) == []


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "changed": (lambda data: (data / "sizes.json").write_text("{}"), "sizes.json has changed since its hash was rec"),
    "missing": (lambda data: (data / "sizes.json").unlink(), "sizes.json cannot be read: restore it"),
    "no row": (lambda data: (data / "SOURCES.toml").write_text(""), "sizes.json has no row in the SOURCES.toml beside"),
    "a row without an origin": (
        lambda data: (data / "SOURCES.toml").write_text(ROW.replace("origin", "from")),
        "the row of sizes.json needs origin, licence, sha256, each a string",
    ),
    "a row that is none": (
        lambda data: (data / "SOURCES.toml").write_text('"sizes.json" = "here"'),
        "the row of sizes.json needs origin, licence, sha256, each a string",
    ),
    "a register that is not TOML": (lambda data: (data / "SOURCES.toml").write_text("["), "SOURCES.toml is not TOML"),
    "no register": (lambda data: (data / "SOURCES.toml").unlink(), "SOURCES.toml cannot be read"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_data_are_refused_in_one_line(data: Path, damage: str) -> None:
    harm, says = DAMAGE[damage]
    harm(data)
    with pytest.raises(SourceError, match=f"^[^\n]*{says}[^\n]*$"):
        origins.load("sizes.json", data)
    (line,) = origins.faults(data)
    assert says in line


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe", b"[" * 100_000, b'{"a": 1, "a": 2}'])
def test_what_is_not_json_is_refused_with_its_hash_recorded(data: Path, content: bytes) -> None:
    (data / "sizes.json").write_bytes(content)
    origins.record(data)
    with pytest.raises(SourceError, match=r"sizes\.json is not JSON"):
        origins.load("sizes.json", data)


def test_a_hash_is_recorded_or_its_row_is_named(data: Path) -> None:
    row = ROW.replace('"a paper"', '"a paper [1]"')
    for file, text in (("SOURCES.toml", row), ("sizes.json", "{}")):
        (data / file).write_text(f"\ufeff{text}", encoding="utf-8")  # as some editors write it
    origins.record(data)
    assert origins.faults(data) == []
    (data / "SOURCES.toml").write_text(row.replace('sha256 = "0"\n', ""))
    with pytest.raises(SourceError, match=r'SOURCES\.toml: the row \["sizes\.json"\] needs a line sha256 = ""'):
        origins.record(data)
    with pytest.raises(SourceError, match=r"SOURCES\.toml cannot be read"):
        origins.record(data / "nowhere")


def test_a_file_of_unknown_origin_is_a_fault(data: Path) -> None:
    (data / "stray.json").write_text("{}")
    (line,) = origins.faults(data)
    assert "stray.json has no row" in line


@pytest.mark.parametrize("folder", origins.folders(), ids=lambda folder: folder.parent.name)
def test_all_data_of_the_suite_are_as_recorded(folder: Path) -> None:
    assert origins.faults(folder) == []


def test_edited_data_refute_and_damaged_data_break_only_the_claims_that_use_them(tmp_path: Path) -> None:
    for name in ("claims", "fixtures", "reports"):
        shutil.copytree(origins.PROJECT / name, tmp_path / name, ignore=shutil.ignore_patterns("out", "__pycache__"))
    for name in ("claim_suite.py", "conftest.py", "pyproject.toml", "constraints.txt"):
        shutil.copy(origins.PROJECT / name, tmp_path)
    environment = runs.ENVIRONMENT | {"PYTHONPATH": str(tmp_path), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    ways: dict[str, Any] = {"environment": environment, "server": runs.FOR_MODELS}
    config = tmp_path / "fixtures/data/configs/llama-2-13b.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"hidden_size": 2560}))
    runs.run(tmp_path, "fixtures.origins", **ways).check_returncode()
    (tmp_path / "claims/moe_post/data/pile_domains.json").write_text('{"names": []}')
    wanted = {
        "moe_post/llama-d-model": "refuted",
        "moe_post/mixtral-d-model": "holds",
        "moe_post/better-than-llama-13b": "holds",
        "moe_post/domains-are-the-piles": "broken",
    }
    ledger = tmp_path / "claims.json"
    options = [f"--ledger={ledger}", *(f"--claim={claim}" for claim in wanted)]
    plugin = ["-p", "claim_suite", "-p", "no:cacheprovider"]
    done = runs.run(tmp_path, "pytest", "claims/moe_post", "-m", "cheap", "-q", *plugin, *options, **ways)
    assert done.returncode == 1, done.stdout
    claims = {claim["id"]: claim for claim in json.loads(ledger.read_text())["claims"] if claim["id"] in wanted}
    assert {name: claim["verdict"] for name, claim in claims.items()} == wanted
    (case,) = claims["moe_post/domains-are-the-piles"]["cases"]
    assert "claims/moe_post/data/pile_domains.json has changed since its hash was recorded" in case["reason"]
