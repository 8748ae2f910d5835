"""Who counts a model right: this suite beside what people use, each tool in a process of its own.

    python -m benchmarks.model_counts configs FOLDER       # write configurations of the suite's list, every third
    python -m benchmarks.model_counts TOOL FOLDER FILE     # count them, and write what was found as JSON

`benchmarks.results` makes the table of it. A total is right when it is the library's own `num_parameters()` of the
whole model; what is active, when it is what a run over one token touches, which tests hold against the experts that a
token's gradient reaches; FLOPs, when they are within 1% of torch's counter over all layers, where all tokens attend to
each other.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from importlib import import_module
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    # Total and active parameters, and FLOPs of a pass over `TOKENS`; None is what a tool does not say.
    Answer = tuple[int | None, int | None, int | None]
    Count = Callable[[dict[str, Any]], Answer]

EVERY, TOKENS = 3, 128


def reference() -> Count:
    """Count by the library's own total, a run over one token, and torch's counter of the whole model."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    from claim_suite.fixtures.models.config import build
    from claim_suite.fixtures.models.counted import Counted

    def flops(config: dict[str, Any]) -> int:
        model: Any = build(config)
        model.set_attn_implementation("eager")
        mask = torch.zeros(1, 1, TOKENS, TOKENS, device="meta")
        places = {"attention_mask": mask, "position_ids": torch.arange(TOKENS, device="meta")[None]}
        for more in (places, {}):
            with FlopCounterMode(display=False) as counter, torch.no_grad():
                try:
                    model(input_ids=token_ids(), use_cache=False, **more)
                except Exception:  # some families take no such mask, and some no plain call  # noqa: S112
                    continue
            by_module = {path: sum(found.values()) for path, found in counter.get_flop_counts().items()}
            angles = ("rotary_emb", "rotary_emb_local", "pos_emb")  # no product with a weight
            beside = sum(n for path, n in by_module.items() if path.endswith(angles))
            return int(counter.get_total_flops() - beside)
        raise ValueError("torch's counter does not run it")

    return lambda config: (build(config).num_parameters(), Counted(config).active, tried(lambda: flops(config)))


def token_ids() -> Any:
    """Return so many tokens on the meta device."""
    import torch

    return torch.ones(1, TOKENS, dtype=torch.long, device="meta")


def tried(number: Callable[[], Any]) -> int | None:
    """Return a number, or None where there is none."""
    try:
        return int(number())
    except Exception:  # whatever a tool's own reason is
        return None


def suite() -> Count:
    """Compute from the configuration where the family is covered, which needs no torch; else as `model`."""
    from claim_suite.fixtures.models.counts import counted

    def count(config: dict[str, Any]) -> Answer:
        route, _ = counted(config)
        parameters = route.parameters
        return parameters.total, tried(lambda: parameters.active), tried(lambda: route.flops(TOKENS).total * TOKENS)

    return count


def model() -> Count:
    """Count the tensors of the library's model on the meta device, and run it folded."""
    from claim_suite.fixtures.models.counted import Counted

    def count(config: dict[str, Any]) -> Answer:
        route = Counted(config)
        parameters = route.parameters
        return parameters.total, tried(lambda: parameters.active), tried(lambda: route.flops(TOKENS).total * TOKENS)

    return count


def llm_flops() -> Count:
    """Compute as its estimate does for a configuration from the hub."""
    flops, memory, registry = (import_module(f"llmflops.{name}") for name in ("flops", "memory", "registry"))

    def count(config: dict[str, Any]) -> Answer:
        known = registry._map_hf_config("model", config)
        of = memory.parameter_count(known)
        return int(of.total), int(of["active_total"]), int(flops.forward_flops(known, 1, TOKENS).total)

    return count


def accelerate() -> Count:
    """Build as `accelerate estimate-memory` does, which has the network do it for a name on the hub."""
    import torch

    outside, transformers = import_module("accelerate"), import_module("transformers")

    def count(config: dict[str, Any]) -> Answer:
        with outside.init_empty_weights():
            built = transformers.AutoModel.from_config(transformers.AutoConfig.for_model(**config), dtype=torch.float32)
        return outside.utils.calculate_maximum_sizes(built)[0] // 4, None, None

    return count


def torchinfo() -> Count:
    """Summarise a model on the meta device; a multiplication and an addition are two FLOPs."""
    from claim_suite.fixtures.models.config import build

    outside = import_module("torchinfo")

    def count(config: dict[str, Any]) -> Answer:
        found = outside.summary(build(config), input_data=token_ids(), device="meta", verbose=0)
        return found.total_params, None, 2 * found.total_mult_adds

    return count


def calflops() -> Count:
    """Profile a model on the meta device."""
    from claim_suite.fixtures.models.config import build

    outside = import_module("calflops")

    def count(config: dict[str, Any]) -> Answer:
        given = {"input_ids": token_ids()}
        found = outside.calculate_flops(build(config), kwargs=given, print_results=False, output_as_string=False)
        return int(found[2]), None, int(found[0])

    return count


class Tool(NamedTuple):
    """How a tool counts, the package whose version matters, and what it cannot do, and why."""

    make: Callable[[], Count]
    package: str = ""
    cannot: str = ""


FORWARD = "no active parameters: it has no notion of experts that are idle"
TOOLS = {
    "reference": Tool(reference, "torch"),
    "this suite": Tool(suite),
    "this suite, by the library's model": Tool(model, "transformers"),
    "llm-flops": Tool(llm_flops, "llm-flops", "its command asks the hub for a configuration: its functions are called"),
    "accelerate estimate-memory": Tool(
        accelerate, "accelerate",
        f"its command asks the hub and refuses a folder: what it does then is called; it builds the model without its "
        f"head; {FORWARD}; no FLOPs",
    ),
    "torchinfo": Tool(
        torchinfo, "torchinfo",
        f"it counts a tied embedding twice, and a linear layer's products once, whatever the length; {FORWARD}",
    ),
    "calflops": Tool(calflops, "calflops", f"its way by name asks the hub: it is handed a model; {FORWARD}"),
}  # fmt: skip


def measure(tool: str, folder: Path) -> dict[str, Any]:
    """Count every model of a folder with one tool: answers, seconds of each, and why there is none."""
    warnings.simplefilter("ignore")
    make, package, cannot = TOOLS[tool]
    count = make()
    answers: dict[str, Answer] = {}
    seconds, reasons = [], {}
    for path in sorted(folder.glob("*.json")):
        config = json.loads(path.read_text(encoding="utf-8"))
        start = time.perf_counter()
        try:
            answers[path.stem] = count(config)
            seconds.append(time.perf_counter() - start)
        except Exception as error:  # no answer, whatever the reason
            answers[path.stem] = None, None, None
            reasons[path.stem] = f"{type(error).__name__}: {' '.join(str(error).split())}"[:100]
    said = {"version": version(package) if package else "", "cannot": cannot}
    return {"answers": answers, "seconds": seconds, "reasons": reasons, **said}


def write_configurations(folder: Path) -> None:
    """Write the configurations of every third model of the suite's list."""
    from benchmarks.model_counts_list import models

    for identity, *_, config in islice(models(), 0, None, EVERY):
        (folder / f"{identity}.json").write_text(json.dumps(config), encoding="utf-8")


if __name__ == "__main__":
    what, place, *to = sys.argv[1:]
    if what == "configs":
        write_configurations(Path(place))
    else:
        Path(*to).write_text(json.dumps(measure(what, Path(place))), encoding="utf-8")
