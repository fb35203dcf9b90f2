"""The names of what tools write: the same thing has one name, and a name can be filled."""

from __future__ import annotations

import os
from typing import Any

import pytest

from overseer.plan.resources import faults_of_writes, resource
from overseer.tool import Tool, tool


@pytest.mark.parametrize(
    ("template", "given", "name"),
    [
        ("file:{path}", {"path": "out.txt"}, "file:/work/out.txt"),
        ("file:{path}", {"path": "./a/../out.txt"}, "file:/work/out.txt"),
        ("file:{path}", {"path": "/work/out.txt"}, "file:/work/out.txt"),
        ("file:{path}", {"path": "/tmp//x/"}, "file:/tmp/x"),
        ("file:{path}", {"path": "../../.."}, "file:/"),
        ("file:{folder}/{name}.txt", {"folder": "a", "name": 1}, "file:/work/a/1.txt"),
        ("file:{path}", {}, "file:/work"),
        ("table:{name}", {"name": "../x"}, "table:../x"),
        ("mailbox", {}, "mailbox"),
    ],
)
@pytest.mark.skipif(os.name != "posix", reason="paths of POSIX")
def test_a_resource_is_named_after_its_arguments(template: str, given: dict[str, Any], name: str) -> None:
    assert resource(template, given, folder="/work") == name


def test_without_a_folder_paths_stay_relative() -> None:
    assert resource("file:{path}", {"path": "a/./b"}) == "file:a/b"


def writing(*writes: str, **parameters: Any) -> Tool:
    return Tool("save", print, effect="write", writes=writes, parameters=parameters)


@pytest.mark.parametrize(
    ("found", "faults"),
    [
        (writing("file:{path}", properties={"path": {}}), []),
        (writing("file:log.txt", properties={}), []),
        (writing("file:{any}"), []),
        (writing("file:{any}", properties={"path": {}}, additionalProperties=True), []),
        (
            writing("file:{pth}", properties={"path": {}}, additionalProperties=False),
            ["writes 'file:{pth}': it has no parameter 'pth'; did you mean 'path'?"],
        ),
        (
            writing("x:{a}{q}", properties={"path": {}, "mode": {}}),
            [
                "writes 'x:{a}{q}': it has no parameter 'a'; its parameters are: path, mode",
                "writes 'x:{a}{q}': it has no parameter 'q'; its parameters are: path, mode",
            ],
        ),
        (
            writing("file:{path.name}", "file:{path", properties={"path": {}}),
            [
                "writes 'file:{path.name}': braces are for a parameter's name alone, such as {path}",
                "writes 'file:{path': braces are for a parameter's name alone, such as {path}",
            ],
        ),
    ],
)
def test_a_name_that_cannot_be_filled_is_a_fault(found: Tool, faults: list[str]) -> None:
    assert faults_of_writes(found) == faults


def test_the_parameters_of_a_function_are_known() -> None:
    @tool(effect="write", writes=["file:{path}", "file:{patn}"])
    def save(path: str) -> str:
        return path

    assert faults_of_writes(save) == ["writes 'file:{patn}': it has no parameter 'patn'; did you mean 'path'?"]
