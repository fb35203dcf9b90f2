"""What requests and plans are worked on with: settings, tools, models, journal, put together once for a process.

An engine is made for each plan: only a plan that has code needs a sandbox, and somebody who writes the code.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from overseer.broker.broker import Broker
from overseer.broker.remedies import ON_COMMAND_LINE, Ways
from overseer.errors import ModelUnavailable
from overseer.journal.journal import Journal
from overseer.models import ModelRoles
from overseer.registry import Registry
from overseer.running.coding import Coding
from overseer.running.engine import Engine
from overseer.secrets import Secrets
from overseer.settings.config import Settings
from overseer.tool import Tool, ToolError
from overseer.wiring import make_broker, require_known, take_secrets

ReadTools = Callable[[Sequence[Path], Path], Registry]


@dataclass(frozen=True, slots=True)
class Workbench:
    """The parts that all requests of a process share."""

    settings: Settings
    folder: Path
    broker: Broker
    registry: Registry
    given: tuple[Path, ...] = ()  # folders of tools that were named
    secrets: Secrets = field(default_factory=Secrets)
    ways: Ways = ON_COMMAND_LINE  # to give a run more budget

    @classmethod
    def open(
        cls,
        settings: Settings,
        folder: Path,
        given: Sequence[Path],
        read_tools: ReadTools,
        *,
        keeps_changes: bool = True,
        tells_model: bool = True,
    ) -> Workbench:
        """`read_tools` reads the tools of these folders and of the project here, telling of those it cannot read.

        What tools change in files is kept, to be undone, unless runs are to leave no trace. A model that nobody has
        named is told of when it was found, unless the caller does that.
        """
        secrets = take_secrets(settings)
        broker = make_broker(settings, secrets, folder, given, keeps_changes=keeps_changes, tells_model=tells_model)
        registry = read_tools(given, folder)
        require_known(settings, registry.tools)
        return cls(settings, folder, broker, registry, tuple(given), secrets)

    @property
    def root(self) -> Path:
        """The folder whose files tools may read and write."""
        return self.folder / self.settings.workspace

    @property
    def tools(self) -> Mapping[str, Tool]:
        return self.registry.tools

    def engine(
        self, *, journal: Journal | None = None, coding: Coding | None = None, max_parallel: int | None = None
    ) -> Engine:
        return Engine(
            self.tools.values(),
            journal=journal,
            settings=self.settings.for_engine(max_parallel),
            broker=self.broker,
            folder=self.folder,
            coding=coding,
            ways=self.ways,
        )

    @property
    def is_set_up_in_vain(self) -> bool:
        """Whether there is no model although somebody has set one up, as far as that is known by now."""
        models = self.broker.models
        return isinstance(models, ModelRoles) and bool(models.in_vain)

    def is_connected(self, role: str) -> bool:
        """Whether a model has this role; ModelUnavailable if one was named and cannot be had.

        Nothing takes the place of what was named.
        """
        try:
            self.broker.models.model(role)
        except ToolError as error:
            if error.kind != "denied":
                raise ModelUnavailable(str(error)) from error
            return False
        return True
