"""What changed of each claim from one run to the next, and what else changed with it."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from claim_suite.reports import numbers
from claim_suite.reports.schema import STATES, Case, Claim, Ledger, counts, fixed
from claim_suite.reports.text import counted, shown

UNKNOWN = "unknown"
MACHINE = ("device", "platform", "untested")  # of a run's environment: what is no version of a library


class Step(Struct, kw_only=True):
    """A claim came out otherwise than the last time that it was checked.

    `was` and `now` are verdicts, `before` and `after` the numbers of both, `causes` what else changed between the
    runs. The verdict may be the same: then only numbers changed.
    """

    claim: str
    document: str
    says: str
    was: str
    now: str
    before: str
    after: str
    since: str
    causes: list[str]

    @property
    def of_verdict(self) -> bool:
        """Whether the verdict changed, and not the numbers alone."""
        return self.was != self.now


def steps(ledgers: list[Ledger]) -> list[Step]:
    """Return every change of a claim over ledgers in their order.

    Runs that did not check a claim say nothing of it: it is compared with the last one that did.
    """
    last: dict[str, tuple[Claim, Ledger]] = {}
    found = []
    for ledger in ledgers:
        for claim in ledger.claims:
            if claim.verdict == "unchecked":
                continue
            before = last.get(claim.id)
            last[claim.id] = claim, ledger
            if before and _outcome(before[0]) != _outcome(claim):
                found.append(_step(*before, claim, ledger))
    return found


def _outcome(claim: Claim) -> tuple[object, ...]:
    """What two runs of a claim are compared by; a case that was not checked here is left out."""
    checked = [case for case in claim.cases if case.verdict != "unchecked"]
    return claim.verdict, *sorted((case.id, case.verdict, fixed(case.measured)) for case in checked)


def _step(was: Claim, earlier: Ledger, now: Claim, later: Ledger) -> Step:
    pairs = _changed(was, now)
    causes = [cause for pair in pairs for cause in _causes(now, *pair, earlier, later)]
    return Step(
        claim=now.id, document=now.document, says=now.says, was=was.verdict, now=now.verdict,
        before=_measured(case for case, _ in pairs), after=_measured(case for _, case in pairs),
        since=later.run.started, causes=list(dict.fromkeys(causes)) or [UNKNOWN],
    )  # fmt: skip


def _changed(was: Claim, now: Claim) -> list[tuple[Case | None, Case | None]]:
    """Pair the cases of two runs that came out differently; a case that only one of them checked has no partner."""
    before, after = ({case.id: case for case in claim.cases if case.verdict != "unchecked"} for claim in (was, now))
    pairs = [(before.get(name), after.get(name)) for name in {**before, **after}]
    return [
        (one, other) for one, other in pairs
        if not one or not other or (one.verdict, fixed(one.measured)) != (other.verdict, fixed(other.measured))
    ]  # fmt: skip


def _causes(claim: Claim, was: Case | None, now: Case | None, earlier: Ledger, later: Ledger) -> Iterator[str]:
    """Name what else differs between two runs of a case: of one that only one run checked, that it is new or gone."""
    if was is None or now is None:
        one = was or now
        yield f"{'not checked any more' if now is None else 'checked for the first time'}: {_name(one) if one else ''}"
        return
    if was.digest != now.digest or was.test != now.test:
        yield "the test or its declaration"
    earlier, later = _own(earlier, was), _own(later, now)
    old, new = _modules(earlier, claim), _modules(later, claim)
    yield from (
        f"what the test is made with: {shown(name, 60)}" for name in old if name in new and old[name] != new[name]
    )
    for what, key in (("data", "sha256"), ("model revision", "revision")):
        old, new = _of_evidence(was, key), _of_evidence(now, key)
        yield from (
            f"{what}: {shown(name, 120)} {_short(old[name])} → {_short(new[name])}"
            for name in old if name in new and old[name] != new[name]
        )  # fmt: skip
    old, new = earlier.run.environment, later.run.environment
    for name in sorted(old.keys() & new.keys()):  # what only one of them kept may have been the same
        if old[name] != new[name] and name != "untested":
            kind = "machine" if name in MACHINE else "version"
            yield f"{kind}: {shown(name, 60)} {shown(old[name], 80)} → {shown(new[name], 80)}"


def _of_evidence(case: Case, key: str) -> dict[str, str]:
    return {one.file or one.model or one.source: getattr(one, key) for one in case.evidence}


def _own(ledger: Ledger, case: Case) -> Ledger:
    """Return the ledger of a case's own run, which a merged ledger holds."""
    return next((one for one in ledger.runs if one.run.id == case.run), ledger)


def _modules(ledger: Ledger, claim: Claim) -> dict[str, str]:
    """Return the hashes of what the tests of a claim's section are made with; none where no such section is told."""
    sections = (section for one in ledger.documents if one.id == claim.document for section in one.sections)
    return next((section.modules for section in sections if section.id == claim.section), {})


def _name(case: Case) -> str:
    return shown(case.id or "its only case", 120)


def _short(text: str) -> str:
    return shown(text[:12], 60) or "none"


def _measured(cases: Iterator[Case | None]) -> str:
    told = [
        f"{numbers.written(one.value)} {shown(one.unit, 60)}".strip()
        for case in cases if case for one in case.measured[:3]
    ]  # fmt: skip
    return ", ".join(told[:6])


def as_text(ledgers: list[Ledger], found: list[Step]) -> str:
    """Write changes for a terminal: both runs side by side where there are two, else claim by claim in their order."""
    head = [_run(place, ledger) for place, ledger in enumerate(ledgers, 1)]
    verdicts = sum(one.of_verdict for one in found)
    total = (
        f"{counted(verdicts, 'verdict', 'verdicts')} changed, "
        f"and {counted(len(found) - verdicts, 'claim', 'claims')} in numbers alone."
    )
    ordered = sorted(found, key=lambda one: not one.of_verdict)
    by_claim: dict[str, list[Step]] = {}
    for one in ordered:
        by_claim.setdefault(one.claim, []).append(one)
    lines = []
    for name, same in by_claim.items():
        lines += ["", f"{shown(name, 200)}: {shown(same[0].says, 300)}"]
        lines += [line for one in same for line in _lines(one, dated=len(ledgers) > 2)]
    return "\n".join([*head, "", total, *lines])


def _run(place: int, ledger: Ledger) -> str:
    found = counts(claim.state for claim in ledger.claims)
    told = [counted(number, STATES[state].one, STATES[state].many) for state, number in found.items() if number]
    return f"{place}. {shown(ledger.run.started, 40)}: {', '.join(told) or 'no claim'}"


def _lines(one: Step, *, dated: bool) -> Iterator[str]:
    was, now = STATES[one.was].one, STATES[one.now].one
    yield f"  {shown(one.since, 40) + '  ' if dated else ''}{was} → {now}"
    if one.before != one.after:
        yield f"    measured {one.before or 'nothing'} → {one.after or 'nothing'}"
    yield f"    {'cause' if len(one.causes) == 1 else 'cause, one of these'}: {'; '.join(one.causes)}"
