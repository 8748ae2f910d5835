"""The whole command, as a user would run it, on planted worlds: the claims get the planted verdicts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fixtures.recording import record as recording
from fixtures.recording import run
from fixtures.recording.errors import RecordingError
from fixtures.routing.files import read
from tests.recording import worlds
from tests.recording.planted import as_cells, expected, words_of
from tests.recording.test_counts import engine_for

ROOT = Path(__file__).parents[2]
ROUTING = (
    "two-experts-used", "maths-expert-0", "stackexchange-expert-8", "wikipedia-expert-8", "first-layer-even",
    "deeper-is-more-specific", "layer-31-deviates", "repetition-above-chance", "no-topic-pattern",
)  # fmt: skip


def command(folder: Path, claims: tuple[str, ...], **options: object) -> tuple[int, str, dict[str, Any]]:
    """Run `pytest -m gpu` with the options; gives its exit code, what it said, and the ledger."""
    ledger = folder / "claims.json"
    ledger.unlink(missing_ok=True)
    given = {"ledger": ledger, "page": folder / "claims.html", "evidence_out": folder / "evidence"} | options
    named = [f"--{name.replace('_', '-')}={value}" for name, value in given.items()]
    chosen = [f"--claim={claim}" for claim in claims]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-m", "gpu", "-p", "no:cacheprovider", *named, *chosen],
        cwd=ROOT, env=os.environ | {"OMP_NUM_THREADS": "1"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr, json.loads(ledger.read_text()) if ledger.exists() else {}


def verdicts(ledger: dict[str, Any]) -> dict[str, str]:
    """Verdict of every case that was checked on fresh evidence: `claim`, or `claim[reading]` where it has two."""
    found = {}
    for claim in ledger["claims"]:
        fresh = [case for case in claim["cases"] if case["source"] == "fresh measurement"]
        for case in fresh:
            name = claim["id"].partition("/")[2] + (f"[{case['reading']}]" if len(fresh) > 1 else "")
            found[name] = case["verdict"]
    return {name: verdict for name, verdict in found.items() if name.partition("[")[0] in ROUTING}


def test_a_world_in_which_the_document_is_right(tmp_path: Path) -> None:
    planted, text = worlds.right(tmp_path)
    _, said, ledger = command(tmp_path, ROUTING, model=planted.folder, corpus=text, device="cpu")
    assert verdicts(ledger) == {
        "two-experts-used": "holds",
        "maths-expert-0[literal]": "holds",
        "maths-expert-0[loose]": "holds",
        "stackexchange-expert-8": "holds",
        "wikipedia-expert-8": "holds",
        "first-layer-even": "holds",
        "deeper-is-more-specific": "holds",
        "layer-31-deviates": "holds",
        "repetition-above-chance": "holds",
        "no-topic-pattern[literal]": "refuted",
        "no-topic-pattern[loose]": "unchecked",  # the topics that it names are not among these
    }, said
    assert as_cells(read([tmp_path / "evidence"])) == expected(planted, words_of(text))

    # The same verdicts from what was recorded, with no model and in a moment.
    some = ("stackexchange-expert-8", "first-layer-even")
    code, said, again = command(tmp_path, some, evidence=tmp_path / "evidence")
    assert {name: verdicts(again)[name] for name in some} == {name: verdicts(ledger)[name] for name in some}, said
    assert code in (0, 1)


def test_a_world_in_which_the_document_is_wrong(tmp_path: Path) -> None:
    planted, text = worlds.wrong(tmp_path)
    _, said, ledger = command(tmp_path, ROUTING, model=planted.folder, corpus=text, device="cpu")
    assert verdicts(ledger) == {
        "two-experts-used": "holds",
        "maths-expert-0[literal]": "refuted",
        "maths-expert-0[loose]": "refuted",
        "stackexchange-expert-8": "refuted",
        "wikipedia-expert-8": "refuted",
        "first-layer-even": "refuted",
        "deeper-is-more-specific": "refuted",
        "layer-31-deviates": "refuted",
        "repetition-above-chance": "holds",
        "no-topic-pattern[literal]": "refuted",
        "no-topic-pattern[loose]": "unchecked",
    }, said


def test_a_world_in_which_the_text_cannot_tell(tmp_path: Path) -> None:
    planted, text = worlds.unclear(tmp_path)
    asked = ("stackexchange-expert-8", "wikipedia-expert-8")
    _, said, ledger = command(tmp_path, asked, model=planted.folder, corpus=text, device="cpu")
    found = {claim["id"]: claim["cases"] for claim in ledger["claims"]}
    for claim in asked:
        (case,) = [case for case in found[f"moe_post/{claim}"] if case["source"] == "fresh measurement"]
        assert case["verdict"] == "undecided", said
        assert "10 documents were read, about" in case["reason"]


def test_nothing_is_fetched_or_recorded_unless_asked(tmp_path: Path) -> None:
    code, said, ledger = command(tmp_path, ROUTING)
    assert code == 5, said
    assert set(verdicts(ledger).values()) == {"unchecked"}
    reasons = {
        case["reason"] for claim in ledger["claims"] for case in claim["cases"] if case["verdict"] == "unchecked"
    }
    assert run.NO_GPU in reasons
    assert not (tmp_path / "evidence").exists()


@pytest.mark.parametrize("option", ["model", "corpus"])
def test_what_was_asked_for_and_cannot_be_had_ends_the_run(
    option: str, corpus: Path, planted: Any, tmp_path: Path
) -> None:
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad.jsonl").write_text("not JSON\n")
    usual = {"model": planted.folder, "corpus": corpus, "device": "cpu"}
    bad = {"model": tmp_path / "bad", "corpus": tmp_path / "bad.jsonl"}[option]
    code, said, _ = command(tmp_path, ROUTING, **(usual | {option: bad}))
    assert code == 4
    line = said.strip().splitlines()[-1]
    assert line.startswith("ERROR: ")
    assert {"model": "has no config.json", "corpus": "line 1 of bad.jsonl is not JSON"}[option] in line
    assert "Traceback" not in said


def test_evidence_of_another_model_is_refused(ready: Any, chosen: Any, tmp_path: Path) -> None:
    prepared = ready()
    counts = recording.record(prepared, tmp_path / "evidence", engine_for(prepared))
    given = replace(chosen(), evidence=(tmp_path / "evidence",))
    assert run.read(given).documents == counts.documents
    with pytest.raises(RecordingError, match="the evidence is of planted, not of --model owner/name"):
        run.read(replace(given, model="owner/name"))
