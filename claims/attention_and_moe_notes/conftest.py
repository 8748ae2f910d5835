"""What only this document's claims need: the commands that it prints, what came of them, and published tables."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from claim_suite.fixtures.cards.card import Card, read_card
from claim_suite.fixtures.facts import Facts, ScoreTable, facts, problems, published
from claim_suite.fixtures.models import collector
from claim_suite.fixtures.models.formula import BYTES_PER_NUMBER
from claim_suite.fixtures.models.published import Model, published_model
from claim_suite.reports import schema

if TYPE_CHECKING:
    from claims.attention_and_moe_notes.estimates import Cache, Experts
    from claims.attention_and_moe_notes.gpt import Gpt

DATA = Path(__file__).parent / "data"
CARDS = Path(__file__).parents[1] / "model_cards" / "cards"


one_thread = collector.one_thread("claim_suite.fixtures.models.counted", "transformers.models.llama.modeling_llama")
settings = published("settings.json", DATA, "The options of the commands that the notes print.")
runs = published("runs.json", DATA, "What the notes print of their runs.")
gqa_paper = published("gqa_paper_table1.json", DATA, "Table 1 of the paper on grouped-query attention.")
deepseek_v3 = published_model("deepseek-v3", "DeepSeek-V3, without its layer for multi-token prediction.")


@pytest.fixture(scope="session")
def gqa_estimate(settings: Facts) -> Cache:
    """The cache of the first note's estimate."""
    from claims.attention_and_moe_notes.estimates import Cache

    return Cache(**settings["gqa estimate"], evidence=settings.evidence)


@pytest.fixture(scope="session")
def mla_estimate(settings: Facts) -> Cache:
    """The cache of the second note's estimate."""
    from claims.attention_and_moe_notes.estimates import Cache

    return Cache(**settings["mla estimate"], evidence=settings.evidence)


@pytest.fixture(scope="session")
def moe_estimate(settings: Facts) -> Experts:
    """The layer of the third note's estimate."""
    from claims.attention_and_moe_notes.estimates import Experts

    return Experts(**settings["moe estimate"], evidence=settings.evidence)


@pytest.fixture(scope="session")
def gpts(settings: Facts) -> dict[str, Gpt]:
    """The models of the notes' runs, by the names of the runs."""
    from claims.attention_and_moe_notes.gpt import Gpt

    told, long, wide = (settings.evidence, settings["long run"], settings["wide run"])
    of = {kind: Gpt(kind, long, settings["gpt"], long["hidden"], told) for kind in ("MHA", "GQA", "MLA")}
    of["dense FFN"] = Gpt("MHA", wide, settings["gpt"], wide["hidden"], told, gated=True)
    of["MoE"] = Gpt("MHA", wide, settings["gpt"], wide["expert hidden"], told, gated=True, experts=wide["experts"])
    return of


@pytest.fixture(scope="session")
def latent_kept(deepseek_v3: Model) -> int:
    """Bytes of the latent and the rotary key that DeepSeek-V3 keeps of a token, by the library's cache."""
    from claims.attention_and_moe_notes.estimates import check_latent

    kept = deepseek_v3.counted.kv_cache_bytes(1, BYTES_PER_NUMBER).attention
    check_latent(kept, deepseek_v3.formula.kv_cache_bytes(1, BYTES_PER_NUMBER, latent=False).total)
    return kept


@pytest.fixture(scope="session")
def deepseek_v2() -> Facts:
    """Tables 8 and 9 of the DeepSeek-V2 paper, of Table 9 each size."""
    told, sizes = facts("deepseek_v2_tables.json", DATA), problems()
    rows = {"7B": told["table_8"], **told["table_9"]}
    tables = {size: ScoreTable(_by_benchmark(of), problems=sizes.values) for size, of in rows.items()}
    return Facts(tables, told.evidence + sizes.evidence)


def _by_benchmark(rows: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    benchmarks = next(iter(rows.values()))
    return {name: {kind: scores[name] for kind, scores in rows.items()} for name in benchmarks}


@dataclass(frozen=True)
class Cards:
    """The model cards of the suite: how many keys the heads of their models have."""

    cards: dict[str, Card]
    evidence: list[schema.Evidence]

    def heads(self, name: str) -> tuple[int, int]:
        """Queries and keys of a model, by its configuration; a model without the field has a key for each head."""
        of = self.cards[name].configuration.values
        of = {**of, **of.get("text_config", {}), **of.get("attn_config", {})}
        queries = next(of[key] for key in ("num_attention_heads", "n_heads", "n_head") if key in of)
        keys = [of[key] for key in ("num_key_value_heads", "num_kv_heads", "kv_n_heads") if of.get(key)]
        return queries, 1 if of.get("multi_query") else (keys or [queries])[0]

    def kinds(self, first: str, last: str) -> dict[str, str]:
        """Which attention each model has that was published from one month to another."""
        found = {}
        for name, card in self.cards.items():
            if first <= card.date <= last:
                queries, keys = self.heads(name)
                plain = "MHA" if keys == queries else "MQA" if keys == 1 else "GQA"
                found[name] = "MLA" if card.configuration.values.get("kv_lora_rank") else plain
        return found


@pytest.fixture(scope="session")
def cards() -> Cards:
    """The model cards of the suite."""
    read = {card.name: card for card in map(read_card, sorted(CARDS.glob("*.toml")))}
    return Cards(read, [schema.Evidence(source=f"configurations of {len(read)} model cards of this suite")])
