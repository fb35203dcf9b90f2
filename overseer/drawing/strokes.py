"""What lines and frames in a terminal are drawn with: box characters, or what every encoding has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from overseer.drawing.marks import MARKS

# Which sides of a cell a line leaves by.
UP, DOWN, LEFT, RIGHT = 1, 2, 4, 8


@dataclass(frozen=True, slots=True)
class Strokes:
    """One set of characters."""

    across: str
    down: str
    corners: tuple[str, str, str, str]  # top left, top right, bottom left, bottom right
    frame_across: str
    frame_down: str
    frame_corners: tuple[str, str, str, str]
    joints: Mapping[int, str]  # by the sides that meet
    head: str  # where a line enters a box
    needs: str
    between: str
    more: str
    bars: Mapping[str, str]  # for each phase of a step
    scope_bar: str
    marks: Mapping[str, str]
    spelt: Mapping[str, str]  # signs that it has not, and how they are written with it

    def written(self, text: str) -> str:
        """Text with none of our own signs that the set has not; letters are for the terminal to make do without."""
        for sign, spelt in self.spelt.items():
            text = text.replace(sign, spelt)
        return text

    def mark(self, status: str) -> str:
        mark = self.marks.get(status, "")
        return f"{mark} " if mark else ""


BOXES = Strokes(
    across="─",
    down="│",
    corners=("┌", "┐", "└", "┘"),
    frame_across="╌",
    frame_down="┆",
    frame_corners=("╭", "╮", "╰", "╯"),
    joints={
        UP | DOWN: "│", LEFT | RIGHT: "─", UP | LEFT | RIGHT: "┴", DOWN | LEFT | RIGHT: "┬", UP | RIGHT: "╰",
        UP | LEFT: "╯", DOWN | RIGHT: "╭", DOWN | LEFT: "╮", UP | DOWN | RIGHT: "├", UP | DOWN | LEFT: "┤",
        UP | DOWN | LEFT | RIGHT: "┼", UP: "│", DOWN: "│", LEFT: "─", RIGHT: "─",
    },
    head="▼",
    needs="← ",
    between=" · ",
    more="…",
    bars={"running": "█", "held": "▒", "retrying": "╍", "waiting": "·"},
    scope_bar="━",
    marks=MARKS,
    spelt={},
)  # fmt: skip

ASCII = Strokes(
    across="-",
    down="|",
    corners=("+", "+", "+", "+"),
    frame_across=".",
    frame_down=":",
    frame_corners=(".", ".", ":", ":"),
    joints=dict.fromkeys(range(1, 16), "+") | {UP | DOWN: "|", LEFT | RIGHT: "-", UP: "|", DOWN: "|"},
    head="v",
    needs="<- ",
    between=", ",
    more="...",
    bars={"running": "#", "held": "=", "retrying": "~", "waiting": "."},
    scope_bar="-",
    marks={},
    spelt={"≠": "!=", "≤": "<=", "≥": ">=", "…": "...", " · ": ", ", "→": "->", "×": "x"},
)


def strokes_for(encoding: str | None) -> Strokes:
    """The set that an encoding can hold."""
    try:
        "─│┌┐└┘╌┆╭╮╰╯├┤┬┴┼▼←·…✓◐✗–⊘↯▶▮↻█▒╍━→×".encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return ASCII
    return BOXES
