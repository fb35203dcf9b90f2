"""Lines that others print, made harmless for a terminal: their colours may stay, nothing else that steers it."""

from __future__ import annotations

import re

from overseer.terminal.screen import Screen

_COLOURS = re.compile(r"(\x1b\[[0-9;:]*m)")


def harmless(line: str, screen: Screen) -> str:
    """A line as it can be shown. Of one that was written over again and again, how it was in the end."""
    line = line.rstrip("\r").rpartition("\r")[2]
    if "\x1b" not in line:
        return screen.shown(line)
    parts = _COLOURS.split(line)
    shown = [screen.shown(part) if at % 2 == 0 else part if screen.has_colour else "" for at, part in enumerate(parts)]
    return "".join(shown) + ("\x1b[0m" if screen.has_colour and len(parts) > 1 else "")
