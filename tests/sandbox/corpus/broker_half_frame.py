"""Sends half a frame and hangs, with the broker waiting for the rest."""

import time

from kit import call, read_frame, say, write_all, write_frame

DOOR = True
SLOW = True
ENDS = ["killed"]
NEVER = ["good"]


def main(input):
    read_frame()
    write_frame(call(1))
    read_frame()
    say("half a frame")
    write_all(3, b"\0\0\0\x50{")
    time.sleep(20)
