"""Ends without any result, in the ways that look like success."""

import os

from kit import say

ENDS = ["silent", "good"]
VARIANTS = ["exit", "none"]


def main(input):
    say(f"silence by {input['variant']}")
    if input["variant"] == "exit":
        os._exit(0)
