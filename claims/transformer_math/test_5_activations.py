"""Activations."""

from fractions import Fraction
from typing import Any

import pytest

from claim_suite.fixtures.claim.table import Listed
from claims.transformer_math import equations

pytestmark = pytest.mark.cheap

LAYER = "Counted: what autograd keeps of one accelerator's share of a layer of GPT-NeoX-20B's size, over its context."
NORMS = (
    " Equal to the byte, but for means and deviations of two norms, which the equation leaves out: 16 bytes a token."
)

CLAIMS = Listed(
    """
    | claim                    | stated | says                                                                         |
    |--------------------------|--------|------------------------------------------------------------------------------|
    | bottlenecked-by-memory   |        | Memory, and not FLOPs, is the usual bottleneck of training on modern GPUs.   |
    | recomputation-is-popular |        | Computing activations again is extremely popular.                            |
    | figure-line              | 80     | The dashed line is what an A100 with 80 GB holds.                            |
    | figure-line-divides      |        | The models fit only when activations are computed again.                     |
    | figure-is-selective      |        | The figure shows what selective recomputation leaves.                        |
    | unsplit-activations      | 10     | 10 bytes of activations for each number are not split by tensor parallelism. |
    | split-activations        | 24     | 24 bytes of activations for each number are split by tensor parallelism.     |
    | score-activations        | 5      | Attention keeps 5 bytes for each head and pair of tokens.                    |
    | activations              |        | A layer keeps sbh(10 + 24/t + 5as/ht) bytes.                                 |
    | selective-activations    |        | With selective recomputation it keeps sbh(10 + 24/t) bytes.                  |
    | full-activations         | 2      | With full recomputation it keeps 2 bytes for each number.                    |
    | again-at-most-once       |        | What is computed again is at most another forward pass.                      |
    | forward-between          | 4      | With what is computed again the forward pass takes 2 to 4 FLOPs for each     |
    |                          |        | parameter and token.                                                         |
    | training-total           |        | Training takes model, optimizer, activations and gradients together.         |
    """,
    note={
        "unsplit-activations": LAYER + " From 1 and 2 accelerators: what is not split.",
        "split-activations": LAYER + " From 1 and 2 accelerators: what is split.",
        "score-activations": LAYER + " What selective recomputation does not keep.",
        "full-activations": LAYER,
        "activations": LAYER + NORMS,
        "selective-activations": LAYER + NORMS,
    },
    uncheckable={
        "bottlenecked-by-memory": "what bottlenecks trainings in general has no list to count on",
        "recomputation-is-popular": "extremely popular has no threshold, and no count is named",
    },
)


@CLAIMS.claim(note="Where the dashed line of the figure stands.")
def test_figure_line(bars, stated, measure):
    assert measure(bars.line, "GB") == stated


@CLAIMS.claim(note="Read off the figure: all four models, on either side of the line.")
def test_figure_line_divides(bars, measure):
    least = min(measure(of["baseline"], "GB", of=f"{name}, kept") for name, of in bars.gib.items())
    assert least > bars.line > max(measure(of["present"], "GB", of=f"{name}, again") for name, of in bars.gib.items())


@CLAIMS.claim(
    disputed="together with sequence parallelism, which the paper of the figure has as well: the caption does not say "
    "alone",
    words='"present work" indicates the memory requirements after applying selective activation recomputation.',
    note="Activations of the figure's 22B model by the document's equation for selective recomputation, against the "
    "bar less its states: read as no more than the bar and its reading error. By that equation alone it is three times "
    "as much; with sequence parallelism all 34 bytes of a number are divided, and not 24 of them.",
)
def test_figure_is_selective(bars, counting, reading, measure):
    bar = measure(bars.gib["22B"]["present"] - bars.gib["22B"]["states"], "GB", of="figure")
    also = {"counted": bars.counted("22B", "selective", counting.kept_of_a_layer)}
    alone = measure(bars.activations("22B", "selective"), "GB", of="equation", also=also)
    tensor = bars.models["22B"]["tensor"]
    split = Fraction(34, tensor) / (10 + Fraction(24, tensor)) if reading == "other" else 1
    assert measure(alone * split, "GB", of="equation, as the reading has it") <= bar + 1


def kept(training: Any, counting: Any, tensor: int, recompute: str = "none") -> Fraction:
    """Bytes for each number of a layer's width that one of `tensor` accelerators keeps."""
    of = training.config
    sizes = (of["hidden_size"], of["num_attention_heads"], training.tokens)
    return Fraction(counting.kept_of_a_layer(*sizes, tensor, recompute))


@CLAIMS.each("unsplit-activations", "split-activations", "score-activations", "full-activations")
def test_bytes_kept(claim, training, counting, stated, measure):
    of = training.config
    one, two, four = (kept(training, counting, tensor, "selective") for tensor in (1, 2, 4))
    whole, halved = (kept(training, counting, tensor) for tensor in (1, 2))
    full, in_four = (kept(training, counting, tensor, "full") for tensor in (1, 4))
    pairs = Fraction(of["num_attention_heads"] * training.tokens, of["hidden_size"])
    value, unit, also = {
        "unsplit-activations": (2 * two - one, "bytes a number", 2 * four - two),
        "split-activations": (2 * (one - two), "bytes a number", 4 * (two - four)),
        "score-activations": ((whole - one) / pairs, "bytes a head and pair", 2 * (halved - two) / pairs),
        "full-activations": (full, "bytes a number", in_four),
    }[claim]
    assert measure(value, unit, also={"on more accelerators": also}) == stated


def a_layer(training: Any, counting: Any, recompute: str) -> tuple[Fraction, Fraction]:
    """Bytes that one of 4 accelerators keeps of a layer, less 16 a token for two norms, and by the equation."""
    of, tokens = training.config, training.tokens
    counted = kept(training, counting, 4, recompute) * tokens * of["hidden_size"] - 16 * tokens
    return counted, equations.activations(tokens, 1, of["hidden_size"], 1, of["num_attention_heads"], 4, recompute)


@CLAIMS.each("activations", "selective-activations")
def test_equations(claim, training, counting, measure):
    counted, equation = a_layer(training, counting, {"activations": "none"}.get(claim, "selective"))
    assert measure(counted, "bytes", of="counted") == measure(equation, "bytes", of="equation")


def computed_again(training: Any, counting: Any, recompute: str) -> tuple[int, int]:
    """FLOPs of a layer's forward pass, and of what is computed again in its backward pass."""
    of = training.config
    sizes = (of["hidden_size"], of["num_attention_heads"], training.tokens)
    plain, again = (counting.block_passes(*sizes, way) for way in ("none", recompute))
    return plain.forward, again.total - plain.total


@CLAIMS.claim(note="Of one layer of GPT-NeoX-20B's size, over its context.")
def test_again_at_most_once(training, counting, measure):
    ways = {way: computed_again(training, counting, way) for way in ("selective", "full")}
    shares = [measure(Fraction(again, forward), "of a forward pass", of=way) for way, (forward, again) in ways.items()]
    assert all(0 < share <= 1 for share in shares)


@CLAIMS.claim(
    loosely="only without attention's scores, which are no parameters: with them a full recomputation is above the "
    "bound",
    also_prints=("2",),
    note="Between 2 and 4 FLOPs for each parameter of the layer and token, with no, selective and full recomputation. "
    "Literal: all FLOPs of the layer; weaker: those of its matrices.",
)
def test_forward_between(training, counting, reading, stated, measure):
    of = training.config
    forward, again = computed_again(training, counting, "full")
    scores = {"literal": 0, "loose": 4 * training.tokens**2 * of["hidden_size"]}[reading]
    works = (forward - scores, forward + again - 2 * scores)
    scale = 12 * of["hidden_size"] ** 2 * training.tokens
    least, most = (measure(Fraction(work, scale), "FLOPs a parameter and token") for work in works)
    assert least >= 2 and stated >= most


@CLAIMS.claim(
    loosely="only with gradients in single precision; in half precision, which the document assumes for mixed "
    "precision, the figure's states are two bytes a parameter more",
    note="The sum of the document's four terms for the figure's 22B model on 8 accelerators, AdamW and mixed "
    "precision, against the figure's bar, less its reading error: read as no less. Literal: gradients of 2 bytes; "
    "weaker: of 4.",
)
def test_training_total(bars, training, reading, measure):
    gradients = training.gradients[{"literal": "float16", "loose": "float32"}[reading]]
    states = training.weights["float16"] + gradients + round(sum(training.states["AdamW"].values()))
    split = states * bars.parameters("22B") / bars.models["22B"]["tensor"] / 2**30
    total = measure(split + bars.activations("22B", "none"), "GB", of="equation")
    assert total >= measure(bars.gib["22B"]["baseline"], "GB", of="figure") - Fraction(1, 2)


@CLAIMS.each()
def test_uncheckable(claim):
    """Nobody can check it."""
