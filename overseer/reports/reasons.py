"""Why steps failed, as far as it was told already: what several of them fail for is told at length once."""

from __future__ import annotations

import re

_WITHIN = re.compile(r"(?:step '[^']*' failed: )+")  # what scopes put before the reason of a step in them


class Reasons:
    """Of one run, as it is told."""

    def __init__(self) -> None:
        self._told: dict[str, str] = {}  # what failed first, by its reason

    def of(self, title: str, message: str) -> str:
        """What is to be told of this failure: the whole reason, or where it was told, if that is shorter."""
        reason = _WITHIN.sub("", message, count=1)
        first = self._told.setdefault(reason, title)
        again = f"for the same reason as {first}"
        return message if first == title or len(again) >= len(message) else again
