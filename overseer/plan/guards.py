"""Reading guards: `{ref: "{{score}}", op: gt, value: 0.8}`, or `"{{score}}"` for a truthy one."""

from __future__ import annotations

from overseer.plan.fields import Fields, Findings, Place
from overseer.plan.grammar import GUARD_KEYS
from overseer.plan.references import Ref, Template, Text, refs_in
from overseer.plan.suggestions import forgotten_braces
from overseer.plan.values import OPERATORS, Guard, Operator
from overseer.plan.wording import shown

_SYMBOLS = {"==": "eq", "=": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}


def read_guard(fields: Fields, key: str) -> Guard | None:
    """The guard under a key; None, after a fault, where there is something else."""
    if key not in fields:
        return None
    value, at, findings = fields.get(key), fields.at / key, fields.findings
    if isinstance(value, str):
        left = _reference(value, at, findings)
        return Guard(left) if left is not None else None
    if not isinstance(value, dict):
        fields.misfit(key, 'a guard such as {ref: "{{step}}", op: gt, value: 1} or "{{step}}"')
        return None
    return _comparison(Fields(value, at, GUARD_KEYS, findings))


def _comparison(fields: Fields) -> Guard | None:
    if "ref" not in fields:
        fields.fault(None, f"'{fields.at.label}' has no 'ref'", 'say what to look at, such as ref: "{{step.score}}"')
        return None
    left = _reference(fields.get("ref"), fields.at / "ref", fields.findings)
    op = _operator(fields)
    if left is None or op is None:
        return None
    if op == "truthy":
        if "value" in fields:
            fields.fault("value", "'truthy' compares with nothing", "take 'value' away, or choose another 'op'")
        return Guard(left)
    if not fields.has("value"):
        fields.fault(None, f"'{fields.at.label}' has no 'value' for '{op}' to compare with")
        return None
    right = fields.template("value")
    if op == "in" and not isinstance(right, list | str | Ref | Text):
        fields.misfit("value", "a list, text or a reference, to look for something in it")
    return Guard(left, op, right)


def _operator(fields: Fields) -> Operator | None:
    symbol = fields.get("op")
    if isinstance(symbol, str) and symbol in _SYMBOLS:
        fields.misfit("op", f"one of {', '.join(OPERATORS)}", f"write {_SYMBOLS[symbol]}")
        return None
    if "op" in fields:
        unreadable: Operator | None = None
        return fields.choice("op", OPERATORS, unreadable)
    if "value" in fields:
        fields.fault(None, f"'{fields.at.label}' has a 'value' but no 'op'", f"add one of {', '.join(OPERATORS[:-1])}")
        return None
    return "truthy"


def _reference(value: object, at: Place, findings: Findings) -> Template:
    """What a guard looks at; None, after a fault, if that is not a reference."""
    if not isinstance(value, str):
        findings.misfit(at, 'a reference such as "{{step}}"', value)
        return None
    count = len(findings.faults)
    left = findings.template(at, value)
    if len(findings.faults) > count:
        return None
    if not refs_in(left):
        findings.fault(at, f"'{at.label}' must be a reference, not {shown(value)}", forgotten_braces(value))
        return None
    return left
