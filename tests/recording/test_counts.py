"""The recorded counts are the planted ones, in every family, and nothing about how they are made changes them."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

from fixtures.recording import routers
from fixtures.recording.counter import count_choices
from fixtures.recording.engine import Batch
from fixtures.recording.engine_transformers import TransformersEngine, _kind, describe, load, load_model, on_meta
from fixtures.recording.errors import RecordingError
from fixtures.recording.options import options
from fixtures.recording.plan import Planned
from fixtures.recording.recordings import record
from fixtures.recording.setup import prepare
from fixtures.routing import files
from fixtures.routing.counts import combine
from fixtures.routing.metadata import PREFERENCE, UNKNOWN, evidence
from tests.recording.synthetic_checkpoint import (
    EXPERTS,
    FAMILIES,
    Planted,
    cells,
    expected,
    kind_of,
    plant,
    random_corpus,
    rewrite,
    words_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from fixtures.recording.setup import RecordingSetup

TWO = Batch((Planned("A", 0, [2, 3, 4]), Planned("A", 1, [2])))


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_is_counted_exactly(family: str, corpus: Path, ready: Any, tmp_path: Path) -> None:
    """Ranks too: where a bias decides who is chosen, it decides who is first."""
    planted = plant(tmp_path / family, family)
    prepared = ready(model=planted.folder)
    path = record(prepared, tmp_path / "out")
    assert cells(path) == expected(planted, words_of(corpus))
    metadata = files.read_metadata(path)
    assert metadata["routed_layers"] == planted.routed
    assert metadata["top_k"] == planted.top_k
    assert metadata["ranks"] == PREFERENCE


@pytest.mark.parametrize(
    ("attention", "experts"), [*itertools.product(("eager", "sdpa"), ("eager", "batched_mm", "grouped_mm"))]
)
def test_kernels_change_nothing(
    attention: str, experts: str, planted: Planted, corpus: Path, setup: RecordingSetup, tmp_path: Path
) -> None:
    kernels = {"attn_implementation": attention, "experts_implementation": experts}
    model: Any = load_model(setup.checkpoint.folder, "planted", "cpu", "float32", kernels)
    engine = TransformersEngine(model, "planted", setup.leading, ranked=True)
    path = record(setup, tmp_path, losses=False, load=lambda: engine)
    assert model.config._attn_implementation == attention
    assert model.config._experts_implementation == experts
    assert cells(path) == expected(planted, words_of(corpus))


@pytest.mark.parametrize("tokens", [1, 90, 400, 8192])
def test_batches_change_nothing(
    tokens: int, recorded: Path, setup: RecordingSetup, engine: Any, tmp_path: Path, batches_of: Callable[[int], None]
) -> None:
    batches_of(tokens)
    assert cells(record(setup, tmp_path, losses=False, load=lambda: engine)) == cells(recorded)


def test_padding_makes_no_mask(engine: TransformersEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dense mask would keep the kernels that know causal attention from being used."""
    kept = torch.nn.functional.scaled_dot_product_attention
    seen = []

    def attend(*args: Any, **kwargs: Any) -> Any:
        seen.append((kwargs.get("attn_mask"), kwargs.get("is_causal")))
        return kept(*args, **kwargs)

    monkeypatch.setattr(torch.nn.functional, "scaled_dot_product_attention", attend)
    engine.run(TWO)
    assert set(seen) == {(None, True)}


def test_a_budget_cuts_the_last_text(planted: Planted, corpus: Path, ready: Any, engine: Any, tmp_path: Path) -> None:
    path = record(ready(tokens_per_domain=100), tmp_path, load=lambda: engine)
    words, texts = words_of(corpus), files.index(path)
    assert cells(path) == expected(planted, {number: words[number][:tokens] for _, number, tokens in texts})
    for domain in {domain for domain, _, _ in texts}:
        assert sum(tokens for own, _, tokens in texts if own == domain) == 100


@pytest.mark.parametrize("family", ["mixtral", "qwen3_moe", "olmoe"])
def test_random_weights_match_the_library_s_own_logits(family: str, ready: Any, tmp_path: Path) -> None:
    """A second route: one text at a time, without batches, from the logits that the library returns."""
    corpus = random_corpus(tmp_path / "text.jsonl", 3, {"ArXiv": 6}, words=(5, 40))
    planted = plant(tmp_path / family, family)
    rewrite(planted, lambda _, weight: weight.normal_(std=0.3))
    prepared = ready(model=planted.folder, corpus=corpus)
    counts = combine(list(files.scan(record(prepared, tmp_path / "out"))))
    read: Any = AutoModelForCausalLM.from_pretrained
    model, tokenize = read(planted.folder, dtype=torch.float32), AutoTokenizer.from_pretrained(planted.folder)
    for place, text in enumerate(counts.texts):
        with torch.no_grad():
            ids = tokenize(" ".join(words_of(corpus)[text.number]), return_tensors="pt")
            output = model(**ids, output_router_logits=True)
        for layer, logits in enumerate(output.router_logits):
            ranked = torch.nn.functional.one_hot(logits[1:].topk(planted.top_k).indices, logits.shape[1]).sum(0)
            assert torch.equal(torch.as_tensor(counts.choices[place, layer]).long(), ranked)


def test_the_head_is_not_run(setup: RecordingSetup, engine: TransformersEngine, tmp_path: Path) -> None:
    head = engine.model.get_output_embeddings().register_forward_pre_hook(lambda *_: pytest.fail("the head ran"))
    try:
        assert record(setup, tmp_path, losses=False, load=lambda: engine).exists()
    finally:
        head.remove()


def test_choices_can_be_kept_one_by_one(planted: Planted, corpus: Path, tmp_path: Path) -> None:
    """And counted by whoever has them: another engine's choices come one by one."""
    given = {"--model": str(planted.folder), "--corpus": str(corpus), "--device": "cpu", "--keep-choices": True}
    prepared = prepare(options(given | {"--evidence-out": str(tmp_path)}))
    words = words_of(corpus)
    for part in files.scan(record(prepared, tmp_path)):
        assert part.chosen is not None
        for place, (text, kept) in enumerate(zip(part.texts, part.chosen, strict=True)):
            kinds = map(kind_of, words[text.number])
            assert kept.tolist() == [[planted.choices(layer, kind) for layer in planted.routed] for kind in kinds]
            for ranked in (True, False):
                counts = count_choices(text, kept, EXPERTS, ranked=ranked)
                own = part.choices[place] if ranked else part.choices[place].sum(1, keepdims=True)
                assert (counts.choices[0] == own).all()
                assert counts.shared is not None
                assert part.shared is not None
                assert (counts.shared[0] == part.shared[place]).all()


# What a family's router does, and whether its order of preference can be seen.
RANKS = {"mixtral": True, "minimax_m2": True, "phimoe": False, "deepseek_v4": False}


@pytest.mark.parametrize("family", RANKS)
def test_ranks_are_known_where_a_router_is_seen_to_prefer(family: str) -> None:
    config = AutoConfig.for_model(family, num_hidden_layers=2)
    found: Any = describe(on_meta(config, family), options({}))
    assert found["ranks"] == (PREFERENCE if RANKS[family] else UNKNOWN)


@pytest.mark.parametrize("family", ["jetmoe", "doge", "llama"])
def test_a_family_that_cannot_be_read_is_refused_before_loading(family: str) -> None:
    config = AutoConfig.for_model(family, num_hidden_layers=2)
    with pytest.raises(RecordingError, match=r"no mixture of experts that can be read"):
        describe(on_meta(config, family), options({}))


SMALL = {
    "hidden_size": 32, "intermediate_size": 16, "moe_intermediate_size": 16, "num_hidden_layers": 2, "vocab_size": 32,
    "num_attention_heads": 4, "num_key_value_heads": 2, "num_experts_per_tok": 2, "num_local_experts": 8,
    "pad_token_id": None, "bos_token_id": 0, "eos_token_id": 1,
}  # fmt: skip
# Families that choose in a way of their own: a mixer, all experts at once, among experts that do nothing, in the layer
# itself, in the text part of a model that reads pictures.
OWN_WAYS: dict[str, dict[str, Any]] = {
    "phimoe": {},
    "llama4_text": {"intermediate_size_mlp": 16, "interleave_moe_layer_step": 1, "head_dim": 8},
    "longcat_flash": {
        "num_layers": 2, "expert_ffn_hidden_size": 16, "ffn_hidden_size": 16, "n_routed_experts": 8, "moe_topk": 2,
        "zero_expert_num": 4, "q_lora_rank": 8, "kv_lora_rank": 8, "qk_nope_head_dim": 8, "qk_rope_head_dim": 8,
        "num_key_value_heads": 4,
        "qk_head_dim": 16, "head_dim": 8, "v_head_dim": 8,
    },
    "gemma4_text": {
        "enable_moe_block": True, "num_experts": 8, "top_k_experts": 2, "hidden_size_per_layer_input": 0, "head_dim": 8,
        "global_head_dim": 8, "num_kv_shared_layers": 0, "layer_types": ["sliding_attention", "full_attention"],
    },
    "qwen3_vl_moe": {"num_experts": 8, "head_dim": 16},
}  # fmt: skip


@pytest.mark.parametrize("family", OWN_WAYS)
def test_recorded_experts_are_those_that_do_the_work(family: str) -> None:
    """The second route: a token's hidden state depends on the experts it was sent to, and on no others."""
    config = AutoConfig.for_model(family)
    text = config.get_text_config()
    for name, value in (SMALL | OWN_WAYS[family]).items():
        setattr(text, name, value)
    if family == "qwen3_vl_moe":
        config.vision_config.depth, config.vision_config.deepstack_visual_indexes = 1, [0]
    found: Any = describe(on_meta(config, family), options({}))
    assert (found["ranks"] == UNKNOWN) is (family == "phimoe")
    torch.manual_seed(0)
    model = _kind(config).from_config(config, dtype=torch.float32).eval()
    engine = TransformersEngine(model, family, [], ranked=found["ranks"] == PREFERENCE, keep=True)
    for weight in engine.decoder.parameters():
        torch.nn.init.normal_(weight, std=0.2)
    batch = Batch((Planned("A", 0, list(range(2, 30))),))
    hidden, counts = engine._forward(batch, 2)
    assert counts.chosen is not None
    last, chosen = engine.layers[-1], counts.chosen[0][:, -1]
    fused = [weight for weight in last.experts.parameters() if weight.dim() == 3]
    for expert in range(min(map(len, fused))):
        with torch.no_grad():
            before = [weight[expert].clone() for weight in fused]
            for weight in fused:
                weight[expert] *= -2
            moved = (engine._forward(batch, 2)[0] != hidden)[0].any(-1)
            for weight, held in zip(fused, before, strict=True):
                weight[expert] = held
        assert moved.tolist() == (chosen == expert).any(1).tolist()


def test_without_ranks_choices_are_counted_all_the_same(
    recorded: Path, setup: RecordingSetup, engine: TransformersEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    unranked = TransformersEngine(engine.model, "planted", setup.leading, ranked=False)
    monkeypatch.setattr(routers._Preferences, "last", property(lambda _: None, lambda *_: None), raising=False)
    batches = setup.batches(losses=False)
    counts, whole = combine([unranked.run(batch) for batch in batches]), files.read([recorded]).counts
    order = [counts.texts.index(text) for text in whole.texts]
    assert counts.same_first is None
    assert (counts.select(order).choices == whole.choices).all()
    with pytest.raises(RecordingError, match="or choices not the router's own, at layer 0"):
        engine.run(batches[0])


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
        record(prepared, tmp_path / "out")
    assert "\n" not in str(error.value)


def test_logits_that_are_not_finite_have_no_loss(ready: Any, tmp_path: Path) -> None:
    planted = plant(tmp_path / "model")
    rewrite(planted, _poison("lm_head", float("inf")))
    engine = load(ready(model=planted.folder))
    assert engine.run(TWO).choices.sum()
    with pytest.raises(RecordingError, match="its logits are not finite"):
        engine.run(TWO._replace(tried=(2,)))


def test_logits_that_the_head_does_not_make_have_no_loss(engine: TransformersEngine, setup: RecordingSetup) -> None:
    fresh = TransformersEngine(engine.model, "planted", setup.leading, ranked=True)
    engine.model.config.final_logit_softcapping = 0.1
    try:
        with pytest.raises(RecordingError, match="its logits are not made by its head alone"):
            fresh.run(TWO._replace(tried=(2,)))
    finally:
        del engine.model.config.final_logit_softcapping


def test_counts_are_evidence_of_one_model(recorded: Path) -> None:
    metadata, counts = files.read([recorded])
    told = evidence("fresh", metadata, counts.texts)
    assert (told.model, told.precision, told.device, told.stand_in) == ("planted", "float32", "cpu", False)
    # A recording of the pinned checkpoint, made before recordings said which published model theirs is.
    pinned = {name: value for name, value in metadata.items() if name != "identity"}
    pinned |= {"model": "mistralai/Mixtral-8x7B-v0.1", "revision": "fc7ac94680e38d7348cfa806e51218e6273104b0"}
    assert evidence("fresh", pinned, counts.texts).model == "mixtral-8x7b-v0.1"
    assert told.engine.startswith("transformers ")
    assert told.revision.startswith("sha256:")
    assert "text.jsonl (sha256 " in told.text
    assert "34 texts" in told.text
    assert "less than 100,000 tokens of ArXiv, Github, StackExchange" in told.note
