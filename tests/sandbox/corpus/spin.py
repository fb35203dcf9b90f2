"""Spins past its time: in Python, in C that holds the lock, in many threads, in one giant sum."""

import contextlib
import hashlib
import re
import signal
import threading

from kit import say

SLOW = True
ENDS = ["killed"]
NEVER = ["good"]
VARIANTS = ["python", "regular expression", "power", "threads"]


def main(input):
    with contextlib.suppress(OSError, ValueError):
        signal.signal(signal.SIGXCPU, signal.SIG_IGN)
    say(f"spin in {input['variant']}")
    {"python": forever, "regular expression": expression, "power": power, "threads": threads}[input["variant"]]()
    return "late"


def forever():
    while True:
        with contextlib.suppress(BaseException):
            while True:
                pass


def expression():
    re.match(r"(a|a)*b", "a" * 60)


def power():
    return len(str(7 ** (10**8)).encode())


def threads():
    for _ in range(6):
        with contextlib.suppress(RuntimeError):
            threading.Thread(target=hashlib.pbkdf2_hmac, args=("sha256", b"x", b"y", 10**9)).start()
    hashlib.pbkdf2_hmac("sha256", b"x", b"y", 10**9)
