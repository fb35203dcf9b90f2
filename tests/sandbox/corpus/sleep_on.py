"""Sleeps past its time, deaf to every signal that can be ignored, with no death by its parent's."""

import contextlib
import signal
import time

from kit import say, syscall

SLOW = True
ENDS = ["killed"]
NEVER = ["good"]


def main(input):
    for number in signal.valid_signals():
        with contextlib.suppress(OSError, ValueError):
            signal.signal(number, signal.SIG_IGN)
    with contextlib.suppress(OSError, ValueError):
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    with contextlib.suppress(OSError):
        syscall("prctl", 1, 0)
    say("sleep past the limit")
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with contextlib.suppress(BaseException):
            time.sleep(5)
    return "late"
