"""`overseer undo` and `overseer redo`: what the tools of a run changed in files is put back, and again taken back."""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path

from overseer import exits
from overseer.commands.output import put_document, put_lines, say_lines
from overseer.errors import ApprovalNeeded
from overseer.jsonvalue import Json
from overseer.ownterminal import keyboard, line_typed
from overseer.settings.config import Settings
from overseer.undo.preview import Direction, Preview
from overseer.undo.telling import (
    idle_line,
    is_idle,
    outcome_document,
    outcome_lines,
    preview_document,
    preview_lines,
)
from overseer.undo.undoing import Outcome
from overseer.wiring import take_secrets, undoing_in


def undo(options: Namespace, settings: Settings) -> int:
    """Put back what a run changed."""
    return _carried_out(options, settings, "undo")


def redo(options: Namespace, settings: Settings) -> int:
    """Take an undo back."""
    return _carried_out(options, settings, "redo")


def _carried_out(options: Namespace, settings: Settings, direction: Direction) -> int:
    take_secrets(settings)  # so that no difference shows one
    with undoing_in(settings, Path.cwd(), read_only=options.preview) as undoing:
        preview = undoing.preview(options.run, direction)
        if options.preview:
            _show(preview, options)
            return exits.OK
        if not options.json:
            say_lines(preview_lines(preview, force=options.force))
        if not options.yes and not _is_agreed(preview, options):
            say_lines([f"nothing was changed; to {direction} it later: overseer {direction} {preview.run.run_id}"])
            return exits.APPROVAL
        outcome = undoing.carry_out(preview, force=options.force)
    _tell(preview, outcome, options)
    return exits.STEP_FAILED if outcome.left or outcome.failed else exits.OK


def _is_agreed(preview: Preview, options: Namespace) -> bool:
    """Whether the person at the terminal says yes; ApprovalNeeded if nobody can be asked."""
    if not any(file.is_free or (options.force and file.conflict) for file in preview.files):
        return True  # nothing is changed
    if options.json or not (keyboard().isatty() and sys.stderr.isatty()):
        raise ApprovalNeeded(
            f"to {preview.direction} run {preview.run.run_id} needs a yes, and nobody can be asked; "
            "look at it with --preview, then give --yes"
        )
    print(f"{preview.direction.capitalize()} this? [y/N] ", end="", file=sys.stderr, flush=True)
    try:
        return line_typed().strip().lower() in ("y", "yes")
    except KeyboardInterrupt:
        return False


def _show(preview: Preview, options: Namespace) -> None:
    if options.json:
        put_document({"schema": "overseer.undo/1", **preview_document(preview), "outcome": None})
    else:
        put_lines([idle_line(preview)] if is_idle(preview) else preview_lines(preview, force=options.force))


def _tell(preview: Preview, outcome: Outcome, options: Namespace) -> None:
    if not options.json:
        put_lines(outcome_lines(preview, outcome))
        return
    document: dict[str, Json] = {"schema": "overseer.undo/1", **preview_document(preview)}
    put_document({**document, "outcome": outcome_document(outcome)})
