"""Fills the disk, in its own folder and in every other place that can be written."""

import contextlib
import os

from kit import Tries

ENDS = ["good", "killed", "crash"]


def main(input):
    tries = Tries()
    for place in dict.fromkeys([".", "/tmp", "/dev/shm", input["folder"], "/var/tmp", "/"]):
        done = 0
        with contextlib.suppress(OSError):
            for number in range(input["disk_mib"] // 10):
                with open(f"{place}/{input['marker']}-{number}", "wb", buffering=0) as file:
                    for _ in range(10):
                        done += file.write(b"x" * (1 << 20))
        with contextlib.suppress(OSError), open(f"{place}/{input['marker']}-sparse", "wb") as file:
            os.posix_fallocate(file.fileno(), 0, input["disk_mib"] << 20)
            done += input["disk_mib"] << 20
        tries.tried.append(f"{place}: {done >> 20} MiB")
        if done > 66 << 20:
            tries.got.append(f"{done >> 20} MiB in {place}")
        for number in (*range(input["disk_mib"] // 10), "sparse"):
            with contextlib.suppress(OSError):
                os.unlink(f"{place}/{input['marker']}-{number}")
    return tries.result()
