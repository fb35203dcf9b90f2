"""The values a plan is started with: their types, their defaults, and how a command line gives them."""

from __future__ import annotations

from collections.abc import Mapping

from overseer.errors import PlanError
from overseer.jsonvalue import Json
from overseer.plan.document import read_document
from overseer.plan.faults import Fault, Misfit
from overseer.plan.references import Ref, Template, Text, written
from overseer.plan.suggestions import did_you_mean
from overseer.plan.values import Input, TypeName, WorkflowPlan
from overseer.plan.wording import TYPE_WORDS, shown

_PYTHON_TYPES: dict[TypeName, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}

_EXAMPLES: dict[TypeName, str] = {
    "integer": "3",
    "number": "0.5",
    "boolean": "true",
    "array": '["a", "b"]',
    "object": '{"a": 1}',
}


def input_values(plan: WorkflowPlan, given: Mapping[str, Json]) -> dict[str, Json]:
    """The plan's inputs with defaults filled in; PlanError with everything that does not fit."""
    values: dict[str, Json] = {}
    faults: list[Fault] = []
    for name in given:
        if name not in plan.inputs:
            help = did_you_mean(name, plan.inputs, "it takes") or "it takes none"
            faults.append(Fault(f"there is no input '{name}'", help))
    for name, declared in plan.inputs.items():
        values[name] = value = _given_or_default(declared, given.get(name))
        if name not in given and must_be_given(declared):
            about = f": {declared.description}" if declared.description else ""
            faults.append(Fault(f"the input '{name}' is missing", f"it takes {in_words(declared.type)}{about}"))
        elif not type_fits(declared.type, value) and not (value is None and not declared.required):
            faults.append(Fault(f"the input '{name}' takes {in_words(declared.type)}, not {shown(value)}"))
    if faults:
        raise PlanError(faults, source=f"the input of '{plan.name}'" if plan.name else "the input")
    return values


def _given_or_default(declared: Input, value: Json) -> Json:
    # Null stands for a skipped step, so whoever passes it on asks for the default.
    return declared.default if value is None else value


def given_misfits(plan: WorkflowPlan, args: Mapping[str, Template]) -> list[Misfit]:
    """What is wrong with arguments for the inputs of a plan, before their references can be read."""
    found = []
    for name, template in args.items():
        declared = plan.inputs.get(name)
        if declared is None:
            help = did_you_mean(name, plan.inputs, "it takes") or "it takes none"
            found.append(Misfit((name,), f"the workflow has no input '{name}'; {help}"))
        elif not isinstance(template, Ref) and not _fits_unread(declared, template):
            text = f"the workflow's input '{name}' takes {in_words(declared.type)}, not {shown(written(template))}"
            found.append(Misfit((name,), text))
    for name, declared in plan.inputs.items():
        if name not in args and must_be_given(declared):
            found.append(Misfit((), f"the workflow's input '{name}' is missing; it takes {in_words(declared.type)}"))
    return found


def _fits_unread(declared: Input, template: Template) -> bool:
    if isinstance(template, Text):
        return declared.type in ("string", "any")
    return type_fits(declared.type, template) or (template is None and not declared.required)


def must_be_given(declared: Input) -> bool:
    return declared.required and declared.default is None


def type_fits(type_name: TypeName, value: Json) -> bool:
    """Whether a value is of a declared type."""
    if type_name == "any":
        return True
    if isinstance(value, bool):
        return type_name == "boolean"
    if type_name == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, _PYTHON_TYPES[type_name])


def in_words(type_name: TypeName) -> str:
    """The type as it reads in a message: `must be {in_words(...)}`."""
    return TYPE_WORDS[type_name]


def parse_input(declared_type: TypeName, text: str) -> Json:
    """The value of an input that was given as text; ValueError says what it takes."""
    if declared_type == "string":
        return text
    document = read_document(text, syntax="json")
    value = text if document.faults else document.value  # `any` takes what is not JSON as text; nothing else does
    if not type_fits(declared_type, value):
        raise ValueError(
            f"takes {in_words(declared_type)}, written as JSON such as {_EXAMPLES[declared_type]}; not {text[:40]}"
        )
    return value
