"""What the tests of tools share: the tools as they are loaded, a call with its checks, files in a folder."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import Any

from overseer.jsonvalue import as_json
from overseer.registry import ToolFolder, load_tools, our_tools
from overseer.tool import Cancellation, FileInfo, Services, Tool, ToolContext, ToolError, Workspace
from tests.doors import OpenDoor


@cache
def tools() -> dict[str, Tool]:
    registry = load_tools([ToolFolder(our_tools(), "built-in")])
    assert not registry.problems
    return registry.tools


def call(
    tool: str, /, *, workspace: Workspace | None = None, cancellation: Cancellation | None = None, **args: Any
) -> Any:
    """The result of one of our tools, as a step would get it."""
    context = ToolContext("run", "step", 1, cancellation or Cancellation(), Services(workspace=workspace))
    return as_json(OpenDoor(tools()).call(tool, args, context))


class FolderWorkspace:
    """Files beneath a folder of the test."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, path: str, *, limit: int | None = None) -> bytes:
        place = self._place(path)
        if not place.is_file():
            raise ToolError(f"there is no file '{path}'", kind="bad_request")
        if limit is not None and place.stat().st_size > limit:
            raise ToolError(f"'{path}' has more than {limit} bytes", kind="bad_request")
        return place.read_bytes()

    def read_text(self, path: str, *, limit: int | None = None) -> str:
        return self.read(path, limit=limit).decode()

    def write(self, path: str, data: bytes) -> None:
        self._place(path).parent.mkdir(parents=True, exist_ok=True)
        self._place(path).write_bytes(data)

    def append(self, path: str, data: bytes) -> None:
        with self._place(path).open("ab") as file:
            file.write(data)

    def files(self, path: str = ".", *, pattern: str = "**") -> Iterator[FileInfo]:
        for place in sorted(self._place(path).rglob("*")):
            name = place.relative_to(self._folder).as_posix()
            if fnmatch(name, pattern):
                yield FileInfo(name, place.stat().st_size, place.stat().st_mtime, place.is_dir())

    def _place(self, path: str) -> Path:
        place = (self._folder / path).resolve()
        if not place.is_relative_to(self._folder.resolve()):
            raise ToolError(f"'{path}' is outside the workspace", kind="denied")
        return place
