"""However many threads, processes, programs and plans call: one rate, one cap and one budget hold for all of them."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

import node_runtime
from node_runtime import NodeRuntime
from overseer import Engine
from overseer.broker.accounts import Account
from overseer.broker.broker import Broker, Door
from overseer.broker.budget import Budget, Spend
from overseer.broker.caps import Cap
from overseer.broker.fallback import Fallback
from overseer.broker.limits import Limit, Limits
from overseer.broker.permissions import Grants
from overseer.broker.programs import Program, ProgramDoor
from overseer.broker.retry import Retry
from overseer.nodes import Allowance, NodeServer
from overseer.registry import ToolFolder, load_tools
from overseer.running.engine import EngineSettings
from overseer.tool import Cancellation, Services, Tool, ToolContext, tool
from overseer.web import WebClient
from tests.fakes import Gate
from tests.processes import PATIENCE_S
from tests.program import LoadedChild
from tests.servers.rate_server import RateServer

CALLS, THREADS, CHILDREN = 200, 64, 4
OF_EACH_CHILD = 16
MOST, WINDOW_S = 40, 1.0

PING = """
name: ping
description: Ask the server.
effect: network
parameters: {n: {type: integer}}
http: {url: "http://AUTHORITY/ping/{n}"}
"""

PROGRAM = """
import json, sys
from node_runtime import NodeRuntime
runtime = NodeRuntime.get_instance()
print("ready", flush=True)
sys.stdin.readline()
first, count = int(sys.argv[1]), int(sys.argv[2])
calls = [("ping", "", {"n": first + n}) for n in range(count)]
print(json.dumps(runtime.call_tools_parallel(calls, on_error="partial")), flush=True)
"""


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(256) as executor:
        yield executor


def serving(path: Path, broker: Broker, tools: dict[str, Tool], pool: ThreadPoolExecutor) -> NodeServer:
    """An engine for programs, as `overseer serve` makes one."""
    fallback = Fallback()

    def make() -> ProgramDoor:
        door = Door(broker, tools, grants=Grants(classes=frozenset({"network"})))
        return ProgramDoor(door, Program(), fallback)

    return NodeServer(path, make, pool, allowance=Allowance(in_flight=64))


def context() -> ToolContext:
    return ToolContext("run", "step", 1, Cancellation())


def at_once(count: int, act: Callable[[int], Any]) -> list[Any]:
    """What comes of it when so many threads begin at the same moment."""
    start = threading.Barrier(count)

    def begin(number: int) -> Any:
        start.wait(PATIENCE_S)
        return act(number)

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(begin, range(count)))


def test_threads_and_processes_together_keep_to_a_server_s_rate_and_use_it(
    tmp_path: Path, pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    with RateServer(MOST, WINDOW_S) as server, ExitStack() as stack:
        (tmp_path / "ping.yaml").write_text(PING.replace("AUTHORITY", server.authority))
        registry = load_tools([ToolFolder(tmp_path, "own")])
        assert not registry.problems
        broker = Broker(
            limits=Limits({"tool:ping": Limit(per_minute=MOST, window_s=WINDOW_S)}),
            retry=Retry(attempts=1),  # nothing that the server refuses is made up for
            services=Services(web=WebClient(allow=(server.authority,))),
        )
        monkeypatch.setenv(node_runtime.SOCKET_VARIABLE, str(tmp_path / "engine"))
        stack.enter_context(serving(tmp_path / "engine", broker, registry.tools, pool))
        of_threads = CALLS - CHILDREN * OF_EACH_CHILD
        firsts = [of_threads + OF_EACH_CHILD * number for number in range(CHILDREN)]
        children = [stack.enter_context(LoadedChild(PROGRAM, first, OF_EACH_CHILD)) for first in firsts]
        assert [child.hear() for child in children] == ["ready"] * CHILDREN
        for child in children:
            child.tell()

        numbers = iter(range(of_threads))
        lock, results = threading.Lock(), {}

        def call_on(_: int) -> None:
            door = Door(broker, registry.tools)
            while True:
                with lock:
                    number = next(numbers, None)
                if number is None:
                    return
                result = door.call("ping", {"n": number}, context())
                results[number] = result.failure or result.value

        at_once(THREADS, call_on)
        for first, child in zip(firsts, children, strict=True):
            results.update(enumerate(json.loads(child.hear()), first))

    assert results == {number: f"/ping/{number}" for number in range(CALLS)}
    assert len(server.arrivals) == CALLS
    assert server.violations == 0
    assert server.used >= 0.9, f"{CALLS} calls took {server.arrivals[-1] - server.arrivals[0]:.2f} s"


# --- a cap on how many are inside

CAP, FAN_OUT = 8, 792


class Room:
    """A tool whose calls go on eight at a time, and only then; notes how many are ever inside."""

    def __init__(self) -> None:
        self.most = 0
        self.calls = 0
        self._inside = 0
        self._gate = Gate(CAP, patience_s=PATIENCE_S)
        self._lock = threading.Lock()

    def tool(self) -> Tool:
        @tool
        def enter(n: int) -> int:
            """Go in, wait for the seven others, come out."""
            with self._lock:
                self.calls += 1
                self._inside += 1
                self.most = max(self.most, self._inside)
            self._gate.pass_through()
            with self._lock:
                self._inside -= 1
            return n

        return enter


def capped() -> Broker:
    return Broker(limits=Limits({"tool:enter": Limit(concurrency=CAP)}))


def test_a_program_s_fan_out_never_exceeds_the_cap(
    tmp_path: Path, pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = Room()
    monkeypatch.setenv(node_runtime.SOCKET_VARIABLE, str(tmp_path / "engine"))
    with serving(tmp_path / "engine", capped(), {"enter": room.tool()}, pool):
        runtime = NodeRuntime.get_instance()
        results = runtime.call_tools_parallel([("enter", "", {"n": n}) for n in range(FAN_OUT)])
        runtime.close()
    assert results == list(range(FAN_OUT))
    assert (room.calls, room.most) == (FAN_OUT, CAP)


def test_a_plan_s_fan_out_never_exceeds_the_cap() -> None:
    room = Room()
    plan = {
        "steps": [
            {
                "step_id": "all",
                "for_each": list(range(FAN_OUT)),
                "steps": [{"step_id": "one", "tool": "enter", "args": {"n": "{{item}}"}}],
            }
        ]
    }
    result = Engine([room.tool()], broker=capped(), settings=EngineSettings(max_parallel=64)).run(plan)
    assert result.succeeded, result.failure
    assert result.output == list(range(FAN_OUT))
    assert (room.calls, room.most) == (FAN_OUT, CAP)


def test_runs_and_programs_together_never_exceed_the_cap(
    tmp_path: Path, pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    room, broker = Room(), capped()
    steps = [{"step_id": f"s{n}", "tool": "enter", "args": {"n": n}} for n in range(20)]
    engine = Engine([room.tool()], broker=broker, settings=EngineSettings(max_parallel=20))
    monkeypatch.setenv(node_runtime.SOCKET_VARIABLE, str(tmp_path / "engine"))
    with serving(tmp_path / "engine", broker, engine.tools, pool):
        runs = [engine.start({"steps": steps}) for _ in range(3)]
        runtime = NodeRuntime.get_instance()
        assert runtime.call_tools_parallel([("enter", "", {"n": n}) for n in range(20)]) == list(range(20))
        runtime.close()
        assert all(run.wait(PATIENCE_S).succeeded for run in runs)
    assert (room.calls, room.most) == (80, CAP)


# --- a budget


@pytest.mark.parametrize("is_shared_by", ["the same budget", "budgets of runs within one of the session"])
def test_of_many_that_race_for_a_budget_exactly_as_many_pass_as_it_has(is_shared_by: str) -> None:
    made: list[int] = []

    @tool(effect="network")
    def request(n: int) -> int:
        """One request."""
        made.append(n)
        return n

    session = Budget("session", Cap(requests=10))
    broker = Broker()

    def door() -> Door:
        budget = session if is_shared_by == "the same budget" else Budget("run", Cap(requests=3), parent=session)
        return Door(broker, {"request": request}, account_of=lambda key: Account(budget, broker.limits))

    results = at_once(64, lambda number: door().call("request", {"n": number}, context()))
    passed = [result.value for result in results if result.failure is None]
    refused = [result.failure for result in results if result.failure is not None]
    assert len(passed) == 10
    assert sorted(passed) == sorted(made)
    assert {failure.kind for failure in refused} == {"budget"}
    assert all("the budget of session has 0 left of 10 requests" in failure.message for failure in refused)
    assert (session.spent, session.reserved) == (Spend(requests=10), Spend())
