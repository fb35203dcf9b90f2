"""Plan files: read, linked, completed and checked, with all faults of all files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from overseer.errors import PlanError
from overseer.plan import Limits, check_draft, check_plan, load_plan, plan_hash, read_plan
from overseer.plan.references import Ref
from overseer.plan.values import Each, Scope, WorkflowPlan
from overseer.tool import Tool, tool


@tool
def t(x: Any = None) -> Any:
    return x


TOOLS: dict[str, Tool] = {"t": t}

STEP = "steps:\n  - {step_id: a, tool: t}\n"


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def calls(*names: str, **keys: str) -> str:
    """A plan that runs these workflows."""
    extra = "".join(f", {key}: {value}" for key, value in keys.items())
    return "steps:\n" + "".join(f"  - {{step_id: s{n}, workflow: {name}{extra}}}\n" for n, name in enumerate(names))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def complaints(path: str, **options: Any) -> list[str]:
    return [str(fault) for fault in check_plan(path, tools=TOOLS, **options).faults]


def body_of(plan: WorkflowPlan, step_id: str) -> WorkflowPlan:
    (action,) = (step.action for step in plan.steps if step.step_id == step_id)
    assert isinstance(action, Scope)
    assert action.body is not None
    return action.body


# --- one file


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("p.yaml", STEP.encode()),
        ("p.yml", b"\xef\xbb\xbf" + STEP.encode()),
        ("p.json", b'{"steps": [{"step_id": "a", "tool": "t"}]}'),
        ("p", STEP.replace("\n", "\r\n").encode()),
    ],
)
def test_loading_a_file(folder: Path, name: str, content: bytes) -> None:
    (folder / name).write_bytes(content)
    loaded = load_plan(name, tools=TOOLS)
    assert [step.step_id for step in loaded.plan.steps] == ["a"]
    assert loaded.hash == plan_hash(loaded.plan)
    assert loaded.notes == ()
    assert load_plan(folder / name).plan == loaded.plan


def test_notes_tell_what_was_added(folder: Path) -> None:
    write(
        folder,
        {"p.yaml": "steps:\n  - {step_id: a, description: think}\n  - {step_id: b, tool: t, args: {x: '{{a}}'}}\n"},
    )
    assert load_plan("p.yaml").notes == (
        "step 'a' names no tool: code will be written for it",
        "dependencies added from what steps read: b on a",
    )


def test_all_faults_are_raised_together_in_the_order_of_the_text(folder: Path) -> None:
    write(
        folder,
        {
            "p.yaml": "nam: x\n"
            "steps:\n"
            "  - step_id: a\n"
            "    tool: tt\n"
            "    timeout: soon\n"
            "  - tool: t\n"
            "    args: {x: '{{b}}', y: 1}\n"
        },
    )
    with pytest.raises(PlanError) as refusal:
        load_plan("p.yaml", tools=TOOLS)
    assert str(refusal.value) == (
        "p.yaml has 6 faults:\n"
        "  line 1: unknown key 'nam'; did you mean 'name'?\n"
        "  line 4, step 'a': there is no tool 'tt'; did you mean 't'?\n"
        "  line 5, step 'a': 'timeout' is wrong: \"soon\" is not a duration; "
        "write a number with ms, s, m, h or d, such as 5s or 1h30m\n"
        "  line 6, step 2: has no 'step_id'; give it a short name that other steps can use\n"
        "  line 7, step 'unnamed_2': reads {{b}}, but there is no step 'b'; the steps to read are: a\n"
        "  line 7, step 'unnamed_2': there is no argument 'y'; there may be: x"
    )


def test_what_could_not_be_read_is_not_complained_about_twice(folder: Path) -> None:
    write(folder, {"p.yaml": "steps:\n  - {step_id: 5, tool: t, args: {x: '{{'}, depends_on: 7}\n  - text\n"})
    assert len(complaints("p.yaml")) == 4


@pytest.mark.parametrize("text", ["", "steps: [", "steps: 5", "steps: []", "[]", "5"])
def test_a_file_with_nothing_in_it_is_one_fault(folder: Path, text: str) -> None:
    write(folder, {"p.yaml": text})
    assert len(complaints("p.yaml")) == 1


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("nowhere.yaml", "there is no file 'nowhere.yaml'"),
        ("other.json", "there is no file 'other.json'; did you mean 'other.yaml'?"),
        ("other", "there is no file 'other'; did you mean 'other.yaml'?"),
        ("sub", "'sub' is a folder; name a file in it"),
        ("latin.yaml", "line 2: 'latin.yaml' is not UTF-8 text; save it as UTF-8"),
        ("large.yaml", "'large.yaml' is larger than 16 MiB"),
    ],
)
def test_files_that_cannot_be_read(folder: Path, name: str, fault: str) -> None:
    write(folder, {"other.yaml": STEP, "sub/x.yaml": STEP})
    (folder / "latin.yaml").write_bytes(b"steps:\n  - {step_id: caf\xe9}\n")
    with (folder / "large.yaml").open("wb") as file:
        file.truncate(17 << 20)
    assert complaints(name) == [fault]
    with pytest.raises(PlanError):
        load_plan(name)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="nothing is closed to root")
def test_a_file_that_may_not_be_read(folder: Path) -> None:
    write(folder, {"p.yaml": STEP})
    (folder / "p.yaml").chmod(0)
    assert complaints("p.yaml") == ["'p.yaml' cannot be read: Permission denied"]


# --- several files


@pytest.mark.parametrize(
    ("workflow", "place"),
    [
        ("other", "flows/other.yaml"),
        ("other", "flows/other.yml"),
        ("other", "flows/other.json"),
        ("other", "shared/other.yaml"),
        ("other.yaml", "flows/other.yaml"),
        ("./other.yaml", "flows/other.yaml"),
        ("sub/other.yml", "flows/sub/other.yml"),
        ("../other.yaml", "other.yaml"),
    ],
)
def test_where_a_workflow_is_found(folder: Path, workflow: str, place: str) -> None:
    write(folder, {"flows/p.yaml": calls(workflow), place: '{"steps": [{"step_id": "found", "tool": "t"}]}'})
    plan = load_plan("flows/p.yaml", tools=TOOLS, folders=["shared"]).plan
    assert [step.step_id for step in body_of(plan, "s0").steps] == ["found"]


def test_the_nearest_file_wins(folder: Path) -> None:
    write(folder, {"p.yaml": calls("w"), "w.json": '{"name": "json", "steps": [{"step_id": "a", "tool": "t"}]}'})
    write(folder, {"w.yaml": f"name: yaml\n{STEP}", "shared/w.yaml": f"name: shared\n{STEP}"})
    assert body_of(load_plan("p.yaml", folders=["shared"]).plan, "s0").name == "yaml"


def test_workflows_in_workflows_and_in_bodies(folder: Path) -> None:
    write(
        folder,
        {
            "p.yaml": "steps:\n"
            "  - step_id: map\n"
            "    for_each: [1, 2]\n"
            "    steps: [{step_id: inner, workflow: flows/w.yaml, args: {n: '{{item}}'}}]\n",
            "flows/w.yaml": "inputs: {n: any}\n"
            "steps:\n"
            "  - {step_id: b, workflow: leaf, args: {n: '{{inputs.n}}'}}\n"
            "  - {step_id: c, tool: t, args: {x: '{{b}}'}}\n",
            "flows/leaf.yaml": "inputs: {n: any}\nsteps: [{step_id: d, tool: t, args: {x: '{{inputs.n}}'}}]\n",
        },
    )
    loaded = load_plan("p.yaml", tools=TOOLS)
    outer = body_of(loaded.plan, "map")
    inner = body_of(outer, "inner")
    assert inner.steps[1].depends_on == ("b",)
    assert body_of(inner, "b").steps[0].args == {"x": Ref("inputs", ("n",))}
    assert loaded.notes == ("flows/w.yaml: dependencies added from what steps read: c on b",)
    assert isinstance(loaded.plan.steps[0].action, Scope)
    assert loaded.plan.steps[0].action.mode == Each([1, 2])


def test_a_file_that_is_used_twice_is_read_once(folder: Path) -> None:
    write(folder, {"p.yaml": calls("w", "./w.yaml"), "w.yaml": STEP})
    plan = load_plan("p.yaml").plan
    assert body_of(plan, "s0") is body_of(plan, "s1")


def test_faults_of_nested_files_carry_their_names(folder: Path) -> None:
    write(
        folder,
        {
            "p.yaml": calls("flows/w.yaml", "flows/w.yaml") + "  - {step_id: z, tool: zz}\n",
            "flows/w.yaml": "steps:\n"
            "  - {step_id: b, tool: tt}\n"
            "  - {step_id: c, tool: t, tim: 1}\n"
            "  - {step_id: d, workflow: leaf.yaml, args: {n: '{{nope}}'}}\n",
            "flows/leaf.yaml": "inputs: {n: any}\nsteps:\n\n  - {step_id: e, tool: t, depends_on: [f]}\n",
        },
    )
    assert complaints("p.yaml") == [
        "line 4, step 'z': there is no tool 'zz'; the tools are: t",
        "flows/leaf.yaml line 4, step 'e': depends on 'f', which does not exist",
        "flows/w.yaml line 2, step 'b': there is no tool 'tt'; did you mean 't'?",
        "flows/w.yaml line 3, step 'c': unknown key 'tim'; did you mean 'timeout'?",
        "flows/w.yaml line 4, step 'd': reads {{nope}}, but there is no step 'nope'; the steps to read are: b, c",
    ]


@pytest.mark.parametrize(
    ("files", "faults"),
    [
        (
            {"p.yaml": calls("nowhere")},
            ["line 2, step 's0': there is no workflow 'nowhere'; looked at nowhere.yaml, nowhere.yml, nowhere.json"],
        ),
        (
            {"p.yaml": calls("sub/nowhere.yaml")},
            ["line 2, step 's0': there is no workflow 'sub/nowhere.yaml'; looked at sub/nowhere.yaml"],
        ),
        (
            {"p.yaml": calls("x" * 300 + ".yaml")},
            [f"line 2, step 's0': there is no workflow '{'x' * 300}.yaml'; looked at {'x' * 300}.yaml"],
        ),
        (
            {"p.yaml": calls("sub"), "sub/x.yaml": STEP},
            ["line 2, step 's0': there is no workflow 'sub'; looked at sub.yaml, sub.yml, sub.json"],
        ),
        (
            {"p.yaml": calls("p.yaml")},
            ["line 2, step 's0': the workflow leads back to itself: p.yaml -> p.yaml"],
        ),
        (
            {"p.yaml": calls("a"), "a.yaml": calls("sub/b.yaml"), "sub/b.yaml": calls("../a.yaml")},
            ["sub/b.yaml line 2, step 's0': the workflow leads back to itself: a.yaml -> sub/b.yaml -> sub/../a.yaml"],
        ),
        (
            {"p.yaml": calls("a"), "a.yaml": "steps: [{step_id: b, steps: [{step_id: c, workflow: a}]}]"},
            ["a.yaml line 1, step 'c': the workflow leads back to itself: a.yaml -> a.yaml"],
        ),
        (
            {"p.yaml": calls("a"), "a.yaml": "steps: ["},
            ["a.yaml line 1: this is not YAML: did not find expected node content"],
        ),
        ({"p.yaml": calls("a"), "a.yaml": "steps: []"}, ["a.yaml line 1: there are no steps; add at least one"]),
        (
            {"p.yaml": calls("a", args="{m: 1}"), "a.yaml": "inputs: {n: integer}\n" + STEP},
            [
                "line 2, step 's0': the workflow has no input 'm'; it takes: n",
                "line 2, step 's0': the workflow's input 'n' is missing; it takes a whole number",
            ],
        ),
    ],
)
def test_what_is_wrong_between_files(folder: Path, files: dict[str, str], faults: list[str]) -> None:
    write(folder, files)
    assert complaints("p.yaml") == faults


def test_a_nested_file_that_cannot_be_read(folder: Path) -> None:
    write(folder, {"p.yaml": calls("latin")})
    (folder / "latin.yaml").write_bytes(b"name: caf\xe9\n")
    assert complaints("p.yaml") == ["line 2, step 's0': 'latin.yaml' is not UTF-8 text; save it as UTF-8"]


def test_a_long_chain_of_files_is_refused(folder: Path) -> None:
    count = 60
    write(folder, {f"w{n}.yaml": calls(f"w{n + 1}") for n in range(count)} | {f"w{count}.yaml": STEP})
    found = complaints("w0.yaml")
    assert any("workflows lead into each other more than 40 files deep" in fault for fault in found)
    assert any("scopes are nested" in fault for fault in found)
    assert complaints("w53.yaml", limits=Limits(max_depth=8)) == []


def test_files_that_would_unfold_into_millions_of_steps_are_refused_at_once(folder: Path) -> None:
    files = {f"w{n}.yaml": calls(*[f"w{n + 1}"] * 10) for n in range(8)}
    write(folder, files | {"w8.yaml": STEP})
    assert complaints("w0.yaml") == ["line 1: the plan has 211,111,110 steps; the limit is 50,000"]


def test_an_embedded_plan_is_not_looked_for(folder: Path) -> None:
    write(
        folder,
        {"p.yaml": "steps:\n  - step_id: a\n    workflow: nowhere\n    plan:\n      steps: [{step_id: b, tool: t}]\n"},
    )
    assert complaints("p.yaml") == []


def test_a_draft_from_elsewhere_finds_its_workflows_too(folder: Path) -> None:
    write(folder, {"flows/w.yaml": STEP, "shared/v.yaml": STEP})
    draft = read_plan(calls("w", "v", "nowhere"))
    checked = check_draft(draft, tools=TOOLS, folder="flows", folders=["shared"])
    assert body_of(checked.plan, "s0") == body_of(checked.plan, "s1")
    assert [str(fault) for fault in checked.faults] == [
        "line 4, step 's2': there is no workflow 'nowhere'; looked at flows/nowhere.yaml, flows/nowhere.yml, "
        "flows/nowhere.json, shared/nowhere.yaml, shared/nowhere.yml, shared/nowhere.json"
    ]


def test_a_draft_may_be_kept_from_reading_files(folder: Path) -> None:
    write(folder, {"w.yaml": STEP})
    embedded = "  - step_id: own\n    workflow: nowhere\n    plan: {steps: [{step_id: b, tool: t}]}\n"
    checked = check_draft(read_plan(calls("w") + embedded), tools=TOOLS, folder=None)
    assert [str(fault) for fault in checked.faults] == [
        "line 2, step 's0': names the workflow 'w', but a plan from here takes none from files; "
        "put its steps under 'steps:', or call a tool"
    ]
