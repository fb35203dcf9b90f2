"""LangGraph's compiled state graph, invoked synchronously; in memory, or with a checkpoint of each super-step."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, TypeAlias, TypedDict

from bench.dags import Dag
from bench.peers import Body, Go

Node: TypeAlias = Callable[["State"], "State"]


def merged(values: dict[str, int], more: dict[str, int]) -> dict[str, int]:
    """In place: a copy for every step would be the larger part of what is measured."""
    values.update(more)
    return values


class State(TypedDict):
    values: Annotated[dict[str, int], merged]


def prepare(dag: Dag, body: Body, workers: int) -> Go:
    return _invoking(dag, body, workers, checkpointer=None)


def prepare_sqlite(dag: Dag, body: Body, workers: int) -> Go:
    path = Path(tempfile.mkdtemp(prefix="langgraph-")) / "checkpoints.db"
    saver = import_module("langgraph.checkpoint.sqlite").SqliteSaver(sqlite3.connect(path, check_same_thread=False))
    saver.setup()
    return _invoking(dag, body, workers, checkpointer=saver)


def _invoking(dag: Dag, body: Body, workers: int, *, checkpointer: Any) -> Go:
    app = _graph(dag, body).compile(checkpointer=checkpointer)
    config = {
        "max_concurrency": workers,
        "recursion_limit": len(dag) + 10,
        "configurable": {"thread_id": "the only one"},
    }

    def go() -> dict[str, int]:
        values: dict[str, int] = app.invoke({"values": {}}, config)["values"]
        return values

    return go


def _graph(dag: Dag, body: Body) -> Any:
    library = import_module("langgraph.graph")
    graph = library.StateGraph(State)
    for step, needs in dag.deps.items():
        graph.add_node(step, _node(step, needs, body))
    for step, needs in dag.deps.items():
        match needs:
            case ():
                graph.add_edge(library.START, step)
            case (need,):
                graph.add_edge(need, step)
            case _:
                graph.add_edge(list(needs), step)
    for last in dag.deps.keys() - {need for needs in dag.deps.values() for need in needs}:
        graph.add_edge(last, library.END)
    return graph


def _node(step: str, needs: tuple[str, ...], body: Body) -> Node:
    def node(state: State) -> State:
        values = state["values"]
        return {"values": {step: body(step, {need: values[need] for need in needs})}}

    return node
