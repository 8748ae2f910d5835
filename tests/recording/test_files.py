"""Routing evidence on disk: what is written is read back, and what cannot be true is refused by name."""

from __future__ import annotations

import json
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from fixtures.routing import files as routing_files
from fixtures.routing.counts import Document, RoutingCounts, check, combine
from fixtures.routing.metadata import FORMAT, EvidenceError
from tests.recording.planted import as_cells

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

METADATA: dict[str, Any] = {
    "model": "m", "revision": "r", "weights_dtype": "float32", "experts": 4, "top_k": 2, "layers": 3, "engine": "e",
    "torch": "2", "transformers": "5", "device": "cpu", "corpus": "c", "corpus_revision": "", "corpus_sha256": "",
    "tokenizer_sha256": "", "tokens_per_domain": 100, "shard": "1/1", "started": "2026-01-01T00:00:00Z", "seconds": 1.5,
}  # fmt: skip


def record(seed: int, documents: list[Document], **metadata: Any) -> RoutingCounts:
    """Counts of tokens that choose at random."""
    fields = METADATA | metadata
    generator = torch.Generator().manual_seed(seed)
    layers = len(fields.get("routed_layers", range(fields["layers"])))
    choices = torch.zeros(len(documents), layers, fields["top_k"], fields["experts"], dtype=torch.int32)
    same_first, shared = torch.zeros_like(choices), torch.zeros_like(choices)
    for place, document in enumerate(documents):
        for layer in range(layers):
            before: list[int] = []
            for _ in range(document.tokens):
                chosen = torch.randperm(fields["experts"], generator=generator)[: fields["top_k"]].tolist()
                common = [rank for rank, expert in enumerate(chosen) if expert in before]
                for rank, expert in enumerate(chosen):
                    choices[place, layer, rank, expert] += 1
                same_first[place, layer, 0, chosen[0]] += before[:1] == chosen[:1]
                if common:
                    shared[place, layer, common[0], chosen[common[0]]] += 1
                before = chosen
    return RoutingCounts(fields, tuple(documents), choices, same_first, shared)


SOME = [Document("A", 3, 5), Document("B", 0, 7), Document("A", 1, 1)]


def same(left: RoutingCounts, right: RoutingCounts) -> bool:
    return as_cells(left) == as_cells(right) and set(left.documents) == set(right.documents)


@given(st.integers(0, 2**32), st.lists(st.integers(1, 9), max_size=5))
def test_what_is_written_is_read_back(tmp_path_factory: Any, seed: int, tokens: list[int]) -> None:
    path = tmp_path_factory.mktemp("evidence") / "a.parquet"
    counts = record(seed, [Document("AB"[number % 2], number, size) for number, size in enumerate(tokens)])
    check(counts)
    routing_files.write(counts, path)
    found = routing_files.read([path])
    assert same(found, counts)
    assert dict(found.metadata) == dict(counts.metadata)
    assert [document.domain for document in found.documents] == sorted(document.domain for document in found.documents)


@given(st.permutations(range(6)), st.integers(1, 6))
def test_parts_add_up_in_any_order(order: list[int], cut: int) -> None:
    documents = [Document("A", number, 4) for number in range(6)]
    whole = record(1, documents)
    assert whole.same_first is not None
    assert whole.shared is not None
    parts = [
        RoutingCounts(
            METADATA,
            tuple(documents[n] for n in part),
            *(t[part] for t in (whole.choices, whole.same_first, whole.shared)),
        )
        for part in (order[:cut], order[cut:])
    ]
    assert same(combine(parts, METADATA), whole)


def test_dense_layers_keep_their_numbers(tmp_path: Path) -> None:
    counts = record(1, SOME, routed_layers=[1, 2])
    routing_files.write(counts, tmp_path / "a.parquet")
    assert routing_files.read([tmp_path]).layer_numbers == (1, 2)


def test_evidence_without_repetition_is_evidence(tmp_path: Path) -> None:
    counts = record(1, SOME)
    routing_files.write(RoutingCounts(counts.metadata, counts.documents, counts.choices), tmp_path / "a.parquet")
    found = routing_files.read([tmp_path])
    assert found.same_first is None
    assert torch.equal(found.choices.sum((0, 1, 2)), counts.choices.sum((0, 1, 2)))


def _column(name: str, change: Callable[[list[Any]], list[Any]], kind: str | None = None) -> Callable[[Any], Any]:
    def damage(table: Any) -> Any:
        pyarrow = import_module("pyarrow")
        place = table.column_names.index(name)
        values = change(table[name].to_pylist())
        return table.set_column(place, name, pyarrow.array(values, kind or table.schema.field(name).type))

    return damage


def _metadata(change: Callable[[dict[str, Any]], Any]) -> Callable[[Any], Any]:
    def damage(table: Any) -> Any:
        fields = json.loads(table.schema.metadata[FORMAT.encode()])
        change(fields)
        return table.replace_schema_metadata({FORMAT: json.dumps(fields)})

    return damage


def _first(value: Any) -> Callable[[list[Any]], list[Any]]:
    return lambda values: [value, *values[1:]]


DAMAGE: dict[str, tuple[Callable[[Any], Any], str]] = {
    "no metadata": (lambda table: table.replace_schema_metadata({}), f"no '{FORMAT}' in its metadata"),
    "another form": (
        lambda table: table.replace_schema_metadata({"routing-counts/2": "{}"}), r"found: routing-counts/2"
    ),
    "metadata that is not JSON": (lambda table: table.replace_schema_metadata({FORMAT: "{"}), "metadata is not JSON"),
    "metadata that is no table": (lambda table: table.replace_schema_metadata({FORMAT: "[]"}), "not a table of fields"),
    "a missing field": (_metadata(lambda fields: fields.pop("model")), "metadata lacks model"),
    "a nonsensical shard": (_metadata(lambda fields: fields.update(shard="3/2")), "shard in its metadata is '3/2'"),
    "a nonsensical count": (_metadata(lambda fields: fields.update(experts="8")), "experts in its metadata is '8'"),
    "more choices than experts": (_metadata(lambda fields: fields.update(top_k=5)), "top_k 5 of 4 experts"),
    "layers out of order": (_metadata(lambda fields: fields.update(routed_layers=[2, 1])), "routed_layers in its"),
    "a missing column": (lambda table: table.drop_columns(["rank"]), "column rank is missing"),
    "a column of another type": (_column("count", list, "int64"), "column count is int64, not int32"),
    "empty cells": (_column("expert", _first(None)), "column expert has 1 empty cells"),
    "a layer beyond the last": (_column("layer", _first(3)), "row 0: layer 3 has no router"),
    "a rank beyond the last": (_column("rank", _first(2)), "row 0: rank 2 is not one of 0 to 1"),
    "a negative expert": (_column("expert", _first(-1)), "row 0: expert -1 is not one of 0 to 3"),
    "a count of nothing": (_column("count", _first(0)), "row 0: count is 0, not above zero"),
    "a row twice": (lambda table: _concat([table, table.slice(0, 1)]), "stand in two rows"),
    "a row too few": (lambda table: table.slice(1), "layer 0: its choices do not add up to its tokens"),
    "a document of two domains": (_column("domain", _first("Z")), "is given two domains or two numbers of tokens"),
    "more repeats than choices": (_column("same_first", _first(99)), "same_first is more than the choices"),
    "more shared than choices": (_column("shared", _first(99)), "shared is more than the choices"),
}  # fmt: skip


def _concat(tables: list[Any]) -> Any:
    return import_module("pyarrow").concat_tables(tables)


@pytest.mark.parametrize("case", DAMAGE)
def test_what_cannot_be_true_is_refused_by_name(case: str, tmp_path: Path) -> None:
    parquet = import_module("pyarrow.parquet")
    damage, line = DAMAGE[case]
    path = tmp_path / "a.parquet"
    routing_files.write(record(1, SOME), path)
    parquet.write_table(damage(parquet.read_table(path)), path)
    with pytest.raises(EvidenceError, match=line) as refusal:
        routing_files.read([path])
    assert str(refusal.value).startswith(str(path))
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("content", [b"", b"PAR1", b"\x00" * 100, None])
def test_a_damaged_file_is_refused(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    routing_files.write(record(1, SOME), path)
    path.write_bytes(path.read_bytes()[:-20] if content is None else content)
    with pytest.raises(EvidenceError, match=r"a.parquet is not a Parquet file that can be read"):
        routing_files.read([path])


FOLDERS: dict[str, tuple[list[dict[str, Any]], str]] = {
    "another model": ([{"shard": "1/2"}, {"shard": "2/2", "model": "n"}], "not one measurement: model is 'm' and 'n'"),
    "another precision": ([{"shard": "1/2"}, {"shard": "2/2", "weights_dtype": "fp8"}], "weights_dtype is 'float32'"),
    "an unknown field": ([{"shard": "1/2"}, {"shard": "2/2", "cap": 9}], "cap is None and 9"),
    "a missing shard": ([{"shard": "1/4"}, {"shard": "3/4"}], "shard 2/4, 4/4 is missing"),
    "a doubled shard": ([{"shard": "1/2"}, {"shard": "1/2"}], "shard 1/2 is there more than once"),
    "two divisions": ([{"shard": "1/2"}, {"shard": "2/3"}], "shards of different divisions do not add up: 1/2, 2/3"),
}


@pytest.mark.parametrize("case", FOLDERS)
def test_files_that_do_not_belong_together_are_refused(case: str, tmp_path: Path) -> None:
    fields, line = FOLDERS[case]
    for number, metadata in enumerate(fields):
        routing_files.write(record(1, [Document("A", number, 3)], **metadata), tmp_path / f"{number}.parquet")
    with pytest.raises(EvidenceError, match=line):
        routing_files.read([tmp_path])


def test_a_document_in_two_shards_is_refused(tmp_path: Path) -> None:
    for shard in ("1/2", "2/2"):
        routing_files.write(record(1, SOME, shard=shard), tmp_path / f"{shard[0]}.parquet")
    with pytest.raises(EvidenceError, match="document 0 is recorded twice"):
        routing_files.read([tmp_path])


def test_times_and_devices_may_differ(tmp_path: Path) -> None:
    for number, device in enumerate(["one GPU", "another GPU"], 1):
        metadata = {"shard": f"{number}/2", "device": device, "seconds": number, "started": f"2026-01-0{number}"}
        routing_files.write(record(number, [Document("A", number, 3)], **metadata), tmp_path / f"{number}.parquet")
    together = routing_files.read([tmp_path]).metadata
    assert (together["seconds"], together["started"]) == (3, "2026-01-01")
    assert together["device"] == "another GPU, one GPU"


def test_nothing_is_no_evidence(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match=r"has no \.parquet file in it"):
        routing_files.read([tmp_path])
    with pytest.raises(EvidenceError, match="does not exist: record it first"):
        routing_files.read([tmp_path / "nowhere"])
