"""The sandbox: the best level that holds, and nodes run at it."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterable, Mapping
from dataclasses import replace

from overseer.broker.attempts import warm_executor
from overseer.broker.broker import Broker, Door
from overseer.broker.fallback import Fallback
from overseer.broker.programs import Program, ProgramDoor
from overseer.errors import OverseerError
from overseer.nodes import NodeDoor
from overseer.sandbox.fresh import FreshProcesses
from overseer.sandbox.inside.preparation import Setting
from overseer.sandbox.inside.refusal import Refused
from overseer.sandbox.places import hidden_paths, hidden_samples, package_places, readable_paths, runtime_file
from overseer.sandbox.running import NodeRun
from overseer.sandbox.selftest import Check, attacked
from overseer.sandbox.template import NodeNotStarted, SandboxLost, Template
from overseer.sandbox.values import Job, Level, Outcome
from overseer.sandbox.verdicts import outcome_of
from overseer.tool import Cancellation

_REMEDY = """\
Generated code does not run without a sandbox. What helps, one of:
  - Linux 5.13 or newer, with Landlock and seccomp switched on (/sys/kernel/security/lsm names landlock)
  - in a container: a profile that lets programs make the system calls landlock_* and seccomp
  - on Windows: Overseer inside WSL2"""

_REMEDY_FOR_FULL = """\
The level 'full' needs user namespaces. What helps, one of:
  - to allow them: sysctl user.max_user_namespaces, kernel.apparmor_restrict_unprivileged_userns=0 on Ubuntu
  - in a container: a profile that lets programs make the system calls unshare, mount and setns
  - the level 'hardened', which needs none"""


class SandboxUnavailable(OverseerError):
    """No level can be had, or not the one that was asked for; the message says what failed."""

    def __init__(self, refusals: Mapping[Level, str]) -> None:
        self.refusals = dict(refusals)
        self.remedy = _REMEDY_FOR_FULL if set(refusals) == {"full"} else _REMEDY
        lines = (f"the sandbox's level '{level}' cannot be had: {why}" for level, why in refusals.items())
        super().__init__("\n".join([*lines, self.remedy]))


class Sandbox:
    """Nodes run here, each in a process of its own. Safe to share between threads."""

    def __init__(self, level: Level, packages: Iterable[str] = (), *, is_fresh: bool = False) -> None:
        """Refused, if the level cannot be had or does not hold; see `start`."""
        self.level = level
        self.checks: tuple[Check, ...] = ()
        self.refusals: dict[Level, str] = {}  # why no better level could be had
        self._setting = Setting(level, runtime_file(), readable_paths(), hidden_paths(), package_places(packages))
        self._is_fresh = is_fresh
        self._lock = threading.Lock()
        self._was_restarted = False
        self._is_closed = False
        self._template = self._started()

    @classmethod
    def start(cls, level: Level | None = None, *, packages: Iterable[str] = (), is_fresh: bool = False) -> Sandbox:
        """A sandbox at this level or, if none is named, at the best that can be had; SandboxUnavailable if none can.

        Nodes may import these packages beside the standard library. A fresh one forks no processes.
        """
        refusals: dict[Level, str] = {}
        for candidate in (level,) if level else _candidates():
            try:
                started = cls(candidate, packages, is_fresh=is_fresh)
                started.refusals = refusals
                return started
            except Refused as refusal:
                refusals[candidate] = str(refusal)
        raise SandboxUnavailable(refusals)

    def run(self, job: Job, door: NodeDoor | None = None, cancellation: Cancellation | None = None) -> Outcome:
        """Run a node to its end, on this thread. Without a door it can call nothing."""
        template = self._living()
        try:
            return self._run(template, job, door or _no_tools(), cancellation or Cancellation())
        except SandboxLost:
            template.close()
            raise
        except (OSError, RuntimeError) as error:  # no descriptors, no threads
            raise NodeNotStarted(f"no node can be started: {error}") from error

    def close(self) -> None:
        with self._lock:
            self._is_closed = True
            self._template.close()

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _run(
        self, template: Template | FreshProcesses, job: Job, door: NodeDoor, cancellation: Cancellation
    ) -> Outcome:
        if self.level != "full":
            job = replace(job, limits=replace(job.limits, scratch=0))
        run = NodeRun(job, template.order, door=door, executor=warm_executor(), cancellation=cancellation)
        return outcome_of(run.carry_out(), job, self.level)

    def _started(self) -> Template | FreshProcesses:
        if sys.platform == "win32":
            raise Refused("Windows has nothing that Overseer could lock code in with; run it inside WSL2")
        template = FreshProcesses(self._setting) if self._is_fresh else Template(self._setting)
        if self.level == "none":
            return template
        try:
            self.checks = attacked(
                self.level,
                lambda job: self._run(template, job, _no_tools(), Cancellation()),
                hidden_samples(self._setting),
            )
            if failed := [check for check in self.checks if check.has_failed]:
                told = "; ".join(f"{check.attack}: {check.got}" for check in failed)
                raise Refused(f"the self-test got through it: {told}")
        except (SandboxLost, NodeNotStarted, OSError, RuntimeError) as error:
            template.close()
            raise Refused(f"the self-test cannot be carried out: {error}") from error
        except BaseException:
            template.close()
            raise
        return template

    def _living(self) -> Template | FreshProcesses:
        """The template, started anew the first time that it is lost."""
        with self._lock:
            if self._is_closed:
                raise SandboxLost("the sandbox is closed")
            if self._template.is_alive:
                return self._template
            self._template.close()
            if self._was_restarted:
                raise SandboxLost("the sandbox's process has ended twice; no more generated code is run")
            self._was_restarted = True
            try:
                self._template = self._started()
            except Refused as refusal:
                raise SandboxLost(f"the sandbox cannot be started again: {refusal}") from refusal
            return self._template


def _candidates() -> tuple[Level, ...]:
    return ("platform",) if sys.platform == "darwin" else ("full", "hardened")


def _no_tools() -> NodeDoor:
    """For nodes that may call nothing."""
    return ProgramDoor(Door(Broker(), {}), Program(), Fallback())
