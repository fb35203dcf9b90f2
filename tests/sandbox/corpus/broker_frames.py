"""Breaks the rules of the broker's frames, and then goes on as if nothing had been."""

from kit import Tries, call, read_frame, say, write_all, write_frame

DOOR = True
ENDS = ["good", "crash"]
VARIANTS = ["same number", "lower number", "huge length", "no JSON", "no object", "no number", "number as text", "deep"]
VARIANTS += ["bad UTF-8", "huge number", "true as number", "fraction"]

WRONG = {
    "same number": call(5),
    "lower number": call(-7),
    "no JSON": b"{'id': 6}",
    "no object": b"[6]",
    "no number": {"op": "call", "tool": "echo", "prompt": "x", "args": {}},
    "number as text": call("6"),
    "deep": b'{"id":6,"op":"call","tool":"echo","prompt":"x","args":{"a":' + b"[" * 200_000 + b"]" * 200_000 + b"}}",
    "bad UTF-8": b'{"id":6,"op":"call","tool":"echo","prompt":"\xff\xfe","args":{}}',
    "huge number": b'{"id":' + b"9" * 5000 + b',"op":"call","tool":"echo","prompt":"x","args":{}}',
    "true as number": call(True),
    "fraction": call(6.5),
}


def main(input):
    tries = Tries()
    variant = input["variant"]
    say(variant)
    read_frame()
    write_frame(call(5))
    tries.tried.append(f"a call: {read_frame()}")
    if variant == "huge length":
        tries.tries("send", lambda: write_all(3, (2**32 - 1).to_bytes(4, "big") + b"x" * (2 << 20)))
    else:
        tries.tries("send", lambda: write_frame(WRONG[variant]))
    tries.tries("go on", lambda: write_frame(call(1000)))
    tries.tries("answer", lambda: accepted(tries))
    tries.tries("answer", lambda: accepted(tries))
    return tries.result()


def accepted(tries):
    answer = read_frame(0.5)
    if answer.get("id") == 1000 and "value" in answer:
        tries.got.append(f"an answer after it: {answer}")
    return answer
