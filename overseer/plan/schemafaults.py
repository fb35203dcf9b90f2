"""What the jsonschema library finds wrong with a value, in words that name the remedy.

References stand for values that are not known yet, so they fit whatever a schema asks for.
Importing the library takes longer than starting a run: it is imported where it is needed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, Literal

from overseer.plan.faults import Misfit
from overseer.plan.references import Ref, Template, Text, refs_in, written
from overseer.plan.suggestions import did_you_mean, listed
from overseer.plan.wording import TYPE_WORDS, shown

Noun = Literal["argument", "result"]
Check = Callable[[Any, Any, Any, Any], Any]  # a keyword's function: validator, expected, instance, schema

_MOST_FAULTS = 20

# Of a value that is only partly known, these could complain about what is not known.
_NEEDS_ALL = frozenset({"const", "enum", "not", "if", "contains", "uniqueItems", "unevaluatedItems"})
_NEEDS_ALL |= {"unevaluatedProperties", "dependentSchemas", "dependencies"}
# Text with references in it is text, but nothing more is known of it.
_FITS_TEXT = frozenset({"$ref", "$dynamicRef", "allOf", "anyOf", "oneOf"})


def misfits(schema: Any, value: Template, *, noun: Noun) -> list[Misfit]:
    """Every way in which a value does not fit, with a remedy where there is one."""
    from jsonschema.exceptions import SchemaError
    from referencing.exceptions import Unresolvable

    try:
        # The text of a schema tells it from others; its identity would not survive a reload.
        validator = _validator(json.dumps(schema, default=dict))
        errors = sorted(validator.iter_errors(value), key=lambda error: [str(part) for part in error.absolute_path])
    except SchemaError as error:
        return [Misfit((), f"the schema of the {noun}s is itself wrong: {error.message[:200]}")]
    except (Unresolvable, re.error, RecursionError, ValueError, TypeError) as error:
        return [Misfit((), f"the schema of the {noun}s cannot be used: {str(error)[:200]}")]
    found = (Misfit(tuple(error.absolute_path), text) for error in errors for text in _in_words(error, noun))
    return list(dict.fromkeys(found))[:_MOST_FAULTS]


@lru_cache(maxsize=256)
def _validator(schema_text: str) -> Any:
    from jsonschema.validators import Draft202012Validator, validator_for
    from referencing import Registry

    schema = json.loads(schema_text)
    kind = validator_for(schema, default=Draft202012Validator)
    kind.check_schema(schema)
    # An empty registry: a schema must not make us fetch anything from anywhere.
    return _lenient(kind)(schema, registry=Registry())


@lru_cache(maxsize=8)
def _lenient(kind: Any) -> Any:
    """A validator class to which references are fine everywhere."""
    from jsonschema.validators import extend

    checks: dict[str, Check] = {keyword: _unless_unknown(keyword, check) for keyword, check in kind.VALIDATORS.items()}
    if "oneOf" in checks:
        checks["oneOf"] = _one_of(kind.VALIDATORS["oneOf"], kind.VALIDATORS["anyOf"])
    extended: Any = extend  # the library leaves it without types
    return extended(kind, checks)


def _unless_unknown(keyword: str, check: Check) -> Check:
    def checked(validator: Any, expected: Any, instance: Any, schema: Any) -> Any:
        if type(instance) is Ref or (type(instance) is Text and keyword not in _FITS_TEXT and keyword != "type"):
            return ()
        if keyword in _NEEDS_ALL and refs_in(instance):
            return ()
        known = "" if type(instance) is Text and keyword == "type" else instance
        return check(validator, expected, known, schema) or ()

    return checked


def _one_of(one_of: Check, any_of: Check) -> Check:
    def checked(validator: Any, expected: Any, instance: Any, schema: Any) -> Any:
        if type(instance) is Ref:
            return ()
        # With references in it, a value may seem to fit several of the options.
        return (any_of if refs_in(instance) else one_of)(validator, expected, instance, schema)

    return checked


# --- words


def _in_words(error: Any, noun: Noun) -> Iterator[str]:
    subject = _subject(error.absolute_path, noun)
    is_argument = noun == "argument" and not error.absolute_path
    match error.validator:
        case "required":
            for name in error.validator_value:
                if name not in error.instance:
                    yield f"the argument '{name}' is missing" if is_argument else f"{subject} has no '{name}'"
        case "additionalProperties" if error.validator_value is False:
            known = error.schema.get("properties", {})
            for name in _extras(error.instance, error.schema):
                problem = f"there is no argument '{name}'" if is_argument else f"{subject} has no field '{name}'"
                yield f"{problem}; {did_you_mean(name, known, 'there may be') or 'there may be none'}"
        case "anyOf" | "oneOf" if error.context:
            yield from _of_options(error, subject, noun)
        case _:
            yield f"{subject} {_complaint(error)}"


def _complaint(error: Any) -> str:
    expected, got = error.validator_value, shown(written(error.instance))
    match error.validator:
        case "type":
            return f"must be {_types_in_words(expected)}, not {got}"
        case "enum":
            options = listed(option if isinstance(option, str) else shown(option) for option in expected)
            return f"must be one of {options}, not {got}"
        case "const":
            return f"must be {shown(expected)}, not {got}"
        case "minimum":
            return f"must be at least {expected}, not {got}"
        case "maximum":
            return f"must be at most {expected}, not {got}"
        case "minLength" | "maxLength":
            bound = "least" if error.validator == "minLength" else "most"
            return f"must have at {bound} {expected} letter{'s' if expected != 1 else ''}, not {len(error.instance)}"
        case "minItems" | "maxItems":
            bound = "least" if error.validator == "minItems" else "most"
            return f"must have at {bound} {expected} item{'s' if expected != 1 else ''}, not {len(error.instance)}"
        case "pattern":
            return f"must match {expected}, which {got} does not"
        case _:
            return f"does not fit: {error.message[:200]}"


def _of_options(error: Any, subject: str, noun: Noun) -> Iterator[str]:
    from jsonschema.exceptions import best_match

    options = error.validator_value
    if all(isinstance(option, dict) and "type" in option for option in options) and all(
        inner.validator == "type" and not inner.path for inner in error.context
    ):
        words = " or ".join(_types_in_words(option["type"]) for option in options)
        yield f"{subject} must be {words}, not {shown(written(error.instance))}"
        return
    closest = best_match([error])
    if closest is error:
        yield f"{subject} does not fit any of its options: {shown(written(error.instance))}"
    else:
        yield from _in_words(closest, noun)


def _types_in_words(types: Any) -> str:
    names = [types] if isinstance(types, str) else types
    return " or ".join(TYPE_WORDS.get(name, name) for name in names)


def _extras(instance: Any, schema: Any) -> list[str]:
    patterns = schema.get("patternProperties", {})
    known = schema.get("properties", {})
    return [name for name in instance if name not in known and not any(re.search(p, name) for p in patterns)]


def _subject(path: Any, noun: Noun) -> str:
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")
    if noun == "argument":
        return f"the argument '{place}'" if place else "the arguments"
    return f"the result's '{place}'" if place else "the result"
