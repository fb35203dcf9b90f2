"""Graphs: ports, conditions, loops, branches and events; what they become, how they run, and what is refused."""

# ruff: noqa: E501 -- a case and what is said of it stand in one line
from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overseer import Engine
from overseer.running.run import RunResult
from overseer.tool import Tool, tool
from tests.fakes import Gate
from tests.frontends.forms import SIMPLE, complaints, document, read

Node = dict[str, Any]


def node(node_id: str, name: str, *inputs: Any, **more: Any) -> Node:
    metadata = more.pop("metadata", {})
    return {"nodeId": node_id, "name": name, "input": list(inputs), "metadata": metadata, **more}


def value(var: str, given: Any, kind: str | None = None) -> Node:
    return {"var": var, "value": given} | ({"type": kind} if kind else {})


def edge(source: str, target: str, out: int = 0, into: int = 0) -> Node:
    return {"sourceNodeId": source, "sourcePort": out, "targetNodeId": target, "targetPort": into}


def graph(nodes: list[Node], *connections: Node) -> str:
    """A graph file with a node to a line, the first in line 2."""
    lines = ",\n".join(json.dumps(each) for each in nodes)
    return f'{{"projectName": "g", "nodes": [\n{lines}\n], "connections": {json.dumps(list(connections))}}}'


def run(text: str, *more: Tool) -> RunResult:
    tools = {**SIMPLE, **{each.name: each for each in more}}
    checked = read(text, "g.json", tools)
    assert [str(fault) for fault in checked.faults] == []
    return Engine(tools.values()).run(checked.plan)


FIVE = node("five", "add", value("number", "5"), value("more", 0))


def test_a_diamond_runs_each_node_once_and_in_order() -> None:
    nodes = [FIVE, node("a", "double", "number"), node("b", "triple", "number"), node("end", "add", "number", "more")]
    text = graph(nodes, edge("five", "a"), edge("five", "b"), edge("a", "end"), edge("b", "end", into=1))
    result = run(text)
    assert result.output == 25
    assert set(result.values) == {"five", "a", "b", "end"}


def test_two_outputs_feed_two_targets() -> None:
    nodes = [
        node("p", "pair", value("text", "ab"), output=["same", "turned"]),
        node("j", "join", "first", "second"),
    ]
    assert run(graph(nodes, edge("p", "j", out=1), edge("p", "j", into=1))).output == "ba+ab"


def test_ports_by_name_as_older_files_have_them() -> None:
    nodes = [node("p", "pair", value("text", "ab"), output=["same", "turned"]), node("j", "join", "first", "second")]
    named = [
        {"sourceNodeId": "p", "sourceOutput": "turned", "targetNodeId": "j", "targetInput": "second"},
        {"sourceNodeId": "p", "targetNodeId": "j"},
    ]
    assert run(graph(nodes, *named)).output == "ab+ba"


@pytest.mark.parametrize(
    ("given", "kind", "meant"),
    [
        ("3", None, 3),
        ("3.5", None, 3.5),
        ("true", None, True),
        ("3", "string", "3"),
        ("true", "string", "true"),
        ("3", "number", 3.0),
        ("3", "integer", 3),
        ("false", "boolean", False),
        ("word", None, "word"),
        ("{{x}}", None, '{{"{{"}}x}}'),
        (7, None, 7),
    ],
)
def test_what_the_text_of_a_value_stands_for(given: Any, kind: str | None, meant: Any) -> None:
    @tool
    def take(it: Any) -> Any:
        """Take anything."""
        return it

    made = document(graph([node("n", "take", value("it", given, kind))]), "g.json", {"take": take})
    assert made["steps"][0]["args"] == {"it": meant}
    assert type(made["steps"][0]["args"]["it"]) is type(meant)


# --- conditions


def conditional(number: int) -> str:
    condition = {"execution_mode": "conditional", "true_path": ["big"], "false_path": ["small"]}
    nodes = [
        node("five", "add", value("number", number), value("more", 0)),
        node("check", "is_large", "number", metadata=condition),
        node("big", "double", "number"),
        node("small", "triple", "number"),
        node("after_big", "add", "number"),
    ]
    edges = [edge("five", each) for each in ("check", "big", "small")]
    return graph(nodes, *edges, edge("big", "after_big"))


def test_a_condition_takes_one_path_and_the_other_is_skipped_with_all_after_it() -> None:
    assert run(conditional(20)).output == {"small": None, "after_big": 50}
    assert run(conditional(5)).output == {"small": 15, "after_big": None}
    assert run(conditional(5)).status == "succeeded"


def test_a_condition_may_name_its_function_apart() -> None:
    mode = {"execution_mode": "conditional", "condition_func": "is_large", "true_path": ["b"]}
    nodes = [node("c", "Check the size", value("number", 1), metadata=mode), node("b", "double", value("number", 1))]
    assert document(graph(nodes), "g.json")["steps"][0]["tool"] == "is_large"


# --- loops


def looping(**loop: Any) -> str:
    mode = {"execution_mode": "loop", "loop_back_to": "up", **loop}
    nodes = [node("up", "count_up", "number"), node("test", "is_below_three", "number", metadata=mode), node("end", "double", "number")]  # fmt: skip
    return graph(nodes, edge("up", "test"), edge("up", "up"), edge("up", "end"))


def test_a_loop_goes_on_while_its_node_says_so_and_each_round_knows_the_one_before() -> None:
    assert run(looping()).output == 6


def test_a_loop_fails_at_its_limit() -> None:
    result = run(looping(max_iterations=2))
    assert result.status == "failed"
    assert "2" in str(result.failures["test_loop"].message)


def test_a_for_loop_has_so_many_rounds() -> None:
    assert run(looping(loop_type="for", max_iterations=7)).output == 14


@pytest.mark.parametrize(
    ("loop", "repeat"),
    [
        ({}, {"while": "{{test}}"}),
        ({"max_iterations": 10}, {"while": "{{test}}", "limit": 10}),
        ({"max_iterations": -1}, {"while": "{{test}}", "forever": True}),
        ({"loop_type": "infinite"}, {"forever": True}),
        ({"loop_type": "infinite", "max_iterations": -1}, {"forever": True}),
        ({"loop_type": "for", "max_iterations": 3}, {"limit": 3}),
    ],
)
def test_when_a_loop_ends(loop: dict[str, Any], repeat: dict[str, Any]) -> None:
    assert document(looping(**loop), "g.json")["steps"][0]["repeat"] == repeat


def test_loops_in_loops() -> None:
    inner = {"execution_mode": "loop", "loop_type": "for", "max_iterations": 3, "loop_back_to": "up"}
    outer = {"execution_mode": "loop", "loop_type": "for", "max_iterations": 2, "loop_back_to": "start"}
    nodes = [
        node("start", "count_up", "number"),
        node("up", "count_up", "number"),
        node("in", "double", "number", metadata=inner),
        node("out", "add", "number", "more", metadata=outer),
        node("end", "add", "number", "more"),
    ]
    text = graph(
        nodes,
        edge("start", "up"),
        edge("up", "in"),
        edge("in", "out"),
        edge("start", "out", into=1),
        edge("start", "start"),
        edge("out", "end"),
        edge("in", "end", into=1),
    )
    made = document(text, "g.json")
    [outer_step, end] = made["steps"]
    assert [step["step_id"] for step in outer_step["steps"]] == ["start", "in_loop", "out"]
    assert end["args"] == {"number": "{{out_loop.out}}", "more": "{{out_loop.in}}"}
    assert run(text).status == "succeeded"


# --- branches


def test_branches_overlap_and_their_results_are_a_list() -> None:
    gate = Gate(3)

    @tool
    def meet(number: float) -> float:
        """Wait for the others."""
        gate.pass_through()
        return number + 1

    mode = {"execution_mode": "parallel", "parallel_branches": [["a", "a2"], ["b"], ["c"]]}
    nodes = [
        FIVE,
        node("par", "Branches", "in", metadata=mode),
        node("a", "meet", "number"),
        node("a2", "double", "number"),
        node("b", "meet", "number"),
        node("c", "meet", "number"),
        node("sum", "total", "numbers"),
    ]
    edges = [edge("par", each) for each in ("a", "b", "c")]
    text = graph(nodes, edge("five", "par"), *edges, edge("a", "a2"), edge("par", "sum"))
    assert run(text, meet).output == 12 + 6 + 6


def test_all_branches_end_and_every_failure_is_told() -> None:
    @tool
    def fail(number: float) -> float:
        """Fail."""
        raise ValueError(f"no {number}")

    mode = {"execution_mode": "parallel", "parallel_branches": [["a"], ["b"], ["c"]]}
    nodes = [
        node("par", "Branches", metadata=mode),
        node("a", "fail", value("number", 1)),
        node("b", "fail", value("number", 2)),
        node("c", "double", value("number", 3)),
    ]
    result = run(graph(nodes), fail)
    assert (result.status, set(result.failures), result.values["c"]) == ("failed", {"a", "b"}, 6)


def test_a_condition_that_leads_to_branches() -> None:
    parallel = {"execution_mode": "parallel", "parallel_branches": [["a"], ["b"]]}
    condition = {"execution_mode": "conditional", "true_path": ["par"], "false_path": ["one"]}
    nodes = [
        node("check", "is_large", value("number", 5), metadata=condition),
        node("par", "Branches", metadata=parallel),
        node("a", "double", value("number", 1)),
        node("b", "double", value("number", 2)),
        node("one", "double", value("number", 3)),
    ]
    assert run(graph(nodes)).output == {"a": None, "b": None, "one": 6}


# --- events


@pytest.mark.parametrize(
    ("event", "on"),
    [
        ({"event_type": "timer", "interval": 0.1}, {"timer": "100ms", "limit": -1}),
        ({"event_type": "timer", "max_iterations": 5}, {"timer": "1s", "limit": 5}),
        ({"event_type": "file_change", "watch_path": "inbox"}, {"file": "inbox", "limit": -1}),
        ({"event_type": "http_request", "path": "/hook"}, {"http": "/hook", "limit": -1}),
    ],
)
def test_all_that_comes_after_an_event_is_done_for_each(event: dict[str, Any], on: dict[str, Any]) -> None:
    @tool
    def take(it: Any) -> Any:
        """Take anything."""
        return it

    nodes = [node("wait", "Wait", metadata={"execution_mode": "event", **event}), node("a", "take", "it"), node("b", "take", "it")]  # fmt: skip
    made = document(graph(nodes, edge("wait", "a"), edge("a", "b")), "g.json", {"take": take})
    [step] = made["steps"]
    assert (step["on"], [inner["args"]["it"] for inner in step["steps"]]) == (on, ["{{event}}", "{{a}}"])


def test_a_timer_fires_so_often() -> None:
    seen: list[Any] = []

    @tool
    def take(it: Any) -> Any:
        """Take anything."""
        seen.append(it)
        return it

    mode = {"execution_mode": "event", "event_type": "timer", "interval": 0.02, "max_iterations": 5}
    nodes = [node("tick", "Tick", metadata=mode), node("a", "take", "it")]
    assert run(graph(nodes, edge("tick", "a")), take).status == "succeeded"
    assert len(seen) == 5


# --- what is refused

A, B = node("a", "double", value("number", 1)), node("b", "double", "number")
LOOP = {"execution_mode": "loop"}


@pytest.mark.parametrize(
    ("nodes", "connections", "complaint"),
    [
        ([], [], "line 1: there are no nodes; a graph needs at least one"),
        ([A, A], [], "line 3, step 'a': there is another node of this id; give each an id of its own"),
        ([{"name": "double"}], [], "line 2: the node has no 'nodeId'"),
        ([5], [], "line 2: a node must be an object, not 5"),
        ([node("a", "dubble")], [], "line 2, step 'a': calls 'dubble', but there is no such tool; did you mean 'double'?"),
        ([node("a", "x", scriptPath="nodes/x.py", entryFunction="x_node")], [], "line 2, step 'a': calls 'x_node', but there is no such tool; put @tool before it in nodes/x.py, and name the folder of that file with --tools"),
        ([{**A, "colour": 1}], [], "line 2, step 'a': unknown key 'nodes[0].colour'; the keys here are: nodeId, name, entryFunction, input, output, ref, scriptPath, position, positionId, metadata"),
        ([A], [edge("a", "z")], "line 3: there is no node 'z'; the nodes are: a"),
        ([A, B], [edge("a", "b", into=1)], "line 4: there is no place 1 there; the places are 0 (number)"),
        ([A, B], [edge("a", "b", out=2)], "line 4: there is no place 2 there; the places are 0"),
        ([A, B], [edge("a", "b", out=-1)], "line 4: 'connections[0].sourcePort' must be a whole number from 0, not -1"),
        ([A, B], [edge("a", "b"), edge("a", "b")], "line 4, step 'b': two connections lead to its input 0; keep one of them"),
        ([A, B], [edge("a", "b"), edge("b", "a")], "line 2, step 'a': waits for itself: a -> b -> a; take one of these dependencies away"),
        ([node("a", "double", value("number", "x", "integer"))], [], "line 2, step 'a': \"x\" is not of the type 'integer'"),
        ([{**A, "metadata": {"execution_mode": "lop"}}], [], "line 2, step 'a': 'nodes[0].metadata.execution_mode' must be one of sequential, conditional, loop, parallel, event, not \"lop\"; did you mean 'loop'?"),
        ([{**A, "metadata": {"loop_back_to": "a"}}], [], "line 2, step 'a': unknown key 'nodes[0].metadata.loop_back_to'; the keys here are: execution_mode"),
        ([{**A, "metadata": {"execution_mode": "conditional"}}], [], "line 2, step 'a': the condition leads nowhere; give it a 'true_path' or a 'false_path'"),
        ([{**A, "metadata": {"execution_mode": "conditional", "true_path": ["z"]}}], [], "line 2, step 'a': names the node 'z', which does not exist; the nodes are: a"),
        ([{**A, "metadata": {**LOOP, "loop_type": "for", "max_iterations": -1}}], [], "line 2, step 'a': a 'for' loop needs a number of rounds; write infinite for one without end"),
        ([{**A, "metadata": {**LOOP, "loop_type": "infinite", "max_iterations": 5}}], [], "line 2, step 'a': an infinite loop has no 'max_iterations'; write while, or -1"),
        ([A, {**B, "metadata": {**LOOP, "loop_back_to": "a"}}], [], "line 3, step 'b': loops back to 'a', which does not lead to it; connect them"),
        ([{**A, "metadata": LOOP}], [edge("a", "a")], "line 2, step 'a': its input 'number' has a value, and a connection from the round before; take the value away: in the first round, the input is null"),
        ([{**A, "metadata": {"execution_mode": "parallel"}}], [], "line 2, step 'a': 'nodes[0].metadata.parallel_branches' must be a list of branches, each a list of node ids, not null"),
        ([{**A, "metadata": {"execution_mode": "event", "event_type": "timer"}}], [], "line 2, step 'a': nothing comes after this event; connect it"),
        ([{**A, "metadata": {"execution_mode": "event"}}, B], [edge("a", "b")], "line 2, step 'a': the event has no 'event_type'; write one of timer, file_change, http_request"),
    ],
)  # fmt: skip
def test_what_is_refused(nodes: list[Any], connections: list[Node], complaint: str) -> None:
    assert complaints(graph(nodes, *connections), "g.json") == [complaint]


def test_loops_that_cross_each_other_are_refused() -> None:
    nodes = [
        node("a", "double", "number"),
        node("b", "double", "number"),
        node("c", "double", "number", metadata={**LOOP, "loop_back_to": "a"}),
        node("d", "double", "number", metadata={**LOOP, "loop_back_to": "b"}),
    ]
    [complaint] = complaints(graph(nodes, edge("a", "b"), edge("b", "c"), edge("c", "d")), "g.json")
    assert complaint.endswith("repeat the same nodes: b, c; put one inside of the other, or apart")


def test_a_node_on_two_paths_is_refused() -> None:
    def mode(**paths: Any) -> dict[str, Any]:
        return {"execution_mode": "conditional", **paths}

    nodes = [
        node("x", "is_large", value("number", 1), metadata=mode(true_path=["b"])),
        node("y", "is_large", value("number", 1), metadata=mode(false_path=["b"])),
        node("b", "double", value("number", 1)),
    ]
    assert complaints(graph(nodes), "g.json") == [
        "line 4, step 'b': is on a path of 'x' and on another of 'y'; put a node of its own between"
    ]


def test_a_plan_in_json_is_still_a_plan() -> None:
    assert complaints('{"steps": [{"step_id": "a", "tool": "double", "args": {"number": 1}}]}', "p.json") == []


NAMES = ["a", "b", "c", "d"]
MODES: list[dict[str, Any]] = [
    {},
    {"execution_mode": "conditional", "true_path": ["a"], "false_path": ["b"]},
    {"execution_mode": "loop", "loop_back_to": "a"},
    {"execution_mode": "loop", "loop_back_to": "b", "max_iterations": 3},
    {"execution_mode": "parallel", "parallel_branches": [["a", "b"], ["c"]]},
    {"execution_mode": "event", "event_type": "timer"},
]


@given(
    st.lists(st.sampled_from(MODES), min_size=4, max_size=4),
    st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)), max_size=6),
)
def test_any_graph_is_a_plan_or_a_complaint(modes: list[dict[str, Any]], edges: list[tuple[str, str]]) -> None:
    nodes = [node(name, "double", "number", metadata=mode) for name, mode in zip(NAMES, modes, strict=True)]
    read(graph(nodes, *(edge(*ends) for ends in edges)), "g.json")
