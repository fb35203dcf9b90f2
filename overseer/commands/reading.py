"""Reading the tools there are, for a command that uses them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from overseer.commands.output import say_if_changed
from overseer.console import say
from overseer.descriptors import kept_from_tools
from overseer.registry import Registry, load_tools, tool_folders


def read_tools(given: Sequence[Path], project: Path) -> Registry:
    """The tools there are; those that could not be read are told of."""
    with kept_from_tools():
        registry = load_tools(tool_folders(project, given))
    for problem in registry.problems:
        say(f"tool file left out: {problem}")
    say_if_changed(project)
    return registry
