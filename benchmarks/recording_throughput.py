"""How fast engines record, and with how much memory: the same texts by turns, in processes of their own.

    python -m benchmarks.recording_throughput [--rounds N] [--vllm PYTHON] [--actors 1 2]

A planted Mixtral of eight layers, 256 wide, in float32 on a CPU. Each engine is started for two lengths of text, and
its rate is what the longer one takes more: so neither its start nor its end counts. All engines take their turn in
every round, so what disturbs the machine disturbs all; printed are medians over rounds, as the rows of a table. CPU
seconds are of the process and of those that it started: they tell most where others use the machine. vLLM is another
Python's, Ray's actors are there where it is installed. Identical counts are asked of all.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import psutil  # type: ignore[import-untyped]  # it has no types

from claim_suite.fixtures.recording.options import options
from claim_suite.fixtures.recording.recordings import record
from claim_suite.fixtures.recording.setup import prepare
from claim_suite.fixtures.routing import files
from tests.recording.synthetic_checkpoint import plant, random_corpus, random_table

SHAPE: dict[str, Any] = {"hidden_size": 256, "intermediate_size": 512, "head_dim": 64, "num_hidden_layers": 8}
TOKENS = 2_000, 20_000  # of each of two domains
EVERY = 0.25  # seconds
ENVIRONMENT = {"OMP_NUM_THREADS": "1", "VLLM_CPU_OMP_THREADS_BIND": "nobind", "VLLM_CPU_KVCACHE_SPACE": "1"}


def one(given: dict[str, Any]) -> dict[str, float]:
    """Record once in this process: seconds, tokens, and a number that identical counts share."""
    began, out = time.perf_counter(), Path(given["--evidence-out"])
    path = record(prepare(options(given)), out)
    seconds = time.perf_counter() - began
    counts = files.read([path]).counts
    weights = np.arange(counts.choices.size).reshape(counts.choices.shape) % 1009
    tokens, sums = int(counts.tokens.sum()), int((counts.choices * weights).sum())
    return {"seconds": seconds, "tokens": tokens, "counts": sums}


def run(python: str, given: dict[str, Any], tokens: int) -> dict[str, float]:
    """Record in another process, and watch the CPU seconds and the memory of all the processes that it starts."""
    with TemporaryDirectory() as out:
        more = given | {"--tokens-per-domain": str(tokens), "--evidence-out": out}
        process = psutil.Popen(
            [python, "-m", "benchmarks.recording_throughput", "--one", json.dumps(more)],
            env=os.environ | ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        spent, memory = {}, 0
        while process.poll() is None:
            held = 0
            for each in [process, *process.children(recursive=True)]:
                with suppress(psutil.Error):
                    used = each.cpu_times()
                    spent[each.pid], held = used.user + used.system, held + each.memory_info().rss
            memory = max(memory, held)
            time.sleep(EVERY)
        said = process.stdout.read().strip().splitlines()
    if process.returncode:
        sys.exit(f"{more} ended with {process.returncode}")
    found: dict[str, float] = json.loads(said[-1])
    return found | {"cpu": sum(spent.values()), "gigabytes": memory / 1e9}


def row(name: str, rounds: list[tuple[dict[str, float], dict[str, float]]]) -> str:
    """A line of the table from runs with little and with more text."""

    def rate(of: str) -> float:
        return median((more["tokens"] - few["tokens"]) / (more[of] - few[of]) for few, more in rounds)

    start = median(few["seconds"] for few, _ in rounds) - median(few["tokens"] for few, _ in rounds) / rate("seconds")
    memory = median(more["gigabytes"] for _, more in rounds)
    return f"| {name} | {rate('seconds'):,.0f} | {rate('cpu'):,.0f} | {start:.0f} | {memory:.2f} |"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--rounds", type=int, default=5, help="in which every engine takes its turn (default: 5)")
    parser.add_argument("--vllm", metavar="PYTHON", help="of an environment with vLLM (default: none)")
    parser.add_argument("--actors", type=int, nargs="*", default=[1, 2], help="of Ray, where it is installed")
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(one(json.loads(arguments.one))))
        return
    with TemporaryDirectory() as name:
        folder = Path(name)
        text = random_corpus(folder / "text.jsonl", 7, {"A": 150, "B": 150}, words=(50, 400))
        checkpoint = plant(folder / "planted", table=random_table(1, layers=8), **SHAPE).folder
        given = {"--model": str(checkpoint), "--corpus": str(text), "--device": "cpu"}
        engines = {"transformers": (sys.executable, given)}
        if find_spec("ray"):
            for actors in arguments.actors:
                more = {"--ray": "local", "--actors": str(actors)}
                engines[f"transformers, {actors} Ray actors".replace("1 Ray actors", "1 Ray actor")] = (
                    sys.executable, given | more,
                )  # fmt: skip
        if arguments.vllm:
            engines["vllm"] = (arguments.vllm, given | {"--engine": "vllm"})
        found: dict[str, list[Any]] = {engine: [] for engine in engines}
        for turn in range(arguments.rounds):
            order = list(engines.items())
            for engine, (python, options_) in order[turn % len(order) :] + order[: turn % len(order)]:
                found[engine].append(tuple(run(python, options_, tokens) for tokens in TOKENS))
                print(engine, *found[engine][-1], file=sys.stderr, flush=True)
        if len({tuple(each["counts"] for each in turn) for turns in found.values() for turn in turns}) > 1:
            sys.exit("the engines did not count the same")
    print("| engine | tokens a second | tokens a CPU second | start, seconds | GB |\n|---|---|---|---|---|")
    print("\n".join(row(engine, turns) for engine, turns in found.items()))


if __name__ == "__main__":
    main()
