"""Looking ahead at a plan under review: what it will probably take, and where its code would run."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from overseer.chat.negotiation import EngineFor
from overseer.codework import CodeWork
from overseer.errors import JournalError
from overseer.journal.journal import Journal
from overseer.jsonvalue import Json
from overseer.plan.values import WorkflowPlan
from overseer.review import Outlook
from overseer.timing.forecast import NO_HISTORY, History, forecast, names_in
from overseer.workbench import Workbench


@dataclass(frozen=True, slots=True)
class Foresight:
    """For the plans of one request."""

    bench: Workbench
    journal: Journal | None
    work: CodeWork
    engine_for: EngineFor

    def outlook(self, plan: WorkflowPlan, inputs: Mapping[str, Json]) -> Outlook:
        """What can be said of a plan that is ready to run."""
        engine, kept = self.engine_for(plan), self.work.kept_for(plan)
        found = forecast(
            plan,
            self._history(plan),
            tools=self.bench.tools,
            inputs=inputs,
            kept=kept,
            max_parallel=engine.settings.max_parallel,
        )
        return Outlook(found, engine.level_of(plan), kept)

    def _history(self, plan: WorkflowPlan) -> History:
        if self.journal is None:
            return NO_HISTORY
        with suppress(JournalError):  # without it, less is known of the plan, which can run all the same
            return self.journal.experience.of(names_in(plan))
        return NO_HISTORY
