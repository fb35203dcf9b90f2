"""A real process, killed with SIGKILL around every commit of a run: nothing lost, nothing repeated."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from overseer import Engine, Journal
from overseer.jsonvalue import Json
from overseer.kernel.events import StepStarted, StepSucceeded
from tests.data import crash_child
from tests.program import source_carried_out


def carry_out(folder: Path, batch: int, when: str) -> subprocess.CompletedProcess[bytes]:
    source = "from tests.data.crash_child import main; main()"
    return source_carried_out(source, str(folder / "journal.db"), str(folder / "effects"), str(batch), when)


def whole_output(folder: Path) -> Json:
    return Engine([crash_child.note_tool(folder / "whole")]).run(crash_child.PLAN).output


@pytest.mark.long
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_at_any_commit_a_run_resumes_to_the_same_end_and_repeats_nothing(tmp_path: Path, when: str) -> None:
    expected = whole_output(tmp_path)
    batch = 0
    while True:
        batch += 1
        folder = tmp_path / str(batch)
        folder.mkdir()
        killed = carry_out(folder, batch, when)
        if killed.returncode == 0:
            break  # the run has fewer commits than that
        assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
        assert_resumes(folder, expected)
    assert batch > 15, "the plan was meant to take more commits"


def assert_resumes(folder: Path, expected: Json) -> None:
    with Journal.open(folder / "journal.db") as journal:
        summary = journal.runs()[0]
        if summary.status == "succeeded":  # the last commit was in when the process died
            assert list(journal.events(summary.run_id))[-1].output == expected  # type: ignore[union-attr]
            return
        assert summary.status == "interrupted"
        before = list(journal.events(summary.run_id))
        result = Engine([crash_child.note_tool(folder / "effects")], journal=journal).resume(summary.run_id)
        after = list(journal.events(summary.run_id))[len(before) :]
    assert result.output == expected
    ended = {event.key for event in before if isinstance(event, StepSucceeded)}
    assert not ended & {event.key for event in after if isinstance(event, StepStarted)}
    calls = Counter((folder / "effects").read_text().split())
    assert all(calls[key] == 1 for key in ended if key not in ("map", "loop"))
