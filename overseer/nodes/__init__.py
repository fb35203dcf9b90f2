"""The engine's side of `node_runtime`: programs that call tools over a socket."""

from overseer.nodes.connection import Allowance, NodeConnection, NodeDoor
from overseer.nodes.server import NodeServer

__all__ = ["Allowance", "NodeConnection", "NodeDoor", "NodeServer"]
