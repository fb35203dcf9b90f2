"""Changes folders outside by system calls alone."""

import os
import stat
import struct

from kit import AT_FDCWD, Tries, syscall


def main(input):
    tries = Tries()
    folder, path = input["folder"].encode(), input["canary"].encode()
    how = struct.pack("QQQ", os.O_CREAT | os.O_RDWR, 0o666, 0)
    tries.gets("openat2", lambda: syscall("openat2", AT_FDCWD, folder + b"/a", how, len(how)))
    tries.gets("mkdirat", lambda: syscall("mkdirat", AT_FDCWD, folder + b"/b", 0o777))
    tries.gets("symlinkat", lambda: syscall("symlinkat", path, AT_FDCWD, folder + b"/c"))
    tries.gets("linkat", lambda: syscall("linkat", AT_FDCWD, path, AT_FDCWD, folder + b"/d", 0))
    tries.gets("mknod", lambda: syscall("mknod", folder + b"/e", stat.S_IFIFO | 0o666, 0))
    tries.gets("mknodat", lambda: syscall("mknodat", AT_FDCWD, folder + b"/f", stat.S_IFREG | 0o666, 0))
    tries.gets("a socket", lambda: syscall("mknodat", AT_FDCWD, folder + b"/g", stat.S_IFSOCK | 0o666, 0))
    tries.gets("rename", lambda: syscall("rename", path, folder + b"/h"))
    tries.gets("renameat2", lambda: syscall("renameat2", AT_FDCWD, folder + b"/h", AT_FDCWD, path, 0))
    tries.gets("exchange", lambda: syscall("renameat2", AT_FDCWD, path, AT_FDCWD, input["journal"].encode(), 2))
    tries.gets("unlinkat", lambda: syscall("unlinkat", AT_FDCWD, path, 0))
    return tries.result()
