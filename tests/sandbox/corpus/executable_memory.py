"""Writes machine code into memory and runs it: it must be held to the same filter as everything else."""

import platform

from kit import Nothing, Tries, machine_code

# socket(AF_INET, SOCK_STREAM, 0), without any library.
SOCKET = {
    "x86_64": "b829000000bf02000000be0100000031d20f05c3",
    "aarch64": "400080d2210080d2020080d2c81880d2010000d4c0035fd6",
}


def main(input):
    tries = Tries()
    code = SOCKET.get(platform.machine())
    tries.gets("a socket", lambda: made(bytes.fromhex(code or "")))
    return tries.result()


def made(code):
    if not code:
        raise Nothing("not for this machine")
    result = machine_code(code)()
    if result < 0:
        raise Nothing(f"error {-result}")
    return result
