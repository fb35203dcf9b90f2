"""As a program: prints a right result, and ends with a failure."""

import json
import os
import signal
import sys

VARIANTS = ["exit", "raise", "signal", "close", "text"]
ENDS = ["crash", "killed"]
NEVER = ["good", "silent", "non-JSON"]

variant = json.load(sys.stdin)["variant"]
os.write(2, f"tried: {variant}\n".encode())
os.write(1, b'{"got": []}')
if variant == "close":
    os.closerange(0, 64)
elif variant == "raise":
    raise ValueError("after all was said")
elif variant == "signal":
    signal.raise_signal(signal.SIGSEGV)
elif variant == "text":
    sys.exit("a text for an exit")
os._exit(7)
