"""The commands without a chat. What a command returns is the process's exit code.

Results go to standard output, everything said on the way to standard error.
"""

from __future__ import annotations

import importlib
import os
from argparse import Namespace
from collections.abc import Callable
from typing import TYPE_CHECKING

from overseer.errors import UsageError

if TYPE_CHECKING:
    from overseer.settings.config import Settings
    from overseer.settings.given import Flags

Command = Callable[[Namespace, "Settings"], int]

_HOMES = {
    "chat": "chat",
    "plan": "planning",
    "check": "plans",
    "run": "plans",
    "pipe": "plans",
    "resume": "plans",
    "runs": "runs",
    "show": "runs",
    "sessions": "sessions",
    "graph": "views",
    "timeline": "views",
    "undo": "undoing",
    "redo": "undoing",
    "tools": "tools",
    "call": "tools",
    "serve": "serving",
    "node": "nodes",
    "nodes": "keptnodes",
    "demo": "demo",
    "doctor": "doctor",
    "config": "config",
}

# These read the settings themselves: they are there for when something is wrong with them.
_BARE = ("config", "doctor")


def carry_out(options: Namespace) -> int:
    """Do what a command line says. Only the module of its command is loaded: who lists runs need not wait for more."""
    _require_folder()
    name = options.command
    command = getattr(importlib.import_module(f"overseer.commands.{_HOMES[name]}"), name)
    if name in _BARE:
        return int(command(options))
    from overseer.settings.config import load_settings

    return int(command(options, load_settings(flags_of(options))))


def _require_folder() -> None:
    """UsageError where nothing can be found from here: the folder was deleted, or belongs to somebody else."""
    try:
        os.stat(os.path.join(os.getcwd(), os.curdir))
    except OSError as error:
        raise UsageError(
            f"the folder that you stand in cannot be used ({error.strerror}); go to another one"
        ) from error


def flags_of(options: Namespace) -> Flags:
    """What a command line says about settings."""
    from overseer.settings.given import Flags

    model, base_url = getattr(options, "model", None) or "", getattr(options, "base_url", None) or ""
    return Flags(options.config_file, tuple(options.set), model, base_url)
