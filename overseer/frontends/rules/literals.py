"""Values of the request as arguments: how well each suits an argument, and as what it is given."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from overseer.frontends.rules.candidates import NUMERIC, Candidate
from overseer.frontends.rules.kinship import kin
from overseer.frontends.rules.parts import Part
from overseer.frontends.rules.slots import Slot
from overseer.frontends.rules.tokens import Token
from overseer.frontends.rules.words import name_words, stem, stemset, text_words

# How well a kind of value suits a sort of argument. What is not listed suits as a text, or not at all.
_SUITS: dict[tuple[str, str], float] = {
    ("url", "url"): 3.0, ("url", "path"): 1.2, ("url", "content"): 0.0, ("url", "any"): 0.9,
    ("path", "path"): 3.0, ("path", "url"): 1.2, ("path", "content"): 0.0, ("path", "any"): 0.9,
    ("email", "email"): 3.0, ("email", "any"): 1.0, ("email", "content"): 0.3,
    ("phone", "phone"): 3.0, ("phone", "any"): 0.8, ("phone", "id"): 0.7,
    ("date", "date"): 3.0, ("date", "time"): 1.6, ("date", "content"): 1.0, ("date", "any"): 0.8,
    ("time", "time"): 3.0, ("time", "date"): 1.2, ("time", "any"): 0.8,
    ("language", "language"): 3.0, ("language", "any"): 0.8, ("language", "content"): 0.2,
    ("expression", "expression"): 3.0, ("expression", "content"): 0.9, ("expression", "any"): 0.8,
    ("code", "expression"): 2.0, ("code", "content"): 2.0, ("code", "any"): 1.5,
    ("unit", "unit"): 3.0,
    ("name", "place"): 2.0, ("name", "any"): 1.3, ("name", "content"): 0.6, ("name", "id"): 0.5,
    ("name", "time"): 0.3, ("name", "language"): 0.0,
    ("id", "id"): 2.5, ("id", "any"): 1.1, ("id", "content"): 0.5,
    ("quote", "content"): 1.9, ("quote", "any"): 1.6, ("quote", "place"): 1.5, ("quote", "id"): 1.2,
    ("quote", "path"): 0.4, ("quote", "expression"): 1.4,
    ("number", "id"): 1.3, ("number", "time"): 0.9,
}  # fmt: skip
_MONEY = stemset("price amount budget cost total fee salary income revenue principal money bill expense")
_SHARE = stemset("rate percent percentage tip discount interest share ratio tax improvement")
_FROM = frozenset({"from", "origin", "start", "sourc", "departur", "old", "source", "from_"})
_TO = frozenset({"to", "destin", "target", "end", "arriv", "new"})
_MEDIA_OF = {
    "jpg": "image", "jpeg": "image", "png": "image", "gif": "image", "webp": "image", "bmp": "image", "svg": "image",
    "wav": "audio", "mp3": "audio", "ogg": "audio", "flac": "audio", "m4a": "audio", "mp4": "video", "mov": "video",
    "avi": "video", "mkv": "video", "webm": "video", "txt": "text", "md": "text",
}  # fmt: skip


def suits(candidate: Candidate, slot: Slot) -> float:
    """How well a value suits an argument by what it is and by the words around it; 0 where it does not."""
    base = _base(candidate, slot)
    said = label(candidate, slot) if base > 0 else 0.0
    if base <= 0 or (candidate.kind == "count" and said < _CALLED_SO):
        return 0.0  # `two companies` is a value only where the argument is called so
    if candidate.end_of and not _BOUNDS.isdisjoint(name_words(slot.name)):
        is_up_to = candidate.end_of == "first" and not _TO_THE_END.isdisjoint(name_words(slot.name))
        return base + _CALLED_SO if is_up_to else 0.0  # the last 5 are not those from the fifth
    return max(0.0, base + said + _direction(candidate, slot))


_CALLED_SO = 1.3
_TO_THE_END = frozenset({"last", "stop", "end"})
_BOUNDS = _TO_THE_END | {"first", "start", "begin"}


def label(candidate: Candidate, slot: Slot) -> float:
    """How much of what stands around a value names the argument."""
    best = 0.0
    for at, word in enumerate(candidate.before[:4]):
        near = 1.0 - 0.2 * at
        if _names(word, slot.words):
            best = max(best, 1.6 * near)
        elif word in slot.says:
            best = max(best, 0.7 * near)
    for word in candidate.after[:2]:
        if _names(word, slot.words):
            best = max(best, 1.3)
        elif word in slot.says:
            best = max(best, 0.8)
    return best


def _names(word: str, words: frozenset[str]) -> bool:
    return word in words or not kin(word).isdisjoint(words)


def _base(candidate: Candidate, slot: Slot) -> float:
    kind = candidate.kind
    if is_year_slot(slot):
        return 2.8 if _is_year(candidate) else 0.0
    if kind == "name" and slot.sort == "id" and " " in str(candidate.value):
        return 0.0  # what somebody is called is not by what they are known to a machine
    if slot.media and kind == "path":
        media = _MEDIA_OF.get(str(candidate.value).rpartition(".")[2].casefold(), "")
        if media and slot.media in ("image", "audio", "video", "text"):
            return 2.8 if media == slot.media else 0.0
    if kind == "path" and ((slot.sort == "url" and stem("https") in slot.says) or is_texts(slot)):
        return 0.0
    if kind == "path" and "*" in str(candidate.value) and slot.sort in ("path", "any"):
        return 3.0 if "*" in str(slot.schema.get("description", "")) else 0.0
    if kind in NUMERIC:
        return _of_number(candidate, slot)
    if kind == "data":
        return _of_data(candidate, slot)
    is_text = slot.takes("string") or _items_are(slot, "string")
    return _SUITS.get((kind, slot.sort), 0.0) if is_text else 0.0


def is_year_slot(slot: Slot) -> bool:
    """Whether an argument is a year, and not a number of years."""
    return "year" in name_words(slot.name) and not slot.is_many


def _is_year(candidate: Candidate) -> bool:
    if candidate.kind == "number":
        return isinstance(candidate.value, int) and 1000 <= candidate.value <= 2999
    return candidate.kind == "date" and year_of(candidate) is not None


def _of_number(candidate: Candidate, slot: Slot) -> float:
    value = candidate.value
    is_whole = isinstance(value, int) or float(value).is_integer()
    if slot.sort in ("url", "path", "email", "language", "unit"):
        return 0.0
    if slot.takes("number") or (slot.takes("integer") and is_whole) or _items_are(slot, "number", "integer"):
        base = 2.0 if slot.types else 0.6
        if candidate.kind == "money" and slot.words & _MONEY:
            base += 1.0
        if candidate.kind == "percent":
            base += 1.0 if slot.words & _SHARE else -1.2
        if candidate.kind == "money" and slot.words & _SHARE and not slot.words & _MONEY:
            base -= 1.2
        if slot.is_many and not candidate.listed:
            base -= 1.6
        return base
    return _SUITS.get(("number", slot.sort), 0.3) if slot.takes("string") else 0.0


def _of_data(candidate: Candidate, slot: Slot) -> float:
    wanted = (
        "array" if isinstance(candidate.value, list) else "object" if isinstance(candidate.value, dict) else "string"
    )
    if wanted in slot.types:
        return 3.0
    if not slot.types:
        return 3.0 if "json" in slot.words else 1.5
    return 0.8 if slot.takes("string") and slot.sort == "content" else 0.0


def is_texts(slot: Slot) -> bool:
    """Whether an argument is a list of texts, for which files are read: nobody joins their names."""
    return slot.is_many and stem("texts") in slot.words


def _items_are(slot: Slot, *types: str) -> bool:
    if "array" not in slot.types:
        return False
    items = slot.schema.get("items")
    for option in slot.schema.get("anyOf", ()) if items is None else ():
        items = option.get("items") if isinstance(option, dict) and "items" in option else items
    named = items.get("type") if isinstance(items, dict) else None
    if named is None and "number" in types:
        return stem("numbers") in slot.says  # a list of numbers
    return named in types or (named is None and "string" in types)


def _direction(candidate: Candidate, slot: Slot) -> float:
    """Whether `from` or `to` before a value agrees with the name of the argument."""
    said = candidate.preposition
    if candidate.kind == "name" and said in ("in", "at", "within", "near"):
        return 0.8 if slot.sort == "place" else -0.5
    if slot.words & _FROM and not slot.words & _TO:
        return 1.5 if said in ("from", "between", "since", "of") else -1.2 if said in ("to", "into", "until") else 0.0
    if slot.words & _TO and not slot.words & _FROM:
        return 1.5 if said in ("to", "into", "until") else -1.2 if said in ("from", "between") else 0.0
    return 0.0


def given(candidate: Candidate, slot: Slot) -> Any:
    """The value as the argument takes it; None where it cannot."""
    value = candidate.value
    if candidate.kind in NUMERIC:
        if candidate.kind == "percent" and "decim" in slot.says:
            value = round(value / 100, 10)
        if slot.takes("number") or _items_are(slot, "number", "integer"):
            return value
        if slot.takes("integer"):
            return int(value) if float(value).is_integer() else None
        return str(value)
    if candidate.kind == "date" and is_year_slot(slot):
        return str(year_of(candidate)) if slot.takes("string") else year_of(candidate)
    return value


def year_of(candidate: Candidate) -> int | None:
    found = re.search(r"\b[12]\d{3}\b", str(candidate.value))
    return int(found.group()) if found else None


def option_in(part: Part, slot: Slot) -> Any:
    """The option of an argument that a part names; None where it names none."""
    tokens = [token for token in part.tokens if token.kind != "mark"]
    lows = [token.text.casefold().strip("'\"`") for token in tokens]
    said = " ".join(lows)
    best: tuple[float, int, Any] = (0.0, 0, None)
    for at, option in enumerate(slot.options):
        if not isinstance(option, str) or not option:
            continue
        score = _option_score(option, said, lows)
        if score > best[0]:
            best = (score, at, option)
    return best[2]


def options_in(part: Part, slot: Slot) -> list[Any]:
    """The options that a part lists as they are spelt, with only commas and an `and` between them."""
    low = {str(option).casefold(): option for option in slot.options if isinstance(option, str)}
    found: list[Any] = []
    last = -2
    for at, token in enumerate(part.tokens):
        if token.text.casefold() in low:
            if found and any(between.low not in (",", "and", "&") for between in part.tokens[last + 1 : at]):
                return found
            found.append(low[token.text.casefold()])
            last = at
    return list(dict.fromkeys(found))


def _option_score(option: str, said: str, lows: Sequence[str]) -> float:
    low = option.casefold().replace("_", " ").replace("-", " ")
    plain = said.replace("-", " ").replace("_", " ")
    if re.search(rf"(?<![\w.]){re.escape(low)}(?!\w)", plain):
        return 3.0 + len(low) / 100
    squeezed = re.sub(r"[^a-z0-9]", "", low)
    if len(squeezed) > 3 and squeezed in (re.sub(r"[^a-z0-9]", "", word) for word in lows):
        return 2.5
    wanted = [stem(word) for word in text_words(low)]
    here = {stem(word) for low_word in lows if "." not in low_word for word in text_words(low_word)}
    if wanted and all(word in here or not kin(word).isdisjoint(here) for word in wanted) and len(low) > 2:
        return 2.0
    return 0.0


_NO = frozenset({"no", "not", "without", "exclude", "excluding", "don't", "never"})
_MARKERS = stemset("is has have include allow enable use want with should be")


def truth_in(tokens: Iterable[Token], slot: Slot) -> bool | None:
    """What a part says about an argument that is true or false; None where it says nothing."""
    wanted = [stem(word) for word in name_words(slot.name) if stem(word) not in _MARKERS]
    if not wanted:
        return None
    lows = [token for token in tokens if token.kind == "word"]
    here = [stem(word) for token in lows for word in name_words(token.text)]
    if not all(word in here for word in wanted):
        return None
    at = next((n for n, token in enumerate(lows) if stem(token.text) == wanted[0]), 0)
    return not any(token.low in _NO for token in lows[max(0, at - 3) : at])
