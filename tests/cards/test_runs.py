"""Runs of pytest on cards of one's own: from any folder, good and bad together; what each says, and how each ends."""

from __future__ import annotations

import json
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

# pytester forgets what a run imports, and classes that are imported twice are not the same.
import claim_suite.fixtures.cards.plugin
import claim_suite.fixtures.claim.plugin
import claim_suite.fixtures.models.counted
import claim_suite.fixtures.recording.plugin
import claim_suite.reports.recorder  # noqa: F401
from claim_suite.fixtures import origins
from tests.cards.samples import ACTIVE, CONFIG, EMBEDDING, TOTAL, card, write

pytest_plugins = ["pytester"]
README = f"# Tiny\n\n- Layers: 3\n- total parameters: {TOTAL:,}\n- Number of experts: 7\n- Wider experts: 9\n"


def folder(path: Path, readme: str = README, **changed: object) -> Path:
    """Write a model's folder."""
    path.mkdir()
    (path / "config.json").write_text(json.dumps(CONFIG | changed))
    (path / "README.md").write_text(readme)
    return path


def check(pytester: pytest.Pytester, *cards: str) -> tuple[pytest.RunResult, dict[str, Any]]:
    """Run pytest on cards; return also the verdict of each claim, by its id."""
    ledger = pytester.path / "ledger.json"
    options = [f"--card={name}" for name in cards]
    run = pytester.runpytest(*options, f"--ledger={ledger}", "-pno:cacheprovider")
    told = json.loads(ledger.read_text())["claims"] if ledger.exists() else []
    verdicts = {claim["id"].partition("/")[2]: [case["verdict"] for case in claim["cases"]] for claim in told}
    return run, {name: "loosely" if cases == ["refuted", "holds"] else cases[-1] for name, cases in verdicts.items()}


def test_a_folder_is_checked_with_every_number_in_its_reading(pytester: pytest.Pytester) -> None:
    folder(pytester.path / "tiny", README + f"\nIt has {ACTIVE - EMBEDDING:,} active parameters.\n")
    run, verdicts = check(pytester, "tiny")
    assert verdicts == {
        "tiny-line-3-layers": "holds", "tiny-line-4-total": "holds", "tiny-line-5-experts": "refuted",
        "tiny-line-8-active": "loosely",
    }  # fmt: skip
    assert run.ret == 1
    run.stdout.fnmatch_lines(
        ["*Experts, 7: 6 experts, off by +16.67%: num_experts = 6 in the configuration", "*Seen, not read, and not*",
         "*line 6: 9: its label is not understood"]
    )  # fmt: skip
    run.stdout.fnmatch_lines(["*; holds without the input embedding, *"])


def test_a_card_that_arithmetic_covers_needs_no_torch(pytester: pytest.Pytester) -> None:
    folder(
        pytester.path / "tiny",
        f"- Layers: 3\n- Params: {TOTAL:,}\n- KV heads: 2\n- Head dim: 8\n- Context length: 1K\n",
    )
    code = "import sys, pytest; code = pytest.main(['--card=tiny', '-q']); assert 'torch' not in sys.modules;"
    " sys.exit(code)"
    assert pytester.run(sys.executable, "-c", code).ret == 0


def test_what_to_write_to_an_author_has_the_sum_and_the_corrected_line(pytester: pytest.Pytester) -> None:
    folder(pytester.path / "tiny")
    run = pytester.runpytest_inprocess("--card=tiny", "--card-fix")
    run.stdout.fnmatch_lines(
        ["Experts: 7 or 6?", "*The README (line 5) says 7 routed experts in a block*we count 6 experts.",
         "*num_experts = 6 in the configuration", "*- Number of experts: 6"]
    )  # fmt: skip


def test_a_job_is_told_the_line_and_the_table(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    summary = pytester.path / "summary.md"
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    folder(pytester.path / "tiny", "- Number of experts: 7 (<b>::error::|)\n- Context length: 512\n- Wider heads: 9\n")
    run = pytester.runpytest_inprocess("--card=tiny")
    run.stdout.fnmatch_lines(["::error file=tiny/README.md,line=1::Experts, 7: 6 experts, off by*"])
    run.stdout.fnmatch_lines(["::warning file=tiny/README.md,line=2::Context, 512: 1,024 tokens*at least as many"])
    assert [line for line in run.outlines if line.startswith("::")] == [
        line for line in run.outlines if line.startswith(("::error file=", "::warning file="))
    ]
    assert "- line 3: 9: its label is not understood" in summary.read_text()


def test_good_and_bad_cards_are_each_told_apart(pytester: pytest.Pytester) -> None:
    good = card(f'total = "{TOTAL:,}"', "layers = 3", "heads = 4", 'context = "1K"', name="Good")
    cards = {
        "good": good,
        "declared": card('experts = { stated = "9", refuted = "it has fewer", reply = "a typo" }', name="Declared"),
        "twin": card("layers = 3", name="good"),
        "misspelt": card("layrs = 3", name="Misspelt"),
        "unknown": card("layers = 3", "heads = 4", name="Unknown", config=CONFIG | {"model_type": "no_such"}),
    }
    for name, text in cards.items():
        write(pytester.path, name, text)
    run, verdicts = check(pytester, *(f"{name}.toml" for name in cards))
    assert run.ret == 4
    assert verdicts == {
        "good-total": "holds", "good-layers": "holds", "good-heads": "holds", "good-context": "holds",
        "declared-experts": "refuted", "unknown-layers": "broken", "unknown-heads": "unchecked",
    }  # fmt: skip
    run.stdout.fnmatch_lines(["*twin.toml: good.toml is a card of 'good', too*"])
    run.stdout.fnmatch_lines(["*misspelt.toml: 'layrs' is no quantity*"])


BAD = {
    "org/nothing": None, "nowhere.toml": None, "n" * 256: None,
    "no config": {"README.md": b"3 layers"}, "no readme": {"config.json": b"{}"},
    "a list": {"config.json": b"[]", "README.md": b"3 layers"},
    "50 MB": {"config.json": b'{"model_type": "llama"}', "README.md": b"3 layers " * 6_000_000},
    "no numbers": {"config.json": b'{"model_type": "llama"}', "README.md": b"# Nothing"},
    "unclear": {"config.json": b'{"model_type": "llama"}', "README.md": b"- Wider experts: 9"},
    "no JSON": {"config.json": b"layers: 3", "README.md": b"3 layers"},
    "NaN": {"config.json": b'{"model_type": "llama", "num_hidden_layers": NaN}', "README.md": b"3 layers"},
    "UTF-16": {"config.json": b'{"model_type": "llama"}', "README.md": "3 layers".encode("utf-16")},
    "deep": {"config.json": b"[" * 100_000, "README.md": b"3 layers"},
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_where_no_card_can_be_used_the_run_says_why_in_one_line(pytester: pytest.Pytester, name: str) -> None:
    for file, content in (BAD[name] or {}).items():
        (pytester.path / name).mkdir(exist_ok=True)
        (pytester.path / name / file).write_bytes(content)
    run, verdicts = check(pytester, name)
    assert (run.ret, verdicts) == (4, {})
    (line,) = [line for line in run.errlines if line.startswith("ERROR: ")]
    assert len(line) < 400


def test_a_printed_card_file_says_what_was_found(pytester: pytest.Pytester) -> None:
    folder(pytester.path / "tiny")
    run, _ = check(pytester, "tiny")
    text = "\n".join(run.outlines).partition("for you to check:\n")[2].partition("\n==")[0]
    first, *_, last = tomllib.loads(text)["printed"]
    assert first == {"id": "line-3", "where": "line 3: Layers: 3", "layers": "3"}
    assert last["experts"] == {"stated": "7", "refuted": "say why"}


# What the registered errors of published cards come to: by folder, the number that is off.
KNOWN = {
    "mistral-nemo": {"line-8-mlp-width"}, "zephyr-141b": {"line-3-active"}, "tinystories-33m": {"line-3-total"},
    "gpt2-117m": {"line-3-total"}, "bloom-560m-corrected": {"line-4-total"},
    "bloom-560m": {"line-4-total", "line-5-layers", "line-5-heads", "line-6-width"},
    "Gemma-7B": set(), "Qwen3-0.6B": set(), "DeepSeek-V2-Lite": set(), "granite-3.1-3b-a800m": set(),
}  # fmt: skip


def test_known_errors_of_published_cards_are_off_and_nothing_else_is(pytester: pytest.Pytester) -> None:
    _, verdicts = check(pytester, *(str(origins.DATA / "readmes" / name) for name in KNOWN))
    off: dict[str, set[str]] = {name: set() for name in KNOWN}
    for claim, verdict in verdicts.items():
        name = max((one for one in KNOWN if claim.startswith(one.lower().replace(".", "-"))), key=len)
        if verdict == "refuted":
            off[name].add(claim[len(name) + 1 :])
    assert off == KNOWN
    assert {*verdicts.values()} == {"holds", "loosely", "refuted"}
