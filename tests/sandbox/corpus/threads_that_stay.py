"""Returns while threads go on that work against its end: one that forks, one that writes a second result."""

import contextlib
import os
import threading
import time

from kit import Tries, say

ENDS = ["good", "killed", "crash", "non-JSON"]
WALL_S = 1.0
SLOW = True


def main(input):
    tries = Tries()
    say("threads")
    for act in (forking, writing, holding):
        tries.tries(act.__name__, threading.Thread(target=act).start)
    return tries.result()


def forking():
    for _ in range(40):
        with contextlib.suppress(OSError):
            if os.fork() == 0:
                time.sleep(20)
                os._exit(0)
        time.sleep(0.05)


def writing():
    for _ in range(100):
        with contextlib.suppress(OSError):
            os.write(4, b"987654321")
        time.sleep(0.01)


def holding():
    time.sleep(20)
