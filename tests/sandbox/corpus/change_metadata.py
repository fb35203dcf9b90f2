"""Changes mode, owner, times and attributes of a file outside by its path: Landlock does not hold that off."""

import ctypes
import os
import struct

from kit import AT_FDCWD, Tries, syscall


def main(input):
    tries = Tries()
    path, plain = input["canary"].encode(), input["canary"]
    me, group = input["uid"], input["gid"]
    times = ctypes.create_string_buffer(struct.pack("qqqq", 1, 0, 1, 0))
    tries.gets("os.chmod", lambda: os.chmod(plain, 0o777))
    tries.gets("os.chmod of the folder", lambda: os.chmod(input["folder"], 0o700))
    tries.gets("os.chown", lambda: os.chown(plain, me, group))
    tries.gets("os.utime", lambda: os.utime(plain, (1, 1)))
    tries.gets("os.setxattr", lambda: os.setxattr(plain, "user.x", b"x"))
    tries.gets("chmod", lambda: syscall("chmod", path, 0o766))
    tries.gets("fchmodat", lambda: syscall("fchmodat", AT_FDCWD, path, 0o765))
    tries.gets("fchmodat2", lambda: syscall("fchmodat2", AT_FDCWD, path, 0o764, 0))
    tries.gets("chown", lambda: syscall("chown", path, me, group))
    tries.gets("lchown", lambda: syscall("lchown", path, me, group))
    tries.gets("fchownat", lambda: syscall("fchownat", AT_FDCWD, path, me, group, 0))
    tries.gets("utime", lambda: syscall("utime", path, struct.pack("qq", 1, 1)))
    tries.gets("utimes", lambda: syscall("utimes", path, times))
    tries.gets("futimesat", lambda: syscall("futimesat", AT_FDCWD, path, times))
    tries.gets("utimensat", lambda: syscall("utimensat", AT_FDCWD, path, times, 0))
    tries.gets("setxattr", lambda: syscall("setxattr", path, b"user.a", b"x", 1, 0))
    tries.gets("lsetxattr", lambda: syscall("lsetxattr", path, b"user.b", b"x", 1, 0))
    value = ctypes.create_string_buffer(b"x")
    given = struct.pack("QII", ctypes.addressof(value), 1, 0)
    tries.gets("setxattrat", lambda: syscall("setxattrat", AT_FDCWD, path, 0, b"user.c", given, len(given)))
    flags = struct.pack("QIIII", 0x40, 0, 0, 0, 0)  # "no dump", which does no harm
    tries.gets("file_setattr", lambda: syscall("file_setattr", AT_FDCWD, path, flags, len(flags), 0))
    return tries.result()
