"""Tools written as YAML: what all kinds share, and the older form of such files."""

from __future__ import annotations

from pathlib import Path

import pytest

from overseer.registry.findings import FileContent
from overseer.registry.folders import Layer
from overseer.registry.seedform import from_seed_form
from overseer.registry.yamlfiles import read_yaml


def read(folder: Path, text: str, name: str = "shout", layer: Layer = "user") -> FileContent:
    path = folder / f"{name}.yaml"
    path.write_text(text)
    return read_yaml(path, layer)


ALL = """
name: shout_it
description: Say it louder
parameters:
  text: {type: string, description: what to say}
  times: {type: integer, default: 1}
  flag: boolean
effect: read
idempotent: false
timeout: 5s
output: {type: string}
tags: [text, loud]
examples:
  - {request: "shout hello", args: {text: hello}}
command:
  arguments: [tr, a-z, A-Z]
  stdin: "{text}"
"""


def test_everything_a_file_says_is_in_the_tool(tmp_path: Path) -> None:
    content = read(tmp_path, ALL)
    assert content.problems == ()
    (tool,) = content.tools
    assert (tool.name, tool.kind, tool.effect, tool.description) == ("shout_it", "command", "read", "Say it louder")
    assert tool.parameters == {
        "type": "object",
        "properties": {
            "text": {"type": "string", "description": "what to say"},
            "times": {"type": "integer", "default": 1},
            "flag": {"type": "boolean"},
        },
        "required": ["text", "flag"],
        "additionalProperties": False,
    }
    assert (tool.idempotent, tool.timeout_s, tool.output, tool.tags) == (
        False,
        5.0,
        {"type": "string"},
        ("text", "loud"),
    )
    assert tool.examples == ({"request": "shout hello", "args": {"text": "hello"}},)
    assert tool.origin == str(tmp_path / "shout.yaml")


@pytest.mark.parametrize(
    ("section", "effect", "idempotent"),
    [
        ('llm: {prompt: "{prompt}"}', "model", True),
        ("command: {arguments: [ls]}", "exec", False),
        ("http: {method: GET, url: https://example.org/x}", "network", True),
        ("http: {method: POST, url: https://example.org/x}", "network", False),
    ],
)
def test_each_kind_has_the_effect_that_it_mostly_has(
    tmp_path: Path, section: str, effect: str, idempotent: bool
) -> None:
    content = read(tmp_path, f"description: x\n{section}\n")
    assert content.problems == ()
    assert (content.tools[0].name, content.tools[0].effect, content.tools[0].idempotent) == (
        "shout",
        effect,
        idempotent,
    )


@pytest.mark.parametrize(
    ("layer", "section", "effect", "complaint"),
    [
        ("user", "command: {arguments: [ls]}", "pure", ""),
        ("given", "command: {arguments: [ls]}", "read", ""),
        ("built-in", "command: {arguments: [ls]}", "read", ""),
        ("project", "command: {arguments: [ls]}", "exec", ""),
        ("project", "command: {arguments: [ls]}", "write", "kind command of a project is at least 'exec', not 'write'"),
        (
            "user",
            "http: {method: GET, url: https://example.org}",
            "read",
            "kind http is at least 'network', not 'read'",
        ),
        ("given", "http: {method: GET, url: https://example.org}", "write", ""),
        ("project", 'llm: {prompt: "{prompt}"}', "pure", "kind llm is at least 'model', not 'pure'"),
    ],
)
def test_what_a_tool_says_of_itself_is_not_less_than_what_it_does(
    tmp_path: Path, layer: Layer, section: str, effect: str, complaint: str
) -> None:
    content = read(tmp_path, f"description: x\neffect: {effect}\n{section}\n", layer=layer)
    if not complaint:
        assert [tool.effect for tool in content.tools] == [effect]
        return
    (problem,) = content.problems
    assert content.tools == ()
    assert complaint in problem.text
    assert problem.line == 2


def test_a_tool_that_declares_no_parameters_takes_a_prompt(tmp_path: Path) -> None:
    (tool,) = read(tmp_path, 'description: x\nllm: {prompt: "{prompt}!"}\n').tools
    assert tool.parameters["required"] == ["prompt"]
    (tool,) = read(tmp_path, "description: x\nparameters: {}\ncommand: {arguments: [ls]}\n").tools
    assert tool.parameters["properties"] == {}


def test_a_whole_json_schema_is_taken_as_it_is(tmp_path: Path) -> None:
    schema = "{type: object, properties: {a: {type: string}}}"
    text = f"description: x\nparameters: {schema}\ncommand: {{arguments: [ls, --, '{{a}}']}}\n"
    (tool,) = read(tmp_path, text).tools
    assert tool.parameters == {"type": "object", "properties": {"a": {"type": "string"}}}


def test_one_file_can_hold_several_tools_and_a_bad_one_leaves_the_others(tmp_path: Path) -> None:
    content = read(
        tmp_path,
        "tools:\n"
        "- {name: a, description: x, command: {arguments: [ls]}}\n"
        "- {name: b, description: x, command: {argments: [ls]}}\n"
        "- {name: c, description: x, command: {arguments: [ls]}}\n",
    )
    assert [tool.name for tool in content.tools] == ["a", "c"]
    assert {problem.line for problem in content.problems} == {3}


@pytest.mark.parametrize(
    ("text", "line", "complaint"),
    [
        ("llm: {prompt: x}\n", 1, "a tool needs a description; say in one sentence what it does"),
        ("description: x\nllm: {prompt: x}\ncommand: {arguments: [ls]}\n", 1, "this one has 'llm' and 'command'"),
        ("description: x\neffect: magic\nllm: {prompt: x}\n", 2, "'effect' must be one of pure, read, model"),
        ("description: x\nparameters:\n  a: txt\nllm: {prompt: x}\n", 3, "must be one of string, integer"),
        ("description: x\nllm:\n  prompt: '{txt}'\n", 3, "llm: "),
        ("description: x\ntimeout: soon\nllm: {prompt: x}\n", 2, "'timeout'"),
        ("description: x\nname: a b\nllm: {prompt: x}\n", 1, "the name 'a b' is not a tool's name"),
        ("description: x\nllm: [a]\n", 2, "llm: must be a mapping of keys to values"),
        ("description: x\noutput: 5\nllm: {prompt: x}\n", 2, "'output' must be a JSON Schema"),
        (
            "description: x\nwrites: ['file:{pth}']\neffect: write\nllm: {prompt: x}\n",
            1,
            "names 'pth', which is no param",
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, text: str, line: int, complaint: str) -> None:
    content = read(tmp_path, text)
    assert content.tools == ()
    assert complaint in "\n".join(problem.text for problem in content.problems)
    assert line in {problem.line for problem in content.problems}


# --- the older form


def test_a_model_tool_of_the_older_form_works(tmp_path: Path) -> None:
    content = read(
        tmp_path,
        "name: Writer\ntype: llm\ndescription: x\ncost_tier: low\ntrack_usage: true\n"
        "llm: {tier: general, role: base, system_prompt: Be brief, prompt_template: 'Write: {prompt}'}\n",
    )
    assert content.problems == ()
    assert (content.tools[0].name, content.tools[0].kind) == ("Writer", "llm")


def test_a_program_of_the_older_form_works(tmp_path: Path) -> None:
    content = read(
        tmp_path,
        "name: runner\ntype: executable\ndescription: x\ninput_schema: {prompt: {type: string}}\n"
        "executable: {command: python, args: ['{tool_dir}/x.py', '{prompt}'], install_command: pip}\n",
    )
    assert content.problems == ()
    assert content.tools[0].kind == "command"


def test_our_own_form_is_left_as_it_is() -> None:
    value = {"description": "x", "llm": {"prompt": "y"}}
    assert from_seed_form(value) is value
