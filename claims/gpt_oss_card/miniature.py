"""The library's gpt-oss in miniature, on the CPU: what its modules do, not how large they are."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import torch
from torch import Tensor
from transformers import GptOssConfig
from transformers.models.gpt_oss import modeling_gpt_oss as library

from claim_suite.reports import schema

SMALL = {"hidden_size": 16, "intermediate_size": 8, "vocab_size": 8, "num_local_experts": 8, "num_hidden_layers": 2}
HEADS = {"num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 8}
TOKENS, CONTEXT = 3, 200
LARGE = 1e4  # e to its negative is 0 in any precision, and beside its square what a norm adds vanishes
EXCESS = 1e30  # far beyond every clamp and logit, and finite
RISE = 8  # of scores


class Miniature:
    """Modules of a model whose sizes are small and whose other settings are the published ones.

    What is asked of it is exact: a difference that has to vanish is zero, whatever the precision. `evidence` is what
    the report says of it.
    """

    def __init__(self, config: dict[str, Any], evidence: Sequence[schema.Evidence] = ()) -> None:
        self.evidence = evidence
        small = {**config, **SMALL, **HEADS, "layer_types": config["layer_types"][:2], "architectures": None}
        self.config = GptOssConfig.from_dict(small)
        self.config._attn_implementation = self.config._experts_implementation = "eager"
        self._random = torch.Generator().manual_seed(0)

    def moved_by_the_stream(self, times: float = 1, plus: float = 0) -> list[float]:
        """How far what enters a block moves, at most, when the residual stream is so many times as large, and more.

        Of each attention and each mixture of experts, in a stream to which they add nothing.
        """
        stream = LARGE * self._draw(1, TOKENS, self.config.hidden_size)
        pairs = zip(self._entering(stream), self._entering(times * stream + plus), strict=True)
        return [float((after - before).abs().max()) for before, after in pairs]

    def bend_of_scores(self) -> float:
        """How far the router's scores of a sum of two tokens are from the sum of theirs, at most."""
        router, (one, other) = self._router(), self._draw(2, TOKENS, self.config.hidden_size)
        router.weight.data = self._draw(*router.weight.shape)
        return float((router(one + other)[0] - router(one)[0] - router(other)[0]).abs().max())

    def moved_by_scores(self) -> float:
        """How far the weights of a token's experts move, at most, when their scores rise alike and all others fall."""
        router, hidden = self._router(), self._draw(TOKENS, self.config.hidden_size)
        router.weight.data = self._draw(*router.weight.shape)
        _, weights, chosen = router(hidden)
        moved = []
        for token in range(TOKENS):
            router.bias.data.fill_(-EXCESS)
            router.bias.data[chosen[token]] = RISE
            _, without, _ = router(hidden)
            moved.append(without[token] - weights[token])
        return float(torch.stack(moved).abs().max())

    def sum_of_weights(self) -> float:
        """The sum of the weights of a token's experts where all scores are alike."""
        _, weights, _ = self._router()(self._draw(1, self.config.hidden_size))
        return float(weights.sum())

    def seen(self, layer: int) -> int:
        """How many of 200 tokens, itself included, the last one looks at in a layer, in a head without a sink."""
        return int((self._attended[layer][0] > 0).sum())

    def most_attention(self) -> tuple[float, float]:
        """The most weight that any token has in a head whose sink is 0, and in one whose sink is large."""
        _, weights = self._attended
        return float(weights[0].max()), float(weights[-1].max())

    def moved_by_excess(self) -> float:
        """How far an expert's output moves when inner units that are far too large become twice as large."""
        return self.passed(2 * EXCESS, 2 * EXCESS) - self.passed(EXCESS, EXCESS)

    def passed(self, gate: float, linear: float) -> float:
        """What an expert lets through of an inner unit whose gate and linear part are these."""
        experts: Any = library.GptOssExperts(self.config)  # type: ignore[no-untyped-call]  # the library leaves it untyped
        experts.requires_grad_(False)
        for parameter in experts.parameters():
            torch.nn.init.zeros_(parameter)
        experts.gate_up_proj_bias[:, ::2], experts.gate_up_proj_bias[:, 1::2] = gate, linear
        experts.down_proj[:, 0, 0] = 1
        hidden = torch.zeros(1, self.config.hidden_size)
        return float(experts(hidden, torch.zeros(1, 1, dtype=torch.long), torch.ones(1, 1))[0, 0])

    def _router(self) -> Any:
        router = library.GptOssTopKRouter(self.config)  # type: ignore[no-untyped-call]  # the library leaves it untyped
        router.requires_grad_(False)
        for parameter in router.parameters():
            torch.nn.init.zeros_(parameter)
        return router

    @cached_property
    def _model(self) -> Any:
        """A model in which no token is preferred and no block adds anything.

        Each first head's sink is 0, the last one's is large.
        """
        model: Any = library.GptOssModel(self.config).requires_grad_(False)
        for name, parameter in model.named_parameters():
            torch.nn.init.constant_(parameter, "norm" in name)
        for layer in model.layers:
            layer.self_attn.sinks[-1] = LARGE
        return model

    def _entering(self, stream: Tensor) -> list[Tensor]:
        """What enters every layer's attention and its mixture of experts."""
        entered: list[Tensor] = []

        def enter(_: Any, given: tuple[Tensor, ...], named: dict[str, Any]) -> None:
            entered.append(given[0] if given else named["hidden_states"])

        blocks = [block for layer in self._model.layers for block in (layer.self_attn, layer.mlp)]
        hooks = [block.register_forward_pre_hook(enter, with_kwargs=True) for block in blocks]
        self._model(inputs_embeds=stream)
        for hook in hooks:
            hook.remove()
        return entered

    @cached_property
    def _attended(self) -> list[Tensor]:
        """Weights of the last token's attention by layer, [heads, tokens], where no token is preferred."""
        attentions = self._model(torch.zeros(1, CONTEXT, dtype=torch.long), output_attentions=True).attentions
        return [weights[0, :, -1, :CONTEXT] for weights in attentions]

    def _draw(self, *shape: int) -> Tensor:
        """Whole numbers, whose sums and products are exact."""
        return torch.randint(-3, 4, shape, generator=self._random).float()
