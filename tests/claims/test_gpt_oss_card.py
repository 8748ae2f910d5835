"""What the gpt-oss card's own instruments measure: laws, and small worlds."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional
from transformers.models.gpt_oss import modeling_gpt_oss as library

from claim_suite.fixtures.models.formula import BYTES_PER_NUMBER, Formula
from claims.gpt_oss_card.conftest import Stored
from claims.gpt_oss_card.miniature import CONTEXT, Miniature
from tests.models.configurations import FAMILIES, Config, published

BLOCK = {"elements": 32, "bits_of_an_element": 4, "bits_of_a_scale": 8}


def stored(config: Config, published: int = 0, block: dict[str, int] = BLOCK) -> Stored:
    formula = Formula(config)
    model: Any = SimpleNamespace(config=config, formula=formula, total=formula.total)
    return Stored(model, published, block)


@given(config=FAMILIES["gpt_oss"], elements=st.integers(1, 64), bits=st.integers(1, 16), scale=st.integers(0, 16))
def test_the_bytes_of_a_checkpoint_give_its_bits_back(config: Config, elements: int, bits: int, scale: int) -> None:
    block = {"elements": elements, "bits_of_an_element": bits, "bits_of_a_scale": scale}
    size = stored(config, block=block).size
    assert stored(config, size, block).bits_of_the_checkpoint == Fraction(elements * bits + scale, elements)  # type: ignore[arg-type]  # a fraction of bytes keeps the law exact


@given(config=FAMILIES["gpt_oss"])
def test_experts_of_16_bits_take_two_bytes_a_number_throughout(config: Config) -> None:
    plain = {"elements": 1, "bits_of_an_element": 16, "bits_of_a_scale": 0}
    of = stored(config, block=plain)
    assert of.size == BYTES_PER_NUMBER * of.model.total
    assert of.quantised <= of.model.formula.experts


@pytest.mark.parametrize("name", ["gpt-oss-120b", "gpt-oss-20b"])
@given(gigabytes=st.integers(100, 1000))
def test_the_context_that_fits_is_the_longest(name: str, gigabytes: int) -> None:
    config = published(name)
    of = stored(config, 70 * 10**9)
    a_token: int = 2 * config["num_key_value_heads"] * config["head_dim"] * BYTES_PER_NUMBER
    half: int = config["num_hidden_layers"] // 2

    def taken(context: int) -> int:
        tokens: int = context + config["sliding_window"]
        return 70 * 10**9 + half * a_token * tokens

    context = of.context_beside(gigabytes)
    assert taken(context) <= gigabytes * 10**9 < taken(context + 1)


@pytest.mark.parametrize("window", [1, 7, 128])
def test_a_miniature_sees_as_far_as_its_window(window: int) -> None:
    small = Miniature({**published("gpt-oss-20b"), "sliding_window": window})
    assert [small.seen(layer) for layer in (0, 1)] == [window, CONTEXT]


def test_what_enters_a_block_tells_its_norm(monkeypatch: pytest.MonkeyPatch) -> None:
    def moved(norm: Callable[[Tensor], Tensor]) -> list[bool]:
        monkeypatch.setattr(library.GptOssRMSNorm, "forward", lambda _, hidden: norm(hidden))
        small = Miniature(published("gpt-oss-20b"))
        found = (small.moved_by_the_stream(times=2), small.moved_by_the_stream(plus=1e4))
        assert [len(blocks) for blocks in found] == [4, 4]
        return [max(blocks) > 0 for blocks in found]

    assert moved(lambda hidden: hidden / hidden.pow(2).mean(-1, keepdim=True).sqrt()) == [False, True]
    assert moved(lambda hidden: hidden - hidden.mean(-1, keepdim=True)) == [True, False]
    assert moved(lambda hidden: hidden) == [True, True]


def test_scores_that_bend_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    small, linear = Miniature(published("gpt-oss-20b")), functional.linear
    assert (small.bend_of_scores(), small.moved_by_scores()) == (0, 0)
    monkeypatch.setattr(functional, "linear", lambda *given: linear(*given).pow(2))
    assert small.bend_of_scores() != 0


def test_weights_in_proportion_to_the_scores_move(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(functional, "softmax", lambda scores, **_: scores / scores.sum(-1, keepdim=True))
    assert Miniature(published("gpt-oss-20b")).moved_by_scores() != 0


def test_a_head_without_a_sink_shares_its_attention_with_the_sink() -> None:
    without, large = Miniature(published("gpt-oss-20b")).most_attention()
    assert without == pytest.approx(1 / (CONTEXT + 1))
    assert large == 0


def test_clamps_are_those_of_the_configuration() -> None:
    config = published("gpt-oss-20b")
    assert Miniature(config).moved_by_excess() == 0
    assert Miniature({**config, "swiglu_limit": 1e38}).moved_by_excess() != 0
