"""A bad declaration is one clear line and exit code 4; it stops its own document, and no other."""

from __future__ import annotations

import sys
from functools import partial

from tests.conftest import DOCUMENT, HEADER, Suite, claim, holds, together

IT = "assert measure(3, 't') == 3"


def bad(*body: str, takes: str = "measure", declared: str = "", above: str = "") -> str:
    return claim("it", *(body or (IT,)), takes=takes, declared=declared, above=above)


BAD: dict[str, tuple[str, str]] = {
    "no marker": (bad().replace('@pytest.mark.claim("it", )', ""), "checks one claim, this has 0 markers"),
    "two markers": (bad(above='@pytest.mark.claim("that")'), "checks one claim, this has 2 markers"),
    "bare marker": (bad().replace('("it", )', ""), "test_it: a claim has an id"),
    "id that is a number": (bad().replace('"it"', "3"), "test_it: a claim has an id"),
    "id of no words": (bad().replace('"it"', '"a claim/of mine"'), "is not words joined by hyphens"),
    "id of no letter": (bad().replace('"it"', '"\N{KELVIN SIGN}"'), "is not words joined by hyphens"),
    "unknown keyword": (bad(declared='refutes="why"'), "unknown keyword 'refutes'; known are"),
    "no docstring": (bad().replace('"""So."""', "pass"), "a docstring that says what the document says"),
    "two tiers": (bad(above="@pytest.mark.gpu"), "cheap or gpu, this one is cheap and gpu: mark it with one, as @pyt"),
    "no number": (bad(takes="stated", declared='stated="13.02X"'), "'13.02X' is not a printed number"),
    "a float": (bad(takes="stated", declared="stated=13.02"), "a string or an integer, not 13.02"),
    "unused number": (bad(declared='stated="13"'), "and the test does not take `stated`"),
    "unstated number": (bad(takes="stated"), "the test takes `stated`, and its marker has no stated="),
    "exact and loose": (
        bad("assert measure(3, 't') == stated", takes="measure, stated", declared='stated=13, loosely="why"'),
        "13 is exact and cannot be cut",
    ),
    "nothing to loosen": (bad(declared='loosely="why"'), "loosely= needs a printed number"),
    "stated twice": (
        bad(takes="measure, stated", declared='stated="3"', above="@pytest.mark.parametrize('stated', ['3', '4'])"),
        "the claim says what `stated` is: parametrize the test by another name",
    ),
    "reading alone": (bad(takes="reading"), "takes `reading` says why"),
    "two declarations": (bad(declared='loosely="a", refuted="b"'), "loosely and refuted: it"),
    "empty reason": (bad(declared='refuted=" "'), "is a reason or a name in words, not ' '"),
    "reason True": (bad(declared="refuted=True"), "is a reason or a name in words, not True"),
    "no link": (bad(declared='link="www.example.org"'), "'www.example.org' is no link: write it as https://"),
    "words of a sort": (bad(declared='in_words="yes"'), "in_words= is True or False, not 'yes'"),
    "xfail": (bad(above="@pytest.mark.xfail"), "not with xfail"),
    "subtests": (bad(takes="subtests"), "takes no `subtests`"),
    "no model": (bad(takes="evidence") + "@pytest.fixture\ndef evidence(): ...\n", "evidence is of a model"),
    "same id": (bad() + bad().replace("test_it", "test_x"), "'paper/it' is already checked by claims/paper/test_two"),
    "same label": (
        bad(declared='part="a"') + bad(declared='part="a"').replace("test_it", "test_x"),
        "each name their own source= or part=",
    ),
    "another model": (
        bad(declared='part="a", model="m"') + bad(declared='part="b", model="n"').replace("test_it", "test_x"),
        "'paper/it' has another model= in claims/paper/test_two.py::test_it: give it an id of its own",
    ),
    "corrects nothing": (bad(declared='corrects="old"'), "corrects= names 'paper/old', no other claim of its document"),
    "corrects itself": (bad(declared='corrects="it"'), "corrects= names 'paper/it', no other claim of its document"),
    "a digest of no text": (bad(declared="digest={3}"), "digest= is a reason or a name in words, not {3}"),
    "a place in words": (bad(declared='place="above"'), "place= is a line and a place in the list there, not 'above'"),
    "no assert": (bad("measure(3, 't')"), "this test has no assert of its own"),
    "returns": (bad(IT, "return 3"), "its test neither returns, yields nor raises anything"),
    "raises": (bad(IT, "raise AssertionError"), "its test neither returns, yields nor raises anything"),
    "under a condition": (bad("if measure(3, 't') == 3:", f"    {IT}"), "in no if, while, try, with or function"),
    "in a try": (bad("try:", f"    {IT}", "finally:", "    pass"), "in no if, while, try, with or function"),
    "in a with": (bad("with measure:", f"    {IT}"), "in no if, while, try, with or function"),
    "in a function": (bad("def check():", f"    {IT}", IT), "in no if, while, try, with or function"),
    "tolerant": (bad("assert measure(3, 't') == pytest.approx(3)"), "a claim has no tolerance: approx says yes"),
    "cut": (bad("x = measure(3.9, 't')", "assert int(x) == 3"), "`int(x)` leaves out a part of what was measured"),
    "a kind": (bad("x = measure(3, 't')", "assert isinstance(x, int)"), "leaves out a part of what was measured"),
    "without its interval": (bad("assert measure(3, 't').value == 3"), ".value` leaves out a part of what was"),
    "assigned": (bad() + "\ntest_x = lambda measure: None\n", "assigns test_x: a test is a function, def test_x("),
    "in a class": ("class TestIt:\n    def test_it(self): assert 1 == 2\n", "a test function of its own, in no class"),
    "async": (bad().replace("def test_it", "async def test_it"), "not async, no factory's"),
    "a factory's": (
        "def make():\n" + bad().replace("\n", "\n    ") + "\n    return test_it\nglobals()['test_it'] = make()\n",
        "a plain function written in its section's file",
    ),
    "swallowed": (
        "import functools\ndef deaf(f):\n    @functools.wraps(f)\n    def calls(measure): pass\n    return calls\n"
        + bad(above="@deaf"), "under no decorator but pytest's marks and hypothesis's",
    ),
    "two of one name": (bad() + bad(), "has two tests called test_it: only the last would run"),
    "in a loop": (
        "for n in (4, 3):\n  if n:" + bad().replace("\n", "\n    "), "has two tests called test_it: only the last",
    ),
    "of nothing drawn": (
        "from hypothesis import given, strategies as st\n"
        + bad("x = n + 1", "assert 1 == 1", takes="n", above="@given(n=st.integers())"), "nothing about what is drawn",
    ),
    "of nothing drawn, by another name": (
        "from hypothesis import given as law, strategies as st\n"
        + bad("assert 1 == 1", takes="n", above="@law(st.integers())"), "nothing about what is drawn",
    ),
    "a law that measures": (
        "from hypothesis import given, strategies as st\n"
        + bad("assert measure(n, 't') == 3", takes="n, measure", above="@given(n=st.integers())"),
        "a law asserts something about what is drawn: its test takes no `measure`",
    ),
}  # fmt: skip


def test_a_bad_marker_stops_its_document(suite: Suite) -> None:
    """Each stands in a document of its own, and all in one suite: the good ones are checked all the same."""
    suite.claims(holds("fine"))
    names = {f"bad{place}": message for place, (_, message) in enumerate(BAD.values())}
    for name, (text, _) in zip(names, BAD.values(), strict=True):
        suite.claims(text, "two", name)
    outcome = suite.run("-p", "no:cacheprovider", "--tb=no")
    assert outcome.code == 4, outcome.output
    assert outcome.verdicts == {"fine": "holds"}
    errors = [line for line in outcome.output.splitlines() if line.startswith("ERROR: claims/")]
    for (name, message), kind in zip(names.items(), BAD, strict=True):
        assert [line for line in errors if f"claims/{name}/" in line], kind
        (told,) = [line for line in errors if f"claims/{name}/" in line]
        assert message.replace("paper/", f"{name}/") in told
        assert any(line.startswith(f"{name}: claims/{name}/") for line in outcome.accounting["unaccounted"])
    assert "Traceback" not in outcome.output
    assert "INTERNALERROR" not in outcome.output


FILE = "[[sections]]\nid = '{0}'\ntitle = 'One'\nfile = 'test_{0}.py'\n"
DOCUMENTS: dict[str, tuple[str, str]] = {
    "not TOML": ("title =", "document.toml: Invalid value"),
    "no title": (FILE.format("one"), "missing required field `title`"),
    "unknown key": (DOCUMENT + "colour = 'red'\n" + FILE.format("one"), "unknown field `colour`"),
    "an id": (DOCUMENT + "id = 'x'\n" + FILE.format("one"), "the folder's name is the document's id"),
    "a date": (DOCUMENT + "date = 2024-01-01\nsections = []", "Expected `str`, got `date`"),
    "no tables": (DOCUMENT + "sections = ['one']", "Expected `object`, got `str`"),
    "no file": (DOCUMENT + "[[sections]]\nid = '1'\ntitle = 'One'", "missing required field `file`"),
    "twice": (DOCUMENT + 2 * FILE.format("one"), "have the same id"),
    "picture": (
        DOCUMENT + FILE.format("one") + "charts = ['parameter']", "'parameter' is no kind of picture; known are param",
    ),
    "elsewhere": (DOCUMENT + FILE.format("two"), "test_one.py is in no section of elsewhere/document.toml"),
    "bytes": ("title = '\udcff'", "invalid start byte"),
}  # fmt: skip


def test_a_bad_document_stops_itself(suite: Suite) -> None:
    suite.claims(holds("fine"))
    document = suite.folder / "claims/paper/document.toml"
    document.write_text(f"\ufeff{document.read_text()}", encoding="utf-8")  # as some editors write it
    for name, (text, _) in DOCUMENTS.items():
        suite.write(f"claims/{name}/document.toml", "").write_bytes(text.encode(errors="surrogateescape"))
        suite.write(f"claims/{name}/test_one.py", HEADER + holds("it"))
    for place in ("claims/more/twin", "claims/twin"):
        suite.write(f"{place}/document.toml", DOCUMENT + FILE.format("one"))
        suite.write(f"{place}/test_one.py", HEADER + holds("it"))
    suite.write("claims/none/test_one.py", HEADER + holds("it"))
    suite.write("claims/test_loose.py", "def test_plain(): assert 1 == 1\n")
    messages = {name: message for name, (_, message) in DOCUMENTS.items()} | {
        "more/twin": "two folders of claims have this name: rename", "twin": "two folders of claims have this name",
        "none": "claims belong to a document: none/document.toml is missing",
        "test_loose.py": "claims belong to a document: claims/document.toml is missing",
    }  # fmt: skip
    outcome = suite.run("-p", "no:cacheprovider", "-n", "1")
    assert outcome.code == 4, outcome.output
    assert outcome.verdicts == {"fine": "holds"}
    errors = [line for line in outcome.output.splitlines() if line.startswith("ERROR: ")]
    assert len(errors) == len(messages)
    for name, message in messages.items():
        assert [line for line in errors if message in line and name.rpartition("/")[2] in line], (name, errors)
    alone = suite.run("claims/none/test_one.py")
    assert alone.code == 4
    assert "claims belong to a document: give pytest the folder or file of one with a document.toml" in alone.output


def test_a_bad_option_stops_the_run(suite: Suite) -> None:
    suite.claims(holds("fine"))
    file = suite.write("text.txt", "It is fine.")
    suite.write("latin.txt", "").write_bytes(b"\xe9")
    options: dict[tuple[str, ...], str] = {
        ("--claim", "nothing"): "--claim nothing: no such claim was collected; claims/INDEX.md lists all of the suite",
        ("--claim", "other/fine"): "--claim other/fine: no such claim was collected; did you mean paper/fine?",
        ("--document", "paper"): "--document paper: give the document and its text as ID=PATH",
        ("--document", f"paper={file}", "--document", f"paper={file}"): "its text as ID=PATH, each once",
        ("--document", "paper=none.txt"): "--document paper=none.txt: cannot be read (No such file or directory)",
        ("--document", "paper=latin.txt"): "--document paper=latin.txt: is not text in UTF-8",
        ("--document", f"novel={file}"): "--document novel=…: no claim of a document of that id was collected",
        ("--ledger", f"{file}/x.json"): f"--ledger {file}/x.json: cannot be written (Not a directory); give --ledger",
        ("--page", "/proc/x.html"): "--page /proc/x.html: cannot be written (",
        ("--page", "claims"): "--page claims: cannot be written (it is a folder)",
        ("--page", "claims/paper/test_one.py"): "cannot be written (a file that is no .html is there)",
        ("--ledger", "/dev/null"): "--ledger /dev/null: cannot be written (it is no file that can be replaced)",
        ("--ledger", "x" * 300): "File name too long",
        ("--ledger", "reports/out/claims.html"): "--ledger and --page are both",
        ("-p", "no:claims"): "-p no:claims: without it no claim is checked",
        ("-p", "no:reports.recorder"): "-p no:reports.recorder: without it no claim is checked",
        ("-p", "no:fixtures.cards.plugin"): "-p no:fixtures.cards.plugin: without it no claim is checked",
    }  # fmt: skip
    ways: dict[tuple[str, ...], tuple[str, ...]] = {option: option for option in options}
    in_workers = [("--claim", "nothing"), ("--document", "paper=none.txt"), ("--ledger", "/dev/null")]
    ways |= {("-n", "1", *option): option for option in in_workers}
    for way, outcome in together({way: partial(suite.run, *way) for way in ways}).items():
        assert (outcome.code, outcome.ledger) == (4, None), outcome.output
        assert options[ways[way]] in outcome.output
        assert "Traceback" not in outcome.output
        assert "INTERNALERROR" not in outcome.output
    optimised = suite.run("--assert=plain", environment={"PYTHONOPTIMIZE": "1"})
    assert optimised.code == 4
    says = "claims are asserts, and this Python drops asserts: run it without -O"
    assert says in optimised.output
    in_worker = suite.run("--dist=load", f"--tx=popen//python={sys.executable} -O")
    assert (in_worker.code, in_worker.verdicts) == (1, {}), in_worker.output
    assert says in in_worker.output


def test_paths_are_meant_from_where_the_user_stands(suite: Suite) -> None:
    """With a space too, when the file exists, and where folders are links."""
    suite.claims(holds("a"))
    (suite.folder / "link").symlink_to(suite.folder / "claims")
    text = suite.write("claims/text.txt", "3")
    for _ in range(2):
        outcome = suite.run("link", "--ledger", "out/l.json", "--page", "out/p.html", "--document", f"paper={text}")
        assert outcome.code == 0, outcome.output
        assert {path.name for path in (suite.folder / "out").iterdir()} == {"l.json", "p.html"}
    assert not (suite.folder / "reports").exists()
    (suite.folder / "alias").symlink_to(suite.folder / "claims/paper")
    assert [one["id"] for one in suite.run("alias").ledger["claims"]] == ["paper/a"]


def test_a_path_outside_of_the_suite_does_not_move_its_root(suite: Suite) -> None:
    suite.claims(holds("a")).write("tests/test_other.py", "def test_of_nothing():\n    raise ValueError\n")
    ledger = suite.folder.parent / "outside.json"
    named = ("--ledger", str(ledger), "--page", str(ledger.with_suffix(".html")))
    for arguments, added in ((named, ""), ((*named, "-n", "1"), ""), ((), " ".join(named))):
        outcome = suite.run(*arguments, environment={"PYTEST_ADDOPTS": added})
        assert outcome.code == 0, outcome.output
        assert "1 passed" in outcome.output
    assert ledger.exists()


PLACE = {
    "link": "https://example.org/paper#3", "version": "v1", "reply": "The author says that v2 mends it.",
    "reply_link": "https://example.org/reply",
}  # fmt: skip


def test_a_claim_has_its_own_model_and_link_or_its_sections_or_its_documents(suite: Suite) -> None:
    own = claim("own", IT, declared='model="own", link="https://own"') + claim("none", IT, declared='model=""')
    suite.claims(holds("documents")).claims(holds("sections") + own, "two")
    document = suite.folder / "claims/paper/document.toml"
    document.write_text(f'model = "documents"\n{document.read_text()}model = "sections"\nlink = "https://sections"\n')
    told = {name: (claim["model"], claim["link"]) for name, claim in suite.run().claims.items()}
    assert told == {
        "documents": ("documents", ""), "sections": ("sections", "https://sections"), "own": ("own", "https://own"),
        "none": ("", "https://sections"),
    }  # fmt: skip


def test_what_can_be_declared(suite: Suite) -> None:
    suite.claims(
        claim("grouped", "assert measure(size, 'things') > 0", takes="size, measure",
              declared='part="a law", note="Read as: it is so."', above='@pytest.mark.parametrize("size", [1, 2])',
              says="It is\n    so.\n\n    More is not part of what the document says.\n    ")
        + claim("grouped", IT, declared='part="another law"').replace("test_grouped", "test_grouped_too")
        + claim("source", IT, declared='source="afresh", says="Otherwise said.", model="m"')
        + claim("old", IT, declared=", ".join(f'{key}="{value}"' for key, value in PLACE.items()))
        + claim("new", IT, declared='version="v2", corrects="old"')
    )  # fmt: skip
    outcome = suite.run("-p", "no:cacheprovider")
    assert outcome.code == 0, outcome.output
    grouped, source = outcome.claims["grouped"], outcome.claims["source"]
    assert (grouped["says"], grouped["note"]) == ("It is so.", "Read as: it is so.")
    assert [case["id"] for case in grouped["cases"]] == ["a law / 1", "a law / 2", "another law"]
    assert [case["part"] for case in grouped["cases"]] == ["a law", "a law", "another law"]
    assert len({case["digest"] for case in grouped["cases"]}) == 2
    assert (source["says"], source["model"], source["cases"][0]["source"]) == ("Otherwise said.", "m", "afresh")
    assert {key: outcome.claims["old"][key] for key in PLACE} == PLACE
    assert outcome.claims["new"]["corrects"] == "paper/old"
    assert outcome.ledger["documents"][0]["sections"][0] == {"id": "one", "title": "Part one", "charts": []}
