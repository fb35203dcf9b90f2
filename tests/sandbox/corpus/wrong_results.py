"""Returns what JSON cannot hold, or no parser should take: too large, too deep, not finite, lone surrogates."""

from kit import say

VARIANTS = ["giant", "many", "deep", "nan", "infinity", "surrogate", "surrogate key", "long number", "giant key"]
ENDS = ["non-JSON", "crash", "killed"]
NEVER = ["good", "silent"]


def main(input):
    say(f"result {input['variant']}")
    deep = []
    for _ in range(100_000):
        deep = [deep]
    return {
        "giant": lambda: "x" * (40 << 20),
        "many": lambda: [0] * (5 << 20),
        "deep": lambda: deep,
        "nan": lambda: {"a": [float("nan")]},
        "infinity": lambda: -float("inf"),
        "surrogate": lambda: "\ud800",
        "surrogate key": lambda: {"\udfff": 1},
        "long number": lambda: 7**100_000,
        "giant key": lambda: {"x" * (40 << 20): 1},
    }[input["variant"]]()
