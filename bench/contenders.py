"""Who takes part. Ours and the standard library's are always there, other projects where they are installed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Contender:
    """A way to run a graph: the adapter's module and function, and what it needs around it."""

    name: str
    what: str
    adapter: str
    is_async: bool = False
    distributions: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)

    def versions(self) -> str:
        """The versions of what it needs; PackageNotFoundError, which names it, if something is not installed."""
        from importlib import metadata  # who measures does not need it

        return ", ".join(f"{name} {metadata.version(name)}" for name in self.distributions)


# All ratios are against this one.
REFERENCE = "graphlib_pool"

CONTENDERS = {
    contender.name: contender
    for contender in (
        Contender("serial", "one step after the other, no threads", "bench.peers.baselines:serial"),
        Contender(REFERENCE, "graphlib and a fresh thread pool", "bench.peers.baselines:graphlib_pool"),
        Contender("waves", "a thread pool with a barrier after each wave", "bench.peers.baselines:waves"),
        Contender("taskgroup", "asyncio tasks, no threads", "bench.peers.taskgroup:prepare", is_async=True),
        Contender(
            "overseer",
            "this project, nothing recorded",
            "bench.adapter_overseer:prepare",
            environment={"OVERSEER_BENCH_JOURNAL": ""},
        ),
        Contender(
            "overseer_journal",
            "this project, every event on disk before anything follows from it",
            "bench.adapter_overseer:prepare",
            environment={"OVERSEER_BENCH_JOURNAL": "1"},
        ),
        Contender("dask", "dask.threaded", "bench.peers.dask:prepare", distributions=("dask",)),
        Contender("langgraph", "StateGraph.invoke", "bench.peers.langgraph:prepare", distributions=("langgraph",)),
        Contender(
            "langgraph_sqlite",
            "StateGraph.invoke with SqliteSaver",
            "bench.peers.langgraph:prepare_sqlite",
            distributions=("langgraph", "langgraph-checkpoint-sqlite"),
        ),
    )
}
