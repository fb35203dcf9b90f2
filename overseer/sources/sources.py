"""The triggers that one run listens to."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import assert_never

from overseer.errors import BrokenInvariant
from overseer.plan.values import FileChange, Hook, Timer, Trigger
from overseer.sources.files import Files
from overseer.sources.hooks import Hooks
from overseer.sources.outlet import Close, Deliver, Outlet
from overseer.sources.timer import Timers


class Sources:
    """Opens and closes the sources of one run's scopes; used by the thread that owns the run."""

    def __init__(
        self,
        *,
        hook_port: int = 0,
        timers: Timers | None = None,
        files: Files | None = None,
        hooks: Hooks | None = None,
    ) -> None:
        """Hook port 0 is any free one."""
        self._timers = timers or Timers()
        self._files = files or Files()
        self._hooks = hooks or Hooks(port=hook_port)
        self._open: dict[str, tuple[Outlet, Close]] = {}

    def for_another_run(self) -> Sources:
        """Sources that share the threads and the hook port of these, and nothing else."""
        return Sources(timers=self._timers, files=self._files, hooks=self._hooks)

    def open(self, key: str, trigger: Trigger, deliver: Deliver, *, base: Path) -> None:
        """Call `deliver` with a payload whenever the trigger fires; SourceError if that cannot be.

        Relative paths start at `base`. `deliver` is called from other threads, possibly before
        this returns.
        """
        if key in self._open:
            raise BrokenInvariant(f"the source of scope '{key}' is open already")
        outlet = Outlet(key, deliver)
        match trigger:
            case Timer(seconds=seconds):
                release = self._timers.open(seconds, outlet)
            case FileChange(path=path):
                release = self._files.open(path, outlet, base=base)
            case Hook(path=path):
                release = self._hooks.open(path, outlet)
            case _:
                assert_never(trigger)
        self._open[key] = (outlet, release)

    def close(self, key: str) -> None:
        """Nothing is delivered for `key` any more once this has returned; fine if it is not open."""
        if key not in self._open:
            return
        outlet, release = self._open.pop(key)
        outlet.close()
        release()

    def close_all(self) -> None:
        with ExitStack() as closing:
            for key in list(self._open):
                closing.callback(self.close, key)

    def url(self, path: str) -> str | None:
        """Where requests for the hook at `path` should be sent; none while no hook is open."""
        return self._hooks.url(path)
