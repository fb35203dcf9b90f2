"""Tools that write text in the encodings of the web, read it back, and make checksums."""

from __future__ import annotations

import base64
import binascii
import hashlib
import html
from typing import Literal
from urllib.parse import quote, unquote

from overseer.tool import ToolError, tool


@tool(
    tags=["text", "encode", "base64", "hex", "url", "html", "escape"],
    examples=[
        {"request": "encode 'hello' in base64", "args": {"text": "hello", "encoding": "base64"}},
        {"request": "escape this for a URL", "args": {"text": "a b&c", "encoding": "url"}},
    ],
)
def encode_text(text: str, encoding: Literal["base64", "base64url", "hex", "url", "html"]) -> str:
    """Write a text in Base64, hexadecimal, or escaped for a URL or for HTML.

    Args:
        text: what to encode
        encoding: how to encode it; base64url is Base64 that can stand in a URL
    """
    data = _utf8(text)
    match encoding:
        case "base64":
            return base64.b64encode(data).decode()
        case "base64url":
            return base64.urlsafe_b64encode(data).decode()
        case "hex":
            return data.hex()
        case "url":
            return quote(data, safe="")
        case "html":
            return html.escape(text)


@tool(
    tags=["text", "decode", "base64", "hex", "url", "html", "unescape"],
    examples=[{"request": "decode this base64 text", "args": {"text": "aGVsbG8=", "encoding": "base64"}}],
)
def decode_text(text: str, encoding: Literal["base64", "base64url", "hex", "url", "html"]) -> str:
    """Read a text that was written in Base64, hexadecimal, or escaped for a URL or for HTML.

    Args:
        text: what to decode
        encoding: how it is encoded
    """
    try:
        match encoding:
            case "html":
                return html.unescape(text)
            case "url":
                return unquote(text, errors="strict")
            case "hex":
                return bytes.fromhex(text).decode()
        plain = "".join(text.split()).rstrip("=")
        padded = plain + "=" * (-len(plain) % 4)
        return base64.b64decode(padded, altchars=b"-_" if encoding == "base64url" else None, validate=True).decode()
    except UnicodeDecodeError:
        raise _wrong(f"text is {encoding}, but not of UTF-8 text; it may be that of a file") from None
    except (ValueError, binascii.Error) as error:
        raise _wrong(f"text is no {encoding}: {error}; look whether it is complete, or name another encoding") from None


@tool(
    tags=["text", "checksum", "hash", "digest", "sha256", "md5"],
    examples=[{"request": "what is the SHA-256 checksum of 'hello'?", "args": {"text": "hello"}}],
)
def text_checksum(text: str, algorithm: Literal["sha256", "sha512", "sha1", "md5", "blake2b"] = "sha256") -> str:
    """Work out the checksum of a text, as hexadecimal digits.

    Args:
        text: the text, taken as UTF-8
        algorithm: how to work it out; sha1 and md5 find accidents but stop nobody
    """
    return hashlib.new(algorithm, _utf8(text), usedforsecurity=False).hexdigest()


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise _wrong("text holds half of a character, which UTF-8 cannot write; take it out") from None


def _wrong(message: str) -> ToolError:
    return ToolError(message, kind="bad_request")
