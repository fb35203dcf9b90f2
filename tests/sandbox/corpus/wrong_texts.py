"""As a program: prints what is almost JSON, or JSON that breaks its reader."""

import json
import os
import sys

TEXTS = {
    "nan": b"NaN",
    "infinity": b'{"a": -Infinity}',
    "too large": b"[1e999]",
    "two documents": b'{"a": 1}\n{"a": 2}\n',
    "text before": b'here it is: {"a": 1}',
    "text after": b'{"a": 1} and so on',
    "surrogate": b'"\\ud800"',
    "surrogate as bytes": b'"\xed\xa0\x80"',
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "bad UTF-8": b'"\xff\xfe"',
    "deep": b"[" * 100_000 + b"]" * 100_000,
    "rather deep": b"[" * 900 + b"]" * 900,
    "half": b'{"a": [1, 2',
    "giant": b'"' + b"x" * (40 << 20) + b'"',
    "long number": b"9" * 100_000,
    "single quotes": b"{'a': 1}",
    "comment": b'{"a": 1} // fine',
    "NUL": b'{"a": 1}\0',
}
VARIANTS = [
    "nan",
    "infinity",
    "too large",
    "two documents",
    "text before",
    "text after",
    "surrogate",
    "bad UTF-8",
    "deep",
]
VARIANTS += [
    "surrogate as bytes",
    "UTF-16",
    "rather deep",
    "half",
    "giant",
    "long number",
    "single quotes",
    "comment",
    "NUL",
]
ENDS = ["non-JSON", "killed"]
NEVER = ["good", "silent"]

variant = json.load(sys.stdin)["variant"]
os.write(2, f"tried: {variant}\n".encode())
text = TEXTS[variant]
while text:
    text = text[os.write(1, text) :]
