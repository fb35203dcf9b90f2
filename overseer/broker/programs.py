"""What a program (a node's code, a script of the user's) gets of a run's door, through `node_runtime`.

It may call the tools it was given and no others. A call that does not end in time is left behind; what
has ended is recorded, so that a program which begins anew is answered from there.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from overseer.broker.attempts import TimeLimit
from overseer.broker.broker import Door
from overseer.broker.failures import failure_from
from overseer.broker.fallback import Fallback
from overseer.broker.records import CallNames, Record
from overseer.broker.result import ToolResult
from overseer.errors import Failure
from overseer.jsonvalue import Json, as_text
from overseer.nodes.connection import Answer
from overseer.plan.suggestions import did_you_mean
from overseer.tool import Cancellation, Question, Tool, ToolContext, ToolError

# How a call fails that was refused before anything was called: what it says is ours.
_NOTHING_WAS_CALLED = ("bad_request", "denied", "budget")

# Parameters of the call and not of the tool, unless the tool has one of that name.
_OF_THE_CALL = ("timeout", "disable_tracking")


@dataclass(frozen=True, slots=True)
class Program:
    """Who calls: the step that a program belongs to, and what it may use."""

    run_id: str = ""
    key: str = ""
    attempt: int = 1
    tools: frozenset[str] | None = None  # None: all there are
    record: Callable[[str, str, Mapping[str, Json]], Record | None] = field(default=lambda name, tool, args: None)


class ProgramDoor:
    """A door for one program."""

    def __init__(self, door: Door, program: Program, fallback: Fallback) -> None:
        self._door = door
        self._program = program
        self._fallback = fallback
        self._names = CallNames()
        self._lock = threading.Lock()
        self._has_brought_in = False
        allowed = program.tools
        self._tools = {name: tool for name, tool in door.tools.items() if allowed is None or name in allowed}

    # --- what node_runtime asks for

    def call(
        self, tool: str, prompt: str, args: dict[str, Json], *, timeout_s: float | None, cancellation: Cancellation
    ) -> Answer:
        known = self._tools.get(tool)
        if known is None:
            help = did_you_mean(tool, self._tools, "there are") or "this program was given none"
            failure = Failure("bad_request", f"there is no tool '{tool}' for this program; {help}")
            return Answer(failure=failure, is_unknown_tool=True)
        try:
            args, timeout_s = _of_the_call(known, args, timeout_s)
        except ValueError as error:
            return _refused(str(error))
        if prompt:
            if (main := known.main_parameter) is None or main in args:
                problem = "takes no text of its own" if main is None else f"has its '{main}' already"
                return _refused(f"tool '{tool}' {problem}; give every argument by name, and no prompt")
            args = {main: prompt, **args}
        return self._made(known, args, timeout_s, cancellation)

    def ask(self, model: str, prompt: str, options: Mapping[str, Json], *, cancellation: Cancellation) -> Answer:
        try:
            question = _question(model, prompt, options)
            limit = _seconds("call_llm", options["timeout"]) if options.get("timeout") is not None else None
        except ValueError as error:
            return _refused(str(error))

        def ask(given_up: Cancellation) -> ToolResult:
            return self._door.ask(question, self._context(given_up))

        what = f"the question to the model '{model}'"
        result = ask(cancellation) if limit is None else _within(limit, what, ask, cancellation)
        if result.reply is not None and result.reply.is_cut:  # the program would take half of it for the whole
            why = f"{what} was cut off after {result.reply.output_tokens} tokens; raise max_tokens, or ask for less"
            return _refused(why, kind="invalid_output")
        return Answer(result.value, result.failure)

    def resilient(
        self,
        scenario: str,
        given: Json,
        *,
        tags: Sequence[str],
        max_attempts: int,
        mark_failures: bool,
        cancellation: Cancellation,
    ) -> Answer:
        tried: list[str] = []
        for tool in self._fallback.ranked(scenario, list(self._tools.values()), tags)[:max_attempts]:
            args = _arguments_for(tool, given)
            result = self._made(tool, args, None, cancellation)
            if result.failure is None:
                self._fallback.succeeded(scenario, tool.name)
                return result
            if mark_failures and result.failure.kind not in (*_NOTHING_WAS_CALLED, "cancelled"):
                self._fallback.failed(scenario, tool.name)
            tried.append(f"{tool.name}: {result.failure.message}")
            if cancellation.is_asked:
                break
        if not tried:
            return _refused(f"no tool can do this: {scenario}")
        return Answer(failure=Failure("tool", f"none of {len(tried)} tools could do it; {'; '.join(tried)}"))

    # --- making a call

    def _made(self, tool: Tool, args: dict[str, Json], timeout_s: float | None, cancellation: Cancellation) -> Answer:
        if self._is_risky(tool):
            remedy = self._door.permit.remedy.format(classes=",".join(tool.effects))
            return _refused(
                f"tool '{tool.name}' ({', '.join(tool.effects)}) was not approved, and the program has read what "
                f"others wrote; approve it with {remedy}",
                kind="denied",
            )
        record = self._program.record(self._names.name(tool.name, args), tool.name, args)

        def call(given_up: Cancellation) -> ToolResult:
            return self._door.call(tool.name, args, self._context(given_up), record=record, keeps_time=True)

        result = (
            call(cancellation) if timeout_s is None else _within(timeout_s, f"tool '{tool.name}'", call, cancellation)
        )
        is_refused = result.failure is not None and result.failure.kind in _NOTHING_WAS_CALLED
        if _brings_in(tool) and not is_refused:  # a failure, too, may quote what a server said
            with self._lock:
                self._has_brought_in = True
        return Answer(result.value, result.failure)

    def _is_risky(self, tool: Tool) -> bool:
        """Whether text from elsewhere could make the program send something away that nobody approved."""
        return self._has_brought_in and _sends_away(tool) and not self._door.permit.grants.cover(tool)

    def _context(self, cancellation: Cancellation) -> ToolContext:
        return ToolContext(self._program.run_id, self._program.key, self._program.attempt, cancellation)


def _within(
    timeout_s: float, what: str, call: Callable[[Cancellation], ToolResult], cancellation: Cancellation
) -> ToolResult:
    """The result, if it is there in the time that the program gives it, whatever it has to wait for."""
    try:
        return TimeLimit(timeout_s).carry_out(call, cancellation)
    except ToolError as error:
        failure = failure_from(error)
        return ToolResult(failure=replace(failure, message=f"{what} {failure.message}"))


def _brings_in(tool: Tool) -> bool:
    """Whether it gets at files or at the web; one that only looks at the clock does not."""
    gets_at_files = tool.effect == "read" and tool.context_parameter is not None
    gets_at_web = "network" in tool.effects
    return gets_at_web or gets_at_files or (tool.plan is not None and tool.effect not in ("pure", "model"))


def _sends_away(tool: Tool) -> bool:
    """Whether it could carry off what was read; merely fetching a page does not."""
    sends = "network" in tool.effects and not tool.idempotent
    return tool.effect == "exec" or sends or (tool.plan is not None and tool.effect in ("network", "write"))


def _refused(why: str, *, kind: str = "bad_request") -> Answer:
    return Answer(failure=Failure(kind, why))  # type: ignore[arg-type]


def _of_the_call(tool: Tool, args: Mapping[str, Json], timeout_s: float | None) -> tuple[dict[str, Json], float | None]:
    """Arguments without what is meant for the call itself."""
    known = tool.parameters.get("properties", {})
    own = {name: value for name, value in args.items() if name not in _OF_THE_CALL or name in known}
    if "timeout" not in known and args.get("timeout") is not None:
        timeout_s = _seconds(f"tool '{tool.name}'", args["timeout"])
    return own, timeout_s


def _seconds(what: str, given: Json) -> float:
    if isinstance(given, bool) or not isinstance(given, int | float) or not given > 0:
        raise ValueError(f"{what}: 'timeout' must be a number of seconds above 0, not {as_text(given)[:60]}")
    return float(given)


_Check = Callable[[Json], bool]
_OPTIONS: Mapping[str, tuple[str, _Check]] = {
    "system": ("text", lambda value: isinstance(value, str)),
    "temperature": ("a number", lambda value: isinstance(value, int | float) and not isinstance(value, bool)),
    "max_tokens": ("a whole number above 0", lambda value: type(value) is int and value > 0),
    "schema": ("a JSON Schema", lambda value: isinstance(value, dict)),
}


def _question(model: str, prompt: str, options: Mapping[str, Json]) -> Question:
    chosen: dict[str, Json] = {}
    for name, value in options.items():
        if name in _OF_THE_CALL or value is None:
            continue
        if name not in _OPTIONS:
            raise ValueError(f"call_llm takes no '{name}'; {did_you_mean(name, _OPTIONS, 'there are')}")
        meaning, fits = _OPTIONS[name]
        if not fits(value):
            raise ValueError(f"call_llm: '{name}' must be {meaning}, not {as_text(value)[:60]}")
        chosen[name] = value
    return Question(prompt, role=model, **chosen)


def _arguments_for(tool: Tool, given: Json) -> dict[str, Json]:
    """What is given, in the parameters of a tool: by name where it has names, else as its main text."""
    known = tool.parameters.get("properties", {})
    if isinstance(given, dict) and set(given) & set(known):
        return {name: value for name, value in given.items() if name in known}
    return {tool.main_parameter: as_text(given)} if tool.main_parameter else {}
