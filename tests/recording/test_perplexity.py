"""Perplexity at k experts per token is of k experts, by another route too, and survives a kill."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import torch

from fixtures.claim.estimate import Estimate, NotCovered
from fixtures.recording import perplexity, routers
from fixtures.recording.errors import RecordingError
from fixtures.recording.plan import batches
from tests.recording.planted import CLASSES, EXPERTS, FAMILIES, LAYERS, Planted, plant, random_corpus, word, words_of
from tests.recording.test_counts import engine_for

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return random_corpus(tmp_path_factory.mktemp("text") / "text.jsonl", 11, {"ArXiv": 12, "Github": 12}, words=(2, 30))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Planted:
    """A checkpoint whose every weight matters, so that the number of experts does."""
    return randomised(plant(tmp_path_factory.mktemp("random") / "random"))


def randomised(planted: Planted) -> Planted:
    from transformers import AutoModelForCausalLM

    load: Any = AutoModelForCausalLM.from_pretrained
    model = load(planted.folder, dtype=torch.float32)
    torch.manual_seed(2)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(std=0.3)
    model.save_pretrained(planted.folder)
    return planted


def test_losses_match_a_model_configured_for_k(trained: Planted, text: Path, ready: Any, tmp_path: Path) -> None:
    """The second route: the library's own loss, of a model that was loaded with k in its configuration."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    prepared = ready(model=trained.folder, corpus=text)
    found = perplexity.measure(prepared, tmp_path / "out", engine_for(prepared))
    documents = [document for batch in batches(perplexity.some(prepared.plan.documents), 1) for document in batch]
    assert found.experts_used == (1, 2, 3, 4, 8)
    load: Any = AutoModelForCausalLM.from_pretrained
    tokenize: Any = AutoTokenizer.from_pretrained(trained.folder)
    for k in found.experts_used:
        model = load(trained.folder, dtype=torch.float32, num_experts_per_tok=k)
        for place, document in enumerate(documents):
            ids = tokenize(" ".join(words_of(text)[document.number]), return_tensors="pt")["input_ids"]
            with torch.no_grad():
                loss = model(input_ids=ids, labels=ids).loss * (ids.shape[1] - 1)
            assert float(found.losses[k][place]) == pytest.approx(float(loss), rel=1e-4)
            assert int(found.tokens[place]) == ids.shape[1] - 1


@pytest.mark.parametrize("family", FAMILIES)
def test_k_experts_run_in_every_family(family: str, ready: Any, tmp_path: Path) -> None:
    engine = engine_for(ready(model=plant(tmp_path / family, family).folder))()
    configured = routers.experts_per_token(engine.layers)
    most = 4 if family.startswith("deepseek") else 8  # a group of theirs has four experts, and one group is chosen from
    for k in (1, most):
        _, counts = engine.losses([[0, 2, 3, 4], [0, 7, 8]], 1, k)
        perplexity._prove(counts.choices, [3, 2], k)
    assert routers.experts_per_token(engine.layers) == configured


def test_changing_the_configuration_is_no_proof(trained: Planted, ready: Any) -> None:
    engine = engine_for(ready(model=trained.folder))()
    engine.model.config.num_experts_per_tok = 8
    counts = engine.count([[0, 2, 3, 4]], 1)
    assert counts.choices.shape[2] == 2
    with pytest.raises(RecordingError, match="8 experts per token were asked for and others ran"):
        perplexity._prove(counts.choices, [3], 8)


def test_a_run_that_was_killed_goes_on(
    trained: Planted, text: Path, ready: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(perplexity, "batch_tokens", lambda _: 60)
    prepared = ready(model=trained.folder, corpus=text)
    whole = perplexity.measure(prepared, tmp_path / "whole", engine_for(prepared))
    (tmp_path / "cut").mkdir()
    content = (tmp_path / "whole/perplexity-1-of-1.jsonl").read_bytes()
    (tmp_path / "cut/perplexity-1-of-1.jsonl").write_bytes(content[: len(content) * 2 // 3])
    resumed = perplexity.measure(prepared, tmp_path / "cut", engine_for(prepared))
    assert all(torch.equal(resumed.losses[k], whole.losses[k]) for k in whole.experts_used)
    again = perplexity.measure(prepared, tmp_path / "cut", lambda: pytest.fail("the model was loaded again"))
    assert torch.equal(again.losses[8], whole.losses[8])


def test_another_measurement_is_not_resumed(trained: Planted, text: Path, ready: Any, tmp_path: Path) -> None:
    prepared = ready(model=trained.folder, corpus=text)
    perplexity.measure(prepared, tmp_path, engine_for(prepared))
    other = ready(model=trained.folder, corpus=text, tokens_per_domain=50)
    with pytest.raises(RecordingError, match="tokens_per_domain differs; name another --evidence-out"):
        perplexity.measure(other, tmp_path, engine_for(other))
    path = tmp_path / "perplexity-1-of-1.jsonl"
    path.write_text("{}\n")
    with pytest.raises(RecordingError, match="is damaged"):
        perplexity.measure(prepared, tmp_path, engine_for(prepared))


def test_the_rise_is_paired_by_document() -> None:
    generator = torch.Generator().manual_seed(0)
    tokens = torch.randint(20, 60, (40,), generator=generator)
    hard = torch.rand(40, generator=generator, dtype=torch.float64) * 4
    small = torch.randn(40, generator=generator, dtype=torch.float64) * 0.01
    found = perplexity.Perplexity({2: (2 + hard) * tokens, 8: (2.1 + hard + small) * tokens}, tokens)
    rise = found.rise(experts=8, against=2)
    assert isinstance(rise, Estimate)
    assert 0.09 < rise.low < rise.high < 0.11
    assert (
        found.of(2).low < float(((2 + hard) * tokens).sum() / tokens.sum() * 0 + found.of(2).value) < found.of(2).high
    )
    with pytest.raises(NotCovered, match="the model has fewer"):
        found.of(16)


def test_the_file_says_what_it_is_of(trained: Planted, text: Path, ready: Any, tmp_path: Path) -> None:
    prepared = ready(model=trained.folder, corpus=text)
    perplexity.measure(prepared, tmp_path, engine_for(prepared))
    first = json.loads((tmp_path / "perplexity-1-of-1.jsonl").read_text().splitlines()[0])
    assert first["perplexity/1"]["revision"] == prepared.metadata["revision"]


def swayed(planted: Planted, others: float) -> Planted:
    """Let the last layer's first choice argue for the word to come, and every other expert do so `others` times.

    Texts repeat one word, so the word to come is the word itself: its direction is what the head reads.
    """
    from transformers import AutoModelForCausalLM

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
    rows = [
        {"text": " ".join([word(number % CLASSES)] * (20 + number)), "meta": {"pile_set_name": "A"}}
        for number in range(24)
    ]
    (tmp_path / "text.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    prepared = ready(model=planted.folder, corpus=tmp_path / "text.jsonl")
    found = perplexity.measure(prepared, tmp_path / "out", engine_for(prepared))
    assert (found.rise(experts=8, against=2) > 0) is hurts
    assert (found.rise(experts=2, against=1) > 0) is hurts
