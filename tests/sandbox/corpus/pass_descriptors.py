"""Passes descriptors to the broker until it has none left, and asks for some of its own."""

import json
import os
import socket
import struct

from kit import Tries, read_frame, say

DOOR = True


def main(input):
    tries = Tries()
    say("passing descriptors")
    read_frame()  # the greeting
    held = [os.pipe()[0] for _ in range(10)]
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, struct.pack("10i", *held))]
    for number in range(1, 61):
        frame = json.dumps({"id": number, "op": "call", "tool": "echo", "prompt": "x", "args": {}}).encode()
        data = struct.pack(">I", len(frame)) + frame
        if tries.tries("pass", lambda data=data: passed(data, rights)) is None:
            os.write(3, data)
        tries.tries("answer", read_frame)
    tries.tries("credentials", lambda: credentials())
    tries.gets("descriptors of the other side", received)
    tries.tried = tries.tried[-20:]
    return tries.result()


def passed(data, rights):
    with socket.socket(fileno=os.dup(3)) as broker:
        return broker.sendmsg([data], rights)


def credentials():
    with socket.socket(fileno=os.dup(3)) as broker:
        forged = struct.pack("3i", 1, 0, 0)
        return broker.sendmsg([b""], [(socket.SOL_SOCKET, 2, forged)])


def received():
    with socket.socket(fileno=os.dup(3)) as broker:
        ancillary = broker.recvmsg(10, 1000, socket.MSG_DONTWAIT)[1]
        if ancillary:
            return str(ancillary)
        raise OSError("nothing came with it")
