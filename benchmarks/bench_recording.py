"""What recording costs: the forward pass with and without counting, by turns, and memory against tokens.

    python -m benchmarks.bench_recording [--layers N] [--device cuda]

A Mixtral with random weights; a layer of the real size (4,096 wide, eight experts of 14,336) takes 5.8 GB in float32,
so the default is a quarter as wide, where counting weighs more. On a CPU it is one thread's time, which other processes
disturb less than the clock on the wall. Prints the overhead of counting, the median of pairs with its interval, and how
much memory counting holds for 1, 4 and 16 times as many tokens.
"""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING, Any

import torch

from fixtures.recording import routers
from fixtures.recording.clock import order_statistic
from fixtures.recording.engine_transformers import TransformersEngine
from fixtures.recording.tally import Tally, places

if TYPE_CHECKING:
    from collections.abc import Callable

PAIRS = 20


def build(arguments: argparse.Namespace) -> TransformersEngine:
    """Build a Mixtral with random weights, in bfloat16 on a GPU and float32 on a CPU."""
    from transformers import AutoConfig, AutoModelForCausalLM

    config = AutoConfig.for_model(
        "mixtral", hidden_size=arguments.width, intermediate_size=arguments.width * 7 // 2, vocab_size=32000,
        num_hidden_layers=arguments.layers, num_attention_heads=arguments.width // 128, head_dim=128,
        num_key_value_heads=max(1, arguments.width // 512), num_local_experts=8, num_experts_per_tok=2,
    )  # fmt: skip
    construct: Any = AutoModelForCausalLM.from_config
    dtype = torch.float32 if arguments.device == "cpu" else torch.bfloat16
    with torch.device(arguments.device):
        model = construct(config, dtype=dtype)
    return TransformersEngine(model.eval(), "random")


def seconds(run: Callable[[], object], device: str) -> float:
    """Time one run, to its end on the device."""
    clock = time.process_time if device == "cpu" else time.perf_counter
    started = clock()
    run()
    if device != "cpu":
        torch.cuda.synchronize()
    return clock() - started


def overhead(engine: TransformersEngine, documents: list[list[int]], device: str) -> list[float]:
    """What counting adds to a pass, as a part of it, pair by pair; which of the two runs first alternates."""
    batch = engine._batch(documents, len(documents[0]))

    @torch.inference_mode()
    def plain() -> object:
        return engine.model.base_model(**batch, use_cache=False).last_hidden_state.sum().item()

    def counting() -> object:
        return engine.count(documents, 1)

    added = []
    for pair in range(PAIRS + 1):
        order = (plain, counting) if pair % 2 else (counting, plain)
        times = {run: seconds(run, device) for run in order}
        added.append(times[counting] / times[plain] - 1)
    return sorted(added[1:])


def counting_alone(engine: TransformersEngine, documents: list[list[int]], device: str) -> float:
    """Seconds that counting takes a layer, without the pass around it."""
    width, k = len(documents[0]), routers.experts_per_token(engine.layers)
    where = places([(1, width)] * len(documents), width)
    weights, indices = torch.rand(len(documents) * width, 8, device=device).topk(k)
    tally = Tally(len(documents), 1, k, 8, where)
    tally.add(0, indices, weights)
    return min(seconds(lambda: tally.add(0, indices, weights), device) for _ in range(PAIRS))


def held(tokens: int) -> int:
    """Bytes that a tally keeps for a batch of two documents of so many tokens, when all layers have reported."""
    tally = Tally(2, 32, 2, 8, places([(1, tokens)] * 2, tokens))
    weights, indices = torch.rand(2 * tokens, 8).topk(2)
    for layer in range(32):
        tally.add(layer, indices, weights)
    return sum(layer.numel() * layer.element_size() for layer in tally._layers if layer is not None)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--layers", type=int, default=2, help="decoder layers (default: 2)")
    parser.add_argument("--width", type=int, default=1024, help="model width (default: 1024)")
    parser.add_argument("--tokens", type=int, default=512, help="tokens of a document (default: 512)")
    parser.add_argument("--documents", type=int, default=2, help="documents of a batch (default: 2)")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    arguments = parser.parse_args()
    if arguments.device == "cpu":
        torch.set_num_threads(1)
    engine = build(arguments)
    documents = torch.randint(2, 32000, (arguments.documents, arguments.tokens)).tolist()
    added = overhead(engine, documents, arguments.device)
    beyond = order_statistic(len(added))
    size = f"{arguments.layers} layers, {arguments.width} wide, {arguments.documents} x {arguments.tokens} tokens"
    print(f"{size}, {arguments.device}")
    print(f"counting adds {added[len(added) // 2]:+.2%} to a pass [{added[beyond]:+.2%} to {added[-1 - beyond]:+.2%}]")
    alone = counting_alone(engine, documents, arguments.device)
    whole = seconds(lambda: engine.count(documents, 1), arguments.device) / arguments.layers
    print(f"counting alone: {alone * 1e3:.2f} ms of {whole * 1e3:.0f} ms a layer, {alone / whole:.2%}")
    for times in (1, 4, 16):
        print(f"{2 * 512 * times:6,} tokens: a tally of 32 layers holds {held(512 * times):,} bytes")


if __name__ == "__main__":
    main()
