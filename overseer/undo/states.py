"""What a file can hold: a content, known by its hash, or nothing because there is no such file."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

# The hash of a content; empty for a file that does not exist.
State: TypeAlias = bytes

ABSENT: State = b""

RunState: TypeAlias = Literal["written", "undoing", "undone", "redoing"]

# Of larger files it is not kept what they held.
MOST_BYTES_OF_A_FILE = 64 << 20


# Smaller pieces are added to a file whole, even by a process that is killed.
_ADDED_AT_ONCE = 4096


def hasher(data: bytes = b"") -> Any:
    return hashlib.blake2b(data, digest_size=32)


def state_of(data: bytes | None) -> State:
    if data is None:
        return ABSENT
    digest: bytes = hasher(data).digest()
    return digest


@dataclass(frozen=True, slots=True)
class Found:
    """What a file is at one moment."""

    state: State
    mode: int = 0o666
    size: int = 0


NO_FILE = Found(ABSENT)


@dataclass(frozen=True, slots=True)
class KeptRun:
    """A run that changed files in a folder."""

    number: int
    run_id: str
    folder: str
    state: RunState
    changed: float
    undone: float | None
    is_cut: bool


@dataclass(frozen=True, slots=True)
class KeptFile:
    """What one run did to one file. None stands for a content that nobody knows the hash of."""

    path: str
    tool: str
    before: State | None
    before_mode: int
    before_size: int
    is_shared: bool
    last: State | None
    last_size: int
    after: State | None
    after_size: int
    is_added: bool = False  # the last change was to add to its end
    redo: State | None = None
    redo_mode: int | None = None
    redo_size: int | None = None


def is_half_added(file: KeptFile, size: int, state_of_first: Callable[[int], State]) -> bool:
    """Whether a file of this size is one that a process was adding to when it died; told by its first bytes."""
    if not file.is_added or file.last is None:
        return False
    if file.last == ABSENT:
        return size == 0  # made, and nothing is in it yet
    if not 0 < file.last_size < size < file.after_size or file.after_size - file.last_size <= _ADDED_AT_ONCE:
        return False
    return state_of_first(file.last_size) == file.last
