"""The records of a ledger, `claims-ledger/1`, and what follows from them: a claim's verdict, surprises, the exit code.

A case is one record from its declaration to the page. Nothing here knows how a claim is tested or drawn.
"""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable, Iterable
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, TypeVar, get_args

import msgspec
from msgspec import UNSET, Struct, UnsetType, field

SCHEMA = "claims-ledger/1"
RESULT = "claim_result"  # the attribute of a pytest report that has a `Result` as JSON; xdist sends it along
LONGEST_REASON = 2000
SAME_DIGITS = 9  # of a measured fraction: two machines may add it up in another order
OTHER_NUMBERS = "not the same twice: it measured other numbers"
UNREACHED = "not reached: the run ended before it"
UNREPORTED = "nothing was reported of it: a plugin left it out, or kept what came of it"

Verdict = Literal["holds", "loosely", "refuted", "disputed", "undecided", "unchecked", "uncheckable", "broken"]
Number = int | float | str  # a string is a decimal or a fraction: what a double cannot hold exactly
Key = tuple[str, str]  # a claim and a case of it
Tier = Literal["cheap", "gpu"]
Reading = Literal["literal", "loose", "other"]  # "other": by which the author may say that a number holds
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
    declared: str
    case: str
    colour: str
    outcome: Literal["passed", "failed", "skipped"]
    meaning: str


STATES = {
    "holds": State(8, "Holds", "holds", "hold", "to hold", "holds", "green", "passed",
                   "the printed words or number, read literally"),
    "loosely": State(7, "Loosely", "holds loosely", "hold loosely", "to hold loosely", "loosely", "green", "passed",
                     "fails literally; a weaker reading that the wording allows holds"),
    "refuted": State(2, "Does not hold", "does not hold", "do not hold", "not to hold", "fails", "green", "skipped",
                     "no reading of it survives the measurement"),
    "surprise": State(0, "Surprise", "surprise", "surprises", "", "surprise", "red", "failed",
                      "declared one verdict, measured another"),
    "broken": State(1, "Broken", "broken", "broken", "to be broken", "broken", "red", "failed",
                    "the instrument failed; nothing is said about the claim"),
    "disputed": State(3, "Disputed", "disputed", "disputed", "to be disputed", "disputed", "orange", "passed",
                      "sources or runs disagree; each is shown"),
    "undecided": State(4, "Undecided", "undecided", "undecided", "to be undecided", "undecided", "orange", "skipped",
                       "measured, but no verdict follows from it"),
    "unchecked": State(5, "Not checked", "not checked here", "not checked here", "not to be checked", "not checked",
                       "yellow", "skipped", "needs what this run lacks, was not selected, or is of another model"),
    "uncheckable": State(6, "Uncheckable", "uncheckable", "uncheckable", "to be uncheckable", "uncheckable", "green",
                         "skipped", "no procedure could decide it"),
}  # fmt: skip
REACHED = ("holds", "refuted")  # what a case can come to where its claim was really decided
NOT_SELECTED = {"cheap": "not selected", "gpu": "needs weights or a device: pytest -m gpu"}


class LedgerError(Exception):
    """A file that cannot be read as a ledger, or ledgers that cannot be merged; the message is one line."""


class Record(Struct, kw_only=True):
    """What stands in a ledger as an object. `extra` holds the keys that this schema does not know, to keep them."""

    extra: dict[str, Any] = {}


class Marked(Record, kw_only=True):
    """An entry of a merged ledger says which run it is from, and where it stood there."""

    run: str | UnsetType = UNSET
    position: int | UnsetType = UNSET


class Stated(Record, kw_only=True):
    """A printed number: the interval it stands for and the number itself, as exact decimals or fractions.

    A number that is read as cut short stands for `low` up to but without `high`.
    """

    text: str
    low: str
    high: str
    nominal: str = ""
    cut_short: bool = False


class Measurement(Record, kw_only=True):
    """One reading: its value in `unit`, the other routes to it, and its confidence interval if it has one.

    `share` tells that the value is a part of one, whatever its unit is called.
    """

    value: Number
    unit: str
    of: str = ""
    routes: dict[str, Number] = {}
    low: float | None = None
    high: float | None = None
    share: bool = False


class Comparison(Record, kw_only=True):
    """A measured value held against the printed number: `value operator printed`, and whether that was so."""

    operator: Literal["==", "!=", "<", "<=", ">", ">="]
    value: Number
    holds: bool | None  # None where an interval includes the number


class Evidence(Record, kw_only=True):
    """What a case stands on: whose model, how it was run, on which text, and which file says so. Empty is not known."""

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


class Outcome(Marked, kw_only=True):
    """How a test of a case ended. `drawn` is how many cases a fuzzed claim was held against."""

    verdict: Verdict = "unchecked"
    reason: str = ""
    measured: list[Measurement] = []
    compared: list[Comparison] = []
    drawn: int | None = None
    evidence: list[Evidence] = []


class Result(Outcome, kw_only=True):
    """An outcome as it is sent with pytest's report."""

    claim: str
    case: str


class Case(Outcome, kw_only=True):
    """One run of a claim's test: a reading, on a source of evidence, of one of its parts.

    `digest` is of the declaration: a verdict that was found for another one says nothing of this case. `declared_in`
    is the newest of several merged runs that had the case, whichever its verdict is from.
    """

    id: str
    test: str
    tier: Tier
    reading: Reading = "literal"
    source: str = ""
    part: str = ""
    declared: Verdict = "holds"
    digest: str = ""
    stated: Stated | None = None
    seconds: float = 0.0
    declared_in: str | UnsetType = UNSET

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


class Claim(Marked, kw_only=True):
    """What a document says, where, and what became of it. `declared` and `verdict` follow from the cases.

    `row` and `column` are of the document's `table`. `link` is where the claim stands, where that is not the document's
    own. `corrects` is the id of a claim of an earlier version, `reply` what an author answered.

    `whole_in` is the newest of several merged runs that had all its cases. `withdrawn` are cases in another wording
    than the newest, and those that this run no longer had: they have no say, and are kept for a merge with a still
    newer run that has them again.
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
    whole_in: str | UnsetType = UNSET
    withdrawn: list[Case] | UnsetType = UNSET

    @property
    def conflicting(self) -> bool:
        """Whether runs disagree about a case, so that a merge kept it twice."""
        return len(self.cases) > 1 and len({case.id for case in self.cases}) < len(self.cases)

    @property
    def on_stand_in(self) -> bool:
        """Whether any of its cases was measured on a stand-in."""
        return any(one.stand_in for case in self.cases for one in case.evidence)

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


class Section(Marked, kw_only=True):
    """A section of a document; `charts` is data for the page's pictures."""

    id: str
    title: str
    charts: list[dict[str, Any]] = []


class Document(Marked, kw_only=True):
    """A document and its sections, in reading order.

    `whole` tells that a run was asked for every test of it, `whole_in` is the newest of several merged runs that was.
    """

    id: str
    title: str
    language: str = "en"
    date: str = ""
    read: str = ""
    link: str = ""
    whole: bool = False
    whole_in: str | UnsetType = UNSET
    sections: list[Section] = []


class Accounting(Record, kw_only=True):
    """Cases this run undertook, cases it heard of again, cases not selected, and what vanished."""

    collected: int
    reported: int
    deselected: int = 0
    unaccounted: list[str] = []


class Run(Record, kw_only=True):
    """How, when and on what claims were checked. Among several merged runs each has an `id` and its `accounting`."""

    started: str
    seconds: Annotated[float, msgspec.Meta(ge=0, lt=1e12)]  # of several runs they are added up
    arguments: list[str]
    state: Literal["complete", "interrupted", "merged"]
    exit_code: int
    environment: dict[str, str]
    id: str | UnsetType = UNSET
    accounting: Accounting | UnsetType = UNSET


class Ledger(Record, kw_only=True):
    """The whole file. A merged one lists its `runs`, and in `withdrawn` the claims that documents no longer have."""

    run: Run
    accounting: Accounting
    documents: list[Document]
    claims: list[Claim]
    schema_: str = field(name="schema", default=SCHEMA)
    runs: list[Run] | UnsetType = UNSET
    withdrawn: list[Claim] | UnsetType = UNSET

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


class Collection(Record, kw_only=True):
    """What was collected: documents, claims whose cases have no verdict yet, and what pytest did not hand over.

    `deselected` are the (claim, case) that were not selected. `lost` names what was asked for and never became a test.
    `error` is one line that stops the run, `refused` a line for each document that cannot be run. `partial` tells that
    only some of the claims were asked for.
    """

    documents: list[Document] = []
    claims: list[Claim] = []
    deselected: list[tuple[str, str]] = []
    lost: list[str] = []
    refused: list[str] = []
    error: str = ""
    partial: bool = False


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
    strict, weak, other = (
        _gravest({getattr(case, name) for case in by_reading[reading]}) if reading in by_reading else None
        for reading in ("literal", "loose", "other")
    )
    if "broken" in (strict, weak):
        return "broken"
    if weak is not None and strict in ("refuted", None):
        return "loosely" if weak == "holds" else weak
    if other == "holds" and strict == "refuted":
        return "disputed"
    return strict or "unchecked"


def _gravest(verdicts: set[Verdict]) -> Verdict:
    return min(verdicts, key=lambda verdict: STATES[verdict].rank, default="unchecked")


def grouped(entries: Iterable[Entry], key: Callable[[Entry], Any]) -> dict[Any, list[Entry]]:
    """Put entries together whose key is the same, in the order in which they come."""
    groups: dict[Any, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(key(entry), []).append(entry)
    return groups


def fixed(measured: Iterable[Measurement]) -> tuple[tuple[str, ...], ...]:
    """Return what two runs of a case must agree on: every value that has no interval, to the digits that they share."""
    return tuple((one.unit, one.of, "" if one.low is not None else _digits(one.value)) for one in measured)


def _digits(value: Number) -> str:
    if not isinstance(value, float):
        return str(value)
    return f"{value:.0f}" if value.is_integer() else f"{value:.{SAME_DIGITS}g}"


def digest(value: Any) -> str:
    """Return a hash that is the same for equal values of JSON."""
    return sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


def dump(record: Any) -> str:
    """Serialise a record, or JSON content: sorted keys; the same record gives the same text.

    Raises ValueError for NaN and infinities, which JSON cannot hold.
    """
    return msgspec.json.format(msgspec.json.encode(plain(record), order="sorted"), indent=1).decode() + "\n"


def read(path: Path) -> Ledger:
    """Read a ledger; the verdicts of its claims are made again from their cases. Raises LedgerError, one line."""
    try:
        content = msgspec.json.decode(path.read_bytes())
    except OSError as error:
        raise LedgerError(f"{path}: cannot be read ({error.strerror})") from None
    except (ValueError, RecursionError) as error:
        raise LedgerError(f"{path}: not a ledger: {str(error).splitlines()[0]}") from None
    return check(content, str(path))


def check(content: Any, name: str) -> Ledger:
    """Return JSON content as a ledger. Raises LedgerError, one line that names the file, where it is not one."""
    found = content.get("schema") if isinstance(content, dict) else None
    if found != SCHEMA:
        raise LedgerError(f"{name}: its schema is {str(found)[:80]!r}, this reader knows {SCHEMA!r}")
    try:
        ledger = msgspec.convert(gathered(Ledger, content), Ledger)
    except (msgspec.ValidationError, RecursionError, UnicodeError) as error:
        raise LedgerError(f"{name}: not a ledger: {str(error)[:300]}") from None
    for claim in ledger.claims:
        claim.conclude()
    return ledger


def gathered(kind: Any, value: Any) -> Any:
    """Put the keys that a record does not know into its `extra`, at every depth."""
    known = _known(kind)
    if known is None:
        return value
    if isinstance(value, list):
        return [gathered(kind, entry) for entry in value]
    if not isinstance(value, dict):
        return value
    told = {key: gathered(known[key], entry) for key, entry in value.items() if key in known}
    return told | {"extra": {key: entry for key, entry in value.items() if key not in known}}


@cache
def _known(kind: Any) -> dict[str, Any] | None:
    """Return the types, by key, of what a record holds that a field of this type holds; None for one without records.

    The field may hold the record alone, in a list or as one of several types.
    """
    if isinstance(kind, type) and issubclass(kind, Record):
        return {one.encode_name: one.type for one in msgspec.structs.fields(kind) if one.name != "extra"}
    return next(filter(None, map(_known, get_args(kind))), None)


def clean(text: str) -> str:
    """Return a text with every character that UTF-8 cannot hold written out."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def text_of(value: object) -> str:
    """Return a text of anything. Another's `__str__` may raise whatever it likes: that must not hide what it is of."""
    try:
        return str(value)[:LONGEST_REASON]
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        return f"its message raises {type(error).__name__}"


def message(error: BaseException) -> str:
    """Return an exception's name and message, those of each where there are several, cut to what a report can show."""
    if isinstance(error, BaseExceptionGroup):
        return "; ".join(dict.fromkeys(map(message, error.exceptions)))[:LONGEST_REASON]
    kind, text = type(error).__name__, text_of(error)
    if not text and (frames := list(traceback.walk_tb(error.__traceback__))):
        frame, line = frames[-1]
        return f"{kind} in {frame.f_code.co_name}, {Path(frame.f_code.co_filename).name} line {line}"
    return f"{kind}: {text}"[:LONGEST_REASON] if text else kind


def sendable(value: Any) -> Any:
    """Return what a worker can send and JSON can hold of anything; what it cannot be told by, by its text."""
    if value is None or type(value) in (bool, int, float):
        return value
    if type(value) is str:  # whole: a result is one
        return clean(value)
    if type(value) in (list, tuple):
        return type(value)(map(sendable, value))
    if type(value) is dict:
        return {sendable(key): sendable(entry) for key, entry in value.items()}
    return clean(text_of(value))


def plain(value: Any) -> Any:
    """Return a record as JSON content, the keys that it does not know among those that it does.

    Raises ValueError for NaN and infinities, which JSON cannot hold.
    """
    kind = type(value)
    if kind is str:
        return clean(value)
    if kind is float and value - value != 0:
        raise ValueError(f"{value} is no number that JSON can hold")
    if kind is list or kind is tuple:
        return [plain(entry) for entry in value]
    if kind is dict:
        return {clean(key): plain(entry) for key, entry in value.items()}
    if not isinstance(value, Record):
        bases: tuple[Any, ...] = (str, list, dict)
        return next((plain(base(value)) for base in bases if isinstance(value, base)), value)
    told = plain(value.extra) if value.extra else {}
    for name, written in zip(value.__struct_fields__, value.__struct_encode_fields__, strict=True):
        if name != "extra" and (entry := getattr(value, name)) is not UNSET:
            told[written] = plain(entry)
    return told


def counts(states: Iterable[str]) -> dict[str, int]:
    """Count the states of claims, in the order in which a page tells them."""
    found = dict.fromkeys(STATES, 0)
    for state in states:
        found[state] += 1
    return found
