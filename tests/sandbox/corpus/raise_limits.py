"""Raises its limits, lowers those of others, and takes more than its share of the processors."""

import ctypes
import os
import resource
import struct

from kit import Nothing, Tries, syscall

NAMES = [name for name in dir(resource) if name.startswith("RLIMIT_")]


def main(input):
    tries = Tries()
    for name in NAMES:
        number = getattr(resource, name)
        tries.tries(
            f"soft {name}", lambda number=number: resource.setrlimit(number, (resource.getrlimit(number)[1],) * 2)
        )
        tries.gets(f"raise {name}", lambda number=number: raised(number))
        most = ctypes.create_string_buffer(struct.pack("qq", -1, -1))
        tries.tries(f"prlimit {name}", lambda number=number, most=most: syscall("prlimit64", 0, number, most, 0))
    for pid in {input["parent"], os.getppid()} - {0}:
        few = ctypes.create_string_buffer(struct.pack("QQ", 1 << 40, 1 << 40))
        tries.gets(f"limit of {pid}", lambda pid=pid, few=few: syscall("prlimit64", pid, 1, few, 0))
        seen = ctypes.create_string_buffer(16)
        tries.sees(f"limits of {pid}", lambda pid=pid, seen=seen: syscall("prlimit64", pid, 7, 0, seen))
        tries.gets(f"niceness of {pid}", lambda pid=pid: os.setpriority(os.PRIO_PROCESS, pid, 3))
        tries.gets(f"scheduler of {pid}", lambda pid=pid: os.sched_setscheduler(pid, os.SCHED_BATCH, os.sched_param(0)))
        mask = ctypes.create_string_buffer(b"\1", 8)
        tries.gets(f"processor of {pid}", lambda pid=pid, mask=mask: syscall("sched_setaffinity", pid, 8, mask))
        tries.gets(f"disk order of {pid}", lambda pid=pid: syscall("ioprio_set", 1, pid, 3 << 13))
    tries.gets("higher priority", lambda: os.nice(-1))
    tries.gets("realtime", lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1)))
    tries.gets("protection", lambda: open("/proc/self/oom_score_adj", "w").write("-1000"))
    return tries.result()


def raised(number):
    before = resource.getrlimit(number)[1]
    if before == resource.RLIM_INFINITY:
        raise Nothing("it had no limit")
    resource.setrlimit(number, (before, before + 1))
    if resource.getrlimit(number)[1] <= before:
        raise Nothing("as before")
    return resource.getrlimit(number)
