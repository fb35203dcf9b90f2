"""A tool that finds lines in the files of the workspace.

Python's regular expressions can take longer than the universe has been there, and hold the interpreter
meanwhile: nothing else in the process could run, not even what would stop them. So they are looked for by an
interpreter of their own, which is killed when the time is up. Plain text is found here, and never takes long.
"""

from __future__ import annotations

import inspect
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any

from overseer.tool import ToolContext, ToolError, tool

_LARGEST = 5_000_000  # bytes of a file that is searched
_LONGEST_SHOWN = 500  # letters of a line

# The numbers of at most so many lines of a text that match, from 0.
_Finder = Callable[[str, int], list[int]]


_OUTPUT = {
    "type": "object",
    "properties": {
        "matches": {"type": "array", "items": {"type": "object"}},
        "is_cut": {"type": "boolean"},
        "searched": {"type": "integer"},
        "skipped": {"type": "object"},
    },
    "additionalProperties": False,
}


@tool(
    effect="read",
    output=_OUTPUT,
    tags=["files", "text"],
    examples=[
        {"request": "find DEPRECATED in all Python files", "args": {"query": "DEPRECATED", "pattern": "*.py"}},
        {
            "request": "search src for functions whose names end in _test, with the lines around them",
            "args": {"query": r"def \w+_test\(", "regex": True, "path": "src", "context_lines": 2},
        },
    ],
)
def search_files(
    query: str,
    context: ToolContext,
    *,
    path: str = ".",
    pattern: str = "*",
    regex: bool = False,
    ignore_case: bool = False,
    context_lines: int = 0,
    hidden: bool = False,
    limit: int = 100,
    seconds: float = 10.0,
) -> dict[str, Any]:
    """Find the lines that hold a text, or match a regular expression, in the files beneath a folder of the workspace.

    Gives `matches`, a list of {path, line, text} with `before` and `after` where context_lines asks for them;
    `is_cut`, whether there are more; `searched`, how many files were read; and `skipped`, how many were not because
    they are binary, larger than 5 MB, or cannot be read.

    Args:
        query: what to look for within one line, taken literally unless regex is true
        path: the folder or file to search, relative to the workspace
        pattern: which files, with * and ?, such as *.py; with a '/' it is a path, where ** is any number of folders
        regex: whether query is a regular expression as in Python
        ignore_case: whether capitals and small letters count as the same
        context_lines: how many lines to give before and after each match
        hidden: whether to search files and folders whose names begin with a dot
        limit: the most matches to give
        seconds: the most time to take; a search that takes longer fails
    """
    _check(query, context_lines, limit, seconds)
    search = _Search(context, time.monotonic() + seconds, seconds)
    matches: list[dict[str, Any]] = []
    with _expression(query, ignore_case, search) if regex else _literal(query, ignore_case) as find:
        for name in _names(context, path, f"**/{pattern}", hidden):
            search.go_on(name)
            text = search.text_of(name)
            lines: list[str] | None = None
            for number in find(text, limit + 1 - len(matches)) if text else ():
                lines = lines or text.split("\n")
                matches.append(_match(name, number, lines, context_lines))
            if len(matches) > limit:
                break
    is_cut = len(matches) > limit
    return {"matches": matches[:limit], "is_cut": is_cut, "searched": search.searched, "skipped": search.skipped}


class _Search:
    """What one search has seen, and how long it may still take."""

    def __init__(self, context: ToolContext, deadline: float, seconds: float) -> None:
        self.context = context
        self.searched = 0
        self.skipped = {"binary": 0, "too_large": 0, "unreadable": 0}
        self._deadline = deadline
        self._seconds = seconds
        self._at = ""

    @property
    def seconds_left(self) -> float:
        return self._deadline - time.monotonic()

    def go_on(self, name: str) -> None:
        """ToolError if that is not wanted any more; `name` is what is searched next."""
        self._at = name
        if self.seconds_left <= 0 or self.context.is_cancelled:
            raise self.stopped()

    def stopped(self) -> ToolError:
        if self.context.is_cancelled:
            return ToolError("given up because the call was cancelled", kind="cancelled")
        remedy = "search less with path and pattern, give a query without repeated repetitions, or raise seconds"
        where = f" at {self._at!r}, after {self.searched} files" if self._at else ""
        return ToolError(f"the search was not done within {self._seconds:g} seconds{where}; {remedy}", kind="timeout")

    def text_of(self, name: str) -> str:
        """The text of a file; none, and a note of the reason, if it is not to be searched."""
        try:
            with self.context.workspace.open(name) as file:
                data = file.read(_LARGEST + 1)
        except (ToolError, OSError):
            self.skipped["unreadable"] += 1
            return ""
        if len(data) > _LARGEST:
            self.skipped["too_large"] += 1
        elif b"\0" in data[:8192]:
            self.skipped["binary"] += 1
        else:
            self.searched += 1
            return data.decode("utf-8", "replace")
        return ""


def _check(query: str, context_lines: int, limit: int, seconds: float) -> None:
    if not query:
        raise _bad("query is empty; say what is to be found")
    if "\n" in query:
        raise _bad("query holds a line break, and lines are searched one by one; search for one of its lines")
    if not 0 <= context_lines <= 50:
        raise _bad(f"context_lines is {context_lines}; give a number from 0 to 50")
    if not 1 <= limit <= 10_000:
        raise _bad(f"limit is {limit}; give a number from 1 to 10000")
    if not 0 < seconds <= 600:
        raise _bad(f"seconds is {seconds:g}; give a number above 0, at most 600")


def _names(context: ToolContext, path: str, pattern: str, hidden: bool) -> Iterator[str]:
    try:
        found = context.workspace.files(path, pattern=pattern, hidden=hidden)
    except ToolError as error:
        try:
            context.workspace.open(path).close()
        except ToolError:
            raise error from None
        yield path
        return
    yield from (info.path for info in found if not info.is_folder)


def _match(name: str, number: int, lines: list[str], around: int) -> dict[str, Any]:
    match: dict[str, Any] = {"path": name, "line": number + 1, "text": _shown(lines[number])}
    if around:
        match["before"] = [_shown(line) for line in lines[max(0, number - around) : number]]
        match["after"] = [_shown(line) for line in lines[number + 1 : number + 1 + around]]
    return match


def _shown(line: str) -> str:
    line = line.removesuffix("\r")
    return line if len(line) <= _LONGEST_SHOWN else f"{line[:_LONGEST_SHOWN]}…"


@contextmanager
def _literal(query: str, ignore_case: bool) -> Iterator[_Finder]:
    wanted = query.casefold() if ignore_case else query

    def find(text: str, most: int) -> list[int]:
        if not ignore_case and wanted not in text:
            return []
        found = []
        for number, line in enumerate(text.split("\n")):
            if wanted in (line.casefold() if ignore_case else line):
                found.append(number)
                if len(found) == most:
                    break
        return found

    yield find


@contextmanager
def _expression(query: str, ignore_case: bool, search: _Search) -> Iterator[_Finder]:
    """Finds by an interpreter of its own, which ends with this, with the time, and with the call."""
    if not sys.executable:
        raise ToolError("regular expressions need an interpreter of their own, and there is none; use regex=false")
    program = f"{inspect.getsource(_answer)}\n_answer()"
    with subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={name: os.environ[name] for name in ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH") if name in os.environ},
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        asked, answers = process.stdin, process.stdout
        alarm = threading.Timer(max(0.0, search.seconds_left), process.kill)
        alarm.daemon = True
        alarm.start()
        forget = search.context.cancellation.call_when_asked(process.kill)

        def ask(question: Any, text: bytes = b"") -> Any:
            return _asked(asked, answers, {**question, "size": len(text)}, text, search)

        try:
            if fault := ask({"query": query, "ignore_case": ignore_case}):
                raise _bad(f"query {query!r} is not a regular expression: {fault}; mend it, or use regex=false")
            yield lambda text, most: ask({"most": most}, text.encode())
        finally:
            forget()
            alarm.cancel()
            process.kill()
            with suppress(BrokenPipeError):
                asked.close()


def _asked(asked: IO[bytes], answers: IO[bytes], question: dict[str, Any], text: bytes, search: _Search) -> Any:
    try:
        asked.write(json.dumps(question).encode() + b"\n" + text)
        asked.flush()
        answer = answers.readline()
    except BrokenPipeError:
        answer = b""
    if answer.endswith(b"\n"):
        return json.loads(answer)
    if search.seconds_left <= 0 or search.context.is_cancelled:
        raise search.stopped()
    raise _bad("query needs more memory than a search may have; use a simpler one")


def _answer() -> None:
    """The program of the other interpreter, which gets this function's source and nothing else of ours."""
    import json
    import re
    import sys

    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (ImportError, OSError, ValueError):
        pass  # the time is limited all the same

    def answer(value: object) -> None:
        sys.stdout.write(json.dumps(value) + "\n")
        sys.stdout.flush()

    question = json.loads(sys.stdin.buffer.readline())
    try:
        wanted = re.compile(question["query"], re.IGNORECASE if question["ignore_case"] else 0)
    except (re.error, RecursionError, OverflowError, MemoryError) as error:
        answer(str(error) or type(error).__name__)
        return
    answer(None)
    for asked in sys.stdin.buffer:
        question = json.loads(asked)
        lines = sys.stdin.buffer.read(question["size"]).decode().split("\n")
        found = []
        for number, line in enumerate(lines):
            if wanted.search(line.removesuffix("\r")):
                found.append(number)
                if len(found) == question["most"]:
                    break
        answer(found)


def _bad(message: str) -> ToolError:
    return ToolError(message, kind="bad_request")
