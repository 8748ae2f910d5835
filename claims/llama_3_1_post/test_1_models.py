"""The models: their sizes, their context, and what they took to train."""

from fractions import Fraction

import pytest

from claim_suite.fixtures.claim.table import Listed

pytestmark = pytest.mark.cheap

LANGUAGES = ("English", "German", "French", "Italian", "Portuguese", "Hindi", "Spanish", "Thai")
HOURS = (Fraction("1.46"), Fraction("7.0"), Fraction("30.84"))  # millions, as printed

CLAIMS = Listed(
    """
    | claim          | stated      | model          | says                                                            |
    |----------------|-------------|----------------|-----------------------------------------------------------------|
    | open-models    | =8          |                | There are eight models with open weights.                       |
    | language       | =6          |                | Six of them are generative: three sizes, base and instruct.     |
    | size-8b        | 8B          | llama-3.1-8b   | The smallest has 8B parameters.                                 |
    | size-70b       | 70B         | llama-3.1-70b  | The second has 70B.                                             |
    | size-405b      | 405B        | llama-3.1-405b | The largest has 405B.                                           |
    | dense          |             | llama-3.1-405b | It is dense.                                                    |
    | context        | 128K        | llama-3.1-405b | All take 128K tokens of context.                                |
    | languages      | =8          |                | They know 8 languages, which are listed.                        |
    | grouped        |             | llama-3.1-8b   | Also the smallest shares keys and values among query heads.     |
    | training-hours | 39.3M       |                | Training took 39.3M GPU hours: 1.46M, 7.0M and 30.84M.          |
    | tokens         | 15 trillion |                | They were trained on over 15 trillion tokens.                   |
    | synthetic      | 25M         |                | Tuning used over 25M synthetic examples.                        |
    | prompt-guard   | 279M        |                | Prompt Guard has 279M parameters.                               |
    """,
    also_prints={"open-models": ("3", "5"), "training-hours": ("1.46M", "7.0M", "30.84M")},
    in_words=dict.fromkeys(("open-models", "language"), True),
    note={
        "open-models": "3 base models and 5 that are tuned, as its own parenthesis has it.",
        "languages": "As many as the sentence names.",
        "training-hours": "The sum of its three printed parts.",
    },
    loosely={
        "size-70b": "cut short, or to the nearest ten: it has 70.6 billion",
        "size-405b": "cut short: it has 405.9 billion",
        "context": "K is 1,024: 131,072 tokens",
    },
    uncheckable={
        "tokens": "what Meta says of its data",
        "synthetic": "what Meta says of its data",
        "prompt-guard": "no configuration of it is at hand",
    },
)


@CLAIMS.each("size-8b", "size-70b", "size-405b")
def test_sizes(claim, models, stated, measure):
    model = models(f"llama-3.1-{claim.removeprefix('size-')}")
    assert measure(model.total, "parameters", also=model.formula.total) == stated


@CLAIMS.claim
def test_dense(models, measure):
    model = models("llama-3.1-405b")
    assert measure(Fraction(model.formula.active, model.formula.total), "of the parameters") == 1


@CLAIMS.claim
def test_context(models, stated, measure):
    assert measure(models("llama-3.1-405b").config["max_position_embeddings"], "tokens") == stated


@CLAIMS.claim
def test_grouped(models, measure):
    of = models("llama-3.1-8b").config
    assert measure(of["num_key_value_heads"], "heads of keys and values") < of["num_attention_heads"]


@CLAIMS.each()
def test_sums(claim, stated, measure):
    value, unit = {
        "open-models": (3 + 5, "models"),
        "language": (3 * 2, "models"),
        "languages": (
            len(["English", "German", "French", "Italian", "Portuguese", "Hindi", "Spanish", "Thai"]),
            "languages",
        ),
        "training-hours": (sum(HOURS) * 10**6, "GPU hours"),
    }[claim]
    assert measure(value, unit) == stated
