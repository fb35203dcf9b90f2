"""Ctrl-C in the chat: an answer that comes is broken off, steps that run are stopped, and the chat goes on."""

from __future__ import annotations

import time
from pathlib import Path

from tests.acceptance.chats import answers, asked, at_prompt, chat, is_prompt, plans, sleeping, tools_in
from tests.acceptance.pane import Pane, is_alive, needs_tmux
from tests.processes import PATIENCE_S, signals_as_usual  # noqa: F401
from tests.servers.model_server import Answer, ModelServer

pytestmark = needs_tmux

_SOON_S = 3.0  # a second, on a machine that has nothing else to do


def soon_at_prompt(pane: Pane) -> list[str]:
    """The lines, once the chat waits, which must not take long."""
    began = time.monotonic()
    lines = pane.wait_for(is_prompt)
    assert time.monotonic() - began <= _SOON_S
    return lines


def test_an_answer_is_broken_off_and_what_came_of_it_is_kept(tmp_path: Path) -> None:
    words = [f"word{number:03}" for number in range(100)]
    long = Answer(answers(" ".join(words)), pace_s=0.1, most_pieces=100)
    with ModelServer([long, answers("Back again.")]) as server, chat(tmp_path, server=server) as pane:
        at_prompt(pane)
        pane.enter("tell me something long")
        pane.wait_for_text("word005")
        pane.press("C-c")
        lines = soon_at_prompt(pane)
        assert "interrupted" in lines
        assert server.hung_up.wait(_SOON_S), "nobody told the server"
        told = "\n".join(pane.all_lines())
        assert "word000 word001" in told
        assert "word099" not in told
        history = "\n".join(asked(pane, "/history"))
        kept = history[history.index("/history") :]
        assert "tell me something long" in kept
        assert "word000 word001" in kept
        assert "word099" not in kept
        asked(pane, "are you there")
        pane.wait_for_text("Back again.")
        assert "word000" in str(server.questions()[-1]), "the model is told what it said so far"


def begun(folder: Path, names: str) -> list[int]:
    """The processes of the steps, once all of them have begun."""
    files = [folder / f"pid-{name}" for name in names]
    end = time.monotonic() + PATIENCE_S
    while not all(file.exists() for file in files):
        assert time.monotonic() < end, f"not begun: {[file.name for file in files if not file.exists()]}"
        time.sleep(0.02)
    return [int(file.read_text()) for file in files]


def wait_until_gone(processes: list[int]) -> None:
    end = time.monotonic() + _SOON_S
    while left := [each for each in processes if is_alive(each)]:
        assert time.monotonic() < end, f"still there: {left}"
        time.sleep(0.02)


SLOW = plans(*sleeping("a", "b", "c", "d"), sleeping("after")[0] | {"depends_on": ["a", "b", "c", "d"]})
UNASKED = ("--approve", "exec", "--set", "chat.review=never")


def require_told(lines: list[str]) -> None:
    """What was stopped and what was never begun are told apart."""
    stopped = sorted(line.split()[2] for line in lines if line.startswith("  ■ Step"))
    assert stopped == ["a", "b", "c", "d"], "\n".join(lines)
    assert any("cancelled: 4 interrupted, 1 cancelled" in line for line in lines), "\n".join(lines)
    assert any("Step after: given up" in line for line in lines), "\n".join(lines)
    assert any("/resume" in line for line in lines), "it is told how to go on"


def test_a_second_ctrl_c_stops_all_steps_at_once_and_the_chat_goes_on(tmp_path: Path) -> None:
    quick = plans({"step_id": "q", "description": "Be quick", "tool": "quick", "args": {"value": 5}})
    options = (*tools_in(tmp_path), *UNASKED, "--set", "execution.cancel_grace=10m")
    with ModelServer([SLOW, quick, "Five."]) as server, chat(tmp_path, *options, server=server) as pane:
        at_prompt(pane)
        pane.enter("sleep four times")
        processes = begun(tmp_path, "abcd")
        pane.wait_for_text("4 running")  # before it is followed, Ctrl-C gives the whole request up
        pane.press("C-c")
        pane.wait_for_text("ask again to stop at once")
        assert all(map(is_alive, processes)), "the first one waits for what is running"
        pane.press("C-c")
        soon_at_prompt(pane)
        wait_until_gone(processes)
        require_told(pane.all_lines())
        assert not (tmp_path / "pid-after").exists()
        asked(pane, "be quick")
        assert {"  ✓ Be quick", "Five."} <= {line.partition("  0.")[0] for line in pane.all_lines()}
        assert len(server.questions()) == 3, "nobody waits for what a model has to say about a run that was stopped"


def test_steps_that_do_not_end_in_time_are_stopped_after_one_ctrl_c(tmp_path: Path) -> None:
    options = (*tools_in(tmp_path), *UNASKED, "--set", "execution.cancel_grace=300ms")
    with ModelServer([SLOW]) as server, chat(tmp_path, *options, server=server) as pane:
        at_prompt(pane)
        pane.enter("sleep four times")
        processes = begun(tmp_path, "abcd")
        pane.wait_for_text("4 running")  # before it is followed, Ctrl-C gives the whole request up
        pane.press("C-c")
        soon_at_prompt(pane)
        wait_until_gone(processes)
        require_told(pane.all_lines())
