"""Tools for the tests of the command line."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from overseer.tool import ToolContext, ToolError, tool


@tool
def echo(value: Any = None) -> Any:
    """Give back what it gets."""
    return value


@tool
def fail(message: str = "no luck") -> None:
    """Fail with a message."""
    raise ToolError(message)


@tool
def slow(context: ToolContext, seconds: float = 30.0) -> str:
    """Wait; say on standard error that it has begun."""
    os.write(2, b"slow has begun\n")
    return "woken" if context.wait(seconds) else "done"


@tool(effect="write", writes=["file:{path}"])
def append(path: str, line: str, context: ToolContext) -> str:
    """Add a line to a file, then wait for ever if there is a file beside it that says so."""
    with Path(path).open("a") as file:
        file.write(f"{line}\n")
    if Path(f"{path}.hang").exists():
        os.write(2, b"append hangs\n")
        context.wait(60)
    return line


@tool
def deaf() -> None:
    """Hang in a way that nobody can stop."""
    os.write(2, b"deaf has begun\n")
    read_end, _write_end = os.pipe()
    os.read(read_end, 1)
