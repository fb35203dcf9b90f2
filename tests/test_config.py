"""A mistake in config.yaml is one error that names the file and the key, whatever stands there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from overseer.errors import UsageError
from overseer.settings.config import load_settings
from overseer.settings.keys import GROUPS, KEYS

NAMES = [*KEYS, "limits.tool:x"]
SECTIONS = [name for name in GROUPS if name]
WRONG = (5.5, -1, True, None, "nonsense \x00", "", [], [5], [["a"]], {}, {"a": {"b": 1}}, {"a": None}, "x" * 10_000,
         10**400, [None], {"requests": []}, {"concurrency": "many"}, float("nan"))  # fmt: skip


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVERSEER_HOME", str(tmp_path))


def load(text: str, tmp_path: Path) -> str | None:
    """What is said of these settings; None if they are taken."""
    (tmp_path / "config.yaml").write_text(text)
    try:
        load_settings()
    except UsageError as error:
        return str(error)
    return None


def nested(key: str, value: object) -> object:
    """A document with a value at a key."""
    for name in reversed(key.split(".", 1) if key.startswith("limits") else key.split(".")):
        value = {name: value}
    return value


@pytest.mark.parametrize("key", NAMES)
def test_whatever_stands_at_a_key_is_taken_or_told_of_with_its_place(key: str, tmp_path: Path) -> None:
    for wrong in WRONG:
        said = load(json.dumps(nested(key, wrong)), tmp_path)
        for line in (said or "").splitlines():
            is_placed = line.strip().startswith(f"{tmp_path / 'config.yaml'}:1: ") and len(line) < 800
            assert is_placed or line.endswith(" faults:"), wrong
        assert said is None or key in said or "U+0000" in said or "digits" in said, wrong


@pytest.mark.parametrize("section", [*SECTIONS, "limits"])
@pytest.mark.parametrize("wrong", ["5", "[a]", "text", "1.5", "true"])
def test_whatever_stands_for_a_section_is_told_of(section: str, wrong: str, tmp_path: Path) -> None:
    said = load(json.dumps(nested(section, 0)).replace("0", wrong), tmp_path)
    assert said is not None
    assert said.startswith(f"{tmp_path / 'config.yaml'}:1: ")
    assert section in said


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("budget: {run: 5}", "budget.run: needs amounts"),
        ('web: {allow: ["*"]}', "web.allow: '*' in web.allow is not a host"),
        ('web: {allow: ["http://x/"]}', "web.allow: 'http://x/'"),
        ("models: {default: gpt}", "models.default: must be written provider/model"),
    ],
)
def test_what_would_only_be_found_in_use_is_found_at_the_start(text: str, part: str, tmp_path: Path) -> None:
    assert part in str(load(text, tmp_path))
