"""Signals wherever they come: the process ends soon, says so, and what there was is not lost."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import termios
import time
from typing import Any

import pytest

from tests.headless.alone import CALL, Ended, Place, interrupted, plan
from tests.headless.schemas import require_valid
from tests.processes import PATIENCE_S, signals_as_usual
from tests.program import Begun
from tests.servers.model_server import Answer, ModelServer

__all__ = ["signals_as_usual"]

SLOW = '''
@tool(effect="pure")
def slow(seconds: int, context: ToolContext) -> str:
    """Wait.

    seconds: how long
    """
    print("begun", flush=True)
    context.cancellation.wait(seconds)
    return "done"
'''
WAIT = {"step_id": "wait", "description": "Wait", "tool": "slow", "args": {"seconds": 60}}
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
TEXT = "one two three four five six"


def told(made: Ended, form: str) -> Any:
    """The last thing on standard output, which is a document."""
    assert "Traceback" not in made.said
    assert made.code == 130
    document = made.lines[-1] if form == "--jsonl" else made.document
    require_valid(document)
    assert (document["status"], document["exit_code"]) == ("cancelled", 130)
    return document


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("form", ["--json", "--jsonl"])
def test_while_planning(place: Place, number: signal.Signals, form: str) -> None:
    with ModelServer([Answer(plan(CALL), delay_s=60)]) as server:
        place.connect(server.openai_url)
        process = place.begin("-p", "count", form)
        assert server.asked.acquire(timeout=PATIENCE_S)
        document = told(interrupted(process, number), form)
        assert server.hung_up.wait(PATIENCE_S)
    assert (document["plan"], document["run"]) == (None, None)


def test_while_planning_without_a_document(place: Place) -> None:
    with ModelServer([Answer(plan(CALL), delay_s=60)]) as server:
        place.connect(server.openai_url)
        process = place.begin("-p", "count")
        assert server.asked.acquire(timeout=PATIENCE_S)
        made = interrupted(process)
    assert (made.code, made.out, made.said) == (130, b"", "interrupted\n")


@pytest.mark.parametrize(("form", "number"), [("--json", signal.SIGTERM), ("--jsonl", signal.SIGHUP)])
def test_while_running(place: Place, form: str, number: signal.Signals) -> None:
    with ModelServer([plan(WAIT), "An answer that nobody wants."]) as server:
        place.connect(server.openai_url)
        process = place.begin("-p", "wait", form, *place.tools(SLOW))
        hear(process, b"begun")
        document = told(interrupted(process, number), form)
        assert len(server.questions()) == 1  # nobody is asked for an answer any more
    assert document["run"]["status"] == "cancelled"
    assert document["run"]["steps"][0]["status"] == "interrupted"
    listed = place.run("runs", "--json").document["runs"]
    assert [(run["run_id"], run["status"]) for run in listed] == [(document["run"]["run_id"], "cancelled")]


def test_while_running_the_way_on_is_told(place: Place) -> None:
    with ModelServer([plan(WAIT)]) as server:
        place.connect(server.openai_url)
        process = place.begin("-p", "wait", *place.tools(SLOW))
        hear(process, b"begun")
        made = interrupted(process, signal.SIGTERM)
    assert made.code == 130
    assert "to go on where it stopped: overseer resume " in made.said


@pytest.mark.parametrize("form", ["", "--json"])
def test_while_answering_what_was_said_is_kept_and_marked(place: Place, form: str) -> None:
    with ModelServer([plan(CALL), Answer(TEXT, pace_s=0.2)]) as server:
        place.connect(server.openai_url)
        process = place.begin("-p", "count", *filter(None, [form]))
        for _ in range(2):
            assert server.asked.acquire(timeout=PATIENCE_S)
        assert not server.hung_up.wait(0.5)  # by then a part of it was said
        made = interrupted(process)
    answer = told(made, form)["answer"] if form else made.text
    assert made.code == 130
    assert answer.startswith("one")
    assert TEXT not in answer
    assert "(The model's answer ends here:" in answer
    assert "words: 3" in answer  # the values, as they are


@pytest.mark.parametrize("number", SIGNALS)
def test_while_input_is_read(place: Place, number: signal.Signals) -> None:
    reading, writing = os.pipe()
    process = place.begin("-p", "sum it up", "--json", "--set", "chat.stdin_wait=60s", stdin=reading)
    wait_until_read(reading, writing)
    document = told(interrupted(process, number), "--json")
    os.close(writing)
    os.close(reading)
    assert (document["request"], document["session"]) == ("sum it up", None)


def test_what_is_ignored_stays_ignored(place: Place) -> None:
    with ModelServer([Answer(json.dumps({"answer": "Done."}), delay_s=0.3)]) as server:
        place.connect(server.openai_url)
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            process = place.begin("-p", "do it")
        finally:
            signal.signal(signal.SIGINT, before)
        assert server.asked.acquire(timeout=PATIENCE_S)
        made = interrupted(process)
    assert (made.code, made.text) == (0, "Done.\n")


def hear(process: Begun | subprocess.Popen[bytes], word: bytes) -> None:
    """Wait until the process has said it."""
    assert process.stderr
    while word not in process.stderr.readline():
        assert process.poll() is None


def wait_until_read(reading: int, writing: int) -> None:
    """Write to a pipe, and wait until the process at its other end has taken it."""
    os.write(writing, b"a beginning")
    give_up_at = time.monotonic() + PATIENCE_S
    while fcntl.ioctl(reading, termios.FIONREAD, b"\0\0\0\0") != b"\0\0\0\0":
        assert time.monotonic() < give_up_at
        time.sleep(0.01)
