"""Text in the encodings of the web, there and back."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overseer.tool import ToolError
from tests.tools.fakes import call


@pytest.mark.parametrize(
    ("encoding", "written"),
    [
        ("base64", "w7w/PiA8YSYiPg=="),
        ("base64url", "w7w_PiA8YSYiPg=="),
        ("hex", "c3bc3f3e203c6126223e"),
        ("url", "%C3%BC%3F%3E%20%3Ca%26%22%3E"),
        ("html", "ü?&gt; &lt;a&amp;&quot;&gt;"),
    ],
)
def test_encodings(encoding: str, written: str) -> None:
    assert call("encode_text", text='ü?> <a&">', encoding=encoding) == written
    assert call("decode_text", text=written, encoding=encoding) == 'ü?> <a&">'


@given(st.text(), st.sampled_from(["base64", "base64url", "hex", "url", "html"]))
def test_what_was_encoded_can_be_decoded(text: str, encoding: str) -> None:
    assert call("decode_text", text=call("encode_text", text=text, encoding=encoding), encoding=encoding) == text


def test_padding_and_spaces_do_not_matter() -> None:
    assert call("decode_text", text=" aGVs\nbG8 ", encoding="base64") == "hello"


def test_checksums() -> None:
    assert call("text_checksum", text="hello").startswith("2cf24dba5fb0a30e26e83b2ac5b9e29e")
    assert call("text_checksum", text="hello", algorithm="md5") == "5d41402abc4b2a76b9719d911017c592"


@pytest.mark.parametrize(
    ("tool", "args", "complaint"),
    [
        ("decode_text", {"text": "a!b", "encoding": "base64"}, "text is no base64: .*; look whether it is complete"),
        ("decode_text", {"text": "a", "encoding": "base64"}, "text is no base64"),
        ("decode_text", {"text": "xyz", "encoding": "hex"}, "text is no hex"),
        ("decode_text", {"text": "ff", "encoding": "hex"}, "text is hex, but not of UTF-8 text"),
        ("decode_text", {"text": "%ff", "encoding": "url"}, "text is url, but not of UTF-8 text"),
        ("encode_text", {"text": "a", "encoding": "morse"}, "encoding"),
        ("text_checksum", {"text": "\ud800"}, "text holds half of a character"),
    ],
)
def test_what_cannot_be_done_is_said(tool: str, args: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ToolError, match=complaint):
        call(tool, **args)
