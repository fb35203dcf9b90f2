"""What undoing or redoing a run would do, as plain data to be shown and agreed to.

It is worked out from what the files hold at the moment, so that what was carried out in part can simply be
worked out again. Carrying it out is for others.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from overseer.tool import ToolError
from overseer.undo.differences import MOST_BYTES, Difference, difference
from overseer.undo.states import (
    ABSENT,
    MOST_BYTES_OF_A_FILE,
    NO_FILE,
    Found,
    KeptFile,
    KeptRun,
    State,
    hasher,
    is_half_added,
)
from overseer.undo.store import ChangeStore
from overseer.workspace import FolderWorkspace
from overseer.workspace.quota import in_words

Direction: TypeAlias = Literal["undo", "redo"]

# What is to be done with a file: give it another content, make it, remove it, or nothing, as it is there already.
Action: TypeAlias = Literal["change", "make", "remove", "nothing"]

_PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class FilePreview:
    """What would become of one file."""

    path: str
    action: Action
    tool: str  # which changed it last in that run
    found: Found  # what it is at the moment
    target: State  # what it is to hold
    target_mode: int
    target_size: int
    conflict: str = ""  # why it is left as it is unless that is forced
    obstacle: str = ""  # why nothing can be done
    notes: tuple[str, ...] = ()
    difference: Difference | None = None  # of a file that is there and stays

    @property
    def is_free(self) -> bool:
        """Whether something is to be done, and nothing speaks against it."""
        return self.action != "nothing" and not self.conflict and not self.obstacle


@dataclass(frozen=True, slots=True)
class Preview:
    """What would become of all files that a run changed; `notes` says what else there is to know."""

    direction: Direction
    run: KeptRun
    files: tuple[FilePreview, ...]
    unseen: tuple[str, ...]  # tools that the run called and whose changes are not known
    notes: tuple[str, ...] = ()

    @property
    def conflicts(self) -> tuple[FilePreview, ...]:
        return tuple(file for file in self.files if file.conflict and not file.obstacle)

    @property
    def obstacles(self) -> tuple[FilePreview, ...]:
        return tuple(file for file in self.files if file.obstacle)


def file_previews(
    store: ChangeStore, workspace: FolderWorkspace, run: KeptRun, direction: Direction
) -> Iterator[FilePreview]:
    for file in store.files(run):
        if direction == "redo" and file.redo is None:
            continue  # it never was undone
        yield _Looking(store, workspace, run, file, direction).preview()


@dataclass(frozen=True, slots=True)
class _Looking:
    """Looking at one file."""

    store: ChangeStore
    workspace: FolderWorkspace
    run: KeptRun
    file: KeptFile
    direction: Direction

    def preview(self) -> FilePreview:
        file = self.file
        is_undo = self.direction == "undo"
        target = file.before if is_undo else file.redo
        mode = file.before_mode if is_undo else file.redo_mode or 0o666
        size = file.before_size if is_undo else file.redo_size or 0

        def seen(action: Action, found: Found, *, conflict: str = "", obstacle: str = "") -> FilePreview:
            notes = () if action == "nothing" or obstacle else tuple(self._notes(found))
            shown = None
            if action == "change" and not obstacle and target:
                shown = difference(file.path, self._small(found), self._small_kept(target, size))
            return FilePreview(
                file.path, action, file.tool, found, target or ABSENT, mode, size, conflict, obstacle, notes, shown
            )

        try:
            found = look(self.workspace, file.path)
        except ToolError as error:
            return seen("change", NO_FILE, obstacle=str(error))
        if target is None:
            return seen("change", found, obstacle=f"what it held is not kept: it was {_too_large(size)}")
        if found.state == target:
            return seen("nothing", found)
        action: Action = "remove" if target == ABSENT else "make" if found.state == ABSENT else "change"
        if target != ABSENT and not self.store.has_content(target):
            return seen(action, found, obstacle=f"what it held is not kept: {_why_not_kept(size)}")
        return seen(action, found, conflict=self._conflict(found))

    def _conflict(self, found: Found) -> str:
        """Why the file seems to be somebody else's by now; nothing if it is as it was left."""
        file = self.file
        if self.direction == "redo":
            if found.state == file.before:
                return ""
            return "it was deleted since" if found.state == ABSENT else "it was changed after that was undone"
        if found.state in (file.after, file.last):
            return ""
        if found.state == ABSENT:
            return "it was deleted since"
        if self._is_half_done(found):
            return ""
        if (writer := self.store.writer(self.run.folder, file.path, found.state, self.run)) is not None:
            run_id, tool = writer
            return f"run {run_id} ({tool}) has changed it since"
        return "it was changed since, by somebody else"

    def _is_half_done(self, found: Found) -> bool:
        return is_half_added(self.file, found.size, lambda size: look(self.workspace, self.file.path, first=size).state)

    def _notes(self, found: Found) -> Iterator[str]:
        if self.direction == "undo" and self.file.is_shared:
            yield "somebody else changed it while the run was at it, and gets that back"
        if found.size > MOST_BYTES_OF_A_FILE:
            opposite = "redo" if self.direction == "undo" else "undo"
            yield f"{opposite} will not bring back what it holds at the moment: it is {_too_large(found.size)}"

    def _small(self, found: Found) -> bytes | None:
        try:
            return self.workspace.read(self.file.path, limit=MOST_BYTES) if found.size <= MOST_BYTES else None
        except ToolError:  # it has changed since it was looked at
            return None

    def _small_kept(self, state: State, size: int) -> bytes | None:
        return self.store.content(state) if size <= MOST_BYTES else None


def look(workspace: FolderWorkspace, path: str, *, first: int | None = None) -> Found:
    """What a file is, or what its first bytes are; ToolError if it cannot be looked at."""
    opened = workspace.open_if_there(path)
    if opened is None:
        return NO_FILE
    with opened:
        info = os.fstat(opened.fileno())
        seen, left = hasher(), info.st_size + _PIECE if first is None else first
        total = 0
        while left > 0 and (piece := opened.read(min(_PIECE, left))):
            seen.update(piece)
            total += len(piece)
            left = left - len(piece) if first is not None else _PIECE
        return Found(seen.digest(), info.st_mode & 0o777, total)


def _too_large(size: int) -> str:
    return f"{in_words(size)}, and of files larger than {in_words(MOST_BYTES_OF_A_FILE)} nothing is kept"


def _why_not_kept(size: int) -> str:
    if size > MOST_BYTES_OF_A_FILE:
        return f"it was {_too_large(size)}"
    return "there was no room for it, or it has made room for what is newer"
