"""Which runs are told of when a chat begins."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from overseer.chat.commands import all_commands
from overseer.chat.resuming import interrupted_here
from overseer.journal.journal import Journal


def test_the_newest_runs_of_this_folder_are_named_and_the_rest_is_counted(tmp_path: Path) -> None:
    with Journal.open(tmp_path / "journal.db") as journal:
        for number in range(9):
            folder = "/srv/other" if number == 8 else "/srv/here"
            journal.begin(
                f"r{number}", name="x", plan="{}", steps=1, inputs={}, options={"folder": folder}, at=float(number)
            ).close()
        chat: Any = SimpleNamespace(journal=journal, bench=SimpleNamespace(folder=Path("/srv/here"), given=[]))
        *named, rest, way = interrupted_here(chat)
    assert [line.split()[1] for line in named] == ["r7", "r6", "r5", "r4", "r3"]
    assert rest == "and 3 more that were interrupted; /runs lists them all"
    assert way == "not to be told of it again: /runs dismiss RUN, or all"


def test_what_was_dismissed_is_not_named_and_without_any_nothing_is(tmp_path: Path) -> None:
    with Journal.open(tmp_path / "journal.db") as journal:
        for run_id in ("r1", "r2"):
            journal.begin(
                run_id, name="x", plan="{}", steps=1, inputs={}, options={"folder": "/srv/here"}, at=1.0
            ).close()
        chat: Any = SimpleNamespace(journal=journal, bench=SimpleNamespace(folder=Path("/srv/here"), given=[]))
        assert journal.dismiss("r2", at=2.0)
        assert [line.split()[1] for line in interrupted_here(chat)[:-1]] == ["r1"]
        assert [each.text for each in all_commands()["runs"].completes(chat, ["dismiss"])] == ["r1", "all"]
        assert journal.dismiss("r1", at=2.0)
        assert interrupted_here(chat) == []
