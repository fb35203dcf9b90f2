"""Plans that are carried out inside of a call, where no step of a plan could take them in."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from overseer import Engine
from overseer.broker.broker import Broker
from overseer.broker.budget import Budget, Spend
from overseer.broker.caps import Cap
from overseer.broker.fallback import Fallback
from overseer.broker.limits import Limit, Limits
from overseer.broker.needs import needs
from overseer.broker.permissions import CAREFUL, Grants
from overseer.broker.programs import Program, ProgramDoor
from overseer.broker.result import ToolResult
from overseer.plan import plan_from
from overseer.registry.workflowtools import WorkflowParts
from overseer.tool import Cancellation, Effect, Tool, ToolContext, tool


@tool
def double(x: int) -> int:
    """Twice as much."""
    return 2 * x


@tool(effect="network")
def fetch() -> str:
    """Somebody's server."""
    return "there"


@tool(effect="write")
def put(x: int = 0) -> int:
    """Changes something."""
    return x


def workflow(*steps: dict[str, Any], name: str = "flow", effect: Effect = "pure", **parts: Any) -> Tool:
    plan = plan_from({"inputs": {"x": {"type": "integer", "default": 1}}, "steps": list(steps), **parts}).plan
    made = WorkflowParts(plan, {"properties": {"x": {"type": "integer"}}})
    return Tool(
        name, made.function, parameters=made.parameters, effect=effect, kind="workflow",
        context_parameter="(context)", plan=plan,
    )  # fmt: skip


FOUR = workflow(
    {"step_id": "a", "tool": "double", "args": {"x": "{{inputs.x}}"}},
    {"step_id": "b", "tool": "double", "args": {"x": "{{a}}"}},
)


def call(engine: Engine, name: str = "flow", grants: Grants | None = None, **args: Any) -> ToolResult:
    return engine.door(grants or Grants()).call(name, args, ToolContext("", "call", 1, Cancellation()))


def test_a_plan_can_be_called_like_any_tool() -> None:
    assert call(Engine([double, FOUR]), x=3) == ToolResult(12)


def test_programs_can_call_a_plan() -> None:
    door = ProgramDoor(Engine([double, FOUR]).door(), Program(), Fallback())
    assert door.call("flow", "", {"x": 3}, timeout_s=None, cancellation=Cancellation()).value == 12


def test_a_tool_in_a_run_can_carry_out_a_plan_on_a_pool_of_one() -> None:
    @tool
    def outer(context: ToolContext) -> Any:
        """Carries out a plan of its own."""
        return context.run_plan(FOUR.plan, {"x": 2})

    with ThreadPoolExecutor(1) as pool:
        result = Engine([double, outer], executor=pool).run({"steps": [{"step_id": "s", "tool": "outer"}]})
    assert result.output == 8


def test_what_was_approved_for_code_that_calls_a_plan_is_all_that_the_plan_needs() -> None:
    flow = workflow({"step_id": "a", "tool": "put", "args": {"x": "{{inputs.x}}"}}, effect="write")
    engine = Engine([put, flow], broker=Broker(policy=CAREFUL))
    code = plan_from({"steps": [{"step_id": "s", "code": "do it", "tools": ["flow"]}]}).plan
    wanted = needs(code, engine.tools, CAREFUL)
    assert call(engine, grants=Grants(tools=frozenset(need.tool for need in wanted)), x=3) == ToolResult(3)


def test_what_is_done_inside_is_paid_from_outside() -> None:
    session = Budget("session", Cap(requests=1))
    flow = workflow({"step_id": "a", "tool": "fetch"}, {"step_id": "b", "tool": "fetch", "depends_on": ["a"]})
    result = call(Engine([fetch, flow], broker=Broker(budget=session)))
    assert result.failure is not None
    assert "the budget of session has 0 left of 1 request" in result.failure.message
    assert session.spent == result.spent == Spend(requests=1)


def test_a_cap_of_the_plan_holds_inside() -> None:
    steps = [{"step_id": "a", "tool": "fetch"}, {"step_id": "b", "tool": "fetch"}]
    failure = call(Engine([fetch, workflow(*steps, budget={"requests": 1})])).failure
    assert failure is not None
    assert "the budget of the plan in 'call' has 0 left of 1 request" in failure.message


def test_limits_hold_inside() -> None:
    inside, most = [0], [0]
    lock = threading.Lock()

    @tool(effect="network")
    def watched() -> None:
        """Counts who is in it."""
        with lock:
            inside[0] += 1
            most[0] = max(most[0], inside[0])
        threading.Event().wait(0.01)
        with lock:
            inside[0] -= 1

    flow = workflow(*({"step_id": f"s{n}", "tool": "watched"} for n in range(6)))
    limits = Limits({"tool:watched": Limit(concurrency=2)})
    assert call(Engine([watched, flow], broker=Broker(limits=limits))).failure is None
    assert most == [2]


def test_what_nobody_approved_keeps_the_plan_from_beginning() -> None:
    begun: list[int] = []
    first = Tool("first", lambda: begun.append(1))
    flow = workflow({"step_id": "a", "tool": "first"}, {"step_id": "b", "tool": "put", "depends_on": ["a"]})
    engine = Engine([first, put, flow], broker=Broker(policy=CAREFUL))
    failure = call(engine).failure
    assert failure is not None
    assert failure.kind == "denied"
    assert "put" in failure.message
    assert "--approve write" in failure.message
    assert begun == []
    assert call(engine, grants=Grants(classes=frozenset({"write"}))).failure is None


def test_cancelling_the_call_ends_the_plan() -> None:
    begun = threading.Event()

    @tool
    def patient(context: ToolContext) -> None:
        """Waits for ever, but listens."""
        begun.set()
        assert context.wait(30)

    engine = Engine([patient, workflow({"step_id": "a", "tool": "patient"})])
    context, results = ToolContext("", "call", 1, Cancellation()), []
    thread = threading.Thread(target=lambda: results.append(engine.door().call("flow", {}, context)))
    thread.start()
    assert begun.wait(10)
    context.cancellation.ask()
    thread.join(10)
    assert results[0].failure.kind == "cancelled"


def test_plans_do_not_call_each_other_for_ever() -> None:
    @tool
    def again(context: ToolContext) -> Any:
        """Carries out a plan that calls it."""
        return context.run_plan({"steps": [{"step_id": "s", "tool": "again"}]}, {})

    failure = call(Engine([again]), "again").failure
    assert failure is not None
    assert "more than 8 deep" in failure.message


def test_wrong_inputs_fail_the_call() -> None:
    failure = call(Engine([double, workflow({"step_id": "a", "tool": "treble"})])).failure
    assert failure is not None
    assert failure.kind == "bad_request"
    assert "treble" in failure.message


@pytest.mark.parametrize("effect", ["network", "pure"])
def test_a_plan_is_not_a_request_itself(effect: Effect) -> None:
    flow = workflow({"step_id": "a", "tool": "fetch"}, effect=effect)
    assert call(Engine([fetch, flow])).spent == Spend(requests=1)


def test_a_plan_inside_of_a_call_has_its_budget_from_the_plan() -> None:
    frugal = workflow({"step_id": "a", "tool": "fetch"}, effect="network", budget={"requests": 0})
    failure = call(Engine([frugal, fetch])).failure
    assert failure is not None
    assert failure.message.endswith("give it more in the plan: budget: {requests: 1}")
