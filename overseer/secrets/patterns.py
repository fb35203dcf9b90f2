"""What keys look like that nobody told us of: the known forms of providers, and values that a name gives away.

Every expression takes time in proportion to the text: each starts at a literal, and a run of characters
that it reads cannot contain another start of its own. Prose, code, paths, hashes and ids must
pass unchanged, so a form that words could have as well is looked at twice.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

Span = tuple[int, int]
Check = Callable[[re.Match[str]], bool]


@dataclass(frozen=True, slots=True)
class Pattern:
    """An expression whose group `secret` (or all of it) is to go; looked for only where one of the hints occurs."""

    hints: tuple[str, ...]
    expression: re.Pattern[str]
    is_secret: Check = lambda found: True
    rest: re.Pattern[str] = re.compile("")  # what belongs to a secret behind what the expression finds

    def spans(self, text: str) -> Iterator[Span]:
        if not any(hint in text for hint in self.hints):
            return
        group = "secret" if "secret" in self.expression.groupindex else 0
        read = 0
        for found in self.expression.finditer(text):
            if found.start() >= read and self.is_secret(found):
                start, end = found.span(group)
                if after := self.rest.match(text, end):
                    read = after.end()
                yield start, read


def pattern_spans(text: str) -> Iterator[Span]:
    """Where in a text something stands that looks like a secret; the places may overlap."""
    for pattern in (*_KNOWN, *_IN_CONTEXT):
        yield from pattern.spans(text)


def is_known_key(value: str) -> bool:
    """Whether a text as a whole has the form of some provider's keys, or is a private key."""
    value = value.strip()
    return any(span == (0, len(value)) for pattern in _KNOWN for span in pattern.spans(value))


def has_known_key(text: str) -> bool:
    return any(True for pattern in _KNOWN for _ in pattern.spans(text))


def password_in_url(text: str) -> str | None:
    """The password of an address such as `https://user:password@host`, as it is written there."""
    return next((text[start:end] for start, end in _URL.spans(text)), None)


_WORD = re.compile(r"[A-Z]?[a-z]*\d{0,3}|[A-Z]+\d{0,3}|\d+")
_NOT_WORD = re.compile(r"[^A-Za-z0-9]+")
_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+")
_SHORT_HASH = re.compile(r"[0-9a-f]{1,23}")
_CHANGE = re.compile(r"(?<=[a-z])[A-Z0-9]|(?<=[A-Z])[a-z0-9]|(?<=[0-9])[A-Za-z]")


def looks_random(value: str) -> bool:
    """Whether a value seems to be made by a machine: words, names, paths and numbers are not."""
    value = value.rstrip(".,:;!?")[:200]
    if len(value) < 12 or len(set(value)) < 6 or value.startswith(("/", "./", "../", "~", "$", "%")):
        return False
    if _DOTTED.fullmatch(value) and not any(len(part) > 24 for part in value.split(".")):
        return False
    if all(_WORD.fullmatch(piece) for piece in _NOT_WORD.split(value)) or _SHORT_HASH.fullmatch(value):
        return False
    digits = sum(letter.isdigit() for letter in value)
    changes = len(_CHANGE.findall(value))
    return digits >= 3 or (digits >= 1 and changes >= 0.4 * len(value))


def _token(start: str, rest: str, *hints: str, check: Check = lambda found: True) -> Pattern:
    """A key that begins in its own way. The start comes first, so that searching for it is fast."""
    return Pattern(hints or (start,), re.compile(f"{start}(?<![A-Za-z0-9]{start}){rest}"), check)


def _rest_looks_random(found: re.Match[str]) -> bool:
    return looks_random(found.group().partition("-")[2])


_BODY = r"[A-Za-z0-9_-]"
_KNOWN = (
    # OpenAI, Anthropic, OpenRouter, DeepSeek ...; class names of style sheets start like these.
    _token("sk-", _BODY + "{20,}", check=_rest_looks_random),
    _token("gh[pousr]_", "[A-Za-z0-9]{30,}", "ghp_", "gho_", "ghu_", "ghs_", "ghr_"),
    _token("github_pat_", r"\w{22,}"),
    _token("glpat-", _BODY + "{20,}"),
    _token("xox[abeoprs]-", r"[A-Za-z0-9-]{10,}", "xox"),
    _token("xapp-", r"\d-[A-Za-z0-9-]{10,}"),
    _token("A(?:KI|SI)A", "[A-Z0-9]{16}(?![A-Za-z0-9])", "AKIA", "ASIA"),
    _token("AIza", _BODY + "{35}"),
    _token(r"ya29\.", _BODY + "{20,}", "ya29."),
    _token("hf_", "[A-Za-z0-9]{30,}"),
    _token("gsk_", "[A-Za-z0-9]{30,}"),
    _token("xai-", "[A-Za-z0-9]{40,}"),
    _token("npm_", "[A-Za-z0-9]{36}"),
    _token("pypi-", _BODY + "{50,}"),
    _token("[rs]k_(?:live|test)_", "[A-Za-z0-9]{16,}", "k_live_", "k_test_"),
    _token(r"SG\.", r"[A-Za-z0-9_-]{16,64}\.[A-Za-z0-9_-]{16,}", "SG."),
    # A JSON Web Token. It starts a word, or else each "eyJ" in a long run would be tried up to the end of it.
    Pattern(("eyJ",), re.compile(rf"eyJ(?<![A-Za-z0-9_-]eyJ){_BODY}{{8,}}\.{_BODY}{{8,}}\.{_BODY}{{8,}}")),
    # A private key, also inside JSON (where line ends are written \n), also cut off before its end.
    Pattern(
        ("PRIVATE KEY-----",),
        re.compile(
            r"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY-----"
            r"(?:(?:\\r|\\n|\s){1,9}"
            r"(?:[A-Za-z][A-Za-z-]{3,20}: ?[A-Za-z0-9,-]{1,99}|[A-Za-z0-9+/=]{16,})(?![A-Za-z0-9+/=]))+"
            r"(?:(?:\\r|\\n|\s){1,9}[A-Za-z0-9+/=]{1,15}(?=(?:\\r|\\n|\s){1,9}-----END|[\"'.]|\Z))?"
            r"(?:(?:\\r|\\n|\s){0,9}-----END [A-Z0-9 ]{0,30}PRIVATE KEY-----)?"
        ),
    ),
)


def _password_is_real(found: re.Match[str]) -> bool:
    password = found.group("secret")
    is_placeholder = password[0] in "$<{[%*" or set(password) <= {"x", "X", "."}
    return not is_placeholder and password.lower() not in ("password", "pass", "pwd", "passwd", "secret")


_URL = Pattern(
    ("://",),
    # "/" ends both parts, so no start lies within another's; a password may hold an "@" against the rules.
    re.compile(r"""://[^\s/:@?#"'<>`]*:(?P<secret>[^\s/"'<>`]+)@"""),
    _password_is_real,
)


_HEADER = re.compile(r"""authorization\\?["']?\s{0,3}[:=]\s{0,3}\\?["']?\Z""", re.IGNORECASE)


def _authorizes(found: re.Match[str]) -> bool:
    """After the header's name anything counts; after the word alone ("bearer of bad news") only what is no word."""
    return bool(_HEADER.search(_before(found))) or looks_random(found.group("secret"))


# What a value is called, at the end of the text before its "=" or ":".
_NAME = re.compile(
    r"""(?P<name>key|token|secret|passw(?:or)?d|passphrase)(?:[_-][A-Za-z0-9]{1,12}){0,2}\\?["']?\s{0,3}:?\Z""",
    re.IGNORECASE,
)
KINDS_OF_KEYS = (
    "api|access|private|secret|auth|account|client|master|encryption|shared|storage|subscription|service|app"
)
_KEY_BEFORE = re.compile(rf"(?:{KINDS_OF_KEYS})[ _-]?\Z", re.IGNORECASE)
_HARMLESS_BEFORE = re.compile(
    r"(?:page|next|prev|previous|cursor|continuation|sync|csrf|xsrf|cancel|cancellation|stop|eos|bos|pad)[_-]?\Z",
    re.IGNORECASE,
)


def _name_gives_away(found: re.Match[str]) -> bool:
    before = _before(found)
    if not (named := _NAME.search(before)):
        return False
    name, before = named.group("name").lower(), before[: named.start()]
    if name == "key" and not _KEY_BEFORE.search(before):
        return False
    if name == "token" and _HARMLESS_BEFORE.search(before):
        return False
    # What is called, or looked up, is code and no value.
    end = found.end("secret")
    return found.string[end : end + 1] not in ("(", "[") and looks_random(found.group("secret"))


def _before(found: re.Match[str]) -> str:
    return found.string[max(found.start() - 60, 0) : found.start()]


_IN_CONTEXT = (
    _URL,
    Pattern(
        ("earer ", "EARER ", "asic "),
        re.compile(r"(?:bearer|Bearer|BEARER|basic|Basic)\s{1,3}(?P<secret>[A-Za-z0-9._~+/=-]{8,})"),
        _authorizes,
    ),
    Pattern(
        ("key", "Key", "KEY", "oken", "OKEN", "ecret", "ECRET", "assw", "ASSW", "assphrase", "ASSPHRASE"),
        # The value is looked at without being passed, because what is no secret may have one in it: `url: x?token=...`.
        # It ends at the next "=" or ":", so that none is read twice; only that of a secret is read on.
        re.compile(
            r"""[=:](?=>?\s{0,3}\\?["']?(?P<secret>[^\s"'`,;<>(){}\[\]\\&|=:]{12,})"""
            ")"
        ),
        _name_gives_away,
        rest=re.compile(r"""[^\s"'`,;<>(){}\[\]\\&|]*"""),
    ),
)
