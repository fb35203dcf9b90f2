"""Somebody's own editor, on a text of ours: in a file that nobody else can read and that is gone afterwards."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from overseer.console import diverted, say
from overseer.errors import UsageError
from overseer.ownterminal import for_programs, keyboard

_USUAL_EDITORS = ("nano", "vi", "notepad")
_LARGEST = 16 * 1024 * 1024  # bytes
_UNCHANGED = "nothing was changed"
_NAME_ONE = "name one in EDITOR, or under 'chat' in config.yaml"


def in_editor(text: str, editor: str, *, suffix: str) -> str:
    """What is left of a text when its editor is closed; UsageError if there is no editor, or it fails.

    Meanwhile it has the terminal: what others say is shown afterwards.
    """
    command = _command(editor)
    try:
        # A folder of its own, so that what editors leave beside a file goes with it.
        with tempfile.TemporaryDirectory(prefix="overseer-", ignore_cleanup_errors=True) as folder:
            path = Path(folder) / f"plan{suffix}"
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
                file.write(text)
            _edit(command, path)
            return _read(path)
    except OSError as error:
        raise UsageError(f"the editor cannot be used: {error.strerror or error}; {_UNCHANGED}") from error


def _command(editor: str) -> list[str]:
    named = editor.strip() or usual_editor()
    try:
        command = shlex.split(named, posix=os.name == "posix")
    except ValueError as error:
        raise UsageError(f"the editor {named!r} cannot be read as a command ({error}); {_NAME_ONE}") from error
    if not command:
        raise UsageError(f"no editor is named; {_NAME_ONE}")
    return command


def _edit(command: list[str], path: Path) -> None:
    keys, shown, said = for_programs()
    try:
        with _others_kept_waiting(), _terminal_as_it_was(), _interrupts_left_to_editor():
            code = subprocess.call([*command, str(path)], stdin=keys, stdout=shown, stderr=said)
    except (FileNotFoundError, PermissionError) as error:
        raise UsageError(f"the editor {command[0]} cannot be started: {error.strerror}; {_NAME_ONE}") from error
    if code < 0:
        raise UsageError(f"the editor {command[0]} was killed by signal {-code}; {_UNCHANGED}")
    if code != 0:
        raise UsageError(f"the editor {command[0]} ended with {code}; {_UNCHANGED}")


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
    except FileNotFoundError as error:
        raise UsageError(f"the editor left no file behind; {_UNCHANGED}") from error
    if len(data) > _LARGEST:
        raise UsageError(f"what the editor wrote is larger than {_LARGEST >> 20} MB; {_UNCHANGED}")
    try:
        return data.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UsageError(f"what the editor wrote is not UTF-8 in line {line}; {_UNCHANGED}") from error


@contextmanager
def _others_kept_waiting() -> Iterator[None]:
    """What runs in the background goes on, and may have something to say."""
    lines: list[str] = []
    try:
        with diverted(lines.append):
            yield
    finally:
        for line in lines:
            say(line, is_painted=True)  # by whoever said it


@contextmanager
def _interrupts_left_to_editor() -> Iterator[None]:
    """Ctrl-C in an editor means something to the editor. A handler, unlike ignoring, is not inherited by it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _terminal_as_it_was() -> Iterator[None]:
    """An editor that is killed may leave a terminal on which nobody sees what is typed."""
    try:
        import termios
    except ImportError:  # where terminals are of another kind
        yield
        return
    descriptor, before = -1, None
    with suppress(OSError, ValueError, AttributeError, termios.error):
        descriptor = keyboard().fileno()
        before = termios.tcgetattr(descriptor)
    try:
        yield
    finally:
        if before is not None:
            with suppress(OSError, termios.error):
                termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def usual_editor() -> str:
    """The editor that the environment names, or one that there usually is."""
    named = (os.environ.get("VISUAL") or "").strip() or (os.environ.get("EDITOR") or "").strip()
    if named:
        return named
    import shutil

    return next((name for name in _USUAL_EDITORS if shutil.which(name)), _USUAL_EDITORS[0])
