"""What intermediate steps cost."""

from fractions import Fraction

import pytest

from claims.inference_arithmetic import equations

pytestmark = pytest.mark.cheap

BERT = "bert-large-uncased"


@pytest.mark.claim(
    "softmax-above-projections",
    model=BERT,
    loosely="it is higher, by two fifths, which is not slightly",
    note="Slightly is read as less than a tenth longer, a difference that a reader would pass over; weaker: longer at "
    "all. Times of the paper's own kernels, which the document adds up.",
)
def test_softmax_above_projections(layer_times, reading, measure):
    """The softmax takes slightly longer than making queries, keys and values."""
    longer = Fraction(layer_times.microseconds["Scaled softmax"], layer_times.microseconds["Q, K, V"]) - 1
    bound = {"literal": Fraction(1, 10), "loose": 10**6}[reading]
    assert 0 <= measure(longer, "of their time, beyond it") < bound


@pytest.mark.claim(
    "projections-are-a-third",
    model=BERT,
    stated="1/3",
    refuted="they take an eighth of the layer's time and a quarter of attention's, and are a quarter of the FLOPs of a "
    "layer by the document's own count",
    note="Of the time of the layer's forward pass; in the other reading, of attention's: neither is near.",
)
def test_projections_are_a_third(layer_times, reading, stated, measure):
    """Making queries, keys and values takes 1/3 of the time."""
    whole = {"literal": layer_times.total, "loose": layer_times.in_attention}[reading]
    share = measure(Fraction(layer_times.microseconds["Q, K, V"], whole), "of the time")
    assert stated == share


@pytest.mark.claim("softmax-is-bound-by-memory", model=BERT, note="As the paper marks it.")
def test_softmax_is_bound_by_memory(layer_times, measure):
    """The softmax is bound by memory."""
    assert measure(layer_times.marked("Scaled softmax"), "marked as bound by memory") == 1


@pytest.mark.claim(
    "others-bound-by-memory",
    model=BERT,
    note="As the paper marks the product of queries and keys, and the fused ReLU and dropout.",
)
def test_others_bound_by_memory(layer_times, measure):
    """So are the product of queries and keys, ReLU and dropout."""
    assert measure(layer_times.marked("QK^T", "Bias, ReLU, dropout"), "marked as bound by memory") == 2


@pytest.mark.claim("softmax-accesses", stated="4", in_words=True, model=BERT)
def test_softmax_accesses(counting, stated, measure):
    """The usual softmax takes four accesses to memory for each number."""
    also = {"of twice as many": Fraction(counting.softmax_accesses(128), 128)}
    assert measure(Fraction(counting.softmax_accesses(64), 64), "accesses a number", also=also) == stated


@pytest.mark.claim(
    "fusion-saves-trips",
    note="Read as: a multiplication and an addition apart read and write each number twice, together once.",
    model=BERT,
)
def test_fusion_saves_trips(counting, measure):
    """One kernel that multiplies and adds reads and writes less than two."""
    apart, fused = (counting.multiply_add_accesses(64, fused=one) for one in (False, True))
    assert measure(apart, "accesses to memory", of="apart") > measure(fused, "accesses to memory", of="fused")


@pytest.mark.claim("softmax-to-scores", stated="3", in_words=True, model=BERT)
def test_softmax_to_scores(layer_times, stated, measure):
    """The softmax takes three times as long as the product of queries and keys."""
    assert (
        measure(Fraction(layer_times.microseconds["Scaled softmax"], layer_times.microseconds["QK^T"]), "times as long")
        == stated
    )


@pytest.mark.claim("bert-parameters", stated="336M", model=BERT)
def test_bert_parameters(models, stated, measure):
    """The model that the paper times has 336 million parameters."""
    model = models(BERT)
    assert measure(model.total, "parameters", also=equations.bert_parameters(model.config)) == stated


@pytest.mark.claim("bert-width", stated=1024, model=BERT)
def test_bert_width(models, stated, measure):
    """Its width is 1024."""
    library = models(BERT).counted.model
    assert (
        measure(library.get_input_embeddings().weight.shape[1], "features", also=models(BERT).config["hidden_size"])
        == stated
    )


@pytest.mark.claim("bert-layers", stated=24, model=BERT)
def test_bert_layers(models, stated, measure):
    """It has 24 layers."""
    model = models(BERT)
    assert measure(len(model.counted.anatomy.layers), "layers", also=model.config["num_hidden_layers"]) == stated


@pytest.mark.claim("share-bound-by-memory", stated="43%", model=BERT)
def test_share_bound_by_memory(layer_times, stated, measure):
    """Steps that memory bounds take 43% of a layer's time."""
    also = {"what is left": 1 - Fraction(layer_times.at_flops, layer_times.total)}
    share = Fraction(layer_times.at_memory, layer_times.total)
    assert measure(share, "of the layer's time", also=also) == stated


@pytest.mark.claim("eight-times-wider", stated="8")
def test_eight_times_wider(anthropic, models, stated, measure):
    """The 52B model is 8 times wider."""
    widths = [model.config["hidden_size"] for model in (anthropic, models(BERT))]
    assert measure(Fraction(*widths), "times as wide") == stated


@pytest.mark.claim(
    "vectors-times-longer",
    stated="8",
    note="By the vectors that a layer of either width makes and autograd keeps, attention's scores apart, which have "
    "the length of the context instead.",
)
def test_vectors_times_longer(anthropic, models, counting, stated, measure):
    """At 8 times the width, operations on vectors take 8 times as long."""
    narrow, wide = (model.config for model in (models(BERT), anthropic))
    vectors = [counting.layer_vectors(of["hidden_size"], of["num_attention_heads"]) for of in (wide, narrow)]
    assert measure(Fraction(*vectors), "times the bytes") == stated


@pytest.mark.claim("products-times-longer", stated="64", note="Of one token through a layer of either width.")
def test_products_times_longer(anthropic, models, counting, stated, measure):
    """The FLOPs of products, and so their time, increase by 64 times."""
    narrow, wide = (model.config for model in (models(BERT), anthropic))
    works = [counting.layer_work(of["hidden_size"], of["num_attention_heads"]) for of in (wide, narrow)]
    assert measure(Fraction(*works), "times the FLOPs") == stated


@pytest.mark.claim(
    "share-shrinks", note="From the published times: as they are, and with vectors grown by 8, products by 64."
)
def test_share_shrinks(anthropic, models, layer_times, measure):
    """The share of these steps becomes smaller as models grow."""
    wider = Fraction(anthropic.config["hidden_size"], models(BERT).config["hidden_size"])
    vectors, products = layer_times.at_memory, layer_times.at_flops
    shares = [Fraction(vectors, vectors + by * products) for by in (1, wider)]
    small, large = (
        measure(share, "of the time", of=of) for share, of in zip(shares, ("as timed", "wider"), strict=True)
    )
    assert small > large


@pytest.mark.claim("shrinking-share", stated="0.05375", also_prints=("0.43",))
def test_shrinking_share(anthropic, models, stated, measure):
    """0.43·8/(1·64) is 0.05375."""
    wider = Fraction(anthropic.config["hidden_size"], models(BERT).config["hidden_size"])
    assert measure(Fraction(43, 100) * wider / (1 * wider**2), "of the time") == stated


@pytest.mark.claim(
    "shrunken-share",
    stated="5%",
    refuted="the 43 parts are of a hundred of which products take 57, not of a hundred products: grown as the document "
    "says, they are a twelfth of the whole",
    note="Steps that memory bounds grow by 8 and products by 64, from the published times, as a share of both "
    "together.",
)
def test_shrunken_share(anthropic, models, layer_times, stated, measure):
    """In the 52B model these intermediate steps would be about 5% of the latency."""
    wider = Fraction(anthropic.config["hidden_size"], models(BERT).config["hidden_size"])
    vectors = wider * layer_times.at_memory
    assert measure(vectors / (vectors + wider**2 * layer_times.at_flops), "of the latency") == stated
