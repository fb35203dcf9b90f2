"""How what is shown looks: themes give each kind of text a style, a palette paints text in it.

The themes `default` and `light` use the sixteen colours that every user has set up for eyes and background.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

from overseer.errors import UsageError
from overseer.plan.suggestions import did_you_mean
from overseer.terminal.width import ELLIPSIS, cells_of, clipped

Theme: TypeAlias = Mapping[str, str]
Span: TypeAlias = tuple[str, str]  # the name of a style and a text
Line: TypeAlias = tuple[Span, ...]

THEMES: Mapping[str, Theme] = MappingProxyType(
    {
        "default": {
            "done": "green",
            "failed": "red",
            "skipped": "",
            "cancelled": "yellow",
            "running": "cyan",
            "waiting": "yellow",
            "title": "",
            "quiet": "",
            "heading": "bold",
            "strong": "bold",
            "emphasis": "italic",
            "code": "cyan",
            "link": "underline",
        },
        "light": {
            "done": "green",
            "failed": "red",
            "skipped": "",
            "cancelled": "magenta",
            "running": "blue",
            "waiting": "magenta",
            "title": "",
            "quiet": "",
            "heading": "bold",
            "strong": "bold",
            "emphasis": "italic",
            "code": "blue",
            "link": "underline",
        },
        "mono": {
            "done": "",
            "failed": "bold",
            "skipped": "",
            "cancelled": "bold",
            "running": "",
            "waiting": "",
            "title": "",
            "quiet": "",
            "heading": "bold",
            "strong": "bold",
            "emphasis": "underline",
            "code": "",
            "link": "underline",
        },
        "plain": {},
    }
)

_COLOURS = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
_CODES: Mapping[str, str] = {
    **{name: str(30 + number) for number, name in enumerate(_COLOURS)},
    **{f"bright_{name}": str(90 + number) for number, name in enumerate(_COLOURS)},
    "bold": "1",
    "dim": "2",
    "italic": "3",
    "underline": "4",
    "reverse": "7",
}


def theme_of(chosen: str | Mapping[str, str]) -> Theme:
    """The theme of that name, or the default one with styles of the user's own; UsageError says what is wrong."""
    if isinstance(chosen, str):
        if chosen not in THEMES:
            raise UsageError(f"there is no theme '{chosen}'; {did_you_mean(chosen, THEMES)}")
        return THEMES[chosen]
    for name, style in chosen.items():
        if name not in THEMES["default"]:
            raise UsageError(f"a theme has no style '{name}'; {did_you_mean(name, THEMES['default'])}")
        for word in str(style).split():
            if word not in _CODES:
                raise UsageError(f"style '{name}' of the theme: there is no '{word}'; {did_you_mean(word, _CODES)}")
    return {**THEMES["default"], **chosen}


@dataclass(frozen=True, slots=True)
class Marks:
    """The signs in front of lines. What they say is said in words as well."""

    done: str = "✓"
    failed: str = "✗"
    skipped: str = "–"
    cancelled: str = "■"
    running: str = "•"
    ellipsis: str = ELLIPSIS


UNICODE_MARKS = Marks()
ASCII_MARKS = Marks("+", "x", "-", "!", "*", "...")


class Palette:
    """Paints text in the styles of a theme; without colours, leaves it as it is."""

    def __init__(self, theme: Theme = THEMES["default"], *, has_colour: bool = True, is_unicode: bool = True) -> None:
        self.marks = UNICODE_MARKS if is_unicode else ASCII_MARKS
        self._starts = {
            name: f"\x1b[{';'.join(_CODES[word] for word in style.split())}m" if has_colour and style else ""
            for name, style in theme.items()
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
            took = cells_of(text)
            if took > left or (took == left and any(rest for _, rest in line[at + 1 :])):
                kept.append((style, clipped(f"{text} ", left, self.marks.ellipsis)))
                left -= cells_of(kept[-1][1])
                break
            kept.append((style, text))
            left -= took
        return self.painted(tuple(kept)), cells - left


def text_of(line: Line) -> str:
    """The line without styles."""
    return "".join(text for _, text in line)
