"""What only this document's claims need: the commands that it prints, what came of them, and published tables."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from claim_suite.fixtures.facts import Facts, published
from claim_suite.fixtures.models import collector
from claim_suite.fixtures.models.formula import BYTES_PER_NUMBER
from claim_suite.fixtures.models.published import Model, published_model

if TYPE_CHECKING:
    from claims.attention_and_moe_notes.estimates import Cache, Experts
    from claims.attention_and_moe_notes.gpt import Gpt

DATA = Path(__file__).parent / "data"


one_thread = collector.one_thread("claim_suite.fixtures.models.counted", "transformers.models.llama.modeling_llama")
settings = published("settings.json", DATA, "The options of the commands that the notes print.")
runs = published("runs.json", DATA, "What the notes print of their runs.")
gqa_paper = published("gqa_paper_table1.json", DATA, "Table 1 of the paper on grouped-query attention.")
deepseek_v2 = published("deepseek_v2_tables.json", DATA, "Tables 8 and 9 of the DeepSeek-V2 paper.")
heads = published("heads.json", DATA, "Heads of three published models.")
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
