"""What can be known of a plan before it runs: who waits for whom, and what to start first.

Built once for each body in O(steps + dependencies) and shared by all its rounds, so that the end
of a step needs to look at nothing but its own users.
"""

from __future__ import annotations

from overseer.errors import BrokenInvariant
from overseer.kernel.rules import Rules
from overseer.plan.values import Scope, WorkflowPlan, WorkflowStep


class Graph:
    """The dependencies of one body, with an order of precedence among its steps."""

    __slots__ = ("left", "order", "path", "plain", "plan", "sinks", "steps", "users")

    def __init__(self, plan: WorkflowPlan, path: str, rules: Rules) -> None:
        self.plan = plan
        self.path = path  # the scopes around this body, without rounds: what all its rounds share
        self.steps: dict[str, WorkflowStep] = {step.step_id: step for step in plan.steps}
        self.users: dict[str, list[str]] = {step_id: [] for step_id in self.steps}
        self.left: dict[str, int] = {}
        is_sorted = True
        for step_id, step in self.steps.items():
            self.left[step_id] = len(step.depends_on)
            for need in step.depends_on:
                self.users[need].append(step_id)
                is_sorted = is_sorted and need in self.left
        # Steps that may start without further questions once their dependencies have succeeded.
        self.plain = frozenset(
            step_id
            for step_id, step in self.steps.items()
            if step.when is None
            and type(step.action) is not Scope
            and rules.effects_of(step) is None
            and not rules.strict_groups
        )
        self.sinks = tuple(step_id for step_id, users in self.users.items() if not users)
        self.order = self._precedence(list(self.steps) if is_sorted else self._topological())

    def _precedence(self, topological: list[str]) -> dict[str, int]:
        """Longest remaining path first, then as written: the smaller number starts sooner."""
        remaining: dict[str, int] = {}
        users, steps = self.users, self.steps
        for step_id in reversed(topological):
            below = max([remaining[user] for user in users[step_id]], default=0)
            action = steps[step_id].action
            remaining[step_id] = below + (_length(action) if type(action) is Scope else 1)
        count = len(steps)
        return {step_id: at - remaining[step_id] * count for at, step_id in enumerate(steps)}

    def _topological(self) -> list[str]:
        left = dict(self.left)
        found = [step_id for step_id, needs in left.items() if not needs]
        for step_id in found:  # grows while it is walked
            for user in self.users[step_id]:
                left[user] -= 1
                if not left[user]:
                    found.append(user)
        if len(found) != len(left):
            raise BrokenInvariant("a plan with a cycle reached the kernel; it was not validated")
        return found


def _length(scope: Scope) -> int:
    """How many steps in a row stand behind a scope: as many as its body has."""
    depth: dict[str, int] = {}
    # An estimate by the order of writing suffices for an order of precedence.
    for step in scope.body.steps if scope.body is not None else ():
        own = _length(step.action) if type(step.action) is Scope else 1
        depth[step.step_id] = own + max([depth.get(need, 0) for need in step.depends_on], default=0)
    return max(depth.values(), default=1)
