"""The shapes in which one secret may turn up in a text: as it is, encoded, or escaped."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Iterator
from urllib.parse import quote, quote_plus, unquote

# Anything shorter is part of ordinary words: hiding it would mutilate texts and hide little.
SHORTEST = 8

# What everybody uses where a password does not matter. To hide it would blot out the word wherever it is said,
# and show by that what it is.
_NO_SECRETS = frozenset({
    "password", "passw0rd", "password1", "password123", "postgres", "postgresql", "changeme", "changeit",
    "changeme123", "12345678", "123456789", "1234567890", "minioadmin", "rootroot", "guestguest", "undefined",
    "disabled", "required", "redacted", "[redacted]", "localhost", "username", "example_key", "dummy_key",
    "test_key", "your_api_key", "your-api-key", "not-needed", "no-key-required",
})  # fmt: skip

_LINE = 16  # a line of a longer secret that may be quoted by itself


def forms(value: str) -> set[str]:
    """All texts to look for when nobody may see `value`; none if it is too short or too common."""
    if value.lower() in _NO_SECRETS:
        return set()
    values = {value, value.strip(), unquote(value)}
    lines = [line.strip() for line in value.splitlines()]
    if len(lines) > 1:
        values.update(line for line in lines if len(line) >= _LINE and not line.startswith("-----"))
    return {form for one in values if len(one) >= SHORTEST for form in _shapes(one) if len(form) >= SHORTEST}


def _shapes(value: str) -> Iterator[str]:
    yield value
    yield from _in_urls(value)
    for escaped in (json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]):
        yield escaped
        yield json.dumps(escaped)[1:-1]  # JSON as text within JSON
        yield escaped.replace("/", "\\/")
    yield repr(value)[1:-1]
    yield html.escape(value)
    data = value.encode(errors="surrogatepass")
    yield data.hex()
    yield data.hex().upper()
    for alignment in range(3):
        yield from _base64(data, alignment)


def _in_urls(value: str) -> Iterator[str]:
    try:
        encoded = {quote(value), quote(value, safe=""), quote_plus(value)}
    except UnicodeEncodeError:  # half of a surrogate pair
        return
    for text in encoded:
        yield text
        yield "".join(piece.lower() if place % 2 else piece for place, piece in enumerate(_escapes(text)))


def _escapes(text: str) -> Iterator[str]:
    """A text cut at its percent escapes: these are at odd places."""
    first, *rest = text.split("%")
    yield first
    for piece in rest:
        yield f"%{piece[:2]}"
        yield piece[2:]


def _base64(data: bytes, alignment: int) -> Iterator[str]:
    """The characters that stand for nothing but `data` when so many bytes (modulo 3) come before it."""
    encoded = base64.b64encode(bytes(alignment) + data).decode()
    first = -(-alignment * 8 // 6)
    last = (alignment + len(data)) * 8 // 6
    yield encoded[first:last]
    yield encoded[first:last].replace("+", "-").replace("/", "_")
