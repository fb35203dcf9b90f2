"""Prints without end, so that who reads it runs out of memory, or waits for ever."""

import contextlib
import os

from kit import say

ENDS = ["good", "non-JSON", "crash", "killed"]
VARIANTS = [1, 2, 4]


def main(input):
    say(f"flood on {input['variant']}")
    line = b"tried: flood" + b"x" * 65000 + b"\n"
    with contextlib.suppress(OSError):
        for _ in range((input["flood_mib"] << 20) // len(line)):
            os.write(input["variant"], line)
    return {"tried": ["flood"], "got": []}
