"""The folders that tools come from, in rising precedence, and which of them are trusted.

A tool file is a program. Ours and those in the user's own folder are taken as they are; so is what is
named on the command line. The `tools` folder of whatever project one happens to stand in is read only
after the user has said that it may be, and no longer than it stays as it was then.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from overseer.errors import UsageError
from overseer.home import home, workflows_folder
from overseer.trust import Trust, trust_in

Layer = Literal["built-in", "project", "user", "given"]


@dataclass(frozen=True, slots=True)
class ToolFolder:
    """A folder of tool files, and whose it is."""

    path: Path
    layer: Layer


def our_tools() -> Path:
    """The folder of tools that come with the program, in a checkout or in an installed package."""
    package = Path(__file__).parent.parent
    installed = package / "tools"
    return installed if installed.is_dir() else package.parent / "tools"


def user_tools() -> Path:
    return home() / "tools"


def tool_folders(project: Path, given: Sequence[Path] = ()) -> list[ToolFolder]:
    """The folders to read, later ones taking precedence; UsageError if one that was named is not there."""
    folders = [ToolFolder(our_tools(), "built-in")]
    theirs = project_tools(project)
    if theirs is not None and trust_of(theirs) == "given":
        folders.append(ToolFolder(theirs, "project"))
    if user_tools().is_dir():
        folders.append(ToolFolder(user_tools(), "user"))
    for path in given:
        if not path.is_dir():
            raise UsageError(f"tools folder {path} does not exist or is not a folder")
        folders.append(ToolFolder(path, "given"))
    return folders


def project_tools(project: Path) -> Path | None:
    """The project's folder of tools, if it has one with anything in it that could be a tool."""
    folder = project / "tools"
    if not folder.is_dir() or folder.resolve() == our_tools().resolve():
        return None
    return folder if any(may_hold_tools(path) for path in tool_files(folder)) else None


def trust_of(folder: Path) -> Trust:
    """Whether the tools of a project may be read."""
    return trust_in(folder, tool_files(folder))


def changed_since_trusted(project: Path) -> str:
    """What to say where a project's tools were trusted and are others by now; nothing if all is well."""
    folder = project_tools(project)
    if folder is None or trust_of(folder) != "outdated":
        return ""
    return (
        f"not read: the tools of this project in {folder}, which changed since they were trusted; "
        "look at them, and if they may be read: overseer tools --trust"
    )


def unread_file(project: Path, tool: str) -> Path | None:
    """The first file of a project's tools that names this one, where nobody has said that they may be read.

    None of them is carried out for that.
    """
    folder = project_tools(project)
    if folder is None or trust_of(folder) == "given":
        return None
    word = re.compile(rf"\b{re.escape(tool)}\b")
    return next((path for path in tool_files(folder) if path.stem == tool or word.search(_text(path))), None)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def never_written(project: Path, given: Sequence[Path] = ()) -> tuple[Path, ...]:
    """Where tools and saved plans are read from, now or later: whoever writes there decides what is run."""
    return (our_tools(), project / "tools", user_tools(), workflows_folder(), *given)


def tool_files(folder: Path) -> list[Path]:
    """The files of a folder that are read for tools, by name."""
    return sorted(path for path in folder.iterdir() if path.suffix in (".py", ".yaml", ".yml") and path.is_file())


def may_hold_tools(path: Path) -> bool:
    """Whether a file is meant to hold tools at all: many projects have a folder of this name."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return True  # whoever reads it will say what is wrong
    if path.suffix == ".py":
        return "overseer" in text
    return any(f"{kind}:" in text for kind in ("llm", "command", "executable", "http", "openapi", "workflow"))
