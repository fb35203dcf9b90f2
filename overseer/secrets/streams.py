"""Redacting a text that comes in pieces, as a model's answer does: a secret may be cut anywhere."""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import TYPE_CHECKING

from overseer.secrets.patterns import KINDS_OF_KEYS
from overseer.secrets.places import replaced

if TYPE_CHECKING:
    from overseer.secrets.redactor import Redactor

# Beginnings of what a pattern takes for a secret together with the word that follows.
_LEAD = re.compile(
    rf"(?:(?:{KINDS_OF_KEYS})[ _-]?)?"
    r"""(?:authorization|bearer|basic|key|token|secret|passw(?:or)?d|passphrase)[\w-]{0,30}\\?["']?"""
    r"""\s{0,3}(?:=>|:=|[=:])?\s{0,3}\\?["']?(?:(?:bearer|basic)\s{0,3})?\Z"""
    rf"|(?:{KINDS_OF_KEYS})\s{{0,3}}\Z",
    re.IGNORECASE,
)
_LEAD_LENGTH = 80

# A private key that has not ended yet, or its first line, as long as that has not ended.
_OPEN_KEY = re.compile(
    r"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY-----"
    r"(?:[A-Za-z0-9+/=\s\\:,]|-(?!----END))*(?:-----END[A-Z0-9 ]{0,42}-{0,4})?\Z"
    r"|-----BEGIN [A-Z0-9 ]{0,42}-{0,4}\Z"
)

_KEY_BEGINS = "-----BEGIN "

# No key of the known kinds is longer, apart from those that stand between BEGIN and END.
_LONGEST_WORD = 4096
_LONGEST_KEY = 32768

# So many characters of a known secret tell whether it is worth comparing the rest.
_COMPARED = 4


class StreamRedactor:
    """Gives out what is certain not to be part of a secret, and holds back the rest until it is."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._texts = redactor.texts
        self._longest = max(map(len, self._texts), default=0)
        self._beginnings = {text[:length] for text in self._texts for length in range(1, _COMPARED + 1)}
        self._held = ""

    def feed(self, chunk: str) -> str:
        """What can be given out after this piece; it may be nothing."""
        self._held += chunk
        return self._give_out(self._safe_length())

    def settle(self) -> str:
        """All but what may be the beginning of a known secret or of a private key, for a reader who waits."""
        exact = self._unfinished_exact(self._held)
        cut = len(self._held) if exact is None else exact
        return self._give_out(self._before_open_key(self._held, cut))

    def close(self) -> str:
        """The rest."""
        return self._give_out(len(self._held))

    def _give_out(self, length: int) -> str:
        if not length:
            return ""
        places = []
        for start, end, label in self._redactor.places(self._held):
            if start < length < end:
                length = start  # the secret is there already, but what follows may belong to it
            if end <= length:
                places.append((start, end, label))
        text, self._held = self._held[:length], self._held[length:]
        return replaced(text, places)

    def _safe_length(self) -> int:
        """How much of what is held ends before anything that could be the beginning of a secret."""
        held = self._held
        cut = self._last_word(held, len(held))
        if lead := _LEAD.search(held, max(cut - _LEAD_LENGTH, 0), cut):
            cut = self._last_word(held, lead.start())
        if (exact := self._unfinished_exact(held)) is not None:
            cut = min(cut, self._last_word(held, exact))
        return self._before_open_key(held, cut)

    def _before_open_key(self, text: str, cut: int) -> int:
        """Where a private key begins that has not ended yet, if that is before the cut."""
        begin = text.rfind(_KEY_BEGINS, max(len(text) - _LONGEST_KEY, 0))
        return min(cut, begin) if begin >= 0 and _OPEN_KEY.match(text, begin) else cut

    def _last_word(self, text: str, end: int) -> int:
        """Where the word starts that reaches up to `end`; a word without end is cut where it must be."""
        if not end or text[end - 1].isspace():
            return end
        return end - len(text[max(end - _LONGEST_WORD, 0) : end].rsplit(maxsplit=1)[-1])

    def _unfinished_exact(self, text: str) -> int | None:
        """The earliest place from which the rest of the text is the beginning of a known secret."""
        for start in range(max(len(text) - self._longest, 0), len(text)):
            if text[start : start + _COMPARED] not in self._beginnings:
                continue
            rest = text[start:]
            place = bisect_left(self._texts, rest)
            if place < len(self._texts) and self._texts[place].startswith(rest):
                return start
        return None
