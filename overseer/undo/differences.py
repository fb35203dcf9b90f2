"""How two contents of a file differ, for people: as lines where they are text, else by their sizes.

What is shown is bounded, and so is the time that is taken to find it.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from itertools import islice

# Larger contents are told by their size alone.
MOST_BYTES = 1 << 20

# So many lines of one file are shown.
MOST_LINES = 60

_LONGEST_LINE = 300

# So many lines are compared; beyond what both begin and end with, comparing takes their product.
_MOST_COMPARED = 3000


@dataclass(frozen=True, slots=True)
class Difference:
    """Lines of a unified diff and how many more there are; none where the contents are no text, or too large."""

    lines: tuple[str, ...] = ()
    left_out: int = 0
    why_none: str = ""


def difference(path: str, old: bytes | None, new: bytes | None) -> Difference:
    """From what a file holds to what it is to hold; None for a content that is too large to look at."""
    if old is None or new is None:
        return Difference(why_none="too large to compare")
    texts = _text(old), _text(new)
    if texts[0] is None or texts[1] is None:
        return Difference(why_none="not text")
    before, after = (text.splitlines(keepends=True) for text in texts if text is not None)
    if max(_apart(before, after)) > _MOST_COMPARED:
        return Difference(why_none=f"{len(before)} lines become {len(after)}, which differ in too many to compare")
    found = difflib.unified_diff(before, after, f"{path} (as it is)", f"{path} (as it would be)", lineterm="")
    lines = [_shown(line) for line in found]
    return Difference(tuple(islice(lines, MOST_LINES)), max(0, len(lines) - MOST_LINES))


def _text(data: bytes) -> str | None:
    if b"\0" in data:
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None


def _apart(before: list[str], after: list[str]) -> tuple[int, int]:
    """How many lines are left of both without what they begin and end with alike."""
    start = 0
    for one, other in zip(before, after, strict=False):
        if one != other:
            break
        start += 1
    most, end = min(len(before), len(after)) - start, 0
    while end < most and before[-1 - end] == after[-1 - end]:
        end += 1
    return len(before) - start - end, len(after) - start - end


def _shown(line: str) -> str:
    ending = (
        "" if line.endswith("\n") or line.startswith(("---", "+++", "@@")) else "  (without a line break at the end)"
    )
    text = line.rstrip("\r\n")
    return (text if len(text) <= _LONGEST_LINE else f"{text[:_LONGEST_LINE]}…") + ending
