"""Random graphs of steps, with the nastiest titles there are."""

from __future__ import annotations

from hypothesis import strategies as st

from overseer.plan.references import Ref
from overseer.plan.values import Call, Code, Each, Guard, Once, Scope, Until, WorkflowPlan, WorkflowStep
from tests.choices import Choices

HOSTILE = [
    "</script><script>alert(1)</script>",
    "]]></title></svg><img src=x onerror=alert(1)>",
    "quotes \" and ' and ` and &amp; and %%{init: {}}%%",
    "end",
    'n1["x"] --> n2; click n1 "javascript:alert(1)"',
    "two\nlines\r\nand\ttabs",
    "controls \x00\x07\x1b[31m\x7f\x9b",
    "\u202eright to left\u202c \u2066isolated\u2069",
    "surrogate \ud800 and no character \ufffe\uffff",
    "日本語" * 40,
    "👩‍👩‍👧‍👦" * 20,
    "e" + "\u0301" * 500,
    "x" * 10_000,
    "word " * 2_000,
    "#quot; #35; #",
    "1. list",
    "- item",
]

_others = st.lists(st.text(max_size=40), min_size=4, max_size=4)


def plans(most: int = 14, depth: int = 2) -> st.SearchStrategy[WorkflowPlan]:
    """Plans in which every step may need any of those before it."""
    rows = st.binary(min_size=300, max_size=300)
    return st.builds(lambda row, others: _plan(Choices(row), others, most, depth), rows, _others)


def _plan(choices: Choices, others: list[str], most: int, depth: int) -> WorkflowPlan:
    def title() -> str:
        return choices.of(choices.of((["Translate to French"], HOSTILE, others)))

    steps: list[WorkflowStep] = []
    for number in range(choices.number(0 if depth < 2 else 1, most)):
        action: Call | Code | Scope = Call(choices.of(["t", "text_case", "tool-with-a-long-name"]))
        form = choices.number(0, 9)
        if form == 9:
            action = Code("count the words")
        elif form == 8 and depth:
            mode = choices.of([Once(), Each([1, 2], width=2), Until(limit=3)])
            action = Scope(mode, _plan(choices, others, 4, depth - 1))
        steps.append(
            WorkflowStep(
                f"s{number}",
                action,
                title(),
                depends_on=tuple(f"s{need}" for need in choices.some(range(number), most=4)),
                parallel_group=choices.of([None, None, 1]),
                when=choices.of([None, None, Guard(Ref("s0"), "gt", 0.8)]),
            )
        )
    return WorkflowPlan(tuple(steps), name=title())


def chain(count: int) -> WorkflowPlan:
    return WorkflowPlan(
        tuple(WorkflowStep(f"s{n}", Call("t"), depends_on=(f"s{n - 1}",) if n else ()) for n in range(count))
    )


def layers(rows: int, columns: int) -> WorkflowPlan:
    """Rows of steps, each of which needs its own and one other of the row above."""
    return WorkflowPlan(
        tuple(
            WorkflowStep(
                f"s{row}x{column}",
                Call("text_case"),
                f"Step {column} of row {row}",
                depends_on=(f"s{row - 1}x{column}", f"s{row - 1}x{(column * 7 + 3) % columns}") if row else (),
            )
            for row in range(rows)
            for column in range(columns)
        )
    )


def fan(count: int) -> WorkflowPlan:
    """One, then many, then one."""
    middle = [WorkflowStep(f"m{n}", Call("t"), depends_on=("first",)) for n in range(count)]
    last = WorkflowStep("last", Call("t"), depends_on=tuple(step.step_id for step in middle))
    return WorkflowPlan((WorkflowStep("first", Call("t")), *middle, last))
