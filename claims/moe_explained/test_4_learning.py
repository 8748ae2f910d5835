"""What experts learn, how their number matters, fine-tuning, and when to use them."""

from fractions import Fraction
from itertools import pairwise
from statistics import mean

import pytest

from claim_suite.fixtures.claim.table import Listed
from claims.moe_explained.tables import by_batch, by_rate, faster_than_dense, gains

pytestmark = pytest.mark.cheap

NO_COUNTS = "the paper shows examples of tokens and publishes no counts of its experts"
DRAWN = "the paper draws it as curves or bars, and prints no numbers"
EQUAL_PERPLEXITY = "the paper draws what models of equal perplexity do; no two models of its tables have it"

CLAIMS = Listed(
    """
    | claim                          | stated | says                                                                   |
    |--------------------------------|--------|------------------------------------------------------------------------|
    | encoder-experts-specialise     |        | Experts of the encoder specialise in groups of tokens or shallow       |
    |                                |        | concepts.                                                              |
    | decoder-experts-less           |        | Experts of the decoder specialise less.                                |
    | no-expert-of-a-language        |        | No expert is specialised in a language.                                |
    | more-experts-learn-faster      |        | More experts learn more from as many samples.                          |
    | diminishing-gains              |        | The gains of more experts diminish.                                    |
    | diminishing-after-256          | 256    | Gains diminish especially after 256 or 512 experts.                    |
    | more-experts-more-memory       |        | More experts need more memory at inference.                            |
    | small-scale-alike              | 8      | What holds at large scale also holds with 2, 4 or 8 experts a layer.   |
    | sparse-overfit-more            |        | Sparse models overfit more when they are fine-tuned.                   |
    | dropped-without-loss           | 11%    | With the auxiliary loss turned off, up to 11 % of the tokens were      |
    |                                |        | dropped.                                                               |
    | quality-without-loss           |        | With the auxiliary loss turned off, quality was not significantly      |
    |                                |        | lower.                                                                 |
    | worse-at-reasoning             |        | At a fixed pretraining perplexity, sparse models do worse than dense   |
    |                                |        | ones on reasoning, as in SuperGLUE.                                    |
    | disproportionate-at-knowledge  |        | At a fixed pretraining perplexity, the sparse model does               |
    |                                |        | disproportionately well on tasks of knowledge such as TriviaQA.        |
    | fewer-experts-fine-tune-better |        | Fewer experts helped at fine-tuning.                                   |
    | worse-on-small-tasks           |        | Sparse models do worse on small tasks and well on large ones.          |
    | freezing-the-rest-fails        |        | Freezing all but the experts led to a huge drop.                       |
    | experts-are-most-of-it         |        | The layers with experts are most of the network.                       |
    | freezing-experts-works         |        | Freezing only the layers with experts works almost as well as updating |
    |                                |        | all, and saves memory.                                                 |
    | batch-size-for-sparse          |        | Sparse models benefit from smaller batches, says the sentence; from    |
    |                                |        | larger ones, says the caption.                                         |
    | learning-rate-for-sparse       |        | Sparse models benefit from higher learning rates, says the sentence;   |
    |                                |        | from lower ones, says the caption.                                     |
    | instruction-tuning-helps-more  |        | Instruction tuning helps sparse models more than dense ones, and the   |
    |                                |        | more tasks the better.                                                 |
    | loss-prevents-overfitting      |        | There, the auxiliary loss prevents overfitting.                        |
    | sparse-for-a-fixed-budget      |        | With a fixed budget of compute for pretraining, a sparse model is the  |
    |                                |        | better one.                                                            |
    | dense-for-little-memory        |        | With few requests and little memory, a dense model is better.          |
    """,
    uncheckable={
        "encoder-experts-specialise": NO_COUNTS,
        "decoder-experts-less": NO_COUNTS,
        "no-expert-of-a-language": NO_COUNTS,
        "diminishing-after-256": "the series with printed numbers ends at 256 experts",
        "small-scale-alike": DRAWN,
        "sparse-overfit-more": DRAWN,
        "worse-at-reasoning": EQUAL_PERPLEXITY,
        "disproportionate-at-knowledge": EQUAL_PERPLEXITY,
        "fewer-experts-fine-tune-better": DRAWN,
        "worse-on-small-tasks": DRAWN,
        "freezing-the-rest-fails": DRAWN,
        "freezing-experts-works": DRAWN,
        "instruction-tuning-helps-more": DRAWN,
        "loss-prevents-overfitting": "no run of that paper with and without the loss is printed beside the other",
        "dense-for-little-memory": "better is said of no task, load or device",
    },
    also_prints={"diminishing-after-256": ("512",), "small-scale-alike": ("2", "4")},
)


@CLAIMS.claim(
    note="Read as: each doubling of the experts of Switch-Base from 16 to 256 has higher quality. The table does not "
    "print its steps; of models of these sizes the paper says that all were trained for the same number."
)
def test_more_experts_learn_faster(switch_transformers, measure):
    assert (
        min(
            measure(gain, "nats", of=f"{to} experts over {to // 2}")
            for to, gain in gains(switch_transformers["table_7"])
        )
        > 0
    )


@CLAIMS.claim(note="Read as: each doubling of the experts gains less than the one before it, from 16 to 256.")
def test_diminishing_gains(switch_transformers, measure):
    doublings = gains(switch_transformers["table_7"])
    gained = [measure(gain, "nats", of=f"{to} experts over {to // 2}") for to, gain in doublings]
    assert all(later < earlier for earlier, later in pairwise(gained))


@CLAIMS.claim
def test_more_experts_more_memory(one_layer, measure):
    less = one_layer()
    more = one_layer(num_local_experts=2 * less.expert_count)
    taken = [
        measure(2 * of.moe_block, "bytes a layer", of=f"{of.expert_count} experts", also=2 * of.formula.moe_block)
        for of in (less, more)
    ]
    assert taken[0] < taken[1]


@CLAIMS.claim(
    refuted="it is so with the loss turned on; in the runs without it, more was dropped",
    note="Read as: the largest share of tokens dropped in the runs without the auxiliary loss.",
)
def test_dropped_without_loss(st_moe, stated, measure):
    without, _ = (
        measure(max(row["dropped"] for row in st_moe["table_5"][runs].values()) / 100, "of tokens", of=f"most, {runs}")
        for runs in ("no aux loss", "aux loss")
    )
    assert without == stated


@CLAIMS.claim(
    note="Read as: turning the loss off costs less on average than the choice of the capacity factor does with it on."
)
def test_quality_without_loss(st_moe, measure):
    on, off = ([row["SuperGLUE"] for row in st_moe["table_5"][runs].values()] for runs in ("aux loss", "no aux loss"))
    fall = measure(mean(on) - mean(off), "points", of="mean fall without the loss")
    assert fall < measure(max(on) - min(on), "points", of="between capacity factors with it")


@CLAIMS.claim(
    note="Read as: more than half of the parameters of the paper's model, and of Mixtral's. That a drop is to be "
    "expected because of it does not follow: what was trained then is most of the network."
)
def test_experts_are_most_of_it(mixtral, st_moe, measure):
    also = Fraction(mixtral.formula.moe_block, mixtral.formula.total)
    share = measure(Fraction(mixtral.moe_block, mixtral.total), "of the parameters", of="Mixtral", also=also)
    printed = measure(st_moe["share of experts"], "of the parameters", of="ST-MoE-L, about")
    assert min(share, printed) > Fraction(1, 2)


PROTOCOL = (
    "Held against the paper's own table of runs: means over all of its runs with one setting. The text and the caption "
    "of the figure beside it say the opposite of each other."
)


@CLAIMS.of("batch-size-for-sparse", source="the sentence", note=PROTOCOL)
def test_smaller_batches(st_moe, measure):
    scores = [measure(score, "points", of=f"batch of {batch}") for batch, score in by_batch(st_moe["table_20_sparse"])]
    assert all(smaller > larger for smaller, larger in pairwise(scores))


@CLAIMS.of("batch-size-for-sparse", source="the caption", note=PROTOCOL, refuted="with larger batches the scores fall")
def test_larger_batches(st_moe, measure):
    scores = [measure(score, "points", of=f"batch of {batch}") for batch, score in by_batch(st_moe["table_20_sparse"])]
    assert all(larger > smaller for smaller, larger in pairwise(scores))


@CLAIMS.of("learning-rate-for-sparse", source="the sentence", note=PROTOCOL)
def test_higher_rates(st_moe, measure):
    scores = [measure(score, "points", of=f"rate of {rate}") for rate, score in by_rate(st_moe["table_20_sparse"])]
    assert all(higher > lower for lower, higher in pairwise(scores))


@CLAIMS.of("learning-rate-for-sparse", source="the caption", note=PROTOCOL, refuted="with lower rates the scores fall")
def test_lower_rates(st_moe, measure):
    scores = [measure(score, "points", of=f"rate of {rate}") for rate, score in by_rate(st_moe["table_20_sparse"])]
    assert all(lower > higher for lower, higher in pairwise(scores))


@CLAIMS.claim(
    note="Read as: every sparse model of the Switch Transformers paper's table reaches the quality in fewer hours on "
    "the same device than the dense T5-Large."
)
def test_sparse_for_a_fixed_budget(switch_transformers, measure):
    assert min(faster_than_dense(switch_transformers, measure)) > 1


@CLAIMS.each()
def test_uncheckable(claim):
    """Nobody can check it."""
