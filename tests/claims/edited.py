"""Published configurations with one field edited, and the claims that stand or fall with that field."""

from __future__ import annotations

from tests.claims.world import LLAMA, LLAMA_70B, MIXTRAL, World, fields

MIXTRAL_SIZES = {"mixtral-total", "total-about-46B", "paper-total"}
MIXTRAL_AT_WORK = {"active-parameters", "active-experts-8-times", "paper-active"}
WIDE_MIXTRAL = {"mixtral-ratio", "mixtral-ffn-wider", "ratio-by-query-width", "mixtral-moe-block"}
AGAINST_LLAMA_70B = {"total-below-llama-70b", "paper-five-times-fewer"}


def edited(file: str, affected: set[str], **values: int) -> World:
    """The world in which a configuration has other values, with its hash recorded."""
    (field,) = values
    name = f"{file.removeprefix('configs/').removesuffix('.json')}, {field}"
    return World(name, lambda case: case.name in affected, {file: fields(**values)})


EDITED = (
    edited(
        LLAMA,
        {"llama-total", "llama-attention", "llama-mlp", "llama-d-model", "llama-ratio", "mlp-nearly-twice-attention"}
        | {"ffn-share-of-work", "ffn-optimisation-pays-more"},
        hidden_size=10240,
    ),
    edited(
        LLAMA,
        {"llama-total", "llama-mlp", "llama-d-ff", "llama-ratio", "mlp-nearly-twice-attention"},
        intermediate_size=11008,
    ),
    edited(LLAMA, {"llama-total", "llama-attention", "mlp-nearly-twice-attention"}, num_key_value_heads=8),
    edited(LLAMA, {"ffn-share-of-work", "ffn-optimisation-pays-more"}, max_position_embeddings=16384),
    edited(LLAMA_70B, AGAINST_LLAMA_70B, hidden_size=4096),
    edited(
        MIXTRAL,
        MIXTRAL_SIZES | MIXTRAL_AT_WORK | WIDE_MIXTRAL | AGAINST_LLAMA_70B
        | {"mixtral-attention", "mixtral-d-model", "experts-33-times-attention"},
        hidden_size=6144,
    ),
    edited(
        MIXTRAL,
        MIXTRAL_SIZES | MIXTRAL_AT_WORK | WIDE_MIXTRAL
        | {"mixtral-d-ff", "experts-33-times-attention", "paper-five-times-fewer"},
        intermediate_size=12288,
    ),
    edited(
        MIXTRAL,
        MIXTRAL_SIZES | MIXTRAL_AT_WORK
        | {"mixtral-attention", "mixtral-q-k-widths-differ", "ratio-by-query-width", "experts-33-times-attention"},
        num_key_value_heads=32,
    ),
    edited(
        MIXTRAL,
        MIXTRAL_SIZES
        | {"mixtral-moe-block", "experts-33-times-attention", "total-below-llama-70b", "eight-experts", "even-share"}
        | {"repetition-baseline", "repetition-above-chance"},
        num_local_experts=16,
    ),
    edited(
        MIXTRAL,
        MIXTRAL_AT_WORK | {"paper-five-times-fewer", "two-experts-used", "repetition-baseline"},
        num_experts_per_tok=1,
    ),
)  # fmt: skip
