"""What only this document's claims need: its inputs, published specifications and sizes, and its steps of decoding."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from fixtures.facts import Facts, facts
from fixtures.models.latency import Accelerator, Decoding
from reports import schema

if TYPE_CHECKING:
    from claims.inference_arithmetic.clock import ProductClock
    from fixtures.models.published import Model

DATA = Path(__file__).parent / "data"


@pytest.fixture(scope="session")
def printed() -> Facts:
    """The numbers that the document starts from."""
    return facts("as_printed.json", DATA)


@pytest.fixture(scope="session")
def datasheet() -> Facts:
    """What an A100 can do, by its maker."""
    return facts("a100.json", DATA)


@pytest.fixture(scope="session")
def gpt3() -> Facts:
    """Sizes of the eight GPT-3 models."""
    return facts("gpt3_sizes.json", DATA)


@pytest.fixture(scope="session")
def gopher() -> Facts:
    """Sizes of the six Gopher models."""
    return facts("gopher_sizes.json", DATA)


@pytest.fixture(scope="session")
def first_transformer() -> Facts:
    """Sizes of the base model of 2017."""
    return facts("first_transformer.json", DATA)


@dataclass(frozen=True)
class LayerTimes:
    """Published times of the operators of one encoder layer's forward pass, in microseconds.

    `memory_bound` are those that the paper marks as bound by memory, `attention` those of attention.
    """

    microseconds: dict[str, int]
    memory_bound: list[str]
    attention: list[str]
    evidence: list[schema.Evidence] = field(default_factory=list)

    @property
    def total(self) -> int:
        """Time of all."""
        return sum(self.microseconds.values())

    @property
    def in_attention(self) -> int:
        """Time of attention's."""
        return sum(self.microseconds[name] for name in self.attention)

    @property
    def at_memory(self) -> int:
        """Time of those that memory bounds."""
        return sum(self.microseconds[name] for name in self.memory_bound)

    @property
    def at_flops(self) -> int:
        """Time of those that FLOPs bound."""
        return sum(time for name, time in self.microseconds.items() if name not in self.memory_bound)

    def marked(self, *names: str) -> int:
        """How many of these operators are marked as bound by memory."""
        return sum(name in self.memory_bound for name in names)


@pytest.fixture(scope="session")
def layer_times() -> LayerTimes:
    """Table A.1 of Data Movement Is All You Need, as the document shows it."""
    told = facts("bert_layer_times.json", DATA)
    return LayerTimes(told["microseconds"], told["memory_bound"], told["attention"], told.evidence)


@pytest.fixture(scope="session")
def anthropic(models: Any) -> Model:
    """A decoder of the sizes of the 52B model."""
    return models("anthropic-52b")  # type: ignore[no-any-return]  # pytest types every fixture as Any


@pytest.fixture(scope="session")
def benchmarked(models: Any) -> Model:
    """A decoder of the sizes of the 13B model that the document times."""
    return models("fastertransformer-13b")  # type: ignore[no-any-return]  # pytest types every fixture as Any


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
        weights = model.attention + model.mlp
        work = model.work(1)
        return self._step(weights, work.projections + work.mlp, accelerators, model.config)

    def sized(self, name: str, **also: int) -> Decoding:
        """A step of a model by its round number of parameters, two FLOPs each."""
        of = self.printed[name] | also
        sizes = {"num_hidden_layers": of["layers"], "hidden_size": of["width"]}
        return self._step(of["parameters"], 2 * of["parameters"], of["accelerators"], sizes)

    def _step(self, weights: int, work: Fraction | int, accelerators: int, sizes: dict[str, Any]) -> Decoding:
        layers, width = sizes["num_hidden_layers"], sizes["hidden_size"]
        return Decoding(self.a100, 2 * weights, work, accelerators, 4 * layers, 2 * 4 * layers * width)


@pytest.fixture(scope="session")
def steps(printed: Facts) -> Steps:
    """Steps of decoding, their times in exact seconds, on an A100 as the document has it."""
    of = printed["a100"]
    wait = Fraction(of["wait_microseconds"], 10**6)
    return Steps(Accelerator(of["flops"], of["memory"], of["link"], wait, of["capacity"]), printed)


@pytest.fixture(scope="session")
def counting() -> Any:
    """What is counted by running on the meta device: work of products, largest tensors, passes over memory."""
    return import_module("claims.inference_arithmetic.counting")


@pytest.fixture(scope="session")
def sharding() -> Any:
    """A layer split over accelerators, and what they send each other."""
    return import_module("claims.inference_arithmetic.sharding")


@pytest.fixture(scope="session")
def product_clock(request: pytest.FixtureRequest) -> ProductClock:
    """The clock for products of matrices in bfloat16. Its times raise NotCovered on anything but an A100."""
    from claims.inference_arithmetic.clock import ProductClock

    return ProductClock.on(request.config.getoption("--device"))
