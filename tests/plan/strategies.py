"""Random plans in every step form, with the nastiest text there is.

They are well formed but need not make sense: their references lead nowhere.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from overseer.errors import FAILURE_KINDS
from overseer.plan.references import Ref, parsed, refs_in
from overseer.plan.values import (
    AT_LIMIT,
    ON_ERROR,
    OPERATORS,
    PLAN_ON_ERROR,
    TYPE_NAMES,
    UNLIMITED,
    Allowance,
    Call,
    Code,
    Each,
    FileChange,
    Guard,
    Hook,
    Input,
    On,
    Once,
    Retry,
    Scope,
    Timer,
    Until,
    WorkflowPlan,
    WorkflowStep,
)

NASTY = [
    "",
    " ",
    "no",
    "On",
    "y",
    "NULL",
    "~",
    "true",
    "0o17",
    "0x1F",
    "017",
    "1_000",
    "1e5",
    "1.",
    ".5",
    ".inf",
    "-.NaN",
    "1:30",
    "1m30s",
    "5s",
    "50k",
    "0d",
    "1e5s",
    "2026-01-01",
    "<<",
    "=",
    "---",
    "...",
    "- x",
    "-",
    "? x",
    ": x",
    "x: y",
    "x:",
    "x #y",
    "#",
    "&a",
    "*a",
    "!x",
    "!!str x",
    "|",
    ">",
    "%YAML 1.1",
    "@x",
    "`x`",
    "[x]",
    "{x}",
    "a, b",
    "'",
    '"',
    "\\",
    "it's",
    'say "hi"',
    " lead",
    "trail ",
    "\ttab",
    "tab\t",
    "a\nb",
    "a\nb\n",
    "a\n\n\nb\n\n",
    "\n",
    "\na",
    "  a\nb",
    "a \nb",
    "a\n  b\n",
    "# not a comment\nx",
    "- a\n- b\n",
    "--- \nx",
    "a\r\nb",
    "\r",
    "a\x85b",
    "a\u2028b\u2029",
    "\ufeffx",
    "\x00\x07\x1b\x7f\x9f",
    "\ufffe\uffff",
    "\xa0x",
    "e\u0301é",
    "ñandú 你好 😀",
    "²",
    "１２",
    "{{",
    "}}",
    "{",
    "{{{",
    '{{"{{"}}',
    "{%x%}",
    "${x}",
]

characters = st.characters(codec="utf-8")
texts = st.sampled_from(NASTY) | st.text(characters, max_size=30) | st.text("ab \n\t-:#'\"{}", max_size=12)
filled_texts = texts.filter(lambda text: bool(text.strip()))
_LOWER, _DIGITS = "abcdefghijklmnopqrstuvwxyz", "0123456789"
_WORD = _LOWER + _LOWER.upper() + _DIGITS + "_-"
# Put together rather than made by a pattern, which takes several times as long.
names = st.tuples(
    st.sampled_from(_LOWER + _LOWER.upper() + "_"), st.text(_WORD, max_size=6), st.sampled_from(_LOWER + _DIGITS)
).map("".join) | st.sampled_from(["1", "no", "é", "0x1F"])
numbers = st.integers(-(10**20), 10**20) | st.floats(allow_nan=False, allow_infinity=False)
json_values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=10,
)
durations = st.floats(0.001, 1e8) | st.integers(1, 10**6).map(float) | st.integers(1, 10**6).map(lambda ms: ms / 1000)

refs = st.builds(
    Ref, names, st.lists(names | texts | st.integers(-9, 999_999_999), max_size=3).map(tuple)
)  # a path may hold any text at all


# Strategies are made once, here, and not at each draw, which would take most of the time there is.
_pieces = st.lists(
    st.one_of(
        refs.map("{{{{{}}}}}".format),
        refs.map("{{{{ {} }}}}".format),
        st.just('{{"{{"}}'),
        texts.filter(lambda text: "{{" not in text and not text.endswith("{")),
    ),
    max_size=4,
)


@st.composite
def sources(draw: st.DrawFn) -> str:
    """Text as somebody writes it, with references and escaped braces in it."""
    return "".join(draw(_pieces))


parsed_sources = sources().map(parsed)

templates = st.recursive(
    st.none() | st.booleans() | numbers | refs | parsed_sources,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
reading = (refs | parsed_sources).filter(lambda template: bool(refs_in(template)))

_operators: Any = st.sampled_from(OPERATORS)
_within = st.lists(templates, max_size=3) | refs | parsed_sources


@st.composite
def guards(draw: st.DrawFn) -> Guard:
    op: Any = draw(_operators)
    if op == "truthy":
        return Guard(draw(reading))
    return Guard(draw(reading), op, draw(_within if op == "in" else templates))


maybe_guards = st.none() | guards()
widths = st.none() | st.integers(1, 9)
limits = st.integers(1, 2000)

eaches = st.builds(Each, items=st.lists(templates, max_size=3) | refs, width=widths) | st.builds(
    Each, iterations=st.integers(1, 99) | refs, width=widths
)
untils = st.builds(
    Until,
    guard=maybe_guards,
    stop_when=st.booleans(),
    limit=limits | st.just(UNLIMITED),
    at_limit=st.sampled_from(AT_LIMIT),
).filter(lambda until: until.guard is not None or until.stop_when)
paths = st.text(_LOWER + _DIGITS + "/_-", max_size=10).map("/{}".format)
triggers = st.builds(Timer, durations) | st.builds(FileChange, parsed_sources) | st.builds(Hook, paths)
ons = st.builds(On, trigger=triggers, until=maybe_guards, limit=limits | st.just(UNLIMITED), width=st.integers(1, 9))
modes = st.builds(Once) | eaches | untils | ons

codes = st.builds(Code, filled_texts, st.lists(names, max_size=2).map(tuple))
calls = st.builds(Call, filled_texts)
retries = st.builds(
    Retry,
    attempts=st.integers(1, 9),
    on=st.lists(st.sampled_from(FAILURE_KINDS), max_size=3).map(tuple),
    delay_s=durations | st.just(0.0),
)
all_args = st.dictionaries(texts, templates, max_size=3)
type_names: Any = st.sampled_from(TYPE_NAMES)
outputs = st.none() | st.dictionaries(names, type_names, max_size=3)


counts = st.none() | st.integers(0, 10**15) | st.integers(0, 10**12).map(lambda thousands: thousands * 1000)
parts = st.none() | st.floats(0, 1, exclude_min=True) | st.just(1)
budgets = st.none() | st.builds(
    Allowance,
    requests=counts,
    tokens=counts,
    cost=st.none() | st.integers(0, 99) | st.floats(0, 10**15),
    time_s=st.none() | durations,
    rpm=parts,
    tpm=parts,
    rpd=parts,
)


def steps_with(
    actions: st.SearchStrategy[Any],
    args: st.SearchStrategy[Any],
    budgets: st.SearchStrategy[Allowance | None],
) -> st.SearchStrategy[WorkflowStep]:
    return st.builds(
        WorkflowStep,
        step_id=names,
        action=actions,
        description=texts,
        args=args,
        depends_on=st.lists(names, max_size=3).map(tuple),
        parallel_group=st.none() | st.integers() | texts,
        when=maybe_guards,
        on_error=st.sampled_from(ON_ERROR),
        timeout_s=st.none() | durations,
        retry=st.builds(Retry) | retries,
        outputs=outputs,
        budget=budgets,
    )


_defaults = st.none() | json_values


@st.composite
def inputs(draw: st.DrawFn) -> Input:
    return Input("any", draw(_defaults), draw(st.booleans()), draw(texts))


def plans_of(steps: st.SearchStrategy[WorkflowStep]) -> st.SearchStrategy[WorkflowPlan]:
    return st.builds(
        WorkflowPlan,
        steps=st.lists(steps, min_size=1, max_size=3).map(tuple),
        name=texts,
        description=texts,
        inputs=st.dictionaries(names, inputs() | st.builds(Input, type=type_names), max_size=2),
        output=templates,
        on_error=st.sampled_from(PLAN_ON_ERROR),
        budget=budgets,
    )


def _with_scopes(steps: st.SearchStrategy[WorkflowStep]) -> st.SearchStrategy[WorkflowStep]:
    bodies = st.builds(WorkflowPlan, steps=st.lists(steps, min_size=1, max_size=2).map(tuple), output=templates)
    inline = st.builds(Scope, modes, bodies)
    linked = st.builds(Scope, modes, st.none() | plans_of(steps), filled_texts)
    return steps_with(inline, st.just({}), budgets) | steps_with(linked, all_args, budgets)


steps = st.recursive(steps_with(calls | codes, all_args, st.none()), _with_scopes, max_leaves=4)
plans = plans_of(steps)
