"""Has a thousand calls under way at once, and reads no answer."""

import json
import os
import time

from kit import Tries, call, read_frame, say, write_all

DOOR = True
VARIANTS = ["slow", "large"]
ENDS = ["good", "crash", "killed"]


def main(input):
    tries = Tries()
    say("flood of calls")
    read_frame()
    prompt = "slow" if input["variant"] == "slow" else "x" * 900_000
    frames = b""
    for number in range(1, 1001 if input["variant"] == "slow" else 20):
        frame = json.dumps(call(number, prompt)).encode()
        frames += len(frame).to_bytes(4, "big") + frame
    os.set_blocking(3, False)
    deadline = time.monotonic() + 0.6
    while frames and time.monotonic() < deadline:
        done = tries.tries("write", lambda: os.write(3, frames[: 1 << 16]))
        if done is None:
            time.sleep(0.01)
        frames = frames[done or 0 :]
    os.set_blocking(3, True)
    tries.tried = [f"{len(frames)} bytes were not taken", *tries.tried[-2:]]
    time.sleep(0.1)
    tries.tries("an answer", write_all_and_read)
    return tries.result()


def write_all_and_read():
    write_all(3, b"")
    return str(read_frame(0.2))[:100]
