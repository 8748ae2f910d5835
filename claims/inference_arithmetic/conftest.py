"""What only this document's claims need: its inputs, published specifications and sizes, and its steps of decoding."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from claim_suite.fixtures.facts import Facts, facts, published
from claim_suite.fixtures.models.accelerators import Accelerator, Decoding
from claim_suite.fixtures.models.published import published_model
from claim_suite.fixtures.recording import options
from claim_suite.reports import schema
from claims.inference_arithmetic.equations import Sizes, Times

if TYPE_CHECKING:
    from claim_suite.fixtures.models.published import Model
    from claims.inference_arithmetic.architectures import Architectures
    from claims.inference_arithmetic.clock import ProductClock

DATA = Path(__file__).parent / "data"


printed = published("as_printed.json", DATA, "The numbers that the document starts from.")
datasheet = published("a100.json", DATA, "What an A100 can do, by its maker.")
gpt3 = published("gpt3_sizes.json", DATA, "Sizes of the eight GPT-3 models.")
gopher = published("gopher_sizes.json", DATA, "Sizes of the six Gopher models.")
first_transformer = published("first_transformer.json", DATA, "Sizes of the base model of 2017.")
anthropic = published_model("anthropic-52b", "A decoder of the sizes of the 52B model.")
benchmarked = published_model("fastertransformer-13b", "A decoder of the sizes of the 13B model that is timed.")


class LayerTimes(Facts):
    """Published times of the operators of one encoder layer's forward pass, in microseconds."""

    def time(self, *names: str) -> int:
        """Time of these operators, of all where none is named."""
        times: dict[str, int] = self["microseconds"]
        return sum(times[name] for name in names or times)

    @property
    def at_memory(self) -> int:
        """Time of those that the paper marks as bound by memory."""
        return self.time(*self["memory_bound"])

    @property
    def at_flops(self) -> int:
        """Time of those that FLOPs bound."""
        return self.time(*(name for name in self["microseconds"] if name not in self["memory_bound"]))


@pytest.fixture(scope="session")
def layer_times() -> LayerTimes:
    """Table A.1 of Data Movement Is All You Need, as the document shows it."""
    told = facts("bert_layer_times.json", DATA)
    return LayerTimes(told.values, told.evidence)


@dataclass(frozen=True)
class Steps:
    """Steps of decoding on the document's accelerator, and what its numbers stand on."""

    a100: Accelerator
    printed: Facts

    @property
    def evidence(self) -> list[schema.Evidence]:
        """The document's inputs."""
        return self.printed.evidence

    def layers_of(self, model: Model, accelerators: int = 1) -> Decoding:
        """A step through a counted model's layers; embedding and head are left out, as the document does."""
        flops = model.flops(1)
        sizes = Sizes.of(model.config)
        return self._step(model.attention + model.mlp, flops.projections + flops.mlp, accelerators, sizes)

    def sized(self, name: str, **also: int) -> Decoding:
        """A step of a model by its round number of parameters, two FLOPs each."""
        of = self.printed[name] | also
        sizes = Sizes(of["layers"], of["width"])
        return self._step(of["parameters"], 2 * of["parameters"], of["accelerators"], sizes)

    def _step(self, weights: int, flops: Fraction | int, accelerators: int, sizes: Sizes) -> Decoding:
        layers = sizes.layers
        return Decoding(self.a100, 2 * weights, flops, accelerators, 4 * layers, 2 * 4 * layers * sizes.width)

    def equations(self, name: str) -> Times:
        """The times of a model by its round number, by the document's equations."""
        of = self.printed[name]
        return Times(self.a100, of["parameters"], Sizes(of["layers"], of["width"]), of["accelerators"])

    def equations_of(self, model: Model, accelerators: int = 1) -> Times:
        """The times of a counted model, with its parameters, by the document's equations."""
        sizes = Sizes.of(model.config)
        return Times(self.a100, sizes.parameters, sizes, accelerators)


@pytest.fixture(scope="session")
def steps(printed: Facts) -> Steps:
    """Steps of decoding, their times in exact seconds, on an A100 as the document has it."""
    of = printed["a100"]
    latency = Fraction(of["wait_microseconds"], 10**6)
    return Steps(Accelerator(of["flops"], of["memory"], of["link"], latency, of["capacity"]), printed)


@pytest.fixture(scope="session")
def counting() -> Any:
    """What is counted by running on the meta device: work of products, largest tensors, passes over memory."""
    return import_module("claims.inference_arithmetic.counting")


@pytest.fixture(scope="session")
def sharding() -> Any:
    """A layer split over accelerators, and what they send each other."""
    return import_module("claims.inference_arithmetic.sharding")


@pytest.fixture(scope="session")
def architectures() -> Architectures:
    """Widths of the models whose cards the suite has, up to the document's month."""
    from claims.inference_arithmetic.architectures import Architectures

    return Architectures()


@pytest.fixture(scope="session")
def product_clock(request: pytest.FixtureRequest) -> ProductClock:
    """The clock for products of matrices in bfloat16. Its times raise NotCovered on anything but an A100."""
    from claims.inference_arithmetic.clock import ProductClock

    return ProductClock.on(options.device(request.config))
