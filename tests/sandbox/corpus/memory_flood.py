"""Takes memory until there is no more, and touches all of it."""

import mmap
import time

from kit import Tries, say

ENDS = ["good", "crash", "killed"]
VARIANTS = ["bytes", "anonymous", "shared"]


def main(input):
    tries = Tries()
    say(f"memory as {input['variant']}")
    held = []
    for _ in range(input["memory_mib"] // 20):
        piece = tries.tries("20 MiB", lambda: one(input["variant"]))
        if piece is None:
            break
        held.append(piece)
    time.sleep(0.3)
    tries.tried = [f"{len(held)} pieces", *tries.tried[-2:]]
    if len(held) * 20 > 600:
        tries.got.append(f"{len(held) * 20} MiB of memory")
    return tries.result()


def one(variant):
    size = 20 << 20
    if variant in ("anonymous", "shared"):
        kind = mmap.MAP_SHARED if variant == "shared" else mmap.MAP_PRIVATE
        memory = mmap.mmap(-1, size, flags=kind | mmap.MAP_ANONYMOUS)
        memory[::4096] = b"x" * (size // 4096)
        return memory
    return bytearray(b"x") * size
