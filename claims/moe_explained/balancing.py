"""The balancing loss, batches that overflow and a softmax of rounded logits: the small computations of one section."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from inspect import signature

import torch
from torch import Tensor
from transformers.modeling_outputs import MoeCausalLMOutputWithPast
from transformers.models.mixtral.modeling_mixtral import MixtralForCausalLM

from claim_suite.fixtures.gate.cases import Case
from claim_suite.fixtures.gate.router import assignments
from claim_suite.fixtures.routing.capacity import expert_capacity, kept

TOKENS = 64
WIDTH = 4
UNEVEN = Case(seed=86, tokens=8, experts=2, top_k=1)  # six tokens and two: its loss is below that of four and four


@dataclass(frozen=True)
class Batch:
    """A batch of tokens whose logits are drawn from a standard normal."""

    seed: int
    experts: int
    factor: Fraction

    def _logits(self) -> Tensor:
        generator = torch.Generator().manual_seed(self.seed)
        return torch.randn(TOKENS, self.experts, generator=generator, dtype=torch.float64)

    def slopes(self) -> tuple[float, float]:
        """How fast the loss rises with the probability of the expert with most tokens, and of the one with fewest.

        Fedus et al. 2021 (arXiv 2101.03961), equation 4: experts times the sum of share times mean probability, of
        which only the probability can be differentiated.
        """
        counts = assignments(self._logits().argmax(dim=1), self.experts)
        counts[0] += TOKENS  # loads that are all alike have no expert with most
        probability = self._logits().softmax(dim=1).mean(dim=0).requires_grad_()
        loss = self.experts * (counts / counts.sum() * probability).sum()
        (slope,) = torch.autograd.grad(loss, probability)
        return float(slope[counts.argmax()]), float(slope[counts.argmin()])

    def overflowed(self) -> list[bool]:
        """Which tokens find no place at either of the two experts they chose."""
        choices = self._logits().topk(2, dim=1).indices
        found = kept(choices.numpy(), self.experts, self._places())
        return [not any(of_a_token) for of_a_token in found.tolist()]

    def both_full(self) -> list[bool]:
        """Which tokens chose two experts that were full when they came: one by one, first choices before second."""
        choices, taken = self._logits().topk(2, dim=1).indices, [0] * self.experts
        turned_away = [0] * TOKENS
        for rank in range(2):
            for token in range(TOKENS):
                expert = int(choices[token, rank])
                turned_away[token] += taken[expert] >= self._places()
                taken[expert] += 1
        return [times == 2 for times in turned_away]

    def by_blocks(self) -> Tensor:
        """Each token by the matrix of its expert, all in one product of blocks that are as long as their loads."""
        chosen, tokens, experts = self._whole_numbers()
        order = chosen.argsort(stable=True)
        blocks = torch.split(tokens[order], assignments(chosen, self.experts).tolist())
        found = torch.empty_like(tokens)
        together = torch.block_diag(*blocks)  # type: ignore[no-untyped-call]  # torch leaves it untyped
        found[order] = together @ experts.flatten(end_dim=1)
        return found

    def one_by_one(self) -> Tensor:
        """The same, a token at a time."""
        chosen, tokens, experts = self._whole_numbers()
        return torch.stack([token @ experts[expert] for token, expert in zip(tokens, chosen.tolist(), strict=True)])

    def _whole_numbers(self) -> tuple[Tensor, Tensor, Tensor]:
        """The expert of each token, tokens `[tokens, width]`, and a matrix of each expert, so that sums are exact."""
        generator = torch.Generator().manual_seed(self.seed)
        sizes = (TOKENS, WIDTH), (self.experts, WIDTH, WIDTH)
        tokens, experts = (torch.randint(-9, 10, size, generator=generator) for size in sizes)
        return self._logits().argmax(dim=1), tokens, experts

    def _places(self) -> int:
        return int(expert_capacity(TOKENS, self.experts, self.factor, top_k=2))


def loss_of_an_uneven_batch() -> float:
    """Largest loss of a batch by any implementation, in units of the loss at an even load, which is k."""
    return max(UNEVEN.losses().values()) / UNEVEN.top_k


def places_in_the_library(name: str) -> dict[str, int]:
    """How many parameters of Mixtral's model have a name, and how many fields of what the model returns."""
    return {
        "parameters": list(signature(MixtralForCausalLM.forward).parameters).count(name),
        "fields": list(signature(MoeCausalLMOutputWithPast).parameters).count(name),
    }


def changes_by_rounding(sizes: list[int]) -> list[float]:
    """Largest relative change of a probability when its logits are rounded to bfloat16, for logits around each size.

    One logit is higher by half than ten others: ST-MoE (arXiv 2202.08906), footnote 7.
    """
    changes = []
    for size in sizes:
        logits = torch.tensor([size + 0.5, *[float(size)] * 10], dtype=torch.float64)
        exact, rounded = logits.softmax(dim=0), logits.bfloat16().double().softmax(dim=0)
        changes.append(float(((rounded - exact) / exact).abs().max()))
    return changes


def change_of_the_logit(size: int) -> float:
    """The relative change of the largest of these logits itself."""
    value = torch.tensor(size + 0.5, dtype=torch.float64)
    return float(((value.bfloat16().double() - value) / value).abs())
