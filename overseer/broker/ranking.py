"""Which tools fit a description best: words they share, the rarer the weightier."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence

from overseer.tool import Tool

_WORD = re.compile(r"[^\W_]+")
_ENDINGS = ("ing", "ed", "es", "s")
_ALIKE = 6  # words that begin with so many of the same letters are taken for forms of one word
_IN_THE_NAME, _IN_THE_TAGS = 3, 2


def ranked_tools(text: str, tools: Sequence[Tool], tags: Iterable[str] = ()) -> list[tuple[float, Tool]]:
    """The tools that have anything in common with a text, best first; tags that are asked for must all be there."""
    wanted = {tag.casefold() for tag in tags}
    candidates = [tool for tool in tools if wanted <= {tag.casefold() for tag in tool.tags}]
    profiles = [_profile(tool) for tool in candidates]
    spread = Counter(word for profile in profiles for word in profile)
    asked = Counter(words(text))
    scored = []
    for tool, profile in zip(candidates, profiles, strict=True):
        score = sum(
            math.log1p(profile[word]) * math.log1p(len(candidates) / spread[word]) for word in asked if word in profile
        )
        if score > 0 or (wanted and not asked):
            scored.append((score / math.sqrt(1 + math.log1p(len(profile))), tool))
    return sorted(scored, key=lambda entry: (-entry[0], entry[1].name))


def words(text: str) -> list[str]:
    """The words of a text, cut to what their forms have in common."""
    return [_stem(word) for word in _WORD.findall(text.casefold())]


def _stem(word: str) -> str:
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word.removesuffix(ending)
            break
    return word[:_ALIKE]


def _profile(tool: Tool) -> Counter[str]:
    profile = Counter(words(tool.description))
    for word in words(tool.name.replace("_", " ")):
        profile[word] += _IN_THE_NAME
    for tag in tool.tags:
        for word in words(tag):
            profile[word] += _IN_THE_TAGS
    for example in tool.examples:
        profile.update(words(str(example.get("request", ""))))
    return profile
