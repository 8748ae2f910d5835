"""Text out of a ledger as a page may show it: visible, bounded, and in its own place."""

from __future__ import annotations

import re
import reprlib
from hashlib import sha256
from typing import Any
from urllib.parse import quote

LONGEST = 2_000

# Controls, marks that turn the reading direction, invisible characters and what UTF-8 cannot hold. The two
# joiners U+200C and U+200D stay: Persian and emoji need them, and they reach no further than their neighbours.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\ufffe\uffff\ud800-\udfff\U000e0000-\U000e007f]"
)
_PLAIN_START = re.compile(r"(a|[a-z]{2,})[ ,]")
_PLAIN_ID = re.compile(r"[\w./-]{1,200}", re.ASCII)


def shown(value: Any, longest: int = LONGEST) -> str:
    """Return a value as one piece of text that shows every character it holds, cut after `longest` of them."""
    text = value if isinstance(value, str) else _described(value)
    if len(text) <= longest and text.isprintable():
        return text
    if len(text) > longest:
        text = f"{text[:longest]}… [cut here: {len(text):,} characters in all]"
    return _HIDDEN.sub(_visible, text) if _HIDDEN.search(text) else text


def anchor(name: Any) -> str:
    """Return the address of a name within the page: the name itself, or its escaped form where that cannot be.

    Two names have two addresses. The result needs no escaping in an attribute or behind a "#".
    """
    text = name if isinstance(name, str) else _described(name)
    if _PLAIN_ID.fullmatch(text):
        return text
    raw = text.encode("utf-8", "surrogatepass")
    return quote(raw, safe="/-._") if len(raw) <= 200 else f"{quote(raw[:60])}~{sha256(raw).hexdigest()[:16]}"


def sentence(text: str) -> str:
    """Write a reason as a sentence: a capital where it starts with a plain word, and a full stop."""
    if _PLAIN_START.match(text):
        text = text[0].upper() + text[1:]
    return text if text.endswith((".", "!", "?", ":", "…")) or "\n" in text else f"{text}."


def joined(words: list[str]) -> str:
    """Join words as a sentence does: "a, b and c"."""
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else "".join(words)


def counted(number: int, one: str, many: str) -> str:
    """Return a number with the noun or verb that goes with it."""
    return f"{number:,} {one if number == 1 else many}"


def _visible(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x20:
        return chr(0x2400 + code)
    return "␡" if code == 0x7F else f"⟨U+{code:04X}⟩"


def _described(value: Any) -> str:
    try:
        return reprlib.repr(value)
    except ValueError:  # an integer of more digits than Python writes out
        return f"a number of {value.bit_length():,} bits"
