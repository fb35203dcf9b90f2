"""A plan as it is reviewed: its steps, and beside them all that somebody should know who decides about it.

The lines are styled and fit the terminal. Long plans are shown by their titles, with a count of what is folded;
what needs somebody's approval is never folded or cut.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from overseer.chat.stepview import Detail, StepView, letters, paragraph, text_of_value
from overseer.jsonvalue import Json
from overseer.plan import to_document, waves
from overseer.plan.difference import difference, difference_lines
from overseer.plan.inputs import must_be_given
from overseer.plan.values import WorkflowPlan, all_steps
from overseer.review import Proposal
from overseer.terminal.style import Line, Span, text_of
from overseer.text.cells import pieces
from overseer.timing.forecasttext import forecast_text
from overseer.tool import Tool

WIDEST = 100  # columns; longer lines are hard to read
SHORT_HASH = 12

_MANY = 20  # steps; of more, the details are folded
_INPUT_LETTERS = 200
_FEW_WAVES = 8
_INDENT = "  "


def proposal_lines(proposal: Proposal, tools: Mapping[str, Tool], *, columns: int = WIDEST) -> list[str]:
    """Everything about a plan that somebody should know, as text, where nobody can be waited for."""
    unasked = replace(proposal, asked_because="")
    return [text_of(line) for line in plan_screen(unasked, tools, columns=columns, detail="usual")]


def usual_detail(plan: WorkflowPlan) -> Detail:
    """How much of a plan is shown before anybody asks for more."""
    return "titles" if sum(1 for _ in all_steps(plan)) > _MANY else "usual"


def plan_screen(
    proposal: Proposal, tools: Mapping[str, Tool], *, columns: int = WIDEST, detail: Detail = "usual"
) -> list[Line]:
    """The same in styled lines of so many columns."""
    plan, columns = proposal.plan, min(columns, WIDEST)
    view = StepView(proposal, tools, columns, detail)
    lines: list[Line] = [*_headline(proposal, columns)]
    for number, step in enumerate(plan.steps, 1):
        lines += view.lines(step, f"  {number}. ")
    for spans in (
        *_folded(plan, detail),
        *_waves(plan, detail),
        *_inputs(proposal, detail),
        *_terms(plan, detail),
        *([("quiet", f"note: {text_of_value(note)}")] for note in proposal.notes),
        *_about(proposal),
    ):
        lines += paragraph(spans, columns, indent=_INDENT, hanging=_INDENT)
    return [*lines, *_needs(proposal, columns)]


def step_screen(proposal: Proposal, tools: Mapping[str, Tool], number: int, *, columns: int = WIDEST) -> list[Line]:
    """All of one step, by its place in the plan from 1."""
    view = StepView(proposal, tools, min(columns, WIDEST), "all")
    return list(view.lines(proposal.plan.steps[number - 1], f"  {number}. "))


def difference_screen(before: WorkflowPlan, after: WorkflowPlan, *, columns: int = WIDEST) -> list[Line]:
    """How a plan differs from the one before: what came, went and changed, all of it."""
    found = difference(before, after)
    said = difference_lines(found) or ["nothing: it is the same plan"]
    lines: list[Line] = [(("heading", "Changed:"),)]
    style = "title"
    for line in said:
        text = line.lstrip(" ")
        style = _SIGNS.get(text[:2], style) if len(line) - len(text) in (0, 4) else style
        indent = _INDENT + line[: len(line) - len(text)]
        room = max(12, min(columns, WIDEST) - len(indent) - 2)
        for place, piece in enumerate(pieces(text_of_value(text), room)):
            lines.append((("", f"{indent}{'  ' if place else ''}"), (style, piece)))
    return lines


_SIGNS = {"+ ": "done", "- ": "failed", "~ ": "waiting"}


def _headline(proposal: Proposal, columns: int) -> Iterator[Line]:
    count = len(proposal.plan.steps)
    spans: list[Span] = [("heading", f"Workflow Plan ({count} step{'s' if count != 1 else ''}):")]
    if proposal.by == "rules":
        spans.append(("waiting", " (made by rules, without a model)"))
    yield from paragraph(spans, columns)


def _folded(plan: WorkflowPlan, detail: Detail) -> Iterator[list[Span]]:
    if detail == "titles":
        count = sum(1 for _ in all_steps(plan))
        yield [("waiting", f"The details of {count:,} steps are folded: v shows them, v STEP those of one.")]


def _waves(plan: WorkflowPlan, detail: Detail) -> Iterator[list[Span]]:
    found = waves(plan)
    few = len(found) if detail == "all" else _FEW_WAVES
    for number, wave in enumerate(found[:few], 1):
        yield [("quiet", f"wave {number}: {_ids(wave, detail)}")]
    if len(found) > few:
        yield [("quiet", f"and {len(found) - few:,} more waves")]


def _ids(wave: Sequence[str], detail: Detail) -> str:
    shown = wave if detail == "all" else wave[:_MANY]
    more = f" and {len(wave) - len(shown):,} more" if len(wave) > len(shown) else ""
    return ", ".join(shown) + more


def _inputs(proposal: Proposal, detail: Detail) -> Iterator[list[Span]]:
    for name, declared in proposal.plan.inputs.items():
        said = proposal.origins.get(name) or declared.description
        about = f", {text_of_value(said)}" if said else ""
        if name in proposal.inputs:
            yield [("title", f"input {name}: "), ("quiet", _value(proposal.inputs[name], detail) + about)]
        elif not must_be_given(declared):
            yield [("title", f"input {name}: "), ("quiet", f"{_value(declared.default, detail)} (its default){about}")]
        else:
            yield [("title", f"input {name}: "), ("failed", "is missing"), ("quiet", about)]


def _terms(plan: WorkflowPlan, detail: Detail) -> Iterator[list[Span]]:
    """What holds for the plan as a whole."""
    document = to_document(plan.with_steps(()))
    if plan.budget is not None:
        yield [("title", "may spend: "), ("quiet", _value(document["budget"], "all"))]
    if plan.on_error == "fail_fast":
        yield [("quiet", "when a step fails, all others are cancelled")]
    if plan.output is not None:
        yield [("title", "output: "), ("quiet", _value(document["output"], detail))]


def _value(value: Json, detail: Detail) -> str:
    text = text_of_value(value)
    if len(text) <= _INPUT_LETTERS or detail == "all":
        return text
    return f"{text[:_INPUT_LETTERS]}… ({letters(len(text))})"


def _about(proposal: Proposal) -> Iterator[list[Span]]:
    if proposal.maker:
        yield [("quiet", f"made by {text_of_value(proposal.maker)}")]
    if (found := proposal.outlook.forecast) is not None:
        yield [("title", f"Forecast: {forecast_text(found)}")]
    yield [("quiet", f"plan {proposal.hash[:SHORT_HASH]}")]
    if proposal.asked_because:
        yield [("quiet", f"waits for approval, since {proposal.asked_because}")]


def _needs(proposal: Proposal, columns: int) -> Iterator[Line]:
    if not proposal.needs:
        return
    denied = proposal.is_denied
    said = "the settings deny what this plan wants to do:" if denied else "it needs your approval for:"
    yield from paragraph([("failed" if denied else "waiting", said)], columns)
    for need in proposal.needs:
        for line in need.lines(width=max(12, columns - 12)):
            style = "title" if line.startswith(" ") else "failed" if need.verdict == "deny" else "waiting"
            yield ((style, f"{_INDENT}{line}"),)
