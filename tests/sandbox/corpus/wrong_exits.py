"""Prints or returns what looks right, and ends in a way that is not."""

import contextlib
import ctypes
import os
import signal
import sys
import threading

from kit import say, write_all

VARIANTS = ["nonzero", "abort", "segment", "killed", "SystemExit", "nonzero SystemExit", "text SystemExit", "interrupt"]
VARIANTS += ["exit from a thread", "illegal", "stop", "memory error", "base exception"]
ENDS = ["crash", "killed", "silent", "non-JSON"]
NEVER = ["good"]
SLOW = True


class Last(BaseException):
    pass


def main(input):
    variant = input["variant"]
    say(f"exit by {variant}")
    with contextlib.suppress(OSError):
        if variant not in ("SystemExit",):
            write_all(1, b'{"got": []}\n')
    if variant == "abort":
        os.abort()
    elif variant == "segment":
        ctypes.string_at(8)
    elif variant == "illegal":
        end(signal.SIGILL)
    elif variant == "killed":
        end(signal.SIGKILL)
    elif variant == "stop":
        end(signal.SIGSTOP)
    elif variant == "interrupt":
        raise KeyboardInterrupt
    elif variant == "memory error":
        raise MemoryError
    elif variant == "base exception":
        raise Last
    elif variant == "exit from a thread":
        thread = threading.Thread(target=os._exit, args=(3,))
        thread.start()
        thread.join()
    elif "SystemExit" in variant:
        sys.exit({"SystemExit": 0, "nonzero SystemExit": 3, "text SystemExit": "all is well"}[variant])
    os._exit(3)


def end(number):
    with contextlib.suppress(OSError):
        os.kill(os.getpid(), number)
    with contextlib.suppress(OSError):
        signal.raise_signal(number)
    os._exit(3)
