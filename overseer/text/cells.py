"""How much room a text takes on a terminal, where some characters are two cells wide and others none."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator

# It makes one of the characters around it; a text that ends with it would take in what comes after.
_JOINER = "\u200d"

# Marks that stand on one another take no room, and a text of nothing else would have no end.
_MOST_PER_CELL = 8


def cells(text: str) -> int:
    """How wide a text is."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def cut(text: str, width: int, more: str = "…") -> str:
    """A text that is no wider, with a sign where something was left out of it."""
    if width <= 0:
        return ""
    if len(text) <= width * _MOST_PER_CELL and cells(text) <= width:
        return text
    return _first(text, width - cells(more)) + more if width > cells(more) else _first(text, width)


def padded(text: str, width: int, more: str = "…") -> str:
    """A text of exactly that width."""
    text = cut(text, width, more).rstrip(_JOINER)
    return text + " " * (width - cells(text))


def wrapped(text: str, width: int, most: int, more: str = "…") -> list[str]:
    """A text of one line in at the most so many lines, which end between words where they can."""
    text = text[: width * most * _MOST_PER_CELL + 1]
    lines: list[str] = []
    while text and len(lines) < most - 1 and cells(text) > width:
        line = _first(text, width)
        at = len(line) if text[len(line) :].startswith(" ") else line.rfind(" ")
        at = at if at > 0 else len(line) or 1
        lines.append(text[:at].rstrip())
        text = text[at:].lstrip()
    return [*lines, cut(text, width, more)] if text or not lines else lines


def pieces(text: str, width: int) -> Iterator[str]:
    """All of a text of one line, in lines that end wherever they are full."""
    if text.isascii():
        yield from (text[at : at + width] for at in range(0, max(1, len(text)), width))
        return
    from rich.cells import get_character_cell_size

    start, room = 0, width
    for at, letter in enumerate(text):
        takes = 1 if letter.isascii() else get_character_cell_size(letter)  # as whoever counts a piece of both
        if takes > room and at > start:
            yield text[start:at]
            start, room = at, width
        room -= takes
    yield text[start:]


def _first(text: str, width: int) -> str:
    """As much of a text as fits."""
    width = max(0, width)
    if text.isascii():
        return text[:width]
    text = text[: width * _MOST_PER_CELL]
    fits = bisect_right(range(len(text) + 1), width, key=lambda length: cells(text[:length])) - 1
    return text[:fits].rstrip(f" {_JOINER}") if fits < len(text) else text.rstrip(_JOINER)
