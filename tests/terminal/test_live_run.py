"""`overseer run` at a terminal, as a person sees it."""

from __future__ import annotations

import json
import os
import re
import signal
import termios
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fcntl", reason="terminals of POSIX")

from tests.processes import signals_as_usual  # noqa: F401
from tests.terminals import PATIENCE_S, TOOLS, Terminal, running

FRAME = b"\x1b[?2026h"


@pytest.fixture
def at_terminal(tmp_path: Path) -> Callable[..., Terminal]:
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "waits.py").write_text(TOOLS)

    def start(
        plan: dict[str, Any], *options: str, columns: int = 100, rows: int = 24, shell: str = "", **environ: str
    ) -> Terminal:
        file = tmp_path / "plan.json"
        file.write_text(json.dumps(plan))
        home = {"OVERSEER_HOME": str(tmp_path / "home")}
        return Terminal(
            *(("/bin/sh", "-c", shell, "sh") if shell else ()),
            *running(file, tmp_path / "tools", *options),
            folder=tmp_path,
            columns=columns,
            rows=rows,
            environ=home | environ,
        )

    return start


def waiting(*names: str, **args: str) -> dict[str, Any]:
    return {
        "steps": [
            {"step_id": name, "description": f"Step {name}", "tool": "waits", "args": {"name": name, **args}}
            for name in names
        ]
    }


def is_row(line: str, title: str) -> bool:
    return re.search(rf"• {title}\s+waits\s+\d+ s", line) is not None


def rows_of(lines: list[str]) -> list[str]:
    return [line for line in lines if line.startswith("  •")]


def test_four_steps_at_once_have_a_line_each_which_is_frozen_once(at_terminal: Callable[..., Terminal]) -> None:
    with at_terminal(waiting("a", "b", "c", "d")) as terminal:
        lines = terminal.wait_for(lambda lines: len(rows_of(lines)) == 4)
        head = lines.index("Executing 4 steps in parallel:")
        assert all(is_row(lines[head + 1 + at], f"Step {name}") for at, name in enumerate("abcd"))
        assert lines[head + 5].startswith("  4 running, 0 of 4 done, ")
        folder = terminal.folder
        (folder / "go-c").touch()
        lines = terminal.wait_for(lambda lines: len(rows_of(lines)) == 3)
        assert re.fullmatch(r"  ✓ Step c  \d+\.\d\d s", lines[head + 1])
        assert not any(is_row(line, "Step c") for line in lines)
        (folder / "go-all").touch()
        assert terminal.ended() == 0
        seen = terminal.all_lines()
        for name in "abcd":
            assert len([line for line in seen if f"✓ Step {name}" in line]) == 1
        assert rows_of(seen) == []
        assert seen.count("Executing 4 steps in parallel:") == 1
        assert any(re.search(r"^took .*x against one after the other", line) for line in seen)
        assert not terminal.cursor_is_hidden
        # The main screen, no mouse, and what was there before stays there.
        for mode in (b"?1049", b"?47h", b"?1000", b"?1002", b"?1003", b"?1006"):
            assert mode not in terminal.raw
        assert b"\x1b[2J" not in terminal.raw


def test_what_a_tool_prints_stands_above_in_whole_lines(at_terminal: Callable[..., Terminal]) -> None:
    with at_terminal(waiting("a", "b", says="this is said")) as terminal:
        lines = terminal.wait_for(lambda lines: lines.count("half of a line, and the rest") == 2)
        lines = terminal.wait_for(lambda lines: len(rows_of(lines)) == 2)
        assert lines.count("this is said") == 2
        assert [is_row(line, "Step .") for line in lines if "Step" in line and "•" in line] == [True, True]
        folder = terminal.folder
        (folder / "go-all").touch()
        assert terminal.ended() == 0
        assert terminal.all_lines().count("this is said") == 2
        assert terminal.all_lines().count("half of a line, and the rest") == 2


def test_a_failure_is_told_with_its_reason_and_what_it_skips(at_terminal: Callable[..., Terminal]) -> None:
    plan = waiting("a", fails="the well is dry")
    plan["steps"].append({"step_id": "b", "description": "Step b", "tool": "waits", "args": {"name": "{{a}}"}})
    with at_terminal(plan) as terminal:
        terminal.wait_for(rows_of)
        (terminal.folder / "go-all").touch()
        assert terminal.ended() == 4
        seen = "\n".join(terminal.all_lines())
        assert re.search(r"  ✗ Step a  failed after \d\.\d\d s: .*the well is dry", seen)
        assert re.search(r"  – Step b  skipped: ", seen)


def test_a_resize_leaves_nothing_twice(at_terminal: Callable[..., Terminal]) -> None:
    # This emulator cuts lines that are too long, as the terminal that it names does.
    with at_terminal(waiting("a", "b", "c"), XTERM_VERSION="XTerm(390)") as terminal:
        terminal.wait_for(lambda lines: len(rows_of(lines)) == 3)
        for columns in (60, 40, 100):
            drawn = terminal.raw.count(FRAME)
            terminal.resize(columns, 24)
            terminal.wait_for(lambda _: terminal.raw.count(FRAME) > drawn)  # noqa: B023
            lines = terminal.wait_for(lambda lines: len(rows_of(lines)) == 3)
            assert len([line for line in lines if "running" in line]) == 1
        assert [line for line in terminal.all_lines() if "Executing" in line] == ["Executing 3 steps in parallel:"]


def test_a_map_over_a_thousand_items_has_one_line(at_terminal: Callable[..., Terminal]) -> None:
    plan = {
        "steps": [
            {
                "step_id": "map",
                "description": "Every item",
                "iterations": 1000,
                "width": 8,
                "steps": [{"step_id": "one", "tool": "quick", "args": {"value": "{{index}}"}}],
            },
            waiting("a")["steps"][0],
        ]
    }
    with at_terminal(plan) as terminal:
        terminal.wait_for(lambda lines: any("✓ Every item" in line and "1,000 rounds" in line for line in lines))
        (terminal.folder / "go-all").touch()
        assert terminal.ended() == 0
        seen = [line for line in terminal.all_lines() if "Every item" in line]
        assert len(seen) == 2, "in the plan, and when it has ended"
        assert len(re.findall(rb"\d of 1,000 done", terminal.raw)) <= 10 * 60


def test_two_hundred_steps_at_once_fit_on_the_screen(at_terminal: Callable[..., Terminal]) -> None:
    names = [f"s{number}" for number in range(200)]
    with at_terminal(waiting(*names), "--max-parallel", "200") as terminal:
        lines = terminal.wait_for_text("200 running, 0 of 200 done")
        assert len(rows_of(lines)) == 20
        assert [line for line in lines if "more running" in line] == ["    and 180 more running"]
        (terminal.folder / "go-all").touch()
        assert terminal.ended() == 0
        seen = terminal.all_lines()
        assert rows_of(seen) == []
        assert len([line for line in seen if line.startswith("  ✓ Step s")]) == 200


def test_it_is_drawn_ten_times_a_second_at_most_and_once_where_only_time_passes(
    at_terminal: Callable[..., Terminal],
) -> None:
    with at_terminal(waiting("a")) as terminal:
        terminal.wait_for(rows_of)
        folder = terminal.folder
        time.sleep(0.5)
        before, began = terminal.raw.count(FRAME), time.monotonic()
        time.sleep(3)
        assert terminal.raw.count(FRAME) - before <= time.monotonic() - began + 1
        (folder / "go-all").touch()
        assert terminal.ended() == 0
    plan = waiting("a")
    plan["steps"].append(
        {
            "step_id": "map",
            "iterations": 3000,
            "width": 4,
            "steps": [{"step_id": "one", "tool": "quick", "args": {"value": "{{index}}"}}],
        }
    )
    (folder / "go-all").unlink()
    with at_terminal(plan) as terminal:
        terminal.wait_for(lambda lines: any("✓ map" in line for line in lines))
        (folder / "go-all").touch()
        assert terminal.ended() == 0
        frames = [at for at, data in terminal.came for _ in range(data.count(FRAME))]
        for first in frames:
            assert len([at for at in frames if first <= at < first + 1]) <= 11, "one of them is the last"


@pytest.mark.parametrize("asked", [signal.SIGTERM, signal.SIGINT])
def test_the_terminal_is_as_before_after_a_signal(at_terminal: Callable[..., Terminal], asked: signal.Signals) -> None:
    with at_terminal(waiting("a", "b")) as terminal:
        terminal.wait_for(lambda lines: len(rows_of(lines)) == 2)
        assert terminal.cursor_is_hidden
        assert not termios.tcgetattr(terminal.inner)[3] & termios.ECHO
        os.killpg(terminal.process.pid, asked)
        terminal.wait_for_text("stopping")
        if asked == signal.SIGINT:
            os.killpg(terminal.process.pid, asked)
        assert terminal.ended() == 130
        assert not terminal.cursor_is_hidden
        assert termios.tcgetattr(terminal.inner) == terminal.before
        assert rows_of(terminal.all_lines()) == []


def test_ctrl_z_leaves_the_terminal_as_it_was_and_fg_comes_back(at_terminal: Callable[..., Terminal]) -> None:
    with at_terminal(waiting("a"), shell='set -m; "$@"; echo at the shell; read line; fg') as terminal:
        terminal.wait_for(rows_of)
        os.write(terminal.outer, b"\x1a")
        lines = terminal.wait_for(lambda lines: "at the shell" in lines)
        assert not rows_of(lines)
        assert not terminal.cursor_is_hidden
        assert termios.tcgetattr(terminal.inner) == terminal.before
        os.write(terminal.outer, b"\n")
        terminal.wait_for(rows_of)
        assert terminal.cursor_is_hidden
        (terminal.folder / "go-all").touch()
        assert terminal.ended() == 0
        assert termios.tcgetattr(terminal.inner) == terminal.before


def test_ctrl_z_does_nothing_where_no_shell_could_continue_it(at_terminal: Callable[..., Terminal]) -> None:
    with at_terminal(waiting("a")) as terminal:
        terminal.wait_for(rows_of)
        os.write(terminal.outer, b"\x1a")
        (terminal.folder / "go-all").touch()
        assert terminal.ended() == 0


def test_a_terminal_of_hardly_any_size_breaks_nothing(at_terminal: Callable[..., Terminal]) -> None:
    with at_terminal(waiting("a", "b", "c")) as terminal:
        terminal.wait_for(lambda lines: len(rows_of(lines)) == 3)
        for columns, rows in ((1, 24), (100, 1), (1, 1), (100, 24)):
            drawn = terminal.raw.count(FRAME)
            terminal.resize(columns, rows)
            terminal.wait_for(lambda _: terminal.raw.count(FRAME) > drawn)  # noqa: B023
        terminal.wait_for(lambda lines: len(rows_of(lines)) == 3)
        assert b"\x1b[0A" not in terminal.raw
        (terminal.folder / "go-all").touch()
        assert terminal.ended() == 0


def test_keys_that_are_pressed_meanwhile_disturb_nothing(at_terminal: Callable[..., Terminal]) -> None:
    with at_terminal(waiting("a", "b")) as terminal:
        terminal.wait_for(lambda lines: len(rows_of(lines)) == 2)
        os.write(terminal.outer, b"typed\n\n\n")
        (terminal.folder / "go-a").touch()
        terminal.wait_for(lambda lines: len(rows_of(lines)) == 1)
        (terminal.folder / "go-all").touch()
        assert terminal.ended() == 0
        assert not any("typed" in line for line in terminal.all_lines())


def test_a_terminal_that_takes_nothing_does_not_hold_up_the_run(at_terminal: Callable[..., Terminal]) -> None:
    plan = waiting("a", "b")
    plan["steps"] += [
        {"step_id": "c", "tool": "waits", "args": {"name": "{{b}}c", "says": "x" * 200_000}},
        {"step_id": "d", "description": "Step d", "tool": "waits", "args": {"name": "{{c}}d"}},
    ]
    with at_terminal(plan) as terminal:
        terminal.wait_for(lambda lines: len(rows_of(lines)) == 2)
        terminal.stop_reading()
        for name in ("b", "bc"):
            (terminal.folder / f"go-{name}").touch()
        end = time.monotonic() + PATIENCE_S
        while not (terminal.folder / "begun-bcd").exists():
            assert time.monotonic() < end, "the run has waited for the terminal"
            time.sleep(0.01)
        (terminal.folder / "go-all").touch()
        terminal.go_on_reading()
        assert terminal.ended() == 0
        assert len([line for line in terminal.all_lines() if "✓ Step d" in line]) == 1


@pytest.mark.parametrize(
    ("options", "environ"),
    [(("--plain",), {}), ((), {"NO_COLOR": "1"}), ((), {"TERM": "dumb"}), (("--no-color",), {"FORCE_COLOR": "1"})],
)
def test_plain_terminals_get_appended_lines(
    at_terminal: Callable[..., Terminal], options: tuple[str, ...], environ: dict[str, str]
) -> None:
    with at_terminal({"steps": [{"step_id": "a", "tool": "quick"}]}, *options, **environ) as terminal:
        assert terminal.ended() == 0
        assert b"\x1b" not in terminal.raw
        assert b"\r" not in terminal.raw.replace(b"\r\n", b"\n")
        assert any(line.startswith("done: a (") for line in terminal.all_lines())


def test_signs_are_such_as_the_terminal_has(at_terminal: Callable[..., Terminal]) -> None:
    plan = waiting("a", "b")
    plan["steps"][0]["description"] = "Schön ✓ 中文"
    with at_terminal(plan, PYTHONIOENCODING="cp1252") as terminal:
        terminal.wait_for_text("  * Step b")
        (terminal.folder / "go-all").touch()
        assert terminal.ended() == 0
        assert any(line.startswith("  + Step b") for line in terminal.all_lines())
        live = bytes(terminal.raw[terminal.raw.index(FRAME) :])
        assert b"Sch\xf6n ? ??" in live
        assert b"UnicodeEncodeError" not in live


LONG = "a sentence of a tool that goes on for longer than a narrow terminal is wide"


@pytest.mark.parametrize("options", [(), ("--plain",)])
def test_long_lines_are_broken_between_words(at_terminal: Callable[..., Terminal], options: tuple[str, ...]) -> None:
    says = {} if options else {"says": LONG}  # where nothing is drawn, a tool prints as it likes
    with at_terminal(waiting("a", **says, fails=LONG), *options, columns=50, rows=40) as terminal:
        (terminal.folder / "go-all").touch()
        assert terminal.ended() == 4
        seen = terminal.all_lines()
    assert {word for line in seen for word in line.split()} >= set(LONG.split())
    if not options:
        at = seen.index("a sentence of a tool that goes on for longer than")
        assert seen[at + 1] == "  a narrow terminal is wide"
    at = next(at for at, line in enumerate(seen) if "Step a" in line and "failed" in line)
    assert seen[at + 1].startswith("  ")
