"""Starts threads without end, which never end: with usual stacks, and with the smallest there are."""

import threading
import time

from kit import Tries, say

ENDS = ["good", "killed", "crash"]
VARIANTS = ["usual", "small"]
WALL_S = 2.0


def main(input):
    tries = Tries()
    say("threads")
    if input["variant"] == "small":
        threading.stack_size(32768)
    started, most = 0, 200 if input["is_bare"] else 3000
    while started < most and tries.tries("thread", thread):
        started += 1
    time.sleep(0.2)
    tries.tried = [f"{started} threads", *tries.tried[-1:]]
    # The kernel does not count root's, so that its memory and its time are what holds root's threads off.
    if started > 1024 and input["uid"] != 0:
        tries.got.append(f"{started} threads")
    return tries.result()


def thread():
    threading.Thread(target=time.sleep, args=(20,), daemon=True).start()
    return True
