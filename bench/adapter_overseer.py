"""Our engine as a peer in the comparison: plan values, validation, events and results as in any run.

    python bench/executor.py --peers overseer,overseer_journal

`OVERSEER_BENCH_JOURNAL=1` records every run in a journal in a fresh folder, with one commit for
each batch of events before anything that follows from it starts.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from overseer.journal.journal import Journal
from overseer.plan import Limits, WorkflowPlan, WorkflowStep
from overseer.plan.references import Ref
from overseer.plan.values import Call
from overseer.running.engine import Engine, EngineSettings
from overseer.tool import Tool, tool

NAME = "overseer"
MODE = "threads"

_BODY = Call("body")


def prepare(dag: Any, fn: Callable[[str, Mapping[str, Any]], Any], workers: int) -> Callable[[], Mapping[str, Any]]:
    """Build the plan and the engine; the returned function runs it and gives every step's value."""
    engine = Engine(
        [_tool(fn)],
        journal=_journal(),
        settings=EngineSettings(max_parallel=workers, limits=Limits(max_steps=1_000_000)),
    )
    refs = {step: Ref(step) for step in dag.deps}
    plan = WorkflowPlan(
        steps=tuple(
            WorkflowStep(
                step, _BODY, args={"step": step, "inputs": {need: refs[need] for need in needs}}, depends_on=needs
            )
            for step, needs in dag.deps.items()
        )
    )
    run = engine.prepare(plan)
    return lambda: run.carry_out().values


def _tool(fn: Callable[[str, Mapping[str, Any]], Any]) -> Tool:
    @tool
    def body(step: str, inputs: dict[str, int]) -> int:
        """One more than the greatest input."""
        result: int = fn(step, inputs)
        return result

    return body


def _journal() -> Journal | None:
    if not os.environ.get("OVERSEER_BENCH_JOURNAL"):
        return None
    return Journal.open(Path(tempfile.mkdtemp(prefix="overseer-bench-")) / "journal.db")
