"""The record of a claim, from its marker to the page, and the ledger of a run: `claims-ledger/2`.

A test's marker makes a `Claim` with one `Case`, its verdict fills the case, pytest's report carries both, the recorder
writes them, and the views read them. What follows from cases is decided here: a claim's verdict, what is a surprise,
whether two attempts agree, and the exit code.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, TypeVar

import msgspec
from msgspec import UNSET, Struct, UnsetType, field

SCHEMA = "claims-ledger/2"
CASE = "claim"  # the user property by which pytest's report carries a claim with its case
LONGEST_REASON = 2000
SAME_DIGITS = 9  # of a measured fraction: two machines may add it up in another order
OTHER_NUMBERS = "not the same twice: it measured other numbers"
UNREACHED = "not reached: the run ended before it"
AFTER_RERUN = "judged by a rerun, after: "

Verdict = Literal["holds", "loosely", "refuted", "disputed", "undecided", "unchecked", "uncheckable", "broken"]
Basis = Literal["counted", "published", "document"]  # what a verdict rests on, the strongest first
Reading = Literal["literal", "loose", "other"]  # "other": by which the author may say that a number holds
Tier = Literal["cheap", "gpu"]
Number = int | float | str  # a string is a decimal or a fraction: what a double cannot hold exactly
Key = tuple[str, str]  # a claim and a case of it
Entry = TypeVar("Entry")


class State(NamedTuple):
    """All that is said of a verdict, and of a surprise, wherever it is shown.

    `rank` is how grave it is: a claim fares as its gravest part. `colour` is a badge's. `outcome` is pytest's for a
    case that came out so as declared.
    """

    rank: int
    word: str
    one: str
    many: str
    case: str
    colour: str
    outcome: Literal["passed", "failed", "skipped"]
    meaning: str


STATES = {
    "holds": State(8, "Holds", "holds", "hold", "holds", "green", "passed",
                   "the printed words or number, read literally"),
    "loosely": State(7, "Loosely", "holds loosely", "hold loosely", "loosely", "green", "passed",
                     "fails literally; a weaker reading that the wording allows holds"),
    "refuted": State(2, "Does not hold", "does not hold", "do not hold", "fails", "green", "skipped",
                     "no reading of it survives the measurement"),
    "surprise": State(0, "Surprise", "surprise", "surprises", "surprise", "red", "failed",
                      "declared one verdict, measured another"),
    "broken": State(1, "Broken", "broken", "broken", "broken", "red", "failed",
                    "the instrument failed; nothing is said about the claim"),
    "disputed": State(3, "Disputed", "disputed", "disputed", "disputed", "orange", "passed",
                      "sources, readings or runs disagree; each is shown"),
    "undecided": State(4, "Undecided", "undecided", "undecided", "undecided", "orange", "skipped",
                       "measured, but no verdict follows from it"),
    "unchecked": State(5, "Not checked", "not checked here", "not checked here", "not checked",
                       "yellow", "skipped", "needs what this run lacks, was not selected, or is of another model"),
    "uncheckable": State(6, "Uncheckable", "uncheckable", "uncheckable", "uncheckable", "green",
                         "skipped", "no procedure could decide it"),
}  # fmt: skip
REACHED = ("holds", "loosely", "refuted")  # what a case can come to where its claim was really decided
BASES = {
    "counted": "counted, run or computed here",
    "published": "published elsewhere",
    "document": "the document's own numbers",
}
NOT_SELECTED = {"cheap": "not selected", "gpu": "needs weights or a device: pytest -m gpu"}


class LedgerError(Exception):
    """A file that cannot be read as a ledger; the message is one line."""


class Record(Struct, kw_only=True, omit_defaults=False):
    """What stands in a ledger as an object. Keys that are not known are passed over."""


class Stated(Record, kw_only=True):
    """A printed number: the range that it stands for and the number itself, as exact decimals or fractions.

    A number that is read as cut short stands for `low` up to but without `high`. `convention` names a reading that is
    not the literal one.
    """

    text: str
    low: str
    high: str
    nominal: str = ""
    cut_short: bool = False
    convention: str = ""


class Measurement(Record, kw_only=True):
    """One reading: its value in `unit`, the other routes to it, and its confidence interval if it has one.

    `share` tells that the value is a part of one, whatever its unit is called. `made_of` writes the value as what it is
    made of, where whatever measured it knows: components that add up, or a field of a configuration.
    """

    value: Number
    unit: str
    of: str = ""
    routes: dict[str, Number] = {}
    low: float | None = None
    high: float | None = None
    share: bool = False
    made_of: str = ""


class Comparison(Record, kw_only=True):
    """A measured value held against the printed number: `value operator printed`, and whether that was so.

    `convention` names the reading of the printed number by which it is, or would be, equal; "" is the literal one.
    """

    operator: Literal["==", "!=", "<", "<=", ">", ">="]
    value: Number
    holds: bool | None  # None where an interval includes the number
    convention: str = ""


class Evidence(Record, kw_only=True):
    """What a case stands on: whose model, how it was run, on which text, and which file says so. Empty is not known.

    `whose` is who gives the numbers, `from` in SOURCES.toml: publisher, document, counted, copy or memory.
    """

    source: str = ""
    model: str = ""
    revision: str = ""
    precision: str = ""
    engine: str = ""
    device: str = ""
    text: str = ""
    file: str = ""
    sha256: str = ""
    link: str = ""
    note: str = ""
    stand_in: bool = False
    whose: str = ""
    basis: Basis | Literal[""] = ""


class Case(Record, kw_only=True):
    """One run of a claim's test: a reading, on a source of evidence, of one of its parts; and how it ended.

    `test` is pytest's name of it, `line` where it stands in its file, `code` what it does. `digest` is of the
    declaration: a verdict that was found for another one says nothing of this case. `drawn` is how many cases a fuzzed
    claim was held against. `why` is the declared reason, `reason` what the run says of the verdict. `run` is the run of
    a merged ledger.
    """

    id: str
    test: str
    tier: Tier
    line: int = 0
    code: str = ""
    reading: Reading = "literal"
    source: str = ""
    part: str = ""
    declared: Verdict = "holds"
    digest: str = ""
    stated: Stated | None = None
    verdict: Verdict = "unchecked"
    reason: str = ""
    measured: list[Measurement] = []
    compared: list[Comparison] = []
    drawn: int | None = None
    evidence: list[Evidence] = []
    seconds: float = 0.0
    run: str | UnsetType = UNSET

    @property
    def on_stand_in(self) -> bool:
        """Whether it was measured on a stand-in for the model that its claim is about."""
        return any(one.stand_in for one in self.evidence)

    @property
    def surprising(self) -> bool:
        """Whether the case came out otherwise than declared.

        What needs something that the run lacks is no surprise, nor is a fresh measurement that cannot decide: how
        much was read is up to who ran it. Fixed evidence that cannot decide is one. What a stand-in does says nothing
        of the model that was declared about.
        """
        if self.verdict == self.declared or (self.verdict != "broken" and self.on_stand_in):
            return False
        return self.verdict in (*REACHED, "broken") or (self.verdict == "undecided" and self.tier == "cheap")

    @property
    def basis(self) -> Basis | Literal[""]:
        """What the verdict rests on: the strongest of its evidence; without any, numbers of the document alone."""
        if not self.measured and self.drawn is None:
            return ""
        found = {one.basis or "published" for one in self.evidence} | ({"counted"} if self.drawn is not None else set())
        return next((one for one in ("counted", "published") if one in found), "document")


class Claim(Record, kw_only=True):
    """What a document says, where, and what became of it. `declared` and `verdict` follow from the cases.

    `words` are the printed words, `row` and `column` are of the document's `table`. `link` is where the claim stands,
    where that is not the document's own. `corrects` is the id of a claim of an earlier version. `reply` is what the
    author would answer, or answered at `reply_link`.
    """

    id: str
    document: str
    section: str
    says: str
    stated: str | None = None
    note: str = ""
    model: str = ""
    reason: str = ""
    words: str = ""
    table: str = ""
    row: str = ""
    column: str = ""
    link: str = ""
    version: str = ""
    corrects: str = ""
    reply: str = ""
    reply_link: str = ""
    cases: list[Case] = []
    declared: Verdict = "holds"
    verdict: Verdict = "unchecked"

    @property
    def conflicting(self) -> bool:
        """Whether runs disagree about a case, so that a merge kept it twice."""
        return len(self.cases) > 1 and len({case.id for case in self.cases}) < len(self.cases)

    @property
    def on_stand_in(self) -> bool:
        """Whether any of its cases was measured on a stand-in."""
        return any(case.on_stand_in for case in self.cases)

    @property
    def basis(self) -> Basis | Literal[""]:
        """What the verdict rests on: the weakest basis of the cases that came to one."""
        found = {case.basis for case in self.cases if case.verdict in REACHED}
        return next((one for one in ("document", "published", "counted") if one in found), "")

    @property
    def state(self) -> str:
        """How the claim is shown: its verdict, or "surprise" where a case came out undeclared."""
        surprising = self.verdict != "broken" and any(case.surprising for case in self.cases)
        return "surprise" if surprising and not self.conflicting else self.verdict

    def conclude(self) -> None:
        """Set `declared` and `verdict` from the cases.

        Both are taken over the sources that came to a verdict, so that a claim is compared with what was declared of
        the same evidence; a stand-in has no say beside what was checked on the claim's own model. Every part counts,
        each on sources of its own, and both readings of each.
        """
        decided = [_decided(cases) for cases in grouped(self.cases, lambda case: case.part).values()]
        self.declared, self.verdict = (
            _gravest({_over_sources(cases, name) for cases in decided}) for name in ("declared", "verdict")
        )
        if self.conflicting:
            self.verdict = "disputed"


class Section(Record, kw_only=True):
    """A section of a document: its claims are the tests of one `file`.

    `pictures` are the kinds of picture that it shows, `charts` their data. `model` is the model that its claims are
    about and `link` where they stand, where that is not the document's. `modules` are the hashes of the document's own
    modules that its tests are made with, by their files' names.
    """

    id: str
    title: str
    file: str = ""
    modules: dict[str, str] = {}
    model: str = ""
    link: str = ""
    pictures: list[str] = []
    charts: list[dict[str, Any]] = []


class Change(Record, kw_only=True):
    """A verdict of a claim that was wrong or changed: what it was and is, why, since when, and who found it."""

    claim: str
    was: str
    is_: str = field(name="is")
    why: str
    since: str
    found_by: str


class Document(Record, kw_only=True):
    """A document and its sections, in reading order.

    `read` says which version was read, `link` where it can be found, `model` the configuration's name of the model that
    all its claims are about, `position` its place among the documents, `errata` which verdicts of it changed.
    `complete` tells that a run was asked for every claim of it.
    """

    id: str
    title: str
    position: int = 0
    model: str = ""
    author: str = ""
    language: str = "en"
    date: str = ""
    read: str = ""
    link: str = ""
    complete: bool = False
    sections: list[Section] = []
    errata: list[Change] = []


class Accounting(Record, kw_only=True):
    """Cases this run undertook, cases it heard of again, cases not selected, and what vanished."""

    collected: int
    reported: int
    deselected: int = 0
    unaccounted: list[str] = []


class Run(Record, kw_only=True):
    """How, when and on what claims were checked. `id` names it among the runs of a merged ledger."""

    started: str
    seconds: Annotated[float, msgspec.Meta(ge=0, lt=1e12)]  # of several runs they are added up
    arguments: list[str]
    state: Literal["complete", "interrupted", "merged"]
    exit_code: int
    environment: dict[str, str]
    id: str | UnsetType = UNSET


class Collected(Record, kw_only=True):
    """What was collected: documents, claims whose cases have no verdict yet, and what pytest did not hand over.

    `deselected` are the (claim, case) that were not selected. `lost` names what was asked for and never became a test.
    `refused` has a line for each document or card that cannot be checked. `partial` tells that only some of the claims
    were asked for.
    """

    documents: list[Document] = []
    claims: list[Claim] = []
    deselected: list[Key] = []
    lost: list[str] = []
    refused: list[str] = []
    partial: bool = False


class Ledger(Record, kw_only=True):
    """The whole file. A merged one holds the ledgers of its `runs`, from which it can be merged again with others."""

    run: Run
    accounting: Accounting
    documents: list[Document]
    claims: list[Claim]
    schema_: str = field(name="schema", default=SCHEMA)
    warnings: list[dict[str, str]] = []
    runs: list[Ledger] = []

    @property
    def cases(self) -> list[Case]:
        """The cases of all claims."""
        return [case for claim in self.claims for case in claim.cases]

    def exit_code(self) -> int:
        """Return 1 for a surprise, a break, a conflict or what is unaccounted for, 5 if nothing was checked, else 0."""
        bad = any(case.verdict == "broken" or case.surprising for case in self.cases)
        if bad or self.accounting.unaccounted or any(claim.conflicting for claim in self.claims):
            return 1
        return 0 if any(case.verdict in (*REACHED, "undecided") for case in self.cases) else 5


def resolve(attempts: list[Case]) -> Case:
    """Return what several attempts at one case come to, in their order.

    The last counts. An instrument that failed before it, and worked when it was run again, is forgiven and named. Two
    attempts that came to different verdicts or numbers are broken, whichever was the last.
    """
    last = attempts[-1]
    worked = [one for one in attempts if one.verdict != "broken"]
    if last.verdict == "broken" or len(attempts) == 1:
        return last
    if len(verdicts := list(dict.fromkeys(one.verdict for one in worked))) > 1:
        return msgspec.structs.replace(last, verdict="broken", reason=f"not the same twice: {', then '.join(verdicts)}")
    if len({fixed(one.measured) for one in worked}) > 1:
        return msgspec.structs.replace(last, verdict="broken", reason=OTHER_NUMBERS)
    if failed := next((one.reason for one in attempts if one.verdict == "broken"), ""):
        return msgspec.structs.replace(last, reason=f"{last.reason} ({AFTER_RERUN}{failed})".strip())
    return last


def fixed(measured: Iterable[Measurement]) -> tuple[tuple[str, ...], ...]:
    """Return what two runs of a case must agree on: every value that has no interval, to the digits that they share."""
    return tuple((one.unit, one.of, "" if one.low is not None else _digits(one.value)) for one in measured)


def _digits(value: Number) -> str:
    if not isinstance(value, float):
        return str(value)
    return f"{value:.0f}" if value.is_integer() else f"{value:.{SAME_DIGITS}g}"


def _decided(cases: list[Case]) -> list[Case]:
    """The cases of sources that came to a verdict; those of a stand-in only where nothing else was checked."""
    checked = [case for case in cases if case.verdict in (*REACHED, "undecided")]
    if any(not case.on_stand_in for case in checked):
        cases = [case for case in cases if not case.on_stand_in or case.verdict == "broken"]
    heard = {case.source for case in cases if case.verdict in (*REACHED, "broken")}
    return [case for case in cases if case.source in heard] or cases


def _over_sources(cases: list[Case], name: str) -> Verdict:
    verdicts = {_of_source(same, name) for same in grouped(cases, lambda case: case.source).values()}
    verdicts = verdicts - {"undecided", "unchecked"} or verdicts
    for verdict in ("broken", "undecided"):
        if verdict in verdicts:
            return verdict
    return verdicts.pop() if len(verdicts) == 1 else "disputed"


def _of_source(cases: list[Case], name: str) -> Verdict:
    by_reading = grouped(cases, lambda case: case.reading)
    literal, loose, other = (
        _gravest({getattr(case, name) for case in by_reading[reading]}) if reading in by_reading else None
        for reading in ("literal", "loose", "other")
    )
    if "broken" in (literal, loose, other):
        return "broken"
    if loose is not None and literal in ("refuted", "loosely", None):
        return "loosely" if loose in ("holds", "loosely") else loose
    if other == "holds" and literal in ("refuted", "loosely"):
        return "disputed"
    return literal or "unchecked"


def _gravest(verdicts: set[Verdict]) -> Verdict:
    return min(verdicts, key=lambda verdict: STATES[verdict].rank, default="unchecked")


def grouped(entries: Iterable[Entry], key: Callable[[Entry], Any]) -> dict[Any, list[Entry]]:
    """Put entries together whose key is the same, in the order in which they come."""
    groups: dict[Any, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(key(entry), []).append(entry)
    return groups


def counts(states: Iterable[str]) -> dict[str, int]:
    """Count the states of claims, in the order in which a page tells them."""
    found = dict.fromkeys(STATES, 0)
    for state in states:
        found[state] += 1
    return found


def digest(value: Any) -> str:
    """Return a hash that is the same for equal values of JSON."""
    return sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


def dump(record: Any) -> str:
    """Serialise a record: sorted keys; the same record gives the same text.

    Raises ValueError for NaN and infinities, which JSON cannot hold.
    """
    return json.dumps(plain(record), sort_keys=True, indent=1, allow_nan=False, ensure_ascii=False) + "\n"


def in_a_line(record: Any) -> str:
    """Serialise a record in one line, as a report, a worker or a journal carries it."""
    return msgspec.json.encode(plain(record)).decode()


def plain(record: Any) -> Any:
    """Return a record as what JSON is made of, every text of it clean."""

    def cleaned(value: Any) -> Any:
        if isinstance(value, str):
            return clean(value)
        if isinstance(value, list):
            return [cleaned(one) for one in value]
        return {clean(key): cleaned(one) for key, one in value.items()} if isinstance(value, dict) else value

    return cleaned(msgspec.to_builtins(record))


def read(path: Path) -> Ledger:
    """Read a ledger; the verdicts of its claims are made again from their cases. Raises LedgerError, one line."""
    try:
        text = path.read_bytes()
        content = msgspec.json.decode(text)
    except OSError as error:
        raise LedgerError(f"{path}: cannot be read ({error.strerror})") from None
    except (ValueError, RecursionError) as error:
        raise LedgerError(f"{path}: not a ledger: {str(error).splitlines()[0]}") from None
    found = content.get("schema") if isinstance(content, dict) else None
    if found != SCHEMA:
        raise LedgerError(f"{path}: its schema is {str(found)[:80]!r}, this reader knows {SCHEMA!r}")
    try:
        ledger = msgspec.json.decode(text, type=Ledger)
    except (msgspec.ValidationError, RecursionError, UnicodeError) as error:
        raise LedgerError(f"{path}: not a ledger: {str(error)[:300]}") from None
    for claim in ledger.claims:
        claim.conclude()
    return ledger


def clean(text: str) -> str:
    """Return a text with every character that UTF-8 cannot hold written out."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def message(error: BaseException) -> str:
    """Return an exception's name and message in one line, those of each where there are several, cut to what fits."""
    if isinstance(error, BaseExceptionGroup):
        return "; ".join(dict.fromkeys(map(message, error.exceptions)))[:LONGEST_REASON]
    text = " ".join(f"{type(error).__name__}: {error}".split())
    return clean(text.removesuffix(":")[:LONGEST_REASON])
