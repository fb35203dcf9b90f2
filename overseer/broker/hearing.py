"""What is heard of a model's answer while it still comes: free of secrets, wherever the pieces were cut."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

OnText = Callable[[str], None]


class Pieces(Protocol):
    """Hides secrets in a text that comes in pieces. Both methods give out what can be shown by then."""

    def feed(self, chunk: str) -> str: ...

    def close(self) -> str: ...


class AsItComes:
    """For those who have no secrets."""

    def feed(self, chunk: str) -> str:
        return chunk

    def close(self) -> str:
        return ""


class Hearing:
    """Passes the pieces of an answer on.

    Who can take back what was shown is told to by `take_back` when the answer begins anew; without that,
    an answer is not asked for again once a part of it was heard.
    """

    def __init__(
        self, on_text: OnText, in_pieces: Callable[[], Pieces], take_back: Callable[[], None] | None = None
    ) -> None:
        self._on_text = on_text
        self._in_pieces = in_pieces
        self._take_back = take_back
        self._pieces = in_pieces()
        self._was_heard = False

    @property
    def can_begin_anew(self) -> bool:
        return self._take_back is not None

    def begin(self) -> None:
        """Another request is sent: what comes from here on is the beginning of its answer."""
        self._pieces = self._in_pieces()
        if self._was_heard and self._take_back is not None:
            self._take_back()
        self._was_heard = False

    def add(self, chunk: str) -> None:
        self._give(self._pieces.feed(chunk))

    def close(self) -> None:
        """Pass on what was held back: no more comes."""
        self._give(self._pieces.close())

    def _give(self, text: str) -> None:
        if text:
            self._was_heard = True
            self._on_text(text)
