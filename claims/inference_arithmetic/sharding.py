"""A layer split over accelerators by columns and then by rows, on small whole numbers, and what they tell each other.

Shoeybi et al. 2019 (arXiv 1909.08053, section 3) split it so; the sums are exchanged as the document describes: each
accelerator sends every other one its part, adds up its own, and sends the sum to all others.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode


@dataclass
class Wire:
    """Numbers that each accelerator sent, in each round of messages."""

    rounds: list[list[int]]

    @property
    def sent(self) -> int:
        """Numbers that one accelerator sent in all. ValueError where they did not send as many."""
        (sent,) = {sum(numbers) for numbers in zip(*self.rounds, strict=True)}
        return int(sent)


def all_reduce(partial: list[Tensor], wire: Wire) -> Tensor:
    """Add up vectors, one of each accelerator, in two rounds of messages; return what all of them have then."""
    count = len(partial)
    parts = [vector.chunk(count) for vector in partial]
    scattered, gathered = [0] * count, [0] * count
    sums = [parts[own][own].clone() for own in range(count)]
    for sender, receiver in permutations(range(count), 2):
        scattered[sender] += parts[sender][receiver].numel()
        sums[receiver] += parts[sender][receiver]
    for sender, _ in permutations(range(count), 2):
        gathered[sender] += sums[sender].numel()
    wire.rounds += [scattered, gathered]
    return torch.cat(sums)


@dataclass(frozen=True)
class Layer:
    """The matrices of a layer that end in a sum: attention's output, and the MLP."""

    output: Tensor
    up: Tensor
    down: Tensor

    def whole(self, attended: Tensor) -> Tensor:
        """Run it, or a shard of it, on one accelerator."""
        return (attended @ self.output @ self.up).relu() @ self.down

    def split(self, attended: Tensor, accelerators: int) -> tuple[Tensor, Wire]:
        """Run it on several; return what comes of it and what they sent."""
        wire, shards = Wire([]), self.shards(accelerators)
        parts = zip(attended.chunk(accelerators), shards, strict=True)
        hidden = all_reduce([part @ shard.output for part, shard in parts], wire)
        return all_reduce([(hidden @ shard.up).relu() @ shard.down for shard in shards], wire), wire

    def shards(self, accelerators: int) -> list[Layer]:
        """Split it: what each accelerator has of its matrices."""
        columns = self.up.chunk(accelerators, dim=1)
        rows = (self.output.chunk(accelerators), columns, self.down.chunk(accelerators))
        return [Layer(*matrices) for matrices in zip(*rows, strict=True)]


def layer(width: int) -> Layer:
    """A layer of small whole numbers, always the same ones."""
    generator = torch.Generator().manual_seed(0)
    shapes = [(width, width), (width, 4 * width), (4 * width, width)]
    return Layer(*(torch.randint(-2, 3, shape, generator=generator) for shape in shapes))


def exchanged(width: int, accelerators: int) -> Wire:
    """What accelerators send each other for one token of one layer. ValueError where they compute something else."""
    one = layer(width)
    attended = torch.arange(width) % 5 - 2
    found, wire = one.split(attended, accelerators)
    if not torch.equal(found, one.whole(attended)):
        raise ValueError(f"{accelerators} accelerators do not compute what one does")
    return wire


def partial_size(width: int, accelerators: int) -> int:
    """Numbers that an accelerator has after its rows of the output matrix, before the sums are exchanged."""
    rows = layer(width).shards(accelerators)[0].output
    return (torch.ones(rows.shape[0], dtype=rows.dtype) @ rows).numel()


def sizes_by_head(width: int, accelerators: int, heads: int) -> int:
    """The same where what each of an accelerator's heads gives is not yet added to that of its others."""
    rows = torch.stack(layer(width).shards(accelerators)[0].output.chunk(heads))
    of_heads = torch.ones(heads, 1, rows.shape[1], dtype=rows.dtype) @ rows
    return int(of_heads.numel())


def share(width: int, accelerators: int) -> tuple[int, int]:
    """Numbers of the weights that one accelerator has, and FLOPs of its products for one token."""
    shard = layer(width).shards(accelerators)[0]
    with FlopCounterMode(display=False) as counter:
        shard.whole(torch.arange(width).chunk(accelerators)[0])
    return sum(matrix.numel() for matrix in (shard.output, shard.up, shard.down)), int(counter.get_total_flops())
