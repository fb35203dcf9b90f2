"""What a plan under review needs to run: an engine and, where it has code, a sandbox and somebody who writes it.

The code is begun while somebody still looks at the plan. Where the plan is changed, what is still needed
of it goes on.
"""

from __future__ import annotations

from contextlib import ExitStack
from types import TracebackType

from overseer.broker.broker import Door
from overseer.coding import Coding
from overseer.engine import Engine
from overseer.frontends.shelf import Shelf
from overseer.home import programs_folder
from overseer.journal import Journal
from overseer.plan.values import WorkflowPlan
from overseer.workbench import Workbench, coding_for, require_writers


class Readiness:
    """Makes ready for one plan after another; what was started for them ends with the block."""

    def __init__(self, bench: Workbench, door: Door, journal: Journal | None) -> None:
        """Code that is written before the run is paid through the door."""
        self._bench = bench
        self._door = door
        self._journal = journal
        self._coding: Coding | None = None
        self._stack = ExitStack()

    def __enter__(self) -> Readiness:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def engine_for(self, plan: WorkflowPlan) -> Engine:
        """An engine that can carry the plan out; PlanError if nobody can write its code."""
        bench = self._bench
        if self._coding is None:
            started = coding_for(plan, bench.settings, bench.broker, bench.tools, ahead=self._door)
            self._coding = self._stack.enter_context(started)
        else:
            require_writers(plan, bench.broker, bench.tools, Shelf(programs_folder()))
            if self._coding.prewriting is not None:
                self._coding.prewriting.follow(plan)
        return bench.engine(journal=self._journal, coding=self._coding)
