"""The waves in which a plan could run, for people to look at. Running never waits for a wave."""

from __future__ import annotations

import heapq
from collections.abc import Sequence

from overseer.plan.values import WorkflowPlan


def waves(plan: WorkflowPlan, *, strict_groups: bool = False) -> tuple[tuple[str, ...], ...]:
    """The step ids by wave, each with everything that is ready once the waves before it have ended.

    With `strict_groups` only the ready steps of one group share a wave, and a step without a group
    has one of its own. Steps in or behind a cycle are in no wave; `validate` reports those.
    """
    return _by_group(plan) if strict_groups else _by_level(plan)


def _by_level(plan: WorkflowPlan) -> tuple[tuple[str, ...], ...]:
    waiting = _Waiting(plan)
    found: list[tuple[str, ...]] = []
    ready = waiting.ready_at_first()
    while ready:
        found.append(tuple(plan.steps[at].step_id for at in ready))
        ready = sorted(waiting.ready_after(ready))
    return tuple(found)


def _by_group(plan: WorkflowPlan) -> tuple[tuple[str, ...], ...]:
    waiting = _Waiting(plan)
    found: list[tuple[str, ...]] = []
    ready = waiting.ready_at_first()
    groups: dict[int | str, list[int]] = {}  # the ready steps of each group
    queue: list[int] = []  # groups stand in it with their first ready step
    while ready or queue:
        for at in ready:
            group = plan.steps[at].parallel_group
            if group is None or group not in groups:
                heapq.heappush(queue, at)
            if group is not None:
                groups.setdefault(group, []).append(at)
        first = heapq.heappop(queue)
        group = plan.steps[first].parallel_group
        wave = [first] if group is None else sorted(groups.pop(group))
        found.append(tuple(plan.steps[at].step_id for at in wave))
        ready = waiting.ready_after(wave)
    return tuple(found)


class _Waiting:
    """How many dependencies each step still waits for. Steps are known by their position."""

    def __init__(self, plan: WorkflowPlan) -> None:
        position = {step.step_id: at for at, step in enumerate(plan.steps)}
        self._left = [len(step.depends_on) for step in plan.steps]
        self._users: list[list[int]] = [[] for _ in plan.steps]
        for at, step in enumerate(plan.steps):
            for need in step.depends_on:
                if need in position:
                    self._users[position[need]].append(at)

    def ready_at_first(self) -> list[int]:
        return [at for at, left in enumerate(self._left) if not left]

    def ready_after(self, ended: Sequence[int]) -> list[int]:
        ready = []
        for step in ended:
            for user in self._users[step]:
                self._left[user] -= 1
                if not self._left[user]:
                    ready.append(user)
        return ready
