"""Overseer: a person types a task, reads the plan, and it runs as parallel as its data allows.

What a program needs to embed the engine can be imported from here; it is loaded when first used. The decorator is
`overseer.tool.tool`, because `overseer.tool` is the module that tool files import.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from overseer.journal.journal import Journal
    from overseer.plan import WorkflowPlan, WorkflowStep, load_plan
    from overseer.running.engine import Engine, EngineSettings, Run, RunResult
    from overseer.tool import Tool, ToolContext, ToolError

__version__ = "0.1.0"

__all__ = [
    "Engine",
    "EngineSettings",
    "Journal",
    "Run",
    "RunResult",
    "Tool",
    "ToolContext",
    "ToolError",
    "WorkflowPlan",
    "WorkflowStep",
    "load_plan",
]

_HOMES = {
    "overseer.running.engine": ("Engine", "EngineSettings", "Run", "RunResult"),
    "overseer.journal.journal": ("Journal",),
    "overseer.plan": ("WorkflowPlan", "WorkflowStep", "load_plan"),
    "overseer.tool": ("Tool", "ToolContext", "ToolError"),
}


def __getattr__(name: str) -> Any:
    # `--help` and tool files import this package too; they need not wait for SQLite and YAML.
    import importlib

    for home, names in _HOMES.items():
        if name in names:
            return getattr(importlib.import_module(home), name)
    raise AttributeError(f"module 'overseer' has no attribute {name!r}")
