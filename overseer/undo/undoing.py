"""Undoing what a run did to files, and redoing what was undone.

A preview says what would happen; it is carried out only where every file still is as it was when the
preview was made. Each file is kept before it is changed, so undoing can be undone, and can be
repeated after it failed halfway or its process died.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from overseer.errors import RunBusy, RunNotFound, UsageError
from overseer.ids import as_typed
from overseer.tool import ToolError
from overseer.undo.preview import Direction, FilePreview, Preview, file_previews, look
from overseer.undo.states import ABSENT, MOST_BYTES_OF_A_FILE, NO_FILE, Found, KeptRun, RunState, state_of
from overseer.undo.store import MOST_BYTES, MOST_RUNS, ChangeStore
from overseer.workspace import FolderWorkspace, Old

RULE = f"what the last {MOST_RUNS} runs changed is kept, up to {MOST_BYTES >> 20} MB, and the oldest goes first"

_BEGUN: dict[Direction, RunState] = {"undo": "undoing", "redo": "redoing"}
_ENDED: dict[Direction, RunState] = {"undo": "undone", "redo": "written"}

# In which states a run is found when none is named.
_OPEN: dict[Direction, tuple[RunState, ...]] = {
    "undo": ("written", "undoing", "redoing"),
    "redo": ("undone", "undoing", "redoing"),
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the files; `left` and `failed` say why, by path."""

    done: tuple[str, ...]
    left: tuple[tuple[str, str], ...]
    failed: tuple[tuple[str, str], ...]


class _Changed(Exception):
    """A file is not what the preview showed."""


class Undoing:
    """What can be undone in one folder."""

    def __init__(
        self,
        store: ChangeStore,
        workspace: FolderWorkspace,
        *,
        is_busy: Callable[[str], bool] = lambda run_id: False,
        alone_with: Callable[[Collection[str]], AbstractContextManager[None]] = lambda names: nullcontext(),
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`is_busy` tells whether a run is being carried out; `alone_with` keeps all runs from what is written.

        That raises RunBusy where one of them is at it.
        """
        self._store = store
        self._workspace = workspace
        self._folder = str(workspace.root)
        self._is_busy = is_busy
        self._alone_with = alone_with
        self._clock = clock

    def preview(self, run: str | None = None, direction: Direction = "undo") -> Preview:
        """What would happen: to the run whose id begins like this or, with None, to the one whose turn it is.

        RunNotFound or UsageError says why there is none, RunBusy that it is still at it.
        """
        found = self._named(run) if run is not None else self._next(direction)
        if self._is_busy(found.run_id):
            raise RunBusy(f"run {found.run_id} is being carried out; wait for it or stop it, then {direction} it")
        files = tuple(file_previews(self._store, self._workspace, found, direction))
        return Preview(direction, found, files, tuple(self._store.unseen(found)), tuple(self._notes(found, files)))

    def carry_out(self, preview: Preview, *, force: bool = False) -> Outcome:
        """Do what a preview shows, and with `force` also where somebody else has changed a file.

        RunBusy if a run is writing one of the files, of which nothing is done then.
        """
        chosen = [file for file in preview.files if file.is_free or (force and file.conflict and not file.obstacle)]
        with self._alone_with([f"file:{self._folder}/{file.path}" for file in chosen]):
            return self._carried_out(preview, chosen, force=force)

    def _carried_out(self, preview: Preview, chosen: Collection[FilePreview], *, force: bool) -> Outcome:
        done: list[str] = []
        left: list[tuple[str, str]] = []
        failed: list[tuple[str, str]] = []
        left += [(file.path, file.conflict) for file in preview.conflicts if file not in chosen]
        left += [(file.path, file.obstacle) for file in preview.obstacles]
        if chosen:
            self._store.set_state(preview.run, _BEGUN[preview.direction], self._clock())
        for file in chosen:
            try:
                self._put_back(preview, file, force=force)
            except _Changed:
                left.append((file.path, "it was changed while you looked at the preview"))
            except ToolError as error:
                failed.append((file.path, str(error)))
            else:
                done.append(file.path)
        if preview.direction == "redo":
            for file in preview.files:
                if file.action == "nothing" or file.path in done:
                    self._store.forget_redo(preview.run, file.path)
        else:
            for path in self._store.folders(preview.run):
                self._workspace.remove_empty(path)
        is_over = not failed and (bool(done) or not left)
        if is_over:
            self._store.set_state(preview.run, _ENDED[preview.direction], None if chosen else self._clock())
        return Outcome(tuple(done), tuple(sorted(left)), tuple(sorted(failed)))

    def _put_back(self, preview: Preview, file: FilePreview, *, force: bool) -> None:
        store, run = self._store, preview.run
        content = None
        if file.target != ABSENT:
            content = store.content(file.target)
            if content is None:
                raise ToolError(f"path '{file.path}' cannot be put back: what it held is not kept any more")

        def allow(old: Old | None) -> None:
            found, held = self._found(file.path, old)
            if found.state != file.found.state:
                raise _Changed
            if preview.direction == "undo":
                if not store.keep_redo(run, file.path, found, held) and not force:
                    raise ToolError("there is no room to keep for redo what it holds; --force undoes it all the same")
            else:
                store.set_left(run, file.path, file.target, file.target_size)

        self._workspace.put_back(file.path, content, allow, mode=file.target_mode)

    def _found(self, path: str, old: Old | None) -> tuple[Found, bytes | None]:
        """What a file is, and what it holds unless that is too much to be kept."""
        if old is None:
            return NO_FILE, None
        if old.info.st_size > MOST_BYTES_OF_A_FILE:
            return look(self._workspace, path), None
        data = old.read()
        return Found(state_of(data), old.info.st_mode & 0o777, len(data)), data

    # --- which run

    def _named(self, text: str) -> KeptRun:
        text = text.encode("utf-8", "replace").decode()  # without what a command line cannot have meant
        runs = self._beginning(text) or self._beginning(as_typed(text))
        here = [run for run in runs if run.folder == self._folder]
        if len(here) == 1:
            return here[0]
        if here:
            listed = ", ".join(run.run_id for run in here[:5])
            raise RunNotFound(f"{text!r} could be several runs; type more of the id: {listed}")
        if runs:
            raise UsageError(f"run {runs[0].run_id} changed files in {runs[0].folder}; go there to undo or redo that")
        newest = ", ".join(run.run_id for run in self._store.runs(self._folder)[:5])
        help = f"those that did here are: {newest}" if newest else f"no run did in {self._folder}"
        raise RunNotFound(f"no run {text!r} is known to have changed files ({RULE}); {help}")

    def _beginning(self, text: str) -> list[KeptRun]:
        runs = self._store.runs_beginning(text) if text else []
        return [run for run in runs if run.run_id == text] or runs

    def _next(self, direction: Direction) -> KeptRun:
        known = [run for run in self._store.runs(self._folder) if self._store.files(run)]
        runs = [run for run in known if run.state in _OPEN[direction]]
        if not runs:
            why = f"no run is known to have changed files there ({RULE})"
            if known and direction == "undo":
                why = f"every known run was undone; to look at the latest again, name it: undo {known[0].run_id}"
            elif known:
                why = "nothing was undone"
            raise RunNotFound(f"there is nothing to {direction} in {self._folder}: {why}")
        if direction == "undo":
            return runs[0]
        run = max(runs, key=lambda run: run.undone or 0.0)
        for later in self._store.runs(self._folder):
            if later.state == "written" and later.changed > (run.undone or 0.0) and self._store.files(later):
                raise UsageError(
                    f"run {later.run_id} has changed files here since run {run.run_id} was undone; "
                    f"to redo that all the same, name it: redo {run.run_id}"
                )
        return run

    def _notes(self, run: KeptRun, files: tuple[FilePreview, ...]) -> list[str]:
        notes = []
        if run.is_cut:
            notes.append("what the run changed at first is not kept any more: it has made room for what is newer")
        for later in self._store.runs(self._folder):
            if later.changed > run.changed and (tools := self._store.unseen(later)):
                called = ", ".join(tools)
                notes.append(f"the later run {later.run_id} called {called}, and what that changed is not seen")
        return notes
