"""Reading the tools there are, for a command that uses them, and telling of those that are not read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from overseer.commands.output import say_if_changed
from overseer.console import say
from overseer.descriptors import kept_from_tools
from overseer.errors import PlanError
from overseer.plan.faults import Fault
from overseer.registry import Registry, load_tools, tool_folders
from overseer.registry.folders import unread_file


def read_tools(given: Sequence[Path], project: Path) -> Registry:
    """The tools there are; those that could not be read are told of."""
    with kept_from_tools():
        registry = load_tools(tool_folders(project, given))
    for problem in registry.problems:
        say(f"tool file left out: {problem}")
    say_if_changed(project)
    return registry


@contextmanager
def telling_of_unread(project: Path) -> Iterator[None]:
    """For reading plans: a tool that is missing, and in a file that is not read, is told of with that file."""
    try:
        yield
    except PlanError as error:
        if any(fault.tool for fault in error.faults):
            raise PlanError(with_unread(error.faults, project), source=error.source) from error
        raise


def with_unread(faults: Iterable[Fault], project: Path) -> tuple[Fault, ...]:
    """The faults; where a tool is missing that a file of the project names, how that file would be read."""
    return tuple(replace(fault, help=_help(fault, project)) if fault.tool else fault for fault in faults)


def _help(fault: Fault, project: Path) -> str:
    path = unread_file(project, fault.tool)
    if path is None:
        return fault.help
    return f"{path.relative_to(project)} names it, but is not read; to trust the tools here: overseer tools --trust"
