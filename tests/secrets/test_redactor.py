"""Redaction: every known secret in every usual shape, keys nobody told of by their looks, and nothing else."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import time
import uuid
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from overseer.secrets import Redactor, Secrets
from overseer.secrets.forms import forms
from overseer.secrets.patterns import pattern_spans
from tests.strategies import json_values, unhurried

ROOT = Path(__file__).parent.parent.parent

KEY = "Zq8x/kW2+mPf'7R\"tY4.v&é"
NONE = Redactor()


def redactor(**secrets: str) -> Redactor:
    return Redactor(Secrets(secrets))


# --- known secrets

_PEM = "-----BEGIN X-----\nMIIEpAIBAAKCAQEAxxxx\nshort\nq83vMIIEpAIBAAKCAQEA\n-----END X-----"


@pytest.mark.parametrize(
    "shape",
    [
        KEY,
        quote(KEY),
        quote(KEY, safe=""),
        quote_plus(KEY),
        re.sub("%..", lambda escape: escape.group().lower(), quote(KEY, safe="")),
        json.dumps(KEY),
        json.dumps(KEY, ensure_ascii=False),
        json.dumps(KEY).replace("/", "\\/"),
        json.dumps(json.dumps({"key": KEY})),
        repr({"key": KEY}),
        html.escape(KEY),
        KEY.encode().hex(),
        KEY.encode().hex().upper(),
        *(base64.b64encode(b"u" * before + KEY.encode() + b"v" * 5).decode() for before in range(6)),
        *(base64.urlsafe_b64encode(b"u" * before + KEY.encode()).decode() for before in range(3)),
    ],
)
def test_a_secret_is_found_in_every_usual_shape(shape: str) -> None:
    redacted = redactor(KEY=KEY).redact(f"before {shape} after")
    assert "[secret KEY]" in redacted
    assert shape not in redacted
    assert redacted.startswith("before ")
    assert redacted.endswith(" after")


@pytest.mark.parametrize(
    "secret", ["my.dotted.secret.value", "correcthorsebattery", "........", "aaaaaaaa", "a b c d e f"]
)
def test_a_known_secret_needs_no_special_form(secret: str) -> None:
    assert redactor(K=secret).redact(f"x{secret}y{secret}") == "x[secret K]y[secret K]"


def test_the_longest_of_secrets_within_each_other_is_named() -> None:
    one = redactor(SHORT="abcdefgh", LONG="xxabcdefghyy", LAST="ghyyzzzz")
    assert one.redact("-xxabcdefghyy-") == "-[secret LONG]-"
    assert one.redact("-abcdefgh-") == "-[secret SHORT]-"
    assert one.redact("-xxabcdefghyyzzzz-") == "-[secret LONG]-"
    assert one.redact("-abcdefghabcdefgh-") == "-[secret SHORT][secret SHORT]-"


def test_overlapping_occurrences_leave_nothing() -> None:
    assert redactor(K="abababab").redact("xababababababx") == "x[secret K]x"


def test_each_longer_line_of_a_secret_is_one() -> None:
    one = redactor(PEM=_PEM)
    assert one.redact(_PEM) == "[secret PEM]"
    assert one.redact("12: MIIEpAIBAAKCAQEAxxxx\n13: short") == "12: [secret PEM]\n13: short"
    assert "MIIE" not in one.redact(json.dumps({"k": _PEM}))


@pytest.mark.parametrize("value", ["short", "1234567", "password", "postgres", "changeme", "Password", ""])
def test_what_is_too_short_or_everybodys_is_not_hidden(value: str) -> None:
    text = f"the {value} is a word like another"
    assert redactor(K=value).redact(text) is text


def test_a_name_that_is_a_secret_itself_does_not_take_its_place() -> None:
    one = redactor(correcthorse="Zq8xkW2mPf7R", OTHER="correcthorse")
    assert one.redact("a Zq8xkW2mPf7R b") == "a [redacted] b"


def test_the_password_of_an_address_is_known_wherever_it_is() -> None:
    environ = {"DATABASE_URL": "postgres://me:p%40ssw0rdly@db/name"}
    one = Redactor(Secrets.gather(environ))
    assert one.redact("it is p@ssw0rdly") == "it is [secret DATABASE_URL]"
    assert one.redact("postgres://me:p%40ssw0rdly@db/name") == "postgres://me:[secret DATABASE_URL]@db/name"


secrets_st = (
    st.text(st.characters(exclude_characters="[]"), min_size=8, max_size=30)
    .filter(lambda text: len(text.strip()) >= 8)
    .filter(forms)  # not one of those that everybody has
)
surroundings = st.text(max_size=20)


def without_labels(text: str) -> list[str]:
    return re.split(r"\[secret \w+\]|\[redacted\]", text)


@unhurried
@given(st.lists(secrets_st, min_size=1, max_size=4), st.data())
def test_the_output_never_holds_a_secret(values: list[str], data: st.DataObject) -> None:
    one = redactor(**{f"K{n}": value for n, value in enumerate(values)})
    shapes = []
    for value in values:
        raw = value.encode(errors="surrogatepass")
        shapes += [value, raw.hex(), json.dumps(value)[1:-1]]
        shapes += [base64.b64encode(raw).decode().rstrip("="), base64.urlsafe_b64encode(raw).decode().rstrip("=")]
        if not re.search("[\ud800-\udfff]", value):
            shapes += [quote(value), quote(value, safe=""), quote_plus(value)]
    pieces = data.draw(st.lists(st.sampled_from(shapes) | surroundings, max_size=8))
    for left in without_labels(one.redact("".join(pieces))):
        for shape in shapes:
            assert shape not in left


@unhurried
@given(secrets_st, st.text(st.sampled_from("abc dé\n.,"), max_size=200))
def test_text_without_a_secret_is_the_same_object(secret: str, text: str) -> None:
    one = redactor(K=secret)
    assume(not any(form in text for form in one.texts))
    assert one.redact(text) is text


# --- JSON


def test_json_is_redacted_in_values_and_keys_and_numbers_stay() -> None:
    one = redactor(KEY="Zq8xkW2mPf7R", NUMBER="123456789012")
    given = {"a": ["x", "my Zq8xkW2mPf7R", 123456789012], "Zq8xkW2mPf7R": None, "b": {"c": 1.5, "d": True}}
    kept = json.dumps(given)
    redacted = one.redact_json(given)
    assert redacted == {
        "a": ["x", "my [secret KEY]", 123456789012],
        "[secret KEY]": None,
        "b": {"c": 1.5, "d": True},
    }
    assert json.dumps(given) == kept
    assert redacted["b"] is given["b"]


def test_two_members_whose_keys_were_secrets_stay_two() -> None:
    one = redactor(K="Zq8xkW2mPf7R")
    given = {"Zq8xkW2mPf7R": 1, b"Zq8xkW2mPf7R".hex(): 2, "[secret K] 2": 3, "[secret K]": 4}
    redacted = one.redact_json(given)
    assert sorted(redacted.values()) == [1, 2, 3, 4]
    assert redacted["[secret K]"] == 4
    assert "Zq8x" not in json.dumps(redacted)


@pytest.mark.parametrize("value", ["Zq8xkW2mPf7R", ["Zq8xkW2mPf7R"], {"Zq8xkW2mPf7R": 1}, [[{"a": "Zq8xkW2mPf7R"}]]])
def test_json_of_any_kind(value: object) -> None:
    assert "Zq8x" not in json.dumps(redactor(K="Zq8xkW2mPf7R").redact_json(value))


@unhurried
@given(json_values)
def test_json_without_a_secret_is_the_same_object(value: object) -> None:
    one = redactor(K="Zq8xkW2mPf7R")
    assert one.redact_json(value) is value


# --- looks

LOOKS = [
    "sk-4kQ9zT2xW7vB1nM6pL3jH8gF5dS0aYcR",
    "sk-proj-4kQ9zT2xW7vB1nM6pL3jH8gF5dS0aYcR_x-1",
    "sk-ant-api03-4kQ9zT2xW7vB1nM6pL3jH8gF5dS0aYcR-AA",
    "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",
    "ghp_9aB8cD7eF6gH5iJ4kL3mN2oP1qR0sT9uV8wX",
    "github_pat_11ABCDEFG0aBcDeFgHiJkL_mNoPqRsTuVwXyZ0123456789",
    "glpat-4kQ9zT2xW7vB1nM6pL3j",
    "xoxb-123456789012-1234567890123-4kQ9zT2xW7vB1nM6",
    "AKIAIOSFODNN7EXAMPLE",
    "AIzaSyA4kQ9zT2xW7vB1nM6pL3jH8gF5dS0aYcR",
    "ya29.a0AfH6SMBx4kQ9zT2xW7vB1nM6pL3jH8gF5dS0",
    "hf_4kQ9zT2xW7vB1nM6pL3jH8gF5dS0aYcRqq",
    "gsk_4kQ9zT2xW7vB1nM6pL3jH8gF5dS0aYcRqq",
    "sk_live_4kQ9zT2xW7vB1nM6pL3jH8gF",
    "npm_4kQ9zT2xW7vB1nM6pL3jH8gF5dS0aYcRqqqq",
    "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",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
]


@pytest.mark.parametrize("key", LOOKS)
@pytest.mark.parametrize("frame", ["{}", "the key {}.", '{{"a":"{}"}}', "x={};y", "({})", "Incorrect API key: {}\n"])
def test_keys_of_known_forms_are_found(key: str, frame: str) -> None:
    redacted = NONE.redact(frame.format(key))
    assert key not in redacted
    assert redacted == frame.format("[redacted]")


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("Authorization: Bearer abcdefghijkl", "Authorization: Bearer [redacted]"),
        ('{"authorization": "Basic dXNlcjpwYXNz"}', '{"authorization": "Basic [redacted]"}'),
        ("curl -H 'Bearer 4kQ9zT2xW7vB1nM6' x", "curl -H 'Bearer [redacted]' x"),
        ("https://me:hunter2!@host/path", "https://me:[redacted]@host/path"),
        ("postgres://u:p@ss@host:5432/db", "postgres://u:[redacted]@host:5432/db"),
        ("redis://:4kQ9zT2xW@host", "redis://:[redacted]@host"),
        ("api_key=4kQ9zT2xW7vB1nM6", "api_key=[redacted]"),
        ('"client_secret": "4kQ9zT2xW7vB1nM6"', '"client_secret": "[redacted]"'),
        ('\\"apiKey\\":\\"4kQ9zT2xW7vB1nM6\\"', '\\"apiKey\\":\\"[redacted]\\"'),
        (
            "export AWS_SECRET_ACCESS_KEY=wJ4lrXUtnF3MI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "export AWS_SECRET_ACCESS_KEY=[redacted]",
        ),
        ("https://x.io/?token=4kQ9zT2xW7vB1nM6&b=1", "https://x.io/?token=[redacted]&b=1"),
        ("password: 4kQ9=zT2xW7vB1nM6=", "password: 4kQ9=zT2xW7vB1nM6="),  # its first part is too short to tell
        ("password: 4kQ9zT2xW7vB=1nM6=", "password: [redacted]"),
        ("session_token := '4kQ9zT2xW7vB1nM6'", "session_token := '[redacted]'"),
        ("my api key: 4kQ9zT2xW7vB1nM6", "my api key: [redacted]"),
    ],
)
def test_names_and_places_give_values_away(text: str, redacted: str) -> None:
    assert NONE.redact(text) == redacted
    assert NONE.redact(redacted) == redacted


_BODY = "\n".join(["MIIEpAIBAAKCAQEA" * 4] * 12)


@pytest.mark.parametrize("kind", ["RSA ", "EC ", "OPENSSH ", "", "ENCRYPTED "])
def test_private_keys_are_found_whole_cut_off_and_in_json(kind: str) -> None:
    key = f"-----BEGIN {kind}PRIVATE KEY-----\n{_BODY}\nabcd==\n-----END {kind}PRIVATE KEY-----"
    assert NONE.redact(f"a {key} b") == "a [redacted] b"
    assert NONE.redact(json.dumps({"k": key})) == '{"k": "[redacted]"}'
    cut = NONE.redact(f"a {key[:300]}")
    assert cut == "a [redacted]"
    headed = key.replace("-----\n", "-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0123456789ABCDEF\n\n", 1)
    assert NONE.redact(headed) == "[redacted]"


HARMLESS = [
    "The token bucket holds 100 tokens; a token: one call. Keys are kept secret.",
    "password: at least twelve characters, with-a-digit",
    "Basic authentication and bearer tokens, a bearer of bad news",
    "task-force-of-people-with-1-goal sk-learn sk-toggleable__label-arrow-label-arrow",
    "sk-estimator-doc-link-and-more-2024",
    hashlib.sha256(b"x").hexdigest(),
    f"sha256:{hashlib.sha256(b'y').hexdigest()}",
    f"commit {hashlib.sha1(b'x').hexdigest()}\nAuthor: A. Person <a@example.org>",
    "sha512-" + base64.b64encode(hashlib.sha512(b"x").digest()).decode(),
    str(uuid.UUID(int=0x1234567890ABCDEF1234567890ABCDEF)),
    f"id={uuid.UUID(int=0x1234567890ABCDEF1234567890ABCDEF)} key=value primary_key: {hashlib.md5(b'x').hexdigest()}",
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
    "api_key = os.environ['OPENAI_API_KEY']",
    "token = get_token_from_vault2(name, 12345)",
    "password=getpass.getpass('Password: ')",
    "secret: settings.aws.secret_access_key_v2",
    "api_key: str = field(default_factory=load_key_from_2_places)",
    "token: Optional[str] = None, secret_key: bytes = b''",
    "https://example.org:8080/path@2x.png?q=a:b",
    "ssh://git@github.com:22/owner/repo.git",
    "https://user:password@example.org https://<user>:<password>@host https://$USER:$PASS@host",
    "postgres://user:{password}@host/db",
    "next_page_token: CAUQAA1234abcd5678",
    "secret=/run/secrets/db_password_1 key_file: ~/.ssh/id_ed25519",
    "API_KEY=your-api-key-here-12345",
    "eyJ is how a token starts; eyJhbGciOi... is short",
    "-----BEGIN PRIVATE KEY----- is the first line of a key file.",
    "-----BEGIN CERTIFICATE-----\nMIIEpAIBAAKCAQEAMIIEpAIBAAKCAQEA\n-----END CERTIFICATE-----",
    "max_tokens=4096, tokenizer: cl100k_base_2023, stop_token: 151643",
    "2024-01-02T03:04:05.678901+00:00 10.0.0.1:8080 -> 192.168.100.200:44321",
    "aGVsbG8gd29ybGQgaGVsbG8gd29ybGQgaGVsbG8gd29ybGQ=",
    "SG.1 hf_hub npm_config_registry gsk_x AIzawa AKIAK",
]


@pytest.mark.parametrize("text", HARMLESS)
def test_prose_code_hashes_and_ids_stay(text: str) -> None:
    assert NONE.redact(text) is text


@pytest.mark.parametrize("folder", ["overseer", "docs", "tools", "examples"])
def test_nothing_in_our_own_sources_looks_like_a_secret(folder: str) -> None:
    texts = {
        path: path.read_text(encoding="utf-8")
        for path in (ROOT / folder).rglob("*.*")
        if path.suffix in (".py", ".md", ".json", ".yaml")  # and not what is compiled, which comes and goes
    }
    assert texts
    assert [(path, text[start:end]) for path, text in texts.items() for start, end in pattern_spans(text)] == []


@pytest.mark.parametrize(
    "piece",
    [
        "sk-", "ghp_", "eyJ", "eyJaaaaaaaa.", "eyJ-", "-----BEGIN PRIVATE KEY-----\n", "-----BEGIN ", "://",
        "://a:", "://a@", "token", "token=", "token=a1b2c3d4e5f6(", "token ", "Bearer ",
        "Authorization: Bearer ", "key_", "key-a1", "password:", "SG.", "SG.aaaaaaaaaaaaaaaaaaaa.", "AKIA",
        "a", "-", "=", "\\n", "\n", "\"", "xoxb-", "secret key ", "http://a:b", "a=b", "api_key=a1b2c3d4e5f6=",
        "-----BEGIN PRIVATE KEY-----\nAAAAAAAAAAAAAAAAAAAA ",
    ],
)  # fmt: skip
def test_no_text_takes_long(piece: str) -> None:
    """Most take a hundredth of a second; what grows with the square of the text would take minutes."""
    text = piece * (400_000 // len(piece))
    one = redactor(A="aaaaaaaaaaaaaaaa", B="token=token=", C="----------")
    start = time.process_time()
    one.redact(text)
    assert time.process_time() - start < 10


LONG = "blue7Horse9battery3staple"


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        (f'must be a number, not "{LONG[:20]}..."', 'must be a number, not "[secret K]..."'),
        (f"'{LONG[:15]}' is none", "'[secret K]' is none"),
        (f"cut off: {LONG[:12]}", "cut off: [secret K]"),
        (f"{LONG[:24]}…", "[secret K]…"),
        (f'{{"error": "not \\"{LONG[:20]}\\""}}', '{"error": "not \\"[secret K]\\""}'),
        (LONG, "[secret K]"),
        # Less than half of it, or something else that begins alike.
        (f"'{LONG[:11]}'", f"'{LONG[:11]}'"),
        (f"'{LONG[:15]}z'", f"'{LONG[:15]}z'"),
        (f"{LONG[:15]} and so on", f"{LONG[:15]} and so on"),
    ],
)
def test_what_was_cut_short_of_a_known_secret_is_hidden_on_the_screen(text: str, hidden: str) -> None:
    assert Redactor(Secrets({"K": LONG})).redact_known(text) == hidden
