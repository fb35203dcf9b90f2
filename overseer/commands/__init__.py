"""The commands without a chat. What a command returns is the process's exit code.

Results go to standard output, everything said on the way to standard error.
"""

from __future__ import annotations

import importlib
from argparse import Namespace
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from overseer.config import Settings

Command = Callable[[Namespace, "Settings"], int]

_HOMES = {
    "plan": "planning",
    "check": "plans",
    "run": "plans",
    "resume": "plans",
    "runs": "runs",
    "show": "runs",
    "tools": "tools",
    "call": "tools",
    "serve": "serving",
    "node": "nodes",
    "nodes": "keptnodes",
    "demo": "demo",
    "doctor": "doctor",
}


def command_of(name: str) -> Command:
    """The command of this name. Only its module is loaded: who lists runs need not wait for the engine."""
    command: Command = getattr(importlib.import_module(f"overseer.commands.{_HOMES[name]}"), name)
    return command
