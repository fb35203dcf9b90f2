"""A graph as its file says it: nodes with places for what goes in and out, and the connections between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from overseer.jsonvalue import Json

NodeId: TypeAlias = str


@dataclass(frozen=True, slots=True)
class Port:
    """An input of a node; without a value it is left out where nothing is connected."""

    name: str
    value: Json = None


@dataclass(frozen=True, slots=True)
class Plain:
    """It is done once."""


@dataclass(frozen=True, slots=True)
class Condition:
    """Its result decides which nodes are done."""

    when_true: tuple[NodeId, ...] = ()
    when_false: tuple[NodeId, ...] = ()


@dataclass(frozen=True, slots=True)
class Loop:
    """The nodes from `back_to` up to it are done again and again."""

    kind: Literal["while", "for", "infinite"]
    limit: int
    back_to: NodeId


@dataclass(frozen=True, slots=True)
class Parallel:
    """It does nothing but start branches; its result is the list of theirs."""

    branches: tuple[tuple[NodeId, ...], ...]


@dataclass(frozen=True, slots=True)
class Event:
    """All that comes after it is done for every event."""

    on: Mapping[str, Json] = field(default_factory=dict)  # as the plan format has it


Mode: TypeAlias = Plain | Condition | Loop | Parallel | Event


@dataclass(frozen=True, slots=True)
class Node:
    """Something that is done, or that says how other nodes are done."""

    node_id: NodeId
    title: str
    tool: str  # nothing where it calls none
    inputs: tuple[Port, ...] | None  # None: as many as its tool has parameters
    outputs: tuple[str, ...]
    mode: Mode
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Connection:
    """A result, or a part of one, that goes to an input."""

    source: NodeId
    source_port: int
    target: NodeId
    target_port: int
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes by id, in the order of the file, and what connects them."""

    name: str
    nodes: Mapping[NodeId, Node]
    connections: tuple[Connection, ...]
