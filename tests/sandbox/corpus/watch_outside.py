"""Has itself told what others do: inotify, fanotify, F_NOTIFY, perf and the audit socket."""

import ctypes
import fcntl
import os
import signal
import socket

from kit import AT_FDCWD, Tries, syscall


def main(input):
    tries = Tries()
    tries.tries("outlive being told", lambda: signal.signal(signal.SIGIO, signal.SIG_IGN))  # which F_NOTIFY does so
    notified = tries.tries("inotify_init1", lambda: syscall("inotify_init1", os.O_NONBLOCK))
    for path in (input["folder"], input["canary"], "/tmp", "/"):
        if notified is not None:
            tries.gets(f"watch {path}", lambda path=path: syscall("inotify_add_watch", notified, path.encode(), 0x3FF))
    tries.gets("fanotify", lambda: syscall("fanotify_init", 0, 0))
    tries.gets("fanotify without rights", lambda: syscall("fanotify_init", 0x200, 0))
    for path in (input["folder"], os.path.dirname(os.__file__)):
        folder = tries.tries(f"open {path}", lambda path=path: os.open(path, os.O_RDONLY))
        if folder is not None:
            tries.gets(f"F_NOTIFY {path}", lambda folder=folder: fcntl.fcntl(folder, fcntl.F_NOTIFY, 1))
    tries.gets("perf_event_open", lambda: syscall("perf_event_open", ctypes.create_string_buffer(128), 0, -1, -1, 0))
    tries.gets("kernel messages", lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 9))
    tries.tries("name of the folder", lambda: syscall("name_to_handle_at", AT_FDCWD, b"/", bytes(136), bytes(8), 0))
    return tries.result()
