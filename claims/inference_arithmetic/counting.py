"""What is counted by running: FLOPs of single products, sizes of what a step makes, and passes over memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import cache
from math import exp
from typing import TYPE_CHECKING, Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

from claim_suite.fixtures.models.training import Block, hidden, saved_bytes

if TYPE_CHECKING:
    from claim_suite.fixtures.models.published import Model


@cache
def product_work(rows: int, inner: int, columns: int) -> int:
    """FLOPs of a product of two matrices, `[rows, inner]` and `[inner, columns]`."""
    left, right = torch.empty(rows, inner, device="meta"), torch.empty(inner, columns, device="meta")
    with FlopCounterMode(display=False) as counter:
        left @ right
    return int(counter.get_total_flops())


def product_works(*shapes: tuple[int, int, int]) -> list[int]:
    """FLOPs of several products, each of its rows, inner size and columns."""
    return [product_work(*shape) for shape in shapes]


def norm_sizes(model: Model) -> list[int]:
    """Numbers of each gain and bias of a model's layer norms."""
    norms = [one for one in model.counted.model.modules() if isinstance(one, torch.nn.LayerNorm)]
    tensors = model.counted.component_map.tensors
    return [weight.numel() for norm in norms for weight in norm.parameters() for _ in range(tensors[weight].times)]


def positions(model: Model) -> int:
    """Parameters of GPT-2's learned positions."""
    return sum(one.numel() for name, one in model.counted.model.named_parameters() if name.endswith("wpe.weight"))


def sinusoids(context: int, width: int) -> tuple[int, int]:
    """Numbers of a table of sines and cosines for positions, as the library keeps it, and how many it learns."""
    from transformers.models.marian.modeling_marian import MarianSinusoidalPositionalEmbedding

    table = MarianSinusoidalPositionalEmbedding(context, width).weight
    return table.numel(), table.numel() * table.requires_grad


@cache
def projection_work(model: Model, *names: str) -> int:
    """FLOPs of one token in the linear maps of these names, in all layers."""
    shapes, tensors = Counter[tuple[int, int]](), model.counted.component_map.tensors
    for name, linear in model.counted.model.named_modules():
        if name.rpartition(".")[2] in names:
            shapes[linear.in_features, linear.out_features] += tensors[linear.weight].times
    return sum(times * product_work(1, *shape) for shape, times in shapes.items())


class _Largest(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch leaves it untyped
    """Sees the largest tensor that an operation makes; a view is none."""

    numbers = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        output = func(*args, **(kwargs or {}))
        given = {one.untyped_storage()._cdata for one in _tensors((args, kwargs))}
        made = [one.numel() for one in _tensors(output) if one.untyped_storage()._cdata not in given]
        self.numbers = max([self.numbers, *made])
        return output


def _tensors(tree: Any) -> list[torch.Tensor]:
    return [leaf for leaf in tree_leaves(tree) if isinstance(leaf, torch.Tensor)]


def largest_intermediate(model: Model, batch: int, tokens: int = 1) -> int:
    """Bytes, two a number, of the largest tensor that a pass over a batch makes in a layer or in the head."""
    library = model.counted.model
    layer, head = model.counted.component_map.layers[0], library.lm_head
    hidden = torch.empty(batch, tokens, head.in_features, device="meta")
    with torch.no_grad(), _Largest() as seen:  # type: ignore[no-untyped-call]  # torch leaves it untyped
        layer(hidden)
        head(hidden)
    return 2 * int(seen.numbers)


class _Watched(list[float]):
    """Numbers in memory that count how often they are read and written."""

    accesses = 0

    def __getitem__(self, place: Any) -> Any:
        self.accesses += 1
        return super().__getitem__(place)

    def __setitem__(self, place: Any, number: Any) -> None:
        self.accesses += 1
        super().__setitem__(place, number)

    def __iter__(self) -> Iterator[float]:
        return (self[place] for place in range(len(self)))


def softmax_accesses(size: int) -> int:
    """Accesses to memory of the usual softmax, for so many numbers: a largest, a sum, and each number's share."""
    memory = _Watched([float(place % 7) for place in range(size)])
    largest = max(memory)
    total = sum(exp(number - largest) for number in memory)
    for place in range(size):
        memory[place] = exp(memory[place] - largest) / total
    return memory.accesses


def multiply_add_accesses(size: int, *, fused: bool) -> int:
    """Accesses to memory of a multiplication and an addition of so many numbers, in one pass over them or in two."""
    memory = _Watched([1.0] * size)
    steps: list[tuple[float, float]] = [(2, 3)] if fused else [(2, 0), (1, 3)]
    for factor, term in steps:
        for place in range(size):
            memory[place] = factor * memory[place] + term
    return memory.accesses


@cache
def layer_work(width: int, heads: int, tokens: int) -> int:
    """FLOPs of so many tokens through one layer."""
    with FlopCounterMode(display=False) as counter:
        Block(width, heads)(hidden(1, tokens, width))
    return int(counter.get_total_flops())


@cache
def layer_bytes(width: int, heads: int, tokens: int) -> int:
    """Bytes that one layer makes of so many tokens and autograd keeps, attention's scores with them."""
    return saved_bytes(Block(width, heads), hidden(1, tokens, width))


def bytes_of(name: str) -> int:
    """Bytes of one number of a type, by torch's name for it."""
    dtype: torch.dtype = getattr(torch, name)
    return dtype.itemsize
