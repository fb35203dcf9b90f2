"""Which runs are told of when a chat begins."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from overseer.chat.resuming import interrupted_here
from overseer.journal import Journal


def test_the_newest_runs_of_this_folder_are_named_and_the_rest_is_counted(tmp_path: Path) -> None:
    with Journal.open(tmp_path / "journal.db") as journal:
        for number in range(9):
            folder = "/srv/other" if number == 8 else "/srv/here"
            journal.begin(
                f"r{number}", name="x", plan="{}", steps=1, inputs={}, options={"folder": folder}, at=float(number)
            ).close()
        chat: Any = SimpleNamespace(journal=journal, bench=SimpleNamespace(folder=Path("/srv/here"), given=[]))
        *named, rest = interrupted_here(chat)
    assert [line.split()[1] for line in named] == ["r7", "r6", "r5", "r4", "r3"]
    assert rest == "and 3 more that were interrupted; /runs lists them all"
