"""A plugin that stands in for what a laptop lacks, so that the claims on it can fail here as well.

Fresh routing is as in the figure, and perplexity and times are what the post denies.
"""

from __future__ import annotations

from functools import cached_property

import pytest
import torch

from fixtures import origins as sources
from fixtures.claim.estimate import Estimate
from fixtures.recording.clock import LayerClock
from fixtures.recording.perplexity import NUMBERS, Perplexity
from fixtures.repetition import TABLE_5
from fixtures.routing import sources as routing
from fixtures.routing.evidence import RoutingEvidence


class SlowAttention(LayerClock):
    """A clock by which attention takes about twice as long as the MLP."""

    def seconds(self, context: int) -> list[tuple[float, float]]:
        return [(2.0, 1.0 + pair / 1000 + context / 1e9) for pair in range(self._pairs)]


class FreshFigure(RoutingEvidence):
    """The figure's routing, by a router that hands a token to as many experts as the configuration says."""

    @cached_property
    def experts_per_token(self) -> int:
        chosen: int = sources.load("configs/mixtral-8x7b-v0.1.json")["num_experts_per_tok"]
        return chosen

    def lowest(self, layer: int, *, either: bool = False) -> Estimate:
        """Repetition as in the table."""
        least: Estimate = TABLE_5.load(None).lowest(layer, either=either)  # type: ignore[arg-type]  # asks nothing of it
        return least


@pytest.fixture(scope="session")
def perplexity() -> Perplexity:
    """The more experts, the better."""
    tokens = torch.arange(100, 140)
    return Perplexity({number: tokens * (3 - number / 10 + tokens / 1e6) for number in NUMBERS}, tokens)


@pytest.fixture(scope="session")
def layer_clock() -> LayerClock:
    return SlowAttention({}, "cpu", pairs=20)


def pytest_collection(session: pytest.Session) -> None:
    """Say that fresh routing was recorded already."""
    figure = routing.FIGURE_7.load(session)  # type: ignore[arg-type]  # the figure asks nothing of a request
    fresh = FreshFigure(**{**vars(figure), "name": routing.FRESH.name})
    session.stash[routing.LOADED] = {routing.FRESH.name: fresh}
