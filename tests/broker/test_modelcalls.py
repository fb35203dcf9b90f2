"""Asking models through the door: every request to a server is counted, held to limits and booked by itself."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from overseer.broker.broker import Broker, Door
from overseer.broker.budget import NOTHING, Budget
from overseer.broker.cache import FileCache
from overseer.broker.caps import Cap
from overseer.broker.limits import Limit, Limits
from overseer.broker.result import ToolResult
from overseer.broker.retry import Retry
from overseer.models import ModelRef, ModelRoles, ModelSettings, OpenAIModel, Provider, RoleSettings, ScriptedModel
from overseer.models.model import Model, ModelError, Request
from overseer.secrets import Redactor, Secrets
from overseer.tool import Cancellation, Question, Reply, ToolContext, tool
from tests.broker.clock import FakeClock
from tests.models.asking import CITY, PARIS
from tests.servers.model_server import Answer, ModelServer

QUESTION = Question("Which city?", schema=CITY)
NO_WAIT = Retry(attempts=4, sleep=lambda cancellation, wait_s: False)


@tool(effect="model")
def say(prompt: str, context: ToolContext, role: str = "generator") -> str:
    """What the model of a role says."""
    return context.ask_model(Question(prompt, role=role)).text


def a_context() -> ToolContext:
    return ToolContext("run", "step", 1, Cancellation())


def asked(model: Model, question: Question = QUESTION, **parts: Any) -> ToolResult:
    return Door(Broker(models=ModelRoles.of(model), **parts), {}).ask(question, a_context())


def test_every_way_of_asking_is_a_request() -> None:
    budget = Budget("session")
    with ModelServer([PARIS], refuses=["json_schema", "json_object"], refusal=Answer(status=500)) as server:
        result = asked(OpenAIModel("tiny", base_url=server.openai_url), budget=budget, retry=NO_WAIT)
    assert result.failure is None
    assert len(server.questions()) == budget.spent.requests == result.spent.requests == 3
    assert budget.spent.tokens == 18


def test_a_connection_that_is_refused_is_no_request_however_often_it_is_tried() -> None:
    budget = Budget("session", Cap(requests=1))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        gone = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
    result = asked(OpenAIModel("tiny", base_url=gone), budget=budget, retry=NO_WAIT)
    assert result.failure is not None
    assert "cannot be reached" in result.failure.message
    assert (budget.spent, budget.reserved, result.spent) == (NOTHING, NOTHING, NOTHING)


def test_a_parameter_that_is_not_known_costs_a_request() -> None:
    with ModelServer([Answer(status=500, error={"error": "unknown parameter: temperature"}), "Hello."]) as server:
        question = Question("Say hello.", temperature=0.5)
        result = asked(OpenAIModel("tiny", base_url=server.openai_url), question, retry=NO_WAIT)
    assert (result.value, result.spent.requests, len(server.questions())) == ("Hello.", 2, 2)


def test_a_repair_is_booked_whatever_comes_of_it() -> None:
    budget = Budget("session")
    with ModelServer(["Paris, I think.", '{"city": 1}']) as server:
        result = asked(OpenAIModel("tiny", base_url=server.openai_url), budget=budget)
    assert result.failure is not None
    assert result.failure.kind == "invalid_output"
    assert (budget.spent.requests, budget.spent.tokens) == (2, 36)
    assert result.spent == budget.spent


def test_a_budget_of_requests_ends_the_asking() -> None:
    with ModelServer(["no", PARIS]) as server:
        model = OpenAIModel("tiny", base_url=server.openai_url)
        result = asked(model, budget=Budget("session", Cap(requests=1)))
    assert result.failure is not None
    assert result.failure.kind == "budget"
    assert len(server.questions()) == 1


def test_a_rate_limit_holds_between_the_requests_of_one_question() -> None:
    clock = FakeClock()
    limits = Limits({"provider:scripted": Limit(per_minute=1)}, clock)
    context, held = a_context(), []
    door = Door(Broker(models=ModelRoles.of(ScriptedModel(["no", PARIS])), limits=limits), {})

    def give_up(about: ToolContext, name: str | None, _: Any) -> None:
        held.append(name)
        about.cancellation.ask()

    door.hold = give_up
    result = door.ask(QUESTION, context)
    assert held == ["provider:scripted"]
    assert result.failure is not None
    assert (result.failure.kind, result.spent.requests) == ("cancelled", 1)


def test_what_is_tried_again_is_the_request_and_not_the_question() -> None:
    with ModelServer(["no", Answer(status=503), Answer(status=429), PARIS]) as server:
        result = asked(OpenAIModel("tiny", base_url=server.openai_url), retry=NO_WAIT)
    assert result.failure is None
    asked_again = [len(body["messages"]) for body in server.questions()]
    assert asked_again == [2, 4, 4, 4]  # the first answer was not asked for again


class Streaming:
    """Shows half of its answer, and breaks off."""

    provider, name = "test", "streaming"

    def __init__(self) -> None:
        self.requests = 0

    def ask(self, question: Question, *, turn: Any, **_: Any) -> Reply:
        reply: Reply = turn(Request(1, None, self._break_off))
        return reply

    def _break_off(self) -> Reply:
        self.requests += 1
        raise ModelError("broke off", kind="transient", has_streamed=True)


def test_what_was_shown_in_part_is_not_asked_for_again() -> None:
    model = Streaming()
    result = asked(model, retry=NO_WAIT)
    assert (model.requests, result.failure is not None) == (1, True)


# --- what models said, kept


def roles(*, model: str = "a", temperature: float | None = None, **answers: str) -> ModelRoles:
    """Two models, and which of them and how it is asked by default."""
    settings = ModelSettings(
        default=RoleSettings(ModelRef("scripted", model), temperature),
        roles={"judge": RoleSettings(ModelRef("scripted", "b"))},
        providers={"scripted": Provider("scripted", "scripted")},
    )

    def connect(ref: ModelRef, _: Provider) -> Model:
        made = ScriptedModel([{"matches": ".", "text": answers[ref.name]}])
        made.name = ref.name
        return made

    return ModelRoles(settings, connect)


def said(models: ModelRoles, cache: FileCache, **args: Any) -> ToolResult:
    broker = Broker(models=models, cache=cache, redactor=Redactor(Secrets({"KEY": "hush-hush-hush"})))
    return Door(broker, {"say": say}).call("say", {"prompt": "?", **args}, a_context())


def test_an_answer_is_kept_for_the_model_that_gave_it(tmp_path: Path) -> None:
    cache = FileCache(tmp_path / "cache.db")
    first = said(roles(a="one", b="two"), cache)
    again = said(roles(a="another", b="two"), cache)
    assert (first.value, first.spent.requests) == ("one", 1)
    assert (again.value, again.spent.requests) == ("one", 0)
    assert said(roles(a="another", b="two"), cache, role="judge").value == "two"
    assert said(roles(a="another", b="two", model="b"), cache).value == "two"


def test_an_answer_is_kept_for_the_settings_that_it_was_given_under(tmp_path: Path) -> None:
    cache = FileCache(tmp_path / "cache.db")
    assert said(roles(a="cold", temperature=0.0), cache).value == "cold"
    assert said(roles(a="hot", temperature=1.0), cache).value == "hot"


def test_an_answer_with_a_secret_in_it_is_not_kept(tmp_path: Path) -> None:
    cache = FileCache(tmp_path / "cache.db")
    assert "hush" not in said(roles(a="it is hush-hush-hush"), cache).value
    assert said(roles(a="nothing"), cache).value == "nothing"


def test_json_is_kept_as_it_was_read(tmp_path: Path) -> None:
    cache = FileCache(tmp_path / "cache.db")
    values = [asked(ScriptedModel([PARIS]), cache=cache).value, asked(ScriptedModel([]), cache=cache).value]
    assert values == [{"city": "Paris", "people": 2100000}] * 2


@pytest.mark.parametrize("text", ["", " \n"])
def test_nothing_is_no_answer_to_keep(tmp_path: Path, text: str) -> None:
    cache = FileCache(tmp_path / "cache.db")
    said(roles(a=text), cache)
    assert said(roles(a="something"), cache).value == "something"
