"""What is written to standard error while something else has the terminal."""

from __future__ import annotations

import sys
import threading

import pytest

from overseer import console


def test_whole_lines_are_taken_and_the_rest_at_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    taken: list[str] = []
    with console.diverted(taken.append):
        print("one\ntwo ", end="", file=sys.stderr)
        assert taken == ["one"]
        print("and a half", file=sys.stderr)
        print("rest", end="", file=sys.stderr, flush=True)
        console.say("\x1b[2Jsaid")
        assert not sys.stderr.isatty()
    assert taken == ["one", "two and a half", "rest\\x1b[2Jsaid"]
    print("after", file=sys.stderr)
    assert capsys.readouterr().err == "after\n"


def test_lines_of_threads_do_not_mix(capsys: pytest.CaptureFixture[str]) -> None:
    taken: list[str] = []
    both = threading.Barrier(2, timeout=10)

    def write(letter: str) -> None:
        sys.stderr.write(letter)
        both.wait()
        sys.stderr.write(f"{letter}\n")

    with console.diverted(taken.append):
        threads = [threading.Thread(target=write, args=(letter,)) for letter in "xy"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(taken) == ["xx", "yy"]


def test_who_has_kept_the_stream_writes_where_it_went_before(capsys: pytest.CaptureFixture[str]) -> None:
    taken: list[str] = []
    with console.diverted(taken.append):
        kept = sys.stderr
    print("late", file=kept)
    assert (taken, capsys.readouterr().err) == ([], "late\n")


def test_a_line_without_an_end_is_not_kept_for_ever(capsys: pytest.CaptureFixture[str]) -> None:
    taken: list[str] = []
    with console.diverted(taken.append):
        for _ in range(30):
            sys.stderr.write("x" * 10_000)
        assert taken
    assert sum(map(len, taken)) == 300_000
