"""Is source that exhausts the compiler: nesting, folding, size, and what is no source at all."""

VARIANTS = ["brackets", "operators", "folding", "attributes", "giant", "NUL", "coding", "indents", "surrogate"]
ENDS = ["crash", "killed", "non-JSON", "silent"]
NEVER = ["good"]
SLOW = True


def make_source(variant):
    head = "import os\nos.write(2, b'tried: it ran\\n')\n"
    body = {
        "brackets": "x = " + "(" * 100_000 + ")" * 100_000,
        "operators": "x = " + "-" * 300_000 + "1",
        "folding": "x = " + " + ".join(["((9 ** 9999) ** 99) ** 9"] * 50),
        "attributes": "x = a" + ".b" * 300_000,
        "giant": "x = [" + "1,\n" * 3_000_000 + "]",
        "NUL": "x = 1\0",
        "coding": "# coding: overseer-no-such-coding\nx = 1",
        "indents": "".join(" " * depth + "if 1:\n" for depth in range(2000)) + " " * 2000 + "pass",
        "surrogate": "x = '\ud800'",
    }[variant]
    return f"{head}{body}\ndef main(input):\n    raise ValueError('it was compiled')\n"
