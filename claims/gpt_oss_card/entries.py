"""Claims that the card makes of both models in one breath."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from claim_suite.fixtures.claim.table import Entry

LARGER, SMALLER = MODELS = ("gpt-oss-120b", "gpt-oss-20b")
FITS = (
    "Read as: the weights as stored, with the keys and values of at least as long a context as before its extension, "
    "take no more. No length is named in the sentence; activations and the runtime's own memory are not counted."
)
WHOLE_CONTEXT = " The longest context that it knows does not fit."
BOTH = "gpt-oss"  # what a claim about the two of them is about


class About(NamedTuple):
    """What a claim of one of the two models is about: its line in the list of both, and the model."""

    line: str
    model: str


def both(text: str, **keywords: Any) -> list[Entry]:
    """Return the claims `line-120b` and `line-20b` of each line of a list.

    A line has its name, what the card says, with {model} and {stated}, and the number of each model, if it prints any.
    Keywords are for all, or a mapping by claim or line.
    """
    entries = []
    for row in text.strip().splitlines():
        line, says, *numbers = (cell.strip() for cell in row.strip().strip("|").split("|"))
        for model, stated in zip(MODELS, numbers or ("", ""), strict=True):
            claim = f"{line}-{model.removeprefix('gpt-oss-')}"
            told = {"model": model, "says": says.format(model=model, stated=stated)}
            own = {
                key: value.get(claim, value.get(line)) if isinstance(value, Mapping) else value
                for key, value in (({"stated": stated} if stated else {}) | keywords).items()
            }
            told |= {key: value for key, value in own.items() if value}
            entries.append(Entry(About(line, model), claim, told))
    return entries
