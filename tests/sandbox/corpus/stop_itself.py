"""Stops itself for good, with no signal but its own to wake it."""

import os
import signal
import time

from kit import say

SLOW = True
ENDS = ["killed"]
NEVER = ["good"]


def main(input):
    say("stop")
    for act in (
        lambda: os.kill(os.getpid(), signal.SIGSTOP),
        lambda: signal.raise_signal(signal.SIGTSTP),
        signal.pause,
    ):
        try:
            act()
        except OSError as error:
            say(f"not stopped: {error}")
    time.sleep(20)
