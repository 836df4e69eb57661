"""Signs that nobody sees, that move a cursor or turn a line around. Each becomes `?` where text is shown."""

from __future__ import annotations

import unicodedata

LINES = "\n\t"
# Of the signs of direction these turn round what follows; others, as between letters of a script, do no harm.
TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def without_unseen(text: str, *, lines: bool = True) -> str:
    """The text with a `?` for each sign of control or form; ends of lines and tabs stay where `lines` says so."""
    if text.isprintable():
        return text
    kept = LINES if lines else ""
    return "".join(
        "?" if unicodedata.category(sign)[0] == "C" and sign not in kept else sign for sign in text
    )


def first_harmful(text: str) -> str | None:
    """The first sign of control, or that turns a line, by its number such as U+202E; None where there is none."""
    for sign in text if not text.isprintable() else "":
        if sign in TURNING or (unicodedata.category(sign) == "Cc" and sign not in "\n\t\r"):
            return f"U+{ord(sign):04X}"
    return None
