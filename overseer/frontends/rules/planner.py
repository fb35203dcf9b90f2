"""A plan, an answer or a refusal for a request in plain English, by rules alone.

The request is split into parts, each part is mapped to a tool, the arguments are filled with what was
said and with what earlier steps give, and the dependencies follow from that. What comes out has been
completed and validated like a plan from anywhere else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from overseer.frontends.draft import Answered, Draft, Planned, Refused
from overseer.frontends.earlier import Earlier, with_earlier
from overseer.frontends.rules.accounting import unaccounted, unused
from overseer.frontends.rules.binding import Binder
from overseer.frontends.rules.calls import Call
from overseer.frontends.rules.connecting import Connecting
from overseer.frontends.rules.followups import latest_number, only_names_another, taken_from
from overseer.frontends.rules.matching import Reading, read
from overseer.frontends.rules.parts import parts_of
from overseer.frontends.rules.quoting import with_files, with_pasted, with_quotes
from overseer.frontends.rules.refusals import (
    for_program,
    has_no_place,
    is_half,
    is_missing,
    needs_a_model,
    no_tool_for,
    refusal,
)
from overseer.frontends.rules.shellwords import shell_line, with_lines_to_run
from overseer.frontends.rules.smalltalk import answer_to
from overseer.frontends.rules.spelling import put_right
from overseer.frontends.rules.standing import ANYWHERE, Standing
from overseer.frontends.rules.steps import plan_of
from overseer.frontends.rules.sums import takes_sums, with_sums
from overseer.frontends.rules.tokens import Token, tokens_of
from overseer.frontends.rules.toolbox import Toolbox
from overseer.plan.dependencies import completed
from overseer.plan.validation import validate
from overseer.plan.values import WorkflowPlan
from overseer.tool import Tool

_LONGEST = 20_000  # characters of a request
_MOST_PARTS = 60
_MOST_VALUES = 300


def plan_by_rules(
    request: str,
    tools: Mapping[str, Tool],
    *,
    earlier: Mapping[str, Earlier] | None = None,
    with_models: bool = False,
    leave_open: bool = False,
    standing: Standing = ANYWHERE,
) -> Draft:
    """What rules make of a request.

    A text that it speaks of and does not tell is the latest of the `earlier` results. Tools that ask a
    model are used only `with_models`. With `leave_open`, what the request does not tell becomes an input of
    the plan, and what no tool does is left out with a note, instead of a refusal. `standing` is where it is
    asked.
    """
    said, to_connect = request.strip(), standing.to_connect
    if not said:
        return Refused(("The request is empty. Say what is to be done.",), "rules")
    if (answer := answer_to(said, tools, standing)) is not None:
        return Answered(answer, "rules")
    if command := standing.command_meant(said):
        return Refused((f"'{said}' asks for no steps. There is a command that is called so: /{command}",), "rules")
    if len(said) > _LONGEST:
        return Refused((_too_long(f"{len(said):,} characters", f"{_LONGEST:,}", to_connect),), "rules")
    if not leave_open and (line := shell_line(said)) is not None and line.split()[0] not in tools:
        return refusal(said, (for_program(line),), to_connect)
    tokens = _tokens(said, standing)
    if not leave_open and only_names_another(tokens):
        return refusal(said, (is_half(said),), to_connect)
    if (values := sum(token.is_value for token in tokens)) > _MOST_VALUES:
        return Refused((_too_long(f"{values} numbers, names and the like", str(_MOST_VALUES), to_connect),), "rules")
    usable = _usable(tools, with_models)
    toolbox = Toolbox(tools.values())
    tokens, slips = (tokens, ()) if leave_open else put_right(tokens, toolbox.words)
    parts = parts_of(said, with_sums(said, tokens) if takes_sums(usable) else tokens)
    if len(parts) > _MOST_PARTS:
        return Refused((_too_long(f"{len(parts)} parts", str(_MOST_PARTS), to_connect),), "rules")
    reading = read(parts, toolbox, with_models=with_models, is_strict=not leave_open, has_results=bool(earlier))
    reasons = () if leave_open else _refusals(reading, toolbox, usable)
    if reasons or not reading.tasks:
        return refusal(said, reasons or tuple(no_tool_for(part, toolbox, usable) for part in parts[:1]), to_connect)
    binder = Binder(reading, usable, latest_number(earlier or {}))
    for task in reading.tasks:
        binder.bind(task)
    if not leave_open and (path := _written_twice(binder.calls)) is not None:
        return refusal(said, (_would_be_lost(path),), to_connect)
    taken = [note for call in binder.calls for note in taken_from(earlier or {}, call)]
    if not leave_open and (reasons := _gaps(reading, binder.calls, toolbox)):
        return refusal(said, reasons, to_connect)
    plan, added = completed(with_earlier(plan_of(said, binder.calls), earlier or {}))
    sound, faults = _without_faults(plan, binder.calls, tools)
    if sound is None:
        return Refused(faults, "rules")
    slipped = (f"'{slip.written}' is read as '{slip.meant}'" for slip in slips)
    return Planned(sound, "rules", (*slipped, *taken, *_notes(reading, binder.calls), *added, *faults))


def _tokens(said: str, standing: Standing) -> tuple[Token, ...]:
    """What is said, with what is meant word for word kept whole."""
    tokens = with_pasted(with_lines_to_run(tokens_of(said), said), said)
    return with_files(with_quotes(tokens, said), standing.root)


def _too_long(what: str, most: str, to_connect: Connecting) -> str:
    remedy = f"Put long text into a file and name it, or connect a model. {to_connect.how}"
    return f"The request has {what}; by rules, {most} are the most. {remedy}"


def _usable(tools: Mapping[str, Tool], with_models: bool) -> list[Tool]:
    return [tool for tool in tools.values() if with_models or "model" not in tool.effects]


def _refusals(reading: Reading, toolbox: Toolbox, usable: Sequence[Tool]) -> tuple[str, ...]:
    """The reasons against a plan that lie in what is asked for, in the order of the parts."""
    found = [(at, needs_a_model(reading.parts[at].text, tool)) for at, tool in reading.for_models]
    found += [(at, no_tool_for(reading.parts[at], toolbox, usable)) for at in reading.unmet]
    return tuple(reason for _, reason in sorted(found, key=lambda entry: entry[0]))


def _gaps(reading: Reading, calls: Sequence[Call], toolbox: Toolbox) -> tuple[str, ...]:
    """The reasons against a plan that lie in what its steps are not told, or are told in vain."""
    left = unaccounted(reading, calls, toolbox)
    not_understood = {entry.part for entry in left if entry.words}
    lacking = [
        is_missing(reading.parts[call.part].text, call.tool, call.missing)
        for call in calls
        if call.missing and call.part not in not_understood  # else it is not this tool that was meant
    ]
    if lacking:
        return tuple(dict.fromkeys(lacking))
    missing = {call.part: call.missing for call in calls if call.missing}
    return tuple(has_no_place(reading.parts[entry.part].text, entry, missing.get(entry.part, ())) for entry in left)


def _written_twice(calls: Sequence[Call]) -> str | None:
    """A file that several calls would write, each over what the one before it wrote."""
    written = [call.args.get("path") for call in calls if call.tool.name == "write_file" and call.each is None]
    return next((path for at, path in enumerate(written) if isinstance(path, str) and path in written[:at]), None)


def _would_be_lost(path: str) -> str:
    return f"'{path}' would be written more than once, and only the last would be left. Name a file for each."


def _without_faults(
    plan: WorkflowPlan, calls: Sequence[Call], tools: Mapping[str, Tool]
) -> tuple[WorkflowPlan | None, tuple[str, ...]]:
    """The plan if it has no faults; else without the optional arguments that are at fault, or the faults."""
    faults = validate(plan, tools=tools)
    if not faults:
        return plan, ()
    wrong = {(fault.step_id, fault.where[3]) for fault in faults if len(fault.where) > 3 and fault.where[2] == "args"}
    optional = {(call.step_id, name) for call in calls for name in call.args if not _is_required(call, name)}
    if wrong and wrong <= optional:
        steps = tuple(
            replace(step, args={name: value for name, value in step.args.items() if (step.step_id, name) not in wrong})
            for step in plan.steps
        )
        plan = plan.with_steps(steps)
        faults = validate(plan, tools=tools)
        if not faults:
            return plan, tuple(
                f"step '{step}': '{name}' was left out, for what was said does not fit"
                for step, name in sorted(wrong, key=str)
            )
    return None, tuple(f"By rules, this would be a plan with a fault: {fault}" for fault in faults)


def _is_required(call: Call, name: str) -> bool:
    return name in call.tool.parameters.get("required", ())


def _notes(reading: Reading, calls: Sequence[Call]) -> list[str]:
    """What was understood otherwise than it was said, and what was left out."""
    notes = [f"left out, for no tool does it: {reading.parts[at].text}" for at in reading.unmet]
    notes += [f"not used: {said}" for _, said in unused(reading, calls)]
    notes += [f"left out, for it needs a model: {reading.parts[at].text}" for at, _ in reading.for_models]
    notes += [
        f"'{task.tool.name}' is used without a model: {_first_line(task.tool)}"
        for task in reading.tasks
        if task.is_instead
    ]
    notes += [
        f"'{slot.name}' of step '{call.step_id}' is not told: it is an input of the plan"
        for call in calls
        for slot in call.missing
    ]
    return notes


def _first_line(tool: Tool) -> str:
    return tool.description.partition("\n")[0]
