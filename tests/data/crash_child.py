"""A process that carries out a plan and kills itself at a given journal boundary.

    python crash_child.py JOURNAL EFFECTS BATCH before|after

Each call of the tool appends its key to EFFECTS. BATCH counts the commits; 0 never kills.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from overseer import Engine, EngineSettings, Journal
from overseer.journal.runlog import RunLog
from overseer.kernel.events import Event
from overseer.tool import Tool, ToolContext, tool

# 20 steps: a chain, a batch side by side, a map, a loop, and a join of them all.
PLAN: dict[str, Any] = {
    "name": "crash",
    "steps": [
        {"step_id": "first", "tool": "note"},
        *({"step_id": f"batch{n}", "tool": "note", "args": {"given": "{{first}}"}} for n in range(8)),
        {
            "step_id": "map",
            "for_each": ["a", "b", "c", "d"],
            "depends_on": ["first"],
            "steps": [
                {"step_id": "one", "tool": "note", "args": {"given": "{{item}}"}},
                {"step_id": "twice", "tool": "note", "args": {"given": ["{{item}}", "{{one}}"]}},
            ],
        },
        {
            "step_id": "loop",
            "repeat": {"until": {"ref": "{{index}}", "op": "ge", "value": 2}, "limit": 5},
            "steps": [{"step_id": "round", "tool": "note", "args": {"given": ["{{last}}", "{{index}}"]}}],
        },
        *(
            {"step_id": f"chain{n}", "tool": "note", "args": {"given": f"{{{{{f'chain{n - 1}' if n else 'first'}}}}}"}}
            for n in range(8)
        ),
        {
            "step_id": "join",
            "tool": "note",
            "args": {"given": [*(f"{{{{batch{n}}}}}" for n in range(8)), "{{map}}", "{{loop}}", "{{chain7}}"]},
        },
    ],
}


def note_tool(effects: Path) -> Tool:
    """A tool that leaves a trace of having ended, and whose result depends on what it was given."""

    @tool
    def note(context: ToolContext, given: Any = None) -> Any:
        """Append the key of the call to a file."""
        context.wait(0.002)  # so that ends do not all fall into one commit
        descriptor = os.open(effects, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(descriptor, f"{context.key}\n".encode())
        os.close(descriptor)
        return [context.key, given]

    return note


def kill_at(batch: int, when: str) -> None:
    """Have this process killed around its n-th commit, as if the power switch of the process were hit."""
    append, commits = RunLog.append, 0

    def counted(log: RunLog, events: Sequence[Event]) -> None:
        nonlocal commits
        commits += 1
        if commits == batch and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        append(log, events)
        if commits == batch:
            os.kill(os.getpid(), signal.SIGKILL)

    RunLog.append = counted  # type: ignore[method-assign]


def main() -> None:
    journal, effects, batch, when = sys.argv[1:]
    kill_at(int(batch), when)
    with Journal.open(Path(journal)) as opened:
        Engine([note_tool(Path(effects))], journal=opened, settings=EngineSettings(max_parallel=3)).run(PLAN)


if __name__ == "__main__":
    main()
