"""Keeping what files hold before a run changes them, for every tool that writes through its workspace.

What is kept and what the change is to leave are stored in one transaction before the change, so that
a process that dies at any point leaves a file in one of two states, both of which are known.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from overseer.errors import JournalError
from overseer.tool import ToolError, Workspace
from overseer.undo.states import ABSENT, MOST_BYTES_OF_A_FILE, KeptFile, State, hasher, is_half_added, state_of
from overseer.workspace import FolderWorkspace, Old

if TYPE_CHECKING:
    from overseer.undo.store import ChangeStore

_log = logging.getLogger(__name__)

# Runs whose files are remembered in memory; of others they are read again.
_MOST_RUNS = 64

_Stamp = tuple[int, int, int]


class Changes:
    """The changes that the runs of this process make in one workspace. The store is opened by the first."""

    def __init__(
        self, workspace: FolderWorkspace, store: Callable[[], ChangeStore], *, clock: Callable[[], float] = time.time
    ) -> None:
        self._workspace = workspace
        self._open = store
        self._clock = clock
        self._store: ChangeStore | None = None
        self._lock = threading.Lock()
        self._runs: OrderedDict[str, _Run] = OrderedDict()

    def workspace_of(self, run_id: str, tool: str) -> Workspace:
        """The workspace for a tool that a run calls."""
        return self._run(run_id).workspace_of(tool)

    def note_unseen(self, run_id: str, tool: str) -> None:
        """A run calls a tool whose changes are not seen."""
        self._run(run_id).note_unseen(tool)

    def store(self) -> ChangeStore:
        with self._lock:
            if self._store is None:
                self._store = self._open()
            return self._store

    def close(self) -> None:
        with self._lock:
            if self._store is not None:
                self._store.close()
            self._store = None

    def _run(self, run_id: str) -> _Run:
        run = self._runs.get(run_id)
        if run is None:
            with self._lock:
                run = self._runs.setdefault(run_id, _Run(run_id, self._workspace, self.store, self._clock))
                while len(self._runs) > _MOST_RUNS:
                    self._runs.popitem(last=False)
        return run


@dataclass(slots=True)
class _Left:
    """A file as this process left it."""

    file: KeptFile
    stamp: _Stamp | None = None  # None: it is to be looked at again
    hash: Any = None


class _Run:
    """What one run changes. Each file's changes come one after the other; different files' side by side."""

    def __init__(
        self, run_id: str, workspace: FolderWorkspace, store: Callable[[], ChangeStore], clock: Callable[[], float]
    ) -> None:
        self.run_id = run_id
        self.folder = str(workspace.root)
        self.clock = clock
        self.left: dict[str, _Left] = {}
        self._workspace = workspace
        self._open = store
        self._lock = threading.Lock()
        self._store: ChangeStore | None = None
        self._views: dict[str, FolderWorkspace] = {}
        self._unseen: set[str] = set()

    def workspace_of(self, tool: str) -> FolderWorkspace:
        view = self._views.get(tool)
        if view is None:
            view = self._views[tool] = self._workspace.kept_by(_Keeper(self, tool))
        return view

    def note_unseen(self, tool: str) -> None:
        if tool in self._unseen:
            return
        try:
            self.store().note_unseen(self.run_id, self.folder, tool, self.clock())
        except JournalError as error:  # no reason to refuse the call: it only is not told of
            _log.warning("it is not noted for undo that '%s' was called: %s", tool, error)
        self._unseen.add(tool)

    def store(self) -> ChangeStore:
        """The store, which knows of this run."""
        with self._lock:
            if self._store is None:
                store = self._open()
                store.enter(self.run_id, self.folder, self.clock())
                self._store = store
            return self._store


class _Keeper:
    """Told of what one tool changes in one run."""

    def __init__(self, run: _Run, tool: str) -> None:
        self._run = run
        self._tool = tool

    def keep(self, path: str, old: Old | None, data: bytes, *, is_added: bool) -> _Keeping:
        run = self._run
        try:
            store = run.store()
            known = run.left.get(path)
            if known is None or old is None or known.stamp != _stamp(old.info):  # somebody else may have been at it
                stored = store.file(run.run_id, run.folder, path)
                known = None if stored is None else _Left(stored)
            now = _looked_at(known, old)
            file = _next(path, self._tool, known, now)
            size, after = len(data), hasher(data)
            if is_added and old is not None:
                size, after = old.info.st_size + len(data), None
                if now.hash is not None:
                    after = now.hash.copy()
                    after.update(data)
            file = replace(
                file,
                tool=self._tool,
                last_size=now.size,
                after=None if after is None else after.digest(),
                after_size=size,
                is_added=is_added,
            )
            content = now.content if file.before == now.state else None
            store.keep(run.run_id, run.folder, file, content, run.clock())
        except JournalError as error:
            raise ToolError(f"path '{path}' is left as it is, since that cannot be kept for undo: {error}") from error
        return _Keeping(run, path, None if known is None else known.file, _Left(file, hash=after))

    def keep_folder(self, path: str) -> None:
        run = self._run
        try:
            run.store().keep_folder(run.run_id, run.folder, path, run.clock())
        except JournalError as error:
            raise ToolError(f"folder '{path}' is not made, since that cannot be noted for undo: {error}") from error


@dataclass(frozen=True, slots=True)
class _Look:
    """What a file holds before a change."""

    state: State | None
    mode: int
    size: int
    hash: Any = None
    content: bytes | None = None  # where it was read


def _looked_at(known: _Left | None, old: Old | None) -> _Look:
    if old is None:
        return _Look(ABSENT, 0o666, 0, hasher())
    mode, size = old.info.st_mode & 0o777, old.info.st_size
    if known is not None and known.stamp is not None and known.hash is not None:
        return _Look(known.hash.digest(), mode, size, known.hash)
    if size > MOST_BYTES_OF_A_FILE:
        return _Look(None, mode, size)
    content = old.read()
    seen = hasher(content)
    return _Look(seen.digest(), mode, len(content), seen, content)


def _next(path: str, tool: str, known: _Left | None, now: _Look) -> KeptFile:
    """What is known of a file when it is changed once more."""
    if known is None:
        return KeptFile(path, tool, now.state, now.mode, now.size, False, now.state, now.size, None, 0)
    file = known.file
    is_as_left = now.state is not None and now.state in (file.after, file.last)
    if (content := now.content) is not None:
        is_as_left = is_as_left or is_half_added(file, now.size, lambda size: state_of(content[:size]))
    if is_as_left or file.before is None:
        return replace(file, last=now.state)
    # Somebody else was at it: that is what they want back.
    return replace(file, before=now.state, before_mode=now.mode, before_size=now.size, is_shared=True, last=now.state)


class _Keeping:
    """One change, from when it was kept to when it was made."""

    def __init__(self, run: _Run, path: str, known: KeptFile | None, left: _Left) -> None:
        self._run = run
        self._path = path
        self._known = known
        self._left = left
        self._is_done = False

    def done(self, info: os.stat_result) -> None:
        self._is_done = True
        is_alone = info.st_size == self._left.file.after_size  # nobody else put something at its end
        self._left.stamp = _stamp(info) if is_alone else None
        self._run.left[self._path] = self._left

    def failed(self) -> None:
        if self._is_done:
            return
        self._run.left.pop(self._path, None)
        try:
            self._run.store().take_back(self._run.run_id, self._run.folder, self._path, self._known)
        except JournalError:
            return  # what was kept counts both states, before and after, as the run's own


def _stamp(info: os.stat_result) -> _Stamp:
    return info.st_ino, info.st_size, info.st_mtime_ns
