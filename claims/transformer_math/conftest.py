"""What only this document's claims need: published numbers, and a model in training on the meta device."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from claim_suite.fixtures.facts import facts, published
from claim_suite.fixtures.models.published import published_model
from claim_suite.reports import schema
from claims.transformer_math import equations

if TYPE_CHECKING:
    from collections.abc import Callable

    from claim_suite.fixtures.models.published import Model
    from claims.transformer_math.training import Training

DATA = Path(__file__).parent / "data"
GIB = 2**30


printed = published("as_printed.json", DATA, "The numbers that the document starts from.")
gpt3 = published("gpt3_compute.json", DATA, "What the GPT-3 models were trained with.")
compute_optimal = published("compute_optimal.json", DATA, "Tokens for which a size is best, by the Chinchilla paper.")
megatron = published("megatron_throughput.json", DATA, "Throughput of Megatron-LM by size of the model.")
scaling = published("scaling_figure.json", DATA, "The document's figure of throughput by number of GPUs.")
zero_paper = published("zero.json", DATA, "What the ZeRO paper prints.")
mesh = published("mesh_figure.json", DATA, "The document's figure of 3D parallelism.")
deepspeed = published("deepspeed_pipeline.json", DATA, "What DeepSpeed's pipeline engine refuses.")
neox = published_model("gpt-neox-20b", "GPT-NeoX-20B.")
formats = published("formats.json", DATA, "Bits of formats that torch has no type for.")


@dataclass(frozen=True)
class Bars:
    """The document's figure of memory in training, in GB of 2^30 bytes, and the models that it is of."""

    gib: dict[str, dict[str, Fraction]]
    line: int
    models: dict[str, dict[str, int]]
    tokens: int
    vocabulary: int
    evidence: list[schema.Evidence] = field(default_factory=list)

    def parameters(self, name: str) -> int:
        """Parameters of a model, by equation 2 of Narayanan et al. 2021 (arXiv 2104.04473)."""
        of = self.models[name]
        layers, width = of["layers"], of["width"]
        return 12 * layers * width**2 + 13 * layers * width + (self.vocabulary + self.tokens) * width

    def activations(self, name: str, recompute: str) -> Fraction:
        """Activations of a model by the document's equation."""
        of = self.models[name]
        sizes = (self.tokens, of["microbatch"], of["width"], of["layers"], of["heads"], of["tensor"])
        return equations.activations(*sizes, recompute) / GIB

    def counted(self, name: str, recompute: str, kept: Callable[..., Fraction]) -> Fraction:
        """The same by what autograd keeps of a layer for each number, less the statistics of its norms."""
        of = self.models[name]
        a_number = kept(of["width"], of["heads"], self.tokens, of["tensor"], recompute)
        a_layer = self.tokens * (a_number * of["width"] - 16)
        return a_layer * of["microbatch"] * of["layers"] / GIB


@pytest.fixture(scope="session")
def bars() -> Bars:
    """The document's figure of activation memory."""
    figure, sizes = facts("activation_figure.json", DATA), facts("recomputation_models.json", DATA)
    evidence = figure.evidence + sizes.evidence
    return Bars(figure["gib"], figure["line"], sizes["models"], sizes["tokens"], sizes["vocabulary"], evidence)


@pytest.fixture(scope="session")
def counting() -> Any:
    """What is counted by running layers, and by cutting tensors, on the meta device."""
    return import_module("claims.transformer_math.training")


@pytest.fixture(scope="session")
def training(neox: Model, counting: Any) -> Training:
    """GPT-NeoX-20B in training, sequences of its published context."""
    return counting.Training(neox.config, neox.config["max_position_embeddings"])  # type: ignore[no-any-return]  # as above
