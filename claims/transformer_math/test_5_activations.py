"""Activations."""

from fractions import Fraction
from typing import Any

import pytest

from claims.transformer_math import equations

pytestmark = pytest.mark.cheap

LAYER = "Counted: what autograd keeps of one accelerator's share of a layer of GPT-NeoX-20B's size, over its context."


@pytest.mark.claim(
    "bottlenecked-by-memory", uncheckable="what bottlenecks trainings in general has no list to count on"
)
def test_bottlenecked_by_memory():
    """Memory, and not FLOPs, is the usual bottleneck of training on modern GPUs."""


@pytest.mark.claim("recomputation-is-popular", uncheckable="extremely popular has no threshold, and no count is named")
def test_recomputation_is_popular():
    """Computing activations again is extremely popular."""


@pytest.mark.claim(
    "figure-line", stated="80", note="Where the dashed line of the figure stands.", model="megatron-lm-models"
)
def test_figure_line(bars, stated, measure):
    """The dashed line is what an A100 with 80 GB holds."""
    assert measure(bars.line, "GB") == stated


@pytest.mark.claim(
    "figure-line-divides",
    model="megatron-lm-models",
    note="Read off the figure: all four models, on either side of the line.",
)
def test_figure_line_divides(bars, measure):
    """The models fit only when activations are computed again."""
    least = min(measure(of["baseline"], "GB", of=f"{name}, kept") for name, of in bars.gib.items())
    assert least > bars.line > max(measure(of["present"], "GB", of=f"{name}, again") for name, of in bars.gib.items())


@pytest.mark.claim(
    "figure-is-selective",
    model="megatron-lm-22b",
    refuted="the bar is a third of that: the figure has sequence parallelism as well, which the equations beside it "
    "leave out",
    note="Activations of the figure's 22B model by the document's equation for selective recomputation, against the "
    "bar "
    "less its states: read as no more than the bar and its reading error.",
)
def test_figure_is_selective(bars, measure):
    """The figure shows what selective recomputation leaves."""
    bar = measure(bars.gib["22B"]["present"] - bars.gib["22B"]["states"], "GB", of="figure")
    assert measure(bars.activations("22B", "selective"), "GB", of="equation") <= bar + 1


def kept(training: Any, counting: Any, tensor: int, recompute: str = "none") -> Fraction:
    """Bytes for each number of a layer's width that one of `tensor` accelerators keeps."""
    of = training.config
    sizes = (of["hidden_size"], of["num_attention_heads"], training.tokens)
    return Fraction(counting.kept_of_a_layer(*sizes, tensor, recompute))


@pytest.mark.claim("unsplit-activations", stated="10", note=LAYER + " From 1 and 2 accelerators: what is not split.")
def test_unsplit_activations(training, counting, stated, measure):
    """10 bytes of activations for each number are not split by tensor parallelism."""
    one, two = (kept(training, counting, tensor, "selective") for tensor in (1, 2))
    assert measure(2 * two - one, "bytes a number") == stated


@pytest.mark.claim("split-activations", stated="24", note=LAYER + " From 1 and 2 accelerators: what is split.")
def test_split_activations(training, counting, stated, measure):
    """24 bytes of activations for each number are split by tensor parallelism."""
    one, two, four = (kept(training, counting, tensor, "selective") for tensor in (1, 2, 4))
    assert measure(2 * (one - two), "bytes a number", also={"from 2 and 4": 4 * (two - four)}) == stated


@pytest.mark.claim("score-activations", stated="5", note=LAYER + " What selective recomputation does not keep.")
def test_score_activations(training, counting, stated, measure):
    """Attention keeps 5 bytes for each head and pair of tokens."""
    of = training.config
    scores = kept(training, counting, 1) - kept(training, counting, 1, "selective")
    ratio = Fraction(of["num_attention_heads"] * training.tokens, of["hidden_size"])
    assert measure(scores / ratio, "bytes a head and pair") == stated


@pytest.mark.claim(
    "activations",
    note=LAYER + " Equal to the byte, but for the means and deviations of two norms, which the equation leaves out: 16 "
    "bytes a token.",
)
def test_activations(training, counting, measure):
    """A layer keeps sbh(10 + 24/t + 5as/ht) bytes."""
    of = training.config
    sizes = (training.tokens, 1, of["hidden_size"], 1, of["num_attention_heads"])
    counted = kept(training, counting, 4) * training.tokens * of["hidden_size"]
    assert measure(counted - 16 * training.tokens, "bytes", of="counted") == measure(
        equations.activations(*sizes, 4), "bytes", of="equation"
    )


@pytest.mark.claim("selective-activations", note=LAYER + " Statistics of norms apart, 16 bytes a token.")
def test_selective_activations(training, counting, measure):
    """With selective recomputation it keeps sbh(10 + 24/t) bytes."""
    of = training.config
    sizes = (training.tokens, 1, of["hidden_size"], 1, of["num_attention_heads"])
    counted = kept(training, counting, 4, "selective") * training.tokens * of["hidden_size"]
    assert measure(counted - 16 * training.tokens, "bytes", of="counted") == measure(
        equations.activations(*sizes, 4, "selective"), "bytes", of="equation"
    )


@pytest.mark.claim("full-activations", stated="2", note=LAYER)
def test_full_activations(training, counting, stated, measure):
    """With full recomputation it keeps 2 bytes for each number."""
    also = {"on 4 accelerators": kept(training, counting, 4, "full")}
    assert measure(kept(training, counting, 1, "full"), "bytes a number", also=also) == stated


def computed_again(training: Any, counting: Any, recompute: str) -> tuple[int, int]:
    """FLOPs of a layer's forward pass, and of what is computed again in its backward pass."""
    of = training.config
    sizes = (of["hidden_size"], of["num_attention_heads"], training.tokens)
    plain, again = (counting.block_passes(*sizes, way) for way in ("none", recompute))
    return plain.forward, again.total - plain.total


@pytest.mark.claim("again-at-most-once", note="Of one layer of GPT-NeoX-20B's size, over its context.")
def test_again_at_most_once(training, counting, measure):
    """What is computed again is at most another forward pass."""
    ways = {way: computed_again(training, counting, way) for way in ("selective", "full")}
    shares = [measure(Fraction(again, forward), "of a forward pass", of=way) for way, (forward, again) in ways.items()]
    assert all(0 < share <= 1 for share in shares)


@pytest.mark.claim(
    "forward-between",
    loosely="only without attention's scores, which are no parameters: with them a full recomputation is above the "
    "bound",
    stated="4",
    also_prints=("2",),
    note="Between 2 and 4 FLOPs for each parameter of the layer and token, with no, selective and full recomputation. "
    "Literal: all FLOPs of the layer; weaker: those of its matrices.",
)
def test_forward_between(training, counting, reading, stated, measure):
    """With what is computed again the forward pass takes 2 to 4 FLOPs for each parameter and token."""
    of = training.config
    forward, again = computed_again(training, counting, "full")
    scores = {"literal": 0, "loose": 4 * training.tokens**2 * of["hidden_size"]}[reading]
    works = (forward - scores, forward + again - 2 * scores)
    scale = 12 * of["hidden_size"] ** 2 * training.tokens
    least, most = (measure(Fraction(work, scale), "FLOPs a parameter and token") for work in works)
    assert least >= 2 and stated >= most


@pytest.mark.claim(
    "training-total",
    model="megatron-lm-22b",
    loosely="only with gradients in single precision; in half precision, which the document assumes for mixed "
    "precision, the figure's states are two bytes a parameter more",
    note="The sum of the document's four terms for the figure's 22B model on 8 accelerators, AdamW and mixed "
    "precision, "
    "against the figure's bar, less its reading error: read as no less. Literal: gradients of 2 bytes; weaker: of 4.",
)
def test_training_total(bars, training, reading, measure):
    """Training takes model, optimizer, activations and gradients together."""
    gradients = training.gradients[{"literal": "float16", "loose": "float32"}[reading]]
    states = training.weights["float16"] + gradients + round(sum(training.states["AdamW"].values()))
    split = states * bars.parameters("22B") / bars.models["22B"]["tensor"] / 2**30
    total = measure(split + bars.activations("22B", "none"), "GB", of="equation")
    assert total >= measure(bars.gib["22B"]["baseline"], "GB", of="figure") - Fraction(1, 2)
