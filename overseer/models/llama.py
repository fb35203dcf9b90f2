"""llama.cpp through llama-cpp-python: a model that is loaded, and what it says to some messages.

It knows nothing of questions and replies. One caller at a time; only `stop` may come from elsewhere. The
library makes a prompt of the messages, a grammar of a schema, and tokens; the text is put together here,
since what it does itself takes longer with each token, and endlessly where a model writes no UTF-8.
"""

from __future__ import annotations

import codecs
import ctypes
import warnings
from collections import deque
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any


class LlamaError(Exception):
    """llama.cpp does not do it."""

    def __init__(self, message: str, *, is_too_long: bool = False) -> None:
        super().__init__(message)
        self.is_too_long = is_too_long


class Engine:
    """A loaded model. The two counts are those of the last answer."""

    def __init__(self, llama: Any, library: Any) -> None:
        self.asked_tokens = 0
        self.answered_tokens = 0
        self._llama = llama
        self._library = library
        self._vocabulary = library.llama_model_get_vocab(llama.model)
        llama.create_completion = self._completion  # what the library's handlers of messages call
        self._stopped = ctypes.create_string_buffer(2)
        self._is_stopped = _is_not_empty(library)
        if self._is_stopped is not None:
            flag = ctypes.cast(self._stopped, ctypes.c_void_p)
            library.llama_set_abort_callback(llama.ctx, self._is_stopped, flag)

    @classmethod
    def of(cls, path: Path, window: int) -> Engine:
        """The model in a file, which reads as many tokens, or as it was made for if that is less."""
        library = _library()
        llama = _loaded(library, path, window)
        made_for = _made_for(llama.metadata)
        if made_for and made_for < window:
            llama.close()
            llama = _loaded(library, path, made_for)
        return cls(llama, library)

    def answer(
        self,
        messages: Sequence[Mapping[str, str]],
        *,
        schema: Mapping[str, Any] | None,
        temperature: float | None,
        max_tokens: int | None,
    ) -> Generator[tuple[str, str], None, None]:
        """The pieces of an answer, the last of them with the reason why it ended; LlamaError."""
        options: dict[str, Any] = {"max_tokens": max_tokens}
        if temperature is not None:
            options["temperature"] = temperature
        if schema is not None:
            options["response_format"] = {"type": "json_object", "schema": dict(schema)}
        self._stopped[0] = b"\0"
        try:
            for chunk in self._llama.create_chat_completion(list(messages), stream=True, **options):
                [choice] = chunk["choices"]
                yield choice["delta"].get("content") or "", choice["finish_reason"] or ""
        except (ValueError, RuntimeError, TypeError, KeyError) as error:
            raise LlamaError(str(error)) from error

    def stop(self) -> None:
        """Break off what is being computed, also in the middle of reading a long question."""
        self._stopped[0] = b"\1"

    def close(self) -> None:
        self._llama.close()

    def _completion(
        self,
        prompt: Sequence[int],
        *,
        max_tokens: int | None,
        stop: Sequence[str],
        temperature: float,
        **options: Any,
    ) -> Iterator[dict[str, Any]]:
        """The text that goes on after some tokens, in the form in which the library has it."""
        window = self._llama.n_ctx()
        self.asked_tokens, self.answered_tokens = len(prompt), 0
        if len(prompt) >= window:
            raise LlamaError(f"the question has {len(prompt)} tokens, but it reads only {window}", is_too_long=True)
        most = min(max_tokens or window, window - len(prompt))
        settings = {name: options[name] for name in _OF_SAMPLING if name in options}
        written = _Written(stop)
        for token in self._llama.generate(prompt, temp=temperature, **settings):
            if self._stopped[0] != b"\0":
                raise LlamaError("it was told to stop")
            if self._library.llama_vocab_is_eog(self._vocabulary, token):
                break
            self.answered_tokens += 1
            yield _chunk(written.add(self._llama.detokenize([token])))
            if written.is_over:
                break
            if self.answered_tokens >= most:
                yield _chunk(written.rest(), "length")
                return
        yield _chunk(written.rest(), "stop")


_OF_SAMPLING = frozenset(
    {"top_k", "top_p", "min_p", "typical_p", "repeat_penalty", "frequency_penalty", "presence_penalty"}
    | {"grammar", "logits_processor", "stopping_criteria"}
)


def _chunk(text: str, finish: str | None = None) -> dict[str, Any]:
    choice = {"text": text, "index": 0, "logprobs": None, "finish_reason": finish}
    return {"id": "", "object": "text_completion", "created": 0, "model": "", "choices": [choice]}


class _Written:
    """Text that comes in bytes and ends where it says one of some words, which are no part of it."""

    def __init__(self, stop: Sequence[str]) -> None:
        self.is_over = False
        self._stop = [word for word in stop if word]
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._held = ""  # what may be the beginning of such a word

    def add(self, piece: bytes) -> str:
        """What of the text is certain by now."""
        text = self._held + self._decoder.decode(piece)
        if ends := [place for word in self._stop if (place := text.find(word)) >= 0]:
            self.is_over, self._held = True, ""
            return text[: min(ends)]
        longest = max((_overlap(text, word) for word in self._stop), default=0)
        self._held = text[len(text) - longest :]
        return text[: len(text) - longest]

    def rest(self) -> str:
        held, self._held = self._held, ""
        return "" if self.is_over else held + self._decoder.decode(b"", final=True)


def _overlap(text: str, word: str) -> int:
    """How many letters at the end of a text are the beginning of a word."""
    sizes = range(min(len(text), len(word)), 0, -1)
    return next((size for size in sizes if text.endswith(word[:size])), 0)


def _loaded(library: Any, path: Path, window: int) -> Any:
    _SAID.clear()
    try:
        return library.Llama(str(path), n_ctx=window, verbose=False)
    except (ValueError, RuntimeError, OSError) as error:
        raise LlamaError(f"{'; '.join(_SAID) or error}; check that {path} is whole") from error


def _made_for(metadata: Mapping[str, str]) -> int:
    told = metadata.get(f"{metadata.get('general.architecture')}.context_length", "")
    return int(told) if told.isdecimal() else 0


_SAID: deque[str] = deque(maxlen=3)  # of errors, by the library, for whoever loads a model


@cache
def _library() -> Any:
    library = import_module("llama_cpp")
    # To be quiet it would turn the output of the whole process to nowhere, and with it that of other threads.
    for name in ("llama_cpp.llama", "llama_cpp._internals"):
        vars(import_module(name))["suppress_stdout_stderr"] = _as_it_is
    library.llama_log_set(_log_callback(library), ctypes.c_void_p(0))
    warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"llama_cpp\b")
    return library


def _as_it_is(disable: bool = True) -> AbstractContextManager[None]:
    return nullcontext()


@cache
def _log_callback(library: Any) -> Any:
    error = 3  # a level of GGML's

    def note(level: int, text: bytes, _: Any) -> None:
        if level == error and (line := text.decode(errors="replace").strip()):
            _SAID.append(line)

    return library.llama_log_callback(note)


def _is_not_empty(library: Any) -> Any:
    """A function in C that says whether a text has a letter in it; None where there is none.

    llama.cpp asks it a thousand times a token. A function in Python would wait for the interpreter each time.
    """
    try:
        return ctypes.cast(ctypes.CDLL(None).strlen, library.ggml_abort_callback)
    except (OSError, AttributeError, TypeError):
        return None
