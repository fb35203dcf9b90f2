"""`node_runtime` against the engine's side of the channel, over real sockets."""

from __future__ import annotations

import multiprocessing
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import node_runtime
from node_runtime import NodeRuntime, ToolCallError, ToolChain, ToolsFailed, UnknownTool
from overseer.nodes import Allowance, NodeConnection, NodeServer
from tests.nodes.doors import ScriptedDoor
from tests.processes import ROOT, Child


def upper(prompt: str, **_: Any) -> str:
    return prompt.upper()


def picky(prompt: str, **_: Any) -> str:
    if "bad" in prompt:
        raise ValueError(f"no {prompt}")
    return prompt


class Meeting:
    """A tool that returns only when so many calls of it are inside at once."""

    def __init__(self, size: int) -> None:
        self._barrier = threading.Barrier(size, timeout=30)

    def __call__(self, prompt: str, **_: Any) -> str:
        self._barrier.wait()
        return prompt


def until_given_up(prompt: str, *, cancellation: Any, **_: Any) -> str:
    assert cancellation.wait(60)
    return "too late"


@pytest.fixture(scope="module")
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(64) as executor:
        yield executor


@pytest.fixture
def door() -> ScriptedDoor:
    return ScriptedDoor(upper=upper, picky=picky, meeting=Meeting(16), endless=until_given_up)


@pytest.fixture
def runtime(door: ScriptedDoor, pool: ThreadPoolExecutor) -> Iterator[NodeRuntime]:
    ours, theirs = socket.socketpair()
    connection = NodeConnection(theirs, door, pool)
    serving = threading.Thread(target=connection.serve)
    serving.start()
    runtime = NodeRuntime(ours)
    yield runtime
    runtime.close()
    serving.join(30)
    assert not serving.is_alive()


def test_a_call_gives_the_tool_s_result(runtime: NodeRuntime) -> None:
    assert runtime.call_tool("upper", "hello") == "HELLO"


def test_the_results_of_a_batch_are_in_the_order_of_its_calls(runtime: NodeRuntime) -> None:
    calls = [("upper", f"a{n}") if n % 2 else {"tool": "upper", "prompt": f"a{n}", "kwargs": {}} for n in range(100)]
    assert runtime.call_tools_parallel(calls) == [f"A{n}" for n in range(100)]


def test_an_empty_batch_gives_an_empty_list(runtime: NodeRuntime) -> None:
    assert runtime.call_tools_parallel([]) == []


def test_calls_of_a_batch_overlap_up_to_what_the_engine_takes(runtime: NodeRuntime, door: ScriptedDoor) -> None:
    assert len(runtime.call_tools_parallel([("meeting", "x")] * 32)) == 32
    assert door.most_inside == 16


def test_failures_raise_after_all_have_ended_and_the_results_are_kept(runtime: NodeRuntime) -> None:
    calls = [("picky", f"bad {n}" if n % 14 == 0 else f"good {n}") for n in range(98)]
    with pytest.raises(ToolsFailed, match=r"7 of 98 calls failed; the first, number 1: no bad 0") as caught:
        runtime.call_tools_parallel(calls)
    assert sorted(caught.value.failures) == [0, 14, 28, 42, 56, 70, 84]
    assert [r for r in caught.value.results if r is not None] == [f"good {n}" for n in range(98) if n % 14]
    assert caught.value.failures[14].retry_after_s == 2.0


def test_a_partial_batch_has_marked_slots(runtime: NodeRuntime) -> None:
    results = runtime.call_tools_parallel([("picky", "a"), ("picky", "bad"), ("nothing", "b")], on_error="partial")
    assert results == [
        "a",
        {"error": {"kind": "tool", "message": "no bad"}},
        {"error": {"kind": "bad_request", "message": "there is no tool 'nothing'"}},
    ]


def test_a_tool_that_does_not_exist_is_a_value_error_too(runtime: NodeRuntime) -> None:
    with pytest.raises(UnknownTool, match="there is no tool 'nothing'") as caught:
        runtime.call_tool("nothing", "x")
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, ToolCallError)


@pytest.mark.parametrize(
    ("item", "complaint"),
    [
        ("upper", "write \\(tool, prompt\\)"),
        (("upper",), "write \\(tool, prompt\\)"),
        ((1, "x"), "the name of a tool must be text, not 1"),
        (("upper", 5), "the prompt for 'upper' must be text, not int"),
        (("upper", "x", ["y"]), "the arguments for 'upper' must be a mapping"),
        ({"tool": "upper", "promt": "x"}, "unknown key 'promt'"),
    ],
)
def test_a_call_of_the_wrong_shape_is_refused_before_any_is_made(
    runtime: NodeRuntime, door: ScriptedDoor, item: Any, complaint: str
) -> None:
    with pytest.raises(TypeError, match=f"call number 2: .*{complaint}"):
        runtime.call_tools_parallel([("upper", "x"), item])
    assert door.most_inside == 0


def test_a_wrong_on_error_is_refused(runtime: NodeRuntime) -> None:
    with pytest.raises(ValueError, match="on_error is 'ignore'; use 'raise' or 'partial'"):
        runtime.call_tools_parallel([], on_error="ignore")


def test_the_time_of_a_batch_ends_what_still_runs_and_keeps_what_was_done(
    runtime: NodeRuntime, door: ScriptedDoor
) -> None:
    results = runtime.call_tools_parallel(
        [("upper", "a"), ("endless", "b"), ("upper", "c")], on_error="partial", timeout=0.3
    )
    assert results[0] == "A"
    assert results[1]["error"]["kind"] == "timeout"
    assert results[2] == "C"
    # The engine gave the call up as well, and the channel is as good as before.
    assert runtime.call_tool("upper", "still here") == "STILL HERE"
    deadline = time.monotonic() + 30
    while not door.cancelled and time.monotonic() < deadline:
        threading.Event().wait(0.01)
    assert door.cancelled == ["b"]


def test_each_call_can_have_a_time_of_its_own(runtime: NodeRuntime, door: ScriptedDoor) -> None:
    runtime.call_tools_parallel([("upper", "a")], call_timeout=2.5)
    assert door.timeouts == [2.5]


def test_a_call_that_is_too_large_is_refused_and_nothing_else_is_lost(runtime: NodeRuntime) -> None:
    results = runtime.call_tools_parallel([("upper", "x" * 2_000_000), ("upper", "a")], on_error="partial")
    assert "at most 1048576 can be sent" in results[0]["error"]["message"]
    assert results[1] == "A"


@pytest.mark.parametrize("value", [object(), float("nan"), "\ud800", {1, 2}])
def test_a_value_that_json_cannot_hold_fails_its_call_alone(runtime: NodeRuntime, value: Any) -> None:
    calls = [("upper", "a"), ("upper", "b", {"x": value}), ("upper", "c")]
    results = runtime.call_tools_parallel(calls, on_error="partial")
    assert (results[0], results[2]) == ("A", "C")
    assert results[1]["error"]["kind"] == "bad_request"
    assert "cannot be sent as JSON" in results[1]["error"]["message"]


def test_a_result_that_is_too_large_is_an_error(pool: ThreadPoolExecutor) -> None:
    door = ScriptedDoor(big=lambda prompt, **_: "x" * 2_000_000)
    with connected(door, pool) as runtime, pytest.raises(ToolCallError, match="the result is larger than 1048576"):
        runtime.call_tool("big", "")


def test_many_threads_share_one_connection(runtime: NodeRuntime, door: ScriptedDoor) -> None:
    with ThreadPoolExecutor(32) as threads:
        found = list(
            threads.map(lambda n: runtime.call_tools_parallel([("upper", f"a{n}-{m}") for m in range(20)]), range(32))
        )
    assert found == [[f"A{n}-{m}" for m in range(20)] for n in range(32)]
    assert door.most_inside <= 16


def test_models_chains_and_resilient_calls_go_the_same_way(runtime: NodeRuntime) -> None:
    assert runtime.call_llm("coder", "hi", temperature=0) == "coder says hi [('temperature', 0)]"
    assert ToolChain(runtime).call("upper", "a").then("picky", "see: {result}").get() == "see: A"
    assert runtime.call_tool_resilient("say", {"x": 1}, tags=["t"], max_attempts=2, mark_failures=False) == [
        "say", {"x": 1}, ["t"], 2, False,
    ]  # fmt: skip


def test_an_engine_that_dies_fails_every_call_and_keeps_what_it_had_answered(pool: ThreadPoolExecutor) -> None:
    ours, theirs = socket.socketpair()
    door = ScriptedDoor(upper=upper)
    connection = NodeConnection(theirs, door, pool)
    serving = threading.Thread(target=connection.serve)
    serving.start()
    runtime = NodeRuntime(ours)
    room = runtime._channel._room

    def last(prompt: str, **_: Any) -> None:
        while runtime._channel._room < room - 1:  # until all others have been answered
            time.sleep(0.001)
        connection.close()

    door.tools["last"] = last
    results = runtime.call_tools_parallel([("upper", "a")] * 5 + [("last", "")], "partial")
    assert results[:5] == ["A"] * 5
    assert results[-1]["error"] == {"kind": "internal", "message": results[-1]["error"]["message"]}
    assert "the engine has hung up" in results[-1]["error"]["message"]
    later = runtime.call_tools_parallel([("upper", "b")] * 40, "partial")
    assert all("hung up" in result["error"]["message"] for result in later)
    with pytest.raises(ToolCallError, match="hung up"):
        runtime.call_tool("upper", "x")
    runtime.close()
    serving.join(30)


# --- over a socket file


def test_a_program_finds_a_running_engine(
    tmp_path: Path, pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "engine"
    monkeypatch.setenv(node_runtime.SOCKET_VARIABLE, str(path))
    with NodeServer(path, lambda: ScriptedDoor(upper=upper), pool):
        assert path.stat().st_mode & 0o777 == 0o600
        assert node_runtime.call_tool("upper", "a") == "A"
        assert node_runtime.call_tools_parallel([("upper", "b")]) == ["B"]
        assert NodeRuntime.get_instance() is NodeRuntime.get_instance()
        NodeRuntime.get_instance().close()
    assert not path.exists()
    with pytest.raises(ToolCallError, match=r"no engine answers at .*start one with: overseer serve"):
        node_runtime.call_tool("upper", "a")


def _call_from_a_child(answers: Any) -> None:
    answers.put([node_runtime.call_tool("upper", f"c{n}") for n in range(20)])


def test_forked_children_have_connections_of_their_own(
    tmp_path: Path, pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(node_runtime.SOCKET_VARIABLE, str(tmp_path / "engine"))
    with NodeServer(tmp_path / "engine", lambda: ScriptedDoor(upper=upper), pool):
        context = multiprocessing.get_context("spawn")
        answers = context.Queue()
        children = [context.Process(target=_call_from_a_child, args=(answers,)) for _ in range(3)]
        for child in children:
            child.start()
        assert [answers.get(timeout=60) for _ in children] == [[f"C{n}" for n in range(20)]] * 3
        for child in children:
            child.join(30)


FORKING = """
import os
import node_runtime
print(node_runtime.call_tool("upper", "before"), flush=True)
if not os.fork():
    raise SystemExit  # ends as a program does, with all that is to be done at the end
os.wait()
print(node_runtime.call_tool("upper", "after"), flush=True)
"""


def test_a_program_hangs_up_when_it_ends_and_a_child_of_it_does_not(
    tmp_path: Path, pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(node_runtime.SOCKET_VARIABLE, str(tmp_path / "engine"))
    with NodeServer(tmp_path / "engine", lambda: ScriptedDoor(upper=upper), pool), Child(FORKING) as program:
        assert program.hear_all() == ["BEFORE", "AFTER"]
    assert capfd.readouterr().err == ""  # no socket was left open


# --- programs that break the rules


class connected:
    """A runtime connected to a door, for the time of a `with`."""

    def __init__(self, door: ScriptedDoor, pool: ThreadPoolExecutor, allowance: Allowance | None = None) -> None:
        ours, theirs = socket.socketpair()
        self.connection = NodeConnection(theirs, door, pool, allowance)
        self._serving = threading.Thread(target=self.connection.serve)
        self._serving.start()
        self._runtime = NodeRuntime(ours)

    def __enter__(self) -> NodeRuntime:
        return self._runtime

    def __exit__(self, *error: object) -> None:
        self._runtime.close()
        self._serving.join(30)


def test_a_node_may_make_only_so_many_calls(pool: ThreadPoolExecutor) -> None:
    with connected(ScriptedDoor(upper=upper), pool, Allowance(calls=3)) as runtime:
        results = runtime.call_tools_parallel([("upper", "a")] * 5, on_error="partial")
    assert results[:3] == ["A"] * 3
    assert [slot["error"]["kind"] for slot in results[3:]] == ["limit", "limit"]


def framed(body: bytes) -> bytes:
    return len(body).to_bytes(4, "big") + body


RAW = {
    "huge": b"\xff\xff\xff\xff",
    "not JSON": framed(b"{]"),
    "not an object": framed(b"[]"),
    "NaN": framed(b'{"id": NaN}'),
    "no number": framed(b"{}"),
    "a flag for a number": framed(b'{"id":true}'),
    "cut off": framed(b"{}")[:5],
    "deep": framed(b"[" * 100_000),
    "the same number twice": framed(b'{"id":1,"op":"none"}') * 2,
    "more at once than allowed": b"".join(
        framed(b'{"id":%d,"op":"call","tool":"endless","prompt":"","args":{}}' % number) for number in range(1, 40)
    ),
}


@pytest.mark.parametrize("name", RAW)
def test_whoever_breaks_the_rules_is_cut_off(name: str, pool: ThreadPoolExecutor) -> None:
    ours, theirs = socket.socketpair()
    connection = NodeConnection(theirs, ScriptedDoor(endless=until_given_up), pool)
    serving = threading.Thread(target=connection.serve)
    serving.start()
    ours.sendall(RAW[name])
    ours.shutdown(socket.SHUT_WR)
    serving.join(30)
    assert not serving.is_alive()
    assert connection.fault is not None
    ours.close()


@pytest.mark.parametrize(
    ("frame", "complaint"),
    [
        (b'{"id":1,"op":"dance"}', "there is no request 'dance'"),
        (b'{"id":1,"op":"call"}', "'tool' must be text"),
        (b'{"id":1,"op":"call","tool":"upper","args":[]}', "'args' must be an object"),
        (b'{"id":1,"op":"call","tool":"upper","timeout":-1}', "'timeout' must be a number of seconds above 0"),
        (b'{"id":1,"op":"resilient","scenario":"x","tags":[1]}', "'tags' must be a list of texts"),
        (b'{"id":1,"op":"resilient","scenario":"x","max_attempts":0}', "'max_attempts' must be a whole number"),
    ],
)
def test_a_request_of_the_wrong_shape_is_answered_with_an_error(
    frame: bytes, complaint: str, pool: ThreadPoolExecutor
) -> None:
    ours, theirs = socket.socketpair()
    with ours:
        connection = NodeConnection(theirs, ScriptedDoor(upper=upper), pool)
        serving = threading.Thread(target=connection.serve)
        serving.start()
        ours.sendall(framed(frame))
        ours.settimeout(30)
        received = b""
        while complaint.encode() not in received:
            received += ours.recv(65536)
    serving.join(30)
    assert connection.fault is None


# --- what programs do to a connection


def test_calls_go_on_after_a_batch_that_was_given_up_with_all_places_taken(
    door: ScriptedDoor, runtime: NodeRuntime
) -> None:
    results = runtime.call_tools_parallel([("endless", f"{n}") for n in range(40)], on_error="partial", timeout=0.3)
    assert {slot["error"]["kind"] for slot in results} == {"timeout"}
    assert runtime.call_tool("upper", "still here") == "STILL HERE"


PROGRAM = """
import os, signal, sys, threading
from node_runtime import call_tool
"""


def carried_out(program: str, path: Path) -> list[str]:
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM + program],
        env={**os.environ, node_runtime.SOCKET_VARIABLE: str(path), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.splitlines()


def test_a_program_that_was_interrupted_in_a_call_can_make_others(tmp_path: Path, pool: ThreadPoolExecutor) -> None:
    program = """
threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    call_tool("endless", "x")
except KeyboardInterrupt:
    print("interrupted", flush=True)
print(call_tool("upper", "on"))
"""
    door = ScriptedDoor(upper=upper, endless=until_given_up)
    with NodeServer(tmp_path / "engine", lambda: door, pool):
        assert carried_out(program, tmp_path / "engine") == ["interrupted", "ON"]


def test_a_forked_child_that_ends_leaves_its_parent_the_connection(tmp_path: Path, pool: ThreadPoolExecutor) -> None:
    program = """
print(call_tool("upper", "before"), flush=True)
if os.fork() == 0:
    print(call_tool("upper", "child"), flush=True)
    sys.exit()
os.wait()
print(call_tool("upper", "after"), flush=True)
"""
    with NodeServer(tmp_path / "engine", lambda: ScriptedDoor(upper=upper), pool):
        assert carried_out(program, tmp_path / "engine") == ["BEFORE", "CHILD", "AFTER"]
