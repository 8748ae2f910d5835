"""What `pytest -m cheap` costs against the least it could: a test that imports torch and builds both models.

    python -m benchmarks.bench_cheap [runs]

Floor and suite take turns, so that a noisy machine disturbs both; the figure is the ratio of the medians. The floor
runs without the suite's plugin.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
CONFIGS = ROOT / "fixtures" / "data" / "configs"
FLOOR = f"""
import json
from pathlib import Path

def test_floor():
    import torch
    from transformers.models.llama.modeling_llama import LlamaConfig, LlamaForCausalLM
    from transformers.models.mixtral.modeling_mixtral import MixtralConfig, MixtralForCausalLM

    configs = Path({str(CONFIGS)!r})
    with torch.device("meta"):
        LlamaForCausalLM(LlamaConfig(**json.loads((configs / "llama-2-13b.json").read_text())))
        MixtralForCausalLM(MixtralConfig(**json.loads((configs / "mixtral-8x7b-v0.1.json").read_text())))
"""


def seconds(arguments: list[str], folder: Path) -> tuple[float, float]:
    """Run pytest once; return its wall and its CPU time in seconds."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), os.times().elapsed
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *arguments], cwd=folder, check=True, stdout=subprocess.DEVNULL
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return os.times().elapsed - began, cpu


def main(runs: int) -> None:
    """Print the medians and their ratios."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "test_floor.py").write_text(FLOOR)
        outputs = [f"--ledger={folder}/claims.json", f"--page={folder}/claims.html"]
        commands = {
            "floor": (["-p", "no:fixtures.claim.plugin"], Path(folder)),
            "first document": (["-m", "cheap", "claims/moe_post", *outputs], ROOT),
            "whole cheap tier": (["-m", "cheap", *outputs], ROOT),
        }
        taken: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
        for _ in range(runs):
            for name, command in commands.items():
                taken[name].append(seconds(*command))
    wall, cpu = ({name: statistics.median(each[i] for each in times) for name, times in taken.items()} for i in (0, 1))
    for name in commands:
        print(f"{name:17} {wall[name]:6.2f} s wall ({wall[name] / wall['floor']:.2f} floors)", end="   ")
        print(f"{cpu[name]:6.2f} s CPU ({cpu[name] / cpu['floor']:.2f} floors)")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024:.0f} MiB")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
