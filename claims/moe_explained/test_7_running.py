"""Welcome Mixtral: memory, running it, fine-tuning and quantising."""

from fractions import Fraction

import pytest

from claim_suite.fixtures.claim.table import Listed, table
from claims.moe_explained.costs import four_bit_bytes

pytestmark = pytest.mark.cheap

BITS = {"float16": 16, "8-bit": 8, "4-bit": 4}
GB = 10**9


@table(
    """
    | precision | memory |
    |-----------|--------|
    | float16   | 90     |
    | 8-bit     | 45     |
    | 4-bit     | 23     |
    """,
    id="memory",
    name="required memory",
    note="Read as: the weights alone take more than that, a GB being 10⁹ bytes.",
)
def test_memory(cell, mixtral, stated, measure):
    """In {row} it needs more than {stated} GB."""
    bytes_a_weight = Fraction(BITS[cell.row], 8)
    also = {"formula": bytes_a_weight * mixtral.formula.total / GB}
    assert measure(bytes_a_weight * mixtral.total / GB, "GB", also=also) > stated


CLAIMS = Listed(
    """
    | claim                          | stated | says                                                                   |
    |--------------------------------|--------|------------------------------------------------------------------------|
    | thirty-gb-for-4-bit            | =30    | It takes a card with at least 30 GB to run it in 4 bits.               |
    | cards-of-40-and-48             | 40     | Among such cards are the A100 with 40 or 80 GB and the A6000 with 48   |
    |                                |        | GB.                                                                    |
    | served-on-two-a100             | =80    | It can be served on two A100 of 80 GB, with up to 1,024,000 tokens in  |
    |                                |        | a batch and 32,000 in a request.                                       |
    | tuned-on-openassistant         |        | The command fine-tunes on OpenAssistant's chats.                       |
    | all-linear-layers-of-attention |        | The command tunes all linear layers of the attention blocks.           |
    | experts-do-not-suit-adapters   |        | One should not tune the experts, as they do not go well with adapters. |
    | forty-eight-hours              | 48     | Fine-tuning takes about 48 hours on one A100.                          |
    | ninety-gb-to-load              | ~90    | It takes about 90 GB to load it in half precision.                     |
    | twenty-four-gb-for-4-bit       | =24    | It takes a device with at least 24 GB to run it in 4 bits.             |
    | gptq-perplexity                | 4.40   | In 4 bits by GPTQ, without its routers, its perplexity is 4.40,        |
    |                                |        | against 4.25 in half precision.                                        |
    | quantised-quality-degrades     |        | In the first experiments with 4 and 8 bits the quality is              |
    |                                |        | significantly lower.                                                   |
    | fast-but-large                 |        | Mixtures of experts are fast, but need expensive GPUs.                 |
    """,
    uncheckable={
        "experts-do-not-suit-adapters": "advice, without what happened otherwise",
        "forty-eight-hours": "neither the number of steps nor the version of the script is said",
        "gptq-perplexity": "neither the text nor the length of context of the measurement is named",
        "quantised-quality-degrades": "by what, and how much would be significant, is not said; the one measure that "
        "is printed rises little",
        "fast-but-large": "no device, load or model is named to compare with",
    },
    also_prints={"gptq-perplexity": ("4.25",)},
    model={"fast-but-large": ""},
)


@CLAIMS.claim(note="Read as: that much holds the weights as bitsandbytes keeps them in 4 bits, with their constants.")
def test_thirty_gb_for_4_bit(mixtral, stated, measure):
    also = four_bit_bytes(mixtral.formula) / GB
    assert measure(four_bit_bytes(mixtral) / GB, "GB", also=also) <= stated


@CLAIMS.claim(also_prints=("80", "48"))
def test_cards_of_40_and_48(mixtral, stated, measure):
    also = four_bit_bytes(mixtral.formula) / GB
    assert measure(four_bit_bytes(mixtral) / GB, "GB", also=also) < stated


@CLAIMS.claim(
    also_prints=("1024000", "32000"),
    loosely="with one request of the largest length, not with as many tokens as the command allows at once",
    note="Read as: half of the weights, and of the keys and values of all tokens that a batch may have, fit on a card; "
    "weaker: of a single request.",
)
def test_served_on_two_a100(mixtral, reading, stated, measure):
    tokens = {"literal": 1_024_000, "loose": 32_000}[reading]
    cache = measure(
        mixtral.counted.kv_cache_bytes(1, 2).total,
        "bytes a token",
        of="cache",
        also=mixtral.formula.kv_cache_bytes_per_token.total,
    )
    taken = Fraction(2 * mixtral.total + tokens * cache, 2 * GB)
    assert measure(taken, "GB a card", of=f"weights and the cache of {tokens:,} tokens") <= stated


@CLAIMS.claim(
    refuted="the command below it names another set, of another owner",
    words="An example command to fine-tune Mixtral on OpenAssistant\N{RIGHT SINGLE QUOTATION MARK}s [chat dataset]",
    reply="Any set of chats can stand in an example; but the command that is printed trains on UltraChat.",
    note="Read as: the set that the sentence links to is the one that the command names.",
)
def test_tuned_on_openassistant(listed, measure):
    linked, named = (listed["data sets"][where].split("/") for where in ("text", "command"))
    shared = measure(
        len(set(linked) & set(named)), "words", of="of owner and set, in both", also=sum(one in named for one in linked)
    )
    assert shared >= measure(len(linked), "words", of="of owner and set, in the text")


@CLAIMS.claim
def test_all_linear_layers_of_attention(mixtral, listed, measure):
    from torch import nn

    attention = mixtral.counted.model.model.layers[0].self_attn
    linear = {name for name, child in attention.named_children() if isinstance(child, nn.Linear)}
    tuned = set(listed["targets of the fine-tuning command"])
    assert measure(len(linear & tuned), "layers", of="tuned") == measure(len(linear), "layers", of="linear")
    assert tuned <= linear


@CLAIMS.claim
def test_ninety_gb_to_load(mixtral, stated, measure):
    assert measure(Fraction(2 * mixtral.total, GB), "GB", also=Fraction(2 * mixtral.formula.total, GB)) == stated


@CLAIMS.claim(
    loosely="only as a bound from below: so much does not hold the weights, once the constants of their blocks count; "
    "elsewhere the text itself asks for thirty, and a later revision has layers on the CPU where there are 24",
    note="Read as: so much holds the weights, a GB being 10⁹ bytes, as in the sentences on 30; weaker: less does not.",
)
def test_twenty_four_gb_for_4_bit(mixtral, reading, stated, measure):
    taken = measure(four_bit_bytes(mixtral) / GB, "GB", also=four_bit_bytes(mixtral.formula) / GB)
    assert {"literal": taken <= stated, "loose": taken >= stated}[reading]


@CLAIMS.each()
def test_uncheckable(claim):
    """Nobody can check it."""
