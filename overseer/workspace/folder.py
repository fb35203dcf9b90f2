"""A workspace that is a folder of this machine.

Everything happens beneath the folder as it was when the workspace was made: a folder that takes its
place later is another one. What holds is said where it is done: `beneath` for links, `paths` for the text of
a path, `protected` for files that stay as they are, `quota` for how much may be written.

Files are replaced, not written over: whoever reads sees the old content or the new one. Permission bits
are kept, owner and group where we may set them; other attributes are not.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from overseer.plan.suggestions import did_you_mean
from overseer.tool import FileInfo, ToolError
from overseer.workspace.beneath import FOLDER, PASSING, Opener, best_opener
from overseer.workspace.listing import TEMPORARY, listing
from overseer.workspace.paths import Parts, file_parts, parts_of, quoted, refusal
from overseer.workspace.patterns import Pattern
from overseer.workspace.protected import Guard, Protected, our_own
from overseer.workspace.quota import Ledger, Quota, in_words
from overseer.workspace.refusals import explained, require_regular

# What is read at once when nothing else is said: no more than a workspace holds by default.
READ_LIMIT = Quota().max_bytes

# Called with a path and its content, None where there is no file, before that is changed. If it
# raises, nothing is changed. It must not write through the same workspace.
BeforeWrite = Callable[[str, bytes | None], None]


class FolderWorkspace:
    """Files beneath one folder, for any number of threads."""

    def __init__(
        self,
        root: Path,
        *,
        quota: Quota | None = None,
        protected: Protected | None = None,
        before_write: BeforeWrite | None = None,
        opener: Opener | None = None,
    ) -> None:
        self.root = root.resolve(strict=True)
        # The absolute paths that the folder goes by.
        self.names = tuple(dict.fromkeys((str(self.root), os.path.normpath(root.absolute()))))
        self._guard = Guard(protected if protected is not None else our_own(), self.root)
        self._ledger = Ledger(quota or Quota())
        self._before_write = before_write
        self._opener = opener or best_opener()
        # Writers of one file take turns; two files rarely meet in one lock, and then only wait.
        self._locks = tuple(threading.Lock() for _ in range(64))
        self._making_folders = threading.Lock()
        self._fd = os.open(self.root, PASSING | os.O_CLOEXEC)
        self._closer = weakref.finalize(self, os.close, self._fd)

    def close(self) -> None:
        """Let go of the folder, when nobody uses it any more; nothing can be read or written afterwards."""
        self._fd = -1
        self._closer()

    def __enter__(self) -> FolderWorkspace:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def used(self) -> Quota:
        """How much of the quota is used up."""
        return self._ledger.used

    def read(self, path: str, *, limit: int | None = None) -> bytes:
        """The content of a file; ToolError if that is more than `limit` bytes."""
        limit = READ_LIMIT if limit is None else limit
        with explained(path, "read"):
            fd = self._open(path)
            try:
                return _content(fd, path, limit)
            finally:
                os.close(fd)

    def read_text(self, path: str, *, limit: int | None = None) -> str:
        """The content of a file in UTF-8, without a byte order mark."""
        data = self.read(path, limit=limit)
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            found = f"byte 0x{data[error.start]:02x} at position {error.start}"
            raise refusal(path, f"is not text in UTF-8 ({found}); say which encoding it has") from error

    def open(self, path: str) -> BinaryIO:
        """A file to read in pieces; the caller closes it."""
        with explained(path, "read"):
            return os.fdopen(self._open(path), "rb")

    def write(self, path: str, data: bytes) -> None:
        parts = self._writable(path)
        with self._changing(parts, path, len(data), replaces=True) as folder:
            old = _existing(folder, parts[-1], path)
            if old is not None and not os.access(parts[-1], os.W_OK, dir_fd=folder):
                # Replacing needs only the folder's permission; a file that is read-only is meant to stay.
                raise PermissionError(errno.EACCES, "it is read-only")
            self._announce(folder, parts, path, exists=old is not None)
            _replace(folder, parts[-1], data, old)

    def append(self, path: str, data: bytes) -> None:
        """Add to the end of a file, or make it; all of it or nothing, and never mixed with another's."""
        parts = self._writable(path)
        with self._changing(parts, path, len(data), replaces=False) as folder:
            exists = _existing(folder, parts[-1], path) is not None
            self._announce(folder, parts, path, exists=exists)
            fd = self._opener(folder, parts[-1:], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
            try:
                info = os.fstat(fd)
                require_regular(info, path)
                _append(fd, data, info.st_size)
            except BaseException:
                if not exists:
                    _remove_if_empty(folder, parts[-1], fd)
                raise
            finally:
                os.close(fd)

    def files(self, path: str = ".", *, pattern: str = "**", hidden: bool = True) -> Iterator[FileInfo]:
        """What lies beneath a folder and matches; see `Pattern` for what a pattern can say."""
        parts = parts_of(path, self.names)
        matching = Pattern(pattern, hidden=hidden)
        with explained(path, "listed"):
            try:
                return listing(self._open_folder, parts, matching)
            except FileNotFoundError:
                raise self._missing(path, parts) from None

    # --- the way to a file

    def _open(self, path: str) -> int:
        """A descriptor of a regular file, for reading."""
        parts = file_parts(path, self.names)
        if fault := self._guard.read_fault(parts):
            raise refusal(path, fault, kind="denied")
        try:
            fd = self._opener(self._fd, parts, os.O_RDONLY)
        except FileNotFoundError:
            raise self._missing(path, parts) from None
        try:
            require_regular(os.fstat(fd), path)
        except BaseException:
            os.close(fd)
            raise
        return fd

    def _open_folder(self, parts: Parts) -> int:
        return self._opener(self._fd, parts, os.O_RDONLY | FOLDER)

    def _writable(self, path: str) -> Parts:
        parts = file_parts(path, self.names)
        if fault := self._guard.write_fault(parts):
            raise refusal(path, fault, kind="denied")
        if any(TEMPORARY.fullmatch(name) for name in parts):
            raise refusal(path, "has a name that is kept for unfinished files; choose another", kind="denied")
        return parts

    @contextmanager
    def _changing(self, parts: Parts, path: str, size: int, *, replaces: bool) -> Iterator[int]:
        """The folder of a file, while nobody else here changes the file and there is room for it."""
        with (
            explained(path, "written"),
            self._locks[hash(parts) % len(self._locks)],
            self._ledger.reserved(parts, size, replaces=replaces),
        ):
            folder = self._made_folder(parts[:-1], path)
            try:
                yield folder
            finally:
                os.close(folder)

    def _made_folder(self, parts: Parts, path: str) -> int:
        """A descriptor of a folder, which is made with those above it where it is missing."""
        try:
            return self._opener(self._fd, parts, PASSING)
        except FileNotFoundError:
            if os.fstat(self._fd).st_nlink == 0:
                raise refusal(path, f"cannot be written: the workspace {quoted(str(self.root))} was deleted") from None
        # One thread makes folders at a time, so that each of them is counted once.
        with self._making_folders:
            here = self._opener(self._fd, (), PASSING)
            for depth, name in enumerate(parts, start=1):
                try:
                    below = self._opener(here, (name,), PASSING)
                except FileNotFoundError:
                    below = self._made_one(here, name, parts[:depth])
                finally:
                    os.close(here)
                here = below
            return here

    def _made_one(self, folder: int, name: str, parts: Parts) -> int:
        with suppress(FileExistsError), self._ledger.reserved(parts):
            os.mkdir(name, 0o777, dir_fd=folder)
        return self._opener(folder, (name,), PASSING)

    def _announce(self, folder: int, parts: Parts, path: str, *, exists: bool) -> None:
        if self._before_write is None:
            return
        old = None
        if exists:
            fd = self._opener(folder, parts[-1:], os.O_RDONLY)
            try:
                require_regular(os.fstat(fd), path)
                old = _content(fd, path, READ_LIMIT)
            finally:
                os.close(fd)
        self._before_write("/".join(parts), old)

    def _missing(self, path: str, parts: Parts) -> ToolError:
        """What is there instead of something that is not."""
        for depth, name in enumerate(parts):
            try:
                fd = self._open_folder(parts[:depth])
            except OSError:
                break
            try:
                names = [found for found in os.listdir(fd) if not TEMPORARY.fullmatch(found) and found.isprintable()]
            finally:
                os.close(fd)
            if name not in names:
                where = f"the folder {quoted('/'.join(parts[:depth]))}" if depth else "the workspace"
                remedy = did_you_mean(name, sorted(names), "it holds") or "it is empty"
                return refusal(path, f"does not exist: {where} has no {quoted(name)}; {remedy}")
        return refusal(path, "does not exist")


def _content(fd: int, path: str, limit: int) -> bytes:
    size = os.fstat(fd).st_size
    pieces: list[bytes] = []
    total = 0
    while max(size, total) <= limit:
        # One byte more than there should be, so that the common case ends with one further, empty read.
        piece = os.read(fd, min(max(size - total, 0) + 1, limit - total + 1, 16 << 20))
        if not piece:
            return pieces[0] if len(pieces) == 1 else b"".join(pieces)
        pieces.append(piece)
        total += len(piece)
    reason = f"has {in_words(max(size, total))}, and {in_words(limit)} may be read at once; read a part of it"
    raise refusal(path, reason)


def _existing(folder: int, name: str, path: str) -> os.stat_result | None:
    """What there is now, which must be a regular file, or nothing.

    Whatever takes its place after this look is replaced by `rename` or met by an open that follows no link.
    """
    try:
        info = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None
    require_regular(info, path)
    return info


def _replace(folder: int, name: str, data: bytes, old: os.stat_result | None) -> None:
    """Put a whole new file in the place of the old one."""
    temporary = f".overseer-{secrets.token_hex(8)}.tmp"
    mode = 0o666 if old is None else stat.S_IMODE(old.st_mode) & 0o777
    # Never more readable than the old file was, not even for the moment before the bits are set.
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, mode, dir_fd=folder)
    try:
        try:
            if old is not None:
                _take_after(fd, old, mode)
            _write_all(fd, data)
            if old is not None:
                # Without this, a power failure soon after may leave an empty file where there was a full one.
                # A new file takes nothing from anybody, and the journal promises no more than the kernel's own
                # memory either: it survives the end of the process, which is what a resumed run relies on.
                os.fsync(fd)
        finally:
            os.close(fd)
        os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary, dir_fd=folder)
        raise


def _take_after(fd: int, old: os.stat_result, mode: int) -> None:
    """Owner, group and permission bits of the old file, the first two as far as we may."""
    made = os.fstat(fd)
    if (made.st_uid, made.st_gid) != (old.st_uid, old.st_gid):
        with suppress(PermissionError):
            os.fchown(fd, old.st_uid, old.st_gid)
    os.fchmod(fd, mode)


def _write_all(fd: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(fd, rest) :]


def _append(fd: int, data: bytes, size: int) -> None:
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


def _remove_if_empty(folder: int, name: str, fd: int) -> None:
    """Take back a file that was made for an append that failed, unless it is somebody else's by now."""
    with suppress(OSError):
        made, there = os.fstat(fd), os.stat(name, dir_fd=folder, follow_symlinks=False)
        if made.st_size == 0 and (made.st_dev, made.st_ino) == (there.st_dev, there.st_ino):
            os.unlink(name, dir_fd=folder)
