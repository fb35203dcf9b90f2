"""One owner per run, among all processes and threads, and none once the owner has died.

The operating system holds the lock, on a small file per run, and drops it with the process, however
that ends. The file's only content is its owner's process id, for the message to others.

`lock_at` is the same for whatever else is to have one owner: see `writelocks`.
"""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from pathlib import Path
from weakref import WeakSet

from overseer.errors import BrokenInvariant, RunBusy
from overseer.home import make_private
from overseer.ids import is_run_id
from overseer.journal.diagnosis import diagnosed

# How long looks at a lock may stand in the way of taking it; one look takes microseconds.
_PATIENCE_S = 1.0

# Far behind the content: Windows lets nobody read a byte that another has locked.
_LOCKED_BYTE = 1 << 20


class RunLocks:
    """The locks of all runs, as files in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def take(self, run_id: str) -> RunLock:
        """Sole ownership of a run; RunBusy if somebody has it, be it in this process."""
        path = self._path(run_id)
        with diagnosed("lock", path):
            make_private(self.folder)
            found = lock_at(path)
        if isinstance(found, str):
            raise RunBusy(f"run {run_id} is being carried out {_by(found)}; wait for it or stop it there")
        return found

    def is_held(self, run_id: str) -> bool:
        """Whether anybody owns the run right now; looking does not hinder the owner."""
        path = self._path(run_id)
        with diagnosed("look at", path):
            try:
                descriptor = os.open(path, os.O_RDONLY)  # perhaps of a place where nothing may be written
            except FileNotFoundError:
                return False
            try:
                return not _locked(descriptor, shared=True)
            finally:
                os.close(descriptor)

    def _path(self, run_id: str) -> Path:
        if not is_run_id(run_id):
            raise BrokenInvariant(f"{run_id!r} cannot name a run")
        return self.folder / f"{run_id}.lock"


class RunLock:
    """Sole ownership, of one run say, until `release`, or until this process ends in whatever way."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path = path
        self._descriptor: int | None = descriptor
        _HELD.add(self)

    def release(self) -> None:
        """Give the run up; a second time does nothing."""
        if self._descriptor is None:
            return
        if sys.platform == "win32":
            self.abandon()  # first, since an open file cannot be removed
            with suppress(OSError):  # another has opened it by now: then it stays, and does no harm
                self._path.unlink()
        else:
            with suppress(OSError):  # first, so that whoever locks this file next finds it gone from its path
                self._path.unlink()
            self.abandon()

    def abandon(self) -> None:
        """Close the file and leave it where it is."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)


# A forked child shares open files, and with them the locks: workers that outlive this process would
# keep its runs. In a program started by `exec` they are closed anyway.
_HELD: WeakSet[RunLock] = WeakSet()


def _abandon_all() -> None:
    for lock in list(_HELD):
        lock.abandon()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_abandon_all)


def lock_at(path: Path, who: str = "") -> RunLock | str:
    """Sole ownership of the file at `path`, signed with this process and `who`; or the signature of who has it."""
    while (found := _taken(path, who)) is None:
        pass
    return found


def _taken(path: Path, who: str) -> RunLock | str | None:
    """The same; None if an owner removed that file while we were locking it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if not _locked_alone(descriptor):
            signature = _signature(descriptor)
            os.close(descriptor)
            return signature
        if _is_at(path, descriptor):
            _sign(descriptor, who)
            return RunLock(path, descriptor)
    except BaseException:
        os.close(descriptor)
        raise
    os.close(descriptor)
    return None


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.stat(path), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _sign(descriptor: int, who: str) -> None:
    with suppress(OSError):  # a full disk: the lock holds without a signature
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()} {who}".strip().encode())


def _signature(descriptor: int) -> str:
    return os.read(descriptor, 200).decode("utf-8", "replace")


def _by(signature: str) -> str:
    """Who has the lock, as the end of a sentence."""
    if not signature.isdigit():
        return "elsewhere"
    return "in this process" if int(signature) == os.getpid() else f"by process {signature}"


def _locked_alone(descriptor: int) -> bool:
    """Lock the file for nobody else; False if another has done so."""
    give_up_at = time.monotonic() + _PATIENCE_S
    while not _locked(descriptor, shared=False):
        # A lock that can be shared is only being looked at, or wanted by another who tests the same.
        if not _locked(descriptor, shared=True) or time.monotonic() > give_up_at:
            return False
        _unlock(descriptor)
        time.sleep(0.0005)
    return True


def _locked(descriptor: int, *, shared: bool) -> bool:
    """Lock the file if that needs no waiting; whether it did."""
    if sys.platform == "win32":
        import msvcrt

        os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # knows no sharing
        except PermissionError:
            return False
        finally:
            os.lseek(descriptor, 0, os.SEEK_SET)
        return True
    import fcntl

    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _unlock(descriptor: int) -> None:
    if sys.platform == "win32":
        import msvcrt

        os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)
        os.lseek(descriptor, 0, os.SEEK_SET)
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_UN)
