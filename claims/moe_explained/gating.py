"""The gates of the text, on torch: softmax, and noisy top-k gating.

Shazeer et al. 2017 (arXiv 1701.06538), equations 2 to 5. Logits and gates are `[tokens, experts]`, in float64.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from transformers.models.mixtral.configuration_mixtral import MixtralConfig
from transformers.models.mixtral.modeling_mixtral import MixtralTopKRouter

from claim_suite.fixtures.gate.router import assignments
from claim_suite.fixtures.routing.shares import assignment_shares, evenness, squared_distance

TOKENS = 64
WIDTH = 4


@dataclass(frozen=True)
class Gating:
    """A batch of tokens whose logits are drawn from a standard normal, and how many experts each token gets."""

    seed: int
    experts: int
    k: int

    def logits(self, further: int = 0) -> Tensor:
        """Draw logits; `further` draws others."""
        generator = torch.Generator().manual_seed(self.seed + further)
        return torch.randn(TOKENS, self.experts, generator=generator, dtype=torch.float64)

    def idle_under_softmax(self) -> int:
        """How many gates are zero under equation 2, the softmax over all experts."""
        return int((self.logits().softmax(dim=1) == 0).sum())

    def noisy_gates(self, noise: Tensor) -> Tensor:
        """Equations 3 to 5: add a standard normal times softplus(noise), keep the k largest, take the softmax."""
        noisy = self.logits() + self.logits(further=1) * torch.nn.functional.softplus(noise)
        largest = noisy.topk(self.k, dim=1)
        return torch.full_like(noisy, -torch.inf).scatter(1, largest.indices, largest.values).softmax(dim=1)

    def open_with_noise(self) -> list[int]:
        """How many experts each token gets."""
        experts: list[int] = (self.noisy_gates(self.logits(further=2)) > 0).sum(dim=1).tolist()
        return sorted(set(experts))

    def chosen_without_noise(self) -> Tensor:
        """Which experts each token gets where the noise weights are such that softplus is zero."""
        return self.noisy_gates(torch.full_like(self.logits(), -torch.inf)) > 0

    def chosen_by_the_library(self) -> Tensor:
        """Which experts the library's router for Mixtral chooses, when its weights pass the logits on."""
        config = MixtralConfig(hidden_size=self.experts, num_local_experts=self.experts, num_experts_per_tok=self.k)
        router: nn.Module = MixtralTopKRouter(config).double()  # type: ignore[no-untyped-call]  # the library's
        with torch.no_grad():
            next(router.parameters()).copy_(torch.eye(self.experts))
            _, _, choices = router(self.logits())
        return torch.zeros(TOKENS, self.experts, dtype=torch.bool).scatter(1, choices, value=True)

    def combined(self) -> Tensor:
        """Equation 1: the sum of all experts' outputs, weighed by their gates, in whole numbers so that it is exact."""
        gates, outputs = self._whole_numbers()
        return (gates.T[:, :, None] * outputs).sum(dim=0)

    def combined_where_open(self) -> Tensor:
        """The same of each token's experts whose gate is not zero, and of no other."""
        gates, outputs = self._whole_numbers()
        total = torch.zeros_like(outputs[0])
        for token, expert in gates.nonzero().tolist():
            total[token] += gates[token, expert] * outputs[expert, token]
        return total

    def load_variations(self, noises: Sequence[float]) -> list[float]:
        """Squared variation of the experts' loads when the gate favours each by four more than the one before it.

        Tokens choose one expert; a noise is the standard deviation of what is added to their logits.
        """
        found = []
        for noise in noises:
            noisy = self.logits() + 4 * torch.arange(self.experts) + noise * self.logits(further=1)
            counts = assignments(noisy.argmax(dim=1), self.experts).numpy()
            found.append(float(squared_distance(assignment_shares(counts)[None, None], evenness(1))[0]))
        return found

    def _whole_numbers(self) -> tuple[Tensor, Tensor]:
        """Draw gates, about half of them zero, and outputs `[experts, tokens, width]`."""
        generator = torch.Generator().manual_seed(self.seed)
        gates = torch.randint(0, 100, (TOKENS, self.experts), generator=generator)
        shut = torch.randint(0, 2, gates.shape, generator=generator)
        return gates * shut, torch.randint(-100, 100, (self.experts, TOKENS, WIDTH), generator=generator)
