"""What only this document's claims need: published tables, and models that differ from Mixtral in one number."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from claim_suite.fixtures import origins
from claim_suite.fixtures.facts import published
from claim_suite.fixtures.models import collector
from claim_suite.fixtures.models.published import Model, published_model

if TYPE_CHECKING:
    from claims.moe_explained.switch_c import SwitchC

DATA = Path(__file__).parent / "data"
SWITCH_C = "configs/switch-c-2048.json"


switch_transformers = published("switch_transformers.json", DATA)
st_moe = published("st_moe.json", DATA)
placement = published("placement.json", DATA)
gshard = published("gshard.json", DATA)
shazeer_2017 = published("shazeer_2017.json", DATA)
energy = published("energy.json", DATA)
compute_budgets = published("compute_budgets.json", DATA)
kaplan_fit = published("kaplan_fit.json", DATA)
mixtral_paper_table3 = published("mixtral_paper_table3.json", DATA)
leaderboard = published("leaderboard.json", DATA)
mt_bench = published("mt_bench.json", DATA)
pretraining = published("pretraining.json", DATA)
resources = published("resources.json", DATA)
listed = published("listed.json", DATA)
fastermoe = published("fastermoe.json", DATA)
mistral = published_model("mistral-7b-v0.1", "Mistral 7B, the dense model that Mixtral is compared with.")

one_thread = collector.one_thread("claim_suite.fixtures.models.counted", "transformers.models.mixtral.modeling_mixtral")


class OneLayer(Model):
    """A published model with one of its layers, which are alike, and some fields of its configuration changed."""

    def __init__(self, name: str, changes: tuple[tuple[str, int], ...]) -> None:
        super().__init__(name, f"{name}.json")
        self.config |= {"num_hidden_layers": 1, **dict(changes)}


@pytest.fixture(scope="session")
def one_layer() -> Callable[..., OneLayer]:
    """Make a model with one layer, Mixtral unless named, and some fields changed, as `num_experts_per_tok`."""
    make = cache(OneLayer)
    return lambda name="mixtral-8x7b-v0.1", **changes: make(name, tuple(sorted(changes.items())))


@pytest.fixture(scope="session")
def switch_c() -> SwitchC:
    """Switch-C with 2,048 experts, counted without building all of them."""
    from claims.moe_explained.switch_c import SwitchC

    return SwitchC(origins.load(SWITCH_C), [origins.evidence(SWITCH_C, model="switch-c-2048")])
