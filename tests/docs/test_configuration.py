"""The page about settings: its examples load, and its tables name every key there is, with the defaults in force."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

import chat_cli
from overseer.broker.gauge import Limit
from overseer.catalogue import page_made_anew, settings_table
from overseer.errors import UsageError
from overseer.models import parse_models
from overseer.models.settings import _OWN_KEYS
from overseer.plan.document import read_document
from overseer.secrets import Secrets
from overseer.settings.checks import cap
from overseer.settings.config import load_settings
from overseer.settings.given import OTHERS, VARIABLES
from overseer.settings.keys import GROUPS, KEYS, NAMED
from overseer.settings.layers import default_settings
from tests.pages import blocks, first_column, page, section

PAGE = page("configuration.md")
EXAMPLES = [block for block in blocks(PAGE, "yaml") if block.file == "config.yaml"]
HOME_SHOWN = "/home/ann/.local/share/overseer"


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OVERSEER_HOME", str(tmp_path))
    return tmp_path


def test_the_parts_that_are_made_are_up_to_date() -> None:
    assert page_made_anew(PAGE) == PAGE


# --- the examples


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_every_example_loads_and_changes_something(own_home: Path, number: int) -> None:
    defaults = load_settings()
    (own_home / "config.yaml").write_text(EXAMPLES[number].text, encoding="utf-8")
    settings = load_settings()
    parse_models(settings.models, {})
    assert settings != defaults


def test_there_is_an_example_of_every_key() -> None:
    shown = {key for block in EXAMPLES for key in keys_in(read_document(block.text, syntax="yaml").value)}
    assert shown == {*KEYS, *NAMED}


def keys_in(value: Any, section: str = "") -> Iterator[str]:
    for name, inner in value.items():
        if (key := f"{section}.{name}" if section else name) in GROUPS:
            yield from keys_in(inner, key)
        else:
            yield key


def test_the_variables_of_the_page_are_variables() -> None:
    assert set(re.findall(r"OVERSEER_[A-Z_]+", PAGE)) <= {*VARIABLES, *OTHERS}


def test_the_settings_that_are_shown_are_what_the_command_prints(
    own_home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (block,) = blocks(PAGE, "console")
    command, *shown = block.text.splitlines()
    variable, arguments = command.removeprefix("$ ").split(" overseer ")
    monkeypatch.setenv(*variable.split("="))
    (own_home / "config.yaml").write_text(EXAMPLES[0].text, encoding="utf-8")
    assert chat_cli.main(arguments.split()) == 0
    printed = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [line for line in shown if line.replace(HOME_SHOWN, str(own_home)).split() not in printed] == []


def test_the_rules_of_the_example_decide_as_the_page_says(own_home: Path) -> None:
    from overseer.registry import ToolFolder, load_tools, our_tools

    tools = load_tools([ToolFolder(our_tools(), "built-in")]).tools
    (example,) = (block.text for block in EXAMPLES if "rules:" in block.text)
    (own_home / "config.yaml").write_text(example, encoding="utf-8")
    policy = load_settings().permissions
    command = tools["run_command"]
    assert policy.verdict(command, {"command": "git push origin"}) == "deny"
    assert policy.verdict(command, {"command": ["git", "log"]}) == "allow"
    assert policy.verdict(command, {"command": "ls"}) == "deny"
    assert policy.verdict(tools["write_file"], {"path": "drafts/a.txt"}) == "allow"
    assert policy.verdict(tools["write_file"], {"path": "drafts/../x"}) == "ask"
    assert policy.verdict(tools["fetch_url"], {}) == "allow"


def test_the_secrets_of_the_example_are_read(own_home: Path) -> None:
    (example,) = (block.text for block in blocks(PAGE, "yaml") if block.file == "secrets.yaml")
    path = own_home / "secrets.yaml"
    path.write_text(example, encoding="utf-8")
    path.chmod(0o600)
    assert Secrets.gather({}, own_home).get("NOTES_KEY") == "the key itself"
    path.chmod(0o644)
    with pytest.raises(UsageError, match="chmod 600"):
        Secrets.gather({}, own_home)


@pytest.mark.parametrize(
    "name", ["API_KEY", "ACCESS_KEY", "TOKEN", "SECRET", "PASSWORD", "PASSWD", "PASSPHRASE", "CREDENTIALS"]
)
def test_names_that_tell_are_those_that_the_page_lists(name: str) -> None:
    assert f"`{name}`" in PAGE
    environment = {f"MY_{name}": "abc"}
    Secrets.gather(environment)
    assert environment == {}


@pytest.mark.parametrize("text", ["execution: 5", "execution: {journal: maybe}", "execution: ["])
def test_a_mistake_is_an_error_that_names_the_file(own_home: Path, text: str) -> None:
    (own_home / "config.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=r"config\.yaml"):
        load_settings()


# --- the tables


def test_the_table_has_every_setting_with_the_default_in_force() -> None:
    values = read_document(default_settings().read_text(encoding="utf-8"), syntax="yaml").value
    known = {"models": {}} | {name: {} for name in NAMED}
    for key in KEYS:
        if not key.startswith("models."):
            value = values
            for name in key.split("."):
                value = value[name]
            known[key] = value
    rows = [re.fullmatch(r"\| `([\w.]+)` \| `(.+?)` \| .+ \|", row) for row in settings_table()[2:]]
    assert all(rows), "a setting has no comment in config.yaml"
    shown = {row[1]: read_document(row[2], syntax="yaml").value for row in rows if row}
    assert shown == known


def test_every_key_of_a_limit_has_a_row() -> None:
    assert first_column(section(PAGE, "limits")) == {field.name for field in fields(Limit)} - {"window_s"}


def test_every_key_of_a_budget_has_a_row() -> None:
    known = first_column(section(PAGE, "budget"))
    with pytest.raises(ValueError, match="there is no budget of 'x'") as told:
        cap({"x": 1})
    assert known == set(str(told.value).split("there are: ")[1].split(", "))


def test_every_key_of_models_has_a_row() -> None:
    keys, of_a_provider = section(PAGE, "models").split("| of a provider |")
    with pytest.raises(UsageError) as told:
        parse_models({"x": 1}, {})
    assert first_column(keys) == set(str(told.value).split(": ")[-1].split(", "))
    assert first_column(of_a_provider) == {key for keys in _OWN_KEYS.values() for key in keys}
