"""Planted worlds in which the document is right, or wrong, or in which the text cannot tell.

Three of the Pile's domains have words of their own, each at 32 levels. At a layer, a word either goes to its domain's
expert or, like the word of the same level in every domain, to one of four pairs by turns. Which of the two it is
depends on the level, so a domain is as specific at a layer as there are levels that have turned.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.recording.synthetic_checkpoint import EXPERTS, Planted, Table, plant, word, write_corpus

DEPTH = LEVELS = 32
DOMAINS = ("DM Mathematics", "StackExchange", "Wikipedia (en)")
# The expert of a domain, and those that its words take turns with for their second choice. Mathematics shares none with
# the others, so every level that turns adds to its distance from them.
RIGHT = {"DM Mathematics": (0, 1, 2, 3), "StackExchange": (7, 4, 5, 6), "Wikipedia (en)": (7, 4, 5, 6)}
WRONG = {"DM Mathematics": (5, 6, 7), "StackExchange": (3, 1, 2), "Wikipedia (en)": (4, 2, 0)}
SHAPE: dict[str, Any] = {"hidden_size": 128, "head_dim": 8, "intermediate_size": 4}


def table(own: Mapping[str, tuple[int, ...]], turned: Callable[[int, int], bool]) -> Table:
    """Logits by layer, class and expert; `turned(layer, level)` says which words go to their domain's experts."""

    def row(first: int, second: int) -> list[float]:
        return [2.0 if expert == first else 1.0 if expert == second else 0.0 for expert in range(EXPERTS)]

    by_turns = [row(2 * (level % 4), 2 * (level % 4) + 1) for level in range(LEVELS)]
    return [
        [
            row(*_own(own[domain], level)) if turned(layer, level) else by_turns[level]
            for domain in DOMAINS
            for level in range(LEVELS)
        ]
        for layer in range(DEPTH)
    ]


def _own(experts: tuple[int, ...], level: int) -> tuple[int, int]:
    first, *others = experts
    return first, others[level % len(others)]


def right(folder: Path) -> tuple[Planted, Path]:
    """A level turns with every layer, from the first to the last; every text has every level once."""
    planted = plant(folder / "right", table=table(RIGHT, lambda layer, level: level <= layer), **SHAPE)
    return planted, _text(folder / "right.jsonl", 12, lambda drawn: drawn.sample(range(LEVELS), LEVELS))


def wrong(folder: Path) -> tuple[Planted, Path]:
    """All levels are turned at the first layer and half of them at the last, and to other experts."""
    planted = plant(folder / "wrong", table=table(WRONG, lambda layer, level: 2 * level >= layer), **SHAPE)
    return planted, _text(folder / "wrong.jsonl", 24, lambda drawn: drawn.sample(range(LEVELS), LEVELS))


def unclear(folder: Path) -> tuple[Planted, Path]:
    """The last layers alone turn, half of the words to expert 7 first; few short texts of words drawn at random."""
    planted = plant(folder / "unclear", table=table(RIGHT, lambda layer, level: layer > 30 and level % 8 == 0), **SHAPE)
    return planted, _text(folder / "unclear.jsonl", 10, lambda drawn: drawn.choices(range(LEVELS), k=12))


def _text(path: Path, texts: int, levels: Callable[[random.Random], list[int]]) -> Path:
    drawn = random.Random(5)
    return write_corpus(
        path,
        (
            (" ".join(word(place * LEVELS + level) for level in levels(drawn)), domain)
            for place, domain in enumerate(DOMAINS)
            for _ in range(texts)
        ),
    )
