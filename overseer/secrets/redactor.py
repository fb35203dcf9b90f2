"""Taking secrets out of what is written, shown or sent: the known ones exactly, others by how they look."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator

from overseer.jsonvalue import Json
from overseer.secrets.exact import ExactFinder
from overseer.secrets.forms import SHORTEST, forms
from overseer.secrets.patterns import pattern_spans
from overseer.secrets.places import REDACTED, Place, merged, replaced
from overseer.secrets.store import Secrets
from overseer.secrets.streams import StreamRedactor

# So much of a long secret tells too much.
_TELLING = 16

# How a text goes on, or does not, whose rest was left out.
_CUT = re.compile(r"""\Z|\n|\\?["'`]|\.\.\.|…|\\u2026""")


class Redactor:
    """Hides secrets. Everything written anywhere goes through one of these."""

    def __init__(self, secrets: Secrets | None = None) -> None:
        labels: dict[str, str] = {}
        hidden = list(secrets.hidden()) if secrets else []
        values = [value for _, value in hidden]
        for name, value in hidden:
            # A name that is itself somebody's password must not be what takes its place.
            label = REDACTED if any(other in name for other in values) else f"[secret {name}]"
            for form in forms(value):
                labels.setdefault(form, label)
        self._exact = ExactFinder(labels)
        self.texts = tuple(sorted(labels))
        self._labels = labels
        self._beginnings = ExactFinder({text[:SHORTEST]: label for text, label in labels.items()})

    @property
    def has_secrets(self) -> bool:
        """Whether there is a secret whose very text is known."""
        return bool(self.texts)

    def secret_in(self, text: str) -> str | None:
        """What takes the place of the first known secret in a text, which tells its name; None if there is none."""
        return next((label for _, _, label in self._exact.spans(text)), None)

    def redact(self, text: str) -> str:
        """The text with every secret replaced; the same object if there was none."""
        if len(text) < 8 or not (places := self.places(text)):
            return text
        return replaced(text, places)

    def in_pieces(self) -> StreamRedactor:
        """For a text that comes in pieces."""
        return StreamRedactor(self)

    def redact_known(self, text: str) -> str:
        """The text without the known secrets alone; documents of others' making keep their form.

        Half of one is one too, where it was cut short: before an end, a quotation mark or dots.
        """
        places = [*self._exact.spans(text), *self._cut_short(text)]
        return replaced(text, merged(places)) if places else text

    def _cut_short(self, text: str) -> Iterator[Place]:
        for start, end, _ in self._beginnings.spans(text):
            for known in self.texts[bisect_left(self.texts, text[start:end]) :]:
                if not known.startswith(text[start:end]):
                    break
                stop = start + _common_length(known, text[start : start + len(known)])
                if stop - start >= min(_TELLING, len(known) // 2) and _CUT.match(text, stop):
                    yield start, stop, self._labels[known]

    def redact_json(self, value: Json) -> Json:
        """A JSON value whose texts and keys hold no secret; the same object if none did."""
        kind = type(value)
        if kind is str:
            return self.redact(value)
        if kind not in (list, dict):
            return value
        # Looking through all texts at once is many times faster, and there is hardly ever anything to find.
        texts: list[str] = []
        _collect(value, texts)
        return self._redacted(value) if self.places("\n".join(texts)) else value

    def places(self, text: str) -> list[Place]:
        """What is to be replaced, in order and without overlaps."""
        found: list[Place] = [*self._exact.spans(text), *((*span, REDACTED) for span in pattern_spans(text))]
        return merged(found) if found else found

    def _redacted(self, value: Json) -> Json:
        kind = type(value)
        if kind is str:
            return self.redact(value)
        if kind is list:
            return self._redacted_list(value)
        return self._redacted_object(value) if kind is dict else value

    def _redacted_list(self, items: list[Json]) -> list[Json]:
        redacted = [self._redacted(item) for item in items]
        is_same = all(new is old for new, old in zip(redacted, items, strict=True))
        return items if is_same else redacted

    def _redacted_object(self, members: dict[str, Json]) -> dict[str, Json]:
        redacted: dict[str, Json] = {}
        is_same = True
        for key, item in members.items():
            new_key, new_item = self.redact(key), self._redacted(item)
            is_same = is_same and new_key is key and new_item is item
            redacted[key if new_key is key else _unused(new_key, redacted, members)] = new_item
        return members if is_same else redacted


def _common_length(one: str, other: str) -> int:
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _collect(value: Json, texts: list[str]) -> None:
    kind = type(value)
    if kind is str:
        texts.append(value)
    elif kind is list:
        for item in value:
            _collect(item, texts)
    elif kind is dict:
        texts += value
        for item in value.values():
            _collect(item, texts)


def _unused(key: str, *objects: dict[str, Json]) -> str:
    """A key for a member whose own was a secret; it must not take the place of another."""
    number, unused = 1, key
    while any(unused in members for members in objects):
        number += 1
        unused = f"{key} {number}"
    return unused
