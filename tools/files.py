"""Tools for the files of the workspace: read, write, append, list, and tell one from another by its checksum."""

from __future__ import annotations

import hashlib
import io
import json
from datetime import UTC, datetime
from typing import Any, Literal, TextIO

from overseer.tool import FileInfo, ToolContext, ToolError, tool

_PIECE = 1 << 20

_WRITTEN = {
    "type": "object",
    "properties": {"path": {"type": "string"}, "bytes": {"type": "integer"}},
    "additionalProperties": False,
}
_LISTED = {
    "type": "object",
    "properties": {"files": {"type": "array", "items": {"type": "object"}}, "is_cut": {"type": "boolean"}},
    "additionalProperties": False,
}


@tool(
    effect="read",
    output={"type": "string"},
    tags=["files"],
    examples=[
        {"request": "read notes/today.txt", "args": {"path": "notes/today.txt"}},
        {
            "request": "show lines 1000 to 1200 of server.log",
            "args": {"path": "server.log", "first_line": 1000, "last_line": 1200},
        },
    ],
)
def read_file(
    path: str,
    context: ToolContext,
    *,
    first_line: int = 1,
    last_line: int | None = None,
    encoding: str = "utf-8",
    limit: int = 1_000_000,
) -> str:
    """Read a text file of the workspace, whole or some of its lines. Gives the text itself.

    Args:
        path: the file, relative to the workspace, such as notes/today.txt
        first_line: the first line to read; lines count from 1
        last_line: the last line to read; null reads to the end
        encoding: how the file's letters are stored, such as utf-8, latin-1, cp1252 or utf-16
        limit: the most characters to give; a longer text is refused, not cut
    """
    if first_line < 1:
        raise _bad(f"first_line is {first_line}; lines count from 1")
    if last_line is not None and last_line < first_line:
        raise _bad(f"last_line is {last_line}, before first_line, which is {first_line}; give a later one")
    if limit < 1:
        raise _bad(f"limit is {limit}; give the most characters to read, at least 1")
    codec = _codec(encoding)
    with io.TextIOWrapper(context.workspace.open(path), codec, newline="\n") as reader:
        try:
            return _lines(reader, path, (first_line, last_line), limit)
        except UnicodeError as error:
            raise _undecodable(path, encoding, error) from error


@tool(
    effect="write",
    writes=["file:{path}"],
    output=_WRITTEN,
    idempotent=True,
    tags=["files"],
    examples=[
        {"request": "save the report to report.md", "args": {"path": "report.md", "text": "# Report\n"}},
        {"request": "create the file list.txt with the text milk", "args": {"path": "list.txt", "text": "milk"}},
    ],
)
def write_file(path: str, text: Any, context: ToolContext, encoding: str = "utf-8") -> dict[str, Any]:
    """Write a file of the workspace: make it, with the folders above it, or replace what it holds.

    Use append_file to keep what is there. Gives the path and the number of bytes written.

    Args:
        path: the file, relative to the workspace, such as reports/summary.md
        text: what the file is to hold; anything but text is written as JSON
        encoding: how its letters are to be stored, such as utf-8 or latin-1
    """
    content = text if isinstance(text, str) else f"{json.dumps(text, ensure_ascii=False, indent=2)}\n"
    data = _encoded(content, encoding)
    context.workspace.write(path, data)
    return {"path": path, "bytes": len(data)}


@tool(
    effect="write",
    writes=["file:{path}"],
    output=_WRITTEN,
    idempotent=False,
    tags=["files"],
    examples=[{"request": "add this to log.jsonl", "args": {"path": "log.jsonl", "text": {"event": "started"}}}],
)
def append_file(
    path: str, text: Any, context: ToolContext, encoding: str = "utf-8", end_line: bool = True
) -> dict[str, Any]:
    """Add to the end of a file of the workspace, or make it. Gives the path and the number of bytes added.

    Args:
        path: the file, relative to the workspace, such as log.txt
        text: what to add; anything but text is added as JSON on one line
        encoding: how its letters are to be stored, such as utf-8 or latin-1
        end_line: whether to add a line break where the text does not end with one
    """
    content = text if isinstance(text, str) else json.dumps(text, ensure_ascii=False)
    if end_line and not content.endswith("\n"):
        content += "\n"
    if _encoded("", encoding):  # a mark of the order of bytes, which belongs to the beginning of a file alone
        remedy = "utf-8" if "8" in encoding else f"{encoding}-le"
        raise _bad(f"encoding {encoding!r} would put a byte order mark into the middle of the file; use {remedy}")
    data = _encoded(content, encoding)
    context.workspace.append(path, data)
    return {"path": path, "bytes": len(data)}


@tool(
    effect="read",
    output=_LISTED,
    tags=["files"],
    examples=[
        {"request": "list the files here", "args": {}},
        {"request": "find all CSV files", "args": {"pattern": "*.csv", "recursive": True}},
        {
            "request": "find all Python files under src",
            "args": {"path": "src", "pattern": "*.py", "recursive": True},
        },
    ],
)
def list_files(
    context: ToolContext,
    *,
    path: str = ".",
    pattern: str = "*",
    recursive: bool = False,
    hidden: bool = False,
    limit: int = 1000,
) -> dict[str, Any]:
    """List files and folders of the workspace with their sizes.

    Gives `files`, a list of {path, size, modified, is_folder} in the order of names, each path ready for
    other tools, and `is_cut`, which says whether there are more. What cannot be opened, such as a link, has a `note`.

    Args:
        path: the folder to list, relative to the workspace; "." is the workspace itself
        pattern: which names, with * and ?, such as *.txt; with a '/' it is a path, where ** is any number of folders
        recursive: whether to look into the folders below as well
        hidden: whether to list names that begin with a dot
        limit: the most entries to give
    """
    if limit < 1:
        raise _bad(f"limit is {limit}; give the most entries to list, at least 1")
    found: list[dict[str, Any]] = []
    wanted = f"**/{pattern}" if recursive else pattern
    for info in context.workspace.files(path, pattern=wanted, hidden=hidden):
        _go_on(context)
        if len(found) == limit:
            return {"files": found, "is_cut": True}
        found.append(_described(info))
    return {"files": found, "is_cut": False}


@tool(
    effect="read",
    output={"type": "string"},
    tags=["files", "text"],
    examples=[
        {"request": "compute the checksum of download.zip", "args": {"path": "download.zip"}},
        {"request": "the md5 of hello", "args": {"text": "hello", "algorithm": "md5"}},
    ],
)
def checksum(
    context: ToolContext,
    path: str | None = None,
    text: str | None = None,
    algorithm: Literal["sha256", "sha1", "md5", "blake2b"] = "sha256",
) -> str:
    """Compute the checksum of a file of the workspace or of a text, in hexadecimal. Give either path or text.

    Args:
        path: the file, relative to the workspace
        text: the text, taken in UTF-8
        algorithm: which checksum; md5 and sha1 only to compare with one that is given, since they can be forged
    """
    if (path is None) == (text is None):
        raise _bad("give either path or text: the checksum is of one of them")
    digest = hashlib.new(algorithm, usedforsecurity=False)
    if text is not None:
        digest.update(_encoded(text, "utf-8"))
        return digest.hexdigest()
    assert path is not None
    with context.workspace.open(path) as file:
        while piece := file.read(_PIECE):
            _go_on(context)
            digest.update(piece)
    return digest.hexdigest()


def _lines(reader: TextIO, path: str, wanted: tuple[int, int | None], limit: int) -> str:
    """The wanted lines; lines end with a line feed, and what ends them is kept as it is."""
    first, last = wanted
    complete, taken, size, piece = 0, [], 0, "\n"
    # In pieces, because the whole file may be one line.
    while (last is None or complete < last) and (following := reader.readline(_PIECE)):
        piece = following
        if complete + 1 >= first:
            taken.append(piece)
            size += len(piece)
            if size > limit:
                remedy = "ask for fewer with first_line and last_line, or raise limit"
                raise _bad(f"path {path!r}: from line {first} on there are more than {limit} characters; {remedy}")
        complete += piece.endswith("\n")
    if not taken and first > 1:
        there = complete + (not piece.endswith("\n"))
        raise _bad(f"first_line is {first}, and path {path!r} has {there} lines; give an earlier one")
    return "".join(taken)


def _codec(encoding: str) -> str:
    try:
        "".encode(encoding)
    except (LookupError, ValueError) as error:
        raise _bad(f"encoding {encoding!r} is not known; use utf-8, latin-1, cp1252 or utf-16, for example") from error
    # A byte order mark says how the text is stored, and is no part of it.
    return "utf-8-sig" if encoding.lower().replace("_", "-") in ("utf-8", "utf8") else encoding


def _encoded(text: str, encoding: str) -> bytes:
    _codec(encoding)
    try:
        return text.encode(encoding)
    except UnicodeError as error:
        where = ""
        if isinstance(error, UnicodeEncodeError):
            where = f" {error.object[error.start]!a} at position {error.start}"
        remedy = "use utf-8, or leave it out"
        raise _bad(f"text holds a letter{where} that encoding {encoding!r} cannot store; {remedy}") from error


def _undecodable(path: str, encoding: str, error: UnicodeError) -> ToolError:
    found = ""
    if isinstance(error, UnicodeDecodeError):
        found = f" (it holds the byte 0x{error.object[error.start]:02x})"
        if b"\0" in error.object:
            return _bad(f"path {path!r} is not text{found} but binary data; read_file reads text only")
    return _bad(f"path {path!r} is not text in {encoding}{found}; give its encoding, such as latin-1, cp1252 or utf-16")


def _described(info: FileInfo) -> dict[str, Any]:
    described = {
        "path": info.path,
        "size": info.size,
        "modified": _moment(info.modified),
        "is_folder": info.is_folder,
    }
    return {**described, "note": info.obstacle} if info.obstacle else described


def _moment(seconds: float) -> str | None:
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
    except (ValueError, OverflowError, OSError):  # the disk knows years that the calendar does not
        return None


def _go_on(context: ToolContext) -> None:
    if context.is_cancelled:
        raise ToolError("given up because the call was cancelled", kind="cancelled")


def _bad(message: str) -> ToolError:
    return ToolError(message, kind="bad_request")
