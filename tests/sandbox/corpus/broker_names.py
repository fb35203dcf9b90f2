"""Calls tools that are not granted, by names that look like, contain or fold to a granted one."""

from kit import Tries, call, read_frame, write_frame

DOOR = True
NAMES = [
    "Echo",
    "ECHO",
    "echo ",
    " echo",
    "echo\0",
    "echo\0secret",
    "echo\n",
    "écho",
    "ｅｃｈｏ",
    "ec\u0068o\u200b",
    "eсho",
]
NAMES += [
    "../echo",
    "echo/../secret",
    "echo;secret",
    "*",
    "",
    "__class__",
    "call",
    "secret",
    "ech",
    "echo.call",
    "E" * 9999,
]
NAMES += ["{echo}", "%s", "read_file", "write_file", "run_command", "fetch_url"]


def main(input):
    tries = Tries()
    read_frame()
    write_frame(call(1))
    tries.tries("echo", read_frame)
    for number, name in enumerate(NAMES, start=2):
        tries.tries(f"call {name[:20]!r}", lambda number=number, name=name: write_frame(call(number, tool=name)))
        answer = tries.tries("answer", read_frame) or {}
        if "value" in answer:
            tries.got.append(f"{name!r}: {answer['value']}")
    return tries.result()
