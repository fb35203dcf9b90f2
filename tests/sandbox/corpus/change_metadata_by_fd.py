"""Changes files by descriptors that were opened for reading alone: the library's too, which a node may read."""

import fcntl
import json
import os
import struct

from kit import AT_EMPTY_PATH, Tries, syscall

GET_FLAGS, SET_FLAGS = 0x80086601, 0x40086602


def main(input):
    tries = Tries()
    for path in (input["canary"], json.__file__):
        for flags in (os.O_RDONLY, os.O_PATH):
            fd = tries.tries(f"open {path} {flags}", lambda path=path, flags=flags: os.open(path, flags))
            if fd is not None:
                attack(tries, fd, path)
    return tries.result()


def attack(tries, fd, path):
    state = os.fstat(fd)
    mode = state.st_mode & 0o7777
    now = struct.pack("qqqq", 0, 0x3FFFFFFE, 0, 0x3FFFFFFE)  # UTIME_OMIT: allowed or not, nothing changes
    tries.gets(f"fchmod {path}", lambda: os.fchmod(fd, mode))
    tries.gets(f"fchmod by number {path}", lambda: syscall("fchmod", fd, mode))
    tries.gets(f"fchown {path}", lambda: os.fchown(fd, -1, -1))
    tries.gets(f"fchown to its owner {path}", lambda: os.fchown(fd, state.st_uid, state.st_gid))
    tries.gets(f"fchownat {path}", lambda: syscall("fchownat", fd, b"", state.st_uid, state.st_gid, AT_EMPTY_PATH))
    tries.gets(f"fchmodat2 {path}", lambda: syscall("fchmodat2", fd, b"", mode, AT_EMPTY_PATH))
    tries.gets(f"utimensat {path}", lambda: syscall("utimensat", fd, 0, now, 0))
    tries.gets(f"futimes {path}", lambda: os.utime(fd, ns=(state.st_atime_ns, state.st_mtime_ns)))
    tries.gets(f"chmod by its link {path}", lambda: os.chmod(f"/proc/self/fd/{fd}", mode))
    tries.gets(
        f"fsetxattr {path}", lambda: (os.setxattr(fd, "user.overseer", b"x"), os.removexattr(fd, "user.overseer"))
    )
    flags = tries.tries(f"flags {path}", lambda: fcntl.ioctl(fd, GET_FLAGS, bytes(8)))
    if flags is not None:
        tries.gets(f"set flags {path}", lambda: fcntl.ioctl(fd, SET_FLAGS, flags))
    tries.gets(f"reopen to write {path}", lambda: os.open(f"/proc/self/fd/{fd}", os.O_WRONLY | os.O_APPEND))
    tries.gets(f"ftruncate {path}", lambda: os.ftruncate(fd, state.st_size))
    tries.gets(f"write {path}", lambda: os.write(fd, b""))
    tries.gets(f"fallocate {path}", lambda: os.posix_fallocate(fd, 0, 1))
