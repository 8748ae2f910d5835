"""What training takes: activations as the paper lists them, and states of real optimizers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from claim_suite.fixtures.models.training import Block, blockwise_bytes, hidden, saved_bytes, state_bytes

if TYPE_CHECKING:
    from torch import Tensor

RECOMPUTATIONS = ("none", "selective", "full")
STATISTICS = 16  # bytes that two layer norms keep for a token: a mean and a deviation each, in single precision


class Twice(nn.Module):
    """Multiplies by a parameter, then by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(5, device="meta"))

    def forward(self, given: Tensor) -> Tensor:
        product = given * self.weight
        return product * product


def test_a_storage_counts_once_and_a_parameter_never() -> None:
    given_tensor = torch.empty(3, 5, device="meta", requires_grad=True)
    assert saved_bytes(Twice(), given_tensor) == 4 * (3 * 5 + 3 * 5)
    assert saved_bytes(nn.Identity(), given_tensor) == 0
    with torch.no_grad():
        assert saved_bytes(Twice(), given_tensor) == 0


shards = st.sampled_from([1, 2, 4])
few = st.integers(1, 5)


def listed(batch: int, tokens: int, width: int, heads: int, parts: int, recompute: str) -> int:
    """Bytes by the paper's list, tensor by tensor, for one of `parts` accelerators."""
    of_width = batch * tokens * width
    of_scores = batch * heads * tokens**2 // parts
    whole = 2 * of_width + 2 * of_width + of_width + 2 * of_width + 2 * of_width + of_width  # norms, inputs, masks
    split = 3 * 2 * of_width + 2 * of_width + 2 * 4 * of_width + 2 * 4 * of_width  # q, k, v, output, GELU, down
    scores = 2 * of_scores + of_scores + 2 * of_scores  # softmax, mask, dropped
    if recompute == "full":
        return 2 * of_width
    rest = whole + split // parts + STATISTICS * batch * tokens
    return rest + (scores if recompute == "none" else 0)


@given(few, few, st.integers(1, 4), shards, shards, st.sampled_from(RECOMPUTATIONS))
def test_a_layer_keeps_what_the_paper_lists(
    batch: int, tokens: int, width: int, heads: int, parts: int, recompute: str
) -> None:
    heads = max(heads, parts)
    width *= 2 * heads
    found = saved_bytes(Block(width, heads, parts, recompute), hidden(batch, tokens, width))
    assert found == listed(batch, tokens, width, heads, parts, recompute)


@pytest.mark.parametrize("recompute", RECOMPUTATIONS)
def test_a_backward_pass_reaches_every_parameter(recompute: str) -> None:
    block = Block(8, 2, 1, recompute)
    block(hidden(1, 3, 8)).sum().backward()
    assert all(weight.grad is not None for weight in block.parameters())


def test_shards_have_their_part_of_the_matrices() -> None:
    def matrices(block: Block) -> int:
        return sum(weight.numel() for weight in block.parameters() if weight.ndim == 2)

    assert matrices(Block(16, 4)) == 12 * 16**2 == 4 * matrices(Block(16, 4, 4))


@pytest.mark.parametrize("wrong", [(10, 4), (8, 4, 8)])
def test_a_layer_that_cannot_be_is_refused(wrong: Any) -> None:
    with pytest.raises(ValueError, match="split"):
        Block(*wrong)


sizes = st.lists(st.integers(1, 50), min_size=1, max_size=5)


def parameters(numbers: list[int], dtype: torch.dtype = torch.float32) -> list[nn.Parameter]:
    return [nn.Parameter(torch.empty(size, device="meta", dtype=dtype)) for size in numbers]


@given(sizes)
def test_adamw_keeps_two_states_and_a_step_for_each_tensor(numbers: list[int]) -> None:
    found = state_bytes(parameters(numbers), torch.optim.AdamW)
    assert found == {"step": 4 * len(numbers), "exp_avg": 4 * sum(numbers), "exp_avg_sq": 4 * sum(numbers)}


@given(sizes)
def test_momentum_keeps_one_state_and_its_absence_none(numbers: list[int]) -> None:
    kept = state_bytes(parameters(numbers), lambda given: torch.optim.SGD(given, lr=1.0, momentum=0.9))
    assert kept == {"momentum_buffer": 4 * sum(numbers)}
    assert state_bytes(parameters(numbers), torch.optim.SGD) == {}


def test_states_have_the_type_of_their_parameters() -> None:
    assert state_bytes(parameters([8], torch.bfloat16), torch.optim.AdamW)["exp_avg"] == 2 * 8


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [([4095], 4 * 4095), ([4096], 4096 + 2 * 4), ([4097], 4097 + 3 * 4), ([10, 6144], 40 + 6144 + 3 * 4), ([], 0)],
)
def test_8_bit_states_have_a_scale_a_block_and_small_tensors_none(numbers: list[int], expected: int) -> None:
    assert blockwise_bytes(numbers) == expected
