"""Where somebody asks, as far as it matters to what they are told: how to connect a model there, and what to try."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from overseer.frontends.rules.connecting import HOW_TO_CONNECT, Connecting
from overseer.frontends.rules.words import wordset
from overseer.tool import Tool

_NO_MODEL_THERE = frozenset({"denied", "transient", "bad_request", "timeout"})
_OF_RUNS = wordset("undo redo resume")
_POINTING = wordset("it that this them all please the last run now again everything my changes")
_FEW = 6
_SMALL = 100_000  # bytes
_LOOKED_AT = 1000  # files of a folder
_FILE_NAME = re.compile(r"[\w./-]+\.[A-Za-z]\w{0,4}")

# What can be asked of a file, by how its name ends; the first kind that there is goes first.
_OF_FILES = {
    (".txt", ".md"): "what are the 5 most common words in {}?",
    (".csv", ".tsv"): "describe the columns of {}",
}


@dataclass(frozen=True, slots=True)
class Standing:
    """A place at which requests are made."""

    root: Path | None = None  # where a file that is named is looked for
    to_connect: Connecting = HOW_TO_CONNECT  # a model, as it can be done from there
    demo: str = "overseer demo"  # the command that shows what a model would do
    tools: str = "overseer tools"  # the one that lists the tools
    to_leave: str = ""  # how that is done, where one can stay
    commands: frozenset[str] = frozenset()  # what is typed there with a slash before it
    without_model: str = "--rules plans by rules alone, without a model."

    def command_meant(self, said: str) -> str:
        """The command that somebody names without its slash and asks for nothing besides: clear, undo that.

        To show or save something is a request.
        """
        first, *rest = re.findall(r"[\w'-]+", said.casefold()) or [""]
        is_meant = first in self.commands and (not rest or (first in _OF_RUNS and _POINTING.issuperset(rest)))
        return first if is_meant else ""

    def instead_of_model(self, failure: str) -> tuple[str, ...]:
        """What can be done where a model was asked in vain; `failure` is the kind of that."""
        return (self.without_model,) if failure in _NO_MODEL_THERE else ()


ANYWHERE = Standing()


def to_be_tried(tools: Mapping[str, Tool], root: Path | None) -> list[str]:
    """A few requests that can be typed as they stand, and that need no file but those that are there."""
    asked = [request for tool in tools.values() if (request := next(_told_whole(tool), ""))]
    of_files = list(_of_files(root)) if root is not None and "read_file" in tools else []
    few = _FEW - len(of_files)
    some = [asked[at * len(asked) // few] for at in range(few)] if len(asked) > few else asked
    return [*of_files, *some]


def _told_whole(tool: Tool) -> Iterator[str]:
    """The requests among a tool's examples that tell all that it is given, and after which nobody need look."""
    if not {"pure", "read"}.issuperset(tool.effects):
        return
    for example in tool.examples:
        request, args = str(example.get("request", "")), example.get("args")
        values = [str(value) for value in args.values()] if isinstance(args, Mapping) else []
        is_whole = all(value.casefold() in request.casefold() for value in values)
        if request and is_whole and not any(_FILE_NAME.fullmatch(value) for value in values):
            yield request


def _of_files(root: Path) -> Iterator[str]:
    try:
        with os.scandir(root) as entries:
            names = sorted(entry.name for entry in islice(entries, _LOOKED_AT) if _is_small(entry))
    except OSError:
        return
    for ends, request in _OF_FILES.items():
        if name := next((name for name in names if name.endswith(ends)), ""):
            yield request.format(name)


def _is_small(entry: os.DirEntry[str]) -> bool:
    """Whether it is a file of few bytes with a plain name."""
    if entry.name.startswith(".") or not _FILE_NAME.fullmatch(entry.name):
        return False
    try:
        return entry.is_file() and 0 < entry.stat().st_size <= _SMALL
    except OSError:
        return False
