"""What a card file can say, and that whatever is wrong in one is told in one line that names the file."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest

from claim_suite.fixtures.cards.card import CardError, read_card
from claim_suite.fixtures.cards.given import load
from claim_suite.fixtures.cards.plugin import Models, cards_in
from claim_suite.fixtures.cards.quantities import QUANTITIES
from claim_suite.fixtures.models import config, published
from claim_suite.fixtures.models.parameters import NotKnown, UnknownFamily
from claim_suite.fixtures.origins import PROJECT
from tests.cards.samples import CONFIG, card, write

CARDS = sorted((PROJECT / "claims/model_cards/cards").glob("*.toml"))


def test_a_card_says_what_is_printed_where(tmp_path: Path) -> None:
    text = card(
        'total = "1.5B"', 'active = { stated = "A1B", loosely = "cut", convention = "without the input embedding" }'
    )
    text += '[[printed]]\nid = "report"\nwhere = "Table 1"\nlink = "https://example.org"\ntotal = 1500\n'
    read = read_card(write(tmp_path, "tiny", text))
    total, active, report = read.numbers
    assert [number.id for number in read.numbers] == ["tiny-total", "tiny-active", "tiny-report-total"]
    assert (total.says, total.where, total.link) == ("Tiny has 1.5B parameters in total.", "its card", "")
    assert (report.where, report.link, report.stated) == ("Table 1", "https://example.org", 1500)
    assert (active.convention_of("literal"), active.convention_of("loose")) == ("", "without the input embedding")
    assert active.printed("literal").low == active.printed("loose").low
    assert total.printed("loose").loose


def test_a_case_has_the_digest_of_its_configuration(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    digests = []
    for text in (card("layers = 3"), card("layers = 4"), card("layers = 3", config=CONFIG | {"num_experts": 7})):
        write(tmp_path, "tiny", text)
        (entry,) = cards_in(tmp_path)(request.config)
        digests.append(entry.keywords["digest"])
    one, same, other = digests
    assert one == same != other


def test_a_configuration_can_be_a_name_or_a_file_or_have_null(tmp_path: Path) -> None:
    begin, end = (
        'name = "T"\nfamily = "T"\norganisation = "us"\ndate = "2026"\n',
        '[[printed]]\nwhere = "x"\nlayers = 3\n',
    )
    named = read_card(write(tmp_path, "named", f'{begin}configuration = "llama-2-13b"\n{end}'))
    assert named.configuration.values["hidden_size"] == 5120
    assert named.configuration.file == "fixtures/data/configs/llama-2-13b.json"
    assert named.model == "llama-2-13b"
    content = json.dumps(CONFIG).encode()
    (tmp_path / "config.json").write_bytes(content)
    table = f'[configuration]\nfile = "config.json"\norigin = "o"\nsha256 = "{hashlib.sha256(content).hexdigest()}"\n'
    assert read_card(write(tmp_path, "file", begin + table + end)).configuration.values == CONFIG
    text = card("layers = 3", name="T 1.5B").replace("[configuration]", '[configuration]\nnull = ["a"]')
    null = read_card(write(tmp_path, "null", text))
    assert null.configuration.values["a"] is None
    assert (null.id, null.model) == ("t-1-5b", "t-1.5b")


BAD: dict[str, tuple[str, str]] = {
    "misspelt field": (card("layers = 3").replace("family", "famly"), "a card has no field 'famly'; known are name"),
    "misspelt quantity": (card("layrs = 3"), "'layrs' is no quantity; known are total, active"),
    "misspelt declaration": (card('total = { stated = "1B", loosly = "x" }'), "total: a number has no field 'loosly'"),
    "two declarations": (card('total = { stated = "1B", loosely = "a", refuted = "b" }'), "it can be only one"),
    "no last digit": (card('total = "3.B"'), "total: 'stated' must be a number as cards print it"),
    "no number": (card('total = "lots"'), "'128K', got 'lots'"),
    "a float": (card("total = 3.5"), "total: 3.5 is no number as printed: write it in quotes"),
    "ambiguous comma": (card('total = "30,532B"'), "can be 30.532 or 30532: write it with a point"),
    "unknown convention": (
        card('total = { stated = "1B", loosely = "x", convention = "as I like" }'),
        "'as I like' is no convention of total: without the input embedding",
    ),
    "a convention without words": (
        card('total = { stated = "1B", convention = "without the input embedding" }'),
        "with a note that says where the card states it",
    ),
    "no reason": (card('total = { stated = "1B", refuted = " " }'), "total: refuted is words, not ' '"),
    "two of one name in a card": (
        card("layers = 3") + '[[printed]]\nwhere = "again"\nlayers = 3\n',
        "two numbers are called tiny-layers: give one of their [[printed]] an id",
    ),
    "nothing printed": (card("layers = 3").partition("[[printed]]")[0], "a card has a [[printed]] for each place"),
    "no number printed": (card(""), "numbers of its model are printed, with numbers"),
    "no link": (card('layers = 3\nlink = "here"'), "layers: 'link' must be an address such as https://"),
    "no place": (card("layers = 3").replace("where", "# where"), "where is missing: give it in words"),
    "no configuration": (
        card("layers = 3").replace("[configuration.values]", "[configuration.vals]"), "configuration is the name",
    ),
    "no model type": (card("layers = 3", config={"hidden_size": 1}), "the configuration names no model_type"),
    "absurd size": (
        card("layers = 3", config=CONFIG | {"num_hidden_layers": 10**9}),
        "num_hidden_layers: 1000000000 is more than the 2,000 that are built",
    ),
    "absurd experts": (
        card("layers = 3", config=CONFIG | {"num_experts": 10**9}),
        "num_experts: 1000000000 is more than the 20,000 that are built",
    ),
    "absurd vocabulary": (
        card("layers = 3", config=CONFIG | {"vocab_size": 10**13}),
        "vocab_size: 10000000000000 is more than the 100,000,000 that are built",
    ),
    "an endless number": (card(f'total = "{"9" * 500}"'), "total: it has more than 40 characters"),
    "a date": (card("layers = 3").replace("head_dim = 8", "head_dim = 2024-01-01"), "a value that JSON has not"),
    "exact and cut short": (card('layers = { stated = 4, loosely = "x" }'), "4 is exact and cannot be cut short"),
    "no folder of weights": (
        card("layers = 3", more='checkpoint = "nowhere"'),
        "checkpoint: 'nowhere' is no folder",
    ),
    "not TOML": ("name = ", "Invalid value"),
    "not text": ("\udcff", "can't decode"),
    "a deep name": ("a." * 20_000 + "b = 1", "no table is that deep"),
    "deep": ("a = " + "[" * 100_000, ""),
    "an unknown name of a configuration": (
        'name = "T"\nfamily = "T"\norganisation = "u"\ndate = "2"\nconfiguration = "../../x"\n', "has no row",
    ),
    "a file that changed": (
        card("layers = 3").partition("[configuration]")[0] + '[configuration]\nfile = "config.json"\norigin = "o"\n',
        'is not the file whose hash the card has: its sha256 = "',
    ),
    "a file elsewhere": (
        card("layers = 3").partition("[configuration]")[0] + '[configuration]\nfile = "../config.json"\norigin = "o"\n',
        "does not lie beside the card",
    ),
    "a name of several lines": (card("layers = 3", name="a\\nb"), "name is not one line of text"),
    "a name that hides": (card("layers = 3", name="a\\u202eb"), "name is not one line of text"),
    "a name without letters": (card("layers = 3", name="<>"), "name has a letter or digit of the Latin alphabet"),
    "an endless name": (card("layers = 3", name="a" * 1000), "and at most 80 characters"),
}  # fmt: skip


@pytest.mark.parametrize("bad", BAD)
def test_a_bad_card_is_refused_in_one_line(tmp_path: Path, bad: str) -> None:
    text, says = BAD[bad]
    (tmp_path / "config.json").write_text("{}")
    path = tmp_path / "bad.toml"
    path.write_text(text, encoding="utf-8", errors="surrogateescape")
    with pytest.raises(CardError) as caught:
        read_card(path)
    line = str(caught.value)
    assert line.startswith("bad.toml: ")
    assert says in line
    assert "\n" not in line
    assert len(line) <= 500


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


HARM: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (Path.unlink, "it cannot be read (No such file"),
    "large": (lambda path: path.write_bytes(b" " * 2**21), "a card is a file of less than a megabyte"),
    "pipe": (pipe, "a card is a file of less than a megabyte"),
}


@pytest.mark.parametrize("name", HARM)
def test_a_file_that_is_none_is_refused(tmp_path: Path, name: str) -> None:
    harm, says = HARM[name]
    path = write(tmp_path, "bad", card("layers = 3"))
    harm(path)
    with pytest.raises(CardError) as caught:
        read_card(path)
    assert str(caught.value).startswith("bad.toml: it ")
    assert says in str(caught.value)


def test_a_file_that_begins_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    assert read_card(write(tmp_path, "marked", "\ufeff" + card("layers = 3"))).name == "Tiny"


@pytest.mark.parametrize("name", ["config.json", "README.md"])
def test_a_folder_with_a_pipe_is_refused_and_not_waited_for(tmp_path: Path, name: str) -> None:
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    (tmp_path / "README.md").write_text("3 layers")
    pipe(tmp_path / name)
    with pytest.raises(CardError, match=f"{name} is no "):
        load(str(tmp_path), tmp_path)


def test_a_readme_with_thousands_of_numbers_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    (tmp_path / "README.md").write_text("\n\n".join(f"{number} layers" for number in range(1, 1_001)))
    with pytest.raises(CardError, match="prints more than 500 numbers of its model: write a card file"):
        load(str(tmp_path), tmp_path)


def test_the_suite_has_cards_of_many_models_and_numbers_that_can_be_followed() -> None:
    cards = [read_card(path) for path in CARDS]
    numbers = [number for card in cards for number in card.numbers]
    assert len(cards) >= 58
    assert len(numbers) >= 200
    assert len({number.id for number in numbers}) == len(numbers)
    assert [path.stem for path in CARDS] == [card.id for card in cards]
    assert all(number.where and (number.link or "checkpoint's card" in number.where) for number in numbers)
    assert {number.quantity.name for number in numbers} <= QUANTITIES.keys()
    followed = {number.link for number in numbers} | {card.configuration.link for card in cards}
    assert not [link for link in followed if "/blob/main/" in link or "/blob/master/" in link]  # they change


def test_no_number_of_a_family_that_the_library_lacks_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """An older library lacks some: not the first number of a card alone is told so."""

    def lacking(_: object) -> str:
        raise UnknownFamily("no such family")

    monkeypatch.setattr(config, "known_family", lacking)
    published.counted.cache_clear()  # another test may have built it
    models, numbers = Models(), max((read_card(path).numbers for path in CARDS), key=len)
    for number in numbers:
        with pytest.raises(NotKnown, match="no such family"):
            models.of(number)


def test_a_model_of_the_hub_is_read_from_its_folder_of_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cache is laid out as the hub's library does it; only what the hub says of the model is made up."""
    import huggingface_hub
    from huggingface_hub.errors import NotASafetensorsRepoError

    commit, model = "a" * 40, tmp_path / "models--org--Tiny-7B"
    snapshot = model / "snapshots" / commit
    snapshot.mkdir(parents=True)
    (model / "refs").mkdir()
    (model / "refs" / "main").write_text(commit)
    (snapshot / "config.json").write_text(json.dumps(CONFIG))
    (snapshot / "README.md").write_text("# Tiny-7B\n\n- Layers: 3\n")

    class Hub:
        def model_info(self, *_: object, **__: object) -> SimpleNamespace:
            return SimpleNamespace(sha=commit, safetensors=None)

        def get_safetensors_metadata(self, *_: object, **__: object) -> None:
            raise NotASafetensorsRepoError("no weights")

    download = huggingface_hub.snapshot_download
    monkeypatch.setattr(huggingface_hub, "HfApi", Hub)
    monkeypatch.setattr(
        huggingface_hub, "snapshot_download", partial(download, cache_dir=tmp_path, local_files_only=True)
    )
    card_ = load("org/Tiny-7B", tmp_path / "elsewhere")
    assert [(number.quantity.name, number.stated) for number in card_.numbers] == [("layers", "3")]
    assert commit in card_.configuration.origin
    assert card_.organisation == "org"
