"""Searches the memory of its parents for keys."""

import os
import re

from kit import Nothing, Tries, read_path


def main(input):
    tries = Tries()
    for pid in {input["parent"], os.getppid()} - {os.getpid()}:
        tries.gets(f"memory of {pid}", lambda pid=pid: searched(pid))
    return tries.result()


def searched(pid):
    found = set()
    maps = read_path(f"/proc/{pid}/maps", 1 << 20)
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for start, end in re.findall(r"(?m)^([0-9a-f]+)-([0-9a-f]+) rw", maps):
            memory.seek(int(start, 16))
            try:
                piece = memory.read(min(int(end, 16) - int(start, 16), 16 << 20))
            except OSError:
                continue
            found |= set(re.findall(rb"(?:sk-canary|HEAPKEY|CANARY)-[0-9a-f]{16}", piece))
    if not found:
        raise Nothing("nothing there")
    return sorted(hit.decode() for hit in found)
