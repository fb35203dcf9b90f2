"""Editing a plan as YAML in the editor of whoever is at the terminal.

What was typed is kept until it is a plan without faults or somebody wants the plan as it was: nobody
types it twice for a slip.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from overseer.errors import UsageError
from overseer.plan import Limits, check_draft, read_plan, to_yaml
from overseer.plan.faults import Fault
from overseer.plan.values import WorkflowPlan
from overseer.tool import Tool

_USUAL_EDITORS = ("nano", "vi", "notepad")


@dataclass(frozen=True, slots=True)
class Edited:
    """What came out of the editor: a plan, or why it is none."""

    text: str
    plan: WorkflowPlan | None
    faults: tuple[Fault, ...] = ()
    notes: tuple[str, ...] = ()


def edited(text: str, editor: str, tools: Mapping[str, Tool], limits: Limits) -> Edited:
    """What somebody made of a plan's text in an editor."""
    return checked_text(in_editor(text, editor, suffix=".yaml"), tools, limits)


def checked_text(text: str, tools: Mapping[str, Tool], limits: Limits) -> Edited:
    """A plan from text; every fault has its line there."""
    checked = check_draft(read_plan(text, syntax="yaml"), tools=tools, limits=limits, folder=None)
    if checked.faults:
        return Edited(text, None, tuple(checked.faults))
    return Edited(text, checked.plan, notes=tuple(checked.notes))


def in_editor(text: str, editor: str, *, suffix: str) -> str:
    """What is left of a text when its editor is closed; UsageError if there is no editor, or it fails."""
    command = shlex.split(editor or usual_editor())
    descriptor, name = tempfile.mkstemp(suffix=suffix, prefix="overseer-")
    path = Path(name)
    try:
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        code = subprocess.call([*command, name])
        if code != 0:
            raise UsageError(f"the editor {command[0]} ended with {code}; nothing was changed")
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise UsageError(
            f"there is no editor {command[0]}; name one in EDITOR, or under 'chat' in config.yaml"
        ) from error
    except UnicodeDecodeError as error:
        raise UsageError("what the editor wrote is not UTF-8; nothing was changed") from error
    except OSError as error:
        raise UsageError(f"the editor cannot be used: {error.strerror}; nothing was changed") from error
    finally:
        path.unlink(missing_ok=True)


def usual_editor() -> str:
    """The editor that the environment names, or one that there usually is."""
    named = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if named:
        return named
    import shutil

    return next((name for name in _USUAL_EDITORS if shutil.which(name)), _USUAL_EDITORS[0])


def as_text(plan: WorkflowPlan) -> str:
    """The plan to be edited."""
    return to_yaml(plan)
