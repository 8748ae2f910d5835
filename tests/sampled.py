"""What an ordinary run tries of much that is alike: a few, the same everywhere; with CLAIMS_TESTS=all, all."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable

ALL = os.environ.get("CLAIMS_TESTS") == "all"


def sampled(names: Iterable[str], most: int) -> list[str]:
    """Return so many of some names, in order: those with the lowest digests; or all of them."""
    by_digest = sorted(set(names), key=lambda name: hashlib.blake2b(name.encode()).digest())
    return sorted(by_digest if ALL else by_digest[:most])
