"""What the examples of a tool teach: how requests for it sound, and where in them its arguments stand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from overseer.frontends.rules.candidates import DAYS, candidates_of, family_of
from overseer.frontends.rules.phrases import is_described
from overseer.frontends.rules.slots import Slot
from overseer.frontends.rules.tokens import Token, tokens_of
from overseer.frontends.rules.words import SILENT, stem, text_words, wordset
from overseer.tool import Tool

_SILENT_WEIGHT, _VALUE_WEIGHT, _NAME_WEIGHT = 0.3, 0.6, 0.3
_ENDING = "<path>."  # before what the name of a file ends in
_ALIKE = 0.5  # from here on, an example tells where arguments stand
_CLOSE = 0.85
_POLITE = wordset("please can could you i want need to would like me the a an kindly for each of and know tell")


@dataclass(frozen=True, slots=True)
class Example:
    """A request that a tool's author gave, and the arguments that serve it."""

    tokens: tuple[Token, ...]
    sound: Counter[str]
    args: Mapping[str, Any]
    places: Mapping[str, tuple[str, int]]  # by argument: of what kind its value is, and the how-manieth of that kind
    endings: frozenset[str] = frozenset()  # of files, where the tool says which it is for


_known: dict[int, tuple[Tool, tuple[Example, ...]]] = {}
_MOST_KNOWN = 2_000


def examples_of(tool: Tool) -> tuple[Example, ...]:
    known = _known.get(id(tool))
    if known is not None and known[0] is tool:
        return known[1]
    if len(_known) >= _MOST_KNOWN:
        _known.clear()
    found = tuple(_example(given, tool) for given in tool.examples if isinstance(given.get("args"), Mapping))
    _known[id(tool)] = (tool, found)
    return found


def _example(given: Mapping[str, Any], tool: Tool) -> Example:
    tokens = tokens_of(str(given.get("request", "")))
    places: dict[str, tuple[str, int]] = {}
    seen: Counter[str] = Counter()
    for candidate in candidates_of(tokens, 0):
        name = next((n for n, v in given["args"].items() if n not in places and _is_same(v, candidate.value)), None)
        if name is not None:
            places[name] = (family_of(candidate.kind), seen[family_of(candidate.kind)])
        seen[family_of(candidate.kind)] += 1
    sound = sound_of(_without_pointing(tokens))
    told = {f"{_ENDING}{word}" for word in text_words(f"{tool.description} {' '.join(tool.tags)}")}
    shown = {word for word in sound if word.startswith(_ENDING)}
    return Example(tokens, sound, given["args"], places, frozenset(told) if shown & told else frozenset())


def _without_pointing(tokens: Sequence[Token]) -> list[Token]:
    """An example says `this text` for what a request names or points at."""
    found: list[Token] = []
    skip = 0
    for at, token in enumerate(tokens):
        if token.low in ("this", "these"):
            skip = 2 if at + 1 < len(tokens) else 1
        if skip:
            skip -= 1
        else:
            found.append(token)
    return found


def _is_same(value: Any, said: Any) -> bool:
    if isinstance(value, str) and isinstance(said, str):
        return value.casefold() == said.casefold() or value.casefold().endswith(f"/{said.casefold()}")
    return type(value) in (int, float) and type(said) in (int, float) and value == said


def sound_of(tokens: Sequence[Token]) -> Counter[str]:
    """The stems of a request, with the kinds of its values in the place of the values."""
    found: Counter[str] = Counter()
    end = 0
    values = iter(candidates_of(tokens, 0))
    value = next(values, None)
    for token in tokens:
        if value is not None and token.start >= value.start:
            found[f"<{family_of(value.kind)}>"] = 1  # however many: a tool can be called for each
            if value.kind == "path":
                found[f"{_ENDING}{str(value.value).rpartition('.')[2].casefold()}"] = 1
            end = value.end
            value = next(values, None)
        if token.kind == "word" and token.low not in _POLITE and token.start >= end:
            found[token.low if token.low in SILENT else stem(token.text)] += 1
    return found


def likeness(sound: Counter[str], tool: Tool) -> tuple[float, Example | None]:
    """How much a request sounds like an example of a tool, from 0 to 1, and like which one."""
    best: tuple[float, Example | None] = (0.0, None)
    endings = {word for word in sound if word.startswith(_ENDING)}
    for example in examples_of(tool):
        if endings and example.endings and endings.isdisjoint(example.endings):
            continue  # what is in an archive is not asked of a table
        both = _weight(sound & example.sound)
        whole = _weight(sound) + _weight(example.sound)
        share = 2 * both / whole if whole else 0.0
        if share > best[0]:
            best = (share, example)
    return best


def _weight(sound: Counter[str]) -> float:
    return sum(count * _weight_of(word) for word, count in sound.items())


def _weight_of(word: str) -> float:
    if word.startswith(_ENDING):
        return 0.0
    if word.startswith("<"):
        return _NAME_WEIGHT if word == "<name>" else _VALUE_WEIGHT
    return _SILENT_WEIGHT if word in SILENT else 1.0


def model_for(tokens: Sequence[Token], tool: Tool) -> Example | None:
    """The example that tells where the arguments of a request stand; None where none is alike."""
    share, example = likeness(sound_of(tokens), tool)
    return example if share >= _ALIKE else None


def by_example(tokens: Sequence[Token], slot: Slot, example: Example) -> Any:
    """What stands in a request where an example has an argument, or what the example takes without a word."""
    value = example.args.get(slot.name)
    if not isinstance(value, str) or not value or not slot.takes("string"):
        if type(value) not in (int, float) or any(abs(said) == abs(value or 0) for said in _numbers(example)):
            return None  # -2 stands for `2 weeks ago`
        return value if is_close(tokens, example) else None
    words = [token.text.casefold().strip("'\"?!.") for token in example.tokens]
    wanted = [token.text.casefold() for token in tokens_of(value)]
    at = next((n for n in range(len(words)) if words[n : n + len(wanted)] == wanted), None)
    if at is None:
        return value if value in ("today", "now") else None
    before = words[at - 1] if at else ""
    behind = words[at + len(wanted)] if at + len(wanted) < len(words) else ""
    return _between(tokens, before, behind, must_be_value=slot.sort in ("path", "url", "email", "date"))


def _numbers(example: Example) -> list[float]:
    return [token.value for token in example.tokens if token.kind == "number"]


def is_close(tokens: Sequence[Token], example: Example) -> bool:
    """Whether a request is an example but for its values."""
    both, whole = _weight(sound_of(tokens) & example.sound), _weight(sound_of(tokens)) + _weight(example.sound)
    return bool(whole) and 2 * both / whole >= _CLOSE


def unsaid(tokens: Sequence[Token], slot: Slot, example: Example) -> Any:
    """What an example takes for an argument that may be left out, without spelling it: commas, from high to low."""
    value = example.args.get(slot.name)
    if slot.is_required or not is_close(tokens, example) or slot.name in example.places:
        return None
    is_small = isinstance(value, bool) or (isinstance(value, str) and (0 < len(value) <= 12 or value in slot.options))
    return value if is_small else None


def _between(tokens: Sequence[Token], before: str, behind: str, *, must_be_value: bool) -> str | None:
    """The words between two others; up to the next little word where the second is not there."""
    lows = [token.text.casefold() for token in tokens]
    if before and before not in lows:
        return None
    begin = lows.index(before) + 1 if before else 0
    end = begin
    while (
        end < len(tokens)
        and tokens[end].kind != "mark"
        and lows[end] != behind
        and (end == begin or lows[end] not in SILENT)
    ):
        end += 1
    if end == begin or (end == begin + 1 and lows[begin] in SILENT):
        return None
    if must_be_value and not any(token.is_value or token.low in DAYS for token in tokens[begin:end]):
        return None  # `christmas`, `the file`
    places = [token for token in tokens[begin:end] if token.kind in ("path", "url", "email")]
    if must_be_value and len(places) == 1:
        return str(places[0].value)  # the file called a.txt
    if is_described(tokens[begin:end]):
        return None
    return " ".join(str(token.value) if token.is_value else token.text for token in tokens[begin:end])
