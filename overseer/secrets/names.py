"""Which variables of an environment hold a secret, judged by their names and their values."""

from __future__ import annotations

import os
import re

from overseer.secrets.patterns import is_known_key, password_in_url

# By the last word of the name, which is where people say what a variable is: TOKENIZERS_PARALLELISM,
# SSH_AUTH_SOCK, MAX_TOKENS and PASSWORD_FILE hold none.
_TELLING = re.compile(
    r".*(?:API_?KEY|ACCESS_?KEY|PRIVATE_KEY|SECRET_KEY(?:_BASE)?|TOKEN|SECRET|PASSWORD|PASSWD|_PASS|_PWD|_PAT"
    r"|PASSPHRASE|CREDENTIALS?|_AUTH)(?:_?\d+)?",
    re.IGNORECASE,
)

# "Key" alone may be anything: only what looks like one is taken for one. A fingerprint, such as the GPG_KEY
# of many container images, is made to be published.
_KEY = re.compile(r".+_KEY(?:_?\d+)?", re.IGNORECASE)
_PUBLISHED = re.compile(r"(?:.*_)?(?:GPG|PGP|SIGNING|PUBLIC|SSH|HOST|CACHE|PRIMARY|FOREIGN|SORT)_KEY", re.IGNORECASE)
_LONG_TOKEN = re.compile(r"(?=.*\d)(?=.*[A-Za-z])[\w+/=.~-]{16,}", re.ASCII)


def holds_secret(name: str, value: str) -> bool:
    """Whether a variable's value is a secret, so that it is taken out of the environment."""
    if not value or _is_place(value):
        return False
    if _TELLING.fullmatch(name) or is_known_key(value):
        return True
    return bool(_KEY.fullmatch(name) and not _PUBLISHED.fullmatch(name) and _LONG_TOKEN.fullmatch(value))


def hidden_part(value: str) -> str | None:
    """The password of an address such as a database's or a proxy's, if there is one."""
    return password_in_url(value)


def _is_place(value: str) -> bool:
    """Whether it names a file, as GOOGLE_APPLICATION_CREDENTIALS does, and not a key that happens to start like one."""
    if not value.startswith(("/", "~", "./", "../")):
        return False
    try:
        return os.path.exists(os.path.expanduser(value))
    except (OSError, ValueError):
        return False
