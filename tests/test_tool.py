"""Tools: what a function's signature and docstring say of it."""

from __future__ import annotations

import inspect
import pickle
import threading
from collections.abc import Callable
from typing import Any, Literal, Optional, TypedDict

import pytest
from jsonschema import Draft202012Validator

from overseer.tool import EFFECTS, NO_SERVICES, Cancellation, Question, Services, Tool, ToolContext, ToolError, tool


class Point(TypedDict):
    x: int


@tool
def shout(text: str, times: int = 1) -> str:
    """Say it louder.

    In capitals, even.

    Args:
        text: what to say,
            and to whom
        times (int): how often
        unknown: is not a parameter

    Returns:
        the noise
    """
    return text.upper() * times


def test_a_function_becomes_a_tool() -> None:
    assert shout("hi", times=2) == "HIHI"
    assert shout.name == "shout"
    assert shout.description == "Say it louder.\n\nIn capitals, even."
    assert shout.parameters == {
        "type": "object",
        "properties": {
            "text": {"type": "string", "description": "what to say, and to whom"},
            "times": {"type": "integer", "description": "how often", "default": 1},
        },
        "required": ["text"],
        "additionalProperties": False,
    }
    assert (shout.effect, shout.idempotent, shout.writes, shout.timeout_s) == ("pure", True, (), None)
    assert shout.origin == __file__


@pytest.mark.parametrize(
    ("hint", "schema"),
    [
        (str, {"type": "string"}),
        (int, {"type": "integer"}),
        (float, {"type": "number"}),
        (bool, {"type": "boolean"}),
        (None, {"type": "null"}),
        (list, {"type": "array"}),
        (list[int], {"type": "array", "items": {"type": "integer"}}),
        (list[list[str]], {"type": "array", "items": {"type": "array", "items": {"type": "string"}}}),
        (tuple[int, ...], {"type": "array", "items": {"type": "integer"}}),
        (tuple[int, str], {"type": "array"}),
        (dict, {"type": "object"}),
        (dict[str, int], {"type": "object"}),
        (Point, {"type": "object"}),
        (Literal["a", 1], {"enum": ["a", 1]}),
        (str | None, {"anyOf": [{"type": "string"}, {"type": "null"}]}),
        (Optional[int], {"anyOf": [{"type": "integer"}, {"type": "null"}]}),  # noqa: UP045 - people write it
        (Any, {}),
        (object, {}),
    ],
)
def test_annotations_become_schemas(hint: Any, schema: dict[str, Any]) -> None:
    def function(value):  # type: ignore[no-untyped-def]
        return value

    function.__annotations__["value"] = hint
    made = tool(function)
    assert made.parameters["properties"]["value"] == schema
    Draft202012Validator.check_schema(dict(made.parameters))


def test_a_parameter_without_annotation_takes_anything() -> None:
    @tool
    def function(value, other=None):  # type: ignore[no-untyped-def]
        return value

    assert function.parameters["properties"] == {"value": {}, "other": {"default": None}}
    assert function.parameters["required"] == ["value"]


def test_further_keywords_leave_the_schema_open() -> None:
    @tool
    def function(**values: int) -> int:
        return sum(values.values())

    assert function.parameters["additionalProperties"] is True
    assert function.parameters["properties"] == {}


def test_the_context_is_not_an_argument() -> None:
    @tool
    def function(path: str, context: ToolContext) -> str:
        return path

    assert list(function.parameters["properties"]) == ["path"]
    assert function.context_parameter == "context"
    assert shout.context_parameter is None


@pytest.mark.parametrize("effect", EFFECTS)
def test_only_what_changes_nothing_may_be_run_again(effect: Any) -> None:
    made = tool(name="f", effect=effect)(lambda: None)
    assert made.idempotent is (effect in ("pure", "read", "model"))
    assert made.has_undeclared_effects is (effect in ("write", "exec"))
    assert tool(name="f", effect=effect, idempotent=True)(lambda: None).idempotent


def test_options_are_kept() -> None:
    @tool(
        name="save-file",
        effect="write",
        writes=["file:{path}"],
        timeout_s=5,
        output={"type": "null"},
        tags=["files"],
        examples=[{"request": "write x", "args": {"path": "x"}}],
    )
    def save(path: str) -> None: ...

    assert save.name == "save-file"
    assert save.writes == ("file:{path}",)
    assert not save.has_undeclared_effects
    assert (save.timeout_s, save.output, save.tags, save.examples) == (
        5,
        {"type": "null"},
        ("files",),
        ({"request": "write x", "args": {"path": "x"}},),
    )


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (
            {"effect": "magic"},
            "tool 'f': it has the effect 'magic'; use one of: pure, read, model, ",
        ),
        (
            {"effect": "write", "writes": "file:{path}"},
            r"tool 'f': writes must be a list such as \['file:\{path\}'\], not text",
        ),
        ({"effect": "write", "also": "network"}, r"tool 'f': also must be a list such as \['network'\], not text"),
        ({"effect": "write", "also": ["web"]}, "tool 'f': it is also 'web'; name further classes of: pure, read"),
        ({"effect": "write", "also": ["write"]}, "tool 'f': it is also 'write'"),
        ({"writes": ["x"]}, "tool 'f': it declares writes but has the effect 'pure'; say effect='write'"),
        ({"effect": "write", "writes": ["file:{pth}"]}, r"names 'pth', which is no parameter; there are: path"),
        ({"effect": "write", "writes": ["file:{path"]}, r"writes 'file:\{path' cannot be read"),
        ({"timeout_s": "5s"}, "timeout_s is '5s'; give a number of seconds above 0"),
        ({"timeout_s": True}, "timeout_s is True; give a number"),
        ({"timeout_s": 0}, "timeout_s is 0; give a number"),
        ({"output": {"enum": {1}}}, "its output cannot be written as JSON"),
        ({"examples": [{"path": "x"}]}, "is not a request in plain words with the args that serve it"),
        ({"examples": [{"request": "x", "args": {"pth": 1}}]}, "has an argument 'pth' that is no parameter"),
        ({"name": "no name"}, "the name 'no name' is not a tool's name"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, Any], complaint: str) -> None:
    def f(path: str = "") -> None: ...

    with pytest.raises(ValueError, match=complaint):
        tool(**options)(f)


def test_a_default_that_json_cannot_hold_is_refused() -> None:
    def f(limit: float = float("inf")) -> None: ...

    with pytest.raises(ValueError, match="its parameters cannot be written as JSON"):
        tool(f)


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda text, prompt="": None, "prompt"),
        (lambda path, text: None, "path"),
        (lambda: None, None),
    ],
)
def test_a_bare_text_goes_to_the_prompt_or_the_first_text_that_is_needed(
    function: Callable[..., Any], expected: str | None
) -> None:
    for name in inspect.signature(function).parameters:
        function.__annotations__[name] = str
    assert tool(name="f")(function).main_parameter == expected


def test_parameters_must_be_given_by_name() -> None:
    def starred(*values: int) -> None: ...

    def positional(value: int, /) -> None: ...

    for function in (starred, positional):
        with pytest.raises(ValueError, match=r"cannot be given by name$"):
            tool(function)


def test_a_tool_is_pickled_by_the_name_that_holds_it() -> None:
    assert pickle.loads(pickle.dumps(shout)) is shout


def test_a_tool_error_says_whether_trying_again_could_help() -> None:
    assert ToolError("no").kind == "tool"
    error = ToolError("later", kind="rate_limited", retry_after_s=3)
    assert (str(error), error.kind, error.retry_after_s) == ("later", "rate_limited", 3)


# --- cancellation


def test_hooks_run_once_when_a_call_is_given_up() -> None:
    calls: list[str] = []
    cancellation = Cancellation()
    cancellation.call_when_asked(lambda: calls.append("early"))
    assert not cancellation.is_asked
    cancellation.ask()
    cancellation.ask()
    cancellation.call_when_asked(lambda: calls.append("late"))
    assert cancellation.is_asked
    assert calls == ["early", "late"]


def test_a_wish_that_was_taken_back_is_not_carried_out() -> None:
    calls: list[str] = []
    cancellation = Cancellation()
    take_back = cancellation.call_when_asked(lambda: calls.append("gone"))
    cancellation.call_when_asked(lambda: calls.append("kept"))
    take_back()
    cancellation.ask()
    assert calls == ["kept"]


def test_waiting_ends_at_once_when_cancelled() -> None:
    context = ToolContext("run", "key", 1, Cancellation())
    assert not context.wait(0)
    canceller = threading.Timer(0.01, context.cancellation.ask)
    canceller.start()
    assert context.wait(60)
    canceller.join()
    assert context.is_cancelled


def test_a_cancellation_that_was_sent_elsewhere_starts_afresh() -> None:
    cancellation = Cancellation()
    cancellation.ask()
    assert not pickle.loads(pickle.dumps(cancellation)).is_asked


@pytest.mark.parametrize(
    ("use", "missing"),
    [
        (lambda context: context.workspace, "a workspace"),
        (lambda context: context.fetch("https://example.org"), "the web"),
        (lambda context: context.run_command(["true"]), "commands"),
        (lambda context: context.ask_model(Question("hi")), "a language model"),
        (lambda context: context.secret("KEY"), "there is no secret 'KEY'"),
    ],
)
def test_a_context_says_what_it_has_not(use: Callable[[ToolContext], Any], missing: str) -> None:
    with pytest.raises(ToolError, match=missing):
        use(ToolContext("run", "key", 1, Cancellation()))


def test_in_another_process_a_tool_has_its_arguments_alone() -> None:
    context = ToolContext("run", "key", 2, Cancellation(), Services(secret=lambda name: "x"))
    sent = pickle.loads(pickle.dumps(context))
    assert (sent.run_id, sent.key, sent.attempt, sent.services) == ("run", "key", 2, NO_SERVICES)


def test_a_tool_needs_only_a_name_and_a_function() -> None:
    assert Tool("t", len).parameters == {"type": "object"}


def test_whoever_waits_is_woken_by_the_cancellation_and_a_broken_hook_hurts_nobody(
    caplog: pytest.LogCaptureFixture,
) -> None:
    cancellation, called = Cancellation(), []

    def broken() -> None:
        raise ValueError("a broken hook")

    cancellation.call_when_asked(broken)
    cancellation.call_when_asked(lambda: called.append(1))
    assert not cancellation.wait(0)
    cancellation.ask()
    assert cancellation.wait(60)
    assert called == [1]
    assert "a broken hook" in caplog.text
