"""Looks for keys in the kernel's keyrings, and leaves one there."""

import ctypes

from kit import Tries, read_path, syscall


def main(input):
    tries = Tries()
    name = input["marker"].encode()
    for ring in (-1, -2, -3, -4, -5):  # thread, process, session, user, session of the user
        tries.gets(f"add_key {ring}", lambda ring=ring: syscall("add_key", b"user", name, b"x", 1, ring))
        tries.gets(f"id of {ring}", lambda ring=ring: syscall("keyctl", 0, ring, 1))
        buffer = ctypes.create_string_buffer(1000)
        tries.gets(f"read {ring}", lambda ring=ring, buffer=buffer: syscall("keyctl", 11, ring, buffer, 1000))
    tries.gets("request_key", lambda: syscall("request_key", b"user", name, 0, -3))
    tries.gets("new session", lambda: syscall("keyctl", 1, 0))
    tries.gets("/proc/keys", lambda: read_path("/proc/keys"))
    return tries.result()
