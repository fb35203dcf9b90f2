"""What a request says that a plan does not do: words that no tool of it knows, and values without a place.

Half of a request, done without a word about the other half, is done wrongly. Examples teach how a tool is
asked for, so their words count only where a request sounds like one of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from overseer.frontends.rules.calls import Call
from overseer.frontends.rules.candidates import COUNTS
from overseer.frontends.rules.examples import likeness, sound_of
from overseer.frontends.rules.kinship import kin
from overseer.frontends.rules.matching import GENERAL, SURELY_ALIKE, Reading
from overseer.frontends.rules.parts import Part
from overseer.frontends.rules.phrases import FILE_ENDINGS, ending_named
from overseer.frontends.rules.sums import goes_on
from overseer.frontends.rules.tokens import Token
from overseer.frontends.rules.toolbox import Profile, Toolbox
from overseer.frontends.rules.words import FAINT, name_words, stem, stems, stemset, text_words, wordset
from overseer.plan.references import Text
from overseer.tool import Tool


@dataclass(frozen=True, slots=True)
class Unaccounted:
    """What a part says that its tools make nothing of, as it was written."""

    part: int
    tools: tuple[Tool, ...]
    said: tuple[str, ...]
    words: tuple[str, ...] = ()  # those of what was said that no tool of the part knows


def unaccounted(reading: Reading, calls: Sequence[Call], toolbox: Toolbox) -> list[Unaccounted]:
    """What the parts that became steps say in vain, part by part."""
    given = _words_given(calls)
    is_back = any(type(value) is int and value < 0 for call in calls for value in call.args.values())
    nowhere = unused(reading, calls)
    found = []
    for at, part in enumerate(reading.parts):
        tools = [task.tool for task in reading.tasks if at in task.parts and not task.told]
        profiles = [profile for profile in toolbox.profiles if profile.tool in tools]
        values = [said for number, said in nowhere if number == at]
        words = tuple(_left(part, profiles, given, is_back=is_back))
        left = [*words, *_turns(part, profiles, calls), *values]
        if left and profiles:
            found.append(Unaccounted(at, tuple(tools), tuple(dict.fromkeys(left)), words))
    return found


def unused(reading: Reading, calls: Sequence[Call]) -> list[tuple[int, str]]:
    """Files, links, dates and the like that are in no argument although their parts became steps, with these parts."""
    given = [_written(value) for call in calls for value in _leaves(call.args)]
    parts = {part for task in reading.tasks if not task.told for part in task.parts}
    found = []
    for part in sorted(parts):
        for value in reading.candidates[part]:
            is_open = value.kind in _MUST_BE_USED and value.value not in _PRESENT and not goes_on(value)
            is_open = is_open and value.after[:1] != _TIMES
            if is_open and not any(str(value.value) in text for text in given):
                found.append((part, str(value.value)))
    return found


_MUST_BE_USED = frozenset({"path", "url", "email", "date", "expression", "number", "money", "percent", "quote"})
_TIMES = (stem("times"),)  # how often is no argument
_PRESENT = ("now", "today")
# Little words that turn what is asked for into something else.
_TURNING = wordset(
    """if unless not never no except without whenever each every don't dont doesn't isn't who whom whose why where
    next"""
)
_PIECES = wordset(
    "line lines row rows word words character characters letter letters sentence paragraph page entry item"
)
_IN_TURN = wordset("each every")
_HOLLOW = wordset("empty blank")  # lines that hold nothing are others than those that are there twice
_UP_TO = frozenset({"last", "stop", "end"})
_CONDITIONAL = wordset("when whenever if unless")


def _left(part: Part, profiles: Sequence[Profile], given: frozenset[str], *, is_back: bool) -> Iterator[str]:
    """The words of a part that say something and that neither a tool nor an argument has."""
    known = _known(part, profiles) | _of_values(part, given) | given | FAINT | GENERAL | _SIDE_BY_SIDE
    known |= _BACK if is_back else frozenset()
    named = {before.start for before, token in pairwise(part.said) if before.low in _CALLED and token.kind == "path"}
    for before, token in pairwise((None, *part.said)):
        if token is None or token.start in named:
            continue
        if token.low == "time" and before is not None and before.low == "same":
            continue  # side by side
        if token.kind != "word" or _tells_how_many(before, token, given) or token.low in _BETWEEN:
            continue
        if token.low == "id" and before is not None and "id" not in given:
            yield token.text  # which is no word without meaning there
        if any(word not in known and kin(word).isdisjoint(known) for word in stems(token.text)):
            yield token.text


def _of_values(part: Part, given: frozenset[str]) -> frozenset[str]:
    """What only says what a value is that was given: the file a.txt, the Python files."""
    found = {_KINDS[token.kind] for token in part.tokens if token.kind in _KINDS}
    ending = ending_named(part)
    if ending is not None and ending in given:
        found |= {stem(name) for name, meant in FILE_ENDINGS.items() if meant == ending}
    return frozenset(found)


_CALLED = wordset("called named")  # before a path, as in a file called a.txt
_KINDS = {"path": stem("file"), "url": stem("page"), "date": stem("date")}
_BACK = stemset("ago earlier back subtract")  # as a number below zero says
_SIDE_BY_SIDE = stemset("parallel simultaneous concurrent")  # as all is done that does not wait for something
_BETWEEN = wordset("between until during")


def _tells_how_many(before: Token | None, token: Token, given: frozenset[str]) -> bool:
    """Whether a word says how many there are of something, or how often, and has been heeded."""
    is_times = token.low == "times" and before is not None and before.kind == "number"
    return is_times or token.low == "twice" or str(COUNTS.get(token.low)) in given


def _known(part: Part, profiles: Sequence[Profile]) -> frozenset[str]:
    """What the tools of a part are about, with the words of the examples that it sounds like."""
    known = {word for profile in profiles for word in profile.own}
    for example in _alike(part, profiles):
        known.update(stems(" ".join(token.text for token in example)))
    return frozenset(known)


def _alike(part: Part, profiles: Sequence[Profile]) -> Iterator[Sequence[Any]]:
    sound = sound_of(part.tokens)
    for profile in profiles:
        share, example = likeness(sound, profile.tool)
        if example is not None and share >= SURELY_ALIKE:
            yield example.tokens


def _turns(part: Part, profiles: Sequence[Profile], calls: Sequence[Call]) -> Iterator[str]:
    """The words of a part that say when, how often or that it is not to be done, which no plan by rules can say."""
    known = {token.low for tokens in _alike(part, profiles) for token in tokens}
    told = " ".join(profile.tool.description.casefold() for profile in profiles).split()
    of_tools = [call for call in calls if any(call.tool is profile.tool for profile in profiles)]
    has_truths = any(isinstance(value, bool) for call in of_tools for value in call.args.values())
    for at, token in enumerate(part.tokens):
        if token.low == "first" and at + 1 < len(part.tokens) and part.tokens[at + 1].kind == "number":
            names = {word for call in of_tools for name in call.args for word in name_words(name)}
            if names.isdisjoint(_UP_TO):
                yield token.text
        if token.low in ("first", "last") and at + 1 < len(part.tokens) and part.tokens[at + 1].low in _PIECES:
            names = {word for call in of_tools for name in call.args for word in name_words(name)}
            if token.low not in names:
                yield token.text
        if token.low in _HOLLOW and not {*told, *known} & _HOLLOW and not has_truths:
            yield token.text
        is_turning = token.low in _TURNING or (at == 0 and token.low in _CONDITIONAL and _has_comma(part))
        if not is_turning or token.low in known:
            continue
        is_done = any(call.each is not None or call.group is not None for call in of_tools) or token.low in told
        if not (is_done if token.low in _IN_TURN else has_truths):
            yield token.text


def _has_comma(part: Part) -> bool:
    return any(token.low == "," for token in part.tokens)


def _words_given(calls: Sequence[Call]) -> frozenset[str]:
    text = " ".join(_written(value) for call in calls for value in _leaves(call.args))
    return frozenset([*stems(text), *map(stem, text_words(text))])


def _written(value: Any) -> str:
    if isinstance(value, Text):
        return "".join(piece for piece in value.parts if isinstance(piece, str))
    return str(value)


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _leaves(item)
    else:
        yield value
