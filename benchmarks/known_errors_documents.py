"""Which errors that authors of documents corrected in public had been found in the earlier state, from ledgers.

    pytest -m cheap claims/scaling_book claims/llama_3_1_post claims/ml_engineering --ledger LEDGER
    python -m benchmarks.known_errors_documents LEDGER...            # the tables
    python -m benchmarks.known_errors_documents LEDGER... --write    # into benchmarks/known_errors_documents.md

A correction is a pair of claims, of which the later names the earlier (`corrects=`). It is counted where the earlier
does not simply hold; what no ledger says stands in known_errors_documents.toml.
"""

from __future__ import annotations

import argparse
import json
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

TABLE = Path(__file__).with_suffix(".md")
WORDS = {
    "holds": "holds",
    "loosely": "holds loosely",
    "disputed": "disputed",
    "refuted": "does not hold",
    "uncheckable": "uncheckable",
}
Claim = dict[str, Any]


class Correction(NamedTuple):
    """A claim at the earlier state, and its last corrected form, where that has a claim."""

    earlier: Claim
    later: Claim | None


class Corrections:
    """The corrections that a ledger's claims have, and what is known of them besides."""

    def __init__(self, claims: Iterable[Claim], known: dict[str, Any]) -> None:
        self.claims = {claim["id"]: claim for claim in claims}
        self.parts, self.changes, self.named = known["part"], known["change"], known["claims"]
        self.later: dict[str, Claim] = {}
        for claim in self.claims.values():
            if claim["corrects"]:
                self.later[claim["corrects"]] = claim
        named = {name for names in self.named.values() for name in names}
        if missing := sorted(named - self.claims.keys()):
            raise SystemExit(f"No ledger has {', '.join(missing)}.")

    def counted(self, part: dict[str, Any] | None = None) -> list[Correction]:
        """Return those of a part, or all: the earlier claim does not simply hold, and the change is no other one."""
        changed = (self.later.keys() | set(self.named["without"])) - set(self.named["not_counted"])
        return [
            Correction(claim, self.later.get(claim["id"]))
            for claim in self.claims.values()
            if claim["id"] in changed and claim["verdict"] != "holds" and self._is_of(claim, part)
        ]

    def blind(self, claim: Claim) -> str:
        """Return whether a claim was made before its correction was known: "yes", "in part" or "no"."""
        if claim["id"] in self.named["known"]:
            return "no"
        return str(next(part["blind"] for part in self.parts if self._is_of(claim, part)))

    def wrong(self) -> list[Claim]:
        """Return corrected forms that do not hold, or are disputed."""
        later = (claim for claim in self.claims.values() if claim["corrects"])
        return [claim for claim in later if claim["verdict"] in ("refuted", "disputed")]

    def unconfirmed(self) -> list[Claim]:
        """Return what is refuted of an earlier state, and was neither corrected nor taken out."""
        settled = self.later.keys() | set(self.named["without"]) | set(self.named["gone"])
        return [
            claim
            for claim in self.claims.values()
            if claim["verdict"] == "refuted" and not claim["corrects"] and claim["id"] not in settled
        ]

    @staticmethod
    def _is_of(claim: Claim, part: dict[str, Any] | None) -> bool:
        return part is None or (claim["document"], claim["version"]) == (part["document"], part["first"])


def table(corrections: Corrections) -> str:
    """Return the whole page."""
    gone = corrections.named["gone"]
    return "\n".join(
        [
            *_head(corrections),
            "\n## Corrected in public\n",
            *_rows(
                ("claim", "printed", "corrected", "verdict before", "verdict after", "read blind"),
                (
                    (
                        f"`{each.earlier['id']}`",
                        each.earlier["stated"] or "in words",
                        (each.later["stated"] or "in words") if each.later else "no claim",
                        WORDS[each.earlier["verdict"]],
                        WORDS[each.later["verdict"]] if each.later else "",
                        corrections.blind(each.earlier),
                    )
                    for each in corrections.counted()
                ),
            ),
            "\n## Changed in public, and not counted\n",
            *_rows(
                ("document", "printed", "later", "why it is no error by the rule", "in the first list"),
                (
                    (each["where"], each["printed"], each["later"], each["why"], "yes" if each.get("listed") else "")
                    for each in corrections.changes
                ),
            ),
            "\n## Corrections that are wrong themselves\n",
            *_rows(
                ("claim", "commit", "says", "is"),
                ((f"`{one['id']}`", one["version"], one["says"], one["reason"]) for one in corrections.wrong()),
            ),
            "\n## Refutations that nobody has confirmed, with the strongest reply\n",
            *_rows(
                (
                    "claim",
                    "printed",
                    "why it does not hold",
                    "what its author may answer, and what stands against that",
                ),
                (
                    (f"`{one['id']}`", one["stated"] or "in words", one["reason"], one["reply"])
                    for one in corrections.unconfirmed()
                ),
            ),
            f"\n{len(gone)} more stood in parts that were written anew or taken out, which neither confirms nor saves "
            f"them: {', '.join(f'`{name}`' for name in gone)}.",
            "",
        ]
    )


def _head(corrections: Corrections) -> Iterator[str]:
    parts = corrections.parts
    counted = [corrections.counted(part) for part in parts]
    before = [sum(corrections.blind(one.earlier) != "no" for one in each) for each in counted]
    heads = [[one.later["verdict"] for one in each if one.later] for each in counted]
    alone = [
        sum((one["document"], one["version"]) == (part["document"], part["first"]) for one in corrections.unconfirmed())
        for part in parts
    ]
    listed = [part["listed"] for part in parts]
    removed = sum(bool(change.get("listed")) for change in corrections.changes)
    all_listed, all_before = sum(many for many, _ in listed), sum(found for _, found in listed)
    yield TITLE
    yield from _rows(
        ("", *(part["name"] for part in parts), "in all"),
        (
            ("commit that was read", *(part["read"] for part in parts), ""),
            ("later state", *(part["later"] for part in parts), ""),
            ("read blind", *(part["blind"] for part in parts), ""),
            ("corrections of errors, by the rule", *map(len, counted), sum(map(len, counted))),
            ("found before the correction was known", *map(_share, before, map(len, counted)),
             _share(sum(before), sum(map(len, counted)))),
            ("found with the claims that were added since", *(_share(len(each), len(each)) for each in counted),
             _share(*[sum(map(len, counted))] * 2)),
            ("by the first list: found", *(_share(found, many) for many, found in listed),
             _share(all_before, all_listed)),
            ("corrected values that hold at the later commit", *map(_held, heads), ""),
            ("refutations that nobody has confirmed", *alone, ""),
        ),
    )  # fmt: skip
    remained = all_listed - removed
    doubtful = sum(bool(change.get("doubtful")) for change in corrections.changes)
    yield RULE.format(
        removed=removed,
        ruled=_share(all_before, remained),
        added=sum(map(len, counted)) - remained,
        doubtful=doubtful,
        strict=_share(sum(before), sum(map(len, counted)) + removed + doubtful),
    )


def _rows(heads: Iterable[str], rows: Iterable[Iterable[object]]) -> Iterator[str]:
    heads = list(heads)
    yield f"| {' | '.join(heads)} |"
    yield f"|{'---|' * len(heads)}"
    for row in rows:
        yield f"| {' | '.join(map(str, row))} |"


def _share(found: int, of: int) -> str:
    return f"{found} of {of} ({100 * found // of}%)"


def _held(verdicts: list[str]) -> str:
    loosely, disputed = verdicts.count("loosely"), verdicts.count("disputed")
    more = [f"{loosely} more loosely"] * bool(loosely) + [f"{disputed} disputed"] * bool(disputed)
    return ", ".join([f"{verdicts.count('holds')} of {len(verdicts)}", *more])


TITLE = """\
# Known errors of documents: which were found before their authors corrected them

Documents that were corrected in public were read at an early commit, and each number held against a sum, a counted
model or a data sheet. Then the later state was read, and each correction is a claim of its own (`corrects=`) with
its own verdict. What was known beforehand stands in `read` of each `document.toml`. Made by `python -m
benchmarks.known_errors_documents` from ledgers; of llama_3_1_post no later state is at hand.
"""
RULE = """
**The rule.** A change of a number, a formula or a line of code is the correction of an error where the earlier form
is false by the text itself (another of its numbers, figures, formulas, or arithmetic), or by a publication of the
maker, or by the counted model, of that time, and no publication of the maker has the earlier. A consequence that is
printed by itself counts by itself. Changes of inputs, examples, analysis and presentation, other roundings that are
right too, and slips of prose without a number or formula do not count. It was applied to all changes of the parts
that were read: {removed} of the first list fell out, all of which had been missed or called uncheckable (found of
what remained: {ruled}), and {added} came in that it had not. The rule was written when it was known what had been
found; with these {removed} and with {doubtful} more on which documents contradict each other, it would be {strict}.

**Found** is a claim at the early commit that does not hold, is disputed, or holds only loosely where the correction
has the digit that was missing. **Read blind: no** are claims that were made, or decided, with the correction in
view; that such claims find everything says only that each correction has one. Chapter 12 had been read in a later
state before the early one, though without the differences. Of the other chapters the subjects of some later commits
had been seen, one of which names a mistake in question 5 of chapter 2; that some of the book's present text was
known from elsewhere cannot be excluded."""


def main() -> None:
    """Print the tables, or write them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ledgers", nargs="+", type=Path)
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    claims = [claim for file in arguments.ledgers for claim in json.loads(file.read_text(encoding="utf-8"))["claims"]]
    page = table(Corrections(claims, tomllib.loads(TABLE.with_suffix(".toml").read_text(encoding="utf-8"))))
    if arguments.write:
        TABLE.write_text(page, encoding="utf-8")
    else:
        print(page, end="")


if __name__ == "__main__":
    main()
