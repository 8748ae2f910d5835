"""How far two engines agree: laws, on records whose differences are known."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from claim_suite.fixtures import origins
from claim_suite.fixtures.claim.numbers import NotCovered, Undecided
from claim_suite.fixtures.errors import EvidenceError
from claim_suite.fixtures.routing import agreement, files
from claim_suite.fixtures.routing.counts import Text, count
from claim_suite.fixtures.routing.intervals import ratio_intervals
from claim_suite.fixtures.routing.metadata import UNKNOWN
from claim_suite.fixtures.routing.shares import assignment_shares
from tests.conftest import Suite
from tests.routing import planted
from tests.routing.planted import METADATA

ROOT = Path(__file__).parents[2]
LAYERS, EXPERTS, TOP_K = 3, 8, 2
COMMON = METADATA | {"layers": LAYERS, "experts": EXPERTS, "top_k": TOP_K, "tried": [TOP_K], "ranks": UNKNOWN}


def choose(seed: int, texts: list[Text]) -> list[Any]:
    return planted.choose(seed, texts, LAYERS, EXPERTS, TOP_K)


def differ(seed: int, chosen: list[Any], share: float) -> list[Any]:
    """The same, but for a share of tokens and layers, whose first choice is another expert that was not chosen."""
    drawing = np.random.default_rng(seed)
    found = []
    for each in chosen:
        free = (each[..., None] != np.arange(EXPERTS)).all(-2)  # [tokens, layers, experts]
        other = (drawing.random(free.shape) * free).argmax(-1)
        turned = drawing.random(other.shape) < share
        found.append(np.stack([np.where(turned, other, each[..., 0]), each[..., 1]], -1))
    return found


def write(path: Path, texts: list[Text], chosen: list[Any], *, keep: bool = True, **metadata: Any) -> Path:
    """A recording of these choices."""
    counts = count(texts, chosen, EXPERTS, ranked=False, keep=keep)
    files.write([counts], COMMON | metadata, path)
    return path


def some(numbers: dict[str, int], tokens: int = 12) -> list[Text]:
    drawing = np.random.default_rng(3)
    names = [name for name, number in numbers.items() for _ in range(number)]
    return [Text(name, place, int(drawing.integers(1, tokens))) for place, name in enumerate(names)]


TEXTS = some({"A": 14, "B": 12})
SEEDS = st.integers(0, 2**32 - 1)


@given(SEEDS, st.floats(0, 0.5), st.booleans())
def test_shares_of_differences_are_what_was_changed(tmp_path_factory: Any, seed: int, share: float, keep: bool) -> None:
    """Counts alone show no more than was changed, no more moves than differs, and either engine may be first."""
    folder, ours = tmp_path_factory.mktemp("pair"), choose(seed, TEXTS)
    theirs = differ(seed, ours, share)
    changed = np.mean(
        np.concatenate([each.ravel() for each in ours]) != np.concatenate([each.ravel() for each in theirs])
    )
    one = write(folder / "one.parquet", TEXTS, ours)
    other = write(folder / "other.parquet", TEXTS, theirs, keep=keep, engine="another")
    found, turned = agreement.read([one], [other]), agreement.read([other], [one])
    assert found.exact == keep
    if keep:
        assert found.differ().value == pytest.approx(changed)
    else:
        assert found.differ().value <= changed + 1e-12
    for layer in (*found.one.layers, None):
        assert 0 <= found.total_variation(layer).value <= found.differ(layer).value + 1e-12
        assert found.total_variation(layer).value == pytest.approx(turned.total_variation(layer).value)
        assert found.differ(layer).value == pytest.approx(turned.differ(layer).value)
        assert found.noise(layer) > 0


@given(SEEDS)
def test_moved_is_the_total_variation_of_shares(tmp_path_factory: Any, seed: int) -> None:
    folder, ours = tmp_path_factory.mktemp("pair"), choose(seed, TEXTS)
    theirs = differ(seed, ours, 0.3)
    found = agreement.read([write(folder / "a.parquet", TEXTS, ours)], [write(folder / "b.parquet", TEXTS, theirs)])
    sizes, far = [], []
    for domain in "AB":
        own = [place for place, text in enumerate(TEXTS) if text.domain == domain]
        shares = [assignment_shares(each.choices[own, 1].sum(0)) for each in (found.one, found.other)]
        far.append(np.abs(shares[0] - shares[1]).sum() / 2)
        sizes.append(sum(TEXTS[place].tokens for place in own))
    assert found.total_variation(1).value == pytest.approx(np.average(far, weights=sizes))


def test_intervals_are_those_of_the_ratios_and_noise_is_that_of_other_texts(tmp_path: Path) -> None:
    texts = some({"A": 40, "B": 30})
    ours = choose(1, texts)
    one = write(tmp_path / "one.parquet", texts, ours)
    found = agreement.read([one], [write(tmp_path / "other.parquet", texts, differ(2, ours, 0.1))])
    tokens = np.array([text.tokens for text in texts])
    for layer, places in ((1, [1]), (None, [0, 1, 2])):
        sizes = tokens * TOP_K * len(places)
        of_choices = ratio_intervals(found.differing[:, places].sum(1), sizes, 0.95, 0, 1).estimate()
        assert found.differ(layer) == of_choices
        assert found.differ(layer).texts == 70
        total, far, off = found.total_variation(layer), 0.0, 0.0
        drawing = np.random.default_rng(5)
        for own in (np.arange(40), np.arange(40, 70)):
            counts, others = (each.choices[own][:, places] for each in (found.one, found.other))
            drawn = drawing.multinomial(len(own), np.full(len(own), 1 / len(own)), 400)
            again = assignment_shares(np.tensordot(drawn, counts, 1))
            off += np.abs(again - assignment_shares(counts.sum(0))).sum(-1).mean() / 2 * tokens[own].sum()
            apart = np.abs(assignment_shares(counts.sum(0)) - assignment_shares(others.sum(0))).sum(-1)
            far += apart.mean() / 2 * tokens[own].sum()
        assert total.value == pytest.approx(far / tokens.sum())
        assert 0 <= total.low < total.value < total.high < 1
        assert found.noise(layer) == pytest.approx(off / tokens.sum(), rel=0.08)


def test_an_engine_agrees_with_itself_in_any_order_of_choices(tmp_path: Path) -> None:
    ours = choose(1, TEXTS)
    one = write(tmp_path / "one.parquet", TEXTS, ours)
    other = write(tmp_path / "other.parquet", TEXTS, [each[..., ::-1] for each in ours])
    found = agreement.read([one], [other])
    assert (found.differ().value, found.total_variation().value) == (0, 0)
    assert found.differ().high > 0  # texts that were not read may differ
    assert found.noise() > 0


def test_a_claim_decides_within_the_noise_of_texts(tmp_path: Path) -> None:
    """Few near-ties that turn are within it; an engine that prefers an expert is not; few texts cannot tell."""
    texts = some({"A": 60, "B": 60})
    ours = choose(1, texts)
    one = [write(tmp_path / "one.parquet", texts, ours)]
    near = agreement.read(one, [write(tmp_path / "near.parquet", texts, differ(2, ours, 0.01))])
    assert near.total_variation() < near.noise()
    biased = [each.copy() for each in ours]
    for each in biased:
        each[..., 0] = np.where(each[..., 1] == 7, each[..., 0], 7)
    far = agreement.read(one, [write(tmp_path / "far.parquet", texts, biased)])
    assert far.total_variation() > far.noise()
    few = [write(tmp_path / "few.parquet", texts[:9], ours[:9])]
    with pytest.raises(Undecided, match="too few to tell"):
        agreement.read(few, few).total_variation()
    with pytest.raises(Undecided, match="too few to tell"):
        agreement.read(few, few).noise()
    with pytest.raises(NotCovered, match="lacks the layer 9"):
        near.differ(9)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"model": "another"}, "model is 'm' and 'another'"),
        ({"corpus_sha256": "1"}, "corpus_sha256 is"),
        ({"texts": TEXTS[1:]}, "do not have the same texts"),
    ],
)
def test_other_models_and_texts_are_not_compared(change: dict[str, Any], line: str, tmp_path: Path) -> None:
    texts = change.pop("texts", TEXTS)
    one = write(tmp_path / "one.parquet", TEXTS, choose(1, TEXTS))
    other = write(tmp_path / "other.parquet", texts, choose(1, texts), **change)
    with pytest.raises(EvidenceError, match=line):
        agreement.read([one], [other])


def test_claims_of_two_engines_are_written_as_the_page_for_authors_has_it(suite: Suite) -> None:
    (example,) = re.findall(r"^```py\n(.*?)^```", (ROOT / "AUTHORING.md").read_text(), re.MULTILINE | re.DOTALL)
    other = example.replace("engines-agree", "others-agree").replace("test_engines", "test_others")
    suite.claims(example + other.replace("vllm.parquet", "other.parquet"))
    texts = some({"A": 60, "B": 60})
    ours = choose(1, texts)
    biased = [np.where((each == 7).any(-1, keepdims=True), each, [0, 7]) for each in ours]
    data, register = suite.folder / "claims/paper/data", ""
    for name, chosen in {"transformers": ours, "vllm": differ(2, ours, 0.01), "other": biased}.items():
        register += f'["{name}.parquet"]\norigin = "recorded"\nlicence = "ours"\nsha256 = ""\n'
        suite.write("claims/paper/data/SOURCES.toml", register)
        write(
            data / f"{name}.parquet",
            texts,
            chosen,
            engine=name,
            model="mistralai/Mixtral-8x7B-v0.1",
            revision="fc7ac94680e38d7348cfa806e51218e6273104b0",
            identity="mixtral-8x7b-v0.1",
        )
    origins.record(data)
    outcome = suite.run()
    assert outcome.verdicts == {"engines-agree": "holds", "others-agree": "refuted"}, outcome.output
    told = outcome.claims["engines-agree"]["cases"][0]["evidence"]
    assert [each["engine"].partition(",")[0] for each in told] == ["vllm", "transformers"]
    assert all(each["sha256"] and each["file"].endswith(".parquet") for each in told)


def test_the_command_says_it_by_layer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ours = choose(1, TEXTS)
    (tmp_path / "a").mkdir()
    write(tmp_path / "a" / "routing.parquet", TEXTS, ours)
    write(tmp_path / "b.parquet", TEXTS, differ(2, ours, 0.02), engine="vllm 0.30.0")
    monkeypatch.setattr(sys, "argv", ["agreement", str(tmp_path / "a"), str(tmp_path / "b.parquet")])
    assert agreement.main() == 0
    lines = capsys.readouterr().out.splitlines()
    assert "vllm 0.30.0" in lines[0]
    assert [line.split(":")[0] for line in lines[1:-1]] == ["layer 0", "layer 1", "layer 2", "all layers"]
    assert lines[-1] == "within the noise"
    for bad in ("nowhere", "n" * 300):
        sys.argv[2] = str(tmp_path / bad)
        assert agreement.main() == 2
        assert capsys.readouterr().err.count("\n") == 1
