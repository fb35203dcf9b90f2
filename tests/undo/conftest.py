from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from overseer.undo.keeping import Changes
from overseer.undo.store import ChangeStore
from overseer.undo.undoing import Undoing
from overseer.workspace import FolderWorkspace


class World:
    """A folder, what is kept of its changes, and runs that write in it."""

    def __init__(self, place: Path, **limits: int) -> None:
        self.root = place / "here"
        self.root.mkdir(exist_ok=True)
        self.now = 1_000_000.0
        self.workspace = FolderWorkspace(self.root)
        self.store = ChangeStore(place / "changes.db", **limits)
        self.changes = Changes(self.workspace, lambda: self.store, clock=self.tick)
        self.undoing = Undoing(self.store, self.workspace, clock=self.tick)

    def tick(self) -> float:
        self.now += 1
        return self.now

    def run(self, run_id: str, tool: str = "write_file") -> FolderWorkspace:
        """The workspace as a tool of this run has it."""
        workspace = self.changes.workspace_of(run_id, tool)
        assert isinstance(workspace, FolderWorkspace)
        return workspace

    def undo(self, run: str | None = None, *, force: bool = False) -> None:
        self.undoing.carry_out(self.undoing.preview(run), force=force)

    def redo(self, run: str | None = None, *, force: bool = False) -> None:
        self.undoing.carry_out(self.undoing.preview(run, "redo"), force=force)

    def files(self) -> dict[str, bytes]:
        return {str(path.relative_to(self.root)): path.read_bytes() for path in self.root.rglob("*") if path.is_file()}

    def entries(self) -> set[str]:
        return {str(path.relative_to(self.root)) for path in self.root.rglob("*")}

    def close(self) -> None:
        self.store.close()
        self.workspace.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()
