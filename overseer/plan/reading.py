"""Reading a plan: from text or from plain JSON to values, with all faults of form found at once.

What is wrong with a value that reads well (an unknown tool, a cycle) is left to `validation`. Where
something cannot be read, a stand-in takes its place, so that those checks can run all the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from overseer.errors import FAILURE_KINDS
from overseer.jsonvalue import Json, NotJson, as_json, as_text
from overseer.plan.amounts import count_of, dollars_of, part_of, span_of
from overseer.plan.document import Document, Syntax, read_document
from overseer.plan.faults import Fault, Lines
from overseer.plan.fields import Fields, Findings, Place, is_whole
from overseer.plan.grammar import (
    ACTIONS,
    BUDGET_KEYS,
    BUDGET_PLACES,
    INPUT_KEYS,
    PLAN_KEYS,
    RETRY_KEYS,
    SCOPE_ONLY,
    STEP_KEYS,
    TYPE_ALIASES,
)
from overseer.plan.guards import read_guard
from overseer.plan.inputs import in_words, type_fits
from overseer.plan.references import is_name
from overseer.plan.scopes import read_mode
from overseer.plan.suggestions import did_you_mean
from overseer.plan.values import (
    NO_RETRY,
    ON_ERROR,
    PLAN_ON_ERROR,
    TYPE_NAMES,
    Action,
    Allowance,
    Call,
    Code,
    Input,
    OnError,
    PlanOnError,
    Retry,
    Scope,
    TypeName,
    WorkflowPlan,
    WorkflowStep,
)
from overseer.plan.wording import shown


@dataclass(frozen=True, slots=True)
class Draft:
    """A plan as far as it could be read, and what was found while reading."""

    plan: WorkflowPlan
    faults: tuple[Fault, ...] = ()
    notes: tuple[str, ...] = ()
    lines: Lines = field(default_factory=dict)


def read_plan(text: str, *, source: str = "", syntax: Syntax | None = None) -> Draft:
    """The plan in a text. The syntax is told from the suffix of `source`, else from the text."""
    if syntax is None and source:
        syntax = "json" if source.lower().endswith(".json") else "yaml"
    return plan_of(read_document(text, syntax=syntax))


def plan_of(document: Document, *, notes: tuple[str, ...] = ()) -> Draft:
    """The plan in a document; `notes` is what there was to say of how the document came about."""
    if document.is_broken:
        return Draft(WorkflowPlan(()), document.faults, notes, document.lines)
    return _draft(document.value, Findings(document.lines, list(document.faults), list(notes)))


def plan_from(value: object) -> Draft:
    """The plan in a JSON value that did not come from text of ours."""
    try:
        return _draft(as_json(value, where="plan"), Findings())
    except NotJson as error:
        return Draft(WorkflowPlan(()), (Fault(str(error)),))


def _draft(value: Json, findings: Findings) -> Draft:
    plan = _plan(value, Place(), findings)
    return Draft(plan, tuple(findings.faults), tuple(findings.notes), findings.lines)


def _plan(value: Json, at: Place, findings: Findings) -> WorkflowPlan:
    if isinstance(value, list):
        findings.fault(at, "a plan must be a mapping, not a list", "put the list under 'steps:'")
        value = {"steps": value}
    if not isinstance(value, dict):
        findings.fault(at, f"a plan must be a mapping with 'steps', not {shown(value)}")
        return WorkflowPlan(())
    fields = Fields(value, at, PLAN_KEYS, findings)
    if "steps" not in fields:
        fields.fault(None, "there is no 'steps'", "list what is to be done under 'steps:'")
    default: PlanOnError = "fail"
    return WorkflowPlan(
        steps=_steps(fields),
        name=fields.text("name"),
        description=fields.text("description"),
        inputs=_inputs(fields),
        output=fields.template("output"),
        on_error=fields.choice("on_error", PLAN_ON_ERROR, default),
        budget=_budget(fields),
    )


def _budget(fields: Fields) -> Allowance | None:
    budget = fields.inner("budget", BUDGET_KEYS) if "budget" in fields else None
    if budget is None:
        return None
    return Allowance(
        requests=budget.amount("requests", count_of),
        tokens=budget.amount("tokens", count_of),
        cost=budget.amount("cost", dollars_of),
        time_s=budget.amount("time", span_of),
        rpm=budget.amount("rpm_multiplier", part_of),
        tpm=budget.amount("tpm_multiplier", part_of),
        rpd=budget.amount("rpd_multiplier", part_of),
    )


# --- inputs


def _inputs(fields: Fields) -> dict[str, Input]:
    at = fields.at / "inputs"
    declared = fields.mapping("inputs")
    for name in declared:
        if not is_name(name):
            fields.findings.fault(at / name, f"the input '{name}' needs a name of letters, digits, '_' and '-'")
    return {name: _input(value, at / name, fields.findings) for name, value in declared.items()}


def _input(value: Json, at: Place, findings: Findings) -> Input:
    if isinstance(value, str):  # `topic: string` is short for `topic: {type: string}`
        return Input(_type_name(value, at, findings))
    if value is not None and not isinstance(value, dict):
        findings.misfit(at, "a type, or a mapping with 'type' and 'default'", value)
        return Input()
    fields = Fields(value or {}, at, INPUT_KEYS, findings)
    type_name = _type_name(fields.get("type"), at / "type", findings) if "type" in fields else "any"
    default = fields.get("default")
    if default is not None and not type_fits(type_name, default):
        fields.misfit("default", in_words(type_name))
        default = None
    return Input(type_name, default, fields.flag("required", not fields.has("default")), fields.text("description"))


def _type_name(value: Json, at: Place, findings: Findings) -> TypeName:
    default: TypeName = "any"
    alias = TYPE_ALIASES.get(value, value) if isinstance(value, str) else value
    return findings.choice(at, alias, TYPE_NAMES, default)


# --- steps


def _steps(fields: Fields) -> tuple[WorkflowStep, ...]:
    at = fields.at / "steps"
    return tuple(
        _step(value, Place((*at.where, i)), fields.findings) for i, value in enumerate(fields.listing("steps"))
    )


def _step(value: Json, at: Place, findings: Findings) -> WorkflowStep:
    number = at.where[-1]
    stand_in = f"unnamed_{number + 1 if isinstance(number, int) else number}"
    if not isinstance(value, dict):
        findings.fault(at, f"a step must be a mapping with 'step_id', not {shown(value)}")
        return WorkflowStep(stand_in, Code(""))
    step_id = value.get("step_id")
    at = Place(at.where, step_id if isinstance(step_id, str) and step_id else None)
    fields = Fields(value, at, STEP_KEYS, findings)
    if "step_id" not in fields:
        fields.fault("step_id", "has no 'step_id'", "give it a short name that other steps can use")
    default: OnError = "fail"
    return WorkflowStep(
        step_id=fields.filled_text("step_id") or stand_in,
        action=_action(fields),
        description=fields.text("description"),
        args=_args(fields),
        depends_on=fields.texts("depends_on"),
        parallel_group=_group(fields),
        when=read_guard(fields, "when"),
        on_error=fields.choice("on_error", ON_ERROR, default),
        timeout_s=fields.duration("timeout"),
        retry=_retry(fields),
        outputs=_outputs(fields),
        budget=_budget(fields),
    )


def _action(fields: Fields) -> Action:
    given = fields.given(ACTIONS)
    if len(given) > 1:
        is_twice = given == ["tool", "tool_name"]
        help = "keep one of them" if is_twice else "a step does one thing: make it two steps"
        fields.fault(given[1], f"has both '{given[0]}' and '{given[1]}'", help)
    kind = given[0] if given else None
    if "tools" in fields and kind != "code":
        fields.fault("tools", "'tools' goes with 'code' only", "it lists what the code may call")
    if kind not in ("steps", "workflow"):
        for key in fields.given(SCOPE_ONLY):
            fields.fault(key, f"'{key}' needs a body", BUDGET_PLACES if key == "budget" else _GIVE_A_BODY)
    match kind:
        case "tool" | "tool_name":
            return Call(fields.filled_text(kind))
        case "code":
            return Code(fields.filled_text("code"), fields.texts("tools"))
        case "steps" | "workflow":
            return _scope(fields, kind)
        case _:
            return _bare(fields)


_GIVE_A_BODY = "put what it applies to under 'steps:', or name a 'workflow:'"


def _bare(fields: Fields) -> Code:
    """A step that says what to do but not with what: the code for it will be written."""
    task = as_text(fields.get("description"))
    if task.strip() and not fields.given(SCOPE_ONLY):
        step = f"step '{fields.at.step_id}'" if fields.at.step_id else "a step without an id"
        fields.findings.notes.append(f"{step} names no tool: code will be written for it")
    elif not fields.given(SCOPE_ONLY):
        fields.fault("tool", "does nothing", "give it one of: tool, code, steps, workflow")
    return Code(task)


def _scope(fields: Fields, kind: str) -> Scope:
    mode = read_mode(fields)
    if kind == "steps":
        if "args" in fields:
            fields.fault(
                "args", "'args' has no use beside 'steps'", "the steps of the body can read everything around them"
            )
        if "plan" in fields:
            fields.fault("plan", "'plan' goes with 'workflow' only")
        return Scope(mode, WorkflowPlan(_steps(fields), output=fields.template("output")))
    if "output" in fields:
        fields.fault("output", "'output' goes with 'steps' only", "a workflow says itself what it gives back")
    body = _plan(fields.get("plan"), fields.at / "plan", fields.findings) if "plan" in fields else None
    return Scope(mode, body, fields.filled_text("workflow"))


def _args(fields: Fields) -> dict[str, Any]:
    if "steps" in fields or not fields.mapping("args"):
        return {}
    args: dict[str, Any] = fields.template("args")
    return args


def _group(fields: Fields) -> int | str | None:
    value = fields.get("parallel_group")
    if value is None or isinstance(value, str) or is_whole(value):
        group: int | str | None = value
        return group
    fields.misfit("parallel_group", "a whole number, text or null")
    return None


def _retry(fields: Fields) -> Retry:
    if is_whole(fields.get("retry")):
        return Retry(attempts=fields.count("retry") or 1)
    retry = fields.inner("retry", RETRY_KEYS) if "retry" in fields else None
    if retry is None:
        return NO_RETRY
    delay_s = retry.duration("delay", zero_ok=True)
    return Retry(
        attempts=retry.count("attempts") or NO_RETRY.attempts,
        on=_failure_kinds(retry),
        delay_s=NO_RETRY.delay_s if delay_s is None else delay_s,
    )


def _failure_kinds(fields: Fields) -> Any:
    kinds = fields.texts("on")
    for kind in kinds:
        if kind not in FAILURE_KINDS:
            help = did_you_mean(kind, FAILURE_KINDS, "the kinds are")
            fields.fault("on", f"'{kind}' is not a kind of failure", help)
    return tuple(kind for kind in kinds if kind in FAILURE_KINDS) if "on" in fields else NO_RETRY.on


def _outputs(fields: Fields) -> dict[str, TypeName] | None:
    if "outputs" not in fields:
        return None
    if not isinstance(fields.get("outputs"), dict):
        return dict.fromkeys(fields.texts("outputs"), "any")
    at = fields.at / "outputs"
    return {name: _type_name(value, at / name, fields.findings) for name, value in fields.mapping("outputs").items()}
