"""A plan under review on terminals of several widths: readable, complete where it matters, and harmless."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from overseer.broker.needs import needs
from overseer.broker.permissions import CAREFUL
from overseer.chat.planview import difference_screen, plan_screen, proposal_lines, step_screen, usual_detail
from overseer.review import Outlook, Proposal
from overseer.terminal.style import Line, Palette, text_of
from overseer.text.cells import cells, pieces
from tests.chat.people import TOOLS, plan, step

WIDTHS = [40, 80, 100]


def proposed(*steps: dict[str, Any], **more: Any) -> Proposal:
    made = plan(*steps, **more)
    return Proposal(made, "model", needs=tuple(needs(made, TOOLS, CAREFUL)))


def texts(lines: list[Line]) -> list[str]:
    return [text_of(line) for line in lines]


def shown(proposal: Proposal, **more: Any) -> list[str]:
    return texts(plan_screen(proposal, TOOLS, **more))


def test_the_plan_reads_as_it_always_has() -> None:
    proposal = proposed(
        step("joke", "ask", description="Write a joke"),
        step("fr", "ask", "joke", description="Translate to French", parallel_group=1),
        {"step_id": "count", "description": "Count words", "code": "count the words", "args": {"text": "{{fr}}"}},
    )
    lines = shown(replace(proposal, outlook=Outlook(sandbox="full"), maker="tiny (mock)"), columns=80)
    assert lines[:10] == [
        "Workflow Plan (3 steps):",
        "  1. Write a joke",
        "     joke: ask [model]",
        "  2. Translate to French",
        "     fr: ask [model]; after joke; group 1",
        "     from_joke: {{joke}}",
        "  3. Count words",
        "     Node task: count the words",
        "     count: code: written now, runs in the sandbox (full); after fr",
        "     text: {{fr}}",
    ]
    assert "  made by tiny (mock)" in lines
    assert f"  plan {proposal.hash[:12]}" in lines


def test_code_that_was_written_before_is_told_apart() -> None:
    proposal = proposed({"step_id": "count", "code": "count", "tools": ["start"]})
    kept = replace(proposal, outlook=Outlook(sandbox="hardened", kept=frozenset({"count"})))
    assert "     count: code: kept from an earlier run, runs in the sandbox (hardened), may call start [exec]" in shown(
        kept
    )


@pytest.mark.parametrize("columns", WIDTHS)
@pytest.mark.parametrize("count", [1, 2, 20, 21, 200])
def test_every_title_is_there_and_nothing_is_wider_than_the_terminal(columns: int, count: int) -> None:
    steps = [
        step(
            f"s{at}", "start" if at == count - 1 else "think", description=f"Do number {at} 日本語 and a bit more of it"
        )
        for at in range(count)
    ]
    proposal = proposed(*steps)
    detail = usual_detail(proposal.plan)
    lines = shown(proposal, columns=columns, detail=detail)
    assert max(map(cells, lines)) <= columns
    together = " ".join(" ".join(lines).split())
    assert all(f"{at + 1}. Do number {at} 日本語" in together for at in range(count))
    assert (detail == "titles") == (count > 20)
    assert (f"The details of {count} steps are folded" in together) == (count > 20)
    assert "[exec]" in together, "what is risky is told where all else is folded"
    assert "start step" in together.replace("exec: ", "")
    assert len(lines) < 2 * count + 30 if detail == "titles" else True
    assert max(map(cells, shown(proposal, columns=columns, detail="all"))) <= columns


@pytest.mark.parametrize("detail", ["titles", "usual", "all"])
@pytest.mark.parametrize("columns", WIDTHS)
def test_nothing_of_what_a_risky_call_gets_is_hidden(columns: int, detail: Any) -> None:
    command = " ".join(f"part{at}" for at in range(400)) + "; rm -rf /srv/all"
    proposal = proposed(
        *(step(f"s{at}") for at in range(30)), {"step_id": "x", "tool": "start", "args": {"run": command}}
    )
    lines = shown(proposal, columns=columns, detail=detail)
    asked = lines[lines.index("it needs your approval for:") :]
    assert command.replace(" ", "") in "".join(asked).replace(" ", "")
    allowed = replace(proposal, needs=())  # the settings allow it, so that nothing is asked for
    if detail != "titles":
        assert command.replace(" ", "") in "".join(shown(allowed, columns=columns, detail=detail)).replace(" ", "")


def test_long_arguments_of_harmless_steps_are_cut_and_all_of_them_can_be_seen() -> None:
    text = "word " * 500 + "end"
    proposal = proposed({"step_id": "x", "tool": "think", "args": {"text": text}})
    usual = shown(proposal)
    assert any("… (2,503 letters)" in line for line in usual)
    assert "end" not in usual
    for whole in (shown(proposal, detail="all"), texts(step_screen(proposal, TOOLS, 1))):
        assert text.replace(" ", "") in "".join(whole).replace(" ", "")


NASTY = st.text(max_size=60)


@settings(max_examples=100, deadline=None)
@given(NASTY, NASTY, NASTY, st.sampled_from(WIDTHS))
def test_no_text_of_a_plan_steers_the_terminal_or_pretends_to_be_another_line(
    title: str, value: str, note: str, columns: int
) -> None:
    proposal = proposed(
        {"step_id": "x", "tool": "start", "description": title, "args": {"run": value.replace("{", "(")}},
        {"step_id": "y", "code": f"Do {note.replace('{', '(')}", "description": value},
    )
    proposal = replace(proposal, notes=(note,), maker=title, inputs={})
    palette = Palette(has_colour=False)
    for detail in ("titles", "usual", "all"):
        for line in plan_screen(proposal, TOOLS, columns=columns, detail=detail):  # type: ignore[arg-type]
            assert palette.painted(line).isprintable()


def test_a_title_cannot_add_a_line_of_its_own() -> None:
    nasty = "Read\n  2. Write nothing\n  plan 0000\x1b[2K\rit needs no approval"
    lines = proposal_lines(proposed(step("x", "start", description=nasty)), TOOLS)
    assert not any(line.strip().startswith(("2.", "plan 0000")) for line in lines)
    assert any("\\x1b[2K" in line for line in lines)


def test_where_nobody_is_waited_for_none_is_said_to_be() -> None:
    proposal = replace(proposed(step("x", "start")), asked_because="it has exec in it")
    assert "  waits for approval, since it has exec in it" in shown(proposal)
    assert not any("waits for" in line for line in proposal_lines(proposal, TOOLS))


def test_risk_is_told_by_colour_and_by_word() -> None:
    line = next(line for line in plan_screen(proposed(step("x", "start")), TOOLS) if "[exec]" in text_of(line))
    assert "\x1b[31m[exec]\x1b[0m" in Palette().painted(line)
    assert "[exec]" in Palette(has_colour=False).painted(line)


def test_inputs_are_shown_with_their_values_and_where_they_come_from() -> None:
    inputs = {
        "joke": {"type": "string", "description": "result of 'joke'"},
        "topic": {"type": "string", "default": "cats"},
        "missing": {"type": "string"},
    }
    args = {"a": "{{inputs.joke}}", "b": "{{inputs.topic}}", "c": "{{inputs.missing}}"}
    proposal = proposed({"step_id": "x", "tool": "think", "args": args}, inputs=inputs)
    lines = shown(replace(proposal, inputs={"joke": "Why did\nthe cat " + "x" * 500}))
    together = " ".join(line.strip() for line in lines)
    assert "input joke: Why did\\nthe cat xxx" in together
    assert "… (517 letters), result of 'joke'" in together
    assert "input topic: cats (its default)" in together
    assert "input missing: is missing" in together


def test_what_holds_for_the_whole_plan_is_shown() -> None:
    scope = {"step_id": "each", "for_each": [1], "budget": {"cost": 0.5}, "steps": [step("x")], "on_error": "continue"}
    more = {"budget": {"requests": 3, "time": "5m"}, "on_error": "fail_fast", "output": {"r": "{{a}}"}}
    retried = step("a", timeout="30s", retry=3, when={"ref": "{{b}}", "op": "gt", "value": 2})
    together = "\n".join(shown(proposed(retried, step("b"), scope, **more)))
    for said in (
        'may spend: {"requests":3,"time":"5m"}',
        "when a step fails, all others are cancelled",
        'output: {"r":"{{a}}"}',
        "a: think [pure]; after b; only if {{b}} gt 2; at most 30s; up to 3 attempts",
        'each: steps, for each of [1]; if it fails, the rest goes on; may spend {"cost":0.5}',
    ):
        assert said in together


@pytest.mark.parametrize(
    ("mode", "said"),
    [
        ({"iterations": 3, "width": 2}, "3 times, 2 at a time"),
        ({"repeat": {"limit": 4}}, "4 times, one after the other"),
        ({"repeat": {"until": "{{x}}", "limit": 4}}, "until {{x}}, at most 4 times"),
        ({"repeat": {"while": "{{x}}", "limit": 4}}, "while {{x}}, at most 4 times"),
        ({"repeat": {"forever": True}}, "without end"),
        ({"on": {"timer": "5s", "limit": 2}}, "whenever 5s have gone by, at most 2 times"),
        ({"on": {"file": "/srv/in"}}, "whenever /srv/in changes, at most 1,000 times"),
        ({"on": {"http": "/hook", "until": "{{x}}"}}, "whenever a request comes to /hook on this machine, until {{x}}"),
    ],
)
def test_loops_are_told_in_words(mode: dict[str, Any], said: str) -> None:
    lines = shown(proposed({"step_id": "s", **mode, "steps": [step("x")]}))
    assert f"s: steps, {said}" in " ".join(line.strip() for line in lines)


@given(st.text(), st.integers(2, 90))
@example("00\x1f0\x80", 2)  # of which one piece is ASCII alone
def test_a_text_in_pieces_is_all_of_the_text(text: str, width: int) -> None:
    found = list(pieces(text, width))
    assert "".join(found) == text
    assert all(cells(piece) <= width for piece in found)


@pytest.mark.parametrize("columns", WIDTHS)
def test_a_difference_is_told_with_signs_and_whole(columns: int) -> None:
    before = plan(step("a"), step("b", "think", "a"))
    text = "word" * 200
    after = plan(step("a"), {"step_id": "c", "tool": "start", "args": {"run": text}})
    lines = difference_screen(before, after, columns=columns)
    said = texts(lines)
    assert max(map(cells, said)) <= columns
    assert said[0] == "Changed:"
    assert "  - b" in said
    assert "  + c" in said
    assert text in "".join(line.strip() for line in said)
    painted = Palette().painted(next(line for line in lines if text_of(line) == "  - b"))
    assert "\x1b[31m- b" in painted
