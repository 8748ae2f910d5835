"""What the suite costs, and what it finds, beside what people use: one command writes benchmarks/RESULTS.md.

    python -m benchmarks.results                            # all of it
    python -m benchmarks.results --only cheap page          # only these sections, the others stay
    python -m benchmarks.results --only cheap --repeats 1

Every figure is of a process of its own, with one thread, measured to its end; those of one table take turns (ABAB…).
Tables have medians, and ratios are medians of the ratios within a turn. Other people's tools come from package
registries into benchmarks/.venv, beside the packages of this environment. What cannot be had or does not run is "not
measured", with the reason, and stops nothing else.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from statistics import median

from benchmarks.measuring import ROOT, Command, NotMeasured, allure, by_turns, folder_of, take, tools

RESULTS = ROOT / "benchmarks/RESULTS.md"
CLAIMS = (1_000, 10_000)
CARD = ROOT / "fixtures/data/readmes/zephyr-141b"
PYTEST = [sys.executable, "-m", "pytest", "-q"]
FLOOR = """
import json
from pathlib import Path

def test_floor():
    import torch
    from transformers.models.llama.modeling_llama import LlamaConfig, LlamaForCausalLM
    from transformers.models.mixtral.modeling_mixtral import MixtralConfig, MixtralForCausalLM

    configs = Path({configs!r})
    with torch.device("meta"):
        LlamaForCausalLM(LlamaConfig(**json.loads((configs / "llama-2-13b.json").read_text())))
        MixtralForCausalLM(MixtralConfig(**json.loads((configs / "mixtral-8x7b-v0.1.json").read_text())))
"""
HEAD = """# What the suite costs and finds, beside what people use

By `python -m benchmarks.results`. Each figure is of a process of its own, with one thread; those of a table took turns.
In tables are medians over the turns, and ratios are medians of the ratios of CPU seconds within a turn. CPU seconds say
most: others who use a machine disturb them least.
"""


def cheap(repeats: int, work: Path) -> str:
    """Measure the cheap tier against the least that its work costs by hand."""
    floor = work / "test_floor.py"
    floor.write_text(FLOOR.format(configs=str(ROOT / "fixtures/data/configs")))
    claims = [*PYTEST, "-m", "cheap", "--ledger={out}/claims.json", "--page={out}/claims.html"]
    commands = {
        "floor": lambda: [*PYTEST, "-p", "no:claim_suite", str(floor)],
        "first document (moe_post)": lambda: [*claims, "claims/moe_post"],
        "whole cheap tier": lambda: claims,
    }
    table = by_turns(commands, repeats, work)
    counted = {}
    for name, taken in table.taken.items():
        counted[name] = next((found[1] for one in taken if (found := re.search(r"([\d,]+) claims: ", one.said))), "")
    return (
        "The floor is pytest without the suite on one test, which imports torch and builds both models of the first "
        "document on the meta device.\n\n"
        + table.rows("floor", lambda name: f" {counted[name]} |", " claims |")
        + table.loses(
            "whole cheap tier",
            "floor",
            "a tier of many documents builds more models than the floor's two, runs what no formula covers, draws "
            "random cases, and writes a page of every claim.",
        )
    )


def counting(repeats: int, work: Path) -> str:
    """Measure counting of many models, and of one card, against other counters."""
    configs, one = work / "configs", work / "one"
    for folder in (configs, one):
        folder.mkdir()
    take([sys.executable, "-m", "benchmarks.model_counts", "configs", str(configs)], work / "written")
    shutil.copy(CARD / "config.json", one / "card.json")
    return census(configs, repeats, work) + "\n\n### One card\n\n" + card(one, repeats, work)


def count(tool: str, configs: Path) -> list[str]:
    """Return the command by which a tool counts all configurations of a folder."""
    python = sys.executable if tool == "reference" or tool.startswith("this suite") else tools()
    return [python, "-m", "benchmarks.model_counts", tool, str(configs), "{out}/found.json"]


COUNTERS = (
    "this suite", "this suite, by the library's model", "llm-flops", "accelerate estimate-memory", "torchinfo",
    "calflops",
)  # fmt: skip
COUNTED = ("totals", "active counts", "FLOPs")


def census(configs: Path, repeats: int, work: Path) -> str:
    """Count models with every tool, and say how many answers are right, wrong or missing."""
    table = by_turns({name: partial(count, name, configs) for name in COUNTERS}, repeats, work)
    take(count("reference", configs), work / "reference")
    found = {name: json.loads((folder_of(name, work) / "found.json").read_text())
             for name in ("reference", *COUNTERS) if name not in table.missing}  # fmt: skip
    exact = found.pop("reference")["answers"]
    sparse = [model for model, (total, active, _) in exact.items() if active != total]

    def right(name: str) -> str:
        cells = []
        for at, models in enumerate((exact, sparse, exact)):
            pairs = [(found[name]["answers"][one][at], exact[one][at]) for one in models if exact[one][at]]
            given = [(said, known) for said, known in pairs if said is not None]
            good = sum(abs(said - known) <= known * (0.01 if at == 2 else 0) for said, known in given)
            wrong = f", {len(given) - good} wrong" if len(given) > good else ""
            cells.append(f" {good} of {len(pairs)}{wrong} |")
        return f"{''.join(cells)} {1000 * median(found[name]['seconds'] or [0]):.3g} |"

    head = "".join(f" right {what} |" for what in COUNTED) + " median ms a model |"
    notes = [f"- {name} {of['version']}: {of['cannot']}{_reasons(of['reasons'])}." for name, of in found.items()
             if of["cannot"]]  # fmt: skip
    return (
        f"{len(exact)} models, {len(sparse)} of them mixtures of experts: every third of the suite's list. Each tool "
        "counts parameters, those active on a token, and FLOPs of 128 tokens, as far as it does. Right are the "
        "library's own total, of mixtures what a run over one token touches, and FLOPs within 1% of torch's counter "
        "where that runs. What is neither right nor wrong was not answered.\n\n"
        f"{table.rows('this suite', right, head)}\n\n" + "\n".join(notes)
    )


def _reasons(reasons: Mapping[str, str]) -> str:
    if not reasons:
        return ""
    model, why = next(iter(reasons.items()))
    return f"; no answer for {len(reasons)}, such as {model} ({why})"


def card(one: Path, repeats: int, work: Path) -> str:
    """Check one model's card, and count the same model with every other tool."""
    mine = "pytest --card"
    output = ["--ledger={out}/l.json", "--page={out}/p.html"]
    checked = [*PYTEST, "--card", str(CARD), *output]
    others = {name: partial(count, name, one) for name in COUNTERS if not name.startswith("this suite")}
    table = by_turns({mine: lambda: checked, **others}, repeats, work, {mine: 1})

    def says(name: str) -> str:
        if name == mine:
            return " 140,620,634,112 | 39,152,031,744, so the printed 35B is off |"
        found = json.loads((folder_of(name, work) / "found.json").read_text())
        total, active, _ = found["answers"]["card"]
        return "".join(" not said |" if number is None else f" {number:,} |" for number in (total, active))

    said = "".join(each.said for each in table.taken[mine][:1])
    if not {"140,620,634,112", "39,152,031,744"} <= set(re.findall(r"[\d,]+\d", said)):
        raise NotMeasured("pytest --card did not say the exact counts of the card")
    return (
        f"The folder of {CARD.name}, with its config.json and README.md, from the start of the command to its end. "
        "The others read no card: they count the model of the same config.json. The exact numbers are in the first "
        f"line.\n\n{table.rows(mine, says, ' total | active |')}"
        + table.loses(
            mine,
            "llm-flops",
            "llm-flops multiplies sizes and starts no pytest, reads no README, builds no page.",
        )
    )


def recording(repeats: int, work: Path) -> str:
    """Measure a recording against the same passes by hand, and what is asked of large recordings."""
    few, many = 500, 5_000
    own = ["-m", "gpu", "--model=tiny", "--device=cpu", "--evidence-out={out}/evidence", "--ledger={out}/l.json",
           "--page={out}/p.html"]  # fmt: skip
    script = [sys.executable, "-m", "benchmarks.bench_recording"]
    commands: dict[str, Command] = {}
    for tokens in (few, many):
        texts = work / f"texts-{tokens}"
        texts.mkdir()
        take([*script, "texts", str(texts), "--tokens", str(tokens)], work / "written")
        hand, recorded = [*script, "plain", str(texts)], [*PYTEST, *own, f"--tokens-per-domain={tokens}"]
        commands[f"by hand, {tokens * 8:,} tokens"] = partial(list, hand)
        commands[f"pytest -m gpu, {tokens * 8:,} tokens"] = partial(list, recorded)
    table = by_turns(commands, repeats, work)
    base = f"by hand, {many * 8:,} tokens"
    parts = {}
    for kind in () if table.missing else ("by hand", "pytest -m gpu"):
        short, whole = (median(one.cpu for one in table.taken[f"{kind}, {size * 8:,} tokens"]) for size in (few, many))
        parts[kind] = (short * many - whole * few) / (many - few), (whole - short) / (many - few) * many
    split = [f"| {kind} | {start:.2f} | {rest:.2f} |" for kind, (start, rest) in parts.items()]
    if parts:
        ratios = (mine / plain for mine, plain in zip(parts["pytest -m gpu"], parts["by hand"], strict=True))
        split.append("| ratio | " + " | ".join(f"{ratio:.2f}" for ratio in ratios) + " |")
    hooks = take([*script, "hooks"], work / "hooks").said.strip()
    judged = take([sys.executable, "-m", "benchmarks.bench_routing_stats"], work / "judged").said.strip()
    return (
        "The tiny checkpoint on a CPU: by hand are the same passes over the same batches, given as ids, and nothing "
        "counted, checked or written. `pytest -m gpu` reads and tokenizes the text, counts, writes, reads back, judges "
        "every claim on routing and draws a page.\n\n"
        + table.rows(base)
        + "\n\nTheir start is what is left at no tokens, by "
        "the two lengths; the rest grows with the text. Some claims are judged on the longer text alone. In CPU s of "
        f"{many * 8:,} tokens:\n\n"
        "| | start | the rest |\n|-|-|-|\n"
        + "\n".join(split)
        + table.loses(
            f"pytest -m gpu, {many * 8:,} tokens",
            base,
            "the model is so small that collecting claims, checking the checkpoint, counting and judging weigh as much "
            "as its passes; they do not grow with the model.",
        )
        + f"\n\n{hooks}\n\n### Reading and judging large recordings, once each\n\n{judged}"
    )


def page(repeats: int, work: Path, sizes: Iterable[int] = CLAIMS) -> str:
    """Measure the page and the site against other reports of pytest."""
    return (
        "pytest-html and Allure report so many plain tests that pass; a run of the suite judges so many claims that "
        "hold, and writes ledger and page. `python -m reports` draws page and site of a ledger of documents, cards and "
        "models, with all verdicts, measurements and replies. Sizes are of what is written.\n\n"
        + "\n\n".join(_page(size, repeats, work / str(size)) for size in sizes)
    )


def _page(size: int, repeats: int, work: Path) -> str:
    take([sys.executable, "-m", "benchmarks.bench_page", "make", "{out}", str(size)], work / "made")
    made, plain = work / "made", ["-p", "no:claim_suite", str(work / "made/test_plain.py")]
    report = [sys.executable, "-m", "claim_suite.reports"]
    results = str(folder_of("allure-pytest", work) / "results")
    commands: dict[str, Command] = {
        "pytest alone": lambda: [*PYTEST, *plain],
        "pytest-html": lambda: [tools(), *PYTEST[1:], *plain, "--html={out}/r.html", "--self-contained-html"],
        "allure-pytest": lambda: [tools(), *PYTEST[1:], *plain, "--alluredir={out}/results"],
        "allure 3": lambda: [*allure("allure 3"), "generate", results, "-o", "{out}/report"],
        "allure 2": lambda: [*allure("allure 2"), "generate", results, "-o", "{out}/report"],
        "this suite, run": lambda: [
            *PYTEST, "-m", "cheap", str(made / "claims/many"), "--ledger={out}/l.json", "--page={out}/p.html",
        ],
        "this suite, page": lambda: [*report, "page", str(made / "ledger.json"), "--html={out}/p.html"],
        "this suite, site": lambda: [*report, "site", "{out}/site", str(made / "ledger.json")],
    }  # fmt: skip
    table = by_turns(commands, repeats, work)

    def written(name: str) -> str:
        last = table.taken[name][-1]
        return f" {last.size / 1e6:.2f} | {last.files} |"

    said = table.rows("pytest alone", written, " MB | files |")
    why = "a claim is read, measured by two routes, compared and judged where a plain test only runs."
    lost = table.loses("this suite, run", "pytest-html", why)
    return f"### {size:,} claims\n\n{said}\n\n{_browser(work)}{lost}"


def _browser(work: Path) -> str:
    if not find_spec("playwright"):
        return "In a browser: not measured: playwright is not installed."
    files = {"pytest-html": "pytest-html/r.html", "the page": "this-suite-page/p.html"}
    if pages := list((work / "this-suite-site/site").rglob("*.html")):
        largest = max(pages, key=lambda path: path.stat().st_size)
        files |= {"the site's index": "this-suite-site/site/index.html", "its largest page": str(largest)}
    said = []
    for name, file in files.items():
        try:
            done = take([sys.executable, "-m", "benchmarks.bench_page", "load", str(work / file)], work / "loaded")
            said.append("{} {:.2f} s and {:.2f} s".format(name, *(float(one) / 1000 for one in done.said.split())))
        except NotMeasured as error:
            said.append(f"{name} not measured ({error})")
    return f"In Chromium, to the first paint and until all is there: {'; '.join(said)}."


def errors(_repeats: int, work: Path) -> str:
    """Say what a first run finds of errors that authors corrected, from the tables that tests hold to their sources."""
    found = take([sys.executable, "-m", "benchmarks.known_errors"], work / "errors").said
    summary = next(line for line in found.splitlines() if line.startswith("Of "))
    documents = (ROOT / "benchmarks/known_errors_documents.md").read_text(encoding="utf-8")
    table = documents.partition("\n\n|")[2].partition("\n\n")[0]
    return (
        f"Of model cards ([each of them](known_errors.md)): {summary}\n\n"
        f"Of documents ([each of them](known_errors_documents.md)):\n\n|{table}"
    )


SECTIONS: dict[str, tuple[str, Callable[[int, Path], str], int]] = {
    "cheap": ("The cheap tier against the floor", cheap, 5),
    "counting": ("Counting models, and checking a card", counting, 3),
    "recording": ("Recording against plain forward passes", recording, 5),
    "page": ("The page and the site against other reports", page, 3),
    "errors": ("Known errors found, disputes refuted", errors, 1),
}


def head() -> str:
    """Say what machine and which versions."""
    try:
        cpu = re.findall(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())[0]
    except (OSError, IndexError):
        cpu = platform.processor() or platform.machine()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    packages = ", ".join(f"{name} {version(name)}" for name in ("pytest", "torch", "transformers"))
    return (
        f"{os.cpu_count()} cores of {cpu}, {memory:.0f} GiB; {platform.system()}, Python {platform.python_version()}, "
        f"{packages}."
    )


def write(names: Iterable[str], repeats: int | None, to: Path = RESULTS) -> None:
    """Measure sections and write them; others that were measured on this machine, with these versions, stay."""
    before, machine = to.read_text(encoding="utf-8") if to.exists() else "", head()
    known = dict(re.findall(r"^## (.+?)\n\n(.*?)(?=^## |\Z)", before, re.MULTILINE | re.DOTALL))
    if machine not in before:
        known = {}
    for name in names:
        print(name, file=sys.stderr, flush=True)
        known[SECTIONS[name][0]] = _measured(name, repeats)
        to.write_text(_whole(machine, known), encoding="utf-8")  # what comes later may be interrupted
    to.write_text(_whole(machine, known), encoding="utf-8")


def _measured(name: str, repeats: int | None) -> str:
    _, measure, usual = SECTIONS[name]
    turns, load, when = repeats or usual, os.getloadavg()[0], datetime.now(UTC)
    with tempfile.TemporaryDirectory() as work:
        try:
            said = measure(turns, Path(work))
        except (NotMeasured, OSError) as error:
            said = f"not measured: {error}"
    return f"{when:%Y-%m-%d} at {_commit()}; turns: {turns}; load average {load:.1f} before.\n\n{said}"


def _whole(machine: str, known: Mapping[str, str]) -> str:
    absent = "not measured on this machine: `python -m benchmarks.results --only {}`"
    parts = (f"## {title}\n\n{known.get(title, absent.format(one))}" for one, (title, *_) in SECTIONS.items())
    return "\n\n".join([HEAD.strip(), machine, *(part.rstrip() for part in parts)]) + "\n"


def _commit() -> str:
    done = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True)  # noqa: S607
    return done.stdout.strip() or "no commit"


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=SECTIONS, default=list(SECTIONS), metavar="NAME",
                        help=f"of {', '.join(SECTIONS)}")  # fmt: skip
    parser.add_argument("--repeats", type=int, help="turns of every table (default: three to five, as the table says)")
    options = parser.parse_args()
    write(options.only, options.repeats)


if __name__ == "__main__":
    main()
