"""What the broker needs of whoever keeps what tools change, so that it can be undone."""

from __future__ import annotations

from typing import Protocol

from overseer.tool import Workspace


class KeepsChanges(Protocol):
    """What keeps what the runs of the process change, so that it can be undone."""

    def workspace_of(self, run_id: str, tool: str) -> Workspace:
        """The workspace for a tool that a run calls; what it changes there is kept."""
        ...

    def note_unseen(self, run_id: str, tool: str) -> None:
        """A run is about to call a tool that may change what is not kept."""
        ...
