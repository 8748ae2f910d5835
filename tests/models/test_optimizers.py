"""States of real optimizers are counted by name; 8-bit ones by their blocks."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from fixtures.models.optimizers import blockwise_bytes, state_bytes

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


def test_parameters_lose_the_gradients_that_they_were_given() -> None:
    given_parameters = parameters([3])
    state_bytes(given_parameters, torch.optim.AdamW)
    assert given_parameters[0].grad is None


def test_parameters_with_storage_are_refused() -> None:
    with pytest.raises(ValueError, match="counted on the meta device"):
        state_bytes([nn.Parameter(torch.ones(2))], torch.optim.AdamW)


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [([4095], 4 * 4095), ([4096], 4096 + 2 * 4), ([4097], 4097 + 3 * 4), ([10, 6144], 40 + 6144 + 3 * 4), ([], 0)],
)
def test_8_bit_states_have_a_scale_a_block_and_small_tensors_none(numbers: list[int], expected: int) -> None:
    assert blockwise_bytes(numbers) == expected
