"""Small cards and configurations, and a way to write them with something changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

CONFIG: dict[str, Any] = {
    "model_type": "qwen3_moe", "vocab_size": 100, "hidden_size": 16, "intermediate_size": 32,
    "moe_intermediate_size": 8, "num_hidden_layers": 3, "num_attention_heads": 4, "num_key_value_heads": 2,
    "head_dim": 8, "num_experts": 6, "num_experts_per_tok": 2, "decoder_sparse_step": 1,
    "max_position_embeddings": 1024, "tie_word_embeddings": False,
}  # fmt: skip
ATTENTION = 16 * (4 + 2 + 2) * 8 + 4 * 8 * 16 + 2 * 8
LAYER = ATTENTION + 6 * 3 * 16 * 8 + 6 * 16 + 2 * 16
EMBEDDING = 100 * 16
TOTAL = 3 * LAYER + 2 * EMBEDDING + 16
ACTIVE = TOTAL - 3 * 4 * 3 * 16 * 8


def toml(value: Any) -> str:
    """Write a value of a configuration as TOML."""
    return str(value).lower() if isinstance(value, bool) else repr(value).replace("'", '"')


def card(*printed: str, name: str = "Tiny", config: dict[str, Any] | None = None, more: str = "") -> str:
    """Write a card that prints these numbers, as `total = "1"`, of a small model."""
    values = "\n".join(f"{key} = {toml(value)}" for key, value in (CONFIG if config is None else config).items())
    return (
        f'name = "{name}"\nfamily = "Tiny"\norganisation = "us"\ndate = "2026-01"\n{more}\n'
        f'[configuration]\norigin = "made up"\n\n[configuration.values]\n{values}\n\n'
        f'[[printed]]\nwhere = "its card"\n' + "\n".join(printed) + "\n"
    )


def write(folder: Path, name: str, text: str) -> Path:
    """Write a card file."""
    path = folder / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    return path
