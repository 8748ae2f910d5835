"""Write the list of counts of every model in the suite, its CSV and its schema, beside `fixtures/models/counts.py`.

python -m benchmarks.model_counts_list
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import msgspec

from claim_suite.fixtures import origins
from claim_suite.fixtures.cards.card import read_card
from claim_suite.fixtures.models.counts import LIST, SCHEMA, Counts, count, write_csv
from claim_suite.fixtures.models.parameters import NotKnown

if TYPE_CHECKING:
    from collections.abc import Iterator

CARDS = origins.PROJECT / "claims/model_cards/cards"
CONFIGS = origins.DATA / "configs"


def models() -> Iterator[tuple[str, str, str, str, dict[str, Any]]]:
    """Every model in the suite: id, name, origin, link, configuration; of cards, then of published configurations."""
    taken = set()
    for file in sorted(CARDS.glob("*.toml")):
        card = read_card(file)
        taken.add(card.configuration.file)
        yield file.stem, card.name, card.configuration.origin, card.configuration.link, dict(card.configuration.values)
    for file in sorted(CONFIGS.glob("*.json")):
        name = f"configs/{file.name}"
        row = origins.check(name)
        if f"fixtures/data/{name}" not in taken and row["origin"].startswith("config.json of"):
            yield file.stem, file.stem, row["origin"], row.get("link", ""), origins.load(name)


def counts() -> Iterator[Counts]:
    """Count each; a model that no route counts is left out."""
    for identity, name, origin, link, config in models():
        try:
            yield count(config, id=identity, name=name, origin=origin, link=link)
        except NotKnown as error:
            print(f"{identity}: {error}")


def schema() -> bytes:
    """Return the JSON schema of the list."""
    return msgspec.json.format(msgspec.json.encode(msgspec.json.schema(list[Counts]), order="sorted")) + b"\n"


def main() -> None:
    """Write the three files."""
    found = list(counts())
    LIST.write_bytes(msgspec.json.format(msgspec.json.encode(found)) + b"\n")
    SCHEMA.write_bytes(schema())
    text = io.StringIO()
    write_csv(found, text)
    LIST.with_suffix(".csv").write_text(text.getvalue(), encoding="utf-8")
    print(f"{len(found)} models, {sum(one.route == 'formula' for one in found)} by formula")


if __name__ == "__main__":
    main()
