"""What only this document's claims need: the weight file, tables of scores and costs, and the cache of a latent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import ceil, prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from claim_suite.fixtures import origins
from claim_suite.fixtures.facts import Facts, ScoreTable, facts, problems, published
from claim_suite.fixtures.models.formula import BYTES_PER_NUMBER, Formula
from claims.deepseek_v3.names import LEVEL, LOWER_IS_BETTER

if TYPE_CHECKING:
    from claim_suite.fixtures.cards.quantities import CardModel
    from claim_suite.fixtures.models.published import Model
    from claim_suite.reports import schema
    from claims.deepseek_v3.library import Library

DATA = Path(__file__).parent / "data"
CARDS = Path(__file__).parents[1] / "model_cards" / "cards"

command = published("command.json", DATA, "The command that runs it.")
support = published("support.json", DATA, "Where others build the model, and since when; a score of another model.")


@dataclass(frozen=True)
class Tables:
    """The README's tables of scores, and what it prints bold. `base_in_the_report` is the report's own print."""

    base: ScoreTable
    chat: ScoreTable
    open_ended: ScoreTable
    bold: Mapping[str, Mapping[str, list[str]]]
    evidence: list[schema.Evidence]

    def level(self, table: str, benchmark: str, gap: Fraction = LEVEL) -> set[str]:
        """Models that the rule for bold puts on the level of the best."""
        scores: ScoreTable = getattr(self, table)
        return scores.level(benchmark, gap, lower_is_better=LOWER_IS_BETTER in benchmark)

    @property
    def base_in_percent(self) -> list[str]:
        """Benchmarks of the base models but the one in bits per byte, where all scores are less than 0.3 apart."""
        return [name for name in self.base.scores if LOWER_IS_BETTER not in name]

    def misprinted(self, table: str, bold: str) -> list[str]:
        """Benchmarks of a table in which other scores are bold than the rule says."""
        return [name for name, marked in self.bold[bold].items() if set(marked) != self.level(table, name)]


@dataclass(frozen=True)
class WeightFile:
    """The published checkpoint: the model, one module of multi-token prediction, and scales of FP8 blocks.

    `numbers` are those that the checkpoint stores, by type. The module is one further layer, a projection of two
    hidden states to one, and three norms; its copies of embedding and head are stored, too.
    """

    model: Model
    numbers: Mapping[str, int]
    block: int
    evidence: list[schema.Evidence]

    @property
    def stored(self) -> int:
        """All numbers of the checkpoint."""
        return sum(self.numbers.values())

    @cached_property
    def layer(self) -> int:
        """Parameters of the module's layer: one as the model's last, counted tensor by tensor."""
        return sum(weight.numel() for weight in self.model.counted.component_map.layers[-1].parameters())

    @property
    def layer_by_formula(self) -> int:
        """The same from the configuration."""
        of, shape = self.model.formula.parameters, self.model.formula.shape
        return of.attention // shape.num_layers + of.moe_block // shape.num_moe_layers + 2 * shape.hidden_size

    @property
    def beside_the_layer(self) -> int:
        """Parameters of the projection and the norms."""
        width: int = self.model.config["hidden_size"]
        return 2 * width**2 + 3 * width

    @property
    def idle(self) -> int:
        """Parameters of the layer's experts that do not work on a token."""
        of = self.model.counted.parameters
        return (of.experts - of.active_experts) // self.model.formula.shape.num_moe_layers

    @property
    def copies(self) -> int:
        """Parameters of embedding and head, which the checkpoint stores for the module once more."""
        return int(self.model.embeddings + self.model.head)

    @property
    def module(self) -> int:
        """Parameters of the module without these copies."""
        return self.layer + self.beside_the_layer

    @property
    def module_by_other_routes(self) -> dict[str, int]:
        """The same from the configuration, and by what the main model, copies, scales and biases leave of the file."""
        left = self.stored - self.model.total - self.copies - self.scales - self.balancing_biases
        return {"formula": self.layer_by_formula + self.beside_the_layer, "checkpoint": left}

    def active(self, vocabulary: int) -> tuple[int, dict[str, int]]:
        """Parameters of the module that work on a token, `vocabulary` with them, and by formula and checkpoint."""
        of = self.model.config
        idle_experts = of["n_routed_experts"] - of["num_experts_per_tok"]
        idle = 3 * of["hidden_size"] * of["moe_intermediate_size"] * idle_experts
        also = {name: size - idle + vocabulary for name, size in self.module_by_other_routes.items()}
        return self.module - self.idle + vocabulary, also

    @cached_property
    def scales(self) -> int:
        """Scales of blocks: one for each block of a matrix, routers, projection and vocabulary left out."""
        layers = self.model.counted.component_map.layers
        return sum(
            prod(rest) * ceil(rows / self.block) * ceil(columns / self.block)
            for layer in (*layers, layers[-1])
            for *rest, rows, columns in _matrices(layer)
        )

    @cached_property
    def in_fp8(self) -> int:
        """Numbers in matrices of the main model's layers and of the module's, routers left out."""
        layers = self.model.counted.component_map.layers
        return sum(map(_quantised, (*layers, layers[-1])))

    @property
    def modules(self) -> Fraction:
        """Modules of prediction, by the numbers in FP8 that the main model's layers leave over."""
        one = _quantised(self.model.counted.component_map.layers[-1])
        return Fraction(self.numbers["F8_E4M3"] - (self.in_fp8 - one), one)

    @property
    def balancing_biases(self) -> int:
        """Biases that balance the experts: one for each expert of each sparse layer, the module's included."""
        shape = self.model.formula.shape
        return (shape.num_moe_layers + 1) * shape.num_experts


def _matrices(layer: Any) -> list[tuple[int, ...]]:
    """Shapes of the matrices of a layer that are in FP8: all but the router's."""
    named = layer.named_parameters()
    return [weight.shape for name, weight in named if weight.ndim > 1 and not name.endswith("mlp.gate.weight")]


def _quantised(layer: Any) -> int:
    return sum(map(prod, _matrices(layer)))


@dataclass(frozen=True)
class Costs:
    """Hours of a device and dollars by stage, and what the report says of the cluster."""

    hours: Mapping[str, int]
    dollars: Mapping[str, int]
    an_hour: Mapping[str, int]
    run: Mapping[str, Fraction | int]
    corpora: Mapping[str, Fraction | int]
    evidence: list[schema.Evidence]

    @property
    def pre_training(self) -> Fraction:
        """Hours of pre-training, from those of a trillion tokens."""
        return Fraction(self.run["hours_per_trillion"]) * self.run["trillions"]

    def days(self, hours: Fraction | int) -> Fraction:
        """Days that the cluster takes for so many hours of one device."""
        return Fraction(hours) / self.run["gpus"] / 24


@dataclass(frozen=True)
class V2:
    """What the DeepSeek-V2 paper prints of itself and DeepSeek 67B."""

    bars: Mapping[str, Mapping[str, Mapping[str, Fraction]]]
    training: Mapping[str, Fraction]
    bits: Mapping[str, int]
    table_9: Mapping[str, Mapping[str, int]]
    devices: Mapping[str, int]
    evidence: list[schema.Evidence]

    def bar(self, kind: str, model: str) -> Fraction:
        """What a bar of Figure 1(b) shows, in the unit of its axis."""
        axis = self.bars[kind]["axis"]
        return Fraction(self.bars[kind]["lengths"][model]) / axis["length"] * axis["step"]


@dataclass(frozen=True)
class Counts:
    """A DeepSeek model of this document, by two routes: as the library builds it, and by arithmetic.

    DeepSeek-V2's matrices are those of V3 (its report, section 2.1), so that the arithmetic for V3 counts them, too.
    """

    pictures = ("parameters",)
    model: Model

    @property
    def evidence(self) -> list[schema.Evidence]:
        """The model's configuration."""
        return self.model.evidence

    def charts(self) -> list[dict[str, Any]]:
        """Return the data of the model's picture."""
        return self.model.charts()

    @cached_property
    def formula(self) -> Formula:
        """The second route."""
        return Formula({**self.model.config, "model_type": "deepseek_v3"})

    def active(self, convention: str) -> tuple[int, dict[str, int]]:
        """Parameters that work on a token, by a convention of counting, and the same by other routes."""
        run = self.model.counted.count_run("active", convention)
        also = {"formula": self.formula.count("active", convention), "one token run": run}
        return self.model.count("active", convention), also

    @property
    def cached(self) -> int:
        """Numbers that a token leaves in the cache: the latent and the rotary key of every layer."""
        return self.formula.kv_cache_bytes_per_token.total // BYTES_PER_NUMBER

    @property
    def cached_by_other_routes(self) -> dict[str, int]:
        """The same by the matrices that make latent and key, and by the library's cache if the latent is what it keeps.

        Older releases of the library keep the keys and values that are made of it.
        """
        layers: Any = self.model.counted.component_map.layers
        rows = sum(layer.self_attn.kv_a_proj_with_mqa.weight.shape[0] for layer in layers)
        library = self.model.counted.kv_cache_bytes(1, BYTES_PER_NUMBER).attention
        expanded = self.formula.kv_cache_bytes(1, BYTES_PER_NUMBER, latent=False).total
        told = {} if library == expanded else {"the library's cache": library // BYTES_PER_NUMBER}
        return {"rows of the matrices": rows} | told


@pytest.fixture(scope="session")
def tables() -> Tables:
    """The README's tables of scores."""
    scores, bold, sizes = facts("scores.json", DATA), facts("bold.json", DATA), problems()
    found = {table: ScoreTable(rows, problems=sizes.values) for table, rows in scores.values.items()}
    return Tables(**found, bold=bold.values, evidence=scores.evidence + bold.evidence + sizes.evidence)


@pytest.fixture(scope="session")
def report() -> Facts:
    """The report's own print of some tables."""
    told, sizes = facts("report.json", DATA), problems()
    tables = {name: ScoreTable(rows, problems=sizes.values) for name, rows in told.values.items()}
    return Facts(tables, told.evidence + sizes.evidence)


def _of_card(name: str) -> CardModel:
    from claim_suite.fixtures.cards.card import read_card
    from claim_suite.fixtures.cards.quantities import CardModel

    return CardModel(read_card(CARDS / f"{name}.toml"))


@pytest.fixture(scope="session")
def qwen_72b() -> CardModel:
    """Qwen2.5-72B, by its card."""
    return _of_card("qwen2-5-72b")


@pytest.fixture(scope="session")
def llama_405b() -> CardModel:
    """Llama-3.1-405B, by its card."""
    return _of_card("llama-3-1-405b")


@pytest.fixture(scope="session")
def weights(published_models: Callable[[str], Model]) -> WeightFile:
    """The published checkpoint of DeepSeek-V3."""
    told = origins.load(name := "checkpoint.json", DATA)
    model = published_models("deepseek-v3")
    return WeightFile(model, told["numbers"], told["block"], [origins.evidence(name, DATA), *model.evidence])


@pytest.fixture(scope="session")
def costs() -> Costs:
    """The report's costs."""
    told = facts("costs.json", DATA)
    return Costs(**told.values, evidence=told.evidence)


@pytest.fixture(scope="session")
def v2_paper() -> V2:
    """What the DeepSeek-V2 paper prints."""
    told = facts("v2.json", DATA)
    return V2(**told.values, evidence=told.evidence)


@pytest.fixture(scope="session")
def v3(published_models: Callable[[str], Model]) -> Counts:
    """DeepSeek-V3."""
    return Counts(published_models("deepseek-v3"))


@pytest.fixture(scope="session")
def v2(published_models: Callable[[str], Model]) -> Counts:
    """DeepSeek-V2."""
    return Counts(published_models("deepseek-v2"))


@pytest.fixture(scope="session")
def v2_lite(published_models: Callable[[str], Model]) -> Counts:
    """DeepSeek-V2-Lite."""
    return Counts(published_models("deepseek-v2-lite"))


@pytest.fixture(scope="session")
def dense_67b(published_models: Callable[[str], Model]) -> Model:
    """DeepSeek 67B."""
    return published_models("deepseek-67b")


@pytest.fixture(scope="session")
def library() -> Library:
    """The installed libraries."""
    from claims.deepseek_v3.library import Library

    return Library()
