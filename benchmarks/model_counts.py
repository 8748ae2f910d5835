"""Who counts a model's parameters right, how fast, and in how much memory: this suite beside what people use.

    pip install llm-flops calflops torchinfo accelerate               # in an environment of its own
    python -m benchmarks.model_counts --configs FOLDER               # published config.json files, one a model
    python -m benchmarks.model_counts --configs FOLDER --write       # the table in benchmarks/model_counts.md

Every tool counts every model in a process of its own, twice; the second time is timed, so that importing is apart. A
total is right when it is the library's own `num_parameters()` of the whole model; an active count is right when it is
the one of a run over one token, which tests hold against the experts that a token's gradient reaches.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
import warnings
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__)
CONFIGS = HERE.parents[1] / "fixtures/data/configs"
Counts = tuple[int | None, int | None]


def census() -> Callable[[dict[str, Any]], Counts]:
    """Count the tensors of the library's model on the meta device."""
    from claim_suite.fixtures.models.counted import Counted

    def count(config: dict[str, Any]) -> Counts:
        of = Counted(config).parameters
        return of.total, of.active

    return count


def token_run() -> Callable[[dict[str, Any]], Counts]:
    """Run one token, and look which tensors it touches; the total is the library's own. What the others are held to."""
    from claim_suite.fixtures.models.config import build
    from claim_suite.fixtures.models.counted import Counted

    def count(config: dict[str, Any]) -> Counts:
        return build(config).num_parameters(), Counted(config).active

    return count


def formula() -> Callable[[dict[str, Any]], Counts]:
    """Compute from the configuration alone."""
    from claim_suite.fixtures.models.formula import Formula

    def count(config: dict[str, Any]) -> Counts:
        of = Formula(config).parameters
        return of.total, of.active

    return count


def llm_flops() -> Callable[[dict[str, Any]], Counts]:
    """Compute as its estimate does for a configuration from the hub."""
    memory, registry = (import_module(f"llmflops.{name}") for name in ("memory", "registry"))

    def count(config: dict[str, Any]) -> Counts:
        of = memory.parameter_count(registry._map_hf_config("model", config))
        return int(of.total), int(of["active_total"])

    return count


def accelerate() -> Callable[[dict[str, Any]], Counts]:
    """Build as `accelerate estimate-memory` does, which has the network do it for a name on the hub."""
    import torch

    outside, transformers = import_module("accelerate"), import_module("transformers")

    def count(config: dict[str, Any]) -> Counts:
        with outside.init_empty_weights():
            model = transformers.AutoModel.from_config(transformers.AutoConfig.for_model(**config), dtype=torch.float32)
        return outside.utils.calculate_maximum_sizes(model)[0] // 4, None

    return count


def torchinfo() -> Callable[[dict[str, Any]], Counts]:
    """Summarise a model on the meta device."""
    from claim_suite.fixtures.models.config import build

    outside = import_module("torchinfo")
    return lambda config: (outside.summary(build(config), verbose=0).total_params, None)


def calflops() -> Callable[[dict[str, Any]], Counts]:
    """Profile a model on the meta device."""
    import torch

    from claim_suite.fixtures.models.config import build

    outside = import_module("calflops")

    def count(config: dict[str, Any]) -> Counts:
        token = {"input_ids": torch.ones(1, 1, dtype=torch.long, device="meta")}
        found = outside.calculate_flops(build(config), kwargs=token, print_results=False, output_as_string=False)
        return int(found[2]), None

    return count


TOOLS = {
    "census": (census, "transformers"),
    "one token run": (token_run, "transformers"),
    "formula": (formula, None),
    "llm-flops": (llm_flops, "llm-flops"),
    "accelerate estimate-memory": (accelerate, "accelerate"),
    "torchinfo": (torchinfo, "torchinfo"),
    "calflops": (calflops, "calflops"),
}


def measure(tool: str, folder: Path) -> dict[str, Any]:
    """Count every model of a folder with one tool; None where it does not answer."""
    warnings.simplefilter("ignore")
    make, package = TOOLS[tool]
    count = make()
    counts: dict[str, Counts] = {}
    seconds = []
    for path in sorted(folder.glob("*.json")):
        config = json.loads(path.read_text(encoding="utf-8"))
        try:
            count(config)
            start = time.perf_counter()
            counts[path.stem] = count(config)
            seconds.append(time.perf_counter() - start)
        except Exception:  # no answer, whatever the reason
            counts[path.stem] = None, None
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"counts": counts, "seconds": seconds, "memory": memory, "version": version(package) if package else ""}


def table(found: dict[str, dict[str, Any]]) -> str:
    """Return the table, the tools that answer most first as they stand."""
    right = {model: tuple(counts) for model, counts in found["one token run"]["counts"].items()}
    sparse = {model for model, (total, active) in right.items() if active != total}
    lines = [
        f"{len(right)} models, {len(sparse)} of them mixtures of experts; {sys.platform}, one process a tool.",
        "",
        "| tool | version | right totals | right active counts of mixtures | wrong answers | median ms a model"
        " | longest ms | peak MB |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for tool, of in found.items():
        totals = sum(of["counts"][model][0] == right[model][0] for model in right)
        active = sum(of["counts"][model][1] == right[model][1] for model in sparse)
        wrong = sum(
            given not in (None, known)
            for model in right
            for given, known in zip(of["counts"][model], right[model], strict=True)
        )
        times = [1000 * second for second in of["seconds"]] or [0.0]
        speed = f"{statistics.median(times):.3g} | {max(times):.3g}"
        lines.append(
            f"| {tool} | {of['version']} | {totals} of {len(right)} | {active} of {len(sparse)} | {wrong} | {speed}"
            f" | {of['memory']:.0f} |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    """Count, and print the table or write it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--configs", type=Path, default=CONFIGS)
    parser.add_argument("--tool", choices=TOOLS, help="count with one tool, and print what it found as JSON")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    if options.tool:
        print(json.dumps(measure(options.tool, options.configs)))
        return
    found = {}
    for tool in TOOLS:
        command = [sys.executable, "-W", "ignore", "-m", "benchmarks.model_counts"]
        command += ["--tool", tool, "--configs", str(options.configs)]
        ran = subprocess.run(command, check=True, capture_output=True, text=True)
        found[tool] = json.loads(ran.stdout.splitlines()[-1])
    text = table(found)
    print(text)
    if options.write:
        HERE.with_suffix(".md").write_text("# Counting parameters, side by side\n\n" + text, encoding="utf-8")


if __name__ == "__main__":
    main()
