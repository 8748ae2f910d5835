"""What is claimed: every id with the verdict that it is declared to have, in claims that hold to one plain form."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from tests.claims.rerun import PROJECT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

REGISTER = {
    "moe_post": {
        "attention-memory-grows": "holds",
        "attention-time-grows": "holds",
        "ffn-has-more-parameters": "holds",
        "ffn-share-of-work": "holds",
        "decoder-layer-parts": "loosely",
        "llama-total": "holds",
        "llama-attention": "holds",
        "llama-mlp": "holds",
        "mlp-nearly-twice-attention": "loosely",
        "ffn-optimisation-pays-more": "holds",
        "mixtral-total": "holds",
        "mixtral-attention": "holds",
        "mixtral-moe-block": "holds",
        "eight-experts": "holds",
        "experts-33-times-attention": "loosely",
        "two-experts-used": "holds",
        "active-experts-8-times": "holds",
        "kaplan-ratio": "holds",
        "kaplan-attention-width": "holds",
        "ffn-width-is-a-quarter": "refuted",
        "llama-d-ff": "holds",
        "llama-d-model": "holds",
        "llama-ratio": "holds",
        "mixtral-d-ff": "holds",
        "mixtral-d-model": "holds",
        "mixtral-ratio": "holds",
        "mixtral-q-k-widths-differ": "holds",
        "ratio-by-query-width": "holds",
        "mixtral-ratio-below-kaplan": "holds",
        "mixtral-attention-smaller": "holds",
        "mixtral-ffn-wider": "holds",
        "structure-explains-quality": "uncheckable",
        "active-parameters": "loosely",
        "total-about-46B": "loosely",
        "total-below-llama-70b": "holds",
        "better-than-llama-13b": "holds",
        "better-than-llama-70b": "loosely",
        "far-better-at-code": "holds",
        "far-better-at-maths": "loosely",
        "code-llama-better-on-humaneval": "holds",
        "code-llama-better-on-mbpp": "refuted",
        "all-experts-hurt": "holds",
        "nobody-reported-all-experts": "uncheckable",
        "domains-are-the-piles": "holds",
        "even-share": "holds",
        "above-the-line": "holds",
        "maths-expert-0": "refuted",
        "stackexchange-expert-8": "refuted",
        "wikipedia-expert-8": "holds",
        "first-layer-even": "holds",
        "deeper-is-more-specific": "disputed",
        "layer-31-deviates": "holds",
    },
    "mixtral_paper": {
        "paper-total": "holds",
        "paper-active": "holds",
        "paper-five-times-fewer": "holds",
        "gate-is-softmax-of-top-k": "holds",
        "gate-laws": "holds",
        "repetition-baseline": "holds",
        "repetition-above-chance": "holds",
        "no-topic-pattern": "loosely",
    },
}

# Numbers in the body of a claim that no marker states, and why each stands there. 0 and 1 may stand anywhere: nothing,
# one and the whole.
NUMBERS = {
    "test_decoder_layer_parts": {2: "norms in a layer", 200: "half a per cent, the loose reading"},
    "test_all_experts_hurt": {8: "experts, all", 2: "experts, as published"},
    "test_all_experts_hurt_afresh": {8: "experts, all", 2: "experts, as published"},
    "test_mathematics_goes_to_expert_0": {31: "the layer named", 2: "half"},
    "test_stackexchange_goes_to_the_eighth_expert": {31: "the layer named", 7: "the eighth expert, from 0"},
    "test_wikipedia_goes_to_the_eighth_expert": {31: "the layer named", 7: "the eighth expert, from 0"},
    "test_first_layer_is_even": {15: "a layer of the figure", 31: "a layer of the figure"},
    "test_layer_31_deviates": {31: "the layer named"},
    "test_repetition_above_chance": {15: "the layer named", 31: "the layer named"},
    "test_permuted_experts": {2: "two roundings that may add up"},
    "test_scaled_logits": {2: "the scale, and two roundings that may add up"},
    "test_renormalised_softmax": {2: "two roundings that may add up"},
}
MOST_LINES = 5


@pytest.fixture(scope="module")
def collected() -> Any:
    """The ledger and the index of a run that collects every claim and runs none."""
    code = (
        "import json; from reports import index; told = index.collect(); print(json.dumps([told, index.render(told)]))"
    )
    return json.loads(subprocess.check_output([sys.executable, "-c", code], cwd=PROJECT))


def test_every_claim_of_the_register_is_declared_as_there(collected: Any) -> None:
    ledger, _ = collected
    declared: dict[str, dict[str, str]] = {}
    for claim in ledger["claims"]:
        document, _, name = claim["id"].partition("/")
        declared.setdefault(document, {})[name] = claim["declared"]
    assert {
        document: {name: declared[document].get(name) for name in own} for document, own in REGISTER.items()
    } == REGISTER


def test_claims_stand_in_the_order_of_the_register(collected: Any) -> None:
    ledger, _ = collected
    for document, claims in REGISTER.items():
        own = [claim["id"].partition("/")[2] for claim in ledger["claims"] if claim["document"] == document]
        assert [name for name in own if name in claims] == list(claims)


def test_the_index_is_up_to_date(collected: Any) -> None:
    _, index = collected
    assert (PROJECT / "claims" / "INDEX.md").read_text(encoding="utf-8") == index, "run `python -m reports.index`"


@cache
def written() -> list[tuple[Path, ast.FunctionDef]]:
    return [
        (file, node)
        for file in sorted((PROJECT / "claims").glob("*/test_*.py"))
        for node in ast.parse(file.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef)
    ]


def body(test: ast.FunctionDef) -> list[ast.stmt]:
    """The statements after the docstring."""
    return test.body[1:]


def marker(test: ast.FunctionDef) -> ast.Call:
    (found,) = (call for call in test.decorator_list if ast.unparse(call).startswith("pytest.mark.claim("))
    assert isinstance(found, ast.Call)
    return found


def numbers(*nodes: ast.AST) -> Iterator[Any]:
    for node in nodes:
        for inner in ast.walk(node):
            if isinstance(inner, ast.Constant) and type(inner.value) in (int, float, complex):
                yield inner.value


each_test = pytest.mark.parametrize("test", [pytest.param(test, id=test.name) for _, test in written()])


@each_test
def test_a_claim_says_what_it_is_about_in_one_sentence(test: ast.FunctionDef) -> None:
    says = ast.get_docstring(test)
    assert says
    assert not says[0].islower()
    assert says.endswith(".")
    assert "\n" not in says


@each_test
def test_a_claim_is_short_and_asserts_once(test: ast.FunctionDef) -> None:
    if any(keyword.arg == "uncheckable" for keyword in marker(test).keywords):
        assert not body(test)
        return
    code = [line for statement in body(test) for line in ast.unparse(statement).splitlines()]
    own = [line for line in code if not line.startswith(("from ", "import "))]
    assert 1 <= len(own) <= MOST_LINES
    assert sum(isinstance(node, ast.Assert) for node in ast.walk(test)) == 1


@each_test
def test_a_claim_writes_down_no_number_but_printed_ones(test: ast.FunctionDef) -> None:
    found = set(numbers(*body(test)))
    assert found - {0, 1} == set(NUMBERS.get(test.name, {}))
    assert not [number for number in found if isinstance(number, float)]
    keywords = {keyword.arg: keyword.value for keyword in marker(test).keywords}
    assert not list(numbers(*(value for name, value in keywords.items() if name != "stated")))


@each_test
def test_reasons_are_words(test: ast.FunctionDef) -> None:
    keywords = {keyword.arg: keyword.value for keyword in marker(test).keywords}
    reasons = [ast.literal_eval(keywords[name]) for name in ("loosely", "refuted", "uncheckable") if name in keywords]
    sourced = [
        call for call in ast.walk(test) if isinstance(call, ast.Call) and ast.unparse(call.func).endswith("refutes")
    ]
    reasons += [ast.literal_eval(call.args[0]) for call in sourced]
    assert not [reason for reason in reasons if re.search(r"\d", re.sub(r"\bMay 2024\b", "", reason))]


def test_no_tolerance_is_left_to_a_claim() -> None:
    for file in sorted((PROJECT / "claims").rglob("*.py")):
        assert not re.search(r"approx|allclose|isclose|pytest\.raises|xfail", file.read_text(encoding="utf-8")), file


def test_the_list_of_numbers_names_tests_that_exist() -> None:
    assert NUMBERS.keys() <= {test.name for _, test in written()}
