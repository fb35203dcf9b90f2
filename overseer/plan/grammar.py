"""The keys of the plan format: what each may hold and what it means.

One table for the reader, which refuses any other key, for the published schema and for the check
that the reference page names every key.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

Shape = Literal[
    "args",
    "amount",
    "at_limit",
    "budget",
    "count",
    "duration",
    "filled",
    "flag",
    "group",
    "guard",
    "id",
    "ids",
    "inputs",
    "iterations",
    "items",
    "kinds",
    "limit",
    "money",
    "on",
    "on_error",
    "operator",
    "outputs",
    "part",
    "pause",
    "plan",
    "plan_on_error",
    "reference",
    "repeat",
    "retry",
    "route",
    "steps",
    "template",
    "text",
    "texts",
    "type",
    "value",
]


@dataclass(frozen=True, slots=True)
class Key:
    """A key of the format."""

    shape: Shape
    meaning: str


Keys: TypeAlias = Mapping[str, Key]

PLAN_KEYS: Keys = {
    "name": Key("text", "what the plan is called"),
    "description": Key("text", "what the plan is for"),
    "inputs": Key("inputs", "the values it is started with, by name"),
    "budget": Key("budget", "what it may spend at most"),
    "steps": Key("steps", "what is to be done"),
    "output": Key("template", "what it gives back; without it, the results of the steps that no other step depends on"),
    "on_error": Key("plan_on_error", "whether a failed step leaves the others alone or cancels them"),
}

INPUT_KEYS: Keys = {
    "type": Key("type", "what kind of value it takes"),
    "default": Key("value", "the value if none is given"),
    "required": Key("flag", "whether it must be given; yes unless it has a default"),
    "description": Key("text", "what it is"),
}

STEP_KEYS: Keys = {
    "step_id": Key("id", "the name that other steps use for it"),
    "description": Key("text", "what it does, in words"),
    "tool": Key("filled", "the tool to call"),
    "tool_name": Key("filled", "another word for tool"),
    "code": Key("filled", "a task to write code for"),
    "tools": Key("texts", "the tools that the code may call"),
    "args": Key("args", "the arguments of the tool or the code, or the inputs of a workflow"),
    "depends_on": Key("ids", "the steps that must have ended before it starts"),
    "parallel_group": Key("group", "steps of one group do not interfere with each other"),
    "when": Key("guard", "it is skipped unless this holds"),
    "on_error": Key("on_error", "what its failure means for the steps that read it"),
    "timeout": Key("duration", "how long one attempt may take"),
    "retry": Key("retry", "how often it is tried, and after which failures"),
    "outputs": Key("outputs", "the fields of its result"),
    "for_each": Key("items", "run the body for every item of a list"),
    "iterations": Key("iterations", "run the body so many times"),
    "repeat": Key("repeat", "run the body round after round"),
    "on": Key("on", "run the body for every event"),
    "width": Key("count", "how many rounds may run side by side"),
    "budget": Key("budget", "what all rounds of the body may spend together"),
    "steps": Key("steps", "the body: steps of its own"),
    "output": Key("template", "what a round of the body gives back"),
    "workflow": Key("filled", "a workflow to run as the body: a name, or the path of a file"),
    "plan": Key("plan", "the plan of that workflow, where it travels along"),
}

GUARD_KEYS: Keys = {
    "ref": Key("reference", "what is looked at"),
    "op": Key("operator", "how it is compared"),
    "value": Key("template", "what it is compared with"),
}

RETRY_KEYS: Keys = {
    "attempts": Key("count", "how often it is tried in all"),
    "on": Key("kinds", "the kinds of failure after which another try is worth while"),
    "delay": Key("pause", "the wait before the second try; it doubles each time"),
}

BUDGET_KEYS: Keys = {
    "requests": Key("amount", "the most requests to models and services"),
    "tokens": Key("amount", "the most tokens, read and written"),
    "cost": Key("money", "the most it may cost, in dollars"),
    "time": Key("duration", "how long it may go on spending, from its first call"),
    "rpm_multiplier": Key("part", "the part of the requests per minute that it may use"),
    "tpm_multiplier": Key("part", "the part of the tokens per minute that it may use"),
    "rpd_multiplier": Key("part", "the part of the requests per day that it may use"),
}

REPEAT_KEYS: Keys = {
    "until": Key("guard", "tested after each round; ends the loop when it holds"),
    "while": Key("guard", "tested after each round; ends the loop when it does not hold"),
    "limit": Key("count", "the most rounds there may be"),
    "at_limit": Key("at_limit", "whether reaching the limit is a failure or a normal end"),
    "forever": Key("flag", "there is no limit"),
}

ON_KEYS: Keys = {
    "timer": Key("duration", "an event every so often"),
    "file": Key("text", "an event when this file, or anything directly in this folder, changes"),
    "http": Key("route", "an event for every request to this path"),
    "limit": Key("limit", "the most events there may be; -1 for no limit"),
    "until": Key("guard", "tested after each round; ends the listening when it holds"),
}

# What makes a step run a body more than once; without any of these a body runs once.
MODES = ("for_each", "iterations", "repeat", "on")
TRIGGERS = ("timer", "file", "http")
ACTIONS = ("tool", "tool_name", "code", "steps", "workflow")
SCOPE_ONLY = (*MODES, "width", "budget", "output", "plan")

# Where a budget may stand: what to say to somebody who put it elsewhere.
BUDGET_PLACES = "put it on the plan, on a scope, or on a step with what it is for under 'steps:'"

TYPE_ALIASES = {"list": "array"}
