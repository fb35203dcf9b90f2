"""Styled text in lines of so many cells: words broken into lines, columns of a table laid side by side."""

from __future__ import annotations

import re
from collections.abc import Sequence

from overseer.terminal.style import Line, Span, text_of
from overseer.text.cells import cells as width_of

_GAP = "  "  # between columns
_PARTS = re.compile(r"[^\S\n]+|\n|[^\s]+")
_NARROWEST = 8  # cells of a column that is still read with ease


def broken(spans: Sequence[Span], cells: int, *, is_strict: bool = False) -> list[Line]:
    """The text in lines between whose words it was broken; a newline in it breaks too.

    A word that is longer than a line, such as an address, stays whole: the terminal breaks it so that it can be
    copied. Strictly, it is cut.
    """
    lines: list[list[Span]] = [[]]
    room = cells
    for word in _words(spans):
        took = sum(width_of(text) for _, text in word)
        if word[0][1] == "\n" or (took > room and lines[-1] and word[0][1] != " "):
            lines.append([])
            room = cells
        if word[0][1] == "\n" or (word[0][1] == " " and not lines[-1]):
            continue
        if is_strict and took > cells:
            lines[-1:] = _pieces(word, cells)
            room = cells - width_of(text_of(tuple(lines[-1])))
            continue
        lines[-1] += word
        room -= took
    return [_trimmed(line) for line in lines]


def _words(spans: Sequence[Span]) -> list[list[Span]]:
    """Words, single spaces and newlines; a word may be of several styles."""
    found: list[list[Span]] = []
    for style, text in spans:
        for part in _PARTS.findall(text):
            if part.isspace():
                found.append([(style, "\n" if "\n" in part else " ")])
            elif found and not found[-1][0][1].isspace():
                found[-1].append((style, part))
            else:
                found.append([(style, part)])
    return found


def _pieces(word: list[Span], cells: int) -> list[list[Span]]:
    """A word in pieces that are no longer than a line."""
    pieces: list[list[Span]] = [[]]
    room = cells
    for style, text in word:
        for letter in text:
            if width_of(letter) > room and pieces[-1]:
                pieces.append([])
                room = cells
            pieces[-1].append((style, letter))
            room -= width_of(letter)
    return pieces


def _trimmed(line: list[Span]) -> Line:
    while line and not line[-1][1].strip():
        line.pop()
    return tuple(line)


def table(
    head: Sequence[Sequence[Span]], rows: Sequence[Sequence[Sequence[Span]]], cells: int, rule: str
) -> list[Line]:
    """A table without borders. Where there is no room for its columns, each row is told as a list of its cells."""
    count = len(head)
    widths = _widths([head, *rows], cells - len(_GAP) * (count - 1))
    if widths is None:
        return _told(head, rows, cells)
    lines = [*_row(head, widths), tuple(_joined([[("quiet", rule * width)] for width in widths], widths))]
    for row in rows:
        lines += _row(row, widths)
    return lines


def _widths(rows: Sequence[Sequence[Sequence[Span]]], cells: int) -> list[int] | None:
    """How wide each column is: as its widest cell, or less where there is no room; None if it would be too little."""
    widths = [max(1, *(width_of(text_of(tuple(row[at]))) for row in rows)) for at in range(len(rows[0]))]
    while (over := sum(widths) - cells) > 0:
        widest = max(widths)
        if widest <= _NARROWEST:
            return None
        below = max((width for width in widths if width < widest), default=_NARROWEST)
        columns = [at for at, width in enumerate(widths) if width == widest]
        less = min(widest - max(below, _NARROWEST), -(-over // len(columns)))
        for at in columns:
            widths[at] -= max(1, less)
    return widths


def _row(row: Sequence[Sequence[Span]], widths: Sequence[int]) -> list[Line]:
    cells = [broken(spans, width, is_strict=True) for spans, width in zip(row, widths, strict=True)]
    height = max(len(lines) for lines in cells)
    return [tuple(_joined([lines[at] if at < len(lines) else () for lines in cells], widths)) for at in range(height)]


def _joined(cells: Sequence[Sequence[Span]], widths: Sequence[int]) -> Line:
    spans: list[Span] = []
    for cell, width in zip(cells, widths, strict=True):
        spans += cell
        spans.append(("", " " * (width - width_of(text_of(tuple(cell)))) + _GAP))
    return _trimmed(spans)


def _told(head: Sequence[Sequence[Span]], rows: Sequence[Sequence[Sequence[Span]]], cells: int) -> list[Line]:
    lines: list[Line] = []
    for row in rows:
        for name, cell in zip(head, row, strict=True):
            lines += broken([*name, ("", ": "), *cell], cells)
        lines.append(())
    return lines[:-1]
