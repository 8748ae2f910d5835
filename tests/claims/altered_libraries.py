"""Libraries altered for claims that no evidence could make false: what they say follows from how the parts work."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pytest
    import torch

ATTENTION_S_ALONE = ("moe_post/attention-memory-grows", "moe_post/attention-time-grows")
LAWS = ("moe_post/above-the-line", "mixtral_paper/gate-is-softmax-of-top-k", "mixtral_paper/gate-laws")


def mlps_that_attend(monkeypatch: pytest.MonkeyPatch) -> None:
    """Llama's MLP holds on to its input and compares all tokens with each other; the formula knows."""
    from transformers.models.llama.modeling_llama import LlamaMLP

    from fixtures.models import flops

    plain_forward, plain_formula = LlamaMLP.forward, flops.formula

    def forward(mlp: Any, hidden: torch.Tensor) -> Any:
        mlp.kept = hidden
        _ = hidden @ hidden.transpose(-1, -2)
        return plain_forward(mlp, hidden)  # type: ignore[no-untyped-call]  # the library leaves it untyped

    def formula(config: Any, context: int) -> flops.Work:
        work, comparing = plain_formula(config, context), 2 * context * config["hidden_size"]
        return replace(work, mlp=work.mlp + config["num_hidden_layers"] * comparing)

    monkeypatch.setattr(LlamaMLP, "forward", forward)
    monkeypatch.setattr(flops, "formula", formula)


def wrong_routers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Break every law of the gate in every router, and make shares that are of tokens, not of slots."""
    from transformers.integrations.moe import ALL_EXPERTS_FUNCTIONS

    from fixtures.gate import implementations as routers
    from fixtures.gate import router
    from fixtures.routing import shares as routing_stats
    from tests.claims import wrong_routers as wrong

    assignments, slot_shares = router.assignments, routing_stats.slot_shares

    def gate(logits: torch.Tensor, k: int) -> torch.Tensor:
        return router.dense(_all_wrong(logits, k), logits.shape[-1])

    for registry, version in ((routers.routers, _all_wrong), (routers.gates, gate), (routers.losses, _too_large)):
        for name in set(registry()) - {routers.RENORMALISED}:
            monkeypatch.setitem(registry(), name, version)
    monkeypatch.setitem(ALL_EXPERTS_FUNCTIONS, "batched_mm", wrong.unweighted)
    monkeypatch.setattr(router, "megatron_balancing_loss", router.balancing_loss)
    monkeypatch.setattr(router, "assignments", lambda choices, experts, _mask=None: assignments(choices, experts))
    monkeypatch.setattr(routing_stats, "slot_shares", lambda counts: 2 * slot_shares(counts))
    monkeypatch.setattr(routing_stats, "token_shares", lambda counts, _k: slot_shares(counts))


def _all_wrong(logits: torch.Tensor, k: int) -> Any:
    """Leans to the last experts, weighs by sigmoids, and gives the first choice the last place as well."""
    import torch

    from fixtures.gate.router import Routing

    largest, choices = (logits.float() + torch.arange(logits.shape[-1])).topk(k)
    choices[:, -1] = choices[:, 0]
    return Routing(largest.sigmoid(), choices)


def _too_large(logits: torch.Tensor, k: int, _mask: torch.Tensor | None = None) -> float:
    """Twice the balancing loss, padding included."""
    from fixtures.gate.router import balancing_loss

    return 2 * balancing_loss(logits, k)
