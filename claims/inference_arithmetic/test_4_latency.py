"""Latency by formula."""

from dataclasses import replace
from fractions import Fraction

import pytest

from claim_suite.fixtures.claim.table import Listed
from claims.inference_arithmetic.equations import Sizes

pytestmark = pytest.mark.cheap

MS, US = 1000, 10**6
PRINTED = "printed equation"
AT_LARGE = (
    "flops-grow-with-batch", "memory-grows-with-parameters", "message-latency", "messages-a-layer",
    "messages-are-small", "communication-wins-at-last", "below-real-hardware",
)  # fmt: skip

CLAIMS = Listed(
    """
    | claim                        | stated | says                                                                  |
    |------------------------------|--------|-----------------------------------------------------------------------|
    | flops-grow-with-batch        |        | FLOPs grow with the batch and with the parameters.                    |
    | memory-grows-with-parameters |        | What memory takes grows with the parameters alone.                    |
    | message-latency              |        | A message takes about 8 microseconds.                                 |
    | messages-a-layer             | 4      | There are 4·n communications in each of the n layers.                 |
    | messages-are-small           |        | For a small batch, communication is small beside reading the weights. |
    | gopher-sized                 | 260B   | A model of Gopher's size has 260 billion parameters.                  |
    | gopher-step                  | ~0.0217 | For a small batch on 16 GPUs its step takes 0.0217 s.                 |
    | gopher-step-in-ms            | ~22    | That is 22 ms a token.                                                |
    | gopher-transfer              | 35     | Sending a single token's vectors takes 35 microseconds.               |
    | gopher-transfer-is-small     |        | That is safe to leave out for a small batch.                          |
    | gopher-messages              | =2560  | 4·80·8 microseconds of messages are 2560 microseconds.                |
    | gopher-messages-doubled      | =2560  | 2·4·n·8 microseconds of messages are 2560 microseconds.               |
    | gopher-messages-in-ms        | 3      | That is 3 ms.                                                         |
    | gopher-batch-in-s            | 0.053  | For a batch of 512 it computes 0.053 s.                               |
    | gopher-batch                 | 53     | A batch of 512 takes 53 ms.                                           |
    | gopher-batch-again           | 62     | The 512 tokens are generated in 62 ms.                                |
    | gopher-batch-messages        | 3      | The latency of communication is 3 ms for a batch of 512, too.         |
    | gopher-batch-transfer        | 18     | Its communication takes 18 ms.                                        |
    | communication-wins-at-last   |        | With more and more chips communication comes to take longer than      |
    |                              |        | computing.                                                            |
    | below-real-hardware          |        | These times are much lower than what real hardware reaches.           |
    """,
    model=dict.fromkeys(AT_LARGE, ""),
    also_prints={"gopher-messages": ("80",), "gopher-batch": ("512",), "gopher-batch-transfer": ("16384",)},
    refuted={
        "gopher-messages-doubled": "its left side has another factor of two, which the equation for small batches and "
        "the right side have not",
    },
    words={"gopher-messages-doubled": "comms = 2·4·n·8µs = 4·80·8µs = 2560µs"},
    reply={
        "gopher-messages-doubled": "A factor was left over, and what comes of it is right; its first side is twice "
        "that."
    },
    uncheckable={
        "message-latency": "it is another paper's measurement of an NVLink between two V100s, which the document "
        "itself calls a guess"
    },
    note={
        "gopher-messages-doubled": "The first side of the printed equation is 2·4·n·8 microseconds.",
        "gopher-batch-messages": "Messages wait as long for a batch of 512 as for one token.",
    },
)


@CLAIMS.claim(note="Of one product: of a batch of 2 instead of 1, and of a matrix with twice as many columns.")
def test_flops_grow_with_batch(anthropic, counting, measure):
    width = anthropic.config["hidden_size"]
    one, two, wide = counting.product_works((1, width, 9), (2, width, 9), (1, width, 18))
    assert measure(Fraction(two, one), "times", of="batch") == measure(Fraction(wide, one), "times", of="matrix") == 2


@CLAIMS.claim(
    loosely="only what reading the weights takes: each sequence of a batch has keys and values of its own to read, "
    "which the document goes on to leave out",
    note="Read as: a batch of 100 takes as long as one, to a hundredth, and twice the weights longer. Literal: of all "
    "that a step of the 52B model reads, over 2,048 tokens, the document's request; weaker: of the weights.",
)
def test_memory_grows_with_parameters(steps, anthropic, reading, measure):
    tokens = {"literal": steps.printed["anthropic"]["request"], "loose": 0}[reading]
    step, cache = (
        steps.layers_of(anthropic),
        Fraction(tokens * anthropic.kv_cache_bytes_per_token.total) / steps.a100.memory_bandwidth,
    )
    twice = replace(step, weights=2 * step.weights)
    batch = (step.floor(100) + 100 * cache) / (step.floor(1) + cache)
    weights = measure(twice.reading / step.reading, "times as long", of="twice the weights")
    assert measure(batch, "times as long", of="a batch of 100") < Fraction(101, 100) < weights


@CLAIMS.claim(
    loosely="shorter than reading, which hides them where both go on at once, but more than a tenth of it",
    note="Relatively small, so that it needs no attention, the document says: read as less than a tenth of the time to "
    "read the weights, for it calls 11% not yet insignificant; weaker: less than that time. For each of the document's "
    "three models on as many accelerators as it puts them.",
)
def test_messages_are_small(steps, anthropic, benchmarked, reading, measure):
    three = {
        "52B": steps.layers_of(anthropic, 4),
        "Gopher's size": steps.sized("gopher"),
        "13B": steps.layers_of(benchmarked, 2),
    }
    shares = [measure(step.waiting / step.reading, "of reading", of=name) for name, step in three.items()]
    assert max(shares) < {"literal": Fraction(1, 10), "loose": 1}[reading]


@CLAIMS.claim(
    loosely="to tens of billions, and without the positions that bring Gopher to its 280: layers of its size have 258",
    note="Literal: to the digits printed; weaker: to the nearest ten billion. By 12·n·d² of Gopher's published sizes.",
)
def test_gopher_sized(gopher, reading, stated, measure):
    weights = Sizes(gopher["280B"]["layers"], gopher["280B"]["width"]).parameters
    shown = {"literal": weights, "loose": round(weights, -10)}[reading]
    assert measure(shown, "parameters of its layers") == stated


@CLAIMS.claim(note="Read as: below a hundredth of what the step's floor is.")
def test_gopher_transfer_is_small(steps, measure):
    step = steps.sized("gopher")
    assert measure(step.sending(1) / step.floor(1), "of the step's floor") < Fraction(1, 100)


@CLAIMS.claim(note="Read as: for a batch of 512 computing takes longer on 16 accelerators, and communication on 1,024.")
def test_communication_wins_at_last(steps, measure):
    few, many = steps.sized("gopher"), steps.sized("gopher", accelerators=1024)
    on_few, on_many = (
        measure(one.sending(512) / one.floor(512), "times computing", of=f"{one.accelerators}") for one in (few, many)
    )
    assert on_few < 1 < on_many


@CLAIMS.claim(
    loosely="they are lower, and more than half of what was timed",
    note="Much lower is read as at most half of the time that the document's own benchmark gives, on one GPU and on "
    "two: a reader would call nothing above that much lower; weaker: lower.",
)
def test_below_real_hardware(steps, benchmarked, reading, measure):
    shares = []
    for accelerators, name in ((1, "one_gpu"), (2, "two_gpus")):
        floor = MS * steps.layers_of(benchmarked, accelerators).floor(1)
        shares.append(measure(floor / steps.printed[name]["step_ms"], "of the time that was timed", of=name))
    assert max(shares) < {"literal": Fraction(1, 2), "loose": 1}[reading]


@CLAIMS.claim(
    refuted="four messages follow each other in a layer, as the equation above it has it: times the layers they are "
    "all messages of the model",
    words="For comms, we have 4·n communications per layer, and the latency per each request",
    reply="For each step was meant, and the equation above counts so; but the sentence says for each layer.",
    note="The document says four times the number of layers, for each layer. As a multiple of the number of layers.",
)
def test_messages_a_layer(anthropic, sharding, stated, measure):
    wire, layers = sharding.exchanged(16, 4), anthropic.config["num_hidden_layers"]
    sent = Fraction(wire.sent * 4, 3 * 16)  # by what each of four accelerators sends in a round, of 16 features
    found = measure(Fraction(len(wire.rounds), layers), "times n messages a layer", also={"sent": sent / layers})
    assert found == stated


@CLAIMS.claim(
    refuted="it contradicts the sentence that it stands in: computing takes 53 ms, and communication beside it less",
    words="53 ms per token generated (per batch, so in the 62ms 512 tokens are generated)",
    reply="It counts what does not go on at once; but the sentence has 53 for the same batch, and neither sum gives "
    "62.",
    note="Also with communication after computing, which the document does not assume, it is another number.",
)
def test_gopher_batch_again(steps, stated, measure):
    step, batch = steps.sized("gopher"), steps.printed["gopher"]["batch"]
    measure(MS * (step.floor(batch) + step.sending(batch)), "ms", of="one after the other")
    also = {PRINTED: MS * steps.equations("gopher").compute(batch)}
    assert measure(MS * max(step.floor(batch), step.sending(batch)), "ms", of="at once", also=also) == stated


@CLAIMS.each()
def test_a_model_of_gophers_size(claim, steps, stated, measure):
    step, equations, batch = steps.sized("gopher"), steps.equations("gopher"), steps.printed["gopher"]["batch"]
    at_once = max(step.floor(batch), step.sending(batch))
    by_the_ratio = step.reading * batch / step.critical_batch_size

    found = {
        "gopher-step": lambda: measure(step.floor(1), "s", also={PRINTED: equations.memory}),
        "gopher-step-in-ms": lambda: measure(MS * step.floor(1), "ms"),
        "gopher-transfer": lambda: measure(
            US * step.sending(1), "microseconds", also={PRINTED: US * equations.transfer(1)}
        ),
        "gopher-messages": lambda: measure(US * step.waiting, "microseconds", also={PRINTED: US * equations.waiting}),
        "gopher-messages-doubled": lambda: measure(
            2 * US * equations.waiting, "microseconds", also=2 * US * step.waiting
        ),
        "gopher-messages-in-ms": lambda: measure(MS * step.waiting, "ms"),
        "gopher-batch-in-s": lambda: measure(step.floor(batch), "s", also={PRINTED: equations.compute(batch)}),
        "gopher-batch": lambda: measure(MS * at_once, "ms", also={"by the ratio": MS * by_the_ratio}),
        "gopher-batch-messages": lambda: measure(MS * step.waiting, "ms", also={PRINTED: MS * equations.waiting}),
        "gopher-batch-transfer": lambda: measure(
            MS * step.sending(batch), "ms", also={PRINTED: MS * equations.transfer(batch)}
        ),
    }
    assert found[claim]() == stated
