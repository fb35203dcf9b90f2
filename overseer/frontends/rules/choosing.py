"""The tools that a part of a request may mean, by its words, its values and the examples of the tools."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from overseer.frontends.rules.candidates import Candidate
from overseer.frontends.rules.examples import likeness, sound_of
from overseer.frontends.rules.measures import is_conversion
from overseer.frontends.rules.parts import Part, verb_of
from overseer.frontends.rules.phrases import ending_named
from overseer.frontends.rules.slots import Slot, ports_of, slots_of
from overseer.frontends.rules.toolbox import Profile, Toolbox
from overseer.frontends.rules.verbs import is_doing, is_verb
from overseer.frontends.rules.words import FAINT, SILENT, name_words, stem, text_words, wordset
from overseer.tool import Tool


@dataclass(frozen=True, slots=True)
class Choice:
    """A tool for a part, with how well it fits and which of the said words it accounts for."""

    tool: Tool
    score: float
    words: frozenset[str]
    name_share: float = 0.0
    likeness: float = 0.0  # to an example of the tool
    firm: frozenset[str] = frozenset()  # the words that its name, tags, summary or examples have
    tells_how_many: bool = False
    is_served: bool = False  # everything that the tool must have is told, and everything that is told has a place


A_LITTLE_ALIKE, _THE_SAME, _BY_EXAMPLE = 0.4, 0.95, 2.5
_NOT_THE_NAMED = 0.6
_FORMATS = frozenset({"json", "csv", "yaml", "xml"})


def choices_of(
    part: Part, candidates: Sequence[Candidate], toolbox: Toolbox, theme: Mapping[str, float]
) -> list[Choice]:
    """The tools that a part may mean, best first."""
    said = [*part.stems, *_kind_words(candidates), *_told_by_form(part)]
    verb, head = verb_stem(part), _head(part)
    known = {word for word in said if any(word in p.weights for p in toolbox.profiles)}
    whole = toolbox.weight(known) or 1.0
    names = {word for profile in toolbox.profiles if len(profile.name) == 1 for word in profile.name}
    endings = {str(value.value).rpartition(".")[2].casefold() for value in candidates if value.kind == "path"}
    goals = {two.low for one, two in pairwise(part.tokens) if one.low in ("to", "into", "as")}
    found = []
    sound = sound_of(part.tokens)
    for profile in toolbox.profiles:
        fit = toolbox.fit(said, profile)
        if fit.score <= 0 and likeness(sound, profile.tool)[0] < 0.9:
            continue
        covered = toolbox.weight(fit.words) / whole
        score = fit.score * (0.45 + 0.55 * min(1.0, covered))
        if verb and verb in fit.firm:
            score *= 1.2 if verb not in FAINT else 1.05
        if verb in names and verb not in profile.weights:
            score *= _NOT_THE_NAMED  # another tool is called so
        if (goal := goals & _FORMS) and goal <= _from_forms(profile) and goal.isdisjoint(_to_forms(profile)):
            score *= _THE_OTHER_WAY
        if goals & _FORMS and (goals & _FORMS).isdisjoint(profile.own):
            score *= _NOT_THE_NAMED  # a tool that cannot make what is wanted
        if endings and (formats := _FORMATS & set(name_words(profile.tool.name))) and formats.isdisjoint(endings):
            score *= _NOT_THE_NAMED
        if head and head in fit.words and head not in FAINT:
            score *= 1.2
        alike, _ = likeness(sound, profile.tool)
        if alike >= A_LITTLE_ALIKE:
            score += _BY_EXAMPLE * (alike * alike + (alike >= _THE_SAME))
        score *= _shape(profile.tool, candidates, part) * (0.85 + 0.3 * theme[profile.tool.name])
        found.append(Choice(profile.tool, score, fit.words, fit.name_share, alike, fit.firm, profile.tells_how_many))
    return sorted(found, key=lambda choice: (-choice.score, choice.tool.name))


_FORMS = frozenset({"html", "markdown", "text", "pdf", "docx"})
_THE_OTHER_WAY = 0.3


def _from_forms(profile: Profile) -> frozenset[str]:
    """What a tool turns into something else, where its name says so: html_to_text."""
    before, between, _ = profile.tool.name.partition("_to_")
    return frozenset(name_words(before)) if between else frozenset()


def _to_forms(profile: Profile) -> frozenset[str]:
    return frozenset(name_words(profile.tool.name.partition("_to_")[2]))


def verb_stem(part: Part) -> str:
    """The stem of the verb that says what is to be done."""
    found = verb_of(part.said)
    return stem(found.text) if found is not None else ""


def _kind_words(candidates: Sequence[Candidate]) -> list[str]:
    """What values are called without a word: a file, and by its ending a table or an archive."""
    found = [_KIND_WORDS[value.kind] for value in candidates if value.kind in _KIND_WORDS]
    for value in candidates:
        if value.kind == "path":
            found += [stem(ending) for ending in str(value.value).split("/")[-1].split(".")[1:]]
    return list(dict.fromkeys(found))


_KIND_WORDS = {
    "url": stem("url"),
    "path": stem("file"),
    "email": stem("email"),
    "date": stem("date"),
    "expression": stem("arithmetic"),
}


def _told_by_form(part: Part) -> list[str]:
    """What is asked for without the word for it: 5 feet in cm, the CSV files."""
    if is_conversion(part):
        return [stem("convert"), stem("units")]
    return [stem("list")] if ending_named(part) else []


def _head(part: Part) -> str:
    """The stem of the noun that the first verb is about: `software` in `install the new banking software first`."""
    found, is_object = "", False
    for token in part.said:
        is_doing_word = is_verb(token.low) or is_doing(token.low)
        if not is_object:
            is_object = is_doing_word
        elif token.kind != "word" or token.low in _BEFORE_A_PHRASE:
            if found:
                break
        elif token.low not in SILENT:
            found = token.text
    return stem(found) if found else ""


_BEFORE_A_PHRASE = wordset("""of for from to into in on at by with about that which between as using based and or""")
_SPECIAL = {
    "url": "url",
    "path": "path",
    "email": "email",
    "phone": "phone",
    "expression": "expression",
    "language": "language",
}


def _shape(tool: Tool, candidates: Sequence[Candidate], part: Part) -> float:
    """How well the values that were named, and the kind of result, suit a tool."""
    slots = slots_of(tool)
    factor = 1.0
    kinds = {candidate.kind for candidate in candidates}
    for kind, sort in _SPECIAL.items():
        if kind in kinds:
            factor *= 1.25 if any(slot.sort == sort for slot in slots) else 0.9
    if "expression" in kinds and not any(slot.sort == "expression" for slot in slots):
        factor *= 0.8
    return factor * _media_factor(tool, slots, part)


def _media_factor(tool: Tool, slots: Sequence[Slot], part: Part) -> float:
    """Whether a tool turns what is said into what is said: an audio to text, say."""
    made = {port.media for port in ports_of(tool) if port.media}
    if not made:
        return 1.0
    words = text_words(part.text)
    factor = 1.0
    for at, word in enumerate(words[:-1]):
        if word in ("to", "into"):
            goal = next((w for w in words[at + 1 : at + 4] if w in _MEDIA_WORDS), "")
            if goal:
                factor *= 1.5 if goal in made else 0.8
    return factor


_MEDIA_WORDS = frozenset({"image", "audio", "video", "text", "speech"})
