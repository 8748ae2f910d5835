"""Numbers that are found in a README: of what they are, with their line; and no time is lost on hostile text."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claim_suite.fixtures.cards.quantities import QUANTITIES
from claim_suite.fixtures.cards.readme import PATTERNS, numbers

LINES = {
    "- Number of Parameters: 30.5B in total and 3.3B activated": {("total", "30.5B"), ("active", "3.3B")},
    "- Number of Paramaters (Non-Embedding): 29.9B": {("non_embedding", "29.9B")},
    "- Number of Attention Heads (GQA): 32 for Q and 4 for KV": {("heads", "32"), ("key_value_heads", "4")},
    "| **Activated Parameters** | 32B |": {("active", "32B")},
    "| **Selected Experts per Token** | 8 |": {("experts_per_token", "8")},
    "| **Vocabulary Size** | 160K |": {("vocabulary", "160K")},
    "- **Context Length**: 32,768 tokens": {("context", "32,768")},
    "a MoE with 106 billion total parameters and 12 billion active parameters": {
        ("total", "106 billion"), ("active", "12 billion"),
    },
    "that activates 14B parameters out of a total of 142B parameters": {("active", "14B"), ("total", "142B")},
    "[Tiny-30B-A3B](https://example.org/99B-A9B) is here": {("total", "30B"), ("active", "A3B")},
    "- Attention Heads: 48 for queries, 8 for keys/values": {("heads", "48"), ("key_value_heads", "8")},
    "top-6 of 128 routed experts, plus 2 shared experts, in 62 layers": {
        ("experts", "128"), ("shared_experts", "2"), ("layers", "62"),
    },
    "has 16x3.8B parameters with 6.6B active parameters when using 2 experts": {
        ("active", "6.6B"), ("experts_per_token", "2"),
    },
    "9.24B parameters; 8.32B non-embedding parameters": {("total", "9.24B"), ("non_embedding", "8.32B")},
    "- Context Length: Full 131,072 tokens": {("context", "131,072")},
    "| Sequence Length | 4096 |": {("context", "4096")},
    "trained on 15.5T tokens in 2025 with a score of 89.5": set(),
}  # fmt: skip


@pytest.mark.parametrize("line", LINES)
def test_numbers_are_found_with_what_they_are_of(line: str) -> None:
    found = list(numbers(f"# A model\n\n{line}\n{line}\n"))
    assert {(find.quantity, find.stated) for find in found} == LINES[line]
    assert len(found) == len(LINES[line])
    assert {find.line for find in found} <= {3}
    assert all(find.stated in find.text for find in found)


def test_what_is_looked_for_is_what_can_be_measured() -> None:
    assert PATTERNS.keys() <= QUANTITIES.keys()


@given(st.text(alphabet=st.sampled_from("0123456789.,~ABMTK |*<>[]()=: \x1b\u202eparmetslyn"), max_size=400))
def test_what_is_shown_of_any_text_can_be_printed(text: str) -> None:
    for find in numbers(text):
        assert find.text.isprintable()
        assert find.quantity in QUANTITIES


@pytest.mark.parametrize(
    "seed", ["parameters: ", "1,", "<", "((", "[](", "experts of ", " ", "~ 1", "attention heads ("]
)
def test_long_lines_take_no_time(seed: str) -> None:
    began = time.process_time()
    list(numbers((seed * 50_000)[:50_000]))
    list(numbers("\n".join([seed * 50] * 200)))
    assert time.process_time() - began < 1
