"""Where tools come from: folders of Python files with `@tool` functions in them.

Later folders take precedence. A broken file is reported and does not take the others down.
"""

from __future__ import annotations

import hashlib
import importlib.util
import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from overseer.errors import UsageError
from overseer.tool import Tool


@dataclass(frozen=True, slots=True)
class Registry:
    """The tools found, by name, and what was wrong with the files that gave none."""

    tools: dict[str, Tool]
    problems: tuple[str, ...]


def our_tools() -> Path:
    """The folder of tools that come with the program, in a checkout or in an installed package."""
    installed = Path(__file__).parent / "tools"
    return installed if installed.is_dir() else Path(__file__).parent.parent / "tools"


def load_tools(folders: Sequence[Path]) -> Registry:
    """All tools in these folders; UsageError if one is not a folder."""
    tools: dict[str, Tool] = {}
    problems: list[str] = []
    for folder in folders:
        if not folder.is_dir():
            raise UsageError(f"tools folder {folder} does not exist or is not a folder")
        found: dict[str, Tool] = {}
        for path in sorted(folder.glob("*.py")):
            try:
                module = _imported(path)
            except BaseException as error:  # a stranger's file: even its SystemExit must not end us
                if isinstance(error, KeyboardInterrupt):
                    raise
                problems.append(_complaint(path, error))
                continue
            for tool in _tools_of(module):
                if tool.name in found:
                    problems.append(f"{path}: the tool '{tool.name}' is already defined in {found[tool.name].origin}")
                else:
                    found[tool.name] = tool
        tools.update(found)
    return Registry(tools, tuple(problems))


def _imported(path: Path) -> ModuleType:
    digest = hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:8]
    name = f"overseer_tools_{path.stem}_{digest}"
    spec = importlib.util.spec_from_file_location(name, path.resolve())
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and pickling look their module up by name
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _tools_of(module: ModuleType) -> list[Tool]:
    """The tools that a module defines itself, not those it imported."""
    return [
        value
        for value in vars(module).values()
        if isinstance(value, Tool) and value.function.__module__ == module.__name__
    ]


def _complaint(path: Path, error: BaseException) -> str:
    line = next(
        (
            frame.lineno
            for frame in reversed(traceback.extract_tb(error.__traceback__))
            if frame.filename == str(path.resolve())
        ),
        getattr(error, "lineno", None),
    )
    where = f"{path}:{line}" if line else str(path)
    return f"{where}: {type(error).__name__}: {error}"
