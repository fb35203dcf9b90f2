"""Reading scopes: what makes a body run (`for_each`, `iterations`, `repeat`, `on`) and how often."""

from __future__ import annotations

from overseer.plan.fields import Fields, is_whole
from overseer.plan.grammar import MODES, ON_KEYS, REPEAT_KEYS, TRIGGERS
from overseer.plan.guards import read_guard
from overseer.plan.references import Ref, Template
from overseer.plan.suggestions import forgotten_braces
from overseer.plan.values import (
    AT_LIMIT,
    DEFAULT_ROUNDS,
    UNLIMITED,
    AtLimit,
    Each,
    FileChange,
    Guard,
    Hook,
    Mode,
    On,
    Once,
    Timer,
    Trigger,
    Until,
)


def read_mode(step: Fields) -> Mode:
    """What makes the body of a scope run; once if nothing readable is said."""
    given = step.given(MODES)
    if len(given) > 1:
        step.fault(given[1], f"has both '{given[0]}' and '{given[1]}'", "put one scope inside the other")
    width = step.count("width")
    mode = _mode(step, given[0], width) if given else Once()
    if "width" in step and isinstance(mode, Once | Until) and (not given or given[0] == "repeat"):
        step.fault("width", "'width' has nothing to limit", "it goes with for_each, iterations or on")
    return mode


def _mode(step: Fields, key: str, width: int | None) -> Mode:
    if key == "for_each":
        return Each(items=_items(step), width=width)
    if key == "iterations":
        return Each(iterations=_iterations(step), width=width)
    if key == "repeat":
        fields = step.inner("repeat", REPEAT_KEYS)
        return _repeat(fields) if fields else Until()
    fields = step.inner("on", ON_KEYS)
    return _on(fields, width) if fields else On(Timer(1.0))


def _items(step: Fields) -> Template:
    items = step.template("for_each")
    if isinstance(items, list | Ref):
        return items
    step.misfit("for_each", "a list, or a reference to one", forgotten_braces(step.get("for_each")))
    return []


def _iterations(step: Fields) -> Template:
    value = step.get("iterations")
    if isinstance(value, str):
        iterations = step.template("iterations")
        if isinstance(iterations, Ref):
            return iterations
    elif is_whole(value) and value >= 1:
        return value
    step.misfit("iterations", "a whole number of at least 1, or a reference to one", forgotten_braces(value))
    return 1


def _repeat(fields: Fields) -> Until:
    if len(fields.given(("until", "while"))) > 1:
        fields.fault("while", "has both 'until' and 'while'", "keep one of them")
    stop_when = "until" in fields or "while" not in fields
    guard = read_guard(fields, "until" if stop_when else "while")
    default: AtLimit = "fail"
    at_limit = fields.choice("at_limit", AT_LIMIT, default)
    return Until(guard, stop_when, _repeat_limit(fields), at_limit)


def _repeat_limit(fields: Fields) -> int:
    forever = fields.flag("forever", False)
    limit = fields.count("limit", help="write forever: true" if fields.get("limit") == UNLIMITED else "")
    if forever and "limit" in fields:
        fields.fault("limit", "has both 'limit' and 'forever'", "keep one of them")
    if not forever and not fields.given(("until", "while", "limit")):
        help = "add 'until' or 'while' with a guard, or 'limit' for so many rounds"
        fields.fault(None, f"'{fields.at.label}' does not say when to end", help)
    return UNLIMITED if forever else limit or DEFAULT_ROUNDS


def _on(fields: Fields, width: int | None) -> On:
    given = fields.given(TRIGGERS)
    if len(given) > 1:
        help = "one scope listens for one thing: use a step for each"
        fields.fault(given[1], f"has both '{given[0]}' and '{given[1]}'", help)
    if not given:
        fields.fault(None, f"'{fields.at.label}' does not say what to wait for", f"add one of {', '.join(TRIGGERS)}")
    trigger = _trigger(fields, given[0]) if given else Timer(1.0)
    until: Guard | None = read_guard(fields, "until")
    return On(trigger, until, fields.count("limit", special=UNLIMITED) or DEFAULT_ROUNDS, width or 1)


def _trigger(fields: Fields, key: str) -> Trigger:
    if key == "timer":
        return Timer(fields.duration("timer") or 1.0)
    if key == "file":
        if not isinstance(fields.get("file"), str):
            fields.misfit("file", "the path of a file or folder")
            return FileChange("")
        return FileChange(fields.template("file"))
    path = fields.filled_text("http")
    if path and (not path.startswith("/") or "{{" in path or any(letter.isspace() for letter in path)):
        fields.misfit("http", "a fixed path that starts with '/', such as /hook")
    return Hook(path)
