"""Questions about the lines of a file by a text in them: which contain it, which do not, how many."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from overseer.frontends.rules.wording import Wording

THAT = r"(?:(?:that|which) )?"
HOLD = r"(?:contains?|mentions?|includes?|containing|mentioning|including|having|with|have|has)"
_NOT = r"(?:do not|does not|don't|don’t|doesn't|doesn’t) (?:contain|mention|include|have)|not containing|without"
WHAT = r"(?:(?:the|a|an) )?(?:(?:word|words|text|string|phrase) )?(?:(<[qn]\d+>)|([^\W\d][\w-]*))(?: in (?:it|them))?"


@dataclass(frozen=True, slots=True)
class Lines:
    """What lines are to hold, as arguments, and whether they are only to be counted."""

    args: dict[str, Any]
    is_counted: bool = False


def lines_asked(wording: Wording) -> Lines | None:
    """What is asked of lines; None where it is no such question."""
    is_counted = (
        wording.take(r"how many lines|(?:the )?number of lines|count (?:all )?(?:of )?(?:the )?lines") is not None
    )
    if not is_counted and wording.take(r"(?:all )?(?:only )?(?:all )?(?:of )?(?:the )?lines") is None:
        return None
    said = wording.take(rf"{THAT}(?:({_NOT})|{HOLD}) {WHAT}")
    if said is None:
        return None
    what = wording.text(said[2], said[3])
    if what is None or not wording.is_done("keep filter only search grep there"):
        return None
    return Lines({"containing": what, **({"invert": True} if said[1] else {})}, is_counted)


def line_asked(wording: Wording) -> dict[str, int] | None:
    """Which single line is asked for, as the first and the last to be read; None where none is."""
    before = wording.rest
    said = wording.take(r"(?:the )?(?:first line|line (<n\d+>))")
    number = (wording.value(said[1]) if said[1] else 1) if said is not None else None
    if not isinstance(number, int) or number < 1 or not wording.is_done("read open"):
        wording.rest = before
        return None
    return {"first_line": number, "last_line": number}
