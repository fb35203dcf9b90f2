"""Commands that do not want to end: nothing of them is left, whatever they try."""

from __future__ import annotations

import os
import sys
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from overseer.processes import CommandTimeout, ProcessCommands, supervisor
from overseer.processes.exchange import Exchange
from overseer.tool import Cancellation, ToolError
from tests.commands import hostile
from tests.processes import PATIENCE_S, Child

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are looked for in /proc")

# What is promised is 1 s; a busy machine may need longer to notice.
SOON_S = 10.0

TRAPS = [
    "sleep",
    "ignore_everything",
    "spin",
    "flood",
    "close_output_and_live_on",
    "fork_continuously",
    "fork_in_a_chain",
    "become_a_daemon",
    "nest_deeply",
    "stop_the_supervisor",
]


class Marked:
    """A mark for the environment of a command, by which everything that it started is found."""

    def __init__(self) -> None:
        self.variables = {"HOSTILE": uuid.uuid4().hex}
        self._entry = f"HOSTILE={self.variables['HOSTILE']}".encode()

    def processes(self) -> list[int]:
        return [int(name) for name in os.listdir("/proc") if name.isdigit() and self._is_on(name)]

    def _is_on(self, pid: str) -> bool:
        try:
            with open(f"/proc/{pid}/environ", "rb", buffering=0) as file:
                return self._entry in (file.readall() or b"").split(b"\0")
        except OSError:
            return False


@pytest.fixture
def marked() -> Marked:
    return Marked()


@pytest.fixture
def commands(tmp_path: Path) -> ProcessCommands:
    return ProcessCommands(tmp_path, {"PATH": os.environ["PATH"]})


def program(name: str) -> list[str]:
    return [sys.executable, hostile.__file__, name]


def wait_until(condition: Callable[[], bool]) -> None:
    give_up_at = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < give_up_at, "what was waited for has not happened"
        time.sleep(0.01)


@pytest.mark.parametrize("trap", TRAPS)
def test_at_its_deadline_nothing_of_a_command_is_left(trap: str, commands: ProcessCommands, marked: Marked) -> None:
    start = time.monotonic()
    with pytest.raises(CommandTimeout, match=r"was ended after 1 s; the end of its stdout:\n") as caught:
        commands.run(program(trap), variables=marked.variables, timeout_s=1.0)
    took_s = time.monotonic() - start
    assert marked.processes() == []
    assert caught.value.kind == "timeout"
    assert caught.value.printed.stdout.startswith("ready"), "the trap was not set in time"
    assert 1.0 <= took_s < 1.0 + SOON_S


@pytest.mark.parametrize("trap", TRAPS)
def test_when_cancelled_nothing_of_a_command_is_left(
    trap: str, commands: ProcessCommands, marked: Marked, tmp_path: Path
) -> None:
    cancellation = Cancellation()
    asked_at: list[float] = []

    def cancel() -> None:
        wait_until((tmp_path / "ready").exists)
        asked_at.append(time.monotonic())
        cancellation.ask()

    thread = threading.Thread(target=cancel)
    thread.start()
    with pytest.raises(ToolError, match="was cancelled and ended") as caught:
        commands.run(program(trap), variables=marked.variables, cancellation=cancellation)
    thread.join()
    assert marked.processes() == []
    assert caught.value.kind == "cancelled"
    assert time.monotonic() - asked_at[0] < SOON_S


@pytest.mark.parametrize(
    ("name", "printed"),
    [
        ("become_a_daemon_and_end", ""),
        ("keep_the_pipes_open_and_end", "over\n"),
        ("finish_writing_in_the_background", "written late\n"),
    ],
)
def test_what_a_command_leaves_behind_ends_soon_after_it(
    name: str, printed: str, commands: ProcessCommands, marked: Marked
) -> None:
    result = commands.run(program(name), variables=marked.variables, timeout_s=PATIENCE_S)
    assert marked.processes() == []
    assert (result.exit_code, result.stdout, result.stderr) == (0, printed, "")


def test_a_command_that_kills_its_supervisor_is_ended_all_the_same(commands: ProcessCommands, marked: Marked) -> None:
    with pytest.raises(ToolError, match="lost its supervisor and was ended"):
        commands.run(program("kill_the_supervisor"), variables=marked.variables)
    assert marked.processes() == []


def test_when_we_are_killed_commands_and_their_daemons_end_too(tmp_path: Path, marked: Marked) -> None:
    source = """
import sys
from pathlib import Path
from overseer.processes import ProcessCommands
program, folder, mark = sys.argv[1:]
ProcessCommands(Path(folder), {"HOSTILE": mark}).run([sys.executable, program, "become_a_daemon"])
"""
    with Child(source, hostile.__file__, tmp_path, marked.variables["HOSTILE"]) as child:
        wait_until((tmp_path / "ready").exists)
        assert marked.processes()
        child.kill()
        wait_until(lambda: not marked.processes())


def test_commands_side_by_side_do_not_hold_each_other_up(commands: ProcessCommands) -> None:
    """None inherits what another one's end is told by."""
    results = []

    def run(number: int) -> None:
        results.append(commands.run(["sh", "-c", f"sleep 0.1; echo {number}"]))

    threads = [threading.Thread(target=run, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(result.stdout for result in results) == [f"{n}\n" for n in range(8)]


def test_every_program_of_the_collection_is_tried() -> None:
    tried = {*TRAPS, "become_a_daemon_and_end", "keep_the_pipes_open_and_end", "finish_writing_in_the_background"}
    assert tried | {"kill_the_supervisor"} == set(hostile.PROGRAMS)


def test_when_the_caller_is_interrupted_the_command_and_its_daemons_end(
    commands: ProcessCommands, marked: Marked, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def interrupted(exchange: Exchange, *_: object) -> None:
        wait_until((tmp_path / "ready").exists)
        raise KeyboardInterrupt

    monkeypatch.setattr(Exchange, "_register", interrupted)
    with pytest.raises(KeyboardInterrupt):
        commands.run(program("become_a_daemon"), variables=marked.variables)
    assert marked.processes() == []


def test_without_a_list_of_children_they_are_found_by_search() -> None:
    with Child("input()") as first, Child("input()") as second:
        assert {first.pid, second.pid} <= set(supervisor.children_by_search())
