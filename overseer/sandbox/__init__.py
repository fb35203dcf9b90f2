"""A jail for code that a model wrote: it can compute, and reach nothing but the broker.

with Sandbox.start() as sandbox:
    outcome = sandbox.run(Job("def main(input): return input['x'] * 2", {"x": 21}))
    assert outcome.value == 42
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from overseer.sandbox.values import LEVELS, Job, Level, Limits, Metrics, Outcome, Verdict

if TYPE_CHECKING:
    from overseer.sandbox.sandbox import Sandbox, SandboxUnavailable
    from overseer.sandbox.template import NodeNotStarted, SandboxLost

__all__ = [
    "LEVELS",
    "Job",
    "Level",
    "Limits",
    "Metrics",
    "NodeNotStarted",
    "Outcome",
    "Sandbox",
    "SandboxLost",
    "SandboxUnavailable",
    "Verdict",
]

_HOMES = {
    "Sandbox": "sandbox",
    "SandboxUnavailable": "sandbox",
    "SandboxLost": "template",
    "NodeNotStarted": "template",
}


def __getattr__(name: str) -> Any:
    # The settings name levels and limits; they need not wait for what makes them true.
    if name in _HOMES:
        import importlib

        return getattr(importlib.import_module(f"overseer.sandbox.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'overseer.sandbox' has no attribute {name!r}")
