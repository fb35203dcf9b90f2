"""Lines of styled text, and the palette that paints them for a terminal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from overseer.terminal.themes import THEMES, Theme, codes_of
from overseer.text.cells import cells as width_of
from overseer.text.cells import cut

Span: TypeAlias = tuple[str, str]  # the name of a style and a text
Line: TypeAlias = tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Marks:
    """The signs in front of lines. What they say is said in words as well."""

    done: str = "✓"
    failed: str = "✗"
    skipped: str = "–"
    cancelled: str = "■"
    running: str = "•"
    ellipsis: str = "…"
    bar: str = "│"
    rule: str = "─"


UNICODE_MARKS = Marks()
ASCII_MARKS = Marks("+", "x", "-", "!", "*", "...", "|", "-")


class Palette:
    """Paints text in the styles of a theme; without colours, leaves it as it is."""

    def __init__(self, theme: Theme = THEMES["default"], *, has_colour: bool = True, is_unicode: bool = True) -> None:
        self.marks = UNICODE_MARKS if is_unicode else ASCII_MARKS
        self._starts = {
            name: f"\x1b[{codes}m" if has_colour and (codes := codes_of(style)) else "" for name, style in theme.items()
        }

    def painted(self, line: Line) -> str:
        return "".join(
            f"{start}{text}\x1b[0m" if (start := self._starts.get(style, "")) and text else text for style, text in line
        )

    def fitted(self, line: Line, cells: int) -> tuple[str, int]:
        """The line, painted and cut to so many cells, and how many it takes."""
        kept: list[Span] = []
        left = cells
        for at, (style, text) in enumerate(line):
            took = width_of(text)
            if took > left or (took == left and any(width_of(rest) for _, rest in line[at + 1 :])):
                kept.append((style, cut(f"{text} ", left, self.marks.ellipsis)))
                left -= width_of(kept[-1][1])
                break
            kept.append((style, text))
            left -= took
        return self.painted(tuple(kept)), cells - left


def text_of(line: Line) -> str:
    """The line without styles."""
    return "".join(text for _, text in line)
