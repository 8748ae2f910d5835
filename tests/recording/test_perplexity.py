"""Perplexity at k experts per token is of k experts, by another route too, survives a kill, and is read as evidence."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from fixtures.claim.numbers import NotCovered
from fixtures.recording import perplexity, routers
from fixtures.recording.errors import RecordingError
from fixtures.routing.metadata import EvidenceError
from tests.recording.conftest import never
from tests.recording.synthetic_checkpoint import (
    CLASSES,
    EXPERTS,
    FAMILIES,
    LAYERS,
    Planted,
    plant,
    random_corpus,
    rewrite,
    word,
    words_of,
    write_corpus,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from fixtures.recording.setup import RecordingSetup


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return random_corpus(tmp_path_factory.mktemp("text") / "text.jsonl", 11, {"ArXiv": 12, "Github": 12}, words=(2, 30))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Planted:
    """A checkpoint whose every weight matters, so that the number of experts does."""
    planted = plant(tmp_path_factory.mktemp("random") / "random")
    return rewrite(planted, lambda _, weight: weight.normal_(std=0.3))


@pytest.fixture(scope="module")
def prepared(trained: Planted, text: Path, ready: Any) -> RecordingSetup:
    made: RecordingSetup = ready(model=trained.folder, corpus=text)
    return made


@pytest.fixture(scope="module")
def measured(prepared: RecordingSetup, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, perplexity.Losses]:
    """A finished measurement: its folder, which nobody may change, and its losses."""
    out = tmp_path_factory.mktemp("measured")
    return out, perplexity.measure(prepared, out, prepared.load)


def test_losses_match_a_model_configured_for_k(trained: Planted, text: Path, measured: Any) -> None:
    """The second route: the library's own loss, of a model that was loaded with k in its configuration."""
    losses, words = measured[1], words_of(text)
    found = losses.perplexity()
    assert found.experts_used == (1, 2, 3, 4, 8)
    load: Any = AutoModelForCausalLM.from_pretrained
    tokenize: Any = AutoTokenizer.from_pretrained(trained.folder)
    for k in found.experts_used:
        model = load(trained.folder, dtype=torch.float32, num_experts_per_tok=k)
        for place, (_, number, tokens) in enumerate(losses.texts):
            ids = tokenize(" ".join(words[number]), return_tensors="pt")["input_ids"]
            with torch.no_grad():
                loss = model(input_ids=ids, labels=ids).loss * (ids.shape[1] - 1)
            assert float(found.losses[k][place]) == pytest.approx(float(loss), rel=1e-4)
            assert int(found.tokens[place]) == tokens == ids.shape[1] - 1


@pytest.mark.parametrize("family", FAMILIES)
def test_k_experts_run_in_every_family(family: str, ready: Any, tmp_path: Path) -> None:
    engine = ready(model=plant(tmp_path / family, family).folder).load()
    configured = routers.experts_per_token(engine.layers)
    most = 4 if family.startswith("deepseek") else 8  # a group of theirs has four experts, and one group is chosen from
    for k in (1, most):
        _, counts = engine.losses([[0, 2, 3, 4], [0, 7, 8]], 1, k)
        perplexity._prove(counts.choices, [3, 2], k)
    assert routers.experts_per_token(engine.layers) == configured


def test_changing_the_configuration_is_no_proof(ready: Any) -> None:
    engine = ready().load()
    engine.model.config.num_experts_per_tok = 8
    counts = engine.count([[0, 2, 3, 4]], 1)
    assert counts.choices.shape[2] == 2
    with pytest.raises(RecordingError, match="8 experts per token were asked for and others ran"):
        perplexity._prove(counts.choices, [3], 8)


def test_a_run_that_was_killed_goes_on(
    prepared: RecordingSetup, measured: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batches_of: Any
) -> None:
    batches_of(60)
    engine, asked = prepared.load(), 0

    def load() -> Any:
        def losses(*given: Any) -> Any:
            nonlocal asked
            if (asked := asked + 1) == 12:
                raise KeyboardInterrupt
            return kept(*given)

        kept = engine.losses
        monkeypatch.setattr(engine, "losses", losses)
        return engine

    with pytest.raises(KeyboardInterrupt):
        perplexity.measure(prepared, tmp_path, load)
    parts = list(tmp_path.glob(".perplexity-*/*.json"))
    assert len(parts) == 2
    parts[0].write_bytes(parts[0].read_bytes()[:-9])
    resumed = perplexity.measure(prepared, tmp_path, lambda: engine)
    assert resumed.texts == measured[1].texts
    for k, losses in measured[1].losses.items():
        assert resumed.losses[k] == pytest.approx(losses)
    assert [path.name for path in tmp_path.iterdir()] == ["perplexity-1-of-1.json"]


def test_a_finished_measurement_is_read_as_evidence(
    prepared: RecordingSetup, text: Path, measured: Any, ready: Any
) -> None:
    out, losses = measured
    assert perplexity.measure(prepared, out, never) == losses == perplexity.read([out])
    assert perplexity.read([out / "perplexity-1-of-1.json"]) == losses
    with pytest.raises(RecordingError, match="the evidence is of random, not of --model owner/name"):
        perplexity.read([out], "owner/name")
    with pytest.raises(RecordingError, match="another measurement: tokens_per_domain is 100000 there and 50 here"):
        perplexity.measure(ready(model=prepared.checkpoint.folder, corpus=text, tokens_per_domain=50), out, never)


def test_shards_are_joined(
    prepared: RecordingSetup, text: Path, measured: Any, ready: Any, tmp_path: Path, batches_of: Any
) -> None:
    batches_of(60)
    for place in (1, 2):
        shard = ready(model=prepared.checkpoint.folder, corpus=text, shard=f"{place}/2")
        perplexity.measure(shard, tmp_path, shard.load)
        if place == 1:
            with pytest.raises(EvidenceError, match="shard 2/2 is missing"):
                perplexity.read([tmp_path])
    found = perplexity.read([tmp_path])
    assert found is not None
    assert found.texts == measured[1].texts
    assert found.losses[8] == pytest.approx(measured[1].losses[8])


def test_a_shard_without_text_adds_nothing(measured: Any, tmp_path: Path) -> None:
    content = json.loads((measured[0] / "perplexity-1-of-1.json").read_text())
    metadata = content["perplexity/1"]
    empty = {"perplexity/1": metadata | {"shard": "1/2"}, "texts": [], "losses": {}}
    full = content | {"perplexity/1": metadata | {"shard": "2/2"}}
    for place, part in enumerate((empty, full), 1):
        (tmp_path / f"perplexity-{place}-of-2.json").write_text(json.dumps(part))
    found = perplexity.read([tmp_path])
    assert found is not None
    assert (found.texts, found.losses) == (measured[1].texts, measured[1].losses)


DAMAGE: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "no measurement": (lambda content: content.pop("perplexity/1"), "is damaged, or is no perplexity"),
    "no model": (lambda content: content["perplexity/1"].pop("model"), "its metadata lacks model"),
    "a loss too few": (lambda content: content["losses"]["2"].pop(), "not one loss for each of its texts"),
    "a loss below zero": (lambda content: content["losses"]["2"].__setitem__(0, -1.0), "Expected `float` >= 0"),
    "a loss beyond all numbers": (lambda content: content["losses"]["2"].__setitem__(0, math.inf), "or is no perp"),
    "words for a loss": (lambda content: content["losses"]["2"].__setitem__(0, "low"), "or is no perplexity"),
    "an absurd number": (lambda content: content["losses"].__setitem__("many", []), "or is no perplexity"),
    "a text twice": (lambda content: content["texts"].__setitem__(0, content["texts"][1]), "recorded twice"),
    "a lost text": (
        lambda content: [each.pop() for each in (content["texts"], *content["losses"].values())], "of 12 planned texts"
    ),
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGE)
def test_evidence_that_cannot_be_true_is_refused(damage: str, measured: Any, tmp_path: Path) -> None:
    change, line = DAMAGE[damage]
    content = json.loads((measured[0] / "perplexity-1-of-1.json").read_text())
    change(content)
    (tmp_path / "perplexity-1-of-1.json").write_text(json.dumps(content))
    with pytest.raises((RecordingError, EvidenceError), match=line) as error:
        perplexity.read([tmp_path])
    assert "\n" not in str(error.value)


def test_the_rise_is_paired_by_text() -> None:
    generator = torch.Generator().manual_seed(0)
    tokens = torch.randint(20, 60, (40,), generator=generator)
    hard = torch.rand(40, generator=generator, dtype=torch.float64) * 4
    small = torch.randn(40, generator=generator, dtype=torch.float64) * 0.01
    found = perplexity.Perplexity({2: (2 + hard) * tokens, 8: (2.1 + hard + small) * tokens}, tokens)
    rise = found.rise(experts=8, against=2)
    assert 0.09 < rise.low < rise.high < 0.11
    alone = found.of(2)
    assert alone.value == pytest.approx(math.exp(((2 + hard) * tokens).sum() / tokens.sum()))
    assert alone.low < alone.value < alone.high
    with pytest.raises(NotCovered, match="the model has fewer"):
        found.of(16)


def swayed(planted: Planted, others: float) -> Planted:
    """Let the last layer's first choice argue for the word to come, and every other expert do so `others` times.

    Texts repeat one word, so the word to come is the word itself: its direction is what the head reads.
    """
    load: Any = AutoModelForCausalLM.from_pretrained
    model = load(planted.folder, dtype=torch.float32)
    experts = model.model.layers[-1].mlp.experts
    kinds = len(planted.table[0])
    with torch.no_grad():
        model.lm_head.weight.copy_(model.get_input_embeddings().weight)
        experts.gate_up_proj.zero_()
        # One hidden unit for each class, in gate and in up projection alike, answers to that class alone.
        for half in (0, experts.intermediate_dim):
            experts.gate_up_proj[:, half : half + kinds, :kinds] = torch.eye(kinds)
        for kind in range(kinds):
            first = planted.choices(LAYERS - 1, kind)[0]
            for expert in range(EXPERTS):
                experts.down_proj[expert, kind, kind] = 0.3 * (1.0 if expert == first else others)
    model.save_pretrained(planted.folder)
    return planted


@pytest.mark.parametrize(("others", "hurts"), [(-1.0, True), (2.0, False)])
def test_all_experts_hurt_where_it_was_planted(others: float, hurts: bool, ready: Any, tmp_path: Path) -> None:
    planted = swayed(plant(tmp_path / "swayed"), others)
    texts = [(" ".join([word(number % CLASSES)] * (20 + number)), "A") for number in range(24)]
    prepared = ready(model=planted.folder, corpus=write_corpus(tmp_path / "text.jsonl", texts))
    found = perplexity.measure(prepared, tmp_path / "out", prepared.load).perplexity()
    assert (found.rise(experts=8, against=2) > 0) is hurts
    assert (found.rise(experts=2, against=1) > 0) is hurts
