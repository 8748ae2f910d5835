"""Real runs of pytest on cards of one's own: from any folder, good and bad together, folders, and the hub."""

from __future__ import annotations

import json
import tomllib
from math import inf
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from claim_suite.fixtures.models.config import build
from tests.cards.samples import ACTIVE, CONFIG, EMBEDDING, TOTAL, card, write
from tests.conftest import Outcome, Suite
from tests.recording.stand_in_hub import COMMIT, Repository, serving
from tests.runs import ROOT

LINE = "model_cards"


def tensors(config: dict[str, object]) -> dict[str, torch.Tensor]:
    """Weights of the model of a configuration, in fp8 with a scale each."""
    weights = {}
    for name, weight in build(config).named_parameters():
        weights[name] = torch.zeros(weight.shape, dtype=torch.float8_e4m3fn)
        if name.endswith("proj.weight"):
            weights[f"{name}_scale_inv"] = torch.zeros((1, 1), dtype=torch.float32)
    return weights


def folder(path: Path, readme: str, **changed: object) -> Path:
    """Write a model's folder, with headers that are right."""
    path.mkdir()
    save_file(tensors(CONFIG), path / "model.safetensors")
    (path / "config.json").write_text(json.dumps(CONFIG | changed))
    (path / "README.md").write_text(readme)
    return path


def printed_card(outcome: Outcome, name: str) -> dict[str, object]:
    """Read the card file that a run printed for a model."""
    _, _, after = outcome.output.partition(f" {name} ==")
    _, _, text = after.partition("for you to check:\n")
    return tomllib.loads(text.partition("\n==")[0])


def test_good_and_bad_cards_are_each_told_apart(suite: Suite) -> None:
    by, without = f"{TOTAL:,}", f"{ACTIVE - EMBEDDING:,}"
    cards = {
        "good": card(f'total = "{by}"', "layers = 3", "heads = 4", 'context = "1K"', name="Good"),
        "wrong": card(
            f'total = "{TOTAL + 1:,}"', f'active = "{without}"', "experts = 6", name="Wrong",
            config=CONFIG | {"time_step_limit": [0.0, inf]},
        ),
        "declared": card(
            f'active = {{ stated = "{without}", loosely = "looked up", convention = "without the input embedding" }}',
            'experts = { stated = "9", refuted = "it has fewer" }', name="Declared",
        ),
        "twin": card("layers = 3", name="good"),
        "misspelt": card("layrs = 3", name="Misspelt"),
        "unknown": card("layers = 3", "heads = 4", name="Unknown", config=CONFIG | {"model_type": "no_such"}),
        "hostile": card("layers = 3", name="<script>alert(1)</script>").replace("its card", "<img src=x onerror=y>"),
    }  # fmt: skip
    for name, text in cards.items():
        write(suite.folder, name, text)
    outcome = suite.run(*(f"--card={name}.toml" for name in cards), "--tb=no")
    assert outcome.code == 4
    assert [line for line in outcome.output.splitlines() if line.startswith("ERROR: ")] == [
        "ERROR: twin.toml: good.toml is a card of 'good', too",
        outcome.output[outcome.output.index("ERROR: misspelt.toml: ") :].splitlines()[0],
    ]
    assert outcome.verdicts == {
        "good-total": "holds", "good-layers": "holds", "good-heads": "holds", "good-context": "holds",
        "wrong-total": "refuted", "wrong-active": "refuted", "wrong-experts": "holds",
        "declared-active": "loosely", "declared-experts": "refuted",
        "unknown-layers": "broken", "unknown-heads": "unchecked", "script-alert-1-script-layers": "holds",
    }  # fmt: skip
    assert outcome.reasons["unknown-layers"].endswith(
        "unknown.toml: the installed transformers has no model_type 'no_such', nor a class of its architectures"
    )
    assert outcome.claims["good-total"]["link"] == ""
    assert outcome.claims["good-total"]["row"] == "Good"
    assert "off by" not in outcome.output.partition(" Good ==")[2].partition("\n==")[0]
    assert f"Active, {without}: {ACTIVE:,} parameters, off by" in outcome.output
    assert f"would hold without the input embedding, {without}" in outcome.output
    read = printed_card(outcome, "Wrong")
    assert read["configuration"]["values"]["time_step_limit"] == [0.0, inf]  # type: ignore[index]
    assert read["printed"] == [
        {
            "where": "its card",
            "total": {"stated": f"{TOTAL + 1:,}", "refuted": "say why"},
            "active": {
                "stated": without,
                "loosely": "say which words allow to count without the input embedding",
                "convention": "without the input embedding",
            },
            "experts": 6,
        }
    ]
    page = suite.partial.with_suffix(".html").read_text()
    assert "<script>alert(1)" not in page
    assert "<img src=x" not in page
    assert not (suite.folder / "reports/out/claims.json").exists()


def test_the_readme_s_card_has_one_wrong_digit_that_the_run_finds(suite: Suite) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8").partition("```toml\n")[2].partition("```")[0]
    write(suite.folder, "my_card", text)
    outcome = suite.run("--card", "my_card.toml", "--tb=no")
    assert outcome.code == 1
    states = {name.removeprefix("mixtral-8x7b-"): verdict for name, verdict in outcome.verdicts.items()}
    assert states == {"total": "holds", "active": "refuted", "layers": "holds", "context": "holds"}
    assert "Active, 13.9B: 12,879,925,248 parameters, off by -7.34%" in outcome.output


def test_a_model_s_folder_is_checked_by_its_readme_and_its_headers(suite: Suite) -> None:
    readme = f"# Tiny\n\n- Layers: 3\n- total parameters: {TOTAL / 1000:.1f} thousand\n- Number of experts: 7\n"
    folder(suite.folder / "tiny", readme + "It is a 0.014M parameter model.\n")
    folder(suite.folder / "other", readme + "It is a 0.014M parameter model.\n", num_hidden_layers=2)
    outcome = suite.run("--card", "tiny", "--card", "other", "--tb=no")
    assert outcome.code == 1, outcome.output
    total, other = (
        next(name for name in outcome.claims if name.startswith(f"{one}-") and "total" in name)
        for one in ("tiny", "other")
    )
    (measured,) = outcome.claims[total]["cases"][0]["measured"]
    assert measured["routes"]["checkpoint headers"] == TOTAL
    assert outcome.verdicts["tiny-line-3-layers"] == "holds"
    assert outcome.verdicts["tiny-line-5-experts"] == "refuted"
    assert outcome.verdicts[other] == "broken"
    assert "checkpoint headers" in outcome.reasons[other]
    assert "line 5: - Number of experts: 7" in outcome.claims["tiny-line-5-experts"]["note"]
    assert printed_card(outcome, "tiny")["configuration"]["file"] == "config.json"  # type: ignore[index]


def test_a_model_of_the_hub_is_checked_at_one_commit_without_its_weights(suite: Suite, tmp_path: Path) -> None:
    made = folder(tmp_path / "made", "# Tiny\n\n- Number of Layers: 3\n- It has 0.01M parameters.\n")
    repositories = [
        Repository.of("org/tiny", made), Repository.of("org/closed", made, gated=True),
        Repository("org/empty", {"config.json": b"{}", "README.md": b"# Nothing\n"}),
    ]  # fmt: skip
    with serving(*repositories):
        names = ("org/tiny", "org/closed", "org/empty", "org/none", f"org/tiny@{'f' * 40}")
        outcome = suite.run(*(f"--card={name}" for name in names), "--tb=no")
    assert outcome.code == 4
    told = [line for line in outcome.output.splitlines() if line.startswith("ERROR: ")]
    assert [line.partition(":")[2].split(":")[0].split(" is ")[0].split(" has ")[0].strip() for line in told] == [
        "org/closed", "empty", "org/none", "org/tiny",
    ]  # fmt: skip
    assert outcome.verdicts["tiny-line-3-layers"] == "holds"
    (case,) = outcome.claims["tiny-line-4-total"]["cases"]
    assert case["measured"][0]["routes"]["checkpoint headers"] == TOTAL
    assert f"at the hub, commit {COMMIT}" in case["evidence"][0]["source"]
    asked = [line for line in repositories[0].asked if "GET" in line and "safetensors" in line]
    assert asked


@pytest.mark.parametrize("name", ["org/nothing", "nowhere.toml", ".", "n" * 256])
def test_where_no_card_can_be_used_the_run_says_why_in_one_line(suite: Suite, name: str) -> None:
    outcome = suite.run(f"--card={name}")
    assert outcome.code == 4
    (line,) = [line for line in outcome.output.splitlines() if line.startswith("ERROR: ")]
    assert len(line) < 310
    assert outcome.ledger is None or not outcome.claims
