"""Why a command could not be started, in words that say what would help."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from overseer.tool import ToolError


def refusal(code: int, arguments: Sequence[str], folder: Path, path: str | None) -> ToolError:
    """The error for what the system answered when it was to start a command in a folder."""
    program = arguments[0]
    match code:
        case errno.ENOENT | errno.ENOTDIR:
            problem = _missing(program, folder, path)
        case errno.EACCES | errno.EPERM if (folder / program).is_dir() and "/" in program:
            problem = f"'{program}' is a folder, not a program"
        case errno.EACCES | errno.EPERM:
            problem = (
                f"'{program}' may not be executed; make it executable, or name its interpreter as the first argument"
            )
        case errno.ENOEXEC:
            problem = (
                f"'{program}' is neither a program for this machine nor a script that starts with '#!'; "
                "name its interpreter as the first argument"
            )
        case errno.E2BIG:
            problem = (
                f"the {len(arguments)} arguments of '{program}' are too long: {_size(arguments)} bytes, "
                f"the longest {_longest(arguments)}; hand large texts over through stdin or a file"
            )
        case errno.EAGAIN | errno.ENOMEM | errno.ENFILE | errno.EMFILE:
            text = f"the system cannot start '{program}' now: {os.strerror(code)}"
            return ToolError(text, kind="transient")
        case _:
            problem = f"'{program}' cannot be started: {os.strerror(code)}"
    return ToolError(problem, kind="bad_request")


def _missing(program: str, folder: Path, path: str | None) -> str:
    there = (folder / program) if "/" in program else shutil.which(program, path=path)
    if there and Path(there).is_file():
        return f"'{program}' is there, but the interpreter that its first line names is not"
    if "/" in program:
        return f"there is no program '{program}' in {folder}; check the path"
    if any(space in program for space in " \t"):
        return f"there is no program '{program}'; the program and each of its arguments must be list items of their own"
    return f"there is no program '{program}' on the PATH; check its name, or install it"


def _size(arguments: Sequence[str]) -> int:
    return sum(len(os.fsencode(argument)) + 1 for argument in arguments)


def _longest(arguments: Sequence[str]) -> int:
    return max(len(os.fsencode(argument)) for argument in arguments)
