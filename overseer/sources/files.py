"""Changes of files and folders, by the best means the system offers."""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from overseer.sources.ondemand import OnDemand
from overseer.sources.outlet import Close, Outlet, SourceError
from overseer.sources.target import Listener, locate

# The system has no (more) inotify to give: comparing works without.
_EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOSPC, errno.ENOMEM, errno.ENOSYS})


class Watcher(Protocol):
    """A running thread that watches targets. `add` raises OSError for one that cannot be watched."""

    def add(self, listener: Listener) -> Close: ...

    def stop(self) -> None: ...


def _make_inotify() -> Watcher:
    from overseer.sources.inotify import Inotify

    return Inotify()


def _make_comparison() -> Watcher:
    from overseer.sources.comparison import Comparison

    return Comparison()


class Files:
    """All watched files that share a thread; there is none while nothing is watched."""

    def __init__(
        self,
        *,
        native: Callable[[], Watcher] | None = _make_inotify if sys.platform == "linux" else None,
        fallback: Callable[[], Watcher] = _make_comparison,
    ) -> None:
        self._native = OnDemand(native) if native else None
        self._fallback = OnDemand(fallback)

    def open(self, path: str, outlet: Outlet, *, base: Path) -> Close:
        listener = Listener(locate(path, base=base, scope=outlet.scope), outlet)
        try:
            return self._watch(listener)
        except OSError as error:
            raise SourceError(
                outlet.scope,
                f"watch '{listener.target.shown}'",
                why=f"the system refuses {listener.target.folder}: {error.strerror}",
                remedy="check the folder's permissions",
            ) from error

    def _watch(self, listener: Listener) -> Close:
        if self._native is not None:
            try:
                return self._native.use(lambda watcher: watcher.add(listener))
            except OSError as error:
                if error.errno not in _EXHAUSTED:
                    raise
        return self._fallback.use(lambda watcher: watcher.add(listener))
