"""Plan files: reading their text, and finding the file that a path or the name of a workflow stands for."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from overseer.errors import PlanNotFound, UsageError
from overseer.plan.document import MAX_BYTES
from overseer.plan.faults import Fault
from overseer.plan.suggestions import did_you_mean

SUFFIXES = (".yaml", ".yml", ".json")  # what a workflow's name may stand for
FOREIGN_SUFFIXES = (".toml", ".pipe")  # of plans in a form of their own; these are named in full


class NoText(Exception):
    """A file whose text cannot be had; `fault` says why."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(str(fault))
        self.fault = fault


def read_text(path: Path) -> str:
    """The text of a plan file; NoText says why there is none."""
    try:
        _require_an_end(path)
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)  # what is piped need never end
    except FileNotFoundError:
        raise NoText(Fault(f"there is no file '{path}'", _neighbour(path))) from None
    except IsADirectoryError:
        raise NoText(Fault(f"'{path}' is a folder", "name a file in it")) from None
    except OSError as error:
        raise NoText(Fault(f"'{path}' cannot be read: {error.strerror or error}")) from None
    if len(content) > MAX_BYTES:
        raise NoText(Fault(f"'{path}' is larger than {MAX_BYTES // 1024 // 1024} MiB"))
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise NoText(Fault(f"'{path}' is not UTF-8 text", "save it as UTF-8", line=line)) from None


# What a shell has opened for us: `overseer check /dev/stdin < FILE`, `overseer check <(command)`.
_OPENED_FOR_US = re.compile(r"/dev/stdin|/(?:dev|proc/self)/fd/\d+")


def _require_an_end(path: Path) -> None:
    """NoText for what would be waited for in vain, such as a named pipe that nobody writes to."""
    mode = path.stat().st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or _OPENED_FOR_US.fullmatch(str(path))):
        raise NoText(Fault(f"'{path}' is not a file but {_kind(mode)}", "write the plan to a file"))


def _kind(mode: int) -> str:
    if stat.S_ISFIFO(mode):
        return "a named pipe"
    return "a socket" if stat.S_ISSOCK(mode) else "a device"


def find_workflow(name: str, *, folder: Path, folders: Iterable[Path] = ()) -> tuple[Path | None, tuple[Path, ...]]:
    """The file that a workflow's name or path means in a file of `folder`, and the places looked at."""
    places = tuple(_places(name, folder, folders))
    return next((place for place in places if _is_file(place)), None), places


def find_plan(named: str, *, folder: Path, workflows: Path) -> Path | None:
    """The plan file that somebody means by its path, or by the name of a workflow there or of a saved one."""
    try:
        direct = folder / Path(named).expanduser()
    except RuntimeError:  # of somebody who is not there
        direct = folder / named
    if _is_file(direct):
        return direct
    found, _ = find_workflow(named, folder=folder, folders=(workflows,))
    return found or (direct if _is_there(direct) else None)  # what cannot be read is told of as what it is


def plan_file(named: str, *, folder: Path, workflows: Path) -> Path:
    """The same; PlanNotFound says what there is instead."""
    if (found := find_plan(named, folder=folder, workflows=workflows)) is not None:
        return found
    saved = [path.stem for path in saved_workflows(workflows)]
    help = did_you_mean(named, saved, "saved are") or _neighbour(folder / named) or "none is saved yet"
    raise PlanNotFound(Fault(f"there is neither a plan file nor a saved workflow '{named}'", help))


def saved_workflows(folder: Path) -> list[Path]:
    """The files of the workflows that were saved; UsageError if they cannot be listed."""
    try:
        return sorted(path for path in folder.iterdir() if path.suffix in SUFFIXES and path.is_file())
    except FileNotFoundError:
        return []
    except OSError as error:
        raise UsageError(f"the saved workflows in {folder} cannot be read: {error.strerror}") from error


def _places(name: str, folder: Path, folders: Iterable[Path]) -> Iterator[Path]:
    if "/" in name or "\\" in name or name.lower().endswith(SUFFIXES + FOREIGN_SUFFIXES):
        yield folder / name
        return
    for place in (folder, *folders):
        for suffix in SUFFIXES:
            yield place / f"{name}{suffix}"


def _neighbour(path: Path) -> str:
    """Help for a file that is there under another suffix."""
    for suffix in SUFFIXES + FOREIGN_SUFFIXES:
        other = path.with_suffix(suffix) if path.name else path
        if other != path and _is_file(other):
            return f"did you mean '{other}'?"
    return ""


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name that is too long or none at all, a folder that is closed to us
        return False


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False
