"""Programs that have done their task, kept to be used again: for the same task, names of arguments, and tools."""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from overseer.errors import OverseerError, UsageError
from overseer.frontends.programs import Task
from overseer.home import make_private
from overseer.jsonvalue import Json, json_text
from overseer.text.brevity import brief

_FORM = 1
_LARGEST = 1 << 20
_FILE = re.compile(r"([0-9a-f]{32})\.json")
_PART = ".part"
_OLD_S = 3600.0  # nobody takes so long to write a file
_MOST_LISTED = 5


@dataclass(frozen=True, slots=True)
class Kept:
    """A program on the shelf. One whose file is damaged is not used; `damage` says what is wrong with it."""

    id: str
    task: str
    names: tuple[str, ...]
    tools: tuple[str, ...]
    source: str
    size: int  # bytes of its file
    written: float  # in seconds since 1970
    used: float  # when it last did its task
    damage: str = ""


class Shelf:
    """A folder with a file for each program. Whoever deletes one has it written anew."""

    def __init__(self, folder: Path, clock: Callable[[], float] = time.time) -> None:
        self._folder = folder
        self._clock = clock

    # --- for steps

    def find(self, task: Task) -> str | None:
        kept = self._read(self._place(task))
        if kept is None or kept.damage or (kept.task, kept.names, kept.tools) != task.signature:
            return None
        return kept.source

    def keep(self, task: Task, source: str) -> None:
        """A program that cannot be kept is no loss to the step that it has served."""
        place, now = self._place(task), self._clock()
        with suppress(OSError):
            if self.find(task) == source:
                os.utime(place, (now, now))  # that time tells when it was last used
                return
            record = {"form": _FORM, **_described(task), "written": now, "source": source}
            make_private(self._folder)
            _write(self._folder, place, json.dumps(record, indent=1), now)

    # --- for people

    def kept(self) -> list[Kept]:
        """All that is on the shelf, also what is damaged; what was used last comes first."""
        found = (self._read(place) for place in self._places())
        return sorted((kept for kept in found if kept is not None), key=lambda kept: (-kept.used, kept.id))

    def named(self, text: str) -> Kept:
        """The program that a person meant by its id, or by the beginning of it; UsageError if it is not one."""
        beginning = text.strip().lower()
        everything = self.kept()
        meant = [kept for kept in everything if beginning and kept.id.startswith(beginning)]
        if len(meant) == 1:
            return meant[0]
        if meant:
            raise UsageError(f"{text!r} could be several programs; type more of the id: {_listed(meant)}")
        there_are = f"there are: {_listed(everything)}" if everything else f"{self._folder} holds none"
        raise UsageError(f"no kept program's id begins with {text!r}; {there_are}")

    def delete(self, kept: Kept) -> None:
        """Take a program off the shelf; the next step that needs it has it written anew."""
        place = self._folder / f"{kept.id}.json"
        try:
            place.unlink(missing_ok=True)
        except OSError as error:
            raise OverseerError(f"cannot delete {place}: {error.strerror}") from error

    def clear(self) -> list[Kept]:
        """Delete every program, and what was left of files that were never written to their end."""
        deleted = self.kept()
        for kept in deleted:
            self.delete(kept)
        for part in self._folder.glob(f"*{_PART}"):
            with suppress(OSError):
                if part.stat().st_mtime < self._clock() - _OLD_S:
                    part.unlink()
        return deleted

    # --- files

    def _place(self, task: Task) -> Path:
        digest = hashlib.sha256(json_text(_described(task)).encode()).hexdigest()
        return self._folder / f"{digest[:32]}.json"

    def _places(self) -> list[Path]:
        try:
            return [place for place in self._folder.iterdir() if _FILE.fullmatch(place.name)]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise OverseerError(f"cannot read the kept programs in {self._folder}: {error.strerror}") from error

    def _read(self, place: Path) -> Kept | None:
        """What a file holds; None if there is no such file."""
        data, damage, size, changed = b"", "", 0, 0.0
        try:
            status = place.stat()
            size, changed = status.st_size, status.st_mtime
            with place.open("rb") as file:
                data = file.read(_LARGEST + 1)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            damage = f"it cannot be read: {error.strerror}"
        record: dict[str, Any] = {}
        if not damage:
            record, damage = _parsed(data)
        return Kept(
            id=place.stem,
            task=record.get("task", ""),
            names=tuple(record.get("input", ())),
            tools=tuple(record.get("tools", ())),
            source=record.get("source", ""),
            size=size,
            written=record.get("written") or changed,
            used=changed,
            damage=damage,
        )


def _described(task: Task) -> dict[str, Json]:
    text, names, tools = task.signature
    return {"task": text, "input": list(names), "tools": list(tools)}


def _parsed(data: bytes) -> tuple[dict[str, Any], str]:
    """The record in a file, or nothing and what is wrong with it."""
    if len(data) > _LARGEST:
        return {}, f"it is larger than {_LARGEST >> 20} MiB"
    try:
        record = json.loads(data)
    except (ValueError, RecursionError):
        return {}, "it is no JSON"
    if not isinstance(record, dict) or record.get("form") != _FORM:
        return {}, f"it is not of the form {_FORM}"
    for key, fits in _FITS.items():
        if not fits(record.get(key)):
            return {}, f"its '{key}' is missing or wrong"
    return record, ""


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _is_time(value: object) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e11)


_FITS: Mapping[str, Callable[[object], bool]] = {
    "task": _is_text,
    "input": _are_texts,
    "tools": _are_texts,
    "source": _is_text,
    "written": _is_time,
}


def _write(folder: Path, place: Path, text: str, now: float) -> None:
    """All of the text or nothing, for this user alone."""
    descriptor, path = tempfile.mkstemp(dir=folder, suffix=_PART)
    try:
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        os.utime(path, (now, now))
        os.replace(path, place)
    except BaseException:
        with suppress(OSError):
            os.unlink(path)
        raise


def _listed(kept: list[Kept]) -> str:
    listed = ", ".join(f"{each.id[:12]} ({_shortened(each)})" for each in kept[:_MOST_LISTED])
    return f"{listed}, …" if len(kept) > _MOST_LISTED else listed


def _shortened(kept: Kept) -> str:
    return "damaged" if kept.damage else brief(kept.task, 40)
