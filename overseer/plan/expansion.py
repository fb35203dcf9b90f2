"""Steps that call a workflow tool become nested workflows, so that their parts run like all other steps.

Called as a tool, a saved plan would need a thread that waits for the threads of its steps. Taken into
the plan it needs none, and its steps are shown, journaled and kept apart like the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from operator import is_

from overseer.plan.faults import Fault, Where
from overseer.plan.values import Call, Once, Scope, WorkflowPlan, WorkflowStep
from overseer.tool import Tool


def expanded(plan: WorkflowPlan, tools: Mapping[str, Tool]) -> tuple[WorkflowPlan, tuple[Fault, ...]]:
    """The plan with the plans of workflow tools in place of the calls; faults where they lead in a circle."""
    if not any(tool.plan is not None for tool in tools.values()):
        return plan, ()
    expansion = _Expansion(tools)
    return expansion.of_plan(plan, (), ()), tuple(expansion.faults)


def contracted(plan: WorkflowPlan, tools: Mapping[str, Tool]) -> WorkflowPlan:
    """The plan as somebody would write it: with calls in place of what stands for nothing but a workflow tool."""
    return plan.with_steps(tuple(_contracted(step, tools) for step in plan.steps))


def _contracted(step: WorkflowStep, tools: Mapping[str, Tool]) -> WorkflowStep:
    match step.action:
        case Scope(mode=Once(), workflow=str() as name) if (tool := tools.get(name)) is not None and tool.plan:
            for timeout_s in (None, step.timeout_s):
                call = replace(step, action=Call(name), timeout_s=timeout_s)
                if _Expansion(tools).of_plan(WorkflowPlan((call,)), (), ()).steps == (step,):
                    return call
        case Scope(body=WorkflowPlan() as body) as scope:
            return replace(step, action=replace(scope, body=contracted(body, tools)))
    return step


class _Expansion:
    def __init__(self, tools: Mapping[str, Tool]) -> None:
        self._tools = tools
        self.faults: list[Fault] = []

    def of_plan(self, plan: WorkflowPlan, where: Where, chain: tuple[str, ...]) -> WorkflowPlan:
        steps = tuple(self._step(step, (*where, "steps", index), chain) for index, step in enumerate(plan.steps))
        return plan if all(map(is_, steps, plan.steps)) else plan.with_steps(steps)

    def _step(self, step: WorkflowStep, where: Where, chain: tuple[str, ...]) -> WorkflowStep:
        match step.action:
            case Call(tool=name) if (tool := self._tools.get(name)) is not None and tool.plan is not None:
                return self._nested(step, tool, where, chain)
            case Scope(body=WorkflowPlan() as body) as scope:
                within = self.of_plan(body, (*where, "plan") if scope.is_isolated else where, chain)
                return step if within is body else replace(step, action=replace(scope, body=within))
        return step

    def _nested(self, step: WorkflowStep, tool: Tool, where: Where, chain: tuple[str, ...]) -> WorkflowStep:
        if tool.name in chain:
            way = " -> ".join((*chain[chain.index(tool.name) :], tool.name))
            fault = Fault(f"the workflow tool '{tool.name}' leads back to itself: {way}", "", step.step_id, where)
            self.faults.append(fault)
            return step
        body = self.of_plan(tool.plan, (*where, "plan"), (*chain, tool.name))
        timeout_s = tool.timeout_s if step.timeout_s is None else step.timeout_s
        return replace(step, action=Scope(Once(), body, workflow=tool.name), timeout_s=timeout_s)
