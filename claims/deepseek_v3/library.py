"""What the installed libraries do: the caches of small models, and a format of numbers."""

from __future__ import annotations

from typing import Any

import torch

from claim_suite.fixtures.models.counted import Counted

HEADS = 8
SMALL = {
    "model_type": "llama",
    "hidden_size": 64,
    "intermediate_size": 8,
    "vocab_size": 8,
    "tie_word_embeddings": False,
}


class Library:
    """Asks the installed libraries."""

    def kept(self, groups: int, width: int, layers: int) -> int:
        """Numbers that a token leaves in the cache of a model with 8 heads of a width, in so many groups."""
        config: dict[str, Any] = {**SMALL, "num_attention_heads": HEADS, "num_key_value_heads": groups}
        model = Counted({**config, "head_dim": width, "num_hidden_layers": layers})
        return model.kv_cache_bytes(1, bytes_per_number=1).attention

    def float8(self) -> tuple[int, float]:
        """Bits of torch's e4m3, and its step above one."""
        of = torch.finfo(torch.float8_e4m3fn)
        return of.bits, of.eps
