"""How much may be written. Room is reserved before it is used, so that threads cannot overspend together.

What counts is what lies there because of one workspace object: every file with the size that it was last
written with, plus what was appended since, and every folder made for one as a file without bytes. Replacing
a file gives its old bytes back once the new ones are in place; until then both are on the disk, and both count.
What others delete still counts, and what was there before does not: neither would be cheap to know.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from overseer.tool import ToolError
from overseer.workspace.paths import Parts


@dataclass(frozen=True, slots=True)
class Quota:
    """The most that may be written through one workspace."""

    max_bytes: int = 256 << 20
    max_files: int = 10_000


class Ledger:
    """What was written so far, and what is being written."""

    def __init__(self, quota: Quota) -> None:
        self._quota = quota
        self._lock = threading.Lock()
        self._bytes = 0
        self._charged: dict[Parts, int] = {}

    @property
    def used(self) -> Quota:
        with self._lock:
            return Quota(self._bytes, len(self._charged))

    @contextmanager
    def reserved(self, parts: Parts, size: int = 0, *, replaces: bool = False) -> Iterator[None]:
        """Room for a file while it is written, kept if that goes well and given back if it raises.

        One file at a time: whoever calls this holds the lock for `parts`.
        """
        is_new = self._reserve(parts, size)
        try:
            yield
        except BaseException:
            with self._lock:
                self._bytes -= size
                if is_new:
                    self._charged.pop(parts, None)
            raise
        with self._lock:
            before = self._charged.get(parts, 0)
            self._charged[parts] = size if replaces else before + size
            self._bytes -= before if replaces else 0

    def _reserve(self, parts: Parts, size: int) -> bool:
        with self._lock:
            is_new = parts not in self._charged
            if is_new and len(self._charged) >= self._quota.max_files:
                raise _used_up(f"{self._quota.max_files} files and folders were made here, which is the quota")
            if self._bytes + size > self._quota.max_bytes:
                most, rest = in_words(self._quota.max_bytes), in_words(self._quota.max_bytes - self._bytes)
                raise _used_up(f"{in_words(size)} are to be written, and of the quota of {most} {rest} are left")
            self._bytes += size
            if is_new:
                self._charged[parts] = 0
        return is_new


def in_words(size: int) -> str:
    """A number of bytes as people say it."""
    if size < 10_000:  # a limit that is missed by one byte must not look as if it were met
        return f"{size} byte{'' if size == 1 else 's'}"
    amount = size / 1024
    for unit in ("KiB", "MiB", "GiB"):
        if amount < 1024:
            return f"{amount:.1f} {unit}".replace(".0 ", " ")
        amount /= 1024
    return f"{amount:.1f} TiB".replace(".0 ", " ")


def _used_up(what: str) -> ToolError:
    return ToolError(f"the workspace is full: {what}; write less, or let the user raise the quota", kind="budget")
