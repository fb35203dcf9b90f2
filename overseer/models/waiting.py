"""How long a server asks to be left alone: it says so in seconds, in milliseconds, or names a time."""

from __future__ import annotations

import re
from collections.abc import Mapping

from overseer.tool.answers import seconds_named


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """The wait in seconds that the headers of an answer ask for, if they do. Names in small letters."""
    milliseconds = headers.get("retry-after-ms", "").strip()
    if _MILLISECONDS.fullmatch(milliseconds):
        return float(milliseconds) / 1000
    return seconds_named(headers.get("retry-after", ""))


_MILLISECONDS = re.compile(r"[0-9]{1,13}(\.[0-9]+)?")
