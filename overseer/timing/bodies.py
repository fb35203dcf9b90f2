"""The bodies of a plan: which steps a round has, found by where the round is in the run."""

from __future__ import annotations

from collections.abc import Iterable
from operator import itemgetter

from overseer.plan.values import Scope, WorkflowPlan, WorkflowStep


class Bodies:
    """The steps of the plan itself, whose round is called "", and of every scope in it."""

    def __init__(self, plan: WorkflowPlan) -> None:
        self.plan = plan
        self._known: dict[str, dict[str, WorkflowStep]] = {}

    def follow(self, plan: WorkflowPlan) -> None:
        """Another plan holds from here on."""
        self.plan = plan
        self._known.clear()

    def of(self, frame: str) -> dict[str, WorkflowStep]:
        """The steps of the body that a round is of."""
        if frame not in self._known:
            path = "/".join(part.partition("[")[0] for part in frame.split("/")) if frame else ""
            if path not in self._known:
                self._known[path] = {step.step_id: step for step in self._steps(path)}
            self._known[frame] = self._known[path]
        return self._known[frame]

    def forget(self, frame: str) -> None:
        """There is no such round any more."""
        self._known.pop(frame, None)

    def in_order(self, keys: Iterable[str]) -> list[str]:
        """The keys of steps that the plan has, as in the plan, each scope followed by its rounds in order."""
        places: dict[str, dict[str, int]] = {}
        ranked = []
        for key in keys:
            rank: list[int] = []
            frame = ""
            for part in key.split("/"):
                step_id, _, index = part.partition("[")
                if frame not in places:
                    places[frame] = {name: at for at, name in enumerate(self.of(frame))}
                if step_id not in places[frame]:
                    break
                rank += [places[frame][step_id], *([int(index[:-1])] if index else ())]
                frame = f"{frame}/{part}" if frame else part
            else:
                ranked.append((rank, key))
        ranked.sort(key=itemgetter(0))
        return [key for _, key in ranked]

    def _steps(self, path: str) -> tuple[WorkflowStep, ...]:
        body: WorkflowPlan | None = self.plan
        for name in path.split("/") if path else ():
            step = next((step for step in body.steps if step.step_id == name), None) if body else None
            body = step.action.body if step is not None and isinstance(step.action, Scope) else None
        return body.steps if body is not None else ()
