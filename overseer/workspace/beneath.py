"""Opening what lies beneath a folder, and never what a symbolic link leads to.

Whether a path is harmless cannot be found out first and relied on afterwards: somebody may exchange
a folder for a link in between. So the look and the opening are one: the kernel is told to follow no
link and to stay beneath, or, where it cannot be told, every component is opened from the one before.
"""

from __future__ import annotations

import ctypes
import errno
import functools
import os
import stat
import sys
from collections.abc import Sequence
from typing import Protocol

from overseer.errors import UsageError

# Systems without these flags cannot open beneath a folder at all; `best_opener` says so.
# A folder on the way need only be passed through; reading it may not even be allowed.
FOLDER = getattr(os, "O_DIRECTORY", 0)
PASSING = FOLDER | getattr(os, "O_PATH", os.O_RDONLY)

# Never wait for whoever holds the other end of a pipe, never become a terminal's process.
_ALWAYS = sum(getattr(os, name, 0) for name in ("O_CLOEXEC", "O_NONBLOCK", "O_NOCTTY"))
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)


class Opener(Protocol):
    """Opens what lies beneath an open folder; OSError with ELOOP if a symbolic link is on the way."""

    def __call__(self, folder: int, parts: Sequence[str], flags: int, mode: int = 0) -> int: ...


@functools.cache
def best_opener() -> Opener:
    """The kernel's own way where it has one and lets us, else ours."""
    if os.open not in os.supports_dir_fd or not FOLDER:
        raise UsageError("files cannot be opened safely on this system; use Linux or macOS, or WSL 2 on Windows")
    here = os.open("/", os.O_RDONLY | FOLDER)
    try:
        os.close(open_by_kernel(here, (), PASSING))
    except OSError:  # too old, or forbidden by a filter around a container
        return open_by_components
    finally:
        os.close(here)
    return open_by_kernel


def open_by_kernel(folder: int, parts: Sequence[str], flags: int, mode: int = 0) -> int:
    """`openat2`: one call, during which nothing can be exchanged."""
    path = os.fsencode("/".join(parts) or ".")
    how = _How(_kernel_flags(flags), mode if flags & os.O_CREAT else 0, _RESOLVE)
    patience = 10  # something may move while the kernel looks, or another program may hold the file for longer
    while True:
        fd: int = _syscall(_OPENAT2, folder, path, ctypes.byref(how), ctypes.sizeof(how))
        if fd >= 0:
            return fd
        code = ctypes.get_errno()
        patience -= code == errno.EAGAIN
        if code not in (errno.EINTR, errno.EAGAIN) or not patience:
            raise OSError(code, os.strerror(code))


def open_by_components(folder: int, parts: Sequence[str], flags: int, mode: int = 0) -> int:
    """One component after the other, each from the folder opened before it."""
    here = folder
    try:
        for name in parts[:-1]:
            below = _open_one(here, name, PASSING, 0)
            if here != folder:
                os.close(here)
            here = below
        return _open_one(here, parts[-1] if parts else ".", flags, mode)
    finally:
        if here != folder:
            os.close(here)


def _open_one(folder: int, name: str, flags: int, mode: int) -> int:
    try:
        return os.open(name, flags | _ALWAYS | _NO_LINK, mode, dir_fd=folder)
    except NotADirectoryError:
        # Asked for a folder, the kernel says this of a link as well. The text alone depends on the second look.
        if stat.S_ISLNK(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP)) from None
        raise


# The number is the same on all architectures of Linux that are named here.
_OPENAT2 = 437
_HAS_NUMBER = sys.platform == "linux" and os.uname().machine in ("x86_64", "aarch64")

_NO_MAGIC_LINKS, _NO_SYMLINKS, _BENEATH = 0x02, 0x04, 0x08
_RESOLVE = _NO_MAGIC_LINKS | _NO_SYMLINKS | _BENEATH


class _How(ctypes.Structure):
    _fields_ = (("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64))


def _kernel_flags(flags: int) -> int:
    # Unlike `open`, it refuses flags that mean nothing beside O_PATH.
    return flags | os.O_CLOEXEC | (0 if flags & PASSING == PASSING else _ALWAYS)


def _syscall(number: int, *arguments: object) -> int:
    if not _HAS_NUMBER:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    result: int = _entry()(number, *arguments)
    return result


@functools.cache
def _entry() -> ctypes._NamedFuncPointer:
    entry = ctypes.CDLL(None, use_errno=True).syscall
    entry.restype = ctypes.c_long
    entry.argtypes = (ctypes.c_long, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p, ctypes.c_size_t)
    return entry
