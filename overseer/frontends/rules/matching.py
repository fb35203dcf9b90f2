"""Which tool each part of a request asks for: by words first, and by the values that the tool could take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from overseer.frontends.rules.candidates import Candidate, candidates_of
from overseer.frontends.rules.choosing import A_LITTLE_ALIKE, Choice, choices_of, verb_stem
from overseer.frontends.rules.fillable import lacking_and_unused, wants_content
from overseer.frontends.rules.flow import points_back
from overseer.frontends.rules.idioms import Answer, Before, answer_to_question, files_named
from overseer.frontends.rules.kinship import kin
from overseer.frontends.rules.measures import with_units
from overseer.frontends.rules.parts import Part, is_writing
from overseer.frontends.rules.phrases import folder_in, phrase_for
from overseer.frontends.rules.shellwords import is_shell_line, line_for
from overseer.frontends.rules.slots import slots_of, targets_of
from overseer.frontends.rules.sums import needs_a_sum
from overseer.frontends.rules.toolbox import Toolbox
from overseer.frontends.rules.words import FAINT, stem, stems, stemset, text_words, wordset
from overseer.tool import Tool


@dataclass(slots=True)
class Task:
    """A tool to be called, once or several times, and the parts of the request that say so."""

    tool: Tool
    parts: list[int]
    score: float = 0.0
    is_instead: bool = False  # of a tool that fits better and needs a model
    told: Answer = ()  # the calls to be made, where all that was said is in them already


@dataclass(slots=True)
class Reading:
    """A request as it was understood: its parts, their values, and the tasks in them."""

    parts: tuple[Part, ...]
    candidates: tuple[tuple[Candidate, ...], ...]
    tasks: list[Task] = field(default_factory=list)
    unmet: list[int] = field(default_factory=list)  # parts that ask for something that no tool does
    for_models: list[tuple[int, Tool]] = field(default_factory=list)  # parts that only a model can do
    context: list[int] = field(default_factory=list)  # parts that only tell what is the case
    has_results: bool = False  # of earlier requests


_ENOUGH, _FOR_A_STATEMENT, _BESIDES = 1.0, 1.8, 0.85
_MISSED, _LACKING, _UNUSED = 0.55, 0.75, 0.85  # for an argument that cannot be filled, for a value that has no place
SURELY_ALIKE = 0.8
_NEAR = 0.72  # of the best score: a tool that may be used in the place of one that may not


def read(
    parts: Sequence[Part],
    toolbox: Toolbox,
    *,
    with_models: bool = True,
    is_strict: bool = True,
    has_results: bool = False,
) -> Reading:
    """The tasks in a request, in its order; `is_strict` leaves no doing and no thing that was named unexplained."""
    candidates = tuple(candidates_of(part.tokens, at) for at, part in enumerate(parts))
    reading = Reading(tuple(parts), candidates, has_results=has_results)
    theme = _theme(parts, toolbox)
    tools = [profile.tool for profile in toolbox.profiles]
    for at, part in enumerate(parts):
        if part.gives and len(parts) > 1:
            reading.context.append(at)
            continue
        if (answer := answer_to_question(part, _before(reading, at), tools)) is not None:
            reading.tasks.append(Task(answer[-1].tool, [at], told=answer))
            continue
        if is_strict and is_shell_line(part) and not any(tool.name == part.tokens[0].text for tool in tools):
            reading.unmet.append(at)
            continue
        choices = choices_of(part, reading.candidates[at], toolbox, theme)
        choices = _with_the_used_first(
            _by_fillability(choices, reading, at, _MISSED if is_strict else _LACKING), reading
        )
        if _tells_target(reading, at):
            reading.tasks[-1].parts.append(at)
            continue
        if not part.asks and (told := _told_anew(choices, reading, at)) is not None:
            told.parts.append(at)
            continue
        if is_strict:
            choices = [choice for choice in choices if _explains(choice, part, reading.candidates[at])]
            if line_for(part) is not None:  # what only computes or reads removes, moves and copies no file
                choices = [choice for choice in choices if choice.tool.effect not in ("pure", "read")]
            if part.tokens[0].low in _WHETHER:  # whoever asks whether it is so wants nothing changed
                choices = [choice for choice in choices if choice.tool.effect in ("pure", "read")]
        if not choices or not _is_enough(choices[0], part):
            if part.asks and not with_models and choices and _is_for_a_model(choices[0], part):
                reading.for_models.append((at, choices[0].tool))
            else:
                (reading.unmet if part.asks and _says_something(part) else reading.context).append(at)
            continue
        for choice in (choices[0], *_besides(choices, reading, toolbox, part)):
            instead = choice if with_models else _without_model(choice, choices)
            if instead is None:
                reading.for_models.append((at, choice.tool))
            else:
                _take(reading, at, instead, is_instead=instead is not choice)
    _drop_announced(reading)
    return reading


_WHETHER = wordset("is are was were does did has have am")


def _before(reading: Reading, at: int) -> Before:
    last = reading.tasks[-1].told[-1] if reading.tasks and reading.tasks[-1].told else None
    tool = reading.tasks[-1].tool if reading.tasks else None
    return Before(tuple(files_named(reading.candidates[:at])), last, tool)


def _tells_target(reading: Reading, at: int) -> bool:
    """Whether a part says no more than where to save what the task before it saves: and save it as page.html."""
    part, task = reading.parts[at], reading.tasks[-1] if reading.tasks else None
    paths = [value for value in reading.candidates[at] if value.kind == "path"]
    if task is None or task.told or len(paths) != 1 or len(reading.candidates[at]) != 1 or not is_writing(part):
        return False
    missing = targets_of(task.tool) if points_back(part) and task.parts[-1] == at - 1 else frozenset()
    if sum(value.kind == "url" for before in task.parts for value in reading.candidates[before]) > 1:
        return False  # two would be saved in one place
    takes_file = any(wants_content(slot) for slot in slots_of(task.tool))
    told = [value for before in task.parts for value in reading.candidates[before] if value.kind == "path"]
    is_told = any(value.preposition in ("to", "into", "as") for value in told) if takes_file else bool(told)
    return bool(missing) and not is_told


def _drop_announced(reading: Reading) -> None:
    """What a request says it is after, before it lists the steps to that, is no step besides them."""
    opening = next((at for at, part in enumerate(reading.parts) if part.opens_list), 0)
    for task in reading.tasks:
        if task.parts[0] < opening <= task.parts[-1]:
            task.parts = [part for part in task.parts if part >= opening]
    reading.tasks.sort(key=lambda task: task.parts[0])


def _without_model(choice: Choice, choices: Sequence[Choice]) -> Choice | None:
    """The choice, or one nearly as good that needs no model; None where there is none."""
    if "model" not in choice.tool.effects:
        return choice
    near = [other for other in choices if "model" not in other.tool.effects and other.score >= _NEAR * choice.score]
    return next((other for other in near if other.is_served), next(iter(near), None))


def _is_enough(choice: Choice, part: Part) -> bool:
    if not part.asks:
        return choice.score >= _FOR_A_STATEMENT
    is_sure = choice.name_share >= 0.8 or (choice.is_served and choice.words.issuperset(set(part.stems) - FAINT))
    return choice.score >= _ENOUGH or (is_sure and choice.score >= _ENOUGH / 2)


def _by_fillability(choices: Sequence[Choice], reading: Reading, at: int, missed: float) -> list[Choice]:
    """The best choices, once more by what their tools could be given."""
    part, values = reading.parts[at], reading.candidates[at]
    has_more = reading.has_results or bool(reading.tasks) or any(reading.candidates[other] for other in reading.context)
    weighed = []
    for choice in choices[:_LOOKED_AT]:
        lacking, unused = lacking_and_unused(choice.tool, part, values, has_more=has_more)
        factor = missed ** min(lacking, 2) * _UNUSED ** min(unused, 2)
        has_any = bool(values) or reading.has_results or "model" in choice.tool.effects
        is_served = not lacking and not unused and has_any
        weighed.append(replace(choice, score=choice.score * factor, is_served=is_served))
    return sorted(weighed, key=lambda choice: (-choice.score, choice.tool.name))


_LOOKED_AT = 8


def _explains(choice: Choice, part: Part, values: Sequence[Candidate]) -> bool:
    """Whether a tool accounts for the doing that was asked for and for the half of what was named."""
    if needs_a_sum(choice.tool) and not any(value.kind in ("expression", "code", "quote") for value in values):
        return False  # a sum is said or it is not
    if not choice.tells_how_many and "how many" in part.text.casefold():
        return False  # to read is not to count
    if is_writing(part) and "write" not in choice.tool.effects:
        return False  # to read a file is not to write it
    if choice.likeness >= SURELY_ALIKE:
        return True
    verb = verb_stem(part)
    if verb and verb not in FAINT and verb not in GENERAL and verb not in choice.firm:
        return False
    if not values and len(set(part.stems)) == 1 and not choice.name_share and not choice.tells_how_many:
        return False  # `remove it`: whether lines or files are, one word does not say
    named = {stem(word) for value in values if value.kind == "name" for word in text_words(str(value.value))}
    named.update(stems(_phrase(choice.tool, part)))
    named.update(stems(" ".join(filter(None, (folder_in(part, slot) for slot in slots_of(choice.tool))))))
    if any(slot.sort == "unit" for slot in slots_of(choice.tool)):
        named.update(stem(str(value.value)) for value in with_units(part, values) if value.kind == "unit")
    things = [word for word in part.stems if word not in FAINT and word not in named and word not in GENERAL]
    explained = [word for word in things if word in choice.words]
    return 2 * len(explained) >= len(things) if things else choice.likeness >= A_LITTLE_ALIKE or bool(choice.words)


def _phrase(tool: Tool, part: Part) -> str:
    """The words of a part that would be an argument as they stand."""
    phrases = (phrase_for(part, slot) for slot in slots_of(tool) if slot.is_required)
    return next((phrase for phrase in phrases if phrase is not None and phrase != part.text), "")


# Verbs that say only that something is to be done.
GENERAL = stemset(
    """look use take set put turn work want help try keep ask run go say know use print write save compute calculate
    determine"""
)


def _told_anew(choices: Sequence[Choice], reading: Reading, at: int) -> Task | None:
    """The task for which a statement tells everything that it must have."""
    part, values = reading.parts[at], reading.candidates[at]
    for task in reversed([task for task in reading.tasks if not task.told]):
        has_fit = any(choice.tool is task.tool for choice in choices)
        if has_fit and values and not lacking_and_unused(task.tool, part, values, has_more=False)[0]:
            return task if any(slot.is_required for slot in slots_of(task.tool)) else None
    return None


def _is_for_a_model(choice: Choice, part: Part) -> bool:
    """Whether a part is of the sort that a model does, although it says too little of it to be sure."""
    is_like = choice.name_share > 0 or choice.likeness >= A_LITTLE_ALIKE
    return is_like and "model" in choice.tool.effects and choice.words.issuperset(set(part.stems) - FAINT)


def _theme(parts: Sequence[Part], toolbox: Toolbox) -> dict[str, float]:
    """From 0 to 1 for each tool: how much the request as a whole has to do with it."""
    said = frozenset(word for part in parts for word in part.stems)
    scores = {profile.tool.name: toolbox.fit(said, profile).score for profile in toolbox.profiles}
    most = max(scores.values(), default=0.0) or 1.0
    return {name: score / most for name, score in scores.items()}


def _with_the_used_first(choices: list[Choice], reading: Reading) -> list[Choice]:
    """Of tools that fit as well as the best, one that is used already is meant."""
    used = {task.tool.name for task in reading.tasks}
    for at, choice in enumerate(choices[1:4], 1):
        if choice.tool.name in used and choice.score >= 0.999 * choices[0].score and choices[0].tool.name not in used:
            return [choice, *choices[:at], *choices[at + 1 :]]
    return choices


def _says_something(part: Part) -> bool:
    """Whether a part names anything to be done beyond asking for help with what was said already."""
    return any(word not in FAINT and word not in _EMPTY for word in part.stems)


_EMPTY = stemset("guide process thing step way entire whole everything job know question")


def _take(reading: Reading, at: int, choice: Choice, *, is_instead: bool = False) -> None:
    """Note a task; a part that only says more about a task that is there is added to that."""
    own = [task for task in reading.tasks if task.tool is choice.tool and not task.told]
    if own and not _is_anew(own[-1], reading, at):
        if at not in own[-1].parts:
            own[-1].parts.append(at)
        return
    reading.tasks.append(Task(choice.tool, [at], choice.score, is_instead))


def _is_anew(task: Task, reading: Reading, at: int) -> bool:
    """Whether a part asks for the same tool once more, after something else was asked for in between."""
    between = {part for other in reading.tasks if other is not task for part in other.parts}
    is_apart = any(task.parts[-1] < part < at for part in between)
    part = reading.parts[at]
    says_more = bool(reading.candidates[at]) or any(folder_in(part, slot) for slot in slots_of(task.tool))
    return is_apart and part.asks and says_more


def _besides(choices: Sequence[Choice], reading: Reading, toolbox: Toolbox, part: Part) -> list[Choice]:
    """Further tools that a part names: those of whose names most is said in words that the first leaves over."""
    first = choices[0]
    taken = set(first.words)
    used = {task.tool.name for task in reading.tasks}
    found = []
    for choice in choices[1:6]:
        if choice.tool.name in used or choice.score < 0.45 * first.score:
            continue
        profile = next(p for p in toolbox.profiles if p.tool is choice.tool)
        left = choice.words - taken
        named = {word for word in profile.name if word in left or any(near in left for near in kin(word))}
        own = toolbox.weight(named)
        if own >= _BESIDES and choice.name_share >= 0.6:
            found.append(choice)
            taken |= choice.words
    return found
