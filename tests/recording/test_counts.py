"""The recorded counts are the planted ones, in every family, and nothing about how they are made changes them."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

from fixtures.recording import engine as engines
from fixtures.recording import recordings as recording
from fixtures.recording import routers
from fixtures.recording.errors import RecordingError
from fixtures.routing.counts import combine
from tests.recording.synthetic_checkpoint import (
    FAMILIES,
    Planted,
    as_cells,
    expected,
    plant,
    random_corpus,
    rewrite,
    words_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from fixtures.recording.engine import TransformersEngine
    from fixtures.recording.setup import RecordingSetup
    from fixtures.routing.counts import RoutingCounts


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_is_counted_exactly(family: str, corpus: Path, ready: Any, tmp_path: Path) -> None:
    """Ranks too: where a bias decides who is chosen, it decides who is first."""
    planted = plant(tmp_path / family, family)
    prepared = ready(model=planted.folder)
    counts = recording.record(prepared, tmp_path / "out", prepared.load)
    assert as_cells(counts) == expected(planted, words_of(corpus))
    assert counts.layer_numbers == tuple(planted.routed)
    assert counts.metadata["top_k"] == planted.top_k
    assert counts.metadata["ranks"] == "the router's order of preference"


@pytest.mark.parametrize(
    ("attention", "experts"), [*itertools.product(("eager", "sdpa"), ("eager", "batched_mm", "grouped_mm"))]
)
def test_kernels_change_nothing(
    attention: str, experts: str, planted: Planted, corpus: Path, setup: RecordingSetup, tmp_path: Path
) -> None:
    kernels = {"attn_implementation": attention, "experts_implementation": experts}
    engine = engines.load(setup.checkpoint.folder, "planted", "cpu", "float32", **kernels)
    counts = recording.record(setup, tmp_path, lambda: engine)
    assert engine.model.config._attn_implementation == attention
    assert engine.model.config._experts_implementation == experts
    assert as_cells(counts) == expected(planted, words_of(corpus))


@pytest.mark.parametrize("tokens", [1, 90, 400, 8192])
def test_batches_change_nothing(
    tokens: int, recorded: Any, setup: RecordingSetup, engine: Any, tmp_path: Path, batches_of: Callable[[int], None]
) -> None:
    batches_of(tokens)
    assert as_cells(recording.record(setup, tmp_path, lambda: engine)) == as_cells(recorded[1])


def test_padding_makes_no_mask(engine: TransformersEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dense mask would keep the kernels that know causal attention from being used."""
    kept = torch.nn.functional.scaled_dot_product_attention
    seen = []

    def attend(*args: Any, **kwargs: Any) -> Any:
        seen.append((kwargs.get("attn_mask"), kwargs.get("is_causal")))
        return kept(*args, **kwargs)

    monkeypatch.setattr(torch.nn.functional, "scaled_dot_product_attention", attend)
    engine.count([[0, 2, 3, 4], [0, 2]], 1)
    assert set(seen) == {(None, True)}


def test_shards_add_up(recorded: Any, ready: Any, engine: Any, tmp_path: Path, batches_of: Any) -> None:
    batches_of(200)
    parts = [recording.record(ready(shard=f"{place}/3"), tmp_path / "out", lambda: engine) for place in (2, 3, 1)]
    assert all(part.texts for part in parts)
    assert as_cells(combine(parts, parts[0].metadata)) == as_cells(recorded[1])
    together = recording.read([tmp_path / "out"])
    assert as_cells(together) == as_cells(recorded[1])
    assert together.metadata["shard"] == "1/1"


def test_a_budget_cuts_the_last_text(planted: Planted, corpus: Path, ready: Any, engine: Any, tmp_path: Path) -> None:
    counts = recording.record(ready(tokens_per_domain=100), tmp_path, lambda: engine)
    words = words_of(corpus)
    assert as_cells(counts) == expected(
        planted, {text.number: words[text.number][: text.tokens] for text in counts.texts}
    )
    for domain in counts.domains:
        assert sum(text.tokens for text in counts.texts if text.domain == domain) == 100


@pytest.mark.parametrize("family", ["mixtral", "qwen3_moe", "olmoe"])
def test_random_weights_match_the_library_s_own_logits(family: str, ready: Any, tmp_path: Path) -> None:
    """A second route: one text at a time, without batches, from the logits that the library returns."""
    corpus = random_corpus(tmp_path / "text.jsonl", 3, {"ArXiv": 6}, words=(5, 40))
    planted = plant(tmp_path / family, family)
    rewrite(planted, lambda _, weight: weight.normal_(std=0.3))
    prepared = ready(model=planted.folder, corpus=corpus)
    counts = recording.record(prepared, tmp_path / "out", prepared.load)
    load: Any = AutoModelForCausalLM.from_pretrained
    model, tokenize = load(planted.folder, dtype=torch.float32), AutoTokenizer.from_pretrained(planted.folder)
    for place, text in enumerate(counts.texts):
        with torch.no_grad():
            ids = tokenize(" ".join(words_of(corpus)[text.number]), return_tensors="pt")
            output = model(**ids, output_router_logits=True)
        for layer, logits in enumerate(output.router_logits):
            ranked = torch.nn.functional.one_hot(logits[1:].topk(planted.top_k).indices, counts.experts).sum(0)
            assert torch.equal(torch.as_tensor(counts.choices[place, layer]).long(), ranked)


def test_the_head_is_not_run(setup: RecordingSetup, engine: TransformersEngine, tmp_path: Path) -> None:
    head = engine.model.get_output_embeddings().register_forward_pre_hook(lambda *_: pytest.fail("the head ran"))
    try:
        assert recording.record(setup, tmp_path, lambda: engine).texts
    finally:
        head.remove()


# What a family's router does, and whether its order of preference can be seen.
RANKS = {"mixtral": True, "minimax_m2": True, "phimoe": False, "deepseek_v4": False}


@pytest.mark.parametrize("family", RANKS)
def test_ranks_are_known_where_a_router_is_seen_to_prefer(family: str) -> None:
    config = AutoConfig.for_model(family, num_hidden_layers=2)
    layers = routers.routed_layers(engines.on_meta(config, family), family)
    assert routers.ranks_are_known(layers, config.hidden_size) is RANKS[family]


@pytest.mark.parametrize("family", ["longcat_flash", "jetmoe", "gemma4", "llama4_text"])
def test_a_family_that_cannot_be_read_is_refused_before_loading(family: str) -> None:
    config = AutoConfig.for_model(family, num_hidden_layers=2)
    with pytest.raises(RecordingError, match=r"no mixture of experts that can be read|does not hand choices"):
        engines.describe(engines.on_meta(config, family), family, "cpu")


def test_without_ranks_choices_are_counted_all_the_same(
    recorded: Any, setup: RecordingSetup, engine: TransformersEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routers._Preferences, "last", property(lambda _: None, lambda *_: None), raising=False)
    counts = recording.record(setup, tmp_path, lambda: engine)
    assert (counts.choices.sum(2) == recorded[1].choices.sum(2)).all()


def _poison(part: str, value: float) -> Callable[[str, torch.Tensor], object]:
    return lambda name, weight: weight.fill_(value) if part in name else None


@pytest.mark.parametrize(
    ("part", "value", "dtype"),
    [
        ("gate.weight", float("nan"), "float32"),  # the router's logits and gates
        ("gate.weight", float("inf"), "float32"),
        ("layers.3.mlp.experts", float("nan"), "float32"),  # the last hidden states only
        ("embed_tokens", 1e6, "float16"),  # what overflows in half precision
    ],
)
def test_numbers_that_are_not_finite_end_a_recording(
    part: str, value: float, dtype: str, ready: Any, tmp_path: Path
) -> None:
    planted = plant(tmp_path / "model")
    rewrite(planted, _poison(part, value))
    prepared = ready(model=planted.folder, dtype=dtype)
    with pytest.raises(
        RecordingError, match=rf"not finite.* at (layer 0|the last layer) in {dtype}: .*--dtype"
    ) as error:
        recording.record(prepared, tmp_path / "out", prepared.load)
    assert "\n" not in str(error.value)


def test_logits_that_are_not_finite_have_no_loss(ready: Any, tmp_path: Path) -> None:
    planted = plant(tmp_path / "model")
    rewrite(planted, _poison("lm_head", float("inf")))
    engine = ready(model=planted.folder).load()
    assert engine.count([[0, 2, 3]], 1).choices.sum()
    with pytest.raises(RecordingError, match="its logits are not finite"):
        engine.losses([[0, 2, 3]], 1, 2)


def test_counts_are_evidence_of_one_model(recorded: tuple[Path, RoutingCounts]) -> None:
    counts = recorded[1]
    told = recording.evidence("fresh", counts.metadata, counts.texts)
    assert (told.model, told.precision, told.device, told.stand_in) == ("planted", "float32", "cpu", False)
    # A recording of the pinned checkpoint, made before recordings said which published model theirs is.
    pinned = {name: value for name, value in counts.metadata.items() if name != "identity"}
    pinned |= {"model": "mistralai/Mixtral-8x7B-v0.1", "revision": "fc7ac94680e38d7348cfa806e51218e6273104b0"}
    assert recording.evidence("fresh", pinned, counts.texts).model == "mixtral-8x7b-v0.1"
    assert told.engine.startswith("transformers ")
    assert told.revision.startswith("sha256:")
    assert "text.jsonl (sha256 " in told.text
    assert "34 texts" in told.text
    assert "less than 100,000 tokens of ArXiv, Github, StackExchange" in told.note
