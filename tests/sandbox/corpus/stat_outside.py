"""Looks whether paths outside exist. Landlock does not hide that; an own root does."""

import ctypes
import os

from kit import AT_FDCWD, Tries, syscall


def main(input):
    tries = Tries()
    path = input["canary"]
    buffer = ctypes.create_string_buffer(256)
    tries.sees("stat", lambda: os.stat(path).st_size)
    tries.sees("lstat", lambda: os.lstat(path).st_size)
    tries.sees("statx", lambda: syscall("statx", AT_FDCWD, path.encode(), 0, 0xFFF, buffer))
    tries.sees("access", lambda: syscall("access", path.encode(), 0))
    tries.sees("xattrs", lambda: os.listxattr(path))
    tries.sees("statvfs", lambda: os.statvfs(path).f_blocks)
    tries.sees("chdir", lambda: os.chdir(input["folder"]))
    tries.sees("home", lambda: os.stat(input["home"]).st_mode)
    tries.sees("checkout", lambda: os.stat(input["checkout"]).st_mode)
    return tries.result()
