"""Latency by formula."""

from fractions import Fraction

import pytest

from claims.inference_arithmetic import equations

pytestmark = pytest.mark.cheap

MS, US = 1000, 10**6


@pytest.mark.claim("flops-grow-with-batch", note="From a batch of 1 to 2, and from 32 layers to 64 of the same width.")
def test_flops_grow_with_batch(anthropic, counting, measure):
    """FLOPs grow with the batch and with the parameters."""
    width = anthropic.config["hidden_size"]
    one, two, wide = counting.product_works((1, width, 9), (2, width, 9), (1, width, 18))
    assert measure(Fraction(two, one), "times", of="batch") == measure(Fraction(wide, one), "times", of="matrix") == 2


@pytest.mark.claim(
    "memory-grows-with-parameters", note="Time of reading, for batches of 1 and 100 and twice the weights."
)
def test_memory_grows_with_parameters(steps, measure):
    """What memory takes grows with the parameters alone."""
    step, twice = steps.sized("gopher"), steps.sized("gopher", parameters=2 * steps.printed["gopher"]["parameters"])
    batch = measure(step.floor(100) / step.floor(1), "times as long", of="a batch of 100")
    assert batch == 1 < measure(twice.floor(1) / step.floor(1), "times as long", of="twice the weights")


@pytest.mark.claim(
    "message-latency",
    uncheckable="it is another paper's measurement of an NVLink between two V100s, which the document itself calls a "
    "guess",
)
def test_message_latency():
    """A message takes about 8 microseconds."""


@pytest.mark.claim(
    "messages-a-layer",
    stated="4",
    refuted="four messages follow each other in a layer, as the equation above it has it: times the layers they are "
    "all "
    "messages of the model",
    note="The document says four times the number of layers, for each layer. As a multiple of the number of layers.",
)
def test_messages_a_layer(anthropic, sharding, stated, measure):
    """There are 4·n communications in each of the n layers."""
    rounds = len(sharding.exchanged(16, 4).rounds)
    assert measure(Fraction(rounds, anthropic.config["num_hidden_layers"]), "times n messages a layer") == stated


@pytest.mark.claim(
    "messages-are-small",
    note="Relatively small is read as less than a fifth of the time to read the weights, for each of the document's "
    "three models on as many accelerators as it puts them.",
)
def test_messages_are_small(steps, anthropic, benchmarked, measure):
    """For a small batch, communication is small beside reading the weights."""
    three = {
        "52B": steps.layers_of(anthropic, 4),
        "Gopher's size": steps.sized("gopher"),
        "13B": steps.layers_of(benchmarked, 2),
    }
    shares = [measure(step.waiting / step.reading, "of reading", of=name) for name, step in three.items()]
    assert max(shares) < Fraction(1, 5)


@pytest.mark.claim(
    "gopher-sized",
    stated="260B",
    loosely="to tens of billions, and without the positions that bring Gopher to its 280: layers of its size have 258",
    note="Literal: to the digits printed; weaker: to the nearest ten billion. By 12·n·d² of Gopher's published sizes.",
)
def test_gopher_sized(gopher, reading, stated, measure):
    """A model of Gopher's size has 260 billion parameters."""
    of = gopher["280B"]
    weights = equations.parameters(of["layers"], of["width"])
    shown = {"literal": weights, "loose": round(weights, -10)}[reading]
    assert measure(shown, "parameters of its layers") == stated


@pytest.mark.claim("gopher-step", stated="0.0217")
def test_gopher_step(steps, stated, measure):
    """For a small batch on 16 GPUs its step takes 0.0217 s."""
    of = steps.printed["gopher"]
    also = {"printed equation": equations.memory_time(of["parameters"], of["accelerators"], steps.a100.memory)}
    assert measure(steps.sized("gopher").floor(1), "s", also=also) == stated


@pytest.mark.claim("gopher-step-in-ms", stated="22")
def test_gopher_step_in_ms(steps, stated, measure):
    """That is 22 ms a token."""
    also = {"of two of half the size": 2 * MS * steps.sized("gopher", parameters=130 * 10**9).floor(1)}
    assert measure(MS * steps.sized("gopher").floor(1), "ms", also=also) == stated


@pytest.mark.claim("gopher-transfer", stated="35")
def test_gopher_transfer(steps, stated, measure):
    """Sending a single token's vectors takes 35 microseconds."""
    of = steps.printed["gopher"]
    also = {"printed equation": US * equations.transfer_time(1, of["layers"], of["width"], steps.a100.link)}
    assert measure(US * steps.sized("gopher").sending(1), "microseconds", also=also) == stated


@pytest.mark.claim("gopher-transfer-is-small", note="Read as: below a hundredth of what the step's floor is.")
def test_gopher_transfer_is_small(steps, measure):
    """That is safe to leave out for a small batch."""
    step = steps.sized("gopher")
    assert measure(step.sending(1) / step.floor(1), "of the step's floor") < Fraction(1, 100)


@pytest.mark.claim("gopher-messages", stated=2560, also_prints=("80",))
def test_gopher_messages(steps, stated, measure):
    """4·80·8 microseconds of messages are 2560 microseconds."""
    of = steps.printed
    also = {"printed equation": equations.waiting_time(of["gopher"]["layers"], of["a100"]["wait_microseconds"])}
    assert measure(US * steps.sized("gopher").waiting, "microseconds", also=also) == stated


@pytest.mark.claim(
    "gopher-messages-doubled",
    stated=2560,
    refuted="its left side has another factor of two, which the equation for small batches and the right side have not",
    note="The first side of the printed equation is 2·4·n·8 microseconds.",
)
def test_gopher_messages_doubled(steps, stated, measure):
    """2·4·n·8 microseconds of messages are 2560 microseconds."""
    of = steps.printed
    doubled = 2 * equations.waiting_time(of["gopher"]["layers"], of["a100"]["wait_microseconds"])
    assert measure(doubled, "microseconds") == stated


@pytest.mark.claim("gopher-messages-in-ms", stated="3")
def test_gopher_messages_in_ms(steps, stated, measure):
    """That is 3 ms."""
    assert measure(MS * steps.sized("gopher").waiting, "ms") == stated


@pytest.mark.claim("gopher-batch-in-s", stated="0.053", also_prints=("16384",))
def test_gopher_batch_in_s(steps, stated, measure):
    """For a batch of 512 it computes 0.053 s."""
    of = steps.printed["gopher"]
    time = equations.compute_time(of["batch"], of["parameters"], of["accelerators"], steps.a100.flops)
    assert measure(steps.sized("gopher").floor(of["batch"]), "s", also={"printed equation": time}) == stated


@pytest.mark.claim("gopher-batch", stated="53", also_prints=("512",))
def test_gopher_batch(steps, stated, measure):
    """A batch of 512 takes 53 ms."""
    step, batch = steps.sized("gopher"), steps.printed["gopher"]["batch"]
    also = {"by the ratio": MS * step.reading * batch / step.balance}
    assert measure(MS * max(step.floor(batch), step.sending(batch)), "ms", also=also) == stated


@pytest.mark.claim(
    "gopher-batch-again",
    stated="62",
    refuted="it contradicts the sentence that it stands in: computing takes 53 ms, and communication beside it less",
    note="Also with communication after computing, which the document does not assume, it is another number.",
)
def test_gopher_batch_again(steps, stated, measure):
    """The 512 tokens are generated in 62 ms."""
    step, batch = steps.sized("gopher"), steps.printed["gopher"]["batch"]
    measure(MS * (step.floor(batch) + step.sending(batch)), "ms", of="one after the other")
    assert measure(MS * max(step.floor(batch), step.sending(batch)), "ms", of="at once") == stated


@pytest.mark.claim(
    "gopher-batch-messages", stated="3", note="Messages wait as long for a batch of 512 as for one token."
)
def test_gopher_batch_messages(steps, stated, measure):
    """The latency of communication is 3 ms for a batch of 512, too."""
    of = steps.printed
    also = {"printed equation": equations.waiting_time(of["gopher"]["layers"], of["a100"]["wait_microseconds"]) / MS}
    assert measure(MS * steps.sized("gopher").waiting, "ms", also=also) == stated


@pytest.mark.claim("gopher-batch-transfer", stated="18")
def test_gopher_batch_transfer(steps, stated, measure):
    """Its communication takes 18 ms."""
    of = steps.printed["gopher"]
    time = equations.transfer_time(of["batch"], of["layers"], of["width"], steps.a100.link)
    assert (
        measure(MS * steps.sized("gopher").sending(of["batch"]), "ms", also={"printed equation": MS * time}) == stated
    )


@pytest.mark.claim(
    "communication-wins-at-last",
    note="Read as: for a batch of 512 computing takes longer on 16 accelerators, and communication on 1,024.",
)
def test_communication_wins_at_last(steps, measure):
    """With more and more chips communication comes to take longer than computing."""
    few, many = steps.sized("gopher"), steps.sized("gopher", accelerators=1024)
    shares = [
        measure(one.sending(512) / one.floor(512), "times computing", of=f"{one.accelerators}") for one in (few, many)
    ]
    assert shares[0] < 1 < shares[1]


@pytest.mark.claim(
    "below-real-hardware",
    loosely="they are lower, and more than half of what was timed",
    note="Much lower is read as at most half of the time that the document's own benchmark gives, on one GPU and on "
    "two: a reader would call nothing above that much lower; weaker: lower.",
)
def test_below_real_hardware(steps, benchmarked, reading, measure):
    """These times are much lower than what real hardware reaches."""
    shares = []
    for accelerators, name in ((1, "one_gpu"), (2, "two_gpus")):
        floor = MS * steps.layers_of(benchmarked, accelerators).floor(1)
        shares.append(measure(floor / steps.printed[name]["step_ms"], "of the time that was timed", of=name))
    assert max(shares) < {"literal": Fraction(1, 2), "loose": 1}[reading]
