"""What recording costs beside plain forward passes: what `benchmarks.results` runs in processes of their own.

    python -m benchmarks.bench_recording texts FOLDER --tokens N   # the batches that a recording of tiny makes, as ids
    python -m benchmarks.bench_recording plain FOLDER              # the same passes by hand
    python -m benchmarks.bench_recording hooks [--layers N] [--width N] [--device cuda]

`hooks` times one pass with and without counting, by turns, on a Mixtral with random weights; a layer of the real size
(4,096 wide) takes 5.8 GB in float32, so the default is a quarter as wide, where counting weighs more. On a CPU it is
one thread's time, which other processes disturb less than the clock on the wall.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch.nn.functional import cross_entropy
from torch.nn.utils.rnn import pad_sequence
from transformers import AutoConfig, AutoModelForCausalLM

if TYPE_CHECKING:
    from collections.abc import Callable

PAIRS = 20
TINY = Path(__file__).parent.parent / "fixtures/recording/tiny"


def texts(folder: Path, tokens: int) -> None:
    """Write the ids of every batch, and the numbers of experts per token that its losses are measured with."""
    from claim_suite.fixtures.recording.options import options
    from claim_suite.fixtures.recording.setup import prepare

    given = {"--model": "tiny", "--device": "cpu", "--evidence-out": str(folder), "--tokens-per-domain": str(tokens)}
    setup = prepare(options(given))
    batches = [([setup.leading + text.ids for text in batch.texts], batch.tried) for batch in setup.batches()]
    (folder / "batches.json").write_text(json.dumps(batches), encoding="utf-8")


@torch.inference_mode()
def plain(folder: Path) -> None:
    """Run the passes as one would by hand: no counts, no checks, no files; losses where they are asked for."""
    torch.set_num_threads(1)
    load: Any = AutoModelForCausalLM.from_pretrained
    model = load(TINY, dtype=torch.float32, local_files_only=True).eval()
    for ids, tried in json.loads((folder / "batches.json").read_text(encoding="utf-8")):
        words = pad_sequence([torch.tensor(each) for each in ids], batch_first=True)
        for k in tried:
            for layer in model.model.layers:
                layer.mlp.gate.top_k = k
            logits = model(words, use_cache=False).logits
            for row, each in zip(logits, ids, strict=True):
                cross_entropy(row[: len(each) - 1], torch.tensor(each[1:])).item()
        if not tried:
            for layer in model.model.layers:
                layer.mlp.gate.top_k = model.config.num_experts_per_tok
            model.model(words, use_cache=False).last_hidden_state.sum().item()


def hooks(arguments: argparse.Namespace) -> str:
    """Say what counting adds to a pass: the median of pairs, with its interval; which runs first alternates."""
    from claim_suite.fixtures.recording.engine_transformers import TransformersEngine
    from claim_suite.fixtures.recording.plan import Batch, Planned
    from claim_suite.fixtures.recording.timing import median_time

    cpu = arguments.device == "cpu"
    if cpu:
        torch.set_num_threads(1)
    config = AutoConfig.for_model(
        "mixtral", hidden_size=arguments.width, intermediate_size=arguments.width * 7 // 2, vocab_size=32000,
        num_hidden_layers=arguments.layers, num_attention_heads=arguments.width // 128, head_dim=128,
        num_key_value_heads=max(1, arguments.width // 512), num_local_experts=8, num_experts_per_tok=2,
    )  # fmt: skip
    construct: Any = AutoModelForCausalLM.from_config
    with torch.device(arguments.device):
        model = construct(config, dtype=torch.float32 if cpu else torch.bfloat16).eval()
    engine = TransformersEngine(model, "random", [0], ranked=True)
    ids = torch.randint(2, 32000, (2, 512)).tolist()
    batch = Batch(tuple(Planned("A", place, each) for place, each in enumerate(ids)))

    @torch.inference_mode()
    def passing() -> None:
        engine.decoder(input_ids=engine.ids(batch), use_cache=False).last_hidden_state.sum().item()

    def seconds(run: Callable[[], object]) -> float:
        clock = time.process_time if cpu else time.perf_counter
        started = clock()
        run()
        if not cpu:
            torch.cuda.synchronize()
        return clock() - started

    added = []
    for pair in range(PAIRS + 1):
        order = (passing, lambda: engine.run(batch))
        times = {run: seconds(run) for run in (order if pair % 2 else order[::-1])}
        added.append(times[order[1]] / times[passing] - 1)
    found = median_time(added[1:])
    size = f"{arguments.layers} layers, {arguments.width} wide, 2 x 512 tokens, on {arguments.device}"
    return (
        f"Counting adds {found.value:+.2%} [{found.low:+.2%} to {found.high:+.2%}] to a pass ({size}, {PAIRS} pairs)."
    )


def main() -> None:
    """Do what is asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("texts", "plain", "hooks"))
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--tokens", type=int, default=5_000, help="of a domain (default: %(default)s)")
    parser.add_argument("--layers", type=int, default=2, help="decoder layers (default: %(default)s)")
    parser.add_argument("--width", type=int, default=1024, help="model width (default: %(default)s)")
    parser.add_argument("--device", default="cpu")
    arguments = parser.parse_args()
    if arguments.what == "hooks":
        print(hooks(arguments))
    elif arguments.what == "texts":
        texts(arguments.folder, arguments.tokens)
    else:
        plain(arguments.folder)


if __name__ == "__main__":
    main()
