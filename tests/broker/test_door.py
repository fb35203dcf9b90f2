"""The door: the order of its rules, and what comes back through it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from overseer.broker.accounts import Account
from overseer.broker.broker import Broker, Door
from overseer.broker.budget import Budget, Spend
from overseer.broker.cache import Cache, FileCache, Key
from overseer.broker.caps import Cap
from overseer.broker.limits import Limit, Limits
from overseer.broker.permissions import CAREFUL, NOTHING_GRANTED, OPEN, Grants, Policy, Rule
from overseer.broker.result import ToolResult
from overseer.broker.retry import Retry
from overseer.jsonvalue import Json
from overseer.models.model import Request, Turn, at_once
from overseer.secrets import Redactor, Secrets
from overseer.tool import Cancellation, Effect, Question, Reply, Tool, ToolContext, ToolError
from tests.broker.clock import FakeClock
from tests.fakes import Latch

KEY = "ak-7Qm2xV9tLw4ZbN8sRd3K"
SCHEMA = {
    "type": "object",
    "properties": {"text": {"type": "string"}},
    "required": ["text"],
    "additionalProperties": False,
}


def context(cancellation: Cancellation | None = None) -> ToolContext:
    return ToolContext("run", "step", 1, cancellation or Cancellation())


def spending(budget: Budget, broker: Broker, tools: Mapping[str, Tool], **more: Any) -> Door:
    """A door whose calls all spend from one budget."""
    return Door(broker, tools, account_of=lambda key: Account(budget, broker.limits), **more)


@dataclass
class Script:
    """A tool's function: does one thing after the other, the last again and again; remembers its calls."""

    outcomes: list[Any] = field(default_factory=lambda: ["made"])
    calls: list[Mapping[str, Json]] = field(default_factory=list)

    def __call__(self, **args: Json) -> Any:
        self.calls.append(args)
        outcome = self.outcomes[min(len(self.calls), len(self.outcomes)) - 1]
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome() if callable(outcome) else outcome

    def tool(self, effect: Effect = "pure", **more: Any) -> Tool:
        return Tool("act", self, parameters=SCHEMA, effect=effect, **more)


@dataclass
class Waits:
    """Stands in for sleeping; remembers for how long."""

    seconds: list[float] = field(default_factory=list)
    clock: FakeClock = field(default_factory=FakeClock)

    def __call__(self, _: Cancellation, seconds: float) -> bool:
        self.seconds.append(seconds)
        self.clock.advance(seconds)
        return False


@dataclass
class Notebook:
    """The record of one call."""

    result: ToolResult | None = None
    story: list[str] = field(default_factory=list)

    def known(self) -> ToolResult | None:
        self.story.append("known")
        return self.result

    def begin(self) -> None:
        self.story.append("begin")

    def end(self, result: ToolResult) -> None:
        self.story.append("end")
        self.result = result


class Kept(Cache):
    """A cache that knows one answer to everything."""

    def known(self, key: Key) -> tuple[Json] | None:
        return ("kept",)


def retrying(waits: Waits, *, random: Callable[[], float] = lambda: 1.0, **more: Any) -> Retry:
    return Retry(sleep=waits, random=random, **more)


# --- the order


@dataclass(frozen=True)
class Case:
    """What stands in a call's way, from the first rule to the last; each row of the table takes one thing away."""

    name: str = "act"
    args: Mapping[str, Json] = field(default_factory=lambda: {"text": "x"})
    rules: tuple[Rule, ...] = ()
    classes: frozenset[Effect] = frozenset({"exec"})
    recorded: bool = False
    kept: bool = False
    requests: int = 10
    effect: Effect = "network"


ALL_IN_THE_WAY = Case("akt", {"txt": 1}, (Rule("deny", "act"),), frozenset(), recorded=True, kept=True, requests=0)

ORDER = {
    "an unknown tool": (ALL_IN_THE_WAY, "bad_request", "there is no tool 'akt'; did you mean 'act'?"),
    "bad arguments": (
        Case("act", {"txt": 1}, (Rule("deny", "act"),), frozenset(), recorded=True, kept=True, requests=0),
        "bad_request",
        "tool 'act': ",
    ),
    "denied by a rule, and no approval opens it": (
        Case(rules=(Rule("deny", "act"),), recorded=True, kept=True, requests=0),
        "denied",
        "tool 'act' (network) is denied by the settings; change 'permissions' in config.yaml",
    ),
    "nobody approved it": (
        Case(classes=frozenset(), recorded=True, kept=True, requests=0),
        "denied",
        "give it with --approve network",
    ),
    "recorded": (Case(classes=frozenset({"network"}), recorded=True, kept=True, requests=0), None, "recorded"),
    "kept in the cache": (Case(kept=True, requests=0, effect="pure"), None, "kept"),
    "no budget": (Case(classes=frozenset({"network"}), requests=0), "budget", "the budget of run has 0 left"),
    "nothing in the way": (Case(classes=frozenset({"network"})), None, "made"),
}


@pytest.mark.parametrize("row", ORDER)
def test_the_rules_come_in_their_order(row: str) -> None:
    case, kind, words = ORDER[row]
    act = Script()
    broker = Broker(policy=Policy(CAREFUL.classes, case.rules), cache=Kept() if case.kept else Cache())
    budget = Budget("run", Cap(requests=case.requests))
    door = spending(budget, broker, {"act": act.tool(case.effect)}, grants=Grants(classes=case.classes))
    record = Notebook(ToolResult("recorded") if case.recorded else None)
    result = door.call(case.name, case.args, context(), record=record)
    if kind is None:
        assert (result.value, result.failure) == (words, None)
        assert result.was_known == (words != "made")
    else:
        assert result.failure is not None
        assert result.failure.kind == kind
        assert words in result.failure.message
    assert len(act.calls) == (words == "made")
    if case.recorded:  # also a refusal leaves what is recorded as it was
        assert record.result == ToolResult("recorded")
        assert "begin" not in record.story


def test_a_bad_argument_is_named_with_what_fits() -> None:
    door = Door(Broker(), {"act": Script().tool()})
    failure = door.call("act", {"txt": 1}, context()).failure
    assert failure is not None
    assert "tool 'act'" in failure.message
    assert "'txt'" in failure.message
    assert "text" in failure.message


def test_a_recorded_answer_is_not_given_to_those_who_may_not_call_any_more() -> None:
    act, record = Script(), Notebook()
    tools = {"act": act.tool("network")}
    allowed = Door(Broker(policy=CAREFUL), tools, grants=Grants(classes=frozenset({"network"})))
    assert allowed.call("act", {"text": "x"}, context(), record=record).value == "made"
    refused = Door(Broker(policy=CAREFUL), tools).call("act", {"text": "x"}, context(), record=record)
    assert refused.failure is not None
    assert refused.failure.kind == "denied"
    # Once it may be called again, the answer is still there.
    again = allowed.call("act", {"text": "x"}, context(), record=record)
    assert (again.value, again.was_known, again.spent) == ("made", True, Spend())
    assert len(act.calls) == 1


def test_a_call_is_on_record_before_it_is_made_and_its_end_before_it_is_told() -> None:
    record = Notebook()
    act = Script([lambda: list(record.story)])
    result = Door(Broker(), {"act": act.tool()}).call("act", {"text": "x"}, context(), record=record)
    assert result.value == ["known", "begin"]
    assert record.story == ["known", "begin", "end"]
    assert record.result == result


def test_a_call_waits_for_a_slot_and_says_what_for() -> None:
    latch, said = Latch(), []
    act = Script([latch.wait, "second"])
    door = Door(Broker(limits=Limits({"tool:act": Limit(concurrency=1)})), {"act": act.tool()})
    door.hold = lambda _, name, give_up: said.append(name)
    results: list[ToolResult] = []
    threads = [
        threading.Thread(target=lambda: results.append(door.call("act", {"text": "x"}, context()))) for _ in range(2)
    ]
    threads[0].start()
    latch.wait_until_reached()
    threads[1].start()
    for _ in range(1000):
        if said:
            break
        threading.Event().wait(0.01)
    assert said == ["tool:act"]
    assert len(act.calls) == 1
    latch.open()
    for thread in threads:
        thread.join(30)
    assert said == ["tool:act", None]
    assert sorted(result.value or "" for result in results) == ["", "second"]


def test_whoever_gives_up_waiting_is_not_called_and_pays_nothing() -> None:
    latch, given_up = Latch(), Cancellation()
    act, budget = Script([latch.wait]), Budget("run", Cap(requests=5))
    broker = Broker(limits=Limits({"tool:act": Limit(concurrency=1)}))
    door = spending(budget, broker, {"act": act.tool("network")})
    door.hold = lambda _, name, give_up: given_up.ask()
    first = threading.Thread(target=lambda: door.call("act", {"text": "x"}, context()))
    first.start()
    latch.wait_until_reached()
    result = door.call("act", {"text": "x"}, context(given_up))
    latch.open()
    first.join(30)
    assert result.failure is not None
    assert result.failure.kind == "cancelled"
    assert (len(act.calls), budget.spent) == (1, Spend(requests=1))


# --- trying again

TRANSIENT = ToolError("https://example.org answered 500 (Internal Server Error)", kind="transient")
TURNED_AWAY = ToolError("answered 429", kind="rate_limited", retry_after_s=7.0)


@pytest.mark.parametrize(
    ("error", "idempotent", "attempts"),
    [
        (ToolError("answered 400"), True, 1),
        (ToolError("bad", kind="bad_request"), True, 1),
        (ToolError("no", kind="denied"), True, 1),
        (ValueError("a bug"), True, 1),
        (SystemExit(3), True, 1),
        (TRANSIENT, True, 4),
        (TRANSIENT, False, 1),
        (TimeoutError("slow"), True, 4),
        (TimeoutError("slow"), False, 1),
        (ConnectionResetError("gone"), True, 4),
        (ConnectionResetError("gone"), False, 1),
        (TURNED_AWAY, True, 4),
        (TURNED_AWAY, False, 4),
    ],
    ids=lambda value: f"{type(value).__name__}-{value}" if isinstance(value, BaseException) else str(value),
)
def test_only_what_can_pass_is_tried_again(error: BaseException, idempotent: bool, attempts: int) -> None:
    waits, act = Waits(), Script([error])
    broker = Broker(retry=retrying(waits), limits=Limits(clock=waits.clock))
    result = Door(broker, {"act": act.tool("network", idempotent=idempotent)}).call("act", {"text": "x"}, context())
    assert result.failure is not None
    assert len(act.calls) == attempts
    # Each attempt was a request to somebody's server, whatever became of it; what is denied never went out.
    is_denied = result.failure.kind == "denied"
    assert result.spent == Spend(requests=0 if is_denied else attempts)


def test_what_breaks_the_tool_s_own_schema_is_never_tried_again() -> None:
    act = Script([{"words": "many"}, {"words": 3}])
    output = {"type": "object", "properties": {"words": {"type": "integer"}}}
    door = Door(Broker(retry=retrying(Waits())), {"act": act.tool("network", idempotent=True, output=output)})
    failure = door.call("act", {"text": "x"}, context()).failure
    assert failure is not None
    assert failure.kind == "invalid_output"
    assert "tool 'act' broke its own output schema" in failure.message
    assert "words" in failure.message
    assert len(act.calls) == 1


@pytest.mark.parametrize(
    "value", [object(), float("nan"), {1: 2}, {"a": {1, 2}}], ids=["object", "nan", "number as a key", "set"]
)
def test_what_is_no_json_is_a_failure_and_never_tried_again(value: Any) -> None:
    act = Script([value])
    failure = Door(Broker(retry=retrying(Waits())), {"act": act.tool()}).call("act", {"text": "x"}, context()).failure
    assert failure is not None
    assert (failure.kind, len(act.calls)) == ("invalid_output", 1)


def test_a_broken_server_is_tried_again_after_growing_jittered_waits() -> None:
    lows, highs = Waits(), Waits()
    for waits, random in ((lows, lambda: 0.25), (highs, lambda: 1.0)):
        broker = Broker(retry=retrying(waits, random=random, attempts=5), limits=Limits(clock=waits.clock))
        act = Script([TRANSIENT] * 4 + ["there"])
        assert Door(broker, {"act": act.tool("network", idempotent=True)}).call("act", {"text": "x"}, context()).value
    assert highs.seconds == [0.5, 1.0, 2.0, 4.0]
    assert lows.seconds == [0.125, 0.25, 0.5, 1.0]


def test_a_server_that_says_when_is_waited_for_so_long_and_by_all_others_too() -> None:
    waits = Waits()
    limits = Limits(clock=waits.clock)
    # Whoever is in the middle of a 429 sees that nobody else may go there for the time being.
    opens: list[float] = []

    def slept(cancellation: Cancellation, seconds: float) -> bool:
        gauge = limits._gauges["tool:act"]
        opens.append(gauge.opens_at(0, waits.clock()) - waits.clock())
        return waits(cancellation, seconds)

    act = Script([TURNED_AWAY, "there"])
    broker = Broker(retry=Retry(sleep=slept), limits=limits)
    result = Door(broker, {"act": act.tool("network")}).call("act", {"text": "x"}, context())
    assert result.value == "there"
    assert waits.seconds == [7.0]
    assert opens == [7.0]
    assert result.spent == Spend(requests=2)


def test_others_wait_where_a_server_turned_one_away() -> None:
    limits = Limits()
    turned_away = ToolError("answered 429", kind="rate_limited", retry_after_s=0.3)
    act, said = Script([turned_away, "second"]), []
    door = Door(Broker(limits=limits), {"act": act.tool("network")})
    door.hold = lambda _, name, give_up: said.append(name)
    first = door.call("act", {"text": "x"}, context())
    assert first.failure is not None
    assert first.failure.retry_after_s == 0.3
    assert door.call("act", {"text": "x"}, context()).value == "second"
    assert said == ["tool:act", None]


# --- odd tools


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), GeneratorExit()], ids=repr)
def test_a_tool_that_wants_to_end_the_program_has_only_failed(error: BaseException) -> None:
    result = Door(Broker(), {"act": Script([error]).tool()}).call("act", {"text": "x"}, context())
    assert result.failure is not None
    assert result.failure.kind == "tool"
    assert type(error).__name__ in result.failure.message


def test_an_exception_that_breaks_whoever_looks_at_it_is_a_failure() -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no words")

    result = Door(Broker(), {"act": Script([Mute()]).tool()}).call("act", {"text": "x"}, context())
    assert result.failure is not None
    assert result.failure.message == "Mute: it cannot say why"


def test_a_coroutine_is_run_to_its_end() -> None:
    async def later() -> str:
        await asyncio.sleep(0)
        return "later"

    async def fails() -> str:
        await asyncio.sleep(0)
        raise ToolError("not today", kind="transient")

    door = Door(Broker(retry=retrying(Waits())), {"act": Script([later, fails, later]).tool()})
    assert door.call("act", {"text": "x"}, context()).value == "later"
    assert door.call("act", {"text": "x"}, context()).value == "later"


# --- what must not pass


def test_no_secret_passes_in_keys_values_messages_or_details() -> None:
    redactor = Redactor(Secrets({"ACME_API_KEY": KEY}))

    class Leaky(ValueError):
        pass

    act = Script([{KEY: ["a", {"b": f"see {KEY}!"}]}, Leaky(f"refused {KEY}"), ToolError(f"refused {KEY}")])
    record = Notebook()
    door = Door(Broker(redactor=redactor), {"act": act.tool()})
    results = [door.call("act", {"text": "x"}, context(), record=record)]
    assert record.result == results[0]
    results += [door.call("act", {"text": "x"}, context()) for _ in range(2)]
    assert results[0].value == {"[secret ACME_API_KEY]": ["a", {"b": "see [secret ACME_API_KEY]!"}]}
    assert results[1].failure is not None
    assert "Traceback" in results[1].failure.detail
    assert all(KEY not in repr(result) for result in results)
    assert "[secret ACME_API_KEY]" in results[1].failure.detail


def test_nothing_secret_is_kept_in_the_cache(tmp_path: Path) -> None:
    cache = FileCache(tmp_path / "cache.db")
    redactor = Redactor(Secrets({"ACME_API_KEY": KEY}))
    act = Script([f"see {KEY}"])
    door = Door(Broker(redactor=redactor, cache=cache), {"act": act.tool()})
    first, second = (door.call("act", {"text": "x"}, context()) for _ in range(2))
    assert (first.was_known, second.was_known, len(act.calls)) == (False, True, 1)
    assert first.value == second.value == "see [secret ACME_API_KEY]"
    assert all(KEY.encode() not in file.read_bytes() for file in tmp_path.iterdir())


@pytest.mark.parametrize("effect", ["read", "network", "write", "exec"])
def test_only_what_computes_or_asks_a_model_is_kept(effect: Effect, tmp_path: Path) -> None:
    act = Script(["first", "second"])
    door = Door(Broker(cache=FileCache(tmp_path / "cache.db")), {"act": act.tool(effect)})
    assert [door.call("act", {"text": "x"}, context()).value for _ in range(2)] == ["first", "second"]


def test_a_cache_in_trouble_costs_no_result(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "cache.db"
    cache = FileCache(path)
    for file in tmp_path.iterdir():
        file.write_bytes(b"no database at all" * 100)
    door = Door(Broker(cache=cache), {"act": Script().tool()})
    assert door.call("act", {"text": "x"}, context()).value == "made"
    assert f"the cache {path} cannot be" in caplog.text


# --- models


@dataclass
class ScriptedModels:
    """One model that answers each request with the next of a script; an exception is raised."""

    outcomes: list[Any]
    asked: int = 0
    provider: str = "acme"
    name: str = "large"

    def model(self, role: str) -> ScriptedModels:
        return self

    def as_set(self, question: Question) -> Question:
        return question

    def ask(
        self, question: Question, *, cancellation: Cancellation, on_text: Any = None, turn: Turn = at_once
    ) -> Reply:
        return turn(Request(1, question.max_tokens, self.answer))

    def answer(self) -> Reply:
        self.asked += 1
        outcome = self.outcomes[min(self.asked, len(self.outcomes)) - 1]
        if isinstance(outcome, BaseException):
            raise outcome
        assert isinstance(outcome, Reply)
        return outcome


REPLY = Reply("hello", "large", 100, 20, provider="acme")


def cents(reply: Reply) -> float:
    return (reply.input_tokens + reply.output_tokens) / 10_000


def asking() -> Tool:
    """A tool that asks a model twice."""

    def ask_twice(context: ToolContext) -> str:
        return "".join(context.ask_model(Question("hi")).text for _ in range(2))

    return Tool("ask_twice", ask_twice, effect="model", context_parameter="context")


def test_what_a_tool_spends_on_models_is_added_up() -> None:
    models, budget = ScriptedModels([TRANSIENT, REPLY]), Budget("run", Cap(requests=10, tokens=10_000, cost=5.0))
    waits = Waits()
    broker = Broker(models=models, cost_of=cents, retry=retrying(waits), limits=Limits(clock=waits.clock))
    result = spending(budget, broker, {"ask_twice": asking()}).call("ask_twice", {}, context())
    assert result.value == "hellohello"
    # One that was cut off took nobody knows how much: it counts as what was estimated.
    cut_off = Spend(1, 1 + 1000, 0.1001, guessed=1001)
    assert result.spent == cut_off + Spend(1, 120, 0.012, answered=20) + Spend(1, 120, 0.012, answered=20)
    assert budget.spent == result.spent
    assert budget.reserved == Spend()


def test_a_question_that_was_turned_away_is_a_request_and_nothing_else() -> None:
    waits, budget = Waits(), Budget("run", Cap(tokens=10_000))
    models = ScriptedModels([TURNED_AWAY, REPLY])
    broker = Broker(models=models, cost_of=cents, retry=retrying(waits), limits=Limits(clock=waits.clock))
    result = spending(budget, broker, {}).ask(Question("hi"), context())
    assert (result.value, waits.seconds) == ("hello", [7.0])
    assert result.spent == budget.spent == Spend(2, 120, 0.012, answered=20)


def test_the_answer_to_a_question_says_whether_it_was_cut_off_and_holds_no_secret() -> None:
    cut_off = Reply(f"the key is {KEY}", "large", value={"key": KEY}, is_cut=True, warnings=("too long",))
    redactor = Redactor(Secrets({"API_KEY": KEY}))
    result = Door(Broker(models=ScriptedModels([cut_off]), redactor=redactor), {}).ask(Question("hi"), context())
    assert result.reply is not None
    assert (result.reply.is_cut, result.reply.warnings, result.value) == (True, ("too long",), result.reply.text)
    assert KEY not in f"{result.reply.text} {result.reply.value}"


def test_a_failed_question_of_a_tool_is_not_asked_again_by_the_tool_s_own_retry() -> None:
    waits, models = Waits(), ScriptedModels([TRANSIENT])
    broker = Broker(models=models, retry=retrying(waits, attempts=3), limits=Limits(clock=waits.clock))
    result = Door(broker, {"ask_twice": asking()}).call("ask_twice", {}, context())
    assert result.failure is not None
    assert result.failure.kind == "transient"
    assert models.asked == 3


@pytest.mark.parametrize("kind", ["bad_request", "denied", "invalid_output"])
def test_a_question_that_cannot_be_answered_is_asked_once(kind: str) -> None:
    models = ScriptedModels([ToolError("answered 400", kind=kind)])
    result = Door(Broker(models=models, retry=retrying(Waits())), {}).ask(Question("hi"), context())
    assert result.failure is not None
    assert (result.failure.kind, models.asked) == (kind, 1)


def test_what_a_model_costs_must_be_known_where_cost_is_capped() -> None:
    models = ScriptedModels([REPLY])
    capped = spending(Budget("run", Cap(cost=1.0)), Broker(models=models), {})
    failure = capped.ask(Question("hi"), context()).failure
    assert failure is not None
    assert failure.kind == "budget"
    assert "what model 'large' costs is not known; state its price" in failure.message
    assert models.asked == 0
    free = spending(Budget("run", Cap(requests=1)), Broker(models=models), {}).ask(Question("hi"), context())
    assert free.spent.unpriced == 1


@pytest.mark.parametrize("name", ["provider:acme", "model:acme/large"])
def test_models_are_limited_by_provider_and_by_name(name: str) -> None:
    waits = Waits()
    limits = Limits({name: Limit(per_minute=5)}, clock=waits.clock)
    models = ScriptedModels([ToolError("429", kind="rate_limited", retry_after_s=3.0), REPLY])
    broker = Broker(models=models, limits=limits, retry=retrying(waits))
    assert Door(broker, {}).ask(Question("hi"), context()).value == "hello"
    # Half of what was allowed before the server complained.
    assert limits.in_force(name).per_minute == 2


def test_the_tokens_of_answers_count_as_they_were_not_as_they_were_guessed() -> None:
    waits, said = Waits(), []
    limits = Limits({"provider:acme": Limit(tokens_per_minute=1300)}, clock=waits.clock)
    door = Door(Broker(models=ScriptedModels([REPLY]), limits=limits), {})
    door.hold = lambda _, name, give_up: said.append(name)
    for _ in range(3):  # guessed, 1001 tokens each; really 120
        assert door.ask(Question("hi"), context()).value == "hello"
    assert said == []


@pytest.mark.parametrize(
    ("verdict", "grants", "is_asked"),
    [
        ("allow", NOTHING_GRANTED, True),
        ("ask", NOTHING_GRANTED, False),
        ("ask", Grants(classes=frozenset({"model"})), True),
        ("deny", Grants(classes=frozenset({"model"})), False),
    ],
)
def test_a_question_of_nobody_s_tool_needs_permission_too(verdict: Any, grants: Grants, is_asked: bool) -> None:
    models = ScriptedModels([REPLY])
    policy = Policy({**OPEN.classes, "model": verdict})
    result = Door(Broker(models=models, policy=policy), {}, grants=grants).ask(Question("hi"), context())
    assert models.asked == is_asked
    assert (result.failure is None) == is_asked
    assert result.failure is None or result.failure.kind == "denied"


def test_without_models_a_question_says_so() -> None:
    failure = Door(Broker(), {}).ask(Question("hi"), context()).failure
    assert failure is not None
    assert (failure.kind, "this engine was given none" in failure.message) == ("denied", True)
