"""The terminal: whether there is one, how large, in which letters, and whether it gets colours and why."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TextIO

from overseer.checkup.finding import Finding
from overseer.ownterminal import keyboard, terminal_size


def terminal(environment: Mapping[str, str]) -> Finding:
    """The terminal that the process was begun at."""
    streams = {"stdin": keyboard(), "stdout": sys.stdout, "stderr": sys.stderr}
    terminals = {name: _is_terminal(stream) for name, stream in streams.items()}
    size = terminal_size()
    encoding = getattr(sys.__stdout__, "encoding", None) or "none"
    has_colour, why = colours(environment, is_terminal=terminals["stdout"])
    term = environment.get("TERM", "")
    named = ", ".join(name for name, is_one in terminals.items() if is_one)
    details = [
        f"TERM is {term or 'not set'}",
        f"letters: {encoding}" + ("" if _is_unicode(encoding) else ", so some signs are written in plain letters"),
        f"colours: {'yes' if has_colour else 'no'}, since {why}",
    ]
    return Finding(
        "terminal",
        "ok",
        f"{size.columns} columns, {size.lines} lines ({named})" if named else "none, so nobody is asked anything",
        tuple(details),
        {
            "is_terminal": dict(terminals),
            "term": term or None,
            "columns": size.columns,
            "lines": size.lines,
            "encoding": encoding,
            "colours": has_colour,
            "colours_because": why,
            "NO_COLOR": environment.get("NO_COLOR"),
            "FORCE_COLOR": environment.get("FORCE_COLOR"),
        },
    )


def colours(environment: Mapping[str, str], *, is_terminal: bool) -> tuple[bool, str]:
    """Whether there are colours, and why."""
    if environment.get("NO_COLOR"):
        return False, "NO_COLOR is set"
    if forced := environment.get("FORCE_COLOR"):
        return forced not in ("0", "false"), f"FORCE_COLOR is {forced}"
    if not is_terminal:
        return False, "standard output is no terminal"
    if environment.get("TERM", "") == "dumb":
        return False, "TERM is dumb"
    return True, "standard output is a terminal"


def _is_terminal(stream: TextIO | None) -> bool:
    try:
        return stream is not None and stream.isatty()
    except ValueError:  # it was closed
        return False


def _is_unicode(encoding: str) -> bool:
    return encoding.lower().replace("-", "").replace("_", "").startswith("utf")
