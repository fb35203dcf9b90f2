"""Why a request cannot be planned by rules, in words that name the part and what would help."""

from __future__ import annotations

import re
from collections.abc import Sequence

from overseer.frontends.draft import Refused
from overseer.frontends.rules.accounting import Unaccounted
from overseer.frontends.rules.connecting import Connecting
from overseer.frontends.rules.matching import GENERAL
from overseer.frontends.rules.parts import Part, verb_of
from overseer.frontends.rules.shellwords import is_shell_line, line_for, names_program
from overseer.frontends.rules.slots import Slot
from overseer.frontends.rules.tongues import is_foreign
from overseer.frontends.rules.toolbox import Profile, Toolbox
from overseer.frontends.rules.words import FAINT, stem
from overseer.text.brevity import brief
from overseer.tool import Tool

_NEAR, _SHOWN = 3, 80
_ADD_IT = "Add it, in quotation marks if it is text."
_KNOWLEDGE = re.compile(
    r"(?:who|why|whose|when|where|what|which|how|is|are|was|were|does|do you|did|can|could|should|explain|describe"
    r"|define|tell me)\b",
    re.IGNORECASE,
)
ENGLISH_ONLY = "No model is connected, and without one only English is understood. Ask in English."
WHAT_THERE_IS = "What the tools do is listed by /tools in the chat and by overseer tools."


def refusal(request: str, reasons: Sequence[str], to_connect: Connecting) -> Refused:
    """The reasons against a plan, with what would help; of a request that is not in English, only that."""
    if is_foreign(request):
        return Refused((f"{ENGLISH_ONLY} {to_connect.how}",), "rules")
    if not reasons:
        return Refused((f"'{_short(request)}' asks for nothing.",), "rules")
    is_told_enough = all(reason.endswith(_ADD_IT) for reason in reasons)
    return Refused(tuple(reasons) if is_told_enough else (*reasons, f"{to_connect.why} {to_connect.how}"), "rules")


def no_tool_for(part: Part, toolbox: Toolbox, usable: Sequence[Tool]) -> str:
    """Nothing that may be used does what a part asks for."""
    is_line, line = is_shell_line(part), line_for(part)
    near = [] if is_line else nearest(part, toolbox, usable)
    if line is not None and not any(profile.tool.effect == "write" for profile in near):
        return f"'{_short(part.text)}': no tool does this. A program does; to run it, say: run {line}"
    if near:
        return f"'{_short(part.text)}': no tool does this by rules as it is said; {_shown(near)}."
    if is_line or names_program(part):
        return for_program(part.text)
    if _KNOWLEDGE.match(part.text) and not any(token.is_value for token in part.tokens):
        return f"'{_short(part.text)}': no tool does this by rules; a question like this is for a language model."
    return f"'{_short(part.text)}': no tool does this by rules, and none comes near. {WHAT_THERE_IS}"


def for_program(line: str) -> str:
    """What is said is a line for a shell."""
    return f"'{_short(line)}': no tool is called so. To run it as a program, say: run {_short(line)}"


def nearest(part: Part, toolbox: Toolbox, usable: Sequence[Tool]) -> list[Profile]:
    """The tools that are about most of what a part says, or are called by its verb."""
    words = frozenset(word for word in part.stems if word not in FAINT and word not in GENERAL)
    verb = verb_of(part.said)
    named = stem(verb.text) if verb is not None else ""
    whole = toolbox.weight(words)
    scored = []
    for profile in toolbox.profiles:
        share = toolbox.weight(words & profile.subject) / whole if whole else 0.0
        share += 1.0 if named and named in profile.name and named not in FAINT else 0.0
        if share > _MOST_OF_IT and profile.tool in usable:
            scored.append((-share, -toolbox.fit(words, profile).score, profile.tool.name, profile))
    scored.sort(key=lambda entry: entry[:3])
    return [profile for share, _, _, profile in scored if share <= scored[0][0] / 2][:_NEAR]


_MOST_OF_IT = 0.5


def _shown(near: Sequence[Profile]) -> str:
    """Tools with how they are asked for, or else with what they do."""
    shown = [f"{profile.tool.name} ({_short(_how(profile.tool))})" for profile in near]
    return f"the nearest {'is' if len(shown) == 1 else 'are'} {_listed(shown)}"


def _how(tool: Tool) -> str:
    request = next((str(example["request"]) for example in tool.examples if example.get("request")), "")
    return f"such as: {request}" if request else tool.description.partition("\n")[0].rstrip(".")


def needs_a_model(part: str, tool: Tool) -> str:
    """What a part asks for takes a language model."""
    return f"'{_short(part)}': this is for '{tool.name}', which needs a language model, and none is connected."


def has_no_place(part: str, left: Unaccounted, missing: Sequence[Slot] = ()) -> str:
    """A tool does a part, but not all of it; `missing` is what it must be given instead."""
    tools = _listed([f"'{tool.name}'" for tool in left.tools])
    said = _listed([f"'{_short(word)}'" for word in left.said])
    remedy = f"It needs {_listed(_described(missing))}." if missing else "Leave that out, or say it otherwise."
    in_vain = f"by rules nothing can be made of {said}. {remedy}"
    return f"'{_short(part)}': {tools} would come nearest, but {in_vain}"


def is_missing(part: str, tool: Tool, slots: Sequence[Slot]) -> str:
    """The request leaves out what a tool must be given."""
    lacking = _listed(_described(slots))
    return f"'{_short(part)}': '{tool.name}' needs {lacking}, which the request does not tell. {_ADD_IT}"


def is_half(request: str) -> str:
    """What was asked before is not known."""
    remedy = "which rules do not look at. Say all of it, such as: count the words in a.txt"
    return f"'{_short(request)}' goes on from what was asked before, {remedy}"


def _described(slots: Sequence[Slot]) -> list[str]:
    return [f"'{slot.name}' ({_says(slot)})" if _says(slot) else f"'{slot.name}'" for slot in slots]


def _says(slot: Slot) -> str:
    return _short(str(slot.schema.get("description", "")))


def _short(text: str) -> str:
    return brief(text, _SHOWN)


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
