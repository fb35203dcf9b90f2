"""Reads its input again and on: behind its end, from its start, as a file to write to."""

import contextlib
import os

from kit import Tries, read_path


def main(input):
    tries = Tries()
    text = ""
    with contextlib.suppress(OSError):
        os.lseek(0, 0, os.SEEK_SET)
    with contextlib.suppress(OSError):
        os.set_blocking(0, False)
        text = os.read(0, 1 << 20).decode(errors="replace")
    tries.tried.append(f"read {len(text)} bytes again")
    if "OVSJOB-" in text and input["job"] not in text:
        tries.got.append(text[:1000])
    for path in ("/dev/stdin", "/proc/self/fd/0", "/dev/fd/0"):
        tries.tries(path, lambda path=path: len(read_path(path)) if not input["is_bare"] else 0)
    tries.tries("write to it", lambda: os.write(0, b"changed"))
    tries.tries("truncate it", lambda: os.ftruncate(0, 1 << 30))
    return tries.result()
