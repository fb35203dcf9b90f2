"""Results as a model is shown them: a line of JSON for each step, and no more of each than there is room for.

Short values are shown whole, and what they leave is shared out among the long ones. Of a text that is too
long the middle is left out, of a list all but a few, and it is said how much there was.
"""

from __future__ import annotations

from collections.abc import Sequence

from overseer.frontends.asking import middle_cut
from overseer.frontends.outcome import Outcome, StepOutcome, in_one_line
from overseer.jsonvalue import Json, json_text

_LEAST = 200  # letters of a value that are worth showing
_FIRST, _LAST = 4, 2  # items of a long list
_MOST_KEYS = 40
_MOST_FAILED_INSIDE = 20


def step_lines(outcome: Outcome, most_letters: int) -> list[str]:
    """A line for each step, in the order of the plan; where there are too many, results come before their means."""
    results = {step.key for step in outcome.results()}
    undone = [step for step in outcome.steps if step.is_undone]
    done = [step for step in outcome.steps if not step.is_undone]
    by_weight = [*undone, *sorted(done, key=lambda step: step.key not in results)]
    shown = by_weight[: max(1, most_letters // _LEAST)]
    keys = {step.key for step in shown}
    texts = [json_text(step.value) for step in outcome.steps if step.key in keys]
    shares = shared_out([len(text) for text in texts], most_letters)
    kept = [step for step in outcome.steps if step.key in keys]
    lines = [_line(step, share) for step, share in zip(kept, shares, strict=True)]
    if left_out := len(outcome.steps) - len(kept):
        lines.append(json_text({"steps_that_are_not_shown": left_out}))
    return [*lines, *_inside(outcome.failed_inside)]


def shared_out(wanted: Sequence[int], room: int) -> list[int]:
    """How much each gets: those who want little all of it, the others equal parts of the rest."""
    shares = [0] * len(wanted)
    order = sorted(range(len(wanted)), key=lambda place: wanted[place])
    for served, place in enumerate(order):
        shares[place] = min(wanted[place], room // (len(order) - served))
        room -= shares[place]
    return shares


def shortened(value: Json, most: int) -> Json:
    """The value, or where its JSON is longer than that, as much of it as can be told in about as many letters."""
    text = json_text(value)
    if len(text) <= most:
        return value
    if isinstance(value, str):
        return middle_cut(value, most)
    if isinstance(value, list) and most >= _LEAST:
        room = most // (_FIRST + _LAST)
        if len(value) <= _FIRST + _LAST:
            return [shortened(item, most // len(value)) for item in value]
        return {
            "items_in_all": len(value),
            "the_first": [shortened(item, room) for item in value[:_FIRST]],
            "the_last": [shortened(item, room) for item in value[-_LAST:]],
        }
    if isinstance(value, dict) and most >= _LEAST:
        keys = list(value)[: min(_MOST_KEYS, max(1, most // 40))]
        room = most // len(keys)
        told = {middle_cut(key, 40): shortened(value[key], room) for key in keys}
        return told if len(keys) == len(value) else {**told, "keys_in_all": len(value)}
    return middle_cut(text, most)


def _line(step: StepOutcome, share: int) -> str:
    told: dict[str, Json] = {"step": step.key, "title": step.title, "status": step.status}
    if step.status in ("succeeded", "partial"):
        told["value"] = shortened(step.value, share)
    if step.reason:
        told["reason"] = in_one_line(step.reason)
    return json_text(told)


def _inside(failed: Sequence[StepOutcome]) -> list[str]:
    lines = [_line(step, 0) for step in failed[:_MOST_FAILED_INSIDE]]
    rest = len(failed) - len(lines)
    return [*lines, json_text({"more_failures_in_rounds": rest})] if rest > 0 else lines
