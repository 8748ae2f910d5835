"""What the document's own modules count, worked by hand, and their laws."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claims.transformer_math import equations, training
from claims.transformer_math.training import Training, block_passes, kept_by_shards, shard_bytes

SMALL = {
    "architectures": ["GPTNeoXForCausalLM"], "model_type": "gpt_neox", "hidden_size": 32, "intermediate_size": 128,
    "num_attention_heads": 4, "num_hidden_layers": 3, "vocab_size": 50, "max_position_embeddings": 8,
    "rotary_pct": 0.25, "tie_word_embeddings": False,
}  # fmt: skip


@pytest.fixture(scope="module")
def small() -> Training:
    """A small model in training."""
    return Training(SMALL, 8)


def test_two_layers_tell_what_all_do(small: Training) -> None:
    assert small.whole == small.passes(3)
    assert small.at_once(3) == small.whole.total


def test_bytes_are_those_of_the_type(small: Training) -> None:
    count = 50 * 32 * 2 + 12 * 32**2 + 13 * 32 + 2 * 32
    assert small.weights == {"int8": 1, "float16": 2, "bfloat16": 2, "float32": 4}
    assert small.gradients == {"float16": 2, "float32": 4}
    adam = {"copy": 4, "exp_avg": 4, "exp_avg_sq": 4, "step": Fraction(4 * 16, count)}
    assert small.states["AdamW"] == adam
    assert small.states["SGD with momentum"] == {"copy": 4, "momentum_buffer": 4}
    eight = Fraction(4 * (count - 2 * 4096) + 2 * (4096 + 2 * 4), count)
    assert small.states["bitsandbytes"] == adam | {"exp_avg": eight, "exp_avg_sq": eight}


@pytest.mark.parametrize(("width", "heads", "tokens"), [(12, 3, 9), (8, 2, 1)])
def test_what_is_computed_again_is_scores_or_a_whole_layer(width: int, heads: int, tokens: int) -> None:
    plain, selective, full = (block_passes(width, heads, tokens, way) for way in ("none", "selective", "full"))
    scores = 4 * tokens**2 * width
    assert plain.forward == 24 * width**2 * tokens + scores == selective.forward == full.forward
    assert plain.backward == 2 * plain.forward
    assert selective.backward - plain.backward == scores
    assert full.backward - plain.backward == plain.forward


@given(st.integers(1, 4), st.integers(1, 9), st.sampled_from([1, 2]), st.sampled_from(["none", "selective", "full"]))
def test_the_equation_of_activations_is_what_is_kept(width: int, tokens: int, tensor: int, recompute: str) -> None:
    width *= 8
    numbers = kept_by_shards(width, 2, tokens, tensor, recompute)["held"] * tokens * width
    statistics = 0 if recompute == "full" else 16 * tokens
    assert numbers - statistics == equations.activations(tokens, 1, width, 1, 2, tensor, recompute)
    sizes = {"hidden_size": 8, "num_attention_heads": 2, "num_hidden_layers": 3}
    half, single = (training.activations_of(sizes, 4, dtype) for dtype in ("bfloat16", "float32"))
    assert half == 3 * (equations.activations(4, 1, 8, 1, 2, 1) + 16 * 4)
    masks = 2 * 4 * 8 + 2 * 4 * 4  # of dropout, a byte each in any precision, as the statistics are four
    assert single == 2 * half - 3 * (masks + 16 * 4)


@given(st.integers(1, 1000), st.integers(1, 40))
def test_the_largest_shard_is_no_smaller_than_an_even_one(numbers: int, ranks: int) -> None:
    assert numbers <= ranks * shard_bytes(numbers, 1, ranks) < numbers + ranks


@pytest.mark.parametrize("stage", range(4))
def test_a_step_in_parts_is_the_step_of_the_whole(stage: int, monkeypatch: pytest.MonkeyPatch) -> None:
    assert training.off_after_a_step(stage, 2, 4) == 0
    monkeypatch.setattr(training, "sum", lambda parts: parts[0], raising=False)  # of one replica's rows alone
    assert training.off_after_a_step(stage, 2, 4) > 0
