"""Plans in the plan format: good ones in every form, and bad ones with what is said of them."""

from __future__ import annotations

from typing import Any

Document = dict[str, Any]

BODY: list[Document] = [{"step_id": "b", "tool": "t"}]


def step(**keys: Any) -> Document:
    """A plan of one step that has these keys."""
    return {"steps": [{"step_id": "a", **keys}]}


def call(**keys: Any) -> Document:
    return step(tool="t", **keys)


def scope(**keys: Any) -> Document:
    return step(steps=BODY, **keys)


GOOD: list[Document] = [
    call(),
    step(tool_name="t"),
    step(description="only words"),
    step(code="count words", tools=["t", "u"], args={"text": "{{inputs.x}}"}) | {"inputs": {"x": "string"}},
    call(description="d", depends_on=[], parallel_group=None, on_error="partial", timeout="1h30m", outputs=["x"]),
    call(depends_on="b", parallel_group=2, on_error="continue", timeout=0.5, outputs={"x": "list", "y": "any"}),
    call(parallel_group="name", retry=3, outputs="x"),
    call(retry={"attempts": 2, "on": ["timeout", "tool"], "delay": 0}),
    call(retry={"on": "timeout", "delay": "250ms"}),
    call(when="{{b}}"),
    call(when={"ref": "{{b.score}}", "op": "gt", "value": 0.8}),
    call(when={"ref": "{{b}}", "op": "in", "value": ["x", "{{c}}"]}),
    call(when={"ref": "{{b}}", "op": "eq", "value": None}),
    call(when={"ref": "{{b}}"}),
    call(args={"a": [1, {"b": None}], "any key": "text"}),
    scope(),
    scope(output={"x": "{{b}}"}),
    scope(for_each="{{c}}", width=3),
    scope(for_each=[1, "{{c}}"]),
    scope(for_each=[]),
    scope(iterations=5),
    scope(iterations="{{c.count}}", width=1),
    scope(repeat={"until": "{{last}}"}),
    scope(repeat={"while": {"ref": "{{last}}", "op": "lt", "value": 3}, "limit": 10, "at_limit": "stop"}),
    scope(repeat={"limit": 3}),
    scope(repeat={"forever": True, "until": "{{b}}"}),
    scope(repeat={"limit": 3, "forever": False}),
    scope(on={"timer": "5s", "limit": 3}, width=2),
    scope(on={"file": "inbox/{{inputs.x}}", "limit": -1}),
    scope(on={"http": "/hook", "until": "{{event}}"}),
    scope(budget={"requests": 20, "tokens": "50k", "cost": 0.5, "time": "10m"}),
    scope(for_each="{{c}}", budget={"rpm_multiplier": 0.5, "tpm_multiplier": 1, "rpd_multiplier": 0.01}),
    scope(budget={"requests": 0, "tokens": "1.5M", "cost": "$2", "time": 90}),
    scope(budget={}),
    step(workflow="other", budget={"cost": 0}, plan={"steps": BODY, "budget": {"cost": 1}}),
    {"steps": BODY, "budget": {"requests": 20.0, "cost": "0.005"}},
    step(workflow="other", args={"x": 1}),
    step(workflow="flows/other.yaml", for_each="{{c}}"),
    step(workflow="other", plan={"name": "other", "inputs": {"x": None}, "steps": BODY, "output": "{{b}}"}),
    {
        "name": "n",
        "description": "d",
        "inputs": {
            "topic": {"type": "string", "default": "cats", "description": "what about"},
            "short": "integer",
            "list": "list",
            "free": {},
            "optional": {"type": "object", "required": False},
        },
        "steps": BODY,
        "output": ["{{b}}"],
        "on_error": "fail_fast",
    },
]

# A document, and the faults that reading it finds.
BAD: list[tuple[Any, list[str]]] = [
    ([], ["a plan must be a mapping, not a list; put the list under 'steps:'"]),
    ("text", ["a plan must be a mapping with 'steps', not \"text\""]),
    (None, ["a plan must be a mapping with 'steps', not null"]),
    ({}, ["there is no 'steps'; list what is to be done under 'steps:'"]),
    ({"steps": 5}, ["'steps' must be a list, not 5"]),
    (
        {"step": BODY},
        ["unknown key 'step'; did you mean 'steps'?", "there is no 'steps'; list what is to be done under 'steps:'"],
    ),
    ({"steps": BODY, "name": 5}, ["'name' must be text, not 5; write \"5\""]),
    (
        {"steps": BODY, "on_error": "continue"},
        ["'on_error' must be one of fail, fail_fast, not \"continue\""],
    ),
    # inputs
    ({"steps": BODY, "inputs": ["x"]}, ["'inputs' must be a mapping of names to values, not [\"x\"]"]),
    (
        {"steps": BODY, "inputs": {"a b": "string"}},
        ["the input 'a b' needs a name of letters, digits, '_' and '-'"],
    ),
    (
        {"steps": BODY, "inputs": {"x": "strin"}},
        [
            "'inputs.x' must be one of string, integer, number, boolean, array, object, any, not \"strin\"; "
            "did you mean 'string'?"
        ],
    ),
    (
        {"steps": BODY, "inputs": {"x": {"typ": "string"}}},
        ["unknown key 'inputs.x.typ'; did you mean 'type'?"],
    ),
    ({"steps": BODY, "inputs": {"x": 5}}, ["'inputs.x' must be a type, or a mapping with 'type' and 'default', not 5"]),
    ({"steps": BODY, "inputs": {"x": {"required": "yes"}}}, ["'inputs.x.required' must be true or false, not \"yes\""]),
    # steps
    ({"steps": [5]}, ["step 1: a step must be a mapping with 'step_id', not 5"]),
    ({"steps": [{"tool": "t"}]}, ["step 1: has no 'step_id'; give it a short name that other steps can use"]),
    ({"steps": [{"step_id": 1, "tool": "t"}]}, ["step 1: 'step_id' must be text, not 1; write \"1\""]),
    ({"steps": [{"step_id": "", "tool": "t"}]}, ["step 1: 'step_id' is empty"]),
    (step(), ["step 'a': does nothing; give it one of: tool, code, steps, workflow"]),
    (step(description=5), ["step 'a': 'description' must be text, not 5; write \"5\""]),
    (step(tool=""), ["step 'a': 'tool' is empty"]),
    (call(descripton="d"), ["step 'a': unknown key 'descripton'; did you mean 'description'?"]),
    (
        call(zzz=1),
        [
            "step 'a': unknown key 'zzz'; the keys here are: step_id, description, tool, tool_name, code, tools, args, "
            "depends_on, parallel_group, when, on_error, timeout, retry, outputs, for_each, iterations, repeat, on, "
            "width, budget, steps, output, workflow, plan"
        ],
    ),
    (call(code="x"), ["step 'a': has both 'tool' and 'code'; a step does one thing: make it two steps"]),
    (call(tool_name="t"), ["step 'a': has both 'tool' and 'tool_name'; keep one of them"]),
    (scope(workflow="w"), ["step 'a': has both 'steps' and 'workflow'; a step does one thing: make it two steps"]),
    (call(tools=["u"]), ["step 'a': 'tools' goes with 'code' only; it lists what the code may call"]),
    (call(args=["x"]), ["step 'a': 'args' must be a mapping of names to values, not [\"x\"]"]),
    (call(depends_on=[1]), ["step 'a': 'depends_on' must be a list of names, not [1]"]),
    (call(parallel_group=1.5), ["step 'a': 'parallel_group' must be a whole number, text or null, not 1.5"]),
    (call(on_error="ignore"), ["step 'a': 'on_error' must be one of fail, continue, partial, not \"ignore\""]),
    (
        call(timeout="5 parsecs"),
        [
            "step 'a': 'timeout' is wrong: \"5 parsecs\" is not a duration; "
            "write a number with ms, s, m, h or d, such as 5s or 1h30m"
        ],
    ),
    (call(timeout=0), ["step 'a': 'timeout' must be longer than nothing, not 0"]),
    (
        call(timeout=[]),
        ["step 'a': 'timeout' must be a duration such as 5s, 250ms or 1h30m, or a number of seconds"],
    ),
    (call(retry=0), ["step 'a': 'retry' must be a whole number of at least 1, not 0"]),
    (
        call(retry="often"),
        ["step 'a': 'retry' must be a mapping with keys such as attempts, on, delay, not \"often\""],
    ),
    (
        call(retry={"attempts": True}),
        ["step 'a': 'retry.attempts' must be a whole number of at least 1, not true"],
    ),
    (call(retry={"on": ["timeot"]}), ["step 'a': 'timeot' is not a kind of failure; did you mean 'timeout'?"]),
    (call(outputs=5), ["step 'a': 'outputs' must be a list of names, not 5"]),
    # guards
    (call(when="score"), ["step 'a': 'when' must be a reference, not \"score\"; write \"{{score}}\""]),
    (
        call(when=True),
        ["step 'a': 'when' must be a guard such as {ref: \"{{step}}\", op: gt, value: 1} or \"{{step}}\", not true"],
    ),
    (
        call(when={"ref": 5, "op": "gt", "value": 1}),
        ["step 'a': 'when.ref' must be a reference such as \"{{step}}\", not 5"],
    ),
    (
        call(when={"op": "gt", "value": 1}),
        ["step 'a': 'when' has no 'ref'; say what to look at, such as ref: \"{{step.score}}\""],
    ),
    (
        call(when={"ref": "{{b}}", "op": ">", "value": 1}),
        ["step 'a': 'when.op' must be one of eq, ne, lt, le, gt, ge, in, contains, truthy, not \">\"; write gt"],
    ),
    (
        call(when={"ref": "{{b}}", "op": "gtt", "value": 1}),
        [
            "step 'a': 'when.op' must be one of eq, ne, lt, le, gt, ge, in, contains, truthy, "
            "not \"gtt\"; did you mean 'gt'?"
        ],
    ),
    (call(when="score > 3"), ["step 'a': 'when' must be a reference, not \"score > 3\""]),
    (call(when={"ref": "{{b}}", "op": "gt"}), ["step 'a': 'when' has no 'value' for 'gt' to compare with"]),
    (
        call(when={"ref": "{{b}}", "value": 1}),
        ["step 'a': 'when' has a 'value' but no 'op'; add one of eq, ne, lt, le, gt, ge, in, contains"],
    ),
    (
        call(when={"ref": "{{b}}", "op": "truthy", "value": 1}),
        ["step 'a': 'truthy' compares with nothing; take 'value' away, or choose another 'op'"],
    ),
    # scopes
    (
        call(for_each="{{c}}"),
        ["step 'a': 'for_each' needs a body; put what it applies to under 'steps:', or name a 'workflow:'"],
    ),
    (
        scope(for_each=[1], iterations=2),
        ["step 'a': has both 'for_each' and 'iterations'; put one scope inside the other"],
    ),
    (
        scope(for_each="list"),
        ["step 'a': 'for_each' must be a list, or a reference to one, not \"list\"; write \"{{list}}\""],
    ),
    (
        scope(for_each={"a": 1}),
        ["step 'a': 'for_each' must be a list, or a reference to one, not {\"a\": 1}"],
    ),
    (
        scope(iterations=0),
        ["step 'a': 'iterations' must be a whole number of at least 1, or a reference to one, not 0"],
    ),
    (
        scope(repeat={}),
        [
            "step 'a': 'repeat' does not say when to end; "
            "add 'until' or 'while' with a guard, or 'limit' for so many rounds"
        ],
    ),
    (
        scope(repeat={"until": "{{b}}", "while": "{{b}}"}),
        ["step 'a': has both 'until' and 'while'; keep one of them"],
    ),
    (
        scope(repeat={"forever": True, "limit": 3}),
        ["step 'a': has both 'limit' and 'forever'; keep one of them"],
    ),
    (
        scope(repeat={"limit": -1}),
        ["step 'a': 'repeat.limit' must be a whole number of at least 1, not -1; write forever: true"],
    ),
    (
        scope(repeat={"limit": 3, "at_limit": "halt"}),
        ["step 'a': 'repeat.at_limit' must be one of fail, stop, not \"halt\""],
    ),
    (scope(on={"limit": 3}), ["step 'a': 'on' does not say what to wait for; add one of timer, file, http"]),
    (
        scope(on={"timer": "5s", "file": "x"}),
        ["step 'a': has both 'timer' and 'file'; one scope listens for one thing: use a step for each"],
    ),
    (scope(on={"file": 5}), ["step 'a': 'on.file' must be the path of a file or folder, not 5"]),
    (scope(on="timer"), ["step 'a': 'on' must be a mapping with keys such as timer, file, http, not \"timer\""]),
    (
        scope(repeat="often"),
        ["step 'a': 'repeat' must be a mapping with keys such as until, while, limit, not \"often\""],
    ),
    (
        scope(on={"http": "hook"}),
        ["step 'a': 'on.http' must be a fixed path that starts with '/', such as /hook, not \"hook\""],
    ),
    (
        scope(on={"timer": "5s", "limit": -2}),
        ["step 'a': 'on.limit' must be a whole number of at least 1, or -1 for no limit, not -2"],
    ),
    (scope(width=2), ["step 'a': 'width' has nothing to limit; it goes with for_each, iterations or on"]),
    (
        scope(repeat={"limit": 2}, width=2),
        ["step 'a': 'width' has nothing to limit; it goes with for_each, iterations or on"],
    ),
    # budgets
    (
        call(budget={"requests": 1}),
        [
            "step 'a': 'budget' needs a body; put it on the plan, on a scope, "
            "or on a step with what it is for under 'steps:'"
        ],
    ),
    (
        {"steps": BODY, "budget": 5},
        ["'budget' must be a mapping with keys such as requests, tokens, cost, not 5"],
    ),
    (
        scope(budget={"request": 1, "requests": "ten", "tokens": -1, "cost": "cheap", "time": "soon"}),
        [
            "step 'a': unknown key 'budget.request'; did you mean 'requests'?",
            "step 'a': 'budget.requests' must be a whole number, such as 10 or 20k, not \"ten\"",
            "step 'a': 'budget.tokens' must be a whole number, such as 10 or 20k, not -1",
            "step 'a': 'budget.cost' must be dollars, such as 0.50, not \"cheap\"",
            "step 'a': 'budget.time' is wrong: \"soon\" is not a duration; "
            "write a number with ms, s, m, h or d, such as 5s or 1h30m",
        ],
    ),
    (
        {"steps": BODY, "budget": {"rpm_multiplier": 0, "tpm_multiplier": 1.5, "rpd_multiplier": True}},
        [
            "'budget.rpm_multiplier' must be a number above 0 and up to 1, not 0",
            "'budget.tpm_multiplier' must be a number above 0 and up to 1, not 1.5",
            "'budget.rpd_multiplier' must be a number above 0 and up to 1, not true",
        ],
    ),
    (
        {"steps": BODY, "budget": {"requests": 1.5, "time": 0}},
        [
            "'budget.requests' must be a whole number, such as 10 or 20k, not 1.5",
            "'budget.time' must be longer than nothing, not 0",
        ],
    ),
    (
        scope(args={"x": 1}),
        ["step 'a': 'args' has no use beside 'steps'; the steps of the body can read everything around them"],
    ),
    (scope(plan={"steps": BODY}), ["step 'a': 'plan' goes with 'workflow' only"]),
    (
        step(workflow="w", output="{{b}}"),
        ["step 'a': 'output' goes with 'steps' only; a workflow says itself what it gives back"],
    ),
    (
        step(workflow="w", plan={"steps": [{"step_id": "c"}], "foo": 1}),
        [
            "step 'a': unknown key 'plan.foo'; the keys here are: name, description, inputs, budget, steps, output, "
            "on_error",
            "step 'c': does nothing; give it one of: tool, code, steps, workflow",
        ],
    ),
]

# What only the reader can tell, since a schema sees neither inside of texts nor across them.
BAD_IN_DETAIL: list[tuple[Any, list[str]]] = [
    (
        scope(budget={"requests": "1.5", "tokens": "9999999999M"}),
        [
            "step 'a': 'budget.requests' must be a whole number, such as 10 or 20k, not \"1.5\"",
            "step 'a': 'budget.tokens' must be a whole number, such as 10 or 20k, not \"9999999999M\"",
        ],
    ),
    (step(description=" "), ["step 'a': does nothing; give it one of: tool, code, steps, workflow"]),
    (
        {"steps": BODY, "inputs": {"x": {"type": "integer", "default": "one"}}},
        ["'inputs.x.default' must be a whole number, not \"one\""],
    ),
    (
        call(args={"x": "{{b", "y": ["{{1 2}}"]}),
        [
            "step 'a': 'args.x': '{{b' has no closing '}}'; for literal braces write {{\"{{\"}}",
            "step 'a': 'args.y[0]': '{{1 2}}' is not a reference; write {{step}}, {{step.field}}, {{step[0]}} "
            'or {{inputs.name}}; for literal braces write {{"{{"}}',
        ],
    ),
    (
        call(when={"ref": "{{b}}", "op": "in", "value": 5}),
        ["step 'a': 'when.value' must be a list, text or a reference, to look for something in it, not 5"],
    ),
    (
        call(timeout="30m1h"),
        ["step 'a': 'timeout' is wrong: \"30m1h\" must name each unit once, the largest first, as in 1h30m"],
    ),
    (
        scope(for_each="{{c}} and more"),
        ["step 'a': 'for_each' must be a list, or a reference to one, not \"{{c}} and more\""],
    ),
    (
        scope(on={"http": "/{{c}}"}),
        ["step 'a': 'on.http' must be a fixed path that starts with '/', such as /hook, not \"/{{c}}\""],
    ),
]
