"""A workspace that is a folder of this machine.

Everything happens beneath the folder as it was when the workspace was made: a folder that takes its
place later is another one. What holds is said where it is done: `beneath` for links, `paths` for the text of
a path, `protected` for files that stay as they are, `quota` for how much may be written.

Files are replaced, not written over: whoever reads sees the old content or the new one. Permission bits
are kept, owner and group where we may set them; other attributes are not.
"""

from __future__ import annotations

import copy
import errno
import os
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from overseer.plan.suggestions import did_you_mean
from overseer.tool import FileInfo, ToolError
from overseer.workspace.beneath import FOLDER, PASSING, Opener, best_opener
from overseer.workspace.keeping import Keeper, Old
from overseer.workspace.listing import TEMPORARY, listing
from overseer.workspace.paths import Parts, file_parts, parts_of, quoted, refusal
from overseer.workspace.patterns import Pattern
from overseer.workspace.protected import Guard, Protected, our_own
from overseer.workspace.quota import Ledger, Quota, in_words
from overseer.workspace.refusals import explained, require_regular
from overseer.workspace.replacing import append, remove_if_empty, replace

# What is read at once when nothing else is said: no more than a workspace holds by default.
READ_LIMIT = Quota().max_bytes

# Given what is at a path, its content to be read and its permission bits, or None; raises if that must stay.
Allow = Callable[[Old | None], None]


class FolderWorkspace:
    """Files beneath one folder, for any number of threads."""

    def __init__(
        self,
        root: Path,
        *,
        quota: Quota | None = None,
        protected: Protected | None = None,
        keeper: Keeper | None = None,
        opener: Opener | None = None,
    ) -> None:
        self.root = root.resolve(strict=True)
        # The absolute paths that the folder goes by.
        self.names = tuple(dict.fromkeys((str(self.root), os.path.normpath(root.absolute()))))
        self._guard = Guard(protected if protected is not None else our_own(), self.root)
        self._ledger = Ledger(quota or Quota())
        self._keeper = keeper
        self._opener = opener or best_opener()
        # Writers of one file take turns; two files rarely meet in one lock, and then only wait.
        self._locks = tuple(threading.Lock() for _ in range(64))
        self._making_folders = threading.Lock()
        self._held = _Held(os.open(self.root, PASSING | os.O_CLOEXEC))
        self._closer = weakref.finalize(self._held, os.close, self._held.fd)

    def close(self) -> None:
        """Let go of the folder, when nobody uses it any more; nothing can be read or written afterwards."""
        self._held.fd = -1
        self._closer()

    def kept_by(self, keeper: Keeper) -> FolderWorkspace:
        """The same workspace, for somebody whose changes a keeper is told of; one is closed with the other."""
        view = copy.copy(self)
        view._keeper = keeper
        return view

    def __enter__(self) -> FolderWorkspace:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def _fd(self) -> int:
        return self._held.fd

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

    def open_if_there(self, path: str) -> BinaryIO | None:
        """A file to read in pieces, which the caller closes; None if there is none."""
        with explained(path, "read"):
            try:
                return os.fdopen(self._opened(path), "rb")
            except FileNotFoundError:
                return None

    def write(self, path: str, data: bytes) -> None:
        parts = self._writable(path)
        with self._changing(parts, path, len(data), replaces=True) as folder:
            old = _existing(folder, parts[-1], path)
            if old is not None and not os.access(parts[-1], os.W_OK, dir_fd=folder):
                # Replacing needs only the folder's permission; a file that is read-only is meant to stay.
                raise PermissionError(errno.EACCES, "it is read-only")
            with self._kept(folder, parts, path, old, data, is_added=False) as done:
                done(replace(folder, parts[-1], data, old))

    def append(self, path: str, data: bytes) -> None:
        """Add to the end of a file, or make it; all of it or nothing, and never mixed with another's."""
        parts = self._writable(path)
        with self._changing(parts, path, len(data), replaces=False) as folder:
            old = _existing(folder, parts[-1], path)
            with self._kept(folder, parts, path, old, data, is_added=True) as done:
                fd = self._opener(folder, parts[-1:], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
                try:
                    info = os.fstat(fd)
                    require_regular(info, path)
                    append(fd, data, info.st_size)
                    done(os.fstat(fd))
                except BaseException:
                    if old is None:
                        remove_if_empty(folder, parts[-1], fd)
                    raise
                finally:
                    os.close(fd)

    def put_back(self, path: str, data: bytes | None, allow: Allow, *, mode: int = 0o666) -> None:
        """Give a file back what it held or, with None, remove it; where `allow` raises, it stays as it is.

        `mode` is for a file that is not there. It takes nothing from the quota, and no keeper is told.
        """
        parts = self._writable(path)
        with explained(path, "put back"), self._lock(parts):
            folder = self._folder_to_put_back(parts[:-1], path, is_needed=data is not None)
            if folder is None:
                allow(None)
                return
            try:
                old = _existing(folder, parts[-1], path)
                if old is not None and not os.access(parts[-1], os.W_OK, dir_fd=folder):
                    raise PermissionError(errno.EACCES, "it is read-only")
                allow(self._old(folder, parts, path, old))
                if data is not None:
                    replace(folder, parts[-1], data, old, mode=mode)
                elif old is not None:
                    os.unlink(parts[-1], dir_fd=folder)
            finally:
                os.close(folder)

    def remove_empty(self, path: str) -> bool:
        """Remove a folder if nothing is in it; whether it is gone."""
        parts = self._writable(path)
        try:
            above = self._opener(self._fd, parts[:-1], PASSING)
            try:
                os.rmdir(parts[-1], dir_fd=above)
            finally:
                os.close(above)
        except FileNotFoundError:
            return True
        except OSError:  # something is in it, or it is none
            return False
        return True

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
        try:
            return self._opened(path)
        except FileNotFoundError:
            raise self._missing(path, file_parts(path, self.names)) from None

    def _opened(self, path: str) -> int:
        parts = file_parts(path, self.names)
        if fault := self._guard.read_fault(parts):
            raise refusal(path, fault, kind="denied")
        fd = self._opener(self._fd, parts, os.O_RDONLY)
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
            self._lock(parts),
            self._ledger.reserved(parts, size, replaces=replaces),
        ):
            folder = self._made_folder(parts[:-1], path)
            try:
                yield folder
            finally:
                os.close(folder)

    def _lock(self, parts: Parts) -> threading.Lock:
        return self._locks[hash(parts) % len(self._locks)]

    def _folder_to_put_back(self, parts: Parts, path: str, *, is_needed: bool) -> int | None:
        try:
            return self._made_folder(parts, path, counts=False) if is_needed else self._opener(self._fd, parts, PASSING)
        except FileNotFoundError:
            return None

    def _made_folder(self, parts: Parts, path: str, *, counts: bool = True) -> int:
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
                    below = self._made_one(here, name, parts[:depth], counts=counts)
                finally:
                    os.close(here)
                here = below
            return here

    def _made_one(self, folder: int, name: str, parts: Parts, *, counts: bool) -> int:
        with suppress(FileExistsError), self._ledger.reserved(parts) if counts else nullcontext():
            if self._keeper is not None and counts:
                self._keeper.keep_folder("/".join(parts))
            os.mkdir(name, 0o777, dir_fd=folder)
        return self._opener(folder, (name,), PASSING)

    @contextmanager
    def _kept(
        self, folder: int, parts: Parts, path: str, old: os.stat_result | None, data: bytes, *, is_added: bool
    ) -> Iterator[Callable[[os.stat_result], None]]:
        """What a file held is kept before the block changes it; the block says when it did."""
        if self._keeper is None:
            yield lambda info: None
            return
        keeping = self._keeper.keep("/".join(parts), self._old(folder, parts, path, old), data, is_added=is_added)
        try:
            yield keeping.done
        except Exception:  # after Ctrl-C nobody knows whether the change was made
            keeping.failed()
            raise

    def _old(self, folder: int, parts: Parts, path: str, info: os.stat_result | None) -> Old | None:
        if info is None:
            return None

        def read() -> bytes:
            fd = self._opener(folder, parts[-1:], os.O_RDONLY)
            try:
                require_regular(os.fstat(fd), path)
                return _content(fd, path, sys.maxsize)
            finally:
                os.close(fd)

        return Old(info, read)

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


class _Held:
    """A folder that is open, for as long as anything holds this."""

    def __init__(self, fd: int) -> None:
        self.fd = fd


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
