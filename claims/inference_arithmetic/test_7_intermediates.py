"""What intermediate steps cost."""

from fractions import Fraction
from typing import Any

import pytest

from claim_suite.fixtures.claim.table import Listed
from claims.inference_arithmetic import equations

pytestmark = pytest.mark.cheap

BERT = "bert-large-uncased"
OF_52B = (
    "eight-times-wider", "vectors-times-longer", "products-times-longer", "shrinking-share", "shrunken-share",
)  # fmt: skip

CLAIMS = Listed(
    """
    | claim                      | stated  | says                                                                      |
    |----------------------------|---------|---------------------------------------------------------------------------|
    | softmax-above-projections  |         | The softmax takes slightly longer than making queries, keys and values.   |
    | projections-are-a-third    | a third | Making queries, keys and values takes 1/3 of the time.                    |
    | softmax-is-bound-by-memory |         | The softmax is bound by memory.                                           |
    | others-bound-by-memory     |         | So are the product of queries and keys, ReLU and dropout.                 |
    | softmax-accesses           | 4       | The usual softmax takes four accesses to memory for each number.          |
    | fusion-saves-trips         |         | One kernel that multiplies and adds reads and writes less than two.       |
    | softmax-to-scores          | 3       | The softmax takes three times as long as the product of queries and keys. |
    | bert-parameters            | 336M    | The model that the paper times has 336 million parameters.                |
    | bert-width                 | =1024   | Its width is 1024.                                                        |
    | bert-layers                | =24     | It has 24 layers.                                                         |
    | share-bound-by-memory      | 43%     | Steps that memory bounds take 43% of a layer's time.                      |
    | eight-times-wider          | 8       | The 52B model is 8 times wider.                                           |
    | vectors-times-longer       | 8       | At 8 times the width, steps that memory bounds take 8 times as long.      |
    | products-times-longer      | 64      | The FLOPs, and so the time of products, increase by 64 times.             |
    | share-shrinks              |         | The share of these steps becomes smaller as models grow.                  |
    | shrinking-share            | 0.05375 | 0.43·8/(1·64) is 0.05375.                                                 |
    | shrunken-share             | ~5%     | In the 52B model these intermediate steps would be about 5% of the        |
    |                            |         | latency.                                                                  |
    """,
    model=dict.fromkeys(("softmax-accesses", "fusion-saves-trips", "share-shrinks"), "")
    | dict.fromkeys(OF_52B, "anthropic-52b"),
    also_prints={"shrinking-share": ("0.43",)},
    loosely={
        "vectors-times-longer": "only what has the model's width: scores and their softmax, most of the time, have "
        "the context's length, and grow with the heads",
        "products-times-longer": "only the products with weights: those of attention have the context's length, and "
        "grow with the width",
    },
    note={
        "vectors-times-longer": "By the bytes that a layer of either model makes and autograd keeps. Literal: over the "
        "context of the table, with the heads of 128 features that are assumed of the 52B model; weaker: of a token "
        "alone.",
        "products-times-longer": "Literal: of a layer over the context of the table; weaker: of a token alone.",
    },
    in_words={"softmax-to-scores": True},
)


@CLAIMS.claim(
    loosely="it is higher, by two fifths, which is not slightly",
    note="Slightly is read as less than a tenth longer, a difference that a reader would pass over; weaker: longer at "
    "all. Times of the paper's own kernels, which the document adds up.",
)
def test_softmax_above_projections(layer_times, reading, measure):
    longer = Fraction(layer_times.time("Scaled softmax"), layer_times.time("Q, K, V")) - 1
    bound = {"literal": Fraction(1, 10), "loose": 10**6}[reading]
    assert 0 <= measure(longer, "of their time, beyond it") < bound


@CLAIMS.claim(
    in_words=True,
    also_prints=("1/3",),
    disputed="the product of queries and keys takes a third of the softmax's time, the ratio of three to one with "
    "which the text goes on",
    words="the latency for softmax is actually slightly higher than the calculations for qkv (which are a 1/3 of the "
    "time)",
    note="Literally of the time of the layer's forward pass; of attention's it is a quarter. A fraction promises no "
    "digits: the nearest of the usual ones is meant.",
)
def test_projections_are_a_third(layer_times, reading, stated, measure):
    of_attention = Fraction(layer_times.time("Q, K, V"), layer_times.time(*layer_times["attention"]))
    measure(of_attention, "of the time", of="queries, keys and values, of attention's")
    part, whole = {"literal": ("Q, K, V", ()), "other": ("QK^T", ("Scaled softmax",))}[reading]
    assert measure(Fraction(layer_times.time(part), layer_times.time(*whole)), "of the time", of=part) == stated


@CLAIMS.claim(note="As the paper marks it.")
def test_softmax_is_bound_by_memory(layer_times, measure):
    assert measure(layer_times["memory_bound"].count("Scaled softmax"), "marked as bound by memory") == 1


@CLAIMS.claim(note="As the paper marks the product of queries and keys, and the fused ReLU and dropout.")
def test_others_bound_by_memory(layer_times, measure):
    marked = {"QK^T", "Bias, ReLU, dropout"} & set(layer_times["memory_bound"])
    assert measure(len(marked), "marked as bound by memory") == 2


@CLAIMS.claim(note="Read as: a multiplication and an addition apart read and write each number twice, together once.")
def test_fusion_saves_trips(counting, measure):
    apart, fused = (counting.multiply_add_accesses(64, fused=one) for one in (False, True))
    assert measure(apart, "accesses to memory", of="apart") > measure(fused, "accesses to memory", of="fused")


def wider(anthropic: Any, models: Any) -> Fraction:
    """How many times as wide as BERT the 52B model is."""
    return Fraction(anthropic.config["hidden_size"], models(BERT).config["hidden_size"])


def grown(anthropic: Any, models: Any, counting: Any, tokens: int) -> list[Fraction]:
    """How many times as many bytes and FLOPs a layer of the 52B model takes as one of BERT."""
    sizes = [(of["hidden_size"], of["num_attention_heads"], tokens) for of in (anthropic.config, models(BERT).config)]
    return [Fraction(*(count(*each) for each in sizes)) for count in (counting.layer_bytes, counting.layer_work)]


def share_of_memory(times: Any, longer: Fraction | int, products_longer: Fraction | int) -> Any:
    """Share of what memory bounds where it takes so many times as long, and what FLOPs bound so many."""
    memory = longer * times.at_memory
    return Fraction(memory) / (memory + products_longer * times.at_flops)


@CLAIMS.claim(
    note="From the published times: as they are, and grown as bytes and FLOPs of a layer do from BERT to the 52B "
    "model, over the context of the table."
)
def test_share_shrinks(anthropic, models, counting, layer_times, measure):
    times = grown(anthropic, models, counting, layer_times["context"])
    small = measure(share_of_memory(layer_times, 1, 1), "of the time", of="as timed")
    assert small > measure(share_of_memory(layer_times, *times), "of the time", of="wider")


@CLAIMS.claim(in_words=True)
def test_softmax_accesses(counting, stated, measure):
    also = {"of twice as many": Fraction(counting.softmax_accesses(128), 128)}
    assert measure(Fraction(counting.softmax_accesses(64), 64), "accesses a number", also=also) == stated


@CLAIMS.each("softmax-to-scores", "share-bound-by-memory")
def test_times_of_a_layer(claim, layer_times, stated, measure):
    softmax, scores = layer_times.time("Scaled softmax"), layer_times.time("QK^T")
    memory, flops = (Fraction(time, layer_times.time()) for time in (layer_times.at_memory, layer_times.at_flops))
    found = {
        "softmax-to-scores": lambda: measure(Fraction(softmax, scores), "times as long"),
        "share-bound-by-memory": lambda: measure(memory, "of the layer's time", also={"what is left": 1 - flops}),
    }
    assert found[claim]() == stated


@CLAIMS.each("bert-parameters", "bert-width", "bert-layers")
def test_bert(claim, models, stated, measure):
    model = models(BERT)
    library, of = model.counted, model.config
    rows = library.model.get_input_embeddings().weight
    found = {
        "bert-parameters": lambda: measure(model.total, "parameters", also=equations.bert_parameters(of)),
        "bert-width": lambda: measure(rows.shape[1], "features", also=of["hidden_size"]),
        "bert-layers": lambda: measure(len(library.component_map.layers), "layers", also=of["num_hidden_layers"]),
    }
    assert found[claim]() == stated


@CLAIMS.each("vectors-times-longer", "products-times-longer")
def test_a_longer_time(claim, anthropic, models, counting, layer_times, reading, stated, measure):
    by_bytes, by_flops = grown(anthropic, models, counting, {"literal": layer_times["context"], "loose": 1}[reading])
    found = {
        "vectors-times-longer": lambda: measure(by_bytes, "times the bytes"),
        "products-times-longer": lambda: measure(by_flops, "times the FLOPs"),
    }
    assert found[claim]() == stated


@CLAIMS.each("eight-times-wider", "shrinking-share")
def test_a_wider_model(claim, anthropic, models, stated, measure):
    by = wider(anthropic, models)
    found = {
        "eight-times-wider": lambda: measure(by, "times as wide"),
        "shrinking-share": lambda: measure(Fraction(43, 100) * by / (1 * by**2), "of the time"),
    }
    assert found[claim]() == stated


@CLAIMS.claim(
    refuted="the 43 parts are of a hundred of which products take 57, not of a hundred products: grown as the document "
    "says, they are a twelfth of the whole",
    words="a 52B model inference latency would be about 5% of these intermediate calculations",
    reply="It is an estimate, to show that they become few; but the division leaves out that the products are 57 of "
    "100.",
    note="Steps that memory bounds grow by 8 and products by 64, from the published times, as a share of both "
    "together.",
)
def test_shrunken_share(anthropic, models, layer_times, stated, measure):
    by = wider(anthropic, models)
    also = {"by the ratio of the two": 1 / (1 + by * Fraction(layer_times.at_flops, layer_times.at_memory))}
    assert measure(share_of_memory(layer_times, by, by**2), "of the latency", also=also) == stated
