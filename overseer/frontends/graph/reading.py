"""Reading a graph from its document: every slip is a fault with its line, and none is guessed away."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from overseer.frontends.graph.grammar import (
    CONNECTION_KEYS,
    EVENTS,
    GRAPH_KEYS,
    INPUT_KEYS,
    LOOPS,
    MODE_KEYS,
    NODE_KEYS,
    TYPES,
)
from overseer.frontends.graph.values import Condition, Connection, Event, Graph, Loop, Mode, Node, Parallel, Plain, Port
from overseer.jsonvalue import Json
from overseer.plan.faults import Fault, line_at
from overseer.plan.fields import Fields, Findings, Place, is_whole
from overseer.plan.grammar import Key
from overseer.plan.suggestions import did_you_mean
from overseer.plan.values import DEFAULT_ROUNDS, UNLIMITED
from overseer.plan.wording import shown

if TYPE_CHECKING:
    from overseer.tool import Tool

_NUMBER = re.compile(r"[+-]?(\d+)(\.\d+)?([eE][+-]?\d+)?")


class GraphReader:
    """Reads one graph. The tools say which of a node's names is the tool that it calls."""

    def __init__(self, findings: Findings, tools: Mapping[str, Tool]) -> None:
        self._findings = findings
        self._tools = tools
        self._nodes: dict[str, Node] = {}

    def graph(self, value: Mapping[str, Json]) -> Graph:
        fields = Fields(value, Place(), GRAPH_KEYS, self._findings)
        for index, item in enumerate(fields.listing("nodes")):
            self._add(item, Place(("nodes", index)))
        connections = [
            self._connection(item, Place(("connections", index)))
            for index, item in enumerate(fields.listing("connections"))
        ]
        if not self._nodes and not self._findings.faults:
            fields.fault("nodes", "there are no nodes", "a graph needs at least one")
        self._require_known()
        return Graph(fields.text("projectName"), self._nodes, tuple(each for each in connections if each is not None))

    # --- nodes

    def _add(self, value: Json, at: Place) -> None:
        if not isinstance(value, dict):
            self._findings.fault(at, f"a node must be an object, not {shown(value)}")
            return
        node_id = value.get("nodeId")
        at = Place(at.where, node_id if isinstance(node_id, str) and node_id else None)
        fields = Fields(value, at, NODE_KEYS, self._findings)
        if at.step_id is None:
            fields.fault("nodeId", "the node has no 'nodeId'")
            return
        if at.step_id in self._nodes:
            fields.fault("nodeId", "there is another node of this id", "give each an id of its own")
            return
        mode, function = self._mode(fields)
        self._nodes[at.step_id] = Node(
            at.step_id,
            fields.text("name") or at.step_id,
            self._tool(fields, mode, function),
            self._ports(fields),
            fields.texts("output"),
            mode,
            line_at(self._findings.lines, at.where),
        )

    def _tool(self, fields: Fields, mode: Mode, function: str) -> str:
        """The tool that a node calls; nothing where its mode has none."""
        entry, name = fields.text("entryFunction"), fields.text("name")
        if isinstance(mode, Parallel | Event):
            if entry:
                what = "starts branches" if isinstance(mode, Parallel) else "waits for events"
                self._findings.notes.append(f"node '{fields.at.step_id}' only {what}: '{entry}' is not called")
            return ""
        wanted = [function] if function else [each for each in (entry, entry.removesuffix("_node"), name) if each]
        for each in wanted:
            if each in self._tools:
                return each
        if not wanted:
            fields.fault(
                None, "the node names nothing to call", "give it an 'entryFunction' or a 'name': that of a tool"
            )
            return ""
        script = fields.text("scriptPath")
        help = did_you_mean(wanted[0], self._tools)
        if script:
            help = f"put @tool before it in {script}, and name the folder of that file with --tools"
        fields.fault("entryFunction", f"calls '{wanted[0]}', but there is no such tool", help)
        return wanted[0]

    def _ports(self, fields: Fields) -> tuple[Port, ...] | None:
        if "input" not in fields:
            return None
        at = fields.at / "input"
        return tuple(self._port(item, at / index) for index, item in enumerate(fields.listing("input")))

    def _port(self, value: Json, at: Place) -> Port:
        if isinstance(value, str):
            return Port(value)
        if not isinstance(value, dict):
            self._findings.fault(at, f"an input must be a name or an object with 'var', not {shown(value)}")
            return Port("")
        fields = Fields(value, at, INPUT_KEYS, self._findings)
        if "var" not in fields:
            fields.fault(None, "the input has no 'var'", "say which argument of the tool it is")
        return Port(fields.text("var"), self._typed(fields))

    def _typed(self, fields: Fields) -> Json:
        """The value that the text of an input stands for: of its type, or else as it looks."""
        value, kind = fields.get("value"), fields.choice("type", TYPES, "")
        if not isinstance(value, str) or kind == "string":
            return str(value) if kind == "string" and isinstance(value, int | float) else value
        text = value.strip()
        number = _NUMBER.fullmatch(text)
        if text.lower() in ("true", "false") and kind in ("", "boolean"):
            return text.lower() == "true"
        if number and kind in ("", "integer", "int") and number.groups()[1:] == (None, None):
            return int(text)
        if number and kind in ("", "number", "float"):
            return float(text)
        if kind and text:
            fields.fault("value", f"{shown(value)} is not of the type '{kind}'")
        return value if text or not kind else None

    # --- modes

    def _mode(self, node: Fields) -> tuple[Mode, str]:
        """How a node is carried out, and the function that it calls where its mode names one."""
        value = node.mapping("metadata")
        name = node.findings.choice(
            node.at / "metadata" / "execution_mode", value.get("execution_mode", "sequential"), tuple(MODE_KEYS), ""
        )
        known = {key: Key("value", "") for key in ("execution_mode", *MODE_KEYS.get(name, ()))}
        if not name:
            return Plain(), ""
        fields = Fields(value, node.at / "metadata", known, self._findings)
        match name:
            case "conditional":
                if not fields.given(("true_path", "false_path")):
                    fields.fault(None, "the condition leads nowhere", "give it a 'true_path' or a 'false_path'")
                return Condition(fields.texts("true_path"), fields.texts("false_path")), fields.text("condition_func")
            case "loop":
                return self._loop(fields, node.at.step_id or ""), ""
            case "parallel":
                return Parallel(self._branches(fields)), ""
            case "event":
                return self._event(fields), ""
            case _:
                return Plain(), ""

    def _loop(self, fields: Fields, node_id: str) -> Loop:
        default: str = "while"
        kind = fields.choice("loop_type", LOOPS, default)
        limit = fields.count("max_iterations", special=UNLIMITED)
        if kind == "infinite" and limit not in (None, UNLIMITED):
            fields.fault("max_iterations", "an infinite loop has no 'max_iterations'", "write while, or -1")
        limit = UNLIMITED if kind == "infinite" else limit or DEFAULT_ROUNDS
        if kind == "for" and limit == UNLIMITED:
            fields.fault(
                "max_iterations", "a 'for' loop needs a number of rounds", "write infinite for one without end"
            )
        return Loop(kind, limit, fields.text("loop_back_to") or node_id)  # type: ignore[arg-type]

    def _branches(self, fields: Fields) -> tuple[tuple[str, ...], ...]:
        value = fields.get("parallel_branches")
        if not isinstance(value, list) or not value or not all(_is_branch(branch) for branch in value):
            fields.misfit("parallel_branches", "a list of branches, each a list of node ids")
            return ()
        return tuple(tuple(map(str, branch)) for branch in value if isinstance(branch, list))

    def _event(self, fields: Fields) -> Event:
        kind = fields.choice("event_type", EVENTS, "")
        on: dict[str, Json] = {"limit": fields.count("max_iterations", special=UNLIMITED) or UNLIMITED}
        match kind:
            case "timer":
                on["timer"] = fields.get("interval") if "interval" in fields else 1.0
            case "file_change":
                on["file"] = fields.text("watch_path") or "."
            case "http_request":
                on["http"] = fields.text("path") or "/"
            case _ if "event_type" not in fields:
                fields.fault(None, "the event has no 'event_type'", f"write one of {', '.join(EVENTS)}")
        return Event(on)

    # --- connections

    def _connection(self, value: Json, at: Place) -> Connection | None:
        if not isinstance(value, dict):
            self._findings.fault(at, f"a connection must be an object, not {shown(value)}")
            return None
        fields = Fields(value, at, CONNECTION_KEYS, self._findings)
        source, target = self._end(fields, "sourceNodeId"), self._end(fields, "targetNodeId")
        if source is None or target is None:
            return None
        line = line_at(self._findings.lines, at.where)
        out = self._place(fields, "sourcePort", "sourceOutput", source.outputs)
        into = self._place(fields, "targetPort", "targetInput", input_names(target, self._tools))
        return Connection(source.node_id, out, target.node_id, into, line)

    def _end(self, fields: Fields, key: str) -> Node | None:
        node_id = fields.text(key)
        if node_id not in self._nodes:
            fields.fault(key, f"there is no node '{node_id}'", did_you_mean(node_id, self._nodes, "the nodes are"))
        return self._nodes.get(node_id)

    def _place(self, fields: Fields, by_number: str, by_name: str, names: tuple[str, ...]) -> int:
        if by_name in fields and by_number not in fields:
            name = fields.text(by_name)
            if name not in names:
                fields.fault(by_name, f"there is no '{name}' there", did_you_mean(name, names, "there are"))
                return 0
            return names.index(name)
        place = fields.get(by_number) if by_number in fields else 0
        if not is_whole(place) or not isinstance(place, int) or place < 0:
            fields.misfit(by_number, "a whole number from 0")
            return 0
        if place >= max(1, len(names)):
            fields.fault(
                by_number,
                f"there is no place {place} there",
                f"the places are {', '.join(f'{i} ({n})' for i, n in enumerate(names)) or '0'}",
            )
            return 0
        return place

    def _require_known(self) -> None:
        """A fault for every node that another names, and that there is not."""
        for node in self._nodes.values():
            for other in named_by(node.mode):
                if other not in self._nodes:
                    help = did_you_mean(other, self._nodes, "the nodes are")
                    problem = f"names the node '{other}', which does not exist"
                    self._findings.faults.append(Fault(problem, help, node.node_id, (), node.line))


def _is_branch(value: Json) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(each, str) and each for each in value)


def named_by(mode: Mode) -> tuple[str, ...]:
    """The nodes that a mode names."""
    match mode:
        case Condition(when_true=yes, when_false=no):
            return (*yes, *no)
        case Loop(back_to=back_to):
            return (back_to,)
        case Parallel(branches=branches):
            return tuple(node for branch in branches for node in branch)
        case _:
            return ()


def input_names(node: Node, tools: Mapping[str, Tool]) -> tuple[str, ...]:
    """The inputs of a node by place: its own, or else the parameters of its tool."""
    if node.inputs is not None:
        return tuple(port.name for port in node.inputs)
    tool = tools.get(node.tool)
    return tuple(tool.parameters.get("properties", {})) if tool is not None else ()
