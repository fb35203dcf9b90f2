"""What a live view shows of a run, from its events."""

from __future__ import annotations

from typing import Any

import pytest

from overseer.errors import Failure
from overseer.kernel.events import (
    CancelAsked,
    Event,
    PlanChanged,
    RoundClosed,
    RoundOpened,
    RunFinished,
    RunResumed,
    ScopeOpened,
    SourceOpened,
    StepFailed,
    StepHeld,
    StepInterrupted,
    StepReleased,
    StepSkipped,
    StepStarted,
    StepSucceeded,
    ToolCalled,
    ToolReturned,
)
from overseer.plan import plan_from
from overseer.terminal.board import MOST_INNER, Board
from overseer.terminal.screen import Screen
from overseer.terminal.style import ASCII_MARKS, text_of
from overseer.text.cells import cells

DOWN = Failure("tool", "the server is down\nand more of it")

PLAN: dict[str, Any] = {
    "steps": [
        {"step_id": "a", "description": "Ask the web", "tool": "web"},
        {"step_id": "b", "description": "Count words", "code": "count"},
        {
            "step_id": "map",
            "description": "Every page",
            "for_each": [1, 2, 3],
            "steps": [{"step_id": "get", "description": "Get it", "tool": "web"}],
        },
        {
            "step_id": "sub",
            "description": "All of that",
            "steps": [{"step_id": "in", "description": "Inner step", "tool": "web"}],
        },
    ]
}


class Shown:
    """A board whose clock stands where it is put."""

    def __init__(self, *events: Event) -> None:
        self.now = 0.0
        shown = Screen().shown
        self.board = Board(plan_from(PLAN).plan, marks=ASCII_MARKS, shown=shown, clock=lambda: self.now)
        self.see(*events)

    def see(self, *events: Event) -> None:
        for event in events:
            self.board.observe(event)
        self.board.announce()

    def told(self) -> list[str]:
        return [text_of(line) for line in self.board.take_told()]

    def lines(self, columns: int = 100, rows: int = 24) -> list[str]:
        return [text_of(line) for line in self.board.lines(columns=columns, rows=rows)]


def test_a_running_step_is_told_with_its_tool_and_for_how_long_it_runs() -> None:
    shown = Shown(StepStarted(0, "a"))
    shown.now = 75.9
    assert shown.lines() == ["  * Ask the web  web  1 m 15 s", "  1 running, 0 of 4 done, 1 m 15 s"]
    assert shown.told() == []


def test_where_it_is_narrow_the_tool_gives_room() -> None:
    assert Shown(StepStarted(0, "a")).lines(columns=40)[0] == "  * Ask the web  0 s"


def test_steps_that_start_together_are_announced_once() -> None:
    shown = Shown(StepStarted(0, "a"), StepStarted(0, "b"))
    assert shown.told() == ["Executing 2 steps in parallel:"]
    shown.see(StepStarted(1, "sub[0]/in"))
    assert shown.told() == []


def test_steps_that_join_others_are_not_announced_as_if_they_were_all() -> None:
    shown = Shown(StepStarted(0, "a"))
    shown.see(StepStarted(1, "b"), ScopeOpened(1, "map", 3))
    assert shown.told() == []


def test_of_a_long_reason_the_first_lines_are_told() -> None:
    shown = Shown(StepStarted(0, "a"))
    shown.see(StepFailed(1, "a", Failure("tool", "\n".join(f"line {number}" for number in range(50)))))
    (line,) = shown.told()
    assert line.startswith("  x Ask the web  failed after 1.00 s: line 0\n")
    assert line.endswith("line 5\n… and 44 lines more")


def test_a_step_that_has_ended_has_a_title_that_fits_a_line() -> None:
    shown = Shown()
    board = Board(
        plan_from({"steps": [{"step_id": "a", "description": "中文 " * 100, "tool": "web"}]}).plan,
        marks=ASCII_MARKS, shown=Screen().shown, clock=lambda: 0.0,
    )  # fmt: skip
    shown.board = board
    shown.see(StepStarted(0, "a"), StepSucceeded(1, "a", 1))
    (line,) = shown.told()
    assert cells(line) < 80
    assert line.endswith("...  1.00 s")


def test_an_end_is_told_once_with_what_it_took() -> None:
    shown = Shown(
        StepStarted(2, "a"), StepSucceeded(4.5, "a", "x", spent={"requests": 1, "tokens": 1200, "unpriced": 1})
    )
    assert shown.told() == ["  + Ask the web  2.50 s, 1 request, 1,200 tokens, price unknown"]
    assert shown.told() == []
    assert shown.lines() == []


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (StepFailed(1, "a", DOWN), "  x Ask the web  failed after 1.00 s: the server is down\nand more of it"),
        (StepSkipped(1, "b", "guard", "the guard is false"), "  - Count words  skipped: the guard is false"),
        (StepInterrupted(1, "a"), "  ! Ask the web  stopped after 1.00 s: cut off"),
        (CancelAsked(1, False, "Ctrl-C"), "stopping: running steps may finish; ask again to stop at once"),
        (RunResumed(1), "going on where the run was"),
    ],
)
def test_what_else_happens_is_told(event: Event, line: str) -> None:
    assert Shown(StepStarted(0, "a"), event).told() == [line]


def test_what_a_step_waits_for_stands_beside_it() -> None:
    shown = Shown(StepStarted(0, "a"), StepHeld(0, "a", "model:m"))
    assert shown.lines()[0].endswith("  waiting for the limit of model:m")
    shown.see(StepReleased(1, "a"), StepFailed(1, "a", DOWN, retry_at=3.0, spent={"tokens": 7}))
    assert shown.lines()[0].endswith("  7 tokens  to be tried again: the server is down")
    shown.see(StepStarted(3, "a", attempt=2), StepSucceeded(5, "a", 1))
    assert shown.told() == ["  + Ask the web  5.00 s, 7 tokens, 2 attempts"]


def test_the_calls_of_code_are_told_while_they_are_under_way() -> None:
    shown = Shown(
        StepStarted(0, "b"),
        ToolCalled(0, "b", "1", "web", {}),
        ToolCalled(0, "b", "2", "web", {}),
        ToolCalled(0, "b", "3", "ask", {}),
    )
    assert shown.lines()[0].endswith("  calling web (2x), ask")
    shown.see(*(ToolReturned(1, "b", call, spent={"tokens": 5}) for call in "123"))
    assert shown.lines()[0] == "  * Count words  code  0 s  15 tokens"


def test_the_rounds_of_a_map_are_counted_in_one_line() -> None:
    shown = Shown(ScopeOpened(0, "map", 3), *(RoundOpened(0, "map", index) for index in range(3)))
    shown.see(*(StepStarted(0, f"map[{index}]/get") for index in range(3)))
    shown.see(StepHeld(0, "map[1]/get", "web"), StepHeld(0, "map[2]/get", "web"))
    assert shown.lines()[0] == "  * Every page  map  0 s  0 of 3 done, 3 running  2 waiting for the limit of web"
    shown.see(StepSucceeded(1, "map[0]/get", 1, spent={"tokens": 3}), RoundClosed(1, "map", 0, "succeeded"))
    shown.see(StepFailed(1, "map[1]/get", DOWN), RoundClosed(1, "map", 1, "failed"))
    assert shown.lines()[0] == (
        "  * Every page  map  0 s  2 of 3 done, 1 running, 1 failed  3 tokens  1 waiting for the limit of web"
    )
    assert shown.told() == ["  x map[1]/get  failed: the server is down"]


def test_what_steps_fail_for_alike_is_told_at_length_once() -> None:
    gone = Failure("transient", "the model at http://127.0.0.1:9/v1 cannot be reached: Connection refused")
    shown = Shown(StepStarted(0, "a"), StepStarted(0, "b"))
    shown.see(StepFailed(1, "a", gone), StepFailed(1, "b", gone))
    first, second = (line for line in shown.told() if "failed" in line)
    assert first.endswith(gone.message)
    assert second.endswith("failed after 1.00 s: for the same reason as Ask the web")


def test_of_many_failures_in_a_map_the_first_few_are_told() -> None:
    shown = Shown(ScopeOpened(0, "map", 99), *(StepFailed(1, f"map[{index}]/get", DOWN) for index in range(99)))
    told = shown.told()
    assert len(told) == MOST_INNER
    assert told[-1].endswith("; further failures are only counted")


def test_the_steps_of_a_nested_workflow_have_lines_of_their_own() -> None:
    shown = Shown(ScopeOpened(0, "sub", 1), RoundOpened(0, "sub", 0), StepStarted(0, "sub[0]/in"))
    assert shown.lines() == [
        "  * All of that  workflow  0 s",
        "  * Inner step   web  0 s",
        "  1 running, 0 of 4 done, 0 s",
    ]
    shown.see(StepSucceeded(1, "sub[0]/in", 1), RoundClosed(1, "sub", 0, "succeeded"), StepSucceeded(1, "sub", 1))
    assert shown.told() == ["  + Inner step  1.00 s", "  + All of that  1.00 s"]


def test_no_more_lines_are_shown_than_there_is_room_for() -> None:
    shown = Shown(*(StepStarted(0, f"s{number}") for number in range(30)))
    for rows in (4, 5, 10, 24):
        lines = shown.lines(rows=rows)
        assert len(lines) <= rows - 2
        hidden = 30 - sum(line.startswith("  *") for line in lines)
        assert f"    and {hidden} more running" in lines
    assert len(shown.lines(rows=40)) == 31


def test_an_answer_is_shown_while_it_is_the_only_thing_that_goes_on() -> None:
    shown = Shown(StepStarted(0, "a"))
    shown.board.hear("a", "The cat\nsat on \x1b[2J")
    shown.board.hear("a", "the mat")
    assert shown.lines()[1:-1] == ["      The cat", "      sat on \\x1b[2Jthe mat"]
    shown.board.hear("a", None)
    assert len(shown.lines()) == 2
    shown.board.hear("a", "word " * 400)
    assert len(shown.lines(columns=50)) == 2 + 6
    assert max(map(len, shown.lines(columns=50))) < 50
    shown.see(StepStarted(0, "b"))
    assert len(shown.lines()) == 3
    shown.see(StepSucceeded(1, "a", 1), StepSucceeded(1, "b", 1), StepStarted(1, "map[0]/get"))
    assert not any("word" in line for line in shown.lines())


def test_a_run_that_goes_on_knows_what_was_done() -> None:
    shown = Shown()
    for event in (StepStarted(0, "a"), StepStarted(0, "b"), StepSucceeded(1, "a", 1), StepFailed(1, "b", DOWN)):
        shown.board.recall(event)
    shown.see(RunResumed(9), StepStarted(9, "b"))
    assert shown.told() == ["going on where the run was"]
    assert shown.lines() == ["  * Count words  code  0 s", "  1 running, 1 of 4 done, 0 s"]


def test_another_plan_has_other_titles_and_a_run_that_has_ended_has_no_lines() -> None:
    other = {"steps": [{"step_id": "z", "description": "Something else", "tool": "web"}]}
    shown = Shown(PlanChanged(0, other), StepStarted(0, "z"), SourceOpened(0, "z", "port 1"))
    assert shown.lines() == ["  * Something else  web  0 s  listening: port 1", "  1 running, 0 of 1 done, 0 s"]
    shown.see(RunFinished(1, "succeeded"))
    assert shown.lines() == []
