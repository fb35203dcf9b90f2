"""What lies in a folder and beneath it, in the order of names, without following links."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterator

from overseer.tool import FileInfo
from overseer.workspace.paths import Parts, text_fault
from overseer.workspace.patterns import Pattern, States
from overseer.workspace.refusals import obstacle

# What we are writing at the moment, or were when the machine stopped: no business of anybody's.
TEMPORARY = re.compile(r"\.overseer-[0-9a-f]{16}\.tmp")

_Entry = tuple[str, os.stat_result]


def listing(open_folder: Callable[[Parts], int], start: Parts, pattern: Pattern) -> Iterator[FileInfo]:
    """Everything that matches, a folder before its content; OSError at once if the first cannot be listed."""
    return _walk(open_folder, _entries(open_folder, start), start, pattern)


def _walk(
    open_folder: Callable[[Parts], int], first: list[_Entry], start: Parts, pattern: Pattern
) -> Iterator[FileInfo]:
    # Every folder is opened from the top again and closed before the next: neither a deep tree nor a
    # listing that nobody reads to its end holds descriptors.
    waiting: list[tuple[Parts, States, Iterator[_Entry]]] = [(start, pattern.start, iter(first))]
    while waiting:
        folder, states, entries = waiting[-1]
        entry = next(entries, None)
        if entry is None:
            waiting.pop()
            continue
        name, info = entry
        reached = pattern.after(states, name)
        if not reached:
            continue
        parts = (*folder, name)
        why, below = _fault(parts) or obstacle(info), None
        if not why and stat.S_ISDIR(info.st_mode) and pattern.leads_on(reached):
            try:
                below = _entries(open_folder, parts)
            except FileNotFoundError:
                continue
            except OSError as error:
                why = f"cannot be listed: {error.strerror}"
        if pattern.is_match(reached):
            yield _described(parts, info, why)
        if below:
            waiting.append((parts, reached, iter(below)))


def _entries(open_folder: Callable[[Parts], int], parts: Parts) -> list[_Entry]:
    fd = open_folder(parts)
    try:
        with os.scandir(fd) as entries:
            found = [(entry.name, info) for entry in entries if (info := _info(entry)) is not None]
    finally:
        os.close(fd)
    return sorted(found, key=lambda entry: entry[0])


def _info(entry: os.DirEntry[str]) -> os.stat_result | None:
    if TEMPORARY.fullmatch(entry.name):
        return None
    try:
        return entry.stat(follow_symlinks=False)
    except OSError:  # removed since the folder was read
        return None


def _fault(parts: Parts) -> str:
    fault = text_fault("/".join(parts))
    return fault and f"its path {fault.partition(';')[0]}"


def _described(parts: Parts, info: os.stat_result, why: str) -> FileInfo:
    is_folder = stat.S_ISDIR(info.st_mode)
    path = os.fsencode("/".join(parts)).decode("utf-8", "backslashreplace")
    return FileInfo(path, 0 if is_folder else info.st_size, info.st_mtime, is_folder, why)
