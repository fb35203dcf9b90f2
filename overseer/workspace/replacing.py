"""Putting bytes in a file beneath an open folder: all of them or none, and never where a link leads.

The folder is open and looked into by whoever calls this; so is what was there before.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
from contextlib import suppress


def replace(
    folder: int, name: str, data: bytes, old: os.stat_result | None, *, mode: int | None = None
) -> os.stat_result:
    """Put a whole new file in the place of the old one; what it is then. `mode` is for one that is not there."""
    temporary = f".overseer-{secrets.token_hex(8)}.tmp"
    is_as_usual = old is None and mode is None  # then the umask has a say
    bits = stat.S_IMODE(old.st_mode) if old is not None else 0o666 if mode is None else mode
    # Never more readable than the old file was, not even for the moment before the bits are set.
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    fd = os.open(temporary, flags, bits & 0o777, dir_fd=folder)
    try:
        try:
            if old is not None:
                _take_over_owner(fd, old)
            if not is_as_usual:
                os.fchmod(fd, bits & 0o777)
            _write_all(fd, data)
            info = os.fstat(fd)
            if old is not None:
                # Without this, a power failure soon after may leave an empty file where there was a full one.
                # A new file takes nothing from anybody, and the journal promises no more than the kernel's own
                # memory either: it survives the end of the process, which is what a resumed run relies on.
                os.fsync(fd)
        finally:
            os.close(fd)
        os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
        return info
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary, dir_fd=folder)
        raise


def _take_over_owner(fd: int, old: os.stat_result) -> None:
    """Owner and group of the old file, as far as we may."""
    made = os.fstat(fd)
    if (made.st_uid, made.st_gid) != (old.st_uid, old.st_gid):
        with suppress(PermissionError):
            os.fchown(fd, old.st_uid, old.st_gid)


def _write_all(fd: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(fd, rest) :]


def append(fd: int, data: bytes, size: int) -> None:
    """One write, so that programs that append to the same file do not mix with us; taken back if it was cut short."""
    written = 0
    try:
        written = os.write(fd, data)
        if written < len(data):  # the disk is nearly full: a second write tells why
            written += os.write(fd, memoryview(data)[written:])
        if written < len(data):
            raise OSError(errno.ENOSPC, "the disk is full")
    except BaseException:
        if written and os.fstat(fd).st_size == size + written:
            os.ftruncate(fd, size)
        raise


def remove_if_empty(folder: int, name: str, fd: int) -> None:
    """Take back a file that was made for an append that failed, unless it is somebody else's by now."""
    with suppress(OSError):
        made, there = os.fstat(fd), os.stat(name, dir_fd=folder, follow_symlinks=False)
        if made.st_size == 0 and (made.st_dev, made.st_ino) == (there.st_dev, there.st_ino):
            os.unlink(name, dir_fd=folder)
