"""URLs: one meaning, or none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overseer.web.url import BadUrl, Url


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("http://example.com", "http://example.com/"),
        ("HTTPS://EXAMPLE.com:443/A", "https://example.com/A"),
        ("https://example.com:80/", "https://example.com:80/"),
        ("http://example.com:", "http://example.com/"),
        ("http://example.com./x", "http://example.com/x"),
        ("http://example.com?q=1#part", "http://example.com/?q=1"),
        ("  http://example.com/a b  ", "http://example.com/a%20b"),
        ("http://example.com/ü?q=ü&r=%C3%BC", "http://example.com/%C3%BC?q=%C3%BC&r=%C3%BC"),
        ("http://straße.de/", "http://xn--strae-oqa.de/"),
        ("http://127.1/", "http://127.0.0.1/"),
        ("http://0x7f.1:8000/", "http://127.0.0.1:8000/"),
        ("http://0177.0.0.1/", "http://127.0.0.1/"),
        ("http://2130706433/", "http://127.0.0.1/"),
        ("http://127.0.0.1./", "http://127.0.0.1/"),
        ("http://１２７。０。０。１/", "http://127.0.0.1/"),
        ("http://[::FFFF:127.0.0.1]:80/", "http://[::ffff:7f00:1]/"),
        ("http://a_b.example/", "http://a_b.example/"),
        ("http://example.com/\\@127.0.0.1/", "http://example.com/%5C@127.0.0.1/"),
    ],
)
def test_every_spelling_becomes_the_usual_one(text: str, written: str) -> None:
    url = Url.parse(text)
    assert str(url) == written
    assert Url.parse(written) == url


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "must start with https:// or http://"),
        ("example.com", "must start with https:// or http://"),
        ("ftp://example.com/", "must start with"),
        ("file:///etc/passwd", "must start with"),
        ("javascript:alert(1)", "must start with"),
        ("http:example.com", "names no host"),
        ("http:///path", "names no host"),
        ("http://a@127.0.0.1/", "user name before its host"),
        ("http://example.com:80@127.0.0.1/", "user name before its host"),
        ("http://user:secret@example.com/", "user name before its host"),
        ("http://example.com\\@127.0.0.1/", "user name before its host"),
        ("http://example.com\\.evil.example/", "not the name of a host"),
        ("http://exa mple.com/", "not the name of a host"),
        ("http://127.0.0.1%2f.example.com/", "not the name of a host"),
        ("http://%31%32%37.0.0.1/", "not the name of a host"),
        ("http://example..com/", "not the name of a host"),
        ("http://example.com../", "not the name of a host"),
        ("http://.example.com/", "not the name of a host"),
        (f"http://{'a' * 64}.com/", "not the name of a host"),
        (f"http://{'ü' * 3000}.com/", "not the name of a host"),
        ("http://1.2.3.256/", "is no IPv4 address"),
        ("http://1.2.3.4.5/", "is no IPv4 address"),
        ("http://[::1/", "not a host with a port"),
        ("http://::1/", "not a host with a port"),
        ("http://[fe80::1%25eth0]/", "not an IPv6 address"),
        ("http://[127.0.0.1]/", "not an IPv6 address"),
        ("http://example.com:0/", "not a port"),
        ("http://example.com:65536/", "not a port"),
        ("http://example.com:80a/", "not a host with a port"),
        ("http://example.com:-1/", "not a host with a port"),
        ("http://example.com:٣/", "not a host with a port"),
        ("http://example.com/\r\nHost: other", r"control character U\+000D"),
        ("http://exam\tple.com/", r"control character U\+0009"),
        ("http://example.com/\x00", r"control character U\+0000"),
        ("http://example.com/" + "a" * 20_000, "longer than"),
    ],
)
def test_what_is_no_url_or_could_be_two_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(BadUrl, match=complaint):
        Url.parse(text)


def test_a_password_in_a_url_is_not_repeated() -> None:
    with pytest.raises(BadUrl) as caught:
        Url.parse("http://user:hunter2@example.com/")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("reference", "joined"),
    [
        ("other", "https://example.com/a/other"),
        ("/root?q", "https://example.com/root?q"),
        ("//other.example/x", "https://other.example/x"),
        ("http://127.1/", "http://127.0.0.1/"),
        ("?q=ü", "https://example.com/a/b?q=%C3%BC"),
    ],
)
def test_a_reference_is_read_from_where_it_was_found(reference: str, joined: str) -> None:
    assert str(Url.parse("https://example.com/a/b").joined(reference)) == joined


@pytest.mark.parametrize("reference", ["http://[", "ftp://example.com", "http://a@b/", "http://exa mple/"])
def test_a_reference_that_is_no_url_is_refused(reference: str) -> None:
    with pytest.raises(BadUrl):
        Url.parse("https://example.com/").joined(reference)


@given(st.text(max_size=60))
def test_a_text_is_a_url_or_a_bad_one_and_never_changes_its_host_when_written(text: str) -> None:
    for prefix in ("", "http://", "http://example.com"):
        try:
            url = Url.parse(prefix + text)
        except BadUrl:
            continue
        assert Url.parse(str(url)) == url
        assert str(url).isascii()
        assert " " not in str(url)


@given(st.text(alphabet=st.characters(exclude_characters="?#/")), st.text())
def test_nothing_in_path_or_query_changes_the_host(path: str, query: str) -> None:
    try:
        url = Url.parse(f"http://example.com/{path}?{query}")
    except BadUrl:
        return
    assert (url.host, url.port) == ("example.com", 80)
