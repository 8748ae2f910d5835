"""Claims that the card makes of both models in one breath."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fixtures.claim.table import Entry

LARGER, SMALLER = MODELS = ("gpt-oss-120b", "gpt-oss-20b")
BOTH = "gpt-oss"  # what a claim about the two of them is about


def both(name: str, says: str, larger: Mapping[str, Any], smaller: Mapping[str, Any]) -> list[Entry]:
    """Return the claims `name-120b` and `name-20b`, each with its keywords; `says` has {model} and {stated}."""
    return [
        Entry(
            model,
            f"{name}-{model.removeprefix('gpt-oss-')}",
            {"model": model, "says": says.format(model=model, stated=keywords.get("stated", "")), **keywords},
        )
        for model, keywords in ((LARGER, larger), (SMALLER, smaller))
    ]
