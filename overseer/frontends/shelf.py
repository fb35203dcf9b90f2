"""Programs that have done their task, kept to be used again: for the same task, names of arguments, and tools."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from pathlib import Path

from overseer.frontends.programs import Task
from overseer.home import make_private
from overseer.jsonvalue import json_text

_FORM = 1


class Shelf:
    """A folder with a file for each program. Whoever deletes one has it written anew."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, task: Task) -> str | None:
        try:
            record = json.loads(self._place(task).read_text(encoding="utf-8"))
            source = record["source"] if record["form"] == _FORM else None
        except (OSError, ValueError, LookupError, TypeError):  # none, or none that can be read
            return None
        return source if isinstance(source, str) else None

    def keep(self, task: Task, source: str) -> None:
        """A program that cannot be kept is no loss to the step that it has served."""
        record = {"form": _FORM, **_signature(task), "source": source}
        try:
            make_private(self._folder)
            descriptor, path = tempfile.mkstemp(dir=self._folder, suffix=".part")
            with open(descriptor, "w", encoding="utf-8") as file:
                file.write(json.dumps(record, indent=1))
            os.replace(path, self._place(task))
        except OSError:
            return

    def _place(self, task: Task) -> Path:
        digest = hashlib.sha256(json_text(_signature(task)).encode()).hexdigest()
        return self._folder / f"{digest[:32]}.json"


def _signature(task: Task) -> dict[str, object]:
    return {"task": task.text, "input": sorted(task.args), "tools": sorted(task.tools)}
