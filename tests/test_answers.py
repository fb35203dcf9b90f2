"""What the answer of a server says."""

from __future__ import annotations

import pytest

from overseer.tool import WebAnswer, is_json, refusal_of, retry_after_of, text_of


def answer(body: bytes = b"", status: int = 200, **headers: str) -> WebAnswer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return WebAnswer("http://x.example/", status, named, body)


@pytest.mark.parametrize(
    ("body", "content_type", "text"),
    [
        ("grün".encode(), "", "grün"),
        ("grün".encode("latin-1"), "", "grün"),
        ("grün".encode("latin-1"), "text/plain; charset=ISO-8859-1", "grün"),
        ("“grün”".encode("cp1252"), "text/plain; charset='iso-8859-1'", "“grün”"),
        ("grün".encode("utf-16"), "text/plain; charset=latin1", "grün"),
        (b"\xef\xbb\xbfgr\xc3\xbcn", "text/plain; charset=latin1", "grün"),
        ("日本".encode("shift_jis"), "text/plain; charset=Shift_JIS", "日本"),
        (b'<meta charset="koi8-r">' + "да".encode("koi8-r"), "text/html", '<meta charset="koi8-r">да'),
        (b'<?xml encoding="latin1"?>\xfc', "text/xml", '<?xml encoding="latin1"?>ü'),
        (b"charset=koi8-r \xc3\xbc", "text/plain", "charset=koi8-r ü"),
        (b"gr\xc3\xbcn", "text/plain; charset=no-such", "grün"),
        (b"\\u0041", "text/plain; charset=unicode_escape", "\\u0041"),
        (b"a", "text/plain; charset=idna", "a"),
        (b"\xff", "application/json", "\ufffd"),
    ],
)
def test_a_body_is_read_in_the_encoding_that_it_has(body: bytes, content_type: str, text: str) -> None:
    assert text_of(answer(body, content_type=content_type)) == text


def test_json_is_told_by_its_type() -> None:
    assert is_json(answer(content_type="application/problem+json; charset=utf-8"))
    assert not is_json(answer(content_type="text/html"))


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, "tool"), (404, "tool"), (408, "transient"), (429, "rate_limited"), (500, "transient"), (503, "transient")],
)
def test_a_refusal_says_whether_trying_again_could_help(status: int, kind: str) -> None:
    error = refusal_of(answer(b"because", status, content_type="text/plain", retry_after="7"))
    assert error is not None
    assert error.kind == kind
    assert error.retry_after_s == (None if kind == "tool" else 7)
    assert f"http://x.example/ answered {status}" in str(error)
    assert str(error).endswith(": because")


def test_other_answers_are_no_refusals() -> None:
    assert refusal_of(answer(status=399)) is None


def test_a_refusal_quotes_little_and_no_pages() -> None:
    assert str(refusal_of(answer(b"<html>", 499, content_type="text/html"))) == "http://x.example/ answered 499"
    quoted = str(refusal_of(answer(b"a\x1b[31m\n" * 500, 404, content_type="text/plain")))
    assert quoted.startswith("http://x.example/ answered 404 (Not Found): a [31m a [31m")
    assert len(quoted) < 400


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        (" 0 ", 0.0),
        ("1.5", 1.5),
        ("Thu, 01 Jan 1970 00:01:40 GMT", 90.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("soon", None),
        ("-5", None),
        ("9" * 400, None),
        ("", None),
    ],
)
def test_when_to_come_back_is_a_number_or_a_date(value: str, seconds: float | None) -> None:
    assert retry_after_of(answer(retry_after=value), now=10.0) == seconds
