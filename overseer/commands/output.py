"""How commands write: results to standard output, whole documents, lines, values."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Iterable, Sequence
from pathlib import Path

from overseer.console import printable, put, say
from overseer.errors import UsageError
from overseer.jsonvalue import Json, is_document, json_text
from overseer.registry.folders import changed_since_trusted
from overseer.reports.render import value_text
from overseer.terminal.style import Line, Palette
from overseer.text.folding import fitted


def is_machine(options: Namespace) -> bool:
    """Whether a program reads the output."""
    return bool(options.json or getattr(options, "jsonl", False))


def as_typed(options: Namespace, command: str) -> str:
    """A command of ours as it is typed where this one was: in a shell, or in the chat."""
    return f"/{command}" if getattr(options, "in_chat", False) else f"overseer {command}"


def refuse_json(options: Namespace) -> None:
    """UsageError where a document is wanted of what gives none."""
    if options.json:
        raise UsageError("--json goes with what is listed or shown; this only says that it is done")


def put_document(document: dict[str, Json]) -> None:
    put(json_text(document))


def put_lines(lines: Iterable[str]) -> None:
    """Lines for a person, which a terminal gets no wider than it is."""
    put(fitted(printable("\n".join(lines)), sys.stdout))


def say_if_more(newest: Sequence[object], limit: int, how: str = "--limit N lists more") -> None:
    """Say that there are more than were listed."""
    if len(newest) > limit:
        say(f"there are more than the {limit:,} newest; {how}")


def put_drawing(lines: Iterable[str]) -> None:
    """Lines that are of no use when they are broken."""
    put(printable("\n".join(lines)))


def say_lines(lines: Iterable[str]) -> None:
    for line in lines:
        say(line)


def say_styled(lines: Iterable[Line], palette: Palette) -> None:
    """Say lines in the styles of a theme."""
    for line in lines:
        say(palette.painted(tuple((style, printable(text)) for style, text in line)), is_painted=True)


def say_if_changed(project: Path) -> None:
    """Tell of a project's tools that are not read any more."""
    if line := changed_since_trusted(project):
        say(line)


def put_value(value: Json) -> None:
    """A result on standard output: as it is for a program, harmless for a terminal."""
    text = value_text(value)
    if not sys.stdout.isatty():
        put(text)
    elif isinstance(value, str) and not is_document(value):
        put_lines([text])
    else:
        put(printable(text))
