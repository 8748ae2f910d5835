"""Routing counts in memory and on disk: what is written is read back, and what cannot be true is refused by name."""

from __future__ import annotations

import json
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.routing import files as routing_files
from fixtures.routing.counts import RoutingCounts, Text, check, combine, select
from fixtures.routing.metadata import FORMAT, EvidenceError
from tests.routing.planted import METADATA, record

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SOME = [Text("A", 3, 5), Text("B", 0, 7), Text("A", 1, 1)]


def cells(counts: RoutingCounts) -> dict[tuple[int, int, int, int], list[int]]:
    """What is counted, by text, layer, rank and expert, whatever the order of texts."""
    found = {}
    for text, layer, rank, expert in np.argwhere(counts.choices).tolist():
        arrays = counts.choices, counts.same_first, counts.shared
        key = counts.texts[text].number, counts.layer_numbers[layer], rank, expert
        found[key] = [int(array[text, layer, rank, expert]) for array in arrays if array is not None]
    return found


def same(left: RoutingCounts, right: RoutingCounts) -> bool:
    return cells(left) == cells(right) and set(left.texts) == set(right.texts)


@given(st.integers(0, 2**32), st.lists(st.integers(1, 9), max_size=5))
def test_what_is_written_is_read_back(tmp_path_factory: Any, seed: int, tokens: list[int]) -> None:
    path = tmp_path_factory.mktemp("evidence") / "a.parquet"
    counts = record(seed, [Text("AB"[number % 2], number, size) for number, size in enumerate(tokens)])
    check(counts)
    routing_files.write(counts, path)
    found = routing_files.read([path])
    assert same(found, counts)
    assert dict(found.metadata) == dict(counts.metadata)
    assert [text.domain for text in found.texts] == sorted(text.domain for text in found.texts)


@given(st.permutations(range(6)), st.integers(1, 6))
def test_parts_add_up_in_any_order(order: list[int], cut: int) -> None:
    texts = [Text("A", number, 4) for number in range(6)]
    whole = record(1, texts)
    assert whole.same_first is not None
    assert whole.shared is not None
    parts = [
        RoutingCounts(
            METADATA,
            tuple(texts[n] for n in part),
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
    routing_files.write(RoutingCounts(counts.metadata, counts.texts, counts.choices), tmp_path / "a.parquet")
    found = routing_files.read([tmp_path])
    assert found.same_first is found.shared is None
    assert np.array_equal(found.choices.sum((0, 1, 2)), counts.choices.sum((0, 1, 2)))


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
    "a shard before the first": (_metadata(lambda fields: fields.update(shard="0/2")), "shard in its metadata"),
    "a nonsensical count": (_metadata(lambda fields: fields.update(experts="8")), "experts in its metadata is '8'"),
    "more choices than experts": (_metadata(lambda fields: fields.update(top_k=5)), "top_k 5 of 4 experts"),
    "layers out of order": (_metadata(lambda fields: fields.update(routed_layers=[2, 1])), "routed_layers in its"),
    "a missing column": (lambda table: table.drop_columns(["rank"]), "column rank is missing"),
    "a column of another type": (_column("count", list, "int64"), "column count is int64, not int32"),
    "empty cells": (_column("expert", _first(None)), "column expert has 1 empty cells"),
    "a layer beyond the last": (_column("layer", _first(3)), "row 0: layer 3 is not one of its routed layers"),
    "a rank beyond the last": (_column("rank", _first(2)), "row 0: rank 2 is not one of 0 to 1"),
    "a negative expert": (_column("expert", _first(-1)), "row 0: expert -1 is not one of 0 to 3"),
    "a count of nothing": (_column("count", _first(0)), "row 0: count 0 is not above zero"),
    "a later row": (_column("rank", lambda values: [*values[:-1], 2]), r"row \d\d+: rank 2 is not one of 0 to 1"),
    "no tokens": (_column("tokens", lambda values: [0] * len(values)), "row 0: tokens 0 is not above zero"),
    "a negative layer": (_column("layer", _first(-1)), "row 0: layer -1 is not one of"),
    "seconds that are none": (_metadata(lambda fields: fields.update(seconds="1")), "seconds in its metadata is '1'"),
    "a layer named twice": (_metadata(lambda fields: fields.update(routed_layers=[1, 1])), "routed_layers in its"),
    "no experts": (_metadata(lambda fields: fields.update(experts=0)), "experts in its metadata is 0, not a count"),
    "a text of two lengths": (_column("tokens", _first(77)), "text 3 is given two domains or two numbers of tokens"),
    "a row twice": (lambda table: _concat([table, table.slice(0, 1)]), "stand in two rows"),
    "a row too few": (lambda table: table.slice(1), "layer 0: its choices do not add up to its tokens"),
    "a text of two domains": (_column("domain", _first("Z")), "is given two domains or two numbers of tokens"),
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
        routing_files.write(record(1, [Text("A", number, 3)], **metadata), tmp_path / f"{number}.parquet")
    with pytest.raises(EvidenceError, match=line):
        routing_files.read([tmp_path])


def test_a_text_in_two_shards_is_refused(tmp_path: Path) -> None:
    for shard in ("1/2", "2/2"):
        routing_files.write(record(1, SOME, shard=shard), tmp_path / f"{shard[0]}.parquet")
    with pytest.raises(EvidenceError, match="text 0 is recorded twice"):
        routing_files.read([tmp_path])


def test_times_and_devices_may_differ(tmp_path: Path) -> None:
    for number, device in enumerate(["one GPU", "another GPU"], 1):
        metadata = {"shard": f"{number}/2", "device": device, "seconds": number, "started": f"2026-01-0{number}"}
        routing_files.write(record(number, [Text("A", number, 3)], **metadata), tmp_path / f"{number}.parquet")
    together = routing_files.read([tmp_path]).metadata
    assert (together["seconds"], together["started"]) == (3, "2026-01-01")
    assert together["device"] == "another GPU, one GPU"


def test_nothing_is_no_evidence(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match=r"has no \.parquet file in it"):
        routing_files.read([tmp_path])
    with pytest.raises(EvidenceError, match="does not exist: record it first"):
        routing_files.read([tmp_path / "nowhere"])


# What a record can be.

ONE = [Text("A", 9, 3)]


def one(**changed: Any) -> RoutingCounts:
    """One text of three tokens at one layer of two experts, k of one: expert 0, 0 and 1. Some of it changed."""
    arrays = {"choices": [[2, 1]], "same_first": [[1, 0]], "shared": [[1, 0]]} | changed
    metadata = METADATA | {"experts": 2, "top_k": len(arrays["choices"]), "layers": 1}
    made = {name: None if each is None else np.array(each, dtype=np.int32)[None, None] for name, each in arrays.items()}
    return RoutingCounts(metadata, tuple(ONE), **made)  # type: ignore[arg-type]  # choices are never None


def test_counts_at_the_edge_of_what_can_be_are_no_fault() -> None:
    check(one())
    check(one(choices=[[3, 0]], same_first=[[2, 0]], shared=[[2, 0]]))
    check(one(choices=[[2, 1], [1, 2]], same_first=[[0, 0], [0, 0]], shared=[[1, 0], [0, 1]]))
    check(one(same_first=None, shared=None))
    check(one(same_first=None, shared=[[9, 9]]))
    check(one(same_first=[[0, 0]]))


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"choices": [[4, -1]]}, "a count is negative"),
        ({"choices": [[2, 2]]}, "its choices do not add up to its tokens"),
        ({"choices": [[2, 0]]}, "its choices do not add up to its tokens"),
        ({"choices": [[2, 1], [2, 1]]}, "an expert is named at two ranks of one token"),
        ({"same_first": [[-1, 0]]}, "same_first is negative"),
        ({"shared": [[1, -1]]}, "shared is negative"),
        ({"same_first": [[0, 2]], "shared": [[0, 1]]}, "same_first is more than the choices"),
        ({"shared": [[0, 2]], "same_first": [[0, 0]]}, "shared is more than the choices"),
        ({"shared": [[2, 1]]}, "shared is more than its pairs of tokens"),
        ({"same_first": [[2, 1]], "shared": [[2, 0]]}, "same_first is more than its pairs of tokens"),
        (
            {"choices": [[2, 1], [1, 2]], "same_first": [[0, 0], [1, 0]], "shared": [[0, 0], [1, 0]]},
            "same_first stands beside a choice that is not the first",
        ),
        ({"same_first": [[1, 0]], "shared": [[0, 1]]}, "same_first is more than shared"),
        (
            {"choices": [[2, 1], [1, 2]], "same_first": [[0, 0], [0, 0]], "shared": [[2, 0], [0, 1]]},
            "shared is more than its pairs of tokens",
        ),
    ],
)
def test_counts_that_cannot_be_are_refused(changed: dict[str, Any], why: str) -> None:
    with pytest.raises(EvidenceError, match=f"^text 9, layer 0: {why}"):
        check(one(**changed))


def test_a_fault_is_named_by_the_text_s_number_and_the_layer_s() -> None:
    counts = record(1, SOME, routed_layers=[1, 2])
    counts.choices[2, 1, 0, 0] += 1
    with pytest.raises(EvidenceError, match=r"^text 1, layer 2: "):
        check(counts)


def test_one_token_repeats_nothing() -> None:
    counts = RoutingCounts(
        METADATA | {"experts": 2, "top_k": 1, "layers": 1},
        (Text("A", 4, 1),),
        *(np.array([[[[1, 0]]]], dtype=np.int32) * times for times in (1, 0, 1)),
    )
    with pytest.raises(EvidenceError, match="text 4, layer 0: shared is more than its pairs"):
        check(counts)


def test_a_record_says_its_sizes() -> None:
    counts = record(1, SOME, routed_layers=[1, 2])
    assert (counts.layer_numbers, counts.experts, counts.top_k, counts.domains) == ((1, 2), 4, 2, ("A", "B"))
    assert counts.tokens().tolist() == [5, 7, 1]
    assert counts.domain_numbers().tolist() == [0, 1, 0]


def test_parts_without_repetition_make_a_whole_without() -> None:
    parts = record(1, SOME[:1]), record(2, SOME[1:])
    bare = RoutingCounts(METADATA, parts[0].texts, parts[0].choices)
    assert combine([bare, parts[1]], METADATA).same_first is None
    assert combine([parts[1], bare], METADATA).shared is None
    whole = combine(parts, METADATA)
    assert [text.number for text in whole.texts] == [1, 3, 0]
    assert whole.choices.dtype == np.int32
    assert combine([], METADATA).choices.shape == (0, 3, 2, 4)


def test_a_selection_keeps_what_belongs_to_its_texts() -> None:
    counts = record(1, SOME)
    some = select(counts, [True, False, True])
    assert some.texts == (SOME[0], SOME[2])
    assert cells(some) == {key: value for key, value in cells(counts).items() if key[0] != 0}
    assert select(RoutingCounts(METADATA, counts.texts, counts.choices), [True, False, False]).shared is None


def test_a_file_is_whole_or_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.parquet"
    counts = record(1, SOME)
    routing_files.write(counts, path)
    assert [each.name for each in tmp_path.iterdir()] == ["a.parquet"]
    assert routing_files.read_file(path).metadata == dict(counts.metadata)
    before = path.read_bytes()

    def fails(_table: Any, to: Path, **_how: Any) -> None:
        to.write_bytes(b"half")
        raise OSError("full")

    monkeypatch.setattr(import_module("pyarrow.parquet"), "write_table", fails)
    with pytest.raises(OSError, match="full"):
        routing_files.write(record(2, SOME), path)
    assert path.read_bytes() == before


def test_a_shard_is_read_alone_and_a_file_only_once(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    routing_files.write(record(1, SOME, shard="1/2"), path)
    assert routing_files.read_file(path).metadata["shard"] == "1/2"
    with pytest.raises(EvidenceError, match=r"a\.parquet is given twice"):
        routing_files.read([path, tmp_path])
    with pytest.raises(EvidenceError, match=r"b\.parquet is not a Parquet file that can be read"):
        routing_files.read_file(tmp_path / "b.parquet")
    path.write_bytes(b"nothing")
    with pytest.raises(EvidenceError, match=r"a\.parquet is not a Parquet file"):
        routing_files.read_file(path)


def test_without_pyarrow_the_line_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(routing_files, "import_module", missing)
    with pytest.raises(EvidenceError, match=r"needs pyarrow: pip install"):
        routing_files.read_file(tmp_path / "a.parquet")


def test_the_smallest_model_is_a_model(tmp_path: Path) -> None:
    counts = record(1, SOME, experts=1, top_k=1, layers=1, tokens_per_domain=1)
    routing_files.write(
        RoutingCounts(counts.metadata, counts.texts, counts.choices, None, counts.shared), tmp_path / "a.parquet"
    )
    found = routing_files.read([tmp_path])
    assert found.choices.shape == (3, 1, 1, 1)
    assert found.shared is None


def test_half_of_repetition_is_none(tmp_path: Path) -> None:
    parquet, path = import_module("pyarrow.parquet"), tmp_path / "a.parquet"
    routing_files.write(record(1, SOME), path)
    parquet.write_table(parquet.read_table(path).drop_columns(["shared"]), path)
    found = routing_files.read([path])
    assert found.same_first is found.shared is None


def test_texts_and_layers_keep_their_counts_in_any_order_of_rows(tmp_path: Path) -> None:
    parquet, path = import_module("pyarrow.parquet"), tmp_path / "a.parquet"
    counts = record(3, [Text("B", 12, 6), Text("A", 40, 5), Text("A", 7, 4)], routed_layers=[0, 2])
    routing_files.write(counts, path)
    table = parquet.read_table(path)
    order = np.random.default_rng(1).permutation(len(table))
    parquet.write_table(table.take(order), path, row_group_size=7)
    found = routing_files.read_file(path)
    assert [text.number for text in found.texts] == [7, 40, 12]
    assert same(found, counts)
