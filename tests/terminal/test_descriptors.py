"""The descriptors that children and libraries write to, led away from a terminal."""

from __future__ import annotations

import ctypes
import os
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

pytest.importorskip("fcntl", reason="terminals of POSIX")

from overseer import descriptors
from overseer.descriptors import diverted, kept_from_tools, wait_until_taken


@pytest.fixture(autouse=True)
def at_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(descriptors, "_is_terminal", lambda number: number in (1, 2))


def where(number: int) -> tuple[int, int]:
    status = os.fstat(number)
    return status.st_dev, status.st_ino


def test_lines_are_taken_whole_and_the_last_one_however_it_ends() -> None:
    before = [where(number) for number in (0, 1, 2)]
    taken: list[str] = []
    with diverted(taken.append, pytest.fail):
        os.write(2, b"one\nt")
        subprocess.run(["sh", "-c", "printf 'wo\\nthree\\n' ; printf 'the last' >&2"], check=True)
    assert taken == ["one", "two", "three", "the last"]
    assert [where(number) for number in (0, 1, 2)] == before


def test_what_was_written_by_now_can_be_waited_for() -> None:
    taken: list[str] = []

    def take(line: str) -> None:
        time.sleep(0.01)  # as somebody who is slow at showing it
        taken.append(line)

    with diverted(take, pytest.fail):
        for count in range(20):
            os.write(1, b"line\nand a half")
            wait_until_taken()
            assert taken == ["line", "and a half"] * (count + 1)
    wait_until_taken()  # of nothing


def test_who_gave_up_waiting_leaves_nothing_to_be_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(descriptors, "_PATIENCE_S", 0.05)
    taken: list[str] = []
    is_free = threading.Event()

    def take(line: str) -> None:
        is_free.wait(10)
        taken.append(line)

    with diverted(take, taken.append):
        os.write(1, b"line\n")
        wait_until_taken()
        assert taken == []
        is_free.set()
        monkeypatch.setattr(descriptors, "_PATIENCE_S", 10.0)
    assert taken == ["line"]


def test_who_waits_while_it_ends_writes_to_nobody_else(tmp_path: Path) -> None:
    is_over = threading.Event()

    def wait_again_and_again() -> None:
        while not is_over.is_set():
            wait_until_taken()

    waiting = [threading.Thread(target=wait_again_and_again) for _ in range(3)]
    for each in waiting:
        each.start()
    taken: list[str] = []
    for _ in range(50):
        with diverted(taken.append, taken.append):
            pass
        with (tmp_path / "other").open("wb"):  # takes the number that was just closed
            time.sleep(0.001)
        assert (tmp_path / "other").read_bytes() == b""
    is_over.set()
    for each in waiting:
        each.join()
    assert taken == []


def test_it_ends_where_something_raises() -> None:
    before = where(2)
    taken: list[str] = []
    with suppress(RuntimeError), diverted(taken.append, pytest.fail):
        os.write(2, b"said\n")
        raise RuntimeError
    assert (taken, where(2)) == (["said"], before)


def test_a_child_that_outlives_it_is_heard_elsewhere() -> None:
    taken: list[str] = []
    late: list[str] = []
    was_late = threading.Event()

    def take_late(line: str) -> None:
        late.append(line)
        was_late.set()

    with diverted(taken.append, take_late):
        os.write(2, b"in time\n")
        childs = os.dup(2)
    os.write(childs, b"late\n")
    os.close(childs)
    assert was_late.wait(10)
    assert (taken, late) == (["in time"], ["late"])


def test_a_library_may_write_much_before_any_thread_has_its_turn() -> None:
    taken: list[str] = []
    with diverted(taken.append, pytest.fail):
        ctypes.PyDLL(None).dprintf(2, b"x" * 300_000 + b"\n")
    assert "".join(taken) == "x" * 300_000


def test_a_child_that_writes_without_end_does_not_hold_up_the_end(tmp_path: Path) -> None:
    began = time.monotonic()
    with diverted(lambda line: None, lambda line: None):
        child = subprocess.Popen(["yes"])
    child.kill()
    child.wait()
    assert time.monotonic() - began < 20


def test_a_pipe_that_a_child_made_impatient_is_read_all_the_same() -> None:
    taken: list[str] = []
    with diverted(taken.append, pytest.fail):
        os.set_blocking(2, False)
        os.write(2, b"said\n")
    assert taken == ["said"]


def test_a_long_line_is_taken_in_parts() -> None:
    taken: list[str] = []
    with diverted(taken.append, pytest.fail):
        for _ in range(30):
            os.write(2, b"x" * 10_000)
    assert len(taken) > 1
    assert sum(map(len, taken)) == 300_000


def test_what_leads_elsewhere_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(descriptors, "_is_terminal", lambda number: False)
    before = where(2)
    with diverted(pytest.fail, pytest.fail):
        assert where(2) == before


def test_tools_get_neither_the_result_nor_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(descriptors, "_is_terminal", lambda number: number == 0)
    before = [where(number) for number in (0, 1, 2)]
    with kept_from_tools():
        assert where(1) == where(2)
        assert os.read(0, 1) == b""
    assert [where(number) for number in (0, 1, 2)] == before
