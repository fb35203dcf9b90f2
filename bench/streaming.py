"""What is gained by beginning with a plan while the model is still writing it.

    python bench/streaming.py [--rounds 3] [--stream-s 3] [--step-s 1] [--json FILE] [--check]

A scripted model writes a plan of ten steps, word by word and evenly over the time of the stream; each step sleeps.
In each round both ways go through the whole of it, one after the other in a random order: planner, broker, engine,
journal. One way runs the plan once it is there, the other begins with its steps while it comes. A ratio is taken
within a round, plan-then-run over streaming. `--check` ends with 1 if the plan with a few dependencies gains less
than it must.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from overseer.broker.broker import Broker
from overseer.chat.earlystart import EarlyStart
from overseer.frontends.draft import Planned
from overseer.frontends.planner import Planner
from overseer.journal.journal import Journal
from overseer.models import ModelRoles, ScriptedModel
from overseer.running.engine import Engine
from overseer.running.run import RunResult
from overseer.tool import Cancellation, Tool, ToolContext, tool

MUST = 1.3

# Who waits for whom. In the first, the longest chain is four steps, as in a plan that fetches, works and puts together.
Needs: TypeAlias = Mapping[int, Sequence[int]]
PLANS: dict[str, Needs] = {
    "a few dependencies": {3: [1], 5: [3], 6: [2], 8: [6], 10: [5, 8]},
    "no dependencies": {},
    "one chain": {number: [number - 1] for number in range(2, 11)},
}


def main(argv: list[str] | None = None) -> int:
    options = _options().parse_args(argv)
    measured: dict[str, list[dict[str, float]]] = {}
    for name, needs in PLANS.items():
        measured[name] = [one_round(needs, options.stream_s, options.step_s) for _ in range(options.rounds)]
        print(f"{name}: {_told(measured[name])}", flush=True)
    if options.json is not None:
        options.json.write_text(json.dumps(measured, indent=1), encoding="utf-8")
    gained = statistics.median(each["ratio"] for each in measured["a few dependencies"])
    return 1 if options.check and gained < MUST else 0


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--stream-s", type=float, default=3.0, help="how long the model writes")
    parser.add_argument("--step-s", type=float, default=1.0, help="how long each step takes")
    parser.add_argument("--json", type=Path, metavar="FILE", help="all single measurements")
    parser.add_argument("--check", action="store_true")
    return parser


def _told(rounds: Sequence[Mapping[str, float]]) -> str:
    ratios = [each["ratio"] for each in rounds]
    afterwards, meanwhile = (statistics.median(each[way] for each in rounds) for way in ("afterwards", "meanwhile"))
    spread = f"{min(ratios):.2f}-{max(ratios):.2f}"
    return f"{afterwards:.2f} s / {meanwhile:.2f} s = {statistics.median(ratios):.2f} ({spread})"


def one_round(needs: Needs, stream_s: float, step_s: float) -> dict[str, float]:
    """Both ways once, in a random order."""
    ways: list[tuple[str, Callable[[Engine, Planner], RunResult]]] = [
        ("afterwards", afterwards),
        ("meanwhile", meanwhile),
    ]
    random.shuffle(ways)
    took = {name: timed(way, needs, stream_s, step_s) for name, way in ways}
    return {**took, "ratio": took["afterwards"] / took["meanwhile"]}


def timed(way: Callable[[Engine, Planner], RunResult], needs: Needs, stream_s: float, step_s: float) -> float:
    """The seconds from the request to the end of the run; ValueError if that did not do every step once."""
    calls: list[int] = []
    tools = {"work": working(step_s, calls)}
    reply = written(needs)
    pace_s = stream_s / len(reply.split())
    model = ScriptedModel([{"text": reply, "pace_s": pace_s}])
    with tempfile.TemporaryDirectory() as folder, Journal.open(Path(folder) / "journal.db") as journal:
        engine = Engine(tools.values(), broker=Broker(models=ModelRoles.of(model)), journal=journal)
        ask = partial(engine.door(held_as="this request").ask, context=ToolContext("", "plan", 1, Cancellation()))
        began = time.perf_counter()
        result = way(engine, Planner(ask, tools))
        took = time.perf_counter() - began
    if not result.succeeded or sorted(calls) != list(range(1, 11)):
        raise ValueError(f"wrong result: {result.status}, calls of steps {sorted(calls)}")
    return took


def afterwards(engine: Engine, planner: Planner) -> RunResult:
    draft = planner.draft("Do it.")
    assert isinstance(draft, Planned), draft
    return engine.run(draft.plan)


def meanwhile(engine: Engine, planner: Planner) -> RunResult:
    begun = EarlyStart(engine, planner, "never").draft("Do it.")
    assert begun.run is not None
    assert begun.stage == "whole", begun.reason
    return begun.run.wait()


def working(step_s: float, calls: list[int]) -> Tool:
    @tool
    def work(number: int, after: list[Any]) -> int:
        """Take some time."""
        time.sleep(step_s)
        calls.append(number)
        return number

    return work


def written(needs: Needs) -> str:
    """The plan as a model writes it."""
    steps = [
        {
            "step_id": f"s{number}",
            "description": f"Do the work of step {number}",
            "tool": "work",
            "args": {"number": number, "after": [f"{{{{s{need}}}}}" for need in needs.get(number, ())]},
            "depends_on": [f"s{need}" for need in needs.get(number, ())],
        }
        for number in range(1, 11)
    ]
    return json.dumps({"steps": steps}, indent=1)


if __name__ == "__main__":
    sys.exit(main())
