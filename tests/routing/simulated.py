"""Documents whose tokens depend on each other, with shares that are known."""

from __future__ import annotations

import torch
from torch import Tensor

CONCENTRATION = 20.0  # of the Dirichlet distribution of a document's own shares: a standard deviation of .07 at 1/8
TOKENS = 200  # in a document, typically
SPREAD = 0.7  # of the logarithm of a document's tokens: one in twenty is four times as long


def documents(seed: int, shares: Tensor, number: int, spread: float = SPREAD) -> Tensor:
    """Counts `[number, ..., experts]` of documents that each have their own shares, around `shares[..., experts]`."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        wanted = (shares.double() * CONCENTRATION).expand(number, *shares.shape)
        own = torch.distributions.Dirichlet(wanted, validate_args=False).sample()
        length = torch.randn(own.shape[:-1], dtype=torch.float64)
        left = (TOKENS * (spread * length).exp()).round().clamp(min=1)
        rest, counts = torch.ones_like(left), []
        for share in own.unbind(-1)[:-1]:
            counts.append(torch.binomial(left, (share / rest).clamp(0, 1)))
            left, rest = left - counts[-1], rest - share
    return torch.stack([*counts, left], -1).long()


def in_domains(seed: int, shares: Tensor, number: int, spread: float = SPREAD) -> tuple[Tensor, Tensor]:
    """Counts `[domains * number, layers, experts]` around `shares[domains, layers, experts]`, and their domains."""
    counts = documents(seed, shares, number, spread).transpose(0, 1).flatten(0, 1)
    return counts, torch.arange(len(shares)).repeat_interleave(number)
