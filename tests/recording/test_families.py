"""Every mixture-of-experts family of the installed library records exactly, or is refused before its weights are read.

An ordinary run tries some of those that choose in a way of their own; with CLAIMS_TESTS=all, any is tried.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from claim_suite.fixtures.errors import RecordingError
from claim_suite.fixtures.recording.engine_transformers import kind_of_model
from claim_suite.fixtures.recording.options import options
from claim_suite.fixtures.recording.recordings import record
from claim_suite.fixtures.recording.setup import prepare
from claim_suite.fixtures.routing import files
from claim_suite.fixtures.routing.counts import combine
from claim_suite.fixtures.routing.metadata import PREFERENCE, UNKNOWN
from tests.recording.families import EXPERTS, Seen, families, small, write
from tests.recording.synthetic_checkpoint import random_corpus
from tests.sampled import ALL, sampled

REFUSED = {
    "diffusion_gemma": "has two routers in one layer",  # that of the encoder and that of the decoder
    "doge": "is no mixture of experts that can be read",
    "ernie4_5_vl_moe": "has two routers in one layer",  # for text and for pictures
    "jetmoe": "is no mixture of experts that can be read",
    # The library reads any tokenizer beside these as one of their own, which the words here are not.
    "qwen3_5_moe": "its tokenizer makes no token",
    "qwen3_5_moe_text": "its tokenizer makes no token",
    "zaya": "chooses among 9 and has 8 experts",
}
# A bias decides, groups are left out, a table of tokens, experts that do nothing, all experts at once, a mixer, the
# layer itself routes, layers without experts, a text part, a head that cuts its logits.
OWN_WAYS = {
    "deepseek_v2", "deepseek_v3", "deepseek_v4", "gemma4_text", "gpt_oss", "inkling2_text", "llama4_text",
    "longcat_flash", "phimoe", "qwen3_vl_moe", *(REFUSED.keys() - {"qwen3_5_moe", "qwen3_5_moe_text"}),
}  # fmt: skip
TRIED = sampled(families() if ALL else OWN_WAYS, 8)
UNRANKED = {"deepseek_v4", "phimoe"}
NEVER_ONE = {"longcat_flash"}  # the library's own code fails there with one expert a token


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return random_corpus(tmp_path_factory.mktemp("text") / "text.jsonl", 3, {"A": 3, "B": 2}, words=(2, 24))


@pytest.mark.parametrize("family", TRIED)
def test_a_family_is_recorded_exactly_or_refused(family: str, text: Path, tmp_path: Path) -> None:
    try:
        small(family)
    except RecordingError as error:
        pytest.skip(str(error))
    write(family, tmp_path / family)
    given = {"--model": tmp_path / family, "--corpus": text, "--device": "cpu", "--evidence-out": tmp_path / "out"}
    ready = {name: str(value) for name, value in given.items()} | {"--keep-choices": True}
    if family in REFUSED:
        with pytest.raises(RecordingError, match=REFUSED[family]):
            prepare(options(ready))
        return
    setup = prepare(options(ready))
    metadata: Any = setup.metadata
    counts: Any = combine(list(files.scan(record(setup, tmp_path / "out"))))
    assert metadata["ranks"] == (UNKNOWN if family in UNRANKED else PREFERENCE)
    config = small(family)
    model: Any = kind_of_model(config).from_pretrained(tmp_path / family, dtype=torch.float32).eval()
    ids_of = {planned.number: setup.leading + planned.ids for planned in setup.plan.texts}
    lead, k = len(setup.leading), metadata["top_k"]
    for place, text_of in enumerate(counts.texts):
        ids = torch.tensor([ids_of[text_of.number]])
        seen = Seen(model, ids)
        assert seen.layers == metadata["routed_layers"]
        for at, layer in enumerate(seen.layers):
            needed, chosen = seen.chosen(layer, k)[lead:].numpy(), counts.chosen[place][:, at]
            assert (_table(chosen, metadata["experts"])[:, :EXPERTS] == needed).all()
            assert (counts.choices[place, at].sum(0)[:EXPERTS] == needed.sum(0)).all()
            if family not in UNRANKED | NEVER_ONE:
                first = seen.chosen(layer, 1)[lead:].numpy()
                assert (_table(chosen[:, :1], metadata["experts"])[:, :EXPERTS] == first).all()
        nats = float(cross_entropy(seen.logits[lead - 1 : -1].double(), ids[0, lead:], reduction="sum"))
        assert counts.losses[place, metadata["tried"].index(k)] == pytest.approx(nats, rel=1e-4)


def _table(chosen: Any, experts: int) -> Any:
    table = np.zeros((len(chosen), experts), dtype=bool)
    np.put_along_axis(table, chosen.astype(np.int64), True, 1)
    return table
