"""Plausible wrong versions of a router, a balancing loss and a block, for the laws to catch."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor

from claim_suite.fixtures.gate.implementations import expert_outputs
from claim_suite.fixtures.gate.router import (
    Routing,
    assignments,
    balancing_loss,
    dense,
    route,
    uniform_share_moments,
    weighted_sum,
)
from claim_suite.fixtures.routing.shares import assignment_shares


def not_renormalised(logits: Tensor, k: int) -> Routing:
    """Softmax over all experts before the choice, and never divided by what was chosen."""
    return Routing(*logits.float().softmax(-1).topk(k))


def one_too_many(logits: Tensor, k: int) -> Routing:
    return route(logits, min(k + 1, logits.shape[-1]))


def softmax_twice(logits: Tensor, k: int) -> Routing:
    """Router logits that are probabilities already, as transformers 5.0 to 5.5 hands them out."""
    return route(logits.float().softmax(-1), k)


def twice_the_same_at_ties(logits: Tensor, k: int) -> Routing:
    """Look up where the k largest values stand: equal values stand at the same place."""
    largest = logits.topk(k).values
    return Routing(largest.float().softmax(-1), (logits[:, None] == largest[..., None]).long().argmax(-1))


def smallest(logits: Tensor, k: int) -> Routing:
    return route(-logits, k)


def sigmoids(logits: Tensor, k: int) -> Routing:
    """Sigmoids over their sum, as some later families have it: not a softmax, and a constant does matter."""
    largest, choices = logits.float().topk(k)
    weights = largest.sigmoid() + torch.finfo(torch.float32).tiny
    return Routing(weights / weights.sum(-1, keepdim=True), choices)


def half_precision_softmax(logits: Tensor, k: int) -> Routing:
    largest, choices = logits.topk(k)
    return Routing(largest.bfloat16().softmax(-1).float(), choices)


def leaning_to_the_last(logits: Tensor, k: int) -> Routing:
    """A bias by expert, as balancing without a loss adds."""
    return route(logits.float() + torch.arange(logits.shape[-1]) / 64, k)


def blunted_by_size(logits: Tensor, k: int) -> Routing:
    return route(logits.float() / (1 + logits.float().square().amax(-1, keepdim=True)), k)


def with_a_favourite(logits: Tensor, k: int) -> Routing:
    favoured = logits.float().clone()
    favoured[:, 0] += 100
    return route(favoured, k)


def counting_padding(logits: Tensor, k: int, mask: Tensor | None = None) -> float:  # noqa: ARG001  # that is the fault
    return balancing_loss(logits, k)


def squared_k(logits: Tensor, k: int, mask: Tensor | None = None) -> float:  # noqa: ARG001  # no mask, nothing measured
    """What transformers 4.36 returned, 4.0 with two experts a token, whatever the routing."""
    return float(k * k)


def first_choice_only(logits: Tensor, k: int, mask: Tensor | None = None) -> float:  # noqa: ARG001  # that is the fault
    return balancing_loss(logits, 1, mask)


def shares_of_assignments_loss(logits: Tensor, k: int, mask: Tensor | None = None) -> float:
    """As Megatron-LM counts: shares of assignments in place of shares of tokens, so that it is 1 at uniform routing."""
    return balancing_loss(logits, k, mask) / k


def assignments_of_padding(choices: Tensor, experts: int, _mask: Tensor | None = None) -> Tensor:
    return assignments(choices, experts)


def moments_with_replacement(experts: int, k: int, tokens: int) -> tuple[list[Any], list[Any]]:
    means, _ = uniform_share_moments(experts, k, tokens)
    return means, [mean * (1 - mean) / (tokens * k) for mean in means]


def shares_of_assignments(counts: Any, _k: int) -> Any:
    return assignment_shares(counts)


def unweighted(experts: Any, hidden: Tensor, choices: Tensor, weights: Tensor) -> Tensor:
    return _sum_of_experts(experts, hidden, choices, torch.full_like(weights, 1 / weights.shape[-1]))


def weighted_twice(experts: Any, hidden: Tensor, choices: Tensor, weights: Tensor) -> Tensor:
    return _sum_of_experts(experts, hidden, choices, weights.square())


def last_left_out(experts: Any, hidden: Tensor, choices: Tensor, weights: Tensor) -> Tensor:
    return _sum_of_experts(experts, hidden, choices[:, :-1], weights[:, :-1])


def gate_and_up_swapped(experts: Any, hidden: Tensor, choices: Tensor, weights: Tensor) -> Tensor:
    swapped = experts.gate_up_proj.roll(experts.intermediate_dim, 1)
    other = SimpleNamespace(gate_up_proj=swapped, down_proj=experts.down_proj)
    return _sum_of_experts(other, hidden, choices, weights)


def _sum_of_experts(experts: Any, hidden: Tensor, choices: Tensor, weights: Tensor) -> Tensor:
    outputs = expert_outputs(experts, hidden)
    return weighted_sum(dense(Routing(weights.double(), choices), len(outputs)), outputs).to(hidden.dtype)
