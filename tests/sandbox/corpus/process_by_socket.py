"""Gets hold of the process at the other end of the broker's socket, by what the kernel tells of a peer."""

import ctypes
import os
import socket

from kit import Nothing, Tries, read_path, syscall

DOOR = True
SO_PEERPIDFD, SO_PEERGROUPS = 77, 59


def main(input):
    import node_runtime

    tries = Tries()
    tries.tries("echo", lambda: node_runtime.call_tool("echo", "x"))
    with socket.socket(fileno=os.dup(3)) as broker:
        tries.tries("credentials", lambda: broker.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12).hex())
        tries.tries("groups", lambda: broker.getsockopt(socket.SOL_SOCKET, SO_PEERGROUPS, 400).hex())
        for option, value in ((16, 1), (socket.SO_SNDBUF, 1 << 30), (32, 1 << 30), (socket.SO_MARK, 1)):
            tries.tries(f"option {option}", lambda option=option, value=value: set_option(broker, option, value))
        pidfd = tries.tries("pidfd", lambda: broker.getsockopt(socket.SOL_SOCKET, SO_PEERPIDFD))
    if pidfd is not None and pidfd > 2:
        tries.gets("signal", lambda: syscall("pidfd_send_signal", pidfd, 0, 0, 0))
        tries.gets("its descriptor", lambda: syscall("pidfd_getfd", pidfd, 0, 0))
        tries.gets("its namespaces", lambda: syscall("setns", pidfd, 0x40000000))
        tries.gets("its memory", lambda: syscall("process_madvise", pidfd, ctypes.create_string_buffer(16), 1, 20, 0))
        tries.gets("a namespace of it", lambda: syscall("ioctl", pidfd, 0xFF04, 0))
        tries.sees("its number", lambda: number(read_path(f"/proc/self/fdinfo/{pidfd}")))
    tries.gets("connect it elsewhere", lambda: elsewhere(input))
    return tries.result()


def number(text):
    if "Pid:" not in text:
        raise Nothing("not told")
    return text


def set_option(broker, option, value):
    broker.setsockopt(socket.SOL_SOCKET, option, value)


def elsewhere(input):
    with socket.socket(fileno=os.dup(3)) as broker:
        broker.connect(input["unix"])
