"""A preview of undoing, and what came of it, as lines for people and as a document for programs."""

from __future__ import annotations

import time
from collections.abc import Iterator

from overseer.jsonvalue import Json
from overseer.undo.preview import FilePreview, Preview
from overseer.undo.undoing import Outcome
from overseer.workspace.quota import in_words

# So many files are shown one by one.
_MOST_FILES = 200

# So many lines of differences in all.
_MOST_LINES = 400


def preview_lines(preview: Preview, *, force: bool = False) -> Iterator[str]:
    """What would happen, with or without force, as people read it before they agree; nothing where nothing would."""
    run = preview.run
    verb = "Undo" if preview.direction == "undo" else "Redo"
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(run.changed))
    count = len(preview.files)
    if is_idle(preview):
        return
    yield f"{verb} run {run.run_id} of {when} in {run.folder} ({count} file{'' if count == 1 else 's'}):"
    room = _MOST_LINES
    for file in preview.files[:_MOST_FILES]:
        yield from _file_lines(preview, file, force=force)
        if file.difference is not None and file.difference.lines and not file.obstacle:
            shown = file.difference.lines[: max(0, room)]
            room -= len(shown)
            yield from (f"    {line}" for line in shown)
            left_out = file.difference.left_out + len(file.difference.lines) - len(shown)
            if left_out:
                yield f"    … and {left_out} more line{'' if left_out == 1 else 's'}"
    if count > _MOST_FILES:
        yield f"  … and {count - _MOST_FILES} more files; all of them: --json"
    for tool in preview.unseen:
        yield f"  note: {tool} was called in this run; what it changed by itself is not seen, and stays as it is"
    yield from (f"  note: {note}" for note in preview.notes)


def outcome_lines(preview: Preview, outcome: Outcome, *, command: str = "overseer ") -> Iterator[str]:
    """What came of it, and what would help with the rest; `command` is what a command begins with where it is read."""
    run, undo = preview.run, preview.direction == "undo"
    done = len(outcome.done)
    same = sum(file.action == "nothing" for file in preview.files)
    if done:
        yield (
            f"{'undone' if undo else 'redone'}: {done} file{'' if done == 1 else 's'} of run {run.run_id}"
            + (f", {same} {'was' if same == 1 else 'were'} so already" if same else "")
        )
    elif is_idle(preview):
        yield idle_line(preview)
    else:
        yield f"nothing was {'undone' if undo else 'redone'} of run {run.run_id}:"
    for path, why in (*outcome.left, *outcome.failed):
        yield f"  left as it is: {path}: {why}"
    if any(file.path in dict(outcome.left) for file in preview.conflicts):
        yield f"to {preview.direction} these all the same: {command}{preview.direction} {run.run_id} --force"
    if outcome.failed:
        yield f"to go on once nothing is in the way: {command}{preview.direction} {run.run_id}"
    if done:
        yield f"to take this back: {command}{'redo' if undo else 'undo'} {run.run_id}"


def is_idle(preview: Preview) -> bool:
    """Whether there is nothing to be done."""
    return all(file.action == "nothing" and not file.obstacle for file in preview.files)


def idle_line(preview: Preview) -> str:
    """That there is nothing to be done, and why."""
    is_undo, count = preview.direction == "undo", len(preview.files)
    if not count:
        why = "it changed no file" if is_undo else "nothing of it was undone"
    else:
        are = "its file is as it was" if count == 1 else f"all its {count} files are as they were"
        why = f"{are} {'before' if is_undo else 'after'} it"
    return f"there is nothing to {preview.direction} of run {preview.run.run_id}: {why}"


def preview_document(preview: Preview) -> dict[str, Json]:
    return {
        "direction": preview.direction,
        "run": preview.run.run_id,
        "folder": preview.run.folder,
        "changed": preview.run.changed,
        "files": [_file_document(file) for file in preview.files],
        "unseen": list(preview.unseen),
        "notes": list(preview.notes),
    }


def outcome_document(outcome: Outcome) -> dict[str, Json]:
    return {
        "done": list(outcome.done),
        "left": [{"path": path, "why": why} for path, why in outcome.left],
        "failed": [{"path": path, "why": why} for path, why in outcome.failed],
    }


def _file_lines(preview: Preview, file: FilePreview, *, force: bool) -> Iterator[str]:
    yield f"  {_what(preview, file)}{f' ({file.tool})' if file.tool else ''}"
    if file.obstacle:
        yield f"    cannot be done: {file.obstacle}"
    elif file.conflict:
        yield f"    {'by force, although' if force else 'left as it is unless forced:'} {file.conflict}"
    yield from (f"    note: {note}" for note in file.notes)


def _what(preview: Preview, file: FilePreview) -> str:
    now, then = in_words(file.found.size), in_words(file.target_size)
    match file.action:
        case "nothing":
            return f"{file.path}: is so already"
        case "remove":
            why = "it did not exist before" if preview.direction == "undo" else "the run had left none"
            return f"{file.path}: would be deleted, {now} ({why})"
        case "make":
            return f"{file.path}: would be made again, {then}"
        case "change":
            if file.obstacle:
                return file.path
            why = file.difference.why_none if file.difference is not None else ""
            return f"{file.path}: would be put back, {now} become {then}{f' ({why})' if why else ''}"


def _file_document(file: FilePreview) -> dict[str, Json]:
    shown = file.difference
    return {
        "path": file.path,
        "action": file.action,
        "tool": file.tool,
        "size_now": file.found.size,
        "size_then": file.target_size,
        "conflict": file.conflict or None,
        "obstacle": file.obstacle or None,
        "notes": list(file.notes),
        "diff": None if shown is None or shown.why_none else list(shown.lines),
        "diff_left_out": 0 if shown is None else shown.left_out,
    }
