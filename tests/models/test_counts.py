"""The list of counts is what the suite's models give today, and the command gives the same for a file of one's own."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from packaging.version import Version

from benchmarks.model_counts_list import models, schema
from claim_suite.fixtures.models.counts import LIST, SCHEMA, Counts, count, find, listed, main, table
from tests.models.configurations import of_card, published
from tests.sampled import sampled

if TYPE_CHECKING:
    from pathlib import Path

WRITE = "write them anew: python -m benchmarks.model_counts_list"
ALL = {identity: (name, origin, link, config) for identity, name, origin, link, config in models()}
BY_FORMULA = [identity for identity, of in listed().items() if of.route == "formula"]
BUILT = [identity for identity, of in listed().items() if of.route == "library"]


def again(identity: str) -> Counts:
    name, origin, link, config = ALL[identity]
    return count(config, id=identity, name=name, origin=origin, link=link)


def test_every_model_is_in_the_list_as_the_formula_counts_it_today() -> None:
    assert listed().keys() == ALL.keys(), WRITE
    assert {identity: listed()[identity] for identity in BY_FORMULA} == {one: again(one) for one in BY_FORMULA}, WRITE


@pytest.mark.parametrize("identity", sampled(BUILT, 2))
def test_a_model_that_the_library_builds_is_as_listed(identity: str) -> None:
    assert again(identity) == listed()[identity], WRITE


@pytest.mark.skipif(Version(msgspec.__version__) < Version("0.22"), reason="an older msgspec writes a schema otherwise")
def test_the_schema_and_the_table_are_those_of_the_list() -> None:
    assert SCHEMA.read_bytes() == schema(), WRITE
    keys = {key for one in json.loads(LIST.read_bytes()) for key in one}
    assert keys == {*json.loads(SCHEMA.read_bytes())["$defs"]["Counts"]["properties"]}
    with LIST.with_suffix(".csv").open(encoding="utf-8", newline="") as file:
        rows = [*csv.DictReader(file)]
    expected = [{key: "" if of is None else str(of) for key, of in row.items()} for row in table(listed().values())]
    assert rows == expected, WRITE


def test_conventions_that_change_nothing_are_left_out() -> None:
    of = listed()["glm-4-5"]
    assert of.by_convention["total"]["with multi-token prediction, without input embedding and head"] == 355_233_991_936
    assert "text part alone" not in of.by_convention["total"]
    assert of.active == 33_632_251_904


@pytest.mark.parametrize("of", ["folder", "file"])
def test_a_folder_or_a_file_is_counted_without_torch(of: str, tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text(json.dumps(published("mixtral-8x7b-v0.1")), encoding="utf-8")
    asked = str(tmp_path if of == "folder" else path)
    program = f"""if True:
        import sys
        from claim_suite.fixtures.models.counts import main
        main([{asked!r}, "--json"])
        sys.exit(bool({{"torch", "transformers", "pytest"}} & {{*sys.modules}}))"""
    ran = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    (found,) = msgspec.json.decode(ran.stdout, type=list[Counts])
    assert (found.total, found.active) == (46_702_792_704, 12_879_925_248)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is no configuration: "),
        ("[]", "it names no model_type"),
        (json.dumps(of_card("llama-3-1-8b") | {"num_key_value_heads": None, "num_kv_heads": 8}), "does it mean"),
    ],
)
def test_what_cannot_be_counted_is_one_line(content: str, message: str, tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "config.json").write_text(content, encoding="utf-8")
    assert main([str(tmp_path)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line


def test_a_name_that_is_no_model_is_refused_with_the_nearest() -> None:
    with pytest.raises(ValueError, match=r"'mixtral-8x7b' must be .*; the nearest there is mixtral-8x7b-v0-1"):
        find("mixtral-8x7b")
