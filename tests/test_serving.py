"""Engines for programs, as processes: one of the program's own, and `overseer serve`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import PATIENCE_S, ROOT

pytestmark = pytest.mark.skipif(os.name != "posix", reason="sockets that are passed on")

TOOLS = """
from overseer.tool import ToolContext, tool

@tool(effect="network", idempotent=True)
def visit(context: ToolContext, place: str) -> str:
    '''Visit a place.'''
    return f"{place} was visited"
"""


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "home/tools").mkdir(parents=True)
    (tmp_path / "home/tools/visits.py").write_text(TOOLS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OVERSEER_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.delenv("OVERSEER_SOCKET", raising=False)


def said_by(program: str, **variables: str) -> str:
    """What a program prints that uses node_runtime."""
    source = f"from node_runtime import *\ntry:\n    {program}\nexcept ToolCallError as error:\n    print(error)\n"
    ended = subprocess.run(
        [sys.executable, "-c", source],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=True,
    )
    assert "Traceback" not in ended.stderr
    return ended.stdout.strip()


def configure(text: str) -> None:
    path = Path(os.environ["OVERSEER_HOME"]) / "config.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)


VISIT = 'print(call_tool("visit", "Rome"))'


def test_a_program_without_an_engine_starts_its_own_and_hears_how_to_approve() -> None:
    assert said_by(VISIT, OVERSEER_APPROVE="network") == "Rome was visited"
    assert "give it with OVERSEER_APPROVE=network" in said_by(VISIT)


def test_a_program_learns_why_its_engine_cannot_start() -> None:
    assert "the engine could not start: " in said_by(VISIT, OVERSEER_APPROVE="nettwork")
    assert "nettwork" in said_by(VISIT, OVERSEER_APPROVE="nettwork")
    configure("budget: {run: 5}")
    assert "budget.run: needs" in said_by(VISIT)


def test_an_engine_that_ends_without_a_word_is_told_of_as_that() -> None:
    Path("overseer").mkdir()  # found in place of the real one, and without an engine in it
    Path("overseer/__init__.py").write_text("")
    assert said_by(VISIT) == "the engine could not start (exit code 1); standard error tells why"


def test_a_program_is_held_to_the_budget_of_a_run() -> None:
    configure("budget: {run: {requests: 1}}")
    calls = 'print(call_tools_parallel([("visit", "Rome"), ("visit", "Rome")], "partial"))'
    said = said_by(calls, OVERSEER_APPROVE="network")
    assert "Rome was visited" in said
    assert "the budget of this program has 0 left of 1 request" in said
    assert "raise budget.run in config.yaml, such as to {requests: 2}, and start again" in said


def test_what_a_tool_needs_approval_for_that_is_a_plan_is_said_for_programs_too() -> None:
    workflow = "description: d\nworkflow: {inputs: {}, steps: [{step_id: a, tool: visit, args: {place: Rome}}]}"
    (Path(os.environ["OVERSEER_HOME"]) / "tools/trip.yaml").write_text(workflow)
    said = said_by('print(call_tool("trip"))')
    assert "OVERSEER_APPROVE=network" in said
    assert "--approve" not in said
    assert said_by('print(call_tool("trip"))', OVERSEER_APPROVE="network") == "Rome was visited"


def test_a_child_that_is_forked_leaves_the_engine_to_its_parent() -> None:
    program = (
        'import os, sys; call_tool("visit", "Rome"); child = os.fork(); '
        'child or sys.exit(); os.waitpid(child, 0); print(call_tool("visit", "Oslo"))'
    )
    assert said_by(program, OVERSEER_APPROVE="network") == "Oslo was visited"


def test_ctrl_c_is_for_the_program_and_not_for_its_engine() -> None:
    program = (
        "import os, signal; os.setpgrp(); signal.signal(signal.SIGINT, lambda *_: None); "
        'call_tool("visit", "Rome"); os.killpg(0, signal.SIGINT); print(call_tool("visit", "Oslo"))'
    )
    assert said_by(program, OVERSEER_APPROVE="network") == "Oslo was visited"


def test_serving_goes_on_when_the_terminal_goes_that_nohup_said_to_ignore() -> None:
    command = f"trap '' HUP; exec {sys.executable} {ROOT}/chat_cli.py serve --socket engine"
    process = subprocess.Popen(
        ["/bin/sh", "-c", command],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with process:
        assert process.stdout is not None
        path = process.stdout.readline().strip().removeprefix("OVERSEER_SOCKET=")
        try:
            process.send_signal(signal.SIGHUP)
            assert "give it with overseer serve --approve network" in said_by(VISIT, OVERSEER_SOCKET=path)
            process.terminate()
            assert process.wait(PATIENCE_S) == 0
        finally:
            process.kill()
