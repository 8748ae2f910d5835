"""Data files have an origin and a hash; one that is damaged stops the claims that use it, and no other."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest

from claim_suite.fixtures import origins
from claim_suite.fixtures.origins import SourceError
from tests.conftest import Suite, claim

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
    "a hash that was never recorded": (
        lambda data: (data / "SOURCES.toml").write_text(ROW.replace('"0"', '""')),
        "sizes.json has no hash in its row: record it with `python -m claim_suite.fixtures.origins",
    ),
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


@pytest.mark.parametrize(
    "content", [b"{", b"\xff\xfe", b"[" * 100_000, b'{"a": 1, "a": 2}', b"[1e-9999999]", b"[NaN]", b"[-Infinity]"]
)
def test_what_is_not_json_is_refused_with_its_hash_recorded(data: Path, content: bytes) -> None:
    (data / "sizes.json").write_bytes(content)
    origins.record(data)
    with pytest.raises(SourceError, match=r"sizes\.json is not JSON"):
        origins.load("sizes.json", data, parse_float=Fraction)


def test_a_hash_is_recorded_or_its_row_is_named(data: Path) -> None:
    row = ROW.replace('"a paper"', '"a paper [1]"')
    for file, text in (("SOURCES.toml", row), ("sizes.json", "{}")):
        (data / file).write_text(f"\ufeff{text}", encoding="utf-8")  # as some editors write it
    assert origins.record(data) == [(data / "sizes.json").as_posix()]
    assert origins.faults(data) == origins.record(data) == []
    (data / "SOURCES.toml").write_text(row.replace('sha256 = "0"\n', ""))
    with pytest.raises(SourceError, match=r'SOURCES\.toml: the row \["sizes\.json"\] needs a line sha256 = ""'):
        origins.record(data)
    with pytest.raises(SourceError, match=r"SOURCES\.toml cannot be read"):
        origins.record(data / "nowhere")


def test_a_name_that_is_nearly_a_files_is_told(data: Path) -> None:
    with pytest.raises(SourceError, match=r"Size\.json has no row .*: did you mean sizes\.json\?$"):
        origins.load("Size.json", data)


def test_a_file_of_unknown_origin_is_a_fault(data: Path) -> None:
    (data / "stray.json").write_text("{}")
    (line,) = origins.faults(data)
    assert "stray.json has no row" in line


@pytest.mark.parametrize("folder", origins.folders(), ids=lambda folder: folder.parent.name)
def test_all_data_of_the_suite_are_as_recorded(folder: Path) -> None:
    assert origins.faults(folder) == []


def test_edited_data_refute_and_damaged_data_break_only_the_claims_that_use_them(suite: Suite) -> None:
    asserts = "assert measure(origins.load('{}.json', DATA)['width'], 't') == 3"
    suite.claims(
        "from pathlib import Path\nfrom fixtures import origins\nDATA = Path(__file__).parent / 'data'\n"
        + "".join(claim(name, asserts.format(name)) for name in ("edited", "whole", "damaged"))
    )
    for name in ("edited", "whole", "damaged"):
        suite.write(f"claims/paper/data/{name}.json", '{"width": 3}')
    rows = [ROW.replace("sizes", name) for name in ("edited", "whole", "damaged")]
    data = suite.write("claims/paper/data/SOURCES.toml", "".join(rows)).parent
    for name in ("edited", "damaged"):
        origins.record(data)
        (data / f"{name}.json").write_text('{"width": 4}')
    outcome = suite.run()
    assert outcome.code == 1, outcome.output
    assert outcome.verdicts == {"edited": "refuted", "whole": "holds", "damaged": "broken"}
    assert "claims/paper/data/damaged.json has changed since its hash was recorded" in outcome.reasons["damaged"]
    assert "fixtures/origins.py" not in outcome.output  # a line, and no traceback
