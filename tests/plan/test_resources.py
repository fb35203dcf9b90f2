"""The names of what tools write: the same thing has one name."""

from __future__ import annotations

import os
from typing import Any

import pytest

from overseer.plan.resources import resource


@pytest.mark.parametrize(
    ("template", "given", "name"),
    [
        ("file:{path}", {"path": "out.txt"}, "file:/srv/out.txt"),
        ("file:{path}", {"path": "./a/../out.txt"}, "file:/srv/out.txt"),
        ("file:{path}", {"path": "/srv/out.txt"}, "file:/srv/out.txt"),
        ("file:{path}", {"path": "/tmp//x/"}, "file:/tmp/x"),
        ("file:{path}", {"path": "../../.."}, "file:/"),
        ("file:{folder}/{name}.txt", {"folder": "a", "name": 1}, "file:/srv/a/1.txt"),
        ("file:{path}", {}, "file:/srv"),
        ("table:{name}", {"name": "../x"}, "table:../x"),
        ("mailbox", {}, "mailbox"),
    ],
)
@pytest.mark.skipif(os.name != "posix", reason="paths of POSIX")
def test_a_resource_is_named_after_its_arguments(template: str, given: dict[str, Any], name: str) -> None:
    assert resource(template, given, folder="/srv") == name


def test_without_a_folder_paths_stay_relative() -> None:
    assert resource("file:{path}", {"path": "a/./b"}) == "file:a/b"
