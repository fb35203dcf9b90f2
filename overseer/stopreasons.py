"""Why a run is stopped when nobody meant the run itself: what it ran in came to its end.

Such a run is told of later, as one that was cut off is; one that somebody stopped is not.
"""

from __future__ import annotations

import signal

CHAT_LEFT = "the chat was left"
PROGRAM_ENDS = "the program is ending"
_SIGNAL = "got signal "


def by_signal(number: int) -> str:
    """The reason where a signal ends the process."""
    return f"{_SIGNAL}{signal.Signals(number).name}"


def is_end_of_program(reason: str) -> bool:
    """Whether the run would have gone on, had what it ran in."""
    return reason in (CHAT_LEFT, PROGRAM_ENDS) or reason.startswith(_SIGNAL)
