"""What a world is: evidence altered, libraries altered, and the cases that this must turn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pytest

    Edit = Callable[[Any], None]

LLAMA, LLAMA_70B, MIXTRAL = (
    f"configs/{name}.json" for name in ("llama-2-13b", "llama-2-70b", "mixtral-8x7b-v0.1")
)  # fmt: skip
FIGURE_7, TABLE_2, TABLE_5 = (f"mixtral_paper_{name}.json" for name in ("figure7", "table2", "table5"))
MMLU, OLMOE = "mixtral_mmlu_counts.json", "mixtral_olmoe_repo_counts.json"


@dataclass(frozen=True)
class Case:
    """A case of a claim as the unaltered run knows it: `declared` is "holds" or "refuted"."""

    claim: str
    id: str
    declared: str

    @property
    def name(self) -> str:
        """The claim without its document."""
        return self.claim.partition("/")[2]


@dataclass(frozen=True)
class World:
    """`edits` alter files under fixtures/data in place, `alter` the libraries; `turns` tells which cases it turns."""

    name: str
    turns: Callable[[Case], bool]
    edits: Mapping[str, Edit]
    alter: Callable[[pytest.MonkeyPatch], None] = lambda _monkeypatch: None


def fields(**values: Any) -> Edit:
    """An edit that sets fields of an object."""
    return lambda content: content.update(values)


def peak(expert: int, share: float, experts: int = 8) -> list[float]:
    """Give an expert a share and the others the rest, evenly."""
    return [share if index == expert else (1 - share) / (experts - 1) for index in range(experts)]
