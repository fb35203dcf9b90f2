"""A secret is found wherever the pieces of a text are cut, and nothing else is held back for long."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overseer.secrets import Redactor, Secrets, StreamRedactor
from tests.strategies import unhurried

SECRET = "Zq8xkW2m Pf7RtY4v"
REDACTOR = Redactor(Secrets({"KEY": SECRET, "LONGER": f"{SECRET}/and more", "OTHER": "tY4vabcdefgh"}))
BODY = "\n".join(["MIIEpAIBAAKCAQEA" * 4] * 3)

TEXTS = [
    f"the key is {SECRET}, and {SECRET} again",
    f"{SECRET}",
    f"{SECRET}/and more",
    f"{SECRET}/and less",
    f"{SECRET}abcdefgh",
    "a key sk-4kQ9zT2xW7vB1nM6pL3jH8gF5dS0aYcR of another",
    "Authorization:  Bearer abcdefghijkl end",
    "the api key : 4kQ9zT2xW7vB1nM6 end",
    "postgres://me:4kQ9zT2xW@host/db end",
    f"before -----BEGIN RSA PRIVATE KEY-----\n{BODY}\n-----END RSA PRIVATE KEY----- after",
    f"cut off -----BEGIN PRIVATE KEY-----\n{BODY}",
    "no secret at all,\njust prose with a key and a token in it -----BEGIN CERTIFICATE-----\nand more.",
]


def streamed(chunks: list[str]) -> str:
    stream = StreamRedactor(REDACTOR)
    return "".join([*map(stream.feed, chunks), stream.close()])


@pytest.mark.parametrize("text", TEXTS)
def test_wherever_a_text_is_cut_the_outcome_is_the_same(text: str) -> None:
    whole = REDACTOR.redact(text)
    assert streamed(list(text)) == whole
    for cut in range(len(text) + 1):
        assert streamed([text[:cut], text[cut:]]) == whole


@unhurried
@given(
    st.lists(st.sampled_from([*TEXTS, " ", "\n", SECRET[:7], SECRET[7:]]) | st.text(max_size=9), max_size=5), st.data()
)
def test_no_cut_lets_a_secret_through(pieces: list[str], data: st.DataObject) -> None:
    text = "".join(pieces)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=10)))
    chunks = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    output = streamed(chunks)
    assert SECRET not in output
    assert "sk-4kQ9" not in output
    assert "MIIEpAIBAAKCAQEA" not in output


def test_words_are_given_out_when_the_next_begins() -> None:
    stream = StreamRedactor(REDACTOR)
    assert stream.feed("hel") == ""
    assert stream.feed("lo wor") == "hello "
    assert stream.feed("ld\n") == "world\n"
    assert stream.close() == ""


@pytest.mark.parametrize(
    "start", ["", "-----BEGIN CERTIFICATE-----\n", "-----BEGIN PRIVATE KEY----- (a header)", "a key: "]
)
def test_only_so_much_is_ever_held_back(start: str) -> None:
    stream = StreamRedactor(REDACTOR)
    given = out = 0
    for chunk in [start, *["abc. " * 10] * 100, *["x" * 50] * 500]:
        given += len(chunk)
        out += len(stream.feed(chunk))
        assert given - out < 5000
    assert out + len(stream.close()) == given


@pytest.mark.long
def test_a_secret_within_a_word_without_end_is_found() -> None:
    text = "x" * 9000 + "Zq8xkW2m Pf7RtY4v" + "y" * 9000
    for size in (1, 7, 100, 5000):
        output = streamed([text[at : at + size] for at in range(0, len(text), size)])
        assert output == "x" * 9000 + "[secret KEY]" + "y" * 9000


def test_without_secrets_known_a_stream_still_looks_for_keys() -> None:
    stream = StreamRedactor(Redactor())
    assert stream.feed("sk-4kQ9zT2xW7vB1n") + stream.feed("M6pL3jH8gF5dS0aYcR ") + stream.close() == "[redacted] "


def test_who_waits_sees_all_but_what_may_become_a_secret() -> None:
    stream = StreamRedactor(REDACTOR)
    assert stream.feed("Approve it? [y/N]") + stream.settle() == "Approve it? [y/N]"
    assert stream.feed(f" {SECRET[:9]}") + stream.settle() == " "
    assert stream.feed("x") + stream.settle() == f"{SECRET[:9]}x"
    assert stream.feed(f"-----BEGIN PRIVATE KEY-----\n{BODY}") + stream.settle() == ""
    assert stream.close() == "[redacted]"
