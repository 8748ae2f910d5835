"""Routing counts in memory and on disk: what is written is read back, and what cannot be true is refused by name."""

from __future__ import annotations

import hashlib
import json
import os
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow  # type: ignore[import-untyped]  # it has no types
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from claim_suite.fixtures.errors import EvidenceError
from claim_suite.fixtures.routing import files
from claim_suite.fixtures.routing.counts import Counts, Text, check, combine
from claim_suite.fixtures.routing.files import Record
from claim_suite.fixtures.routing.metadata import FORMAT, UNKNOWN, check_complete, summarise
from tests.routing.planted import record

SOME = [Text("A", 1, 1), Text("A", 3, 5), Text("B", 0, 7)]
ARRAYS = ("choices", "same_first", "shared", "losses")


def written(made: Record, path: Path) -> Path:
    files.write([made.counts], made.metadata, path)
    return path


def same(left: Counts, right: Counts) -> bool:
    order = [left.texts.index(text) for text in right.texts]
    left = left.select(order)
    pairs = [(getattr(left, name), getattr(right, name)) for name in ARRAYS]
    return len(left.texts) == len(right.texts) and all(
        (one is None) is (other is None) and (one is None or np.array_equal(one, other, equal_nan=True))
        for one, other in pairs
    )


@given(st.integers(0, 2**32), st.lists(st.integers(1, 300), min_size=1, max_size=5), st.sampled_from([300, 10**6]))
def test_what_is_written_is_read_back(tmp_path_factory: Any, seed: int, tokens: list[int], cap: int) -> None:
    texts = [Text("AB"[number % 2], number, size) for number, size in enumerate(tokens)]
    made = record(seed, texts, tokens_per_text=cap)
    path = written(made, tmp_path_factory.mktemp("evidence") / "a.parquet")
    assert same(combine(list(files.scan(path))), made.counts)
    assert str(parquet.read_schema(path).field("choices").type.value_type) == f"uint{16 if cap == 300 else 32}"
    found = files.read([path])
    assert found.metadata == made.metadata
    assert list(found.counts.texts) == sorted(texts)
    assert same(found.counts, replace(made.counts, choices=made.counts.choices.sum(2, keepdims=True)))


@given(st.permutations(range(6)), st.integers(1, 5))
def test_parts_add_up_in_any_order(order: list[int], cut: int) -> None:
    made = record(1, [Text("A", number, 4) for number in range(6)]).counts
    assert same(combine([made.select(order[:cut]), made.select(order[cut:])]), made)


def test_a_file_is_read_in_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "BLOCK", 1)
    path = written(record(1, SOME), tmp_path / "a.parquet")
    assert [len(part.texts) for part in files.scan(path)] == [1, 1, 1]
    assert same(combine(list(files.scan(path))), record(1, SOME).counts)


def test_dense_layers_keep_their_numbers(tmp_path: Path) -> None:
    made = record(1, SOME, routed_layers=[1, 2])
    path = written(made, tmp_path / "a.parquet")
    assert same(combine(list(files.scan(path))), made.counts)
    made.counts.choices[1, 1, 0, 0] += 1
    with pytest.raises(EvidenceError, match=r"^text 3, layer 2: "):
        written(made, path)


def test_what_was_not_counted_may_be_missing(tmp_path: Path) -> None:
    metadata, counts = record(1, SOME)
    pooled = counts.choices.sum(2, keepdims=True)
    bare = Record(metadata | {"ranks": UNKNOWN}, Counts(counts.texts, pooled))
    found = files.read([written(bare, tmp_path / "a.parquet")]).counts
    assert same(found, bare.counts)
    assert not found.with_losses().texts
    # The smallest model is a model.
    made = record(1, SOME, experts=1, top_k=1, layers=1, tokens_per_domain=1, tried=[1])
    assert files.read([written(made, tmp_path / "b.parquet")]).counts.choices.shape == (3, 1, 1, 1)


def test_choices_are_kept_one_by_one_where_they_are_wanted(tmp_path: Path) -> None:
    made = record(1, SOME)
    chosen = np.empty(3, dtype=object)
    chosen[:] = [np.full((text.tokens, 3, 2), text.number) for text in SOME]
    path = written(Record(made.metadata, replace(made.counts, chosen=chosen)), tmp_path / "a.parquet")
    found = files.read([path], chosen=True).counts.chosen
    assert found is not None
    assert all(np.array_equal(one, other) for one, other in zip(found, chosen, strict=True))
    assert files.read([path]).counts.chosen is None


Table = Any


def _column(name: str, change: Callable[[list[Any]], list[Any]], kind: str | None = None) -> Callable[[Table], Table]:
    def damage(table: Table) -> Table:
        place = table.column_names.index(name)
        values = change(table[name].to_pylist())
        return table.set_column(place, name, pyarrow.array(values, kind or table.schema.field(name).type))

    return damage


def _said(**changed: Any) -> Callable[[Table], Table]:
    """Change fields of the metadata; an ellipsis takes one away."""

    def damage(table: Table) -> Table:
        said = json.loads(table.schema.metadata[FORMAT.encode()]) | changed
        fields = {name: value for name, value in said.items() if value is not ...}
        return table.replace_schema_metadata({FORMAT: json.dumps(fields)})

    return damage


def _first(value: Any) -> Callable[[list[Any]], list[Any]]:
    return lambda values: [value, *values[1:]]


def _cell(value: Any) -> Callable[[list[Any]], list[Any]]:
    """Change the first number of the first text."""
    return lambda values: [[value, *values[0][1:]], *values[1:]]


def _words_for_choices(table: Table) -> Table:
    words = pyarrow.array([["a"] * 24] * len(SOME), pyarrow.list_(pyarrow.string(), 24))
    return table.set_column(table.column_names.index("choices"), "choices", words)


HUB, COMMIT = {"model": "mistralai/Mixtral-8x7B-v0.1"}, "fc7ac94680e38d7348cfa806e51218e6273104b0"


def seal(table: Table) -> Table:
    """Give a table that was changed on purpose the hashes that belong to it."""
    digest = files.Digest()
    for block in table.combine_chunks().to_batches():
        digest.add(block)
    stored = table.schema.metadata or {}
    said = hashlib.sha256(stored.get(FORMAT.encode(), b"")).hexdigest()
    return table.replace_schema_metadata(stored | {files.OF_METADATA: said, files.OF_COLUMNS: digest.hex()})


# What is done to a file, and the line that says it.
DAMAGE: dict[str, tuple[Callable[[Table], Table], str]] = {
    "no metadata": (lambda table: table.replace_schema_metadata({}), f"no '{FORMAT}' in its metadata"),
    "another form": (lambda table: table.replace_schema_metadata({"routing/9": "{}"}), r"found: routing/9"),
    "metadata that is not JSON": (lambda table: table.replace_schema_metadata({FORMAT: "{"}), "metadata is not JSON"),
    "metadata that is no table": (lambda table: table.replace_schema_metadata({FORMAT: "[]"}), "not a table of fields"),
    "no name": (_said(model=" "), "model in its metadata is empty"),
    "a missing field": (_said(model=...), "metadata lacks model"),
    "a nonsensical count": (_said(experts="8"), "experts in its metadata is '8'"),
    "an absurd count": (_said(layers=10**12), "layers in its metadata is 1000000"),
    "no experts": (_said(experts=0), "experts in its metadata is 0, not a count"),
    "more choices than experts": (_said(top_k=5), "top_k 5 of 4 experts"),
    "layers out of order": (_said(routed_layers=[2, 1]), "routed_layers in its"),
    "a layer named twice": (_said(routed_layers=[1, 1]), "routed_layers in its"),
    "a layer beyond the last": (_said(routed_layers=[3]), "routed_layers in its"),
    "seconds that are none": (_said(seconds="1"), "seconds in its metadata is '1'"),
    "a name that is another's": (_said(identity="mixtral-8x7b-v0.1"), "nothing says how that is known"),
    "a name of another commit": (_said(**HUB, identity="mixtral-8x7b-v0.1"), "identity in its .* at r is not that"),
    "a commit of another name": (_said(**HUB | {"revision": COMMIT}, identity=HUB["model"]), "is not that"),
    "a text twice": (lambda table: pyarrow.concat_tables([table, table.slice(0, 1)]), "text 1 |1, layer 0"),
    "no text": (lambda table: table.slice(0, 0), "has no text in it"),
    "a model that is no name": (_said(model=None), "model in its metadata is None"),
    "an odd note": (_said(small_domains=5), "small_domains in its metadata is 5"),
    "ranks of no kind": (_said(ranks="random"), "ranks in its metadata is 'random'"),
    "an odd plan": (_said(plan=[1]), "plan in its metadata is no table of domains"),
    "numbers tried of nothing": (_said(tried=[]), "tried in its metadata is"),
    "numbers tried beyond all": (_said(tried=[9]), "tried in its metadata is"),
    "a missing column": (lambda table: table.drop_columns(["tokens"]), "column tokens is missing"),
    "no choices": (lambda table: table.drop_columns(["choices"]), "column choices is missing"),
    "a column of another type": (_column("tokens", list, "int64"), "column tokens is int64, not int32"),
    "more experts than counts": (_said(experts=9), "not a list of 54 numbers a text"),
    "a size beyond memory": (_said(experts=10**6), "not a list of 6000000 numbers"),
    "words for counts": (_words_for_choices, "column choices is fixed_size_list<.*string>.*, not a list of 24"),
    "empty cells": (_column("domain", _first(None)), "column domain has 1 empty cells"),
    "an empty count": (_column("choices", _cell(None)), "column choices has empty cells"),
    "an empty list": (_column("shared", _first(None)), "column shared has empty cells"),
    "a count too many": (_column("choices", _cell(9)), "text 1, layer 0: its choices do not add up to its tokens"),
    "no tokens": (_column("tokens", _first(0)), "text 1 has 0 tokens"),
    "a negative text": (_column("text", _first(-1)), "text -1 has 1 tokens"),
    "a loss below zero": (_column("losses", _cell(-1.0)), "a loss is below zero or is not finite"),
    "a loss of no model": (_column("losses", _cell(1e6)), "a loss is above 500 nats a token"),
    "a loss beyond all numbers": (_column("losses", _cell(float("inf"))), "a loss is below zero or is not finite"),
}  # fmt: skip


@pytest.mark.parametrize("case", DAMAGE)
def test_what_cannot_be_true_is_refused_by_name(case: str, tmp_path: Path) -> None:
    damage, line = DAMAGE[case]
    path = written(record(1, SOME), tmp_path / "a.parquet")
    parquet.write_table(seal(damage(parquet.read_table(path))), path)
    with pytest.raises(EvidenceError, match=line):
        files.read([path])


@pytest.mark.parametrize("case", ["no tokens", "a loss below zero", "a nonsensical count", "a text twice"])
def test_what_is_changed_without_its_hash_is_damaged(case: str, tmp_path: Path) -> None:
    path = written(record(1, SOME), tmp_path / "a.parquet")
    stored = parquet.read_metadata(path).metadata
    parquet.write_table(seal(table := parquet.read_table(path)), path)
    assert same(combine(list(files.scan(path))), record(1, SOME).counts)
    changed = DAMAGE[case][0](table)
    told = {key: stored[key.encode()] for key in (files.OF_METADATA, files.OF_COLUMNS)}
    parquet.write_table(changed.replace_schema_metadata((changed.schema.metadata or {}) | told), path)
    with pytest.raises(EvidenceError, match=DAMAGE[case][1] + "|it is damaged: the sha256 of the"):
        files.read([path])


def test_a_changed_byte_is_never_another_number(tmp_path: Path) -> None:
    """Of every part of the file: pages, their headers, and the footer with the metadata."""
    made = record(5, [Text("AB"[number % 2], number, 3 + number) for number in range(12)])
    path = written(made, tmp_path / "a.parquet")
    content, found, drawn = path.read_bytes(), files.read([path]), random.Random(5)
    refused = []
    for place in drawn.sample(range(len(content)), 300):
        damaged = bytearray(content)
        damaged[place] ^= 1 << drawn.randrange(8)
        path.write_bytes(damaged)
        try:
            read = files.read([path])
        except EvidenceError as error:
            refused.append(str(error))
        else:
            assert read.metadata == found.metadata
            assert same(read.counts, found.counts)
    assert len(refused) > 200
    assert not [line for line in refused if "\n" in line]


@pytest.mark.parametrize("content", [b"", b"PAR1", b"\x00" * 100, None])
def test_a_damaged_file_is_refused(content: bytes | None, tmp_path: Path) -> None:
    path = written(record(1, SOME), tmp_path / "a.parquet")
    path.write_bytes(path.read_bytes()[:-20] if content is None else content)
    with pytest.raises(EvidenceError, match=r"a.parquet is not a Parquet file that can be read"):
        files.read([path])


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        ({"model": "n"}, "not one measurement: model is 'm' and 'n'"),
        ({"weights_dtype": "fp8"}, "weights_dtype is 'float32' and 'fp8'"),
        ({"cap": 9}, "cap is None and 9"),
    ],
)
def test_files_that_do_not_belong_together_are_refused(changed: dict[str, Any], line: str, tmp_path: Path) -> None:
    for number, metadata in enumerate(({}, changed)):
        written(record(1, [Text("A", number, 3)], **metadata), tmp_path / f"{number}.parquet")
    with pytest.raises(EvidenceError, match=line):
        files.read([tmp_path])


def test_files_of_one_measurement_are_one(tmp_path: Path) -> None:
    for number, device in enumerate(["one GPU", "another GPU"], 1):
        metadata = {"device": device, "seconds": number, "started": f"2026-01-0{number}"}
        written(record(number, [Text("A", number, 3)], **metadata), tmp_path / f"{number}.parquet")
    metadata, counts = files.read([tmp_path])
    assert (metadata["seconds"], metadata["started"]) == (3, "2026-01-01")
    assert metadata["device"] == "another GPU, one GPU"
    assert [text.number for text in counts.texts] == [1, 2]
    written(record(1, [Text("A", 1, 3)]), tmp_path / "3.parquet")
    with pytest.raises(EvidenceError, match="text 1 is recorded twice"):
        files.read([tmp_path])


def test_nothing_is_no_evidence(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match=r"has no \.parquet file in it"):
        files.read([tmp_path])
    with pytest.raises(EvidenceError, match="nowhere is not a file"):
        files.read([tmp_path / "nowhere"])
    os.mkfifo(tmp_path / "pipe.parquet")  # to open it would wait for ever
    with pytest.raises(EvidenceError, match=r"pipe\.parquet is not a file"):
        files.read([tmp_path])
    (tmp_path / "pipe.parquet").unlink()
    path = written(record(1, SOME), tmp_path / "a.parquet")
    with pytest.raises(EvidenceError, match=r"a\.parquet is given twice"):
        files.read([path, tmp_path])


CHANGES: dict[str, tuple[Callable[[Text], Text | None], str]] = {
    "a lost text": (lambda text: None if text.number == 1 else text, "has 1 of 2 planned texts of A, or others"),
    "a lost domain": (lambda text: None if text.domain == "B" else text, "has 0 of 1 planned texts of B"),
    "a renamed domain": (lambda text: text._replace(domain="C" if text.domain == "B" else "A"), "0 of 1 .* of B"),
    "a renamed text": (lambda text: text._replace(number=text.number * 9), "has 2 of 2 planned texts of A, or others"),
    "a shorter text": (lambda text: text._replace(tokens=1), "has 2 of 2 planned texts of A, or others"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_evidence_that_lacks_what_it_planned_is_refused(change: str) -> None:
    check_complete(summarise(SOME), SOME[::-1])
    changed, line = CHANGES[change]
    with pytest.raises(EvidenceError, match=line):
        check_complete(summarise(SOME), [text for text in map(changed, SOME) if text])


# What a record can be.


def one(**changed: Any) -> Counts:
    """One text of three tokens at one layer of two experts, k of one: expert 0, 0 and 1. Some of it changed."""
    arrays = {"choices": [[2, 1]], "same_first": 1, "shared": 1} | changed
    made = {name: None if each is None else np.array(each)[None, None] for name, each in arrays.items()}
    return Counts((Text("A", 9, 3),), **made)  # type: ignore[arg-type]  # choices are never None


def test_counts_at_the_edge_of_what_can_be_are_no_fault() -> None:
    check(one(), 1, [0])
    check(one(choices=[[3, 0]], same_first=2, shared=2), 1, [0])
    check(one(choices=[[2, 1], [1, 2]], same_first=0, shared=2), 2, [0])
    check(one(choices=[[3, 3]]), 2, [0])  # of a set
    check(one(same_first=None, shared=None), 1, [0])


@pytest.mark.parametrize(
    ("changed", "top_k", "why"),
    [
        ({"choices": [[4, -1]]}, 1, "a count is negative"),
        ({"choices": [[2, 2]]}, 1, "its choices do not add up to its tokens"),
        ({"choices": [[2, 0]]}, 1, "its choices do not add up to its tokens"),
        ({"choices": [[2, 1]]}, 2, "its choices do not add up to its tokens"),
        ({"choices": [[2, 1], [2, 1]]}, 2, "an expert is named at two ranks of one token"),
        ({"choices": [[4, 2]]}, 2, "an expert is named at two ranks of one token"),
        ({"same_first": -1}, 1, "same_first is negative"),
        ({"shared": -1}, 1, "shared is negative"),
        ({"same_first": 3, "shared": 3}, 1, "same_first is more than its pairs of tokens"),
        ({"same_first": 2}, 1, "same_first is more than shared"),
    ],
)
def test_counts_that_cannot_be_are_refused(changed: dict[str, Any], top_k: int, why: str) -> None:
    with pytest.raises(EvidenceError, match=f"^text 9, layer 4: {why}"):
        check(one(**changed), top_k, [4])


def test_a_file_is_whole_or_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(record(1, SOME), tmp_path / "a.parquet")
    before = path.read_bytes()

    def fails(*_: Any) -> None:
        raise OSError("full")

    monkeypatch.setattr(parquet.ParquetWriter, "write_batch", fails)
    with pytest.raises(OSError, match="full"):
        written(record(2, SOME), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_text_longer_than_its_metadata_allows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match="a text has 7 tokens, its metadata allows 6"):
        written(record(1, SOME, tokens_per_text=6), tmp_path / "a.parquet")
