"""What it costs to run a node in the sandbox, beside processes without any.

    python bench/sandbox.py [--rounds 5] [--nodes 60] [--check] [--json FILE]

Each round measures, interleaved in a new random order: a node at each level that this machine has; the
same without isolation from the same template; a node in a Python started for it; such a Python without
any of ours around it (`cold`: isolated mode, reads and writes JSON); and `python -c pass`. Then the start of
a template with its self-test left out, and a tool's way from a node to the engine and back. Times are
milliseconds, the median of a round; what is shown is the median of the rounds with its range.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from overseer.broker.broker import Broker, Door
from overseer.broker.fallback import Fallback
from overseer.broker.programs import Program, ProgramDoor
from overseer.sandbox import Job, Level, Limits, Sandbox, SandboxUnavailable
from overseer.sandbox.inside.preparation import Setting
from overseer.sandbox.places import hidden_paths, readable_paths, runtime_file
from overseer.sandbox.template import Template
from overseer.tool import tool

NODE = Job("def main(input):\n    return {'twice': input['x'] * 2}", {"x": 21}, Limits(scratch=0))
NODE_WITH_FOLDER = Job(NODE.source, NODE.input)
COLD = "import json, sys\nprint(json.dumps({'twice': json.load(sys.stdin)['x'] * 2}))"
CALLS = """
import time
from node_runtime import call_tool
def main(input):
    call_tool("echo", "x")
    times = []
    for _ in range(input):
        began = time.perf_counter()
        call_tool("echo", "x")
        times.append(time.perf_counter() - began)
    return sorted(times)[input // 2] * 1000
"""

MOST_NODE_MS, MOST_START_MS, MOST_CALL_MS, MOST_OF_COLD = 3.0, 80.0, 0.15, 0.5


@tool
def echo(text: str) -> str:
    """Give the text back."""
    return text


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def run_node(sandbox: Sandbox, job: Job) -> None:
    outcome = sandbox.run(job)
    assert outcome.value == {"twice": 42}, outcome


def run_process(*arguments: str) -> None:
    ended = subprocess.run([sys.executable, *arguments], input=b'{"x": 21}', capture_output=True, check=True)
    assert not ended.stdout or json.loads(ended.stdout) == {"twice": 42}


def contenders(stack: ExitStack) -> dict[str, Callable[[], None]]:
    """Everything that is timed node by node, by name."""
    found: dict[str, Callable[[], None]] = {}
    for level in levels():
        sandbox = stack.enter_context(Sandbox.start(level))
        found[f"node, {level}"] = lambda sandbox=sandbox: run_node(sandbox, NODE)  # type: ignore[misc]
        if level == "full":
            found["node, full, with a folder"] = lambda sandbox=sandbox: run_node(sandbox, NODE_WITH_FOLDER)  # type: ignore[misc]
    fresh = stack.enter_context(Sandbox.start("hardened", is_fresh=True))
    bare = stack.enter_context(Sandbox.start("none"))
    found["node, not isolated"] = lambda: run_node(bare, NODE)
    found["node, fresh, hardened"] = lambda: run_node(fresh, NODE)
    found["cold: python -I -S"] = lambda: run_process("-I", "-S", "-c", COLD)
    found["python -c pass"] = lambda: run_process("-c", "pass")
    return found


def levels() -> list[Level]:
    wanted: tuple[Level, ...] = ("full", "hardened")
    found: list[Level] = []
    for level in wanted:
        try:
            Sandbox.start(level).close()
            found.append(level)
        except SandboxUnavailable as error:
            print(f"not measured: {level}: {error.refusals[level]}", file=sys.stderr)
    return found


def one_round(timeable: dict[str, Callable[[], None]], nodes: int, level: Level) -> dict[str, float]:
    times: dict[str, list[float]] = {name: [] for name in timeable}
    for _ in range(nodes):
        for name in random.sample(list(timeable), len(timeable)):
            times[name].append(timed(timeable[name]))
    figures = {name: statistics.median(found) for name, found in times.items()}
    figures["start of a template"] = statistics.median(timed(lambda: start(level)) for _ in range(5))
    figures["a tool's way there and back"] = round_trip(level)
    return figures


def start(level: Level) -> None:
    Template(Setting(level, runtime_file(), readable_paths(), hidden_paths())).close()


def round_trip(level: Level) -> float:
    door = ProgramDoor(Door(Broker(), {"echo": echo}), Program(), Fallback())
    with Sandbox.start(level) as sandbox:
        outcome = sandbox.run(Job(CALLS, 190), door)
    assert outcome.verdict == "good", outcome
    return float(outcome.value)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--nodes", type=int, default=60)
    parser.add_argument("--check", action="store_true", help="end with 1 if a figure is not what it must be")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with ExitStack() as stack:
        timeable = contenders(stack)
        best: Level = "full" if "node, full" in timeable else "hardened"
        for work in timeable.values():
            work()
        rounds = [one_round(timeable, options.nodes, best) for _ in range(options.rounds)]
    print(f"{'ms':<32} median     min     max   x cold")
    for name in rounds[0]:
        print(f"{name:<32} {_row([figures[name] for figures in rounds])} {_of_cold(rounds, name):8.2f}")
    is_met = _judged(rounds, best)
    if options.json:
        options.json.write_text(json.dumps({"nodes": options.nodes, "rounds": rounds}, indent=1))
    return 0 if is_met or not options.check else 1


def _row(found: list[float]) -> str:
    return f"{statistics.median(found):6.2f}  {min(found):6.2f}  {max(found):6.2f}"


def _of_cold(rounds: list[dict[str, float]], name: str) -> float:
    return statistics.median(figures[name] / figures["cold: python -I -S"] for figures in rounds)


def _judged(rounds: list[dict[str, float]], best: Level) -> bool:
    """Say of each goal whether it is met; whether all are."""

    def median(name: str) -> float:
        return statistics.median(figures[name] for figures in rounds)

    goals: list[tuple[str, Any, float]] = [
        ("an isolated node, ms", median(f"node, {best}"), MOST_NODE_MS),
        ("an isolated node, x cold", _of_cold(rounds, f"node, {best}"), MOST_OF_COLD),
        ("start of a template, ms", median("start of a template"), MOST_START_MS),
        ("a tool's way there and back, ms", median("a tool's way there and back"), MOST_CALL_MS),
    ]
    for name, figure, most in goals:
        print(f"goal: {name}: {figure:.2f}, at most {most:g}: {'met' if figure <= most else 'MISSED'}")
    return all(figure <= most for _, figure, most in goals)


if __name__ == "__main__":
    raise SystemExit(main())
