"""Claims that the card makes of both models in one breath."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from claim_suite.fixtures.claim.table import Entry

LARGER, SMALLER = MODELS = ("gpt-oss-120b", "gpt-oss-20b")
FITS = (
    "Read as: the weights as stored, with the keys and values of at least as long a context as before its extension, "
    "take no more. No length is named in the sentence; activations and the runtime's own memory are not counted."
)
WHOLE_CONTEXT = " The longest context that it knows does not fit."
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
