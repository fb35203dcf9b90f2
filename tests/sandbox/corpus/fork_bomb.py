"""Forks until nothing is left, and its children too."""

import os
import time

from kit import Tries

ENDS = ["good", "crash", "killed"]


def main(input):
    tries = Tries()
    forked = 0
    for _ in range(input["forks"]):
        if (pid := tries.tries("fork", os.fork)) is None:
            break
        if pid == 0:
            time.sleep(20)
            os._exit(0)
        forked += 1
    tries.tried = tries.tried[-2:]
    if forked:
        tries.got.append(f"{forked} processes")
    return tries.result()
