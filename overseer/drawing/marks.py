"""Signs and colours for what became of a step and for what it may do, the same in every drawing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

MARKS: Mapping[str, str] = {
    "succeeded": "✓",
    "partial": "◐",
    "failed": "✗",
    "skipped": "–",
    "cancelled": "⊘",
    "interrupted": "↯",
    "running": "▶",
    "held": "▮",
    "retrying": "↻",
    "waiting": "·",
}


@dataclass(frozen=True, slots=True)
class Colour:
    """A colour on a light page, and on a dark one."""

    light: str
    dark: str


RISK_COLOURS: Mapping[str, Colour] = {
    "": Colour("#8c959f", "#6e7681"),
    "pure": Colour("#6e7781", "#9198a1"),
    "read": Colour("#0969da", "#58a6ff"),
    "model": Colour("#8250df", "#a371f7"),
    "network": Colour("#1b7c83", "#39c5cf"),
    "write": Colour("#bc4c00", "#f0883e"),
    "exec": Colour("#cf222e", "#ff7b72"),
    "code": Colour("#9a6700", "#d29922"),
}

STATUS_COLOURS: Mapping[str, Colour] = {
    "succeeded": Colour("#1a7f37", "#3fb950"),
    "partial": Colour("#9a6700", "#d29922"),
    "failed": Colour("#cf222e", "#ff7b72"),
    "skipped": Colour("#6e7781", "#9198a1"),
    "cancelled": Colour("#6e7781", "#9198a1"),
    "interrupted": Colour("#bc4c00", "#f0883e"),
    "running": Colour("#0969da", "#58a6ff"),
    "held": Colour("#9a6700", "#d29922"),
    "retrying": Colour("#bc4c00", "#f0883e"),
    "waiting": Colour("#8c959f", "#6e7681"),
}
