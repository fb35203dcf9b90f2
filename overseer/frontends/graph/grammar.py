"""The keys of a graph file."""

from __future__ import annotations

from overseer.plan.grammar import Key, Keys

GRAPH_KEYS: Keys = {
    "projectId": Key("text", "its id"),
    "projectName": Key("text", "what it is called"),
    "projectPath": Key("text", "where it was saved"),
    "metadata": Key("args", "whatever its editor notes"),
    "nodes": Key("steps", "what is to be done"),
    "connections": Key("steps", "which result goes where"),
}

NODE_KEYS: Keys = {
    "nodeId": Key("id", "its id"),
    "name": Key("text", "what it is called, or the tool that it calls"),
    "entryFunction": Key("text", "the tool that it calls"),
    "input": Key("steps", "what it takes, by place"),
    "output": Key("texts", "what it gives, by place"),
    "ref": Key("text", "whose node it is"),
    "scriptPath": Key("text", "the file that has its function"),
    "position": Key("args", "where it is drawn"),
    "positionId": Key("text", "where it is drawn"),
    "metadata": Key("args", "how it is carried out"),
}

INPUT_KEYS: Keys = {
    "var": Key("text", "the argument of the tool"),
    "value": Key("value", "what it is where nothing is connected"),
    "type": Key("text", "what its text stands for"),
}

CONNECTION_KEYS: Keys = {
    "connectionId": Key("text", "its id"),
    "sourceNodeId": Key("text", "whose result"),
    "sourcePort": Key("count", "which part of it, from 0"),
    "sourceOutput": Key("text", "which part of it, by name"),
    "targetNodeId": Key("text", "who takes it"),
    "targetPort": Key("count", "as which input, from 0"),
    "targetInput": Key("text", "as which input, by name"),
}

# By mode, what may be said of it beside `execution_mode`.
MODE_KEYS: dict[str, tuple[str, ...]] = {
    "sequential": (),
    "conditional": ("condition_func", "true_path", "false_path"),
    "loop": ("loop_type", "max_iterations", "loop_back_to"),
    "parallel": ("parallel_branches",),
    "event": ("event_type", "interval", "watch_path", "path", "max_iterations"),
}
LOOPS = ("while", "for", "infinite")
EVENTS = ("timer", "file_change", "http_request")
TYPES = ("number", "float", "integer", "int", "boolean", "string")
