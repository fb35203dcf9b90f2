"""Closes or redirects all its descriptors, and returns."""

import contextlib
import os

from kit import say

VARIANTS = ["close", "redirect", "swap"]
ENDS = ["good", "crash", "silent", "non-JSON", "killed"]


def main(input):
    say(f"descriptors: {input['variant']}")
    for fd in range(5):
        with contextlib.suppress(OSError):
            if input["variant"] == "close":
                os.close(fd)
            elif input["variant"] == "redirect":
                os.dup2(2 if fd != 2 else 1, fd)
            else:
                os.dup2(4 - fd, fd)
    return {"tried": ["descriptors"], "got": []}
