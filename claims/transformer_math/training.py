"""Steps of training on the meta device: FLOPs of both passes, and bytes of parameters, gradients and states."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from claim_suite.fixtures.models.config import build
from claim_suite.fixtures.models.training import Block, blockwise_bytes, hidden, saved_bytes, state_bytes

if TYPE_CHECKING:
    from transformers import PreTrainedModel

TYPES = ("int8", "float16", "bfloat16", "float32")
OPTIMIZERS: Mapping[str, Any] = {
    "AdamW": torch.optim.AdamW,
    "SGD with momentum": lambda parameters: torch.optim.SGD(parameters, lr=1.0, momentum=0.9),
}


@dataclass(frozen=True)
class Passes:
    """FLOPs of the forward and of the backward pass."""

    forward: int
    backward: int

    @property
    def total(self) -> int:
        """Both passes."""
        return self.forward + self.backward


class Training:
    """A model of a published configuration in training, a sequence of `tokens` at a time.

    Layers are alike: one of one layer and one of two tell what all of them do.
    """

    def __init__(self, config: Mapping[str, Any], tokens: int) -> None:
        self.config, self.tokens = config, tokens

    def model(self, layers: int, dtype: torch.dtype = torch.float32) -> PreTrainedModel:
        """The library's model with so many of its layers, in training."""
        model = build({**self.config, "num_hidden_layers": layers})
        nn.Module.to(model, dtype).train()  # transformers types its own `to` for one device alone
        return model

    @cached_property
    def one(self) -> PreTrainedModel:
        """The model with one layer, in single precision."""
        return self.model(1)

    @cache  # noqa: B019  # one object a run
    def passes(self, layers: int) -> Passes:
        """FLOPs of a step of the model with so many layers, counted by running it."""
        return _passes(self.logits, self.one if layers == 1 else self.model(layers))

    @property
    def whole(self) -> Passes:
        """FLOPs of a step of the whole model."""
        one, two, more = self.passes(1), self.passes(2), self.config["num_hidden_layers"] - 1
        return Passes(
            one.forward + more * (two.forward - one.forward), one.backward + more * (two.backward - one.backward)
        )

    def at_once(self, layers: int) -> int:
        """FLOPs of a step with so many layers, both passes in one count."""
        model = self.one if layers == 1 else self.model(layers)
        with FlopCounterMode(display=False) as counter:
            torch.autograd.backward(self.logits(model).sum())
        return int(counter.get_total_flops())

    def logits(self, model: PreTrainedModel) -> torch.Tensor:
        """Run a sequence. What the library asks of the values of a mask is given, for there are none."""
        with torch.device("meta"):
            output: torch.Tensor = model(
                input_ids=torch.ones(1, self.tokens, dtype=torch.long),
                attention_mask=torch.zeros(1, 1, self.tokens, self.tokens, dtype=model.dtype),
                position_ids=torch.arange(self.tokens)[None],
                use_cache=False,
            ).logits
        return output

    @cached_property
    def _sizes(self) -> list[int]:
        """Numbers of each parameter of one layer and the embeddings: what bytes a parameter are told of."""
        return [one.numel() for one in self.one.parameters()]

    def _of_each(self, size: int) -> Fraction:
        return Fraction(size, sum(self._sizes))

    @cached_property
    def weights(self) -> dict[str, Fraction]:
        """Bytes a parameter in each type, by torch's name."""
        given = list(self.one.parameters())
        sizes = {name: [torch.empty_like(one, dtype=getattr(torch, name)).nbytes for one in given] for name in TYPES}
        return {name: self._of_each(sum(each)) for name, each in sizes.items()}

    @cached_property
    def gradients(self) -> dict[str, Fraction]:
        """Bytes a parameter of gradients after a step, for a model in half and in single precision."""
        found = {}
        for name in ("float16", "float32"):
            model = self.model(1, getattr(torch, name))
            torch.autograd.backward(self.logits(model).sum())
            found[name] = self._of_each(sum(one.grad.nbytes for one in model.parameters() if one.grad is not None))
        return found

    @cached_property
    def states(self) -> dict[str, dict[str, Fraction]]:
        """Bytes a parameter of each state of an optimizer, with the copy of the parameters in single precision.

        Those in 8 bits are AdamW's by their published layout.
        """
        found = {}
        for name, make in OPTIMIZERS.items():
            copies = [*self.one.parameters()]
            states = {"copy": sum(one.nbytes for one in copies)} | state_bytes(copies, make)
            found[name] = {state: self._of_each(size) for state, size in states.items()}
        small = self._of_each(blockwise_bytes(self._sizes))
        found["bitsandbytes"] = found["AdamW"] | {"exp_avg": small, "exp_avg_sq": small}
        return found


@cache
def block_passes(width: int, heads: int, tokens: int, recompute: str = "none") -> Passes:
    """FLOPs of one layer; what is computed again counts in the backward pass, where it happens."""
    return _passes(lambda block: block(hidden(1, tokens, width)), Block(width, heads, 1, recompute))


def shares(layers: int, stages: int, shards: int) -> dict[str, dict[str, int]]:
    """Bytes of the matrices of so many layers, and of their gradients after a step: whole, and what one accelerator
    holds of them, in a pipeline of `stages`, each layer split over `shards`.
    """
    found: dict[str, dict[str, int]] = {"weights": {}, "gradients": {}}
    for whose, block, times in (("whole", Block(64, 8), layers), ("held", Block(64, 8, shards), layers // stages)):
        block(hidden(1, 1, 64)).sum().backward()
        matrices = [one for one in block.parameters() if one.ndim == 2]
        found["weights"][whose] = times * sum(one.nbytes for one in matrices)
        found["gradients"][whose] = times * sum(one.grad.nbytes for one in matrices if one.grad is not None)
    return found


def _passes(run: Any, model: nn.Module) -> Passes:
    with FlopCounterMode(display=False) as forward:
        output = run(model).sum()
    with FlopCounterMode(display=False) as backward:
        output.backward()
    return Passes(forward.get_total_flops(), backward.get_total_flops())


def shard_bytes(numbers: int, bytes_each: int, ranks: int) -> int:
    """Bytes of the largest of so many shards of a flat tensor of so many numbers."""
    flat = torch.empty(numbers, device="meta", dtype=torch.uint8)
    return bytes_each * max(shard.numel() for shard in flat.chunk(ranks))


def off_after_a_step(stage: int, shards: int, ranks: int) -> float:
    """How far a matrix is, after a step at a stage of ZeRO, from where one device brings it; whole numbers, exact.

    Its columns are split over `shards`, and each part over `ranks` that have their own rows of the batch.
    """
    draw = torch.Generator().manual_seed(0)
    matrix, batch = (torch.randint(-3, 4, (rows, shards), generator=draw).double() for rows in (shards, 2 * ranks))

    def gradient(part: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
        return rows.T @ (rows @ part)  # of half the squared output

    stepped = []
    for part in matrix.chunk(shards, dim=1):
        kept = part.flatten().chunk(ranks)
        gathered = torch.cat(kept).view_as(part) if stage == 3 else part
        gradients = [gradient(gathered, rows).flatten() for rows in batch.chunk(ranks)]
        reduced = [sum(each) for each in zip(*(one.chunk(ranks) for one in gradients), strict=True)]
        if stage < 2:  # every rank has all of the gradient
            reduced = list(torch.cat(reduced).chunk(ranks))
        updated = [own - change for own, change in zip(kept, reduced, strict=True)]
        if stage == 0:  # and takes the whole step itself
            updated = [part.flatten() - torch.cat(reduced)]
        stepped.append(torch.cat(updated).view_as(part))
    return float((torch.cat(stepped, dim=1) - (matrix - gradient(matrix, batch))).abs().max())


def bits_of(name: str) -> dict[str, int]:
    """Bits of a floating-point type, by torch's name: of its mantissa and its exponent."""
    info = torch.finfo(getattr(torch, name))
    mantissa = round(-torch.log2(torch.tensor(info.eps, dtype=torch.float64)).item())
    return {"Mantissa": mantissa, "Exponent": info.bits - 1 - mantissa}


@cache
def kept_of_a_layer(
    width: int, heads: int, tokens: int, shards: int, recompute: str, dtype: torch.dtype = torch.bfloat16
) -> Fraction:
    """Bytes that one accelerator keeps of a layer and one sequence, for each number of `tokens` times `width`."""
    block = Block(width, heads, shards, recompute, dtype)
    return Fraction(saved_bytes(block, hidden(1, tokens, width, dtype)), tokens * width)


def kept_by_shards(width: int, heads: int, tokens: int, shards: int, recompute: str) -> dict[str, Fraction]:
    """The same for the whole layer on one accelerator, and for what one of several holds of it."""
    sizes = {"whole": 1, "held": shards}
    return {whose: kept_of_a_layer(width, heads, tokens, count, recompute) for whose, count in sizes.items()}


def activations_of(config: Mapping[str, Any], tokens: int, dtype: str) -> int:
    """Bytes of a whole model's activations in a type, by torch's name, of one sequence without recomputation."""
    sizes = (config["hidden_size"], config["num_attention_heads"], tokens, 1, "none", getattr(torch, dtype))
    return int(kept_of_a_layer(*sizes) * tokens * config["hidden_size"]) * int(config["num_hidden_layers"])
