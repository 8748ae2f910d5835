"""`python -m claims mutate` finds the claims that come out the same whatever they measure, and no others."""

from __future__ import annotations

from pathlib import Path

import pytest

from claim_suite.fixtures.authoring import mutate
from claim_suite.fixtures.claim.numbers import printed

CLAIMS = '''
import pytest

pytestmark = pytest.mark.cheap

@pytest.mark.claim("total", stated="13.02B")
def test_total(stated, measure):
    """It has 13.02 billion."""
    assert measure(13_015_864_320, "parameters") == stated

@pytest.mark.claim("more")
def test_more(measure):
    """One is more than the other."""
    assert measure(3, "layers", of="one") > measure(2, "layers", of="other")

@pytest.mark.claim("wrong", refuted="it is three", reply="It was meant of two.", words="So.")
def test_wrong(measure):
    """It has four layers."""
    assert measure(3, "layers", also=3) == 4

@pytest.mark.claim("same")
def test_same(measure):
    """It has layers."""
    measure(3, "layers")
    assert 3 > 2

@pytest.mark.claim("either", stated="3")
def test_either(stated, measure):
    """It has three."""
    assert (measure(3, "layers") == stated) in (True, False)
'''


def test_only_claims_that_hang_on_nothing_survive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "paper"
    folder.mkdir()
    folder.joinpath("test_one.py").write_text(CLAIMS)
    folder.joinpath("document.toml").write_text(
        'title = "A paper"\n[[sections]]\nid = "1"\ntitle = "One"\nfile = "test_one.py"\n'
    )
    monkeypatch.chdir(tmp_path)
    tried, lines = mutate.survivors([folder])
    assert tried == 5
    assert lines == ["paper/either: holds whatever is measured", "paper/same: holds whatever is measured"]


@pytest.mark.parametrize(
    ("text", "up"),
    [("13.02B", "13.03B"), ("12%", "13%"), ("1/8", "1/9"), ("~45B", "~46B"), ("1,024", "1025"), ("0.9", "1.0")],
)
def test_a_printed_number_moves_by_a_unit_of_its_last_digit(text: str, up: str) -> None:
    assert (mutate.moved(printed(text), 1).low, mutate.moved(printed(text), 1).high) == (
        printed(up).low,
        printed(up).high,
    )
