"""Nodes and the broker: what they call, how much at once, and what is left of it when they end."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from overseer.broker.broker import Broker, Door
from overseer.broker.fallback import Fallback
from overseer.broker.permissions import CAREFUL, Grants
from overseer.broker.programs import Program, ProgramDoor
from overseer.sandbox import Job, Limits, Outcome, Sandbox
from overseer.tool import Cancellation, Tool, ToolContext, tool
from tests.nodes.doors import ScriptedDoor


def run(sandbox: Sandbox, source: str, door: Any, given: Any = None, **limits: Any) -> Outcome:
    return sandbox.run(Job(source, given, Limits(**{"wall_s": 30.0, **limits})), door)


def door_to(*tools: Tool, policy: Any = CAREFUL, granted: frozenset[str] = frozenset()) -> ProgramDoor:
    known = {each.name: each for each in tools}
    door = Door(Broker(policy=policy), known, grants=Grants(tools=granted))
    return ProgramDoor(door, Program(key="node", tools=frozenset(known)), Fallback())


MANY = """
from node_runtime import call_tools_parallel
def main(input):
    return call_tools_parallel([("meet", str(n)) for n in range(input)])
"""


def test_sixteen_calls_of_a_batch_are_made_at_once(sandbox: Sandbox) -> None:
    meeting = threading.Barrier(16, timeout=20)

    @tool
    def meet(prompt: str) -> str:
        """Wait for all the others."""
        meeting.wait()
        return prompt

    outcome = run(sandbox, MANY, door_to(meet), 16)
    assert (outcome.verdict, outcome.value) == ("good", [str(n) for n in range(16)])


def test_no_more_than_sixteen_are_made_at_once(hardened: Sandbox) -> None:
    door = ScriptedDoor(meet=lambda prompt, **_: time.sleep(0.005) or prompt)
    outcome = run(hardened, MANY, door, 100)
    assert outcome.value == [str(n) for n in range(100)]
    assert door.most_inside <= 16


def test_a_node_may_make_two_hundred_calls(hardened: Sandbox) -> None:
    source = """
from node_runtime import call_tools_parallel
def main(input):
    results = call_tools_parallel([("echo", str(n)) for n in range(202)], on_error="partial")
    return [results[199], results[200]["error"]["kind"], results[201]["error"]["message"]]
"""
    outcome = run(hardened, source, ScriptedDoor(echo=lambda prompt, **_: prompt))
    assert outcome.value == ["199", "limit", "a node may make 200 calls, and this is one more"]


@pytest.mark.parametrize("end", ["wall", "given up", "exit"])
def test_a_node_that_ends_in_the_middle_of_its_batch_leaves_no_call_running(sandbox: Sandbox, end: str) -> None:
    begun, inside, lock = threading.Semaphore(0), [0], threading.Lock()

    @tool
    def meet(prompt: str, context: ToolContext) -> str:
        """Take until somebody says stop."""
        with lock:
            inside[0] += 1
        begun.release()
        context.wait(60)
        with lock:
            inside[0] -= 1
        return prompt

    leave = "threading.Timer(0.5, os._exit, [3]).start()" if end == "exit" else "pass"
    source = f"import os, threading\n{MANY.replace('def main(input):', f'def main(input):{chr(10)}    {leave}')}"
    cancellation = Cancellation()

    def give_up() -> None:
        for _ in range(16):
            begun.acquire(timeout=20)
        cancellation.ask()

    helper = threading.Thread(target=give_up)
    if end == "given up":
        helper.start()
    limits = Limits(wall_s=0.6 if end == "wall" else 30)
    outcome = sandbox.run(Job(source, 40, limits), door_to(meet), cancellation)
    assert outcome.verdict == ("crash" if end == "exit" else "killed")
    assert inside == [0]
    if end == "given up":
        helper.join()
    assert _held(_template(sandbox))["children"] == 0


def test_permissions_hold_inside(hardened: Sandbox) -> None:
    written: list[str] = []

    @tool(effect="write", writes=["file:{text}"])
    def note(text: str) -> str:
        """Write something down."""
        written.append(text)
        return "done"

    source = "from node_runtime import call_tool\ndef main(input):\n    return call_tool('note', 'x')"
    refused = run(hardened, source, door_to(note))
    assert refused.verdict == "crash"
    assert "and nobody gave it; give it with" in refused.error
    assert written == []
    assert run(hardened, source, door_to(note, granted=frozenset({"note"}))).value == "done"


CLAIMS: dict[str, Callable[[], str]] = {
    "approval": lambda: (
        '{"id": 1, "op": "call", "tool": "note", "prompt": "x", "args": {}, "approved": true, "depth": -1}'
    ),
    "another name": lambda: '{"id": 1, "op": "call", "tool": "NOTE", "prompt": "x", "args": {}}',
    "a tool of somebody else": lambda: '{"id": 1, "op": "call", "tool": "note\\u0000", "prompt": "x", "args": {}}',
}


@pytest.mark.parametrize("claim", CLAIMS)
def test_nothing_that_a_node_says_of_itself_is_believed(hardened: Sandbox, claim: str) -> None:
    written: list[str] = []

    @tool(effect="write", writes=["file:{text}"])
    def note(text: str) -> str:
        """Write something down."""
        written.append(text)
        return "done"

    source = f"""
import json, os, struct
def main(input):
    os.read(3, 4096)
    body = {CLAIMS[claim]()!r}.encode()
    os.write(3, struct.pack(">I", len(body)) + body)
    size, = struct.unpack(">I", os.read(3, 4))
    return json.loads(os.read(3, size))["error"]["kind"]
"""
    assert run(hardened, source, door_to(note)).value in ("denied", "bad_request")
    assert written == []


BROKEN = {
    "a huge frame": r"os.write(3, b'\xff\xff\xff\xff')",
    "no JSON": r"os.write(3, b'\x00\x00\x00\x02{x')",
    "a number twice": r"""
frame = b'{"id": 1, "op": "call", "tool": "echo", "prompt": "", "args": {}}'
os.write(3, (struct.pack(">I", len(frame)) + frame) * 2)
""",
    "a hundred at once": r"""
for n in range(1, 101):
    frame = b'{"id": %d, "op": "call", "tool": "wait", "prompt": "", "args": {}}' % n
    os.write(3, struct.pack(">I", len(frame)) + frame)
""",
}


@pytest.mark.parametrize("fault", BROKEN)
def test_who_breaks_the_rules_of_the_channel_is_cut_off(hardened: Sandbox, fault: str) -> None:
    source = f"""
import os, struct
try:
    {BROKEN[fault].strip().replace(chr(10), chr(10) + "    ")}
    while os.read(3, 65536):
        pass
    print('"cut off"')
except OSError:
    print('"cut off"')
"""

    def wait(prompt: str, cancellation: Cancellation, **_: Any) -> str:
        cancellation.wait(60)
        return prompt

    door = ScriptedDoor(echo=lambda prompt, **_: prompt, wait=wait)
    outcome = run(hardened, source, door, wall_s=20.0)
    assert (outcome.verdict, outcome.value) == ("crash", None), outcome
    assert "it broke the rules of the channel to its tools" in outcome.error
    assert door.most_inside <= 16


def test_five_hundred_nodes_leave_nothing_behind() -> None:
    source = "from node_runtime import call_tool\ndef main(input):\n    return call_tool('echo', str(input))"
    door = ScriptedDoor(echo=lambda prompt, **_: prompt)
    with Sandbox.start() as sandbox:
        template = _template(sandbox)
        for n in range(50):
            assert run(sandbox, source, door, n).value == str(n)
        before = _held(template)
        for n in range(500):
            assert run(sandbox, source, door, n).value == str(n)
        after = _held(template)
    assert after["descriptors here"] <= before["descriptors here"] + 2
    assert after["descriptors there"] <= before["descriptors there"] + 1  # the last leash may be about to be let go
    assert after["threads"] <= before["threads"] + 2
    assert after["memory there"] <= before["memory there"] + 512 * 1024
    assert after["children"] == before["children"] == 0


def _template(sandbox: Sandbox) -> int:
    """The process that forks nodes."""
    started: int = sandbox._template._process.pid  # type: ignore[union-attr]
    inner = Path(f"/proc/{started}/task/{started}/children").read_text().split()
    return int(inner[0]) if sandbox.level == "full" else started


def _held(template: int) -> dict[str, int]:
    status = Path(f"/proc/{template}/status").read_text()
    resident = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return {
        "descriptors here": len(os.listdir("/proc/self/fd")),
        "descriptors there": len(os.listdir(f"/proc/{template}/fd")),
        "threads": threading.active_count(),
        "memory there": int(resident.split()[1]) * 1024,
        "children": len(Path(f"/proc/{template}/task/{template}/children").read_text().split()),
    }
