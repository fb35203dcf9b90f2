"""A process that plans, fails, mends the plan and is killed in the middle of what was mended.

    python replan_child.py JOURNAL EFFECTS SERVER

Each call of a tool appends its name to EFFECTS. SERVER speaks OpenAI's language.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from overseer import Engine, Journal
from overseer.broker.broker import Broker
from overseer.chat.outcomes import outcome_of
from overseer.frontends.draft import Planned
from overseer.frontends.planner import Planner
from overseer.frontends.replanning import Reviser
from overseer.models import ModelRoles, connector, parse_models
from overseer.reports.report import Report
from overseer.tool import Cancellation, Tool, ToolContext, ToolError, tool

REQUEST = "Count the cats, and then the dogs."


def make_tools(effects: Path, when_reached: Callable[[], None]) -> list[Tool]:
    """Tools that leave a trace of each call; `risky` has something happen while it is at work."""

    def note(name: str) -> None:
        descriptor = os.open(effects, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(descriptor, f"{name}\n".encode())
        os.close(descriptor)

    @tool(effect="write", writes=["file:{name}"], idempotent=False)
    def count(name: str) -> int:
        """Count something, which has an effect and must not be done twice."""
        note(f"count {name}")
        return len(name)

    @tool
    def broken(name: str) -> int:
        """A way to count that is out of order."""
        note(f"broken {name}")
        raise ToolError("this way to count is out of order")

    @tool
    def risky(number: int) -> int:
        """Double a number."""
        note("risky")
        when_reached()
        return 2 * number

    return [count, broken, risky]


def make_engine(journal: Journal, effects: Path, server: str, when_reached: Callable[[], None]) -> Engine:
    settings = {"roles": {"overseer": "s/tiny"}, "providers": {"s": {"kind": "openai", "base_url": server}}}
    models = ModelRoles(parse_models(settings, {}), connector(lambda name: None))
    return Engine(make_tools(effects, when_reached), journal=journal, broker=Broker(models=models))


def main() -> None:
    journal, effects, server = sys.argv[1:]
    with Journal.open(Path(journal)) as opened:
        engine = make_engine(opened, Path(effects), server, lambda: os.kill(os.getpid(), signal.SIGKILL))
        door = engine.door()
        context = ToolContext("", "plan", 1, Cancellation())
        first = Planner(lambda question: door.ask(question, context), engine.tools).draft(REQUEST)
        assert isinstance(first, Planned), first
        run = engine.prepare(first.plan)
        report = Report(run.plan)
        run.watch(report.observe)
        assert run.carry_out().status == "failed"
        patch = Reviser(Planner(run.ask, engine.tools)).patch(REQUEST, outcome_of(report, engine.tools))
        assert isinstance(patch, Planned), patch
        engine.prepare_resume(run.run_id, plan=patch.plan).carry_out()


if __name__ == "__main__":
    main()
