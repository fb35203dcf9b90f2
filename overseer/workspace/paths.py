"""What a path says: the names from the workspace's folder down to a file, or why it cannot be one.

Here only the text is looked at. `..` is worked out on it, which is exact because links are never
followed. An absolute path that lies beneath the folder counts as the relative one, since people paste
those. Names are taken as they are: two spellings of one letter in Unicode are two files, as on the disk.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

from overseer.tool import ToolError

Parts = tuple[str, ...]

_MOST_BYTES_OF_A_NAME = 255
_MOST_BYTES = 4095  # of a path, as the kernel counts it

_DRIVE = re.compile(r"[A-Za-z]:")
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_CONTROL = re.compile(r"[\0-\x1f\x7f-\x9f\u2028\u2029]")


def file_parts(path: str, roots: Sequence[str]) -> Parts:
    """The names that lead to a file; `roots` are the absolute paths that the folder goes by."""
    parts = parts_of(path, roots)
    if not parts or path.endswith(("/", "/.", "/..")):
        raise refusal(path, "names a folder; give the path of a file in it")
    return parts


def parts_of(path: str, roots: Sequence[str]) -> Parts:
    """The names that lead to a file or folder; none for the workspace's folder itself."""
    if fault := text_fault(path):
        raise refusal(path, fault)
    names = path.split("/")
    if path.startswith("/"):
        names = _beneath(path, names, roots)
    elif names[0] == "~":
        raise refusal(path, "starts in a home folder; give a path relative to the workspace", kind="denied")
    parts: list[str] = []
    for name in names:
        if name == ".." and not parts:
            raise refusal(path, "leads out of the workspace; give a path inside it, without '..'", kind="denied")
        if name == "..":
            parts.pop()
        elif name not in ("", "."):
            parts.append(name)
    return tuple(parts)


def text_fault(path: str) -> str:
    """What keeps a text from being a path, as the end of a sentence; nothing if it can be one."""
    if not path:
        return "is empty; give a path relative to the workspace, such as notes/today.txt"
    try:
        encoded = os.fsencode(path) if path.isascii() else path.encode()
    except UnicodeEncodeError:
        return "holds half of a surrogate pair, which no file name can; leave that letter out"
    if bad := _CONTROL.search(path):
        return f"holds the control character U+{ord(bad[0]):04X}; leave it out (is it a line break at the end?)"
    if "\\" in path:
        return "holds a backslash; separate folders with '/'"
    if _ADDRESS.match(path):
        return "is an address, not a path; give a path relative to the workspace"
    if _DRIVE.match(path):
        return "starts with a drive letter; give a path relative to the workspace, with '/'"
    if len(encoded) > _MOST_BYTES:
        return f"is {len(encoded)} bytes long, and {_MOST_BYTES} are the most; shorten it"
    if len(encoded) > _MOST_BYTES_OF_A_NAME:
        longest = max(len(name.encode()) for name in path.split("/"))
        if longest > _MOST_BYTES_OF_A_NAME:
            return f"holds a name of {longest} bytes, and {_MOST_BYTES_OF_A_NAME} are the most; shorten it"
    return ""


def refusal(path: str, reason: str, *, kind: str = "bad_request") -> ToolError:
    """The error that names the path as it was given, and says what is wrong with it and what would help."""
    return ToolError(f"path {quoted(path)} {reason}", kind=kind)


def quoted(path: str) -> str:
    """A path for a message: in quotes, on one line, not longer than one can read."""
    return repr(path if len(path) <= 200 else f"{path[:150]}…{path[-40:]}")


def _beneath(path: str, names: list[str], roots: Sequence[str]) -> list[str]:
    for root in roots:
        start = root.rstrip("/").split("/")
        if names[: len(start)] == start:
            return names[len(start) :]
    reason = f"is absolute and not inside the workspace {quoted(roots[0])}; give a path relative to that"
    raise refusal(path, reason, kind="denied")
