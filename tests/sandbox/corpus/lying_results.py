"""Returns what runs code when it is written as JSON, or is something else than it says."""

import math
import os

from kit import say

BREAKS = True
VARIANTS = [
    "mapping",
    "text",
    "number",
    "list",
    "reduce",
    "class",
    "self",
    "generator",
    "bytes",
    "keys",
    "nan",
    "function",
]
ENDS = ["good", "non-JSON", "crash"]


class Mapping(dict):
    def items(self):
        os.write(2, b"items was called\n")
        return [("value", 1), ("value", 987654321), (float("nan"), float("inf"))]

    __iter__ = keys = values = items


class Text(str):
    def __str__(self):
        raise SystemExit(0)

    __repr__ = encode = __format__ = __str__


class Number(int):
    def __repr__(self):
        return '1, "level": "987654321"'

    __str__ = __format__ = __repr__


class List(list):
    def __len__(self):
        return 1 << 40

    def __iter__(self):
        while True:
            raise KeyboardInterrupt


class Reduced:
    def __reduce__(self):
        return os.system, ("echo overseer",)

    def __reduce_ex__(self, protocol):
        return self.__reduce__()


class Classy:
    @property
    def __class__(self):
        return dict


def main(input):
    say(f"lie as {input['variant']}")
    itself = []
    itself.append(itself)
    return {
        "mapping": Mapping(a=1),
        "text": Text("x"),
        "number": Number(1),
        "list": List([1]),
        "reduce": Reduced(),
        "class": Classy(),
        "self": itself,
        "generator": (number for number in [1]),
        "bytes": b"x",
        "keys": {1: 2, None: 3, (4, 5): 6},
        "nan": [math.nan, math.inf],
        "function": main,
    }[input["variant"]]
