"""The three system calls of inotify, which Python's library does not offer."""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterator

IN_CLOSE_WRITE = 0x8
IN_CLOSE_NOWRITE = 0x10
IN_OPEN = 0x20
IN_MOVED_FROM = 0x40
IN_MOVED_TO = 0x80
IN_CREATE = 0x100
IN_DELETE = 0x200
IN_Q_OVERFLOW = 0x4000
IN_IGNORED = 0x8000
IN_ONLYDIR = 0x1000000
IN_EXCL_UNLINK = 0x4000000
IN_MASK_ADD = 0x20000000
IN_ISDIR = 0x40000000


class Kernel:
    """One inotify descriptor; a watch descriptor, `wd`, names a folder that it watches."""

    _HEADER = struct.Struct("iIII")

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self.fd = _checked(self._libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK))

    def add(self, folder: str, mask: int) -> int:
        # The same folder may be watched for another target already: its mask may only grow. A file
        # that is deleted while open is of no interest any more.
        mask |= IN_MASK_ADD | IN_ONLYDIR | IN_EXCL_UNLINK
        return _checked(self._libc.inotify_add_watch(self.fd, os.fsencode(folder), mask))

    def remove(self, wd: int) -> None:
        """Fine if the folder has gone, and the watch with it."""
        self._libc.inotify_rm_watch(self.fd, wd)

    def read(self) -> Iterator[tuple[int, int, str]]:
        """What has happened so far, as (wd, mask, name), without waiting for more."""
        try:
            buffer = os.read(self.fd, 65536)
        except BlockingIOError:
            return
        start = 0
        while start < len(buffer):
            wd, mask, _cookie, length = self._HEADER.unpack_from(buffer, start)
            start += self._HEADER.size
            yield wd, mask, os.fsdecode(buffer[start : start + length].rstrip(b"\0"))
            start += length


def _checked(result: int) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result
