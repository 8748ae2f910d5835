"""How many errors that authors of cards corrected in public a first run finds, and whether it refutes conventions.

    python -m benchmarks.known_errors            # the table
    python -m benchmarks.known_errors --write    # into benchmarks/known_errors.md

Each printed value and its correction is held against the model's configuration, as a first run of `--card` would. An
error is found where the printed value is off. Errors about scores, hardware, corpora and models whose configuration the
suite has not are counted as not checked.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from claim_suite.fixtures import origins
from claim_suite.fixtures.cards.card import Card, card_of, read_card
from claim_suite.fixtures.cards.findings import findings
from claim_suite.fixtures.cards.plugin import MODELS
from claim_suite.fixtures.cards.told import kind

TABLE = Path(__file__).with_suffix(".md")
CARDS = origins.PROJECT / "claims" / "model_cards" / "cards"
# By error: the model, the quantity, what was printed and what is right. A model is a card of the suite, or a README.
CHECKS: dict[str, list[tuple[str, str, str, str]]] = {
    "mistral-nemo-hidden": [("readmes/mistral-nemo", "mlp_width", "14,436", "14,336")],
    "zephyr-141b-active": [("readmes/zephyr-141b", "active", "35B", "39B")],
    "bloom-560m-before": [
        ("readmes/bloom-560m", "total", "176B", "559,214,592"), ("readmes/bloom-560m", "layers", "70", "24"),
        ("readmes/bloom-560m", "heads", "112", "16"), ("readmes/bloom-560m", "width", "14336", "1024"),
    ],
    "llama-33-size": [("llama-3-1-70b", "total", "11B", "70B"), ("llama-3-1-70b", "total", "90B", "70B")],
    "bloom-175b": [("bloom", "total", "175B", "176B")],
    "mixtral-transformers-docs": [
        ("mixtral-8x7b-v0-1", "total", "84B", "46.7B"), ("mixtral-8x7b-v0-1", "total", "85B", "46.7B"),
    ],
    "gpt2-117m": [("gpt-2-small", "total", "117M", "124M"), ("gpt-2-medium", "total", "345M", "355M")],
    "tinystories-33m": [("readmes/tinystories-33m", "total", "33M", "68,514,048")],
    "pythia-d-head-410m": [("pythia-410m", "head_width", "128", "64")],
    "pythia-sizes": [
        ("pythia-70m", "total", "19M", "70M"), ("pythia-160m", "total", "125M", "160M"),
        ("pythia-410m", "total", "350M", "410M"), ("pythia-1-4b", "total", "1.3B", "1.4B"),
        ("pythia-2-8b", "total", "2.7B", "2.8B"), ("pythia-6-9b", "total", "6.7B", "6.9B"),
        ("pythia-12b", "total", "13B", "12B"),
    ],
    "ml-eng-kv": [("llama-3-1-8b", "kv_bytes", "0.525 MB", "0.131 MB")],
    "intro-llm-v2": [("deepseek-v2", "total", "671B", "236B")],
}  # fmt: skip
DISPUTES = {
    "Gemma report": ("readmes/Gemma-7B", "mlp_width", "49,152"),
    "Gemma 7B": ("readmes/Gemma-7B", "total", "7B"),
}


class Checked(NamedTuple):
    """A printed value or a correction as it came out: "holds", "reading", "off" or "not known", and in words."""

    stated: str
    kind: str
    says: str


def check(model: str, quantity: str, stated: str) -> Checked:
    """Hold one number against the configuration of a model."""
    content = {
        "name": model.rpartition("/")[2], "family": "f", "organisation": "o", "date": "d",
        "configuration": {"values": _values(model), "origin": "its config.json", "null": []},
        "printed": [{"where": "it", quantity: stated}],
    }  # fmt: skip
    card = card_of(content, Path(f"{model}.toml"))
    (finding,) = findings(card, MODELS.built_for(card, by_formula=True))
    return Checked(stated, kind(finding), finding.says)


@cache
def _values(model: str) -> dict[str, Any]:
    if model.startswith("readmes/"):
        return dict(origins.load(f"{model}/config.json"))
    card: Card = read_card(CARDS / f"{model}.toml")
    return dict(card.configuration.values)


def outcomes() -> Iterator[tuple[dict[str, str], list[tuple[Checked, Checked]]]]:
    """Yield every registered error with its checked values, and none where it is not checked."""
    for error in origins.load("known_errors.json")["errors"]:
        rows = CHECKS.get(error["id"], [])
        yield error, [(check(of, what, wrong), check(of, what, right)) for of, what, wrong, right in rows]


def disputes() -> Iterator[tuple[dict[str, str], Checked | None]]:
    """Yield every dispute of convention, and how its number came out."""
    for dispute in origins.load("known_errors.json")["disputes_of_convention"]:
        row = DISPUTES.get(dispute["subject"])
        yield dispute, check(*row) if row else None


def table() -> str:
    """Write the table in Markdown."""
    lines, found = [], Counter[str]()
    for error, rows in outcomes():
        if not rows:
            found["not checked"] += 1
            continue
        off = sum(wrong.kind == "off" for wrong, _ in rows)
        found["found" if off == len(rows) else "in part" if off else "missed"] += 1
        found["corrections refuted"] += sum(right.kind == "off" for _, right in rows)
        for wrong, right in rows:
            lines.append(
                f"| {error['id']} | {wrong.stated} | {wrong.kind}: {wrong.says.partition(': ')[0]} | {right.stated} "
                f"| {right.kind} | {error['where']} |"
            )
    argued = [f"| {one['subject']} | {one['says']} | {got.says if got else 'not checked'} |" for one, got in disputes()]
    refuted = sum(got is not None and got.kind == "off" for _, got in disputes())
    checked = found["found"] + found["in part"] + found["missed"]
    return (
        "# Errors that authors corrected in public\n\n"
        "By `python -m benchmarks.known_errors --write`, from fixtures/data/known_errors.json. An error is found"
        " where a "
        "first run says that the printed value is off. A value that a named reading gives is not.\n\n"
        f"Of {checked} errors whose configuration is here, {found['found']} found, {found['in part']} in part, "
        f"{found['missed']} missed; corrections that we refute: {found['corrections refuted']}; disputes of convention "
        f"that we refute: {refuted}. Not checked: {found['not checked']} (scores, hardware, corpora, other models).\n\n"
        "| error | printed | found | corrected | is | where |\n|-|-|-|-|-|-|\n" + "\n".join(lines) + "\n\n"
        "| dispute of convention | says | found |\n|-|-|-|\n" + "\n".join(argued) + "\n"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--write", action="store_true", help=f"write {TABLE.name}")
    text = table()
    if parser.parse_args().write:
        TABLE.write_text(text, encoding="utf-8")
    else:
        print(text)
