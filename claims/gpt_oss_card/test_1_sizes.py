"""Section 2: two models, and Table 1."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

from claim_suite.fixtures.claim.numbers import printed
from claim_suite.fixtures.claim.table import each, table
from claims.gpt_oss_card.entries import MODELS, both

pytestmark = pytest.mark.cheap

# Table 1's caption: the unembedding is counted as active, the embedding is not.
PARTS: dict[str, Callable[[Any], int]] = {
    "MLP": lambda of: of.moe_block,
    "Attention": lambda of: of.attention,
    "Embed + Unembed": lambda of: of.embeddings + of.head,
    "Active Parameters": lambda of: of.active - of.embeddings,
    "Total Parameters": lambda of: of.total,
}
PRINTED = {"gpt-oss-120b": "5.13B", "gpt-oss-20b": "3.61B"}
COUNTED: dict[str, Callable[[Any], int]] = {
    "both": lambda of: of.active,
    "one of them": lambda of: of.active - of.embeddings,
    "neither": lambda of: of.active - of.embeddings - of.head,
}


@each(
    "about",
    both(
        """
        | layers | {model} has {stated} layers.                     | 36     | 24    |
        | total  | {model} has {stated} parameters in total.        | 116.8B | 20.9B |
        | active | {model} has {stated} active parameters per token. | 5.1B  | 3.6B  |
        """,
        note={"active": "Counted as the caption of Table 1 says: with the unembedding, without the embedding."},
    ),
)
def test_sizes(about, models, stated, measure):
    """How large the models are."""
    of = models(about.model)
    without = {"formula": of.formula.active - of.formula.embeddings, "one token run": of.counted.active - of.embeddings}
    value, unit, also = {
        "layers": (len(of.counted.component_map.layers), "layers", of.formula.shape.num_layers),
        "total": (of.total, "parameters", of.formula.total),
        "active": (of.active - of.embeddings, "parameters", without),
    }[about.line]
    assert measure(value, unit, also=also) == stated


@table(
    """
    | Component         | gpt-oss-120b | gpt-oss-20b |
    | MLP               | 114.71B      | 19.12B      |
    | Attention         | 0.96B        | 0.64B       |
    | Embed + Unembed   | 1.16B        | 1.16B       |
    | Active Parameters | 5.13B        | 3.61B       |
    | Total Parameters  | 116.83B      | 20.91B      |
    """,
    id="table-1",
    name="Table 1",
    model={model: model for model in MODELS},
    note={
        "MLP": "The whole sparse block: the experts with their biases, and the router.",
        "Attention": "Whole modules: projections, biases and sinks.",
        "Active Parameters": "As the caption says: with the unembedding, without the embedding.",
    },
)
def test_table_1(cell, models, stated, measure):
    """{row} of {column}: {stated}."""
    of, part = models(cell.column), PARTS[cell.row]
    assert measure(part(of), "parameters", also=part(of.formula)) == stated


@table(
    """
    | Component       | gpt-oss-120b | gpt-oss-20b |
    | Checkpoint Size | 60.8         | 12.8        |
    """,
    id="table-1",
    name="Table 1",
    model={model: model for model in MODELS},
    in_words=True,
    also_prints={"gpt-oss-120b": ("60.8GiB",), "gpt-oss-20b": ("12.8GiB",)},
    note="In GiB. The experts' matrices at 4.25 bits a number, everything else at two bytes.",
)
def test_table_1_checkpoint(cell, checkpoints, stated, measure):
    """The checkpoint of {column} takes {stated} GiB."""
    of = checkpoints[cell.column]
    assert measure(of.size / 2**30, "GiB", also={"published tensors": Fraction(of.published, 2**30)}) == stated


@pytest.mark.claim(
    "active-counts-the-unembedding",
    note="Read as: to count one of the two vocabulary matrices, and no other number of them, gives both figures of "
    "Table 1. They are of one size, so that no count tells which it is; the one that works on a token is the head.",
)
def test_active_counts_the_unembedding(models, measure):
    """Unembedding parameters are counted towards the active ones, those of the embedding are not."""
    fits = {
        way: sum(printed(told) == count(models(model)) for model, told in PRINTED.items())
        for way, count in COUNTED.items()
    }
    fit = {way for way, number in fits.items() if measure(number, "of 2 figures", of=way) == len(PRINTED)}
    assert fit == {"one of them"}
