"""What somebody types about a plan that is shown: one of a few words or their first letters, and what belongs to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from overseer.plan.suggestions import nearest
from overseer.plan.values import WorkflowPlan

Word: TypeAlias = Literal["run", "background", "edit", "change", "drop", "save", "view", "quit"]

ASKED = "[r]un [b]ackground [e]dit [c]hange… [d]rop… [s]ave… [v]iew [q]uit > "
DENIED = "[e]dit [c]hange… [d]rop… [s]ave… [v]iew [q]uit > "

HELP = (
    "r: run it as it stands. b: run it in the background.",
    "e: edit it in your editor. c TEXT: have it changed, in plain words.",
    "d STEP …: drop steps, by number or id; d STEP with: and all that need them.",
    "s NAME: save it. v: see all of it; v STEP: see all of one step. q: run nothing.",
)

_WORDS: Mapping[str, Word] = {
    "run": "run",
    "r": "run",
    "yes": "run",
    "y": "run",
    "background": "background",
    "b": "background",
    "edit": "edit",
    "e": "edit",
    "change": "change",
    "c": "change",
    "drop": "drop",
    "d": "drop",
    "save": "save",
    "s": "save",
    "view": "view",
    "v": "view",
    "quit": "quit",
    "q": "quit",
    "no": "quit",
    "n": "quit",
    "exit": "quit",
    "cancel": "quit",
}

_TAKES_NOTHING = ("run", "background", "edit", "quit")
_NEEDS_MORE: Mapping[Word, str] = {
    "change": "say what is to be different: c make it shorter",
    "drop": "say which steps: d 2, or d 2 5, or d 2 with",
    "save": "say under which name: s my-plan",
}


@dataclass(frozen=True, slots=True)
class Choice:
    """A word, and what was said with it."""

    word: Word
    rest: str = ""


@dataclass(frozen=True, slots=True)
class Unclear:
    """Nothing that could be done, and what would help."""

    lines: tuple[str, ...]


def read_choice(typed: str) -> Choice | Unclear:
    """What was chosen. Nothing that is unclear runs anything."""
    typed = typed.strip()
    if not typed:
        return Unclear(HELP)
    first, _, rest = typed.partition(" ")
    word, rest = _WORDS.get(first.lower()), rest.strip()
    if word is None:
        return Unclear((_guess(first, rest, typed),))
    if rest and word in _TAKES_NOTHING:
        in_words = "; to have it changed in plain words, put c before them" if len(rest.split()) > 1 else ""
        return Unclear((f"'{word}' takes nothing else, so nothing was done with '{typed}'{in_words}",))
    if not rest and word in _NEEDS_MORE:
        return Unclear((_NEEDS_MORE[word],))
    return Choice(word, rest)


def _guess(first: str, rest: str, typed: str) -> str:
    if first.startswith("/") and first.lstrip("/").lower() not in _WORDS:
        return f"nothing was done with '{first}': commands are read once this plan is decided on; q runs nothing of it"
    if len(first) > 1 and (guess := nearest(first.lower(), [name for name in _WORDS if len(name) > 1])):
        return f"there is no '{first}'; did you mean '{guess}'? Nothing was done"
    if rest:
        return f"to have the plan changed in these words, put c before them: c {typed}"
    return f"there is no '{first}'; Enter alone shows what there is"


@dataclass(frozen=True, slots=True)
class Dropped:
    """Steps to be dropped, and whether with all that need them."""

    step_ids: tuple[str, ...]
    with_dependants: bool


def read_steps(plan: WorkflowPlan, said: str) -> Dropped | Unclear:
    """The steps that are meant by numbers or ids, and `with` at the end."""
    words = said.replace(",", " ").split()
    with_dependants = len(words) > 1 and words[-1].lower() == "with" and _place(plan, "with") is None
    found: dict[str, None] = {}
    unknown = []
    for word in words[:-1] if with_dependants else words:
        place = _place(plan, word)
        if place is None:
            unknown.append(word)
        else:
            found[plan.steps[place].step_id] = None
    if unknown:
        return Unclear(tuple(_no_step(plan, word) for word in unknown))
    if not found:
        return Unclear((_NEEDS_MORE["drop"],))
    return Dropped(tuple(found), with_dependants)


def read_step(plan: WorkflowPlan, said: str) -> int | Unclear:
    """The number of the step that is meant, from 1."""
    place = _place(plan, said)
    return Unclear((_no_step(plan, said),)) if place is None else place + 1


def _place(plan: WorkflowPlan, word: str) -> int | None:
    """An id goes before a number: a step may be called 2."""
    for place, step in enumerate(plan.steps):
        if step.step_id == word:
            return place
    if word.isascii() and word.isdecimal() and 0 < int(word[:9]) <= len(plan.steps):
        return int(word[:9]) - 1
    return None


def _no_step(plan: WorkflowPlan, word: str) -> str:
    ids = [step.step_id for step in plan.steps]
    if guess := nearest(word, ids):
        return f"there is no step '{word}'; did you mean '{guess}'?"
    count = len(ids)
    known = f"they are called {', '.join(ids)}" if count <= 12 else "their ids are in the plan"
    return f"there is no step '{word}' beside those inside of others; there are 1 to {count}, {known}"
