"""Leaves a process behind that has left its session, its group and its parent."""

import contextlib
import os
import time

from kit import Tries


def main(input):
    tries = Tries()
    tries.gets("session", os.setsid)
    tries.tries("group", lambda: os.setpgid(0, 0))
    for _ in range(3):
        pid = tries.gets("fork", os.fork)
        if pid == 0:
            with contextlib.suppress(OSError):
                os.setsid()
            with contextlib.suppress(OSError):
                if os.fork():
                    os._exit(0)
            for fd in range(10):
                with contextlib.suppress(OSError):
                    os.close(fd)
            time.sleep(20)
            os._exit(0)
    return tries.result()
