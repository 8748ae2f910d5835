"""Memory at inference."""

from fractions import Fraction

import pytest

from claim_suite.fixtures.claim.table import Listed, table

pytestmark = pytest.mark.cheap


@table(
    """
    |      | Exponent | Mantissa |
    | FP32 | 8        | 23       |
    | TF32 | 8        | 10       |
    | BF16 | 8        | 7        |
    | FP16 | 5        | 10       |
    """,
    id="format",
    name="Floating-point formats",
    in_words=True,
    note="In the figure, whose numbers the text does not print. TF32 is not a type of torch: by its maker.",
)
def test_format(cell, counting, formats, stated, measure):
    """{row} has {stated} bits of {column}."""
    names = {"FP32": "float32", "BF16": "bfloat16", "FP16": "float16"}
    of = counting.bits_of(names[cell.row]) if cell.row in names else formats[cell.row]
    assert measure(of[cell.column], "bits") == stated


CLAIMS = Listed(
    """
    | claim                   | stated | says                                                                       |
    |-------------------------|--------|----------------------------------------------------------------------------|
    | most-in-mixed-precision |        | Most transformers are trained in mixed precision.                          |
    | less-memory-to-train    |        | Mixed precision reduces the memory that training takes.                    |
    | less-memory-to-run      |        | It reduces the memory that running takes.                                  |
    | no-substantial-loss     |        | Models can be cast to half precision, or 8 bits, without substantial loss. |
    | bits-of-a-byte          | =8     | A byte has 8 bits.                                                         |
    """,
    uncheckable={
        "most-in-mixed-precision": "in which precision models are trained is not published for most",
        "bits-of-a-byte": "it is a definition",
        "no-substantial-loss": "substantial has no threshold, and no model or task is named",
    },
)


@CLAIMS.claim(
    note="With AdamW, by the document's own rules: the sum of its four terms, with the activations of one sequence of "
    "GPT-NeoX-20B. The three others take the same: half precision saves what the copy in single precision adds."
)
def test_less_memory_to_train(neox, training, counting, measure):
    moments = training.states["AdamW"]["exp_avg"] + training.states["AdamW"]["exp_avg_sq"]
    single = 2 * training.weights["float32"] + moments
    mixed = training.weights["float16"] + training.gradients["float16"] + moments + training.states["AdamW"]["copy"]
    in_mixed, in_single = (
        measure(states, "bytes a parameter", of=f"{name}, without activations")
        + measure(Fraction(activations, neox.total), "bytes a parameter", of=f"{name}, activations")
        for name, states, activations in (
            ("mixed", mixed, counting.activations_of(neox.config, training.tokens, "bfloat16")),
            ("single", single, counting.activations_of(neox.config, training.tokens, "float32")),
        )
    )
    assert in_mixed < in_single


@CLAIMS.claim
def test_less_memory_to_run(training, measure):
    half, single = (training.weights[name] for name in ("float16", "float32"))
    assert measure(half, "bytes a parameter", of="half") < measure(single, "bytes a parameter", of="single")


@CLAIMS.each()
def test_uncheckable(claim):
    """Nobody can check it."""


@table(
    """
    | precision | bytes |
    | int8      | 1     |
    | fp16      | 2     |
    | bf16      | 2     |
    | fp32      | 4     |
    """,
    id="weights",
    name="Model Weights",
    note="GPT-NeoX-20B's own parameters in each type, on the meta device.",
)
def test_weights(cell, training, stated, measure):
    """In {row} a parameter takes {stated} bytes."""
    name = {"int8": "int8", "fp16": "float16", "bf16": "bfloat16", "fp32": "float32"}[cell.row]
    assert measure(training.weights[name], "bytes a parameter") == stated


@pytest.mark.claim(
    "overhead",
    stated="20%",
    loosely="of up to three sequences of its context at once; four take more",
    note="Overhead of the forward pass is read as the keys and values of sequences of the published context, the one "
    "part of it that stays; GPT-NeoX-20B in 16 bits. Literal: of four at once; weaker: of one.",
)
def test_overhead(neox, training, reading, stated, measure):
    """A forward pass takes no more than 20% beside the weights."""
    of, tokens = neox.config, {"literal": 4, "loose": 1}[reading] * training.tokens
    also = Fraction(2 * 2 * of["num_hidden_layers"] * of["hidden_size"] * tokens, 2 * neox.total)
    cache = Fraction(neox.kv_cache_bytes_per_token.total * tokens, 2 * neox.total)
    assert stated >= measure(cache, "of the weights", also=also)


@pytest.mark.claim(
    "inference-total",
    stated="~1.2",
    loosely="only as a limit, which the overhead is in the sentence before",
    note="Weights, and the overhead of the claim above, of the same model. Read as: about that many times, for one "
    "sequence; weaker: no more.",
)
def test_inference_total(neox, training, reading, stated, measure):
    """Inference takes 1.2 times the weights in all."""
    whole = 2 * neox.total + neox.kv_cache_bytes_per_token.total * training.tokens
    times = measure(Fraction(whole, 2 * neox.total), "times the weights")
    assert {"literal": times == stated, "loose": times <= stated}[reading]
