"""As a program: prints JSON that is allowed, but read in different ways by different readers."""

import json
import os
import sys

VARIANTS = ["duplicate keys", "escapes", "mark", "blank", "large number", "small number", "prototype", "control"]
ENDS = ["good", "non-JSON"]
TEXTS = {
    "duplicate keys": b'{"level": 1, "level": 2, "got": [], "got": []}',
    "escapes": b'{"a": "\\u001b]0;owned\\u0007\\u001b[2J", "\\u001b[31m": 1}',
    "mark": b'\xef\xbb\xbf{"a": 1}',
    "blank": b" \n\t " * 10000 + b"1" + b"\n" * 10000,
    "large number": b"123456789012345678901234567890",
    "small number": b"1e-999",
    "prototype": b'{"__proto__": 1, "__class__": "x", "constructor": null}',
    "control": b'"a\\u0000b\\u202e\\u2066"',
}

variant = json.load(sys.stdin)["variant"]
os.write(2, f"tried: {variant}\n".encode())
os.write(1, TEXTS[variant])
