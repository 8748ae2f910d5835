"""What vLLM returns is read exactly, or refused: by the forms of its releases, and with vLLM where it is installed.

    VLLM_CPU_KVCACHE_SPACE=1 HF_HUB_OFFLINE=1 python -m pytest tests/recording/test_vllm.py

in an environment with vLLM runs vLLM itself too, in minutes: identical counts, and losses within 2e-7 nats a token.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Callable
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from claim_suite.fixtures.errors import RecordingError
from claim_suite.fixtures.recording import engine_transformers, engine_vllm
from claim_suite.fixtures.recording.options import options
from claim_suite.fixtures.recording.plan import Batch, Planned
from claim_suite.fixtures.recording.setup import RecordingSetup, prepare
from claim_suite.fixtures.routing.counts import Text
from tests.recording.synthetic_checkpoint import Planted, plant, random_corpus, random_table, rewrite

# Three layers, of which the first is dense; two of eight experts; the text's two tokens follow one special token.
METADATA = {"layers": 3, "routed_layers": [1, 2], "top_k": 2, "experts": 8, "ranks": "not known"}
CHOSEN = [[[0, 5], [3, 1]], [[2, 0], [1, 7]], [[4, 3], [6, 0]]]  # token, routed layer, choice
IDS, LEADING = [1, 11, 12], [1]


def said(nats: float = 0.5) -> SimpleNamespace:
    return SimpleNamespace(logprob=-nats)


def returned(chosen: Any = CHOSEN, nats: float = 0.5, **more: Any) -> SimpleNamespace:
    """One array of the prompt and of what was generated but its last token; zeros where a layer is dense."""
    routes = None if chosen is None else np.pad(np.array(chosen), ((0, 0), (1, 0), (0, 0)))
    completion = SimpleNamespace(routed_experts=routes, logprobs=[{9: said(nats)}])
    return SimpleNamespace(outputs=[completion], **{"prompt_logprobs": None} | more)


def test_own_tokens_of_routed_layers_are_read() -> None:
    assert engine_vllm.routes(returned(), 1, 2, METADATA).tolist() == CHOSEN[1:]


@pytest.mark.parametrize(
    ("output", "line"),
    [
        (returned(None), "experts of 0 of 3 tokens"),
        (returned(CHOSEN[1:]), "experts of 2 of 3 tokens"),  # a cached prefix
        (returned([*CHOSEN[:2], [[0, 0], [0, 0]]]), "lost"),
        (returned([*CHOSEN[:2], [[-1, -1], [-1, -1]]]), "lost"),
        (returned([*CHOSEN[:2], [[0, 8], [0, 1]]]), "lost"),
        (returned([[[0, 1, 2]] * 2] * 3), "this form is not known"),
        (returned([[[0, 1]] * 4] * 3), "this form is not known"),
        (returned(nats=math.nan), "not finite"),
    ],
)
def test_what_is_missing_or_not_known_is_refused(output: Any, line: str) -> None:
    with pytest.raises(RecordingError, match=line):
        engine_vllm.routes(output, 1, 2, METADATA)


def test_losses_are_of_a_texts_own_tokens() -> None:
    output = returned(prompt_logprobs=[None, {11: said(0.25), 7: said(9)}, {12: said(2)}])
    assert engine_vllm.loss(output, IDS, 1) == 2.25
    assert engine_vllm.loss(output, IDS, 0) == 2.25  # nothing precedes the first token, so it has none
    assert engine_vllm.loss(output, IDS, 2) == 2
    output.prompt_logprobs[2] = {12: said(math.nan)}
    with pytest.raises(RecordingError, match="no perplexity"):
        engine_vllm.loss(output, IDS, 1)
    with pytest.raises(RecordingError, match="no log-probability"):
        engine_vllm.loss(returned(), IDS, 1)


class Answers:
    """In place of vLLM's processes: answers a text of ids with the same routes as long as it is."""

    async def generate(self, prompt: dict[str, list[int]], params: Any, _request: str) -> AsyncIterator[Any]:
        ids = prompt["prompt_token_ids"]
        losses = [None, *({token: said()} for token in ids[1:])]
        yield returned(CHOSEN[: len(ids)], prompt_logprobs=losses if params.prompt_logprobs == 0 else None)

    def shutdown(self) -> None:
        pass


def test_a_batch_is_counted_in_its_order(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in = SimpleNamespace(
        SamplingParams=lambda **given: SimpleNamespace(**given),
        sampling_params=SimpleNamespace(RequestOutputKind=SimpleNamespace(FINAL_ONLY=2)),
    )
    monkeypatch.setattr(engine_vllm, "_vllm", lambda: stand_in)
    engine = engine_vllm.VllmEngine(Answers(), asyncio.new_event_loop(), METADATA, LEADING, "cpu", keep=True)
    counts: Any = engine.run(Batch((Planned("B", 7, [11]), Planned("A", 3, [11, 12])), (2,)))
    assert [tuple(text) for text in counts.texts] == [("B", 7, 1), ("A", 3, 2)]
    assert counts.choices.shape == (2, 2, 1, 8)  # ranks are not known: all choices take one place
    assert [np.flatnonzero(row).tolist() for row in counts.choices[0, :, 0]] == [[0, 2], [1, 7]]
    assert counts.choices[1, 0, 0].tolist() == [1, 0, 1, 1, 1, 0, 0, 0]
    assert counts.same_first is None
    assert counts.shared.tolist() == [[0, 0], [0, 0]]
    assert counts.losses.tolist() == [[0.5], [1.0]]
    assert counts.chosen[1].tolist() == CHOSEN[1:]
    assert engine.run(Batch((Planned("A", 3, [11, 12]),))).losses is None


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., dict[str, Any]]:
    """Options for a planted checkpoint whose heads are wide enough for vLLM's kernels on a CPU."""
    folder = tmp_path_factory.mktemp("vllm")
    text = random_corpus(folder / "text.jsonl", 3, {"A": 20, "B": 20}, words=(1, 200))

    def give(family: str, **settings: Any) -> dict[str, Any]:
        plant(folder / family, family, random_table(11), **settings)
        place = {"--device": "cpu", "--corpus": text, "--evidence-out": folder / "evidence"}
        return {"--model": str(folder / family)} | {name: str(value) for name, value in place.items()}

    return give


@pytest.mark.parametrize(
    ("installed", "more", "line"),
    [
        ("0.31.0", {}, r"0.31.0 is installed.*up to, without, 0.31: install it with pip install 'vllm>=0.30,<0.31'"),
        ("0.9.2", {}, "0.9.2 is installed"),
        ("0.30.0", {"--engine-option": ["pipeline_parallel_size=2"]}, "vLLM returns no experts"),
        ("0.30.0", {"--engine-option": ["trust_remote_code=true"]}, "the recording decides it"),
        ("0.30.0", {"--device": "cuda:1"}, "CUDA_VISIBLE_DEVICES"),
    ],
)
def test_what_cannot_run_is_refused_before_weights(
    installed: str, more: dict[str, Any], line: str, wide: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_vllm, "_vllm", lambda: SimpleNamespace(__version__=installed))
    with pytest.raises(RecordingError, match=line):
        prepare(options({**wide("mixtral"), "--engine": "vllm", **more}))


def test_a_missing_vllm_is_told_with_the_command_that_installs_it(wide: Any) -> None:
    if find_spec("vllm"):
        pytest.skip("vLLM is installed")
    with pytest.raises(RecordingError, match=r"--engine=vllm, in an environment .* needs vllm: .*'.\[gpu,vllm\]'"):
        prepare(options({**wide("mixtral"), "--engine": "vllm"}))


FAMILIES: dict[str, dict[str, Any]] = {
    "mixtral": {"head_dim": 64},
    "qwen3_moe": {"head_dim": 64, "mlp_only_layers": [1]},  # one of its layers is dense
    "olmoe": {"hidden_size": 256},
    "drawn": {"head_dim": 64, "hidden_size": 64, "intermediate_size": 64},
}


@pytest.mark.skipif(not find_spec("vllm"), reason="vLLM is not installed: see the head of this file")
@pytest.mark.parametrize(
    ("family", "more"),
    [
        *((family, list[str]()) for family in FAMILIES),
        ("mixtral", ["enable_prefix_caching=true", "max_num_batched_tokens=64", "max_num_seqs=8"]),
    ],
)
def test_vllm_chooses_as_transformers_does(family: str, more: list[str], wide: Any) -> None:
    """Also with texts that are cut into several passes, with cached prefixes, and where all weights are drawn."""
    given = wide("mixtral" if family == "drawn" else family, **FAMILIES[family])
    if family == "drawn":
        rewrite(Planted(Path(given["--model"]), [], None), lambda _, weight: weight.normal_(std=0.1))
    ours = _run(engine_transformers, setup := prepare(options(given)))
    theirs = _run(engine_vllm, prepare(options({**given, "--engine": "vllm", "--engine-option": more})))
    assert ours.keys() == theirs.keys()
    for text, counts in ours.items():
        np.testing.assert_array_equal(theirs[text].choices.sum(2), counts.choices.sum(2))
        np.testing.assert_array_equal(theirs[text].shared, counts.shared)
        if counts.losses is not None:
            (nats,) = theirs[text].losses[0]
            place = setup.metadata["tried"].index(setup.metadata["top_k"])
            assert nats == pytest.approx(counts.losses[0, place], abs=2e-7 * text.tokens)


def _run(module: Any, setup: RecordingSetup) -> dict[Text, Any]:
    engine = module.load(setup)
    batches = [engine.run(batch) for batch in setup.batches()]
    return {text: counts.select([place]) for counts in batches for place, text in enumerate(counts.texts)}
