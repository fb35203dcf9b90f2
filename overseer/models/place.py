"""Where a model is reached, for requests and for messages about them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_MOST_LETTERS = 400
_NUMBER = re.compile(r"^\[Errno -?\d+\] ")  # of an error of the system, which says the same in words


@dataclass(frozen=True, slots=True)
class Place:
    """A model on a server, and the key to it, which never gets into a message."""

    provider: str
    name: str
    url: str
    key: str = field(default="", repr=False)
    key_name: str = ""

    @property
    def title(self) -> str:
        return f"{self.provider}/{self.name}"

    def quoted(self, words: str) -> str:
        """What a server said, on one line, without the key that it may repeat."""
        text = _NUMBER.sub("", " ".join(words.split()))
        if self.key:
            text = text.replace(self.key, self.key_name or "***")
        return f"{text[:_MOST_LETTERS]}…" if len(text) > _MOST_LETTERS else text
