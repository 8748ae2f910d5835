"""What experts learn, how their number matters, fine-tuning, and when to use them."""

from fractions import Fraction
from itertools import pairwise
from statistics import mean

import pytest

from claim_suite.fixtures.claim.table import Listed
from claims.moe_explained.tables import (
    benefit_more,
    by_batch,
    by_high_rate,
    by_rate,
    by_small_batch,
    faster_than_dense,
    gains,
)

pytestmark = pytest.mark.cheap

LATER = "https://github.com/huggingface/blog/blob/main/moe.md"  # where its authors changed some of it since
DRAWN = "the paper draws it as curves or bars, and prints no numbers"
BARS_WITHOUT_NUMBERS = (
    "the heights of the bars of ST-MoE's Figure 5, of all weights against experts alone, would decide it: they have no "
    "numbers"
)
EQUAL_PERPLEXITY = (
    "the points of the Switch Transformers paper's figure of scores after fine-tuning, SuperGLUE and TriviaQA, by "
    "pretraining perplexity would decide it: no two models of its tables have the same"
)

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
    | batch-size-for-sparse          |        | Sparse models benefit more from smaller batches.                       |
    | learning-rate-for-sparse       |        | Sparse models benefit more from higher learning rates.                 |
    | caption-batch-size             |        | The figure shows that their quality improves with large batches.       |
    | caption-learning-rate          |        | The figure shows that it improves with lower learning rates.           |
    | instruction-tuning-helps-more  |        | Instruction tuning helps sparse models more than dense ones, and the   |
    |                                |        | more tasks the better.                                                 |
    | loss-prevents-overfitting      |        | There, the auxiliary loss prevents overfitting.                        |
    | sparse-for-a-fixed-budget      |        | With a fixed budget of compute for pretraining, a sparse model is the  |
    |                                |        | better one.                                                            |
    | dense-for-little-memory        |        | With few requests and little memory, a dense model is better.          |
    """,
    uncheckable={
        "no-expert-of-a-language": "the paper found no sign of one, shows examples of tokens, and publishes no counts",
        "diminishing-after-256": "the series with printed numbers ends at 256 experts",
        "small-scale-alike": DRAWN,
        "sparse-overfit-more": DRAWN,
        "worse-at-reasoning": EQUAL_PERPLEXITY,
        "disproportionate-at-knowledge": EQUAL_PERPLEXITY,
        "fewer-experts-fine-tune-better": DRAWN,
        "freezing-the-rest-fails": BARS_WITHOUT_NUMBERS,
        "freezing-experts-works": BARS_WITHOUT_NUMBERS,
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


ENTROPY = "Of where sentinel tokens are routed, by layer, as the paper prints it: all alike would be as even as chance."


@CLAIMS.claim(note=f"Read as: each layer's routing is less even than chance. {ENTROPY}")
def test_encoder_experts_specialise(st_moe, measure):
    of = st_moe["table_14"]
    assert measure(max(of["encoder"]), "nats", of="most even layer of the encoder") < of["uniform"]


@CLAIMS.claim(note=f"Read as: each layer's routing is more even than in any layer of the encoder. {ENTROPY}")
def test_decoder_experts_less(st_moe, measure):
    of = st_moe["table_14"]
    decoder = measure(min(of["decoder"]), "nats", of="least even layer of the decoder")
    assert decoder > measure(max(of["encoder"]), "nats", of="most even layer of the encoder")


@CLAIMS.claim(note="Read as: of GShard's models with as many layers, those with more experts have more weights.")
def test_more_experts_more_memory(gshard, measure):
    for layers, weights in gshard["table_1_weights"].items():
        few, more, most = (
            measure(billions, "billion weights", of=f"{experts} experts, {layers} layers")
            for experts, billions in weights.items()
        )
        assert few < more < most


@CLAIMS.claim(
    disputed="11 % is the most that was dropped in a run of the whole experiment whose quality was no lower for it, "
    "and that run has the loss on",
    words="the quality was not significantly impacted, even when up to 11% of the tokens were dropped",
    note="Literally the largest share of tokens dropped in the runs without the auxiliary loss. Other: in all runs, "
    "with it and without, of those that score no lower than the best by more than the error printed in the table.",
)
def test_dropped_without_loss(st_moe, reading, stated, measure):
    on, off = (list(st_moe["table_5"][runs].values()) for runs in ("aux loss", "no aux loss"))
    least = max(row["SuperGLUE"] for row in on + off) - st_moe["table_5_error"]
    as_good = [row for row in on + off if row["SuperGLUE"] >= least]
    dropped = {"literal": off, "other": as_good}[reading]
    assert measure(max(row["dropped"] for row in dropped) / 100, "of tokens", of="most") == stated


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


MORE = "Read as: more than dense models do, on the mean over the paper's runs that are alike in all else."
BARS = (
    "Held against the bars of the figure, which are means of six runs each: their scores are in a table of the paper."
)
CAPTION = "Sparse models fine-tuned quality improves with lower learning rates and large batch sizes"
CORRECTED = (
    "The caption was turned round by a slip, which a later revision has mended: it said the opposite of the figure."
)


@CLAIMS.claim(note=MORE)
def test_batch_size_for_sparse(st_moe, measure):
    gain = benefit_more(st_moe["table_20_sparse"], st_moe["table_20_dense"], by_small_batch)
    assert measure(gain, "points", of="gain of the smallest batch, beyond that of dense models") > 0


@CLAIMS.claim(note=MORE)
def test_learning_rate_for_sparse(st_moe, measure):
    gain = benefit_more(st_moe["table_20_sparse"], st_moe["table_20_dense"], by_high_rate)
    assert measure(gain, "points", of="gain of the highest rate, beyond that of dense models") > 0


@CLAIMS.claim(refuted="its bars fall with larger batches", words=CAPTION, reply=CORRECTED, reply_link=LATER, note=BARS)
def test_caption_batch_size(st_moe, measure):
    scores = [measure(score, "points", of=f"batch of {batch}") for batch, score in by_batch(st_moe["table_20_sparse"])]
    assert all(larger > smaller for smaller, larger in pairwise(scores))


@CLAIMS.claim(refuted="its bars fall with lower rates", words=CAPTION, reply=CORRECTED, reply_link=LATER, note=BARS)
def test_caption_learning_rate(st_moe, measure):
    scores = [measure(score, "points", of=f"rate of {rate}") for rate, score in by_rate(st_moe["table_20_sparse"])]
    assert all(lower > higher for lower, higher in pairwise(scores))


@CLAIMS.claim(
    note="Read as: of the tasks of SuperGLUE in ST-MoE's table, the sparse model is behind on the two with under 300 "
    "examples and ahead on all others."
)
def test_worse_on_small_tasks(st_moe, measure):
    leads = {
        task: measure(of["sparse"] - of["dense"], "points", of=f"ahead, {task}")
        for task, of in st_moe["table_10"].items()
    }
    small = [leads.pop(task) for task in st_moe["table_10_smallest"]]
    assert max(small) < 0 < min(leads.values())


@CLAIMS.claim(
    note="Read as: every sparse model of the Switch Transformers paper's table reaches the quality in fewer hours on "
    "the same device than the dense T5-Large."
)
def test_sparse_for_a_fixed_budget(switch_transformers, measure):
    assert min(faster_than_dense(switch_transformers, measure)) > 1


@CLAIMS.each()
def test_uncheckable(claim):
    """Nobody can check it."""
