"""What only this document's claims need: published tables, and models that differ from Mixtral in one number."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from fixtures import origins
from fixtures.facts import Facts, facts
from fixtures.models import collector
from fixtures.models.published import Model

if TYPE_CHECKING:
    from claims.moe_explained.switch_c import SwitchC

DATA = Path(__file__).parent / "data"
SWITCH_C = "configs/switch-c-2048.json"


def _facts(name: str) -> Any:
    """Make the fixture of a data file, called after it."""

    def load() -> Facts:
        return facts(f"{name}.json", DATA)

    load.__doc__ = f"Published numbers: {name}.json."
    return pytest.fixture(scope="session", name=name)(load)


switch_transformers = _facts("switch_transformers")
st_moe = _facts("st_moe")
placement = _facts("placement")
gshard = _facts("gshard")
shazeer_2017 = _facts("shazeer_2017")
energy = _facts("energy")
compute_budgets = _facts("compute_budgets")
mixtral_paper_table3 = _facts("mixtral_paper_table3")
leaderboard = _facts("leaderboard")
mt_bench = _facts("mt_bench")
pretraining = _facts("pretraining")
resources = _facts("resources")
listed = _facts("listed")
fastermoe = _facts("fastermoe")


@pytest.fixture(autouse=True, scope="package")
def one_thread() -> Iterator[None]:
    """Run on one thread: the matrices here are so small that a pool of them costs more than it gains."""
    with collector.paused():
        import torch

        import_module("fixtures.models.counted")
        import_module("transformers.models.mixtral.modeling_mixtral")

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


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
def mistral(models: Callable[[str], Model]) -> Model:
    """Mistral 7B, the dense model that Mixtral is compared with."""
    return models("mistral-7b-v0.1")


@pytest.fixture(scope="session")
def switch_c() -> SwitchC:
    """Switch-C with 2,048 experts, counted without building all of them."""
    from claims.moe_explained.switch_c import SwitchC

    return SwitchC(origins.load(SWITCH_C), [origins.evidence(SWITCH_C, model="switch-c-2048")])
