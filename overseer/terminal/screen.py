"""What the terminal at the other end of a stream can do, decided once.

Whoever asks for no colours by `NO_COLOR` gets no escape sequence at all, and so no lines that are redrawn;
the theme `mono` is for those who want the one without the other.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TextIO

from overseer.console import printable

_APART = {0x200D: None, 0xFE0F: None}  # join pictures and widen signs, about which terminals do not agree
_MARKS = "✓✗–■•…"


@dataclass(frozen=True, slots=True)
class Screen:
    """`is_live`: lines can be drawn anew. `reflows`: long lines are broken anew when it becomes narrower."""

    is_live: bool = False
    has_colour: bool = False
    encoding: str = "utf-8"
    reflows: bool = True

    @property
    def is_unicode(self) -> bool:
        return self.encoding == "utf-8"

    def shown(self, text: str) -> str:
        """The text as this terminal gets it: one that steers nothing, in letters that it has."""
        text = printable(text).translate(_APART)
        if self.is_unicode or text.isascii():
            return text
        return text.encode(self.encoding, "replace").decode(self.encoding, "replace")


def screen_of(
    stream: TextIO,
    environ: Mapping[str, str] = os.environ,
    *,
    is_plain: bool = False,
    colour: bool | None = None,
    encoding: str | None = None,
) -> Screen:
    """What can be done with a stream. `colour` says what was asked for on the command line, where it was."""
    is_terminal = stream.isatty() and environ.get("TERM", "") != "dumb"
    is_refused = colour is False or (colour is None and bool(environ.get("NO_COLOR")))
    return Screen(
        is_live=is_terminal and not is_plain and not is_refused and _can_redraw(environ),
        has_colour=not is_plain and _has_colour(environ, colour, is_terminal=is_terminal),
        encoding=_encoding(encoding or _given_encoding()),
        reflows=_reflows(environ),
    )


def _has_colour(environ: Mapping[str, str], colour: bool | None, *, is_terminal: bool) -> bool:
    if colour is not None:
        return colour
    if environ.get("NO_COLOR"):
        return False
    if forced := environ.get("FORCE_COLOR"):
        return forced not in ("0", "false")
    return is_terminal


def _can_redraw(environ: Mapping[str, str]) -> bool:
    return os.name == "posix" and environ.get("TERM", "") not in ("", "unknown")


def _given_encoding() -> str:
    """Of the stream that Python opened, before the console wrote UTF-8 to all of them."""
    return getattr(sys.__stderr__, "encoding", None) or "utf-8"


def _encoding(name: str) -> str:
    """UTF-8 wherever the marks of the live view can be written, else that which they cannot be written in."""
    try:
        _MARKS.encode(name)
    except UnicodeEncodeError:
        return name
    except LookupError:
        return "ascii"
    return "utf-8"


def _reflows(environ: Mapping[str, str]) -> bool:
    """Most terminals break lines anew; these are known to cut them."""
    if environ.get("TMUX"):
        return True
    term = environ.get("TERM", "")
    return not (environ.get("XTERM_VERSION") or environ.get("STY") or term == "linux" or term.startswith("screen"))
