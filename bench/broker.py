"""What a call costs on its way through the broker, without any waiting.

    python bench/broker.py [--rounds 5] [--calls 20000] [--json FILE]

Each round measures, one after the other: the bare function; the same through the whole order of the
broker (known tool, arguments, permission, budget, slot, attempt, redaction) with nothing limited; with
a budget, two limited names and a hundred secrets to look for; and as a program does it, through
`node_runtime` over a socket, one call at a time and in batches. Figures are microseconds a call, the
median of the calls of a round; the last line of each is the median of the rounds with its range.
"""

from __future__ import annotations

import argparse
import json
import secrets as chance
import socket
import statistics
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from node_runtime import NodeRuntime
from overseer.broker.attempts import warm_executor
from overseer.broker.broker import Broker, Door
from overseer.broker.budget import Budget
from overseer.broker.caps import Cap
from overseer.broker.fallback import Fallback
from overseer.broker.limits import Limit, Limits
from overseer.broker.permissions import CAREFUL, Policy, Rule
from overseer.broker.programs import Program, ProgramDoor
from overseer.nodes import NodeConnection
from overseer.secrets import Redactor, Secrets
from overseer.tool import Cancellation, ToolContext, tool

GOAL_US = 100.0


@tool
def echo(text: str, times: int = 1) -> dict[str, object]:
    """Give the text back."""
    return {"text": text, "times": times, "words": text.split()}


ARGUMENTS: dict[str, Any] = {"text": "the quick brown fox jumps over the lazy dog", "times": 2}


def bare() -> Callable[[], object]:
    return lambda: echo.function(**ARGUMENTS)


def through(broker: Broker) -> Callable[[], object]:
    door = Door(broker, {"echo": echo})

    def call() -> object:
        result = door.call("echo", ARGUMENTS, ToolContext("run", "step", 1, Cancellation()))
        assert result.failure is None, result.failure
        return result

    return call


def limited() -> Broker:
    rules = tuple(Rule("ask", f"other_{number}*") for number in range(20))
    return Broker(
        policy=Policy(CAREFUL.classes, rules),
        limits=Limits({"tool:echo": Limit(concurrency=8, per_minute=10_000_000)}),
        redactor=Redactor(Secrets({f"KEY_{number}": chance.token_urlsafe(30) for number in range(100)})),
        budget=Budget("session", Cap(requests=10_000_000, tokens=10_000_000)),
    )


def measured(call: Callable[[], object], calls: int) -> float:
    """The median time of a call in microseconds."""
    for _ in range(min(200, calls)):
        call()
    times = []
    for _ in range(calls):
        began = time.perf_counter_ns()
        call()
        times.append(time.perf_counter_ns() - began)
    return statistics.median(times) / 1000


def over_a_socket(broker: Broker, calls: int) -> tuple[float, float]:
    """A call of a program, one at a time and in batches of 64."""
    ours, theirs = socket.socketpair()
    door = ProgramDoor(Door(broker, {"echo": echo}), Program(), Fallback())
    connection = NodeConnection(theirs, door, warm_executor())
    serving = threading.Thread(target=connection.serve)
    serving.start()
    runtime = NodeRuntime(ours)
    single = measured(lambda: runtime.call_tool("echo", **ARGUMENTS), calls // 10)
    batch = [("echo", "", ARGUMENTS)] * 64
    in_batches = measured(lambda: runtime.call_tools_parallel(batch), max(10, calls // 640)) / 64
    runtime.close()
    serving.join()
    return single, in_batches


def one_round(calls: int) -> dict[str, float]:
    single, in_batches = over_a_socket(limited(), calls)
    return {
        "bare function": measured(bare(), calls),
        "broker": measured(through(Broker()), calls),
        "broker with budget, limits and secrets": measured(through(limited()), calls),
        "from a program": single,
        "from a program, in batches": in_batches,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--calls", type=int, default=20_000)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rounds = [one_round(options.calls) for _ in range(options.rounds)]
    print(f"{'us a call':<40} median     min     max")
    for name in rounds[0]:
        found = [figures[name] for figures in rounds]
        print(f"{name:<40} {statistics.median(found):6.1f}  {min(found):6.1f}  {max(found):6.1f}")
    worst = statistics.median(figures["broker with budget, limits and secrets"] for figures in rounds)
    print(f"goal: at most {GOAL_US:.0f} us through the whole order: {'met' if worst <= GOAL_US else 'MISSED'}")
    if options.json:
        options.json.write_text(json.dumps({"calls": options.calls, "rounds": rounds}, indent=1))
    return 0 if worst <= GOAL_US else 1


if __name__ == "__main__":
    raise SystemExit(main())
