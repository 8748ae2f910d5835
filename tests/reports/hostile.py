"""Text that means harm, and a ledger that holds it wherever a ledger holds text."""

from typing import Any

from tests.reports import samples

HOSTILE = {
    "markup": "<script>alert(1)</script><img src=http://x.invalid/y onerror=alert(1)><!-- ]]>",
    "quotes": '"\'`><svg/onload=alert(1)>" onclick=\'x\' style="x"',
    "template": "{{ 7 * 7 }}{% raw %}{# x #}",
    "bidi": "abc\u202egnp.exe\u2066x\u200f\u061c",
    "nul": "a\0b\x1b[31m\x7f\r",
    "surrogate": "a\ud800b\udfff",
    "url": "javascript:alert(1) data:text/html,<b>",
    "entity": "&lt;b&gt; &amp;amp; &#x3c;b&#x3e; &nbsp",
    "spaces": "a b\tc\nd\u2028e",
    "nothing": "",
}


def everywhere(text: str) -> Any:
    """A ledger with a text wherever a ledger holds text that a document, a model or a machine may choose."""
    measured = [samples.number(1.5, text, text, 1.0, 2.0, **{text: 1.5}), samples.number(text, text, text)]
    case = samples.case("refuted", *measured, stated="2", id=text, source=text, part=text, reason=text, test=text)
    case["stated"] |= {"text": text, "low": text, "high": text}
    broken = samples.case("broken", reason=text, id="other", source="other", declared="holds")
    claim = samples.claim(text, "1", text, "refuted", case, stated=text, note=text)
    made = samples.ledger(
        [claim, samples.claim("b", text, text, "broken", broken, document=text)], started=text, arguments=[text]
    )
    made["run"]["environment"] = {text: text}
    made["documents"] = [{"id": "post", "title": text, "language": text, "read": text, "sections": [
        {"id": "1", "title": text, "charts": [samples.figure(text), {"kind": text, "name": text},
         {"kind": "parameters", "name": text, "parts": samples.LLAMA}]}]}]  # fmt: skip
    made["accounting"]["unaccounted"] = [text]
    return made
