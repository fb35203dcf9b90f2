"""What was typed in earlier sessions: a private file that several chats append to at the same time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from prompt_toolkit.history import FileHistory

from overseer.home import make_private, make_private_file


class SharedHistory(FileHistory):
    """Keeps what is typed, unless it begins with a blank or somebody is against it: it may hold a secret."""

    def __init__(self, path: Path, keeps: Callable[[str], bool]) -> None:
        self._keeps = keeps
        with suppress(OSError):  # without the file, the lines of this session are remembered all the same
            make_private(path.parent)
            make_private_file(path)
        super().__init__(str(path))

    def load_history_strings(self) -> Iterable[str]:
        try:
            yield from super().load_history_strings()
        except OSError:
            return

    def append_string(self, string: str) -> None:
        if string.strip() and not string.startswith(" ") and self._keeps(string):
            super().append_string(string)

    def store_string(self, string: str) -> None:
        with suppress(OSError):
            super().store_string(string)
