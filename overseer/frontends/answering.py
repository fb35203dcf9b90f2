"""The answer to a request from what its run gave: by a model, grounded in the results, or without one.

A plan whose only result is a text that a model wrote has its answer already. Whatever writes the answer, it
says what failed: what a model leaves out is added to its text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from overseer.broker.hearing import OnText
from overseer.broker.result import ToolResult
from overseer.errors import Failure
from overseer.frontends.asking import PROMPTS, ROLE, Turn, said_before
from overseer.frontends.material import step_lines
from overseer.frontends.outcome import Outcome, StepOutcome
from overseer.frontends.plainanswer import failure_text, plain_answer
from overseer.models.promptfiles import fenced, prompt
from overseer.plan.references import Ref
from overseer.plan.values import Call
from overseer.tool import Question, Reply, Tool

_REASON_KNOWN_BY = 40  # letters of a reason that have to be repeated, for it to count as told


class AsksAloud(Protocol):
    """Asks a model, as the `ask` of a door does; `on_text` hears the answer as it comes."""

    def __call__(self, question: Question, *, on_text: OnText | None = None) -> ToolResult: ...


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said to the request, all of it: `on_text` heard the same."""

    text: str
    by: Literal["model", "step", "rules"]  # a step's own text; by rules, the values as they are
    notes: tuple[str, ...] = ()
    failure: Failure | None = None  # why the model gave none, where one was asked


class Answerer:
    """Composes answers."""

    def __init__(
        self,
        ask: AsksAloud | None,
        tools: Mapping[str, Tool],
        *,
        most_letters: int = 40_000,
        most_tokens_before: int = 3000,
    ) -> None:
        """Without somebody to ask, answers are the values as they are.

        A model is shown at most so many letters of results, and so many tokens of the conversation before.
        """
        self._ask = ask
        self._tools = tools
        self._most_letters = most_letters
        self._most_tokens_before = most_tokens_before

    def answer(
        self, request: str, outcome: Outcome, conversation: Sequence[Turn] = (), *, on_text: OnText | None = None
    ) -> Answer:
        """The answer to the request from what its run came to. `on_text` hears all of it as it comes."""
        say = _Saying(on_text)
        if (text := text_of_a_step(outcome, self._tools)) is not None:
            say(text)
            return Answer(text, "step")
        if self._ask is None:
            say(plain_answer(outcome))
            return Answer(say.text, "rules")
        question, notes = self._question(request, outcome, conversation)
        result = self._ask(question, on_text=say)
        reply = result.reply
        if result.failure is not None or reply is None or not reply.text.strip():
            return _without_model(outcome, say, result.failure)
        return _with_model(reply, outcome, say, (*notes, *reply.warnings))

    def _question(
        self, request: str, outcome: Outcome, conversation: Sequence[Turn]
    ) -> tuple[Question, tuple[str, ...]]:
        before, notes = said_before(conversation, self._most_tokens_before)
        text = prompt(
            PROMPTS / "results.md",
            conversation=before,
            request=fenced(request),
            steps=fenced("\n".join(step_lines(outcome, self._most_letters))),
        )
        return Question(text, prompt(PROMPTS / "answer.md"), role=ROLE), tuple(notes)


def text_of_a_step(outcome: Outcome, tools: Mapping[str, Tool]) -> str | None:
    """The text that is the answer already: the plan's only result, whole, written by a model; None without one.

    A value that was computed, read or fetched is something to answer from, be it text or not.
    """
    results = outcome.results()
    if not outcome.is_whole or len(results) != 1 or any(step.status == "skipped" for step in outcome.steps):
        return None
    result = results[0]
    action = next(step.action for step in outcome.plan.steps if step.step_id == result.key)
    is_asked_for = outcome.plan.output is None or outcome.plan.output == Ref(result.key)
    tool = tools.get(action.tool) if isinstance(action, Call) else None
    if not is_asked_for or tool is None or tool.effect != "model":
        return None
    return result.value if isinstance(result.value, str) and result.value.strip() else None


def _without_model(outcome: Outcome, say: _Saying, failure: Failure | None) -> Answer:
    """The values as they are, since the model said nothing, or not all."""
    why = failure.message if failure is not None else "it said nothing"
    if say.text:
        say(f"\n\n(The model's answer ends here: {why.rstrip('.')}. These are the results themselves.)\n\n")
    say(plain_answer(outcome))
    note = "no model wrote this answer"
    note += ", for the same reason" if outcome.has_told(failure) else f": {why}"
    return Answer(say.text, "rules", (note,), failure)


def _with_model(reply: Reply, outcome: Outcome, say: _Saying, notes: tuple[str, ...]) -> Answer:
    if not say.text:  # not every model can be heard while it answers
        say(reply.text)
    if reply.is_cut:
        say("\n\n(The answer was cut off here: it is longer than the model may write.)")
    if not _tells_all(say.text, outcome):
        say(f"\n\n{failure_text(outcome)}")
    return Answer(say.text, "model", notes)


def _tells_all(text: str, outcome: Outcome) -> bool:
    """Whether a text names every failure, by the title of the step and the beginning of the reason."""
    said = _plain(text)
    undone = list(outcome.undone())
    if not undone:
        return not failure_text(outcome)
    return all(_is_told(step, said) for step in undone)


def _is_told(step: StepOutcome, said: str) -> bool:
    return _plain(step.title) in said and _plain(step.reason)[:_REASON_KNOWN_BY] in said


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


class _Saying:
    """Remembers what was said while it is heard."""

    def __init__(self, on_text: Callable[[str], None] | None) -> None:
        self._on_text = on_text
        self._pieces: list[str] = []

    def __call__(self, piece: str) -> None:
        self._pieces.append(piece)
        if self._on_text is not None:
            self._on_text(piece)

    @property
    def text(self) -> str:
        return "".join(self._pieces)
