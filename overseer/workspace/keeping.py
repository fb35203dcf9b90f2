"""What a workspace tells whoever keeps what files held before they are changed.

It tells before the change, and afterwards whether the change was made. Where and for how long contents
are kept is left to whoever is told.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Old:
    """A regular file as it is before it is changed; `read` gives its content, as long as it is not changed."""

    info: os.stat_result
    read: Callable[[], bytes]


class Keeping(Protocol):
    """One change that was told of. One of the two is called, once."""

    def done(self, info: os.stat_result) -> None:
        """The change was made, and this is the file right after it."""
        ...

    def failed(self) -> None:
        """The file is as it was."""
        ...


class Keeper(Protocol):
    """Told of every change of one workspace. If it raises, nothing is changed. It must not write there itself."""

    def keep(self, path: str, old: Old | None, data: bytes, *, is_added: bool) -> Keeping:
        """`data` is about to replace the file or, where `is_added`, to be put at its end; None: there is no file."""
        ...

    def keep_folder(self, path: str) -> None:
        """A folder is about to be made."""
        ...
