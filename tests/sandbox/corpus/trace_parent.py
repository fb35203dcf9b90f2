"""Takes hold of other processes: ptrace, their memory, their descriptors, their places."""

import ctypes
import os
import struct

from kit import Nothing, Tries, read_path, syscall

SEIZE, DETACH = 0x4206, 17


def main(input):
    tries = Tries()
    for pid in {input["parent"], os.getppid(), 1} - {os.getpid(), 0}:
        tries.gets(
            f"ptrace {pid}", lambda pid=pid: (syscall("ptrace", SEIZE, pid, 0, 0), syscall("ptrace", DETACH, pid))
        )
        tries.gets(f"open memory of {pid}", lambda pid=pid: os.open(f"/proc/{pid}/mem", os.O_RDWR))
        tries.gets(f"maps of {pid}", lambda pid=pid: read_path(f"/proc/{pid}/maps", 100))
        tries.gets(f"score of {pid}", lambda pid=pid: os.open(f"/proc/{pid}/oom_score_adj", os.O_WRONLY))
        pidfd = tries.tries(f"pidfd of {pid}", lambda pid=pid: syscall("pidfd_open", pid, 0))
        for fd in range(0, 8):
            if pidfd is not None:
                tries.gets(f"fd {fd} of {pid}", lambda fd=fd, pidfd=pidfd: syscall("pidfd_getfd", pidfd, fd, 0))
        tries.gets(f"compare with {pid}", lambda pid=pid: syscall("kcmp", os.getpid(), pid, 0, 0, 0))
    tries.gets("be traced", lambda: traced_by_parent(input))
    tries.gets("read its heap", lambda: heap(input, "process_vm_readv"))
    tries.gets("write its heap", lambda: heap(input, "process_vm_writev"))
    return tries.result()


def traced_by_parent(input):
    if input["is_bare"]:
        raise Nothing("a signal would stop us for good")
    return syscall("ptrace", 0, 0, 0, 0)


def heap(input, name):
    buffer = ctypes.create_string_buffer(b"overwritten by a node ", 24)
    ours = ctypes.create_string_buffer(struct.pack("QQ", ctypes.addressof(buffer), 24))
    theirs = ctypes.create_string_buffer(struct.pack("QQ", input["heap_address"] + (30 if "write" in name else 0), 24))
    syscall(name, input["parent"], ours, 1, theirs, 1, 0)
    return buffer.value.decode()
