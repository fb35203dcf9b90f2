"""Opens a file outside by system calls alone: open, openat, openat2, creat, and by its file handle."""

import ctypes
import os
import struct

from kit import AT_FDCWD, Tries, read_fd, syscall


def main(input):
    tries = Tries()
    path = input["canary"].encode()
    how = struct.pack("QQQ", os.O_RDONLY, 0, 0)
    tries.gets("open", lambda: read_fd(syscall("open", path, 0, 0)))
    tries.gets("openat", lambda: read_fd(syscall("openat", AT_FDCWD, path, 0, 0)))
    tries.gets("openat with a folder of nonsense", lambda: read_fd(syscall("openat", 12345, path, 0, 0)))
    tries.gets("openat2", lambda: read_fd(syscall("openat2", AT_FDCWD, path, how, len(how))))
    tries.gets("creat", lambda: syscall("creat", input["folder"].encode() + b"/made", 0o666))
    tries.gets("handle", lambda: by_handle(path))
    tries.gets("guessed handles", lambda: by_handle(b"/", number=input["ipc_key"] % 7 + 1))
    tries.gets("truncate", lambda: syscall("truncate", path, 1))
    return tries.result()


def by_handle(path, number=None):
    handle = ctypes.create_string_buffer(struct.pack("Ii", 128, 0) + bytes(128))
    mount = ctypes.create_string_buffer(8)
    syscall("name_to_handle_at", AT_FDCWD, path, handle, mount, 0)
    folder = os.open("/", os.O_RDONLY)
    return read_fd(syscall("open_by_handle_at", folder, handle, 0))
