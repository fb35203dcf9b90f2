"""Asks for an io_uring, whose operations no filter of system calls sees."""

import ctypes

from kit import Tries, syscall


def main(input):
    tries = Tries()
    for flags in (0, 1 << 1, 1 << 6, 1 << 12):
        parameters = ctypes.create_string_buffer(120)
        parameters[8:12] = flags.to_bytes(4, "little")
        tries.gets(f"io_uring_setup {flags}", lambda parameters=parameters: syscall("io_uring_setup", 4, parameters))
    return tries.result()
