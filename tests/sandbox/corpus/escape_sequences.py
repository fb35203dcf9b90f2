"""Writes to the terminal of whoever reads: in its result, its stderr, its error and the name of its error."""

from kit import say

ENDS = ["crash", "good"]
VARIANTS = ["error", "name", "result"]
EVIL = "\x1b]0;owned\x07\x1b[2J\x1b[8m\x9b31m\u202e\r\x08verdict: good"


def main(input):
    say(f"escape by {input['variant']} {EVIL}")
    if input["variant"] == "error":
        raise ValueError(EVIL)
    if input["variant"] == "name":
        raise type(f"Name{EVIL}", (Exception,), {})("x")
    return {"text": EVIL, EVIL: 1}
