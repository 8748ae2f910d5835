"""What recording costs: the forward pass with and without counting, by turns.

    python -m benchmarks.bench_recording [--layers N] [--device cuda]

A Mixtral with random weights; a layer of the real size (4,096 wide, eight experts of 14,336) takes 5.8 GB in float32,
so the default is a quarter as wide, where counting weighs more. On a CPU it is one thread's time, which other processes
disturb less than the clock on the wall. Prints the overhead of counting, the median of pairs with its interval, and
what a whole recording takes on a CPU (load, count, write, join, read) against loading and plain passes over the same
texts, one at a time and in the same batches.
"""

from __future__ import annotations

import argparse
import random
import time
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import torch
from transformers import AutoConfig, AutoModelForCausalLM

from claim_suite.fixtures.recording import routers
from claim_suite.fixtures.recording.engine_transformers import TransformersEngine, load
from claim_suite.fixtures.recording.options import options
from claim_suite.fixtures.recording.plan import Batch, Planned
from claim_suite.fixtures.recording.recordings import record
from claim_suite.fixtures.recording.setup import prepare
from claim_suite.fixtures.recording.timing import order_statistic
from claim_suite.fixtures.routing import files
from claim_suite.fixtures.routing.counts import count
from tests.recording.synthetic_checkpoint import plant, random_corpus

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PAIRS = 20


def build(arguments: argparse.Namespace) -> TransformersEngine:
    """Build a Mixtral with random weights, in bfloat16 on a GPU and float32 on a CPU."""
    config = AutoConfig.for_model(
        "mixtral", hidden_size=arguments.width, intermediate_size=arguments.width * 7 // 2, vocab_size=32000,
        num_hidden_layers=arguments.layers, num_attention_heads=arguments.width // 128, head_dim=128,
        num_key_value_heads=max(1, arguments.width // 512), num_local_experts=8, num_experts_per_tok=2,
    )  # fmt: skip
    construct: Any = AutoModelForCausalLM.from_config
    dtype = torch.float32 if arguments.device == "cpu" else torch.bfloat16
    with torch.device(arguments.device):
        model = construct(config, dtype=dtype)
    return TransformersEngine(model.eval(), "random", [0], ranked=True)


def seconds(run: Callable[[], object], device: str) -> float:
    """Time one run, to its end on the device."""
    clock = time.process_time if device == "cpu" else time.perf_counter
    started = clock()
    run()
    if device != "cpu":
        torch.cuda.synchronize()
    return clock() - started


def overhead(engine: TransformersEngine, batch: Batch, device: str) -> list[float]:
    """What counting adds to a pass, as a part of it, pair by pair; which of the two runs first alternates."""

    def plain() -> object:
        return _passes(engine, [batch])

    def counting() -> object:
        return engine.run(batch)

    added = []
    for pair in range(PAIRS + 1):
        order = (plain, counting) if pair % 2 else (counting, plain)
        times = {run: seconds(run, device) for run in order}
        added.append(times[counting] / times[plain] - 1)
    return sorted(added[1:])


def counting_alone(engine: TransformersEngine, batch: Batch) -> float:
    """Seconds that counting takes a layer, without the pass around it."""
    k = routers.experts_per_token(engine.layers)
    chosen = [torch.rand(len(text.ids), len(engine.layers), 8).topk(k).indices.numpy() for text in batch.texts]
    counting = partial(count, batch.keys, chosen, 8, ranked=True)
    return min(seconds(counting, "cpu") for _ in range(PAIRS)) / len(engine.layers)


def whole_recording() -> str:
    """Record a small planted checkpoint on one thread of a CPU, and compare with loading it and plain passes."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        words = random_corpus(folder / "text.jsonl", 7, {"A": 300, "B": 300, "C": 300}, words=(20, 400))
        given = {"--model": str(plant(folder / "model").folder), "--corpus": str(words), "--device": "cpu"}
        times: dict[str, list[float]] = {"alone": [], "in batches": [], "recording": []}
        for run in range(5):
            out = folder / f"out-{run}"
            setup = prepare(options({**given, "--evidence-out": str(out)}))
            alone, packed = [Batch((text,)) for text in setup.plan.texts], setup.batches(losses=False)
            kinds: dict[str, Callable[[], object]] = {
                "alone": lambda: _passes(load(setup), alone),  # noqa: B023  # it runs now, and so do the others
                "in batches": lambda: _passes(load(setup), packed),  # noqa: B023
                "recording": lambda: files.read([record(setup, out, losses=False)]),  # noqa: B023
            }
            for kind in random.sample(sorted(kinds), len(kinds)):
                times[kind].append(seconds(kinds[kind], "cpu"))
    said = []
    for kind in ("alone", "in batches"):
        ratio = median(whole / plain for whole, plain in zip(times["recording"], times[kind], strict=True))
        said.append(f"{ratio:.2f} times loading and plain passes {kind} ({median(times[kind]):.2f} s)")
    return "; ".join(said)


@torch.inference_mode()
def _passes(engine: TransformersEngine, batches: Sequence[Batch]) -> None:
    for batch in batches:
        engine.decoder(input_ids=engine.ids(batch), use_cache=False).last_hidden_state.sum().item()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--layers", type=int, default=2, help="decoder layers (default: 2)")
    parser.add_argument("--width", type=int, default=1024, help="model width (default: 1024)")
    parser.add_argument("--tokens", type=int, default=512, help="tokens of a text (default: 512)")
    parser.add_argument("--texts", type=int, default=2, help="texts of a batch (default: 2)")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    arguments = parser.parse_args()
    if arguments.device == "cpu":
        torch.set_num_threads(1)
    engine = build(arguments)
    ids = torch.randint(2, 32000, (arguments.texts, arguments.tokens)).tolist()
    batch = Batch(tuple(Planned("A", place, each) for place, each in enumerate(ids)))
    added = overhead(engine, batch, arguments.device)
    beyond = order_statistic(len(added))
    size = f"{arguments.layers} layers, {arguments.width} wide, {arguments.texts} x {arguments.tokens} tokens"
    print(f"{size}, {arguments.device}")
    print(f"counting adds {added[len(added) // 2]:+.2%} to a pass [{added[beyond]:+.2%} to {added[-1 - beyond]:+.2%}]")
    alone = counting_alone(engine, batch)
    pass_of_a_layer = seconds(lambda: engine.run(batch), arguments.device) / arguments.layers
    print(
        f"counting alone: {alone * 1e3:.2f} ms of {pass_of_a_layer * 1e3:.0f} ms a layer, {alone / pass_of_a_layer:.2%}"
    )
    if arguments.device == "cpu":
        print(f"a recording takes {whole_recording()}")


if __name__ == "__main__":
    main()
