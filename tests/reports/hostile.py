"""Text that means harm, and a ledger that holds it wherever a ledger holds text."""

import copy
from typing import Any

from msgspec.structs import replace

from claim_suite.reports.schema import Comparison, Document, Evidence, Ledger, Section, Stated
from tests.reports import samples

HOSTILE = {
    "markup": "<script>alert(1)</script><img src=http://x.invalid/y onerror=alert(1)><!-- ]]>",
    "quotes": '"\'`><svg/onload=alert(1)>" onclick=\'x\' style="x"',
    "template": "{{ 7 * 7 }}{% raw %}{# x #}",
    "bidi": "abc\u202egnp.exe\u2066x\u200f\u061c",
    "nul": "a\0b\x1b[31m\x7f\r",
    "surrogate": "a\ud800b\udfff",
    "url": "javascript:alert(1) data:text/html,<b>",
    "link": "https://x.invalid/\"onclick='alert(1)'<b>",
    "entity": "&lt;b&gt; &amp;amp; &#x3c;b&#x3e; &nbsp",
    "spaces": "a b\tc\nd\u2028e",
    "nothing": "",
}


def otherwise(ledger: Ledger) -> Ledger:
    """The ledger of a run in which everything was otherwise: its verdicts, and what may have changed them."""
    before = copy.deepcopy(ledger)
    before.run.started = "2026-11-24T06:00:00Z"
    before.run.environment = {name: f"old {version}" for name, version in before.run.environment.items()}
    for document in before.documents:
        for section in document.sections:
            section.modules = {name: f"old {of}" for name, of in section.modules.items()}
    for claim in before.claims:
        for case in claim.cases:
            case.verdict, case.digest = "holds", "old"
            case.evidence = [replace(one, sha256=f"old {one.sha256}") for one in case.evidence]
        claim.conclude()
    return before


def everywhere(text: str) -> Ledger:
    """A ledger with a text wherever a ledger holds text that a document, a model or a machine may choose."""
    measured = [samples.number(1.5, text, text, 1.0, 2.0, **{text: 1.5}), samples.number(text, text, text)]
    measured[0].made_of = text
    words: Any = dict.fromkeys(set(Evidence.__struct_fields__) - {"basis", "stand_in", "whose"}, text)
    case = samples.case(
        "refuted", *measured, stated=Stated(text=text, low=text, high=text, nominal=text, convention=text), id=text,
        source=text, part=text, reason=text, test=text, code=text, evidence=[Evidence(**words)],
        compared=[Comparison(operator="<", value=text, holds=False, convention=text)],
    )  # fmt: skip
    broken = samples.case("broken", reason=text, id="other", source="other")
    claim = samples.claim(text, "1", text, case, stated=text, note=text, model=text)
    places = ("table", "row", "column", "link", "version", "corrects", "words", "reply", "reply_link")
    place = dict.fromkeys(places, text)
    in_table = samples.claim("cell", "1", text, case, stated=text, reason=text, **place)
    other = samples.claim("b", text, text, broken, document=text)
    run: Any = {"started": text, "arguments": [text], "environment": {text: text, "untested": text}}
    made = samples.ledger([claim, in_table, other], **run)
    point = {"model": text, "family": text, "measured": {"total": 9, "active": 3}}
    charts = [samples.figure(text), {"kind": text, "name": text},
              {"kind": "parameters", "name": text, "parts": samples.LLAMA},
              {"kind": "active_against_total", "points": [point]}]  # fmt: skip
    section = Section(id="1", title=text, charts=charts, modules={text: text, "a.py": text})
    made.documents = [Document(id="post", title=text, language=text, read=text, link=text, sections=[section])]
    made.accounting.unaccounted = [text]
    made.warnings = [{"claim": text, "text": text}, {text: text}]
    return made
