"""The whole command, as a user would run it, on planted worlds: the claims get the planted verdicts."""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from safetensors.torch import load_file, save_file

from claim_suite.fixtures.recording import recordings, timing
from tests import runs
from tests.recording import counterfactuals
from tests.recording.synthetic_checkpoint import Planted, cells, expected, words_of
from tests.runs import ROOT

WORLDS = {"right": counterfactuals.right, "wrong": counterfactuals.wrong, "unclear": counterfactuals.unclear}
# What becomes of the claims on fresh evidence in each world, `claim` or `claim[reading]` where it has two.
VERDICTS = {
    "two-experts-used": ("holds", "holds", "holds"),
    "maths-expert-0": ("holds", "refuted", "refuted"),
    "stackexchange-expert-8[literal]": ("holds", "refuted", "undecided"),
    "stackexchange-expert-8[loose]": ("holds", "refuted", "holds"),  # it takes more than an even share
    "wikipedia-expert-8": ("holds", "refuted", "undecided"),
    "first-layer-even": ("holds", "refuted", "holds"),
    "deeper-is-more-specific": ("holds", "refuted", "undecided"),
    "layer-31-deviates": ("holds", "refuted", "holds"),
    "repetition-above-chance": ("holds", "holds", "undecided"),
    "no-topic-pattern": ("holds", "refuted", "undecided"),
    "all-experts-hurt": ("refuted", "", ""),  # in these worlds experts change nothing: it is asked of one
}


class Done(NamedTuple):
    """How a command ended: its exit code, what it said, and the cases that need weights, by claim and reading."""

    code: int
    said: str
    cases: dict[str, dict[str, Any]]


def command(folder: Path, *more: str, tier: str = "gpu", **options: object) -> Done:
    """Run `pytest -m gpu` with the options on the documents that speak of fresh evidence."""
    ledger = folder / "claims.json"
    ledger.unlink(missing_ok=True)
    given = {"ledger": ledger, "page": folder / "claims.html", "evidence_out": folder / "evidence"} | options
    named = [f"--{name.replace('_', '-')}={value}" for name, value in given.items()]
    done = runs.inside(ROOT, "-m", tier, *named, *more, "claims/mixtral_paper", "claims/moe_post")
    found: dict[str, dict[str, Any]] = {}
    for claim in json.loads(ledger.read_text())["claims"] if ledger.exists() else []:
        cases = [case for case in claim["cases"] if case["tier"] == "gpu"]
        for case in cases:
            name = claim["id"].partition("/")[2]
            found[f"{name}[{case['reading']}]" if len(cases) > 1 else name] = case
    return Done(done.code, done.output, found)


class World(NamedTuple):
    """A planted world, its text, where it was recorded, and the run that recorded it."""

    planted: Planted
    text: Path
    folder: Path
    done: Done


@pytest.fixture(scope="module")
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> World:
    """A world by its name, recorded by one command."""
    folder = tmp_path_factory.mktemp(request.param)
    planted, text = WORLDS[request.param](folder)
    less = [] if request.param == "right" else ["-k", "not all_experts_hurt"]
    done = command(folder, "--stand-in", *less, model=planted.folder, corpus=text, device="cpu")
    return World(planted, text, folder, done)


in_the_right_world = pytest.mark.parametrize("world", ["right"], indirect=True)


@pytest.mark.parametrize("world", WORLDS, indirect=True)
def test_the_claims_get_the_planted_verdicts(world: World) -> None:
    name, cases = world.planted.folder.name, world.done.cases
    place = list(WORLDS).index(name)
    planted = {claim: verdicts[place] for claim, verdicts in VERDICTS.items() if verdicts[place]}
    assert {claim: cases.get(claim, {}).get("verdict") for claim in planted} == planted, world.done.said
    for claim in planted:
        (told,) = (each for each in cases[claim]["evidence"] if each["precision"])  # made with weights
        assert (told["model"], told["stand_in"], told["precision"], told["device"]) == (name, True, "float32", "cpu")


@in_the_right_world
def test_times_of_a_gpu_are_not_taken_on_a_cpu(world: World) -> None:
    case = world.done.cases["ffn-optimisation-pays-more"]
    assert (case["verdict"], case["reason"]) == ("unchecked", timing.NOT_ON_A_CPU)
    assert case["evidence"][0]["model"] == "llama-2-13b"


@in_the_right_world
def test_what_was_recorded_says_the_same_again(world: World, tmp_path: Path) -> None:
    """With no model and in a moment; perplexity too. Evidence of a model that the claims are not about judges none."""
    some = ("wikipedia-expert-8", "all-experts-hurt")
    assert cells(world.folder / "evidence/routing.parquet") == expected(world.planted, words_of(world.text))
    again = command(tmp_path, *[f"--claim={claim}" for claim in some], evidence=world.folder / "evidence")
    for claim in some:
        assert again.cases[claim]["measured"] == world.done.cases[claim]["measured"], again.said
        assert again.cases[claim]["verdict"] == "unchecked"
        assert "made on right" in again.cases[claim]["reason"]
    assert again.code == 5
    assert not (tmp_path / "evidence").exists()


def test_nothing_is_fetched_or_recorded_unless_asked(tmp_path: Path) -> None:
    done = command(tmp_path)
    assert done.code == 5, done.said
    assert {case["verdict"] for case in done.cases.values()} == {"unchecked"}
    assert {case["reason"] for case in done.cases.values()} >= {recordings.NO_GPU, recordings.NO_CLOCK}
    assert not (tmp_path / "evidence").exists()


@pytest.mark.parametrize(
    ("bad", "line"),
    [({"corpus": "bad.jsonl"}, "line 1 of bad.jsonl is not JSON"), ({"dtype": "int4"}, "--dtype int4: choose one of")],
)
def test_what_was_asked_for_and_cannot_be_had_ends_the_run(
    bad: dict[str, str], line: str, corpus: Path, planted: Planted, tmp_path: Path
) -> None:
    not_json = tmp_path / "bad.jsonl"
    not_json.write_text("not JSON\n")
    given: dict[str, Any] = {name: not_json if name == "corpus" else value for name, value in bad.items()}
    usual: dict[str, Any] = {"model": planted.folder, "corpus": corpus, "device": "cpu"}
    done = command(tmp_path, **(usual | given))
    assert done.code == 4
    assert done.said.strip().splitlines()[-1].startswith("ERROR: ")
    assert line in done.said.strip().splitlines()[-1]
    assert "Traceback" not in done.said


def test_options_of_a_recording_are_no_matter_to_cheap_claims(tmp_path: Path) -> None:
    done = command(tmp_path, "--claim=mixtral-total", tier="cheap", dtype="int4", model="nowhere")
    assert done.code == 0, done.said


def test_what_stops_a_recording_is_told_once(corpus: Path, planted: Planted, tmp_path: Path) -> None:
    """Weights that give no numbers stop it after collection: one claim is broken, and the others are not checked."""
    folder = tmp_path / "nan"
    shutil.copytree(planted.folder, folder)
    tensors = load_file(folder / "model.safetensors")
    tensors["model.norm.weight"][:] = float("nan")
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    done = command(tmp_path, model=folder, corpus=corpus, device="cpu")
    assert done.code == 1
    assert done.said.count("numbers are not finite, or choices not the router's own, at the last layer") <= 3
    assert "Traceback" not in done.said
    verdicts = Counter(case["verdict"] for case in done.cases.values())
    assert verdicts == {"broken": 1, "unchecked": len(done.cases) - 1}
    assert sum("the recording stopped" in case["reason"] for case in done.cases.values()) >= 8
    assert re.search(r"^recording: loading the weights$", done.said, re.MULTILINE)


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_a_plan_says_what_a_recording_takes_and_starts_nothing(
    device: str, corpus: Path, planted: Planted, tmp_path: Path
) -> None:
    done = command(tmp_path, "--plan", model=planted.folder, corpus=corpus, device=device)
    assert done.code == 0, done.said
    said = dict(line.split(": ", 1) for line in done.said.splitlines() if ": " in line)
    assert said["model"].startswith("planted at sha256:")
    assert said["text"].startswith("34 documents of 3 domains, ")
    assert said["already recorded"].startswith("0 of ")
    assert said["download"] == "none, 0.00027 GB of weights are here"
    assert re.search(r"GB in bfloat16, .* GB in fp8; .*--dtype=fp8 or more GPUs", said["memory"])
    assert re.search(r"GB for the recording, .* GB are free in .*GB for weights", said["disk"])
    assert re.search("FLOPs in .* passes" + (", at a half" if device == "cpu" else "; no cuda is here"), said["time"])
    assert not list(tmp_path.glob("evidence/*"))
    assert not (tmp_path / "claims.json").exists()
