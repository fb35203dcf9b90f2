"""What tools are found by: the words of their names, descriptions, tags, examples and arguments, weighed."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from overseer.frontends.rules.kinship import kin
from overseer.frontends.rules.words import FAINT, SILENT, name_words, stem, stems
from overseer.tool import Tool

_NAME, _TAG, _SUMMARY, _EXAMPLE, _REST, _ARGUMENT, _RESULT = 3.0, 1.6, 1.2, 1.0, 0.5, 0.5, 0.35
_OF_KIN, _OF_FAINT, _NAMED_BY_KIN = 0.65, 0.3, 0.85


@dataclass(frozen=True, slots=True)
class Profile:
    """What one tool is found by."""

    tool: Tool
    weights: Mapping[str, float]  # by stem
    name: frozenset[str]
    own: frozenset[str]  # without those that only its examples have
    subject: frozenset[str]  # those of its name, tags and summary
    tells_how_many: bool = False


@dataclass(frozen=True, slots=True)
class Fit:
    """How well a tool serves some words: a score, and which of the words it accounts for."""

    score: float
    name_share: float  # how much of its name was said
    words: frozenset[str]
    firm: frozenset[str]  # those of the words that stand in its name, tags, summary or examples


class Toolbox:
    """All tools that a plan may use, and how telling each word is among them."""

    def __init__(self, tools: Iterable[Tool]) -> None:
        self.profiles = [_profile_of(tool) for tool in tools]
        spread = Counter(word for profile in self.profiles for word, weight in profile.weights.items() if weight >= 0.5)
        self._count = len(self.profiles)
        self._most = math.log((self._count + 1) / 1.5)
        self._telling = {word: self._rarity(word, count) for word, count in spread.items()}
        self._fits: dict[tuple[frozenset[str], str], Fit] = {}

    @property
    def words(self) -> frozenset[str]:
        """The stems of all words that any of the tools is found by."""
        return frozenset(self._telling)

    def telling(self, word: str) -> float:
        """From 0 to 1: how much a word says about which tool is meant."""
        return self._telling.get(word, _OF_FAINT if word in FAINT else 1.0)

    def weight(self, words: Iterable[str]) -> float:
        """How much some words say together."""
        return sum(self.telling(word) for word in sorted(words))

    def _rarity(self, word: str, count: int) -> float:
        rarity = max(0.08, math.log((self._count + 1) / (count + 0.5)) / self._most) if self._most > 0 else 1.0
        return rarity * (_OF_FAINT if word in FAINT else 1.0)

    def fit(self, said: Sequence[str] | frozenset[str], profile: Profile) -> Fit:
        """How well a tool serves what was said, as stems."""
        key = (frozenset(said), profile.tool.name)
        if key not in self._fits:
            self._fits[key] = self._fit(key[0], profile)
        return self._fits[key]

    def _fit(self, said: frozenset[str], profile: Profile) -> Fit:
        gains: dict[str, float] = {}
        hits: dict[str, float] = {}
        explained, firm = set(), set()
        for word in sorted(said):  # sums of fractions must not depend on the order of a set
            for meant, share in self._meanings(word, profile):
                gain = profile.weights[meant] * self.telling(meant) * share
                gains[meant] = max(gains.get(meant, 0.0), gain)
                explained.add(word)
                if profile.weights[meant] >= _EXAMPLE:
                    firm.add(word)
                hits[meant] = max(hits.get(meant, 0.0), share if share == 1.0 else _NAMED_BY_KIN)
        full = self.weight(profile.name)
        hit = sum(self.telling(word) * hits[word] for word in sorted(profile.name) if word in hits)
        share = hit / full if full else 0.0
        return Fit(sum(gains.values()) * (0.5 + 0.5 * share), share, frozenset(explained), frozenset(firm))

    def _meanings(self, word: str, profile: Profile) -> list[tuple[str, float]]:
        alike = sorted(kin(word))
        if word in profile.weights:
            return [(word, 1.0), *((other, _OF_KIN) for other in alike if other in profile.name)]
        return [(other, _OF_KIN) for other in alike if other in profile.weights]


_known: dict[int, tuple[Tool, Profile]] = {}
_MOST_KNOWN = 2_000


def _profile_of(tool: Tool) -> Profile:
    """The profile of a tool, which is made once."""
    known = _known.get(id(tool))
    if known is not None and known[0] is tool:
        return known[1]
    if len(_known) >= _MOST_KNOWN:
        _known.clear()
    found = _profile(tool)
    _known[id(tool)] = (tool, found)
    return found


def _profile(tool: Tool) -> Profile:
    weights: dict[str, float] = {}
    shown: list[str] = []  # what only examples say, of requests and of arguments

    def take(words: Iterable[str], weight: float) -> None:
        for word in words:
            weights[word] = max(weights.get(word, 0.0), weight)

    summary, rest = _summary(tool.description)
    take(stems(rest), _REST)
    for name, schema in _properties(tool.parameters):
        take(_stems_of_name(name), _ARGUMENT)
        if isinstance(schema, Mapping):
            says = str(schema.get("description", ""))[:300]
            shown += stems(_instances(says))
            take(stems(_SUCH_AS.sub("", says)), _ARGUMENT / 2)
            take(_words_of_enum(schema), _EXAMPLE)
    results = (
        [] if tool.output is None else [word for name, _ in _properties(tool.output) for word in _stems_of_name(name)]
    )
    take(results, _RESULT)
    take(stems(summary), _SUMMARY)
    for tag in tool.tags:
        take(stems(tag), _TAG)
    name_stems = _stems_of_name(tool.name)
    take(name_stems, _NAME)
    own = dict(weights)
    for example in tool.examples:
        shown += stems(str(example.get("request", "")))
    take(shown, _EXAMPLE)
    subject = frozenset(word for word, weight in own.items() if weight >= _SUMMARY)
    is_asked_so = any("how many" in str(example.get("request", "")) for example in tool.examples)
    tells_how_many = is_asked_so or stem("count") in {*name_stems, *stems(summary), *results}
    return Profile(tool, weights, frozenset(name_stems), frozenset(own), subject, tells_how_many)


def _summary(description: str) -> tuple[str, str]:
    first, *rest = _SENTENCE_ENDS.split(description, maxsplit=1)
    return first[:300], "".join(rest)[:600]


_SENTENCE_ENDS = re.compile(r"\.\s")


def _instances(says: str) -> str:
    """What a description gives as examples: eg. install, uninstall."""
    found = _SUCH_AS.search(says)
    return _PLACE.sub(" ", found.group(1)) if found else ""


_PLACE = re.compile(r"\S+[/.]\w\S*")  # reports/summary.md: a file may be called anything
_SUCH_AS = re.compile(r"(?:\be\.?g\b\.?|\bsuch as|\bfor example)[:,]?\s*([^.;)]{1,120})", re.IGNORECASE)


def _properties(schema: Mapping[str, Any]) -> list[tuple[str, Any]]:
    found = schema.get("properties", {})
    return [(str(name), described) for name, described in found.items()] if isinstance(found, Mapping) else []


def _stems_of_name(name: str) -> list[str]:
    return [stem(word) for word in name_words(name) if word not in SILENT]


def _words_of_enum(schema: Mapping[str, Any]) -> list[str]:
    options = schema.get("enum")
    return (
        [word for option in options if isinstance(option, str) for word in stems(option)]
        if isinstance(options, list)
        else []
    )
