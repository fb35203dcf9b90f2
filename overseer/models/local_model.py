"""A model in a GGUF file, run inside this process by llama.cpp.

It is loaded for the first question and stays loaded. Its context holds one conversation, so questions
that are asked at the same time are answered one after the other. What is loaded here is native code
that reads a file: only files that the user has named get this far.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Condition

from overseer.models.capabilities import Capabilities, Rung
from overseer.models.gguf_file import fault_of
from overseer.models.llama import Engine, LlamaError
from overseer.models.model import (
    Call,
    Heard,
    Message,
    ModelError,
    OnText,
    Turn,
    at_once,
    cancelled,
    folded,
)
from overseer.models.openai_errors import refused_parameter
from overseer.models.remedies import SHORTER
from overseer.models.structured import Asking, Schema
from overseer.tool import Cancellation, Question, Reply

# As much as usual plans need. A model made for more would take the memory for all of it.
USUAL_WINDOW = 8192

_LADDER: tuple[Rung, ...] = ("json_schema", "prompt")


class LocalModel:
    """The model in a file; ModelError if it is none. `window` is how many tokens it reads and writes at most."""

    def __init__(
        self,
        path: Path,
        *,
        provider: str = "gguf",
        window: int | None = None,
        capabilities: Capabilities | None = None,
    ) -> None:
        if fault := fault_of(path):
            raise ModelError(fault, kind="bad_request")
        self._path = path
        self._provider = provider
        self._window = window or USUAL_WINDOW
        self._capabilities = capabilities or Capabilities()
        self._asking = Asking(_LADDER, str(path), path.name, self._capabilities)
        self._seat = _Seat()
        self._engine: Engine | None = None

    @property
    def provider(self) -> str:
        return self._provider

    @property
    def name(self) -> str:
        return self._path.name

    def ask(
        self,
        question: Question,
        *,
        cancellation: Cancellation,
        on_text: OnText | None = None,
        turn: Turn = at_once,
    ) -> Reply:
        return self._asking.ask(Call(question, cancellation, on_text, turn), self._sent)

    def close(self) -> None:
        """Give the memory back; another question would load the model anew."""
        with self._seat.taken(Cancellation()):
            if self._engine is not None:
                self._engine.close()
            self._engine = None

    def _sent(self, messages: Sequence[Message], rung: Rung | None, schema: Schema, call: Call) -> Reply:
        wished = schema if rung == "json_schema" else None
        return call.in_turn(messages, lambda: self._answered(messages, wished, call))

    def _answered(self, messages: Sequence[Message], schema: Schema | None, call: Call) -> Reply:
        heard = Heard(call.on_text)
        with self._seat.taken(call.cancellation):
            try:
                engine = self._loaded()
                finish = self._heard(engine, messages, schema, call, heard)
            except LlamaError as error:
                if call.cancellation.is_asked:
                    raise cancelled(has_streamed=heard.was_shown) from error
                raise self._error(error, heard) from error
            return Reply(
                heard.text,
                model=self.name,
                provider=self.provider,
                input_tokens=engine.asked_tokens,
                output_tokens=engine.answered_tokens,
                is_cut=finish == "length",
            )

    def _loaded(self) -> Engine:
        if self._engine is None:
            self._engine = Engine.of(self._path, self._window)
        return self._engine

    def _heard(
        self, engine: Engine, messages: Sequence[Message], schema: Schema | None, call: Call, heard: Heard
    ) -> str:
        """Why the answer ended, once all of it was heard."""
        if "system" in self._capabilities.of(str(self._path), self.name).refused:
            messages = folded(messages)
        try:
            return _listened(engine, messages, schema, call, heard)
        except LlamaError as error:
            refusal = ModelError(str(error), kind="bad_request", status=400)
            if messages[0]["role"] != "system" or not refused_parameter(refusal, ["system"]):
                raise
            self._capabilities.learn_refused(str(self._path), self.name, "system")
            return _listened(engine, folded(messages), schema, call, heard)

    def _error(self, error: LlamaError, heard: Heard) -> ModelError:
        remedy = f"; {SHORTER}, or raise the window under models.providers in config.yaml" if error.is_too_long else ""
        message = f"{self.provider}/{self.name} cannot answer: {' '.join(str(error).split())}{remedy}"
        return ModelError(message, kind="bad_request", has_streamed=heard.was_shown)


def _listened(
    engine: Engine, messages: Sequence[Message], schema: Mapping[str, object] | None, call: Call, heard: Heard
) -> str:
    question, finish = call.question, ""
    take_back = call.cancellation.call_when_asked(engine.stop)
    try:
        with closing(
            engine.answer(messages, schema=schema, temperature=question.temperature, max_tokens=question.max_tokens)
        ) as pieces:
            for piece, ended in pieces:
                if call.cancellation.is_asked:
                    raise cancelled(has_streamed=heard.was_shown)
                heard.add(piece)
                finish = ended or finish
    finally:
        take_back()
    return finish


class _Seat:
    """A place for one at a time. Whoever waits for it can be called away."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._is_taken = False

    @contextmanager
    def taken(self, cancellation: Cancellation) -> Iterator[None]:
        take_back = cancellation.call_when_asked(self._wake)
        try:
            with self._changed:
                self._changed.wait_for(lambda: not self._is_taken or cancellation.is_asked)
                if cancellation.is_asked:
                    raise cancelled()
                self._is_taken = True
        finally:
            take_back()
        try:
            yield
        finally:
            with self._changed:
                self._is_taken = False
                self._changed.notify_all()

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()
