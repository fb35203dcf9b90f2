"""Writes results and reports of its own making to every descriptor it has, and leaves before the runner can."""

import json
import os
import struct

from kit import say, write_all

VARIANTS = ["number", "object", "frame", "long frame", "many", "junk", "all descriptors", "and return"]
ENDS = ["good", "silent", "non-JSON", "crash", "killed"]
REPORT = {"verdict": "good", "value": "987654321", "level": "987654321", "ok": True, "exit": 0, "status": 0, "pid": 1}
REPORT |= {"metrics": {"latency_s": 987654321, "cpu_s": 987654321, "peak_bytes": 987654321, "memory": 987654321}}
REPORT |= {"latency_s": 987654321, "cpu_s": 987654321, "peak_kib": 987654321, "rusage": [987654321] * 16, "error": None}


def main(input):
    variant = input["variant"]
    say(f"forge as {variant}")
    text = json.dumps(REPORT).encode()
    for fd in range(5) if variant == "all descriptors" else (4,):
        try:
            write_all(
                fd,
                {
                    "number": b"987654321",
                    "frame": struct.pack(">I", len(text)) + text,
                    "long frame": struct.pack("<I", 2**31 - 1) + text,
                    "many": text * 3,
                    "junk": os.urandom(5000),
                }.get(variant, text + b"\n"),
            )
        except OSError:
            say(f"fd {fd} is not to be written")
    if variant == "and return":
        return REPORT
    os._exit(0)
