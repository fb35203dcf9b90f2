"""Recurses without end: in Python, with the limit gone, in C, in its result, in the handling of its own error."""

import json
import sys

from kit import say

VARIANTS = ["plain", "limitless", "json", "handler", "repr"]
ENDS = ["crash", "killed"]
NEVER = ["good"]
SLOW = True


class Endless:
    def __repr__(self):
        return repr(self)


def main(input):
    say(f"recurse as {input['variant']}")
    if input["variant"] == "plain":
        return deeper(0)
    sys.setrecursionlimit(10**9)
    if input["variant"] == "limitless":
        return deeper(0)
    if input["variant"] == "repr":
        return repr(Endless())
    if input["variant"] == "handler":
        return handled()
    return json.loads("[" * 10**7)


def deeper(depth):
    return deeper(depth + 1) + 1


def handled():
    try:
        return handled()
    finally:
        handled()
