from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from overseer.registry import ToolFolder, load_tools, our_tools
from overseer.tool import Cancellation, Services, Tool, ToolContext
from overseer.workspace import FolderWorkspace
from tests.doors import OpenDoor

Run = Callable[..., Any]


@pytest.fixture(scope="session")
def our() -> dict[str, Tool]:
    """The tools that come with the program."""
    registry = load_tools([ToolFolder(our_tools(), "built-in")])
    assert not registry.problems
    return registry.tools


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    folder.mkdir()
    return folder


@pytest.fixture
def cancellation() -> Cancellation:
    return Cancellation()


@pytest.fixture
def run(our: dict[str, Tool], root: Path, cancellation: Cancellation) -> Iterator[Run]:
    """Calls a tool as a step would: arguments and result are checked against what the tool says of them."""
    caller = OpenDoor(our)
    with FolderWorkspace(root) as workspace:
        context = ToolContext("run", "step", 1, cancellation, Services(workspace=workspace))
        yield lambda name, **args: caller.call(name, args, context)
