"""A flag beats a variable, which beats the project's file, which beats the user's, which beats the default."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from overseer.errors import SettingsError
from overseer.home import home
from overseer.jsonvalue import Json, json_text
from overseer.secrets.names import holds_secret
from overseer.settings.config import load_settings, settings_of
from overseer.settings.entries import LayerName
from overseer.settings.given import OTHERS, VARIABLES, Flags
from overseer.settings.keys import KEYS, NAMED
from overseer.settings.layers import Layers, default_settings, read_layers
from overseer.settings.project import distrust_settings, trust_settings
from tests.processes import ROOT

# For each key four values that are all different, and different from the default.
FOUR: dict[str, tuple[Json, Json, Json, Json]] = {
    "execution.max_parallel": (2, 3, 4, 5),
    "execution.cancel_grace": ("1s", "2s", "3s", "4s"),
    "execution.max_steps": (1000, 1001, 1002, 1003),
    "execution.max_depth": (2, 3, 4, 5),
    "execution.hook_port": (8001, 8002, 8003, 8004),
    "chat.workflow_mode.detect_keywords": (["a"], ["b"], ["a", "b"], ["then", "dann"]),
    "chat.workflow_mode.min_steps": (2, 3, 4, 5),
    "chat.workflow_mode.max_steps": (20, 30, 40, 60),
    "chat.theme": ("light", "mono", "plain", {"failed": "bold red"}),
    "chat.editor": ("vi", "nano", "code --wait", "ed"),
    "chat.stdin_wait": ("1s", "2s", 0, "4s"),
    "permissions.rules": ([{"deny": "a"}], [{"deny": "b"}], [{"ask": "c"}], [{"allow": "d", "args": {"x": "git *"}}]),
    "workspace.folder": ("a", "b", "~/c", "/d"),
    "workspace.max_size": ("1MB", "2MB", "3MB", 4000),
    "workspace.max_files": (1, 2, 3, 4),
    "web.allow": (["a.example"], ["b.example"], ["c.example:80"], ["localhost:8000"]),
    "budget.session": ({"requests": 1}, {"requests": 2}, {"tokens": "3k"}, {"cost": 4}),
    "budget.run": ({"requests": 1}, {"requests": 2}, {"tokens": "3k"}, {"time": "4m"}),
    "retry.attempts": (1, 2, 3, 5),
    "retry.first_wait": ("1s", "2s", "3s", "4s"),
    "retry.longest_wait": ("1m", "2m", "3m", "4m"),
    "secrets.names": (["A"], ["B"], ["C"], ["D", "E"]),
    "secrets.keyring": ({"A": "a/me"}, {"B": "b/me"}, {"C": "c/me"}, {"D": "d/me"}),
    "sandbox.packages": (["a"], ["b"], ["c"], ["d"]),
    "sandbox.timeout": ("1s", "2s", "3s", "4s"),
    "sandbox.memory": ("100MB", "200MB", "300MB", "400MB"),
    "sandbox.scratch": (0, "2MB", "3MB", "4MB"),
    "cache.max_size": ("1MB", "2MB", "3MB", "4MB"),
    "models.default": ("ollama/a", "ollama/b", "openai/c", {"model": "ollama/d"}),
    "models.roles": ({"coder": "ollama/a"}, {"coder": "ollama/b"}, {"x": "ollama/c"}, {"y": {"temperature": 0}}),
    "models.providers": tuple({"p": {"kind": "ollama", "host": f"h{number}"}} for number in range(4)),  # type: ignore[dict-item]
    "models.prices": tuple({"ollama/a": {"input": number, "output": 1}} for number in range(4)),  # type: ignore[dict-item]
    "limits": ({"tool:a": {"per_day": 1}}, {"tool:b": {"per_day": 2}}, {"tool:c": {"per_day": 3}}, {"model:d": {}}),
}  # fmt: skip

# Keys with so few values that some layers say the same.
FEW: dict[str, tuple[Json, ...]] = {
    **dict.fromkeys((key for key in KEYS if KEYS[key] is KEYS["execution.journal"]), (True, False)),
    **dict.fromkeys((key for key in KEYS if KEYS[key] is KEYS["permissions.exec"]), ("allow", "ask", "deny")),
    "chat.review": ("always", "risky", "never"),
    "sandbox.level": ("best", "full", "hardened"),
    "sandbox.processes": ("forked", "fresh"),
    "models.detect": ("usual", "wide", "off"),
}

LAYERS: tuple[LayerName, ...] = ("user", "project", "environment", "flag")


def values_of(key: str) -> tuple[Json, ...]:
    return FOUR[key] if key in FOUR else tuple(FEW[key][place % len(FEW[key])] for place in range(4))


def variable(key: str) -> str:
    return next(name for name, meant in VARIABLES.items() if meant == key)


class World:
    """A home, a project in which we stand, an environment and a command line."""

    def __init__(self, folder: Path) -> None:
        self.project = folder / "project"
        self.environment: dict[str, str] = {}
        self.flags: list[str] = []
        self.config: Path | None = None
        for path in (self.project, home()):
            path.mkdir(exist_ok=True)

    def say(self, layer: LayerName, key: str, value: Json) -> None:
        text = json_text(value)
        match layer:
            case "user":
                (home() / "config.yaml").write_text(document(key, text), encoding="utf-8")
            case "project":
                (self.project / "overseer.yaml").write_text(document(key, text), encoding="utf-8")
                trust_settings(self.project / "overseer.yaml")
            case "environment":
                self.environment[variable(key)] = text
            case "flag":
                self.flags.append(f"{key}={text}")

    def read(self) -> Layers:
        return read_layers(Flags(self.config, tuple(self.flags)), self.environment, self.project)

    def place(self, layer: LayerName, key: str) -> str:
        return {
            "user": f"{home() / 'config.yaml'}:{2 + key.count('.')}",
            "project": f"{self.project / 'overseer.yaml'}:{2 + key.count('.')}",
            "environment": variable(key),
            "flag": "--set",
        }[layer]


def document(key: str, text: str) -> str:
    """A file of settings that begins with a comment and has each part of the key on a line of its own."""
    lines = [f"{'  ' * depth}{name}:" for depth, name in enumerate(key.split("."))]
    return "# mine\n" + "\n".join(lines) + f" {text}\n"


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setenv("OVERSEER_HOME", str(tmp_path / "home"))
    return World(tmp_path)


def test_there_are_values_to_try_for_every_key() -> None:
    assert {*FOUR, *FEW} == {*KEYS, *NAMED}
    assert all(len({json_text(value) for value in values}) == 4 for values in FOUR.values())


@pytest.mark.parametrize("key", [*KEYS, *NAMED])
def test_the_strongest_layer_that_names_a_key_decides_about_it_and_is_told_of(world: World, key: str) -> None:
    """Five ways: the default, and each layer laid over all weaker ones."""
    before = world.read()
    if key in before.entries:
        assert before.entries[key].origin.layer == "default"
        assert before.entries[key].origin.place == str(default_settings())
    for layer, value in zip(LAYERS, values_of(key), strict=True):
        world.say(layer, key, value)
        found = world.read()
        assert not found.faults
        name = key if key in KEYS else f"{key}.{next(iter(value))}"
        assert found.entries[name].given == (value if key in KEYS else next(iter(value.values())))
        assert found.entries[name].origin.layer == layer
        assert str(found.entries[name].origin) == world.place(layer, key)
        settings_of(found)


@given(chosen=st.sets(st.sampled_from(LAYERS)), key=st.sampled_from(sorted(FOUR.keys() - {"limits"})))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_choice_of_layers_is_decided_by_the_strongest(
    tmp_path_factory: pytest.TempPathFactory, chosen: set[LayerName], key: str
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("layers")
        patch.setenv("OVERSEER_HOME", str(folder / "home"))
        world = World(folder)
        default = world.read().entries.get(key)
        for layer, value in zip(LAYERS, FOUR[key], strict=True):
            if layer in chosen:
                world.say(layer, key, value)
        strongest = max(chosen, key=LAYERS.index, default=None)
        found = world.read().entries.get(key)
        if strongest is None:
            assert found == default
        else:
            assert found is not None
            assert (found.given, found.origin.layer) == (FOUR[key][LAYERS.index(strongest)], strongest)


def test_layers_name_different_keys_without_touching_each_other(world: World) -> None:
    world.say("user", "retry.attempts", 2)
    world.say("project", "retry.first_wait", "9s")
    world.say("environment", "retry.longest_wait", "8m")
    found = settings_of(world.read())
    assert (found.attempts, found.first_wait_s, found.longest_wait_s) == (2, 9, 480)


def test_limits_of_different_names_stand_beside_each_other(world: World) -> None:
    world.say("user", "limits", {"tool:a": {"concurrency": 1}, "tool:b": {"concurrency": 1}})
    world.say("environment", "limits", {"tool:b": {"concurrency": 2}})
    world.flags.append("limits.tool:c.d={concurrency: 3}")
    rates = settings_of(world.read()).rates
    assert {name: limit.concurrency for name, limit in rates.items()} == {"tool:a": 1, "tool:b": 2, "tool:c.d": 3}


# --- the environment


@pytest.mark.parametrize(
    ("text", "value"),
    [("4", 4), (" 4 ", 4), ("0x4", 4), ('"4"', "'4'"), ("four", "'four'"), ("4.5", "4.5"), ("[4]", "[4]")],
)
def test_a_variable_is_read_as_yaml(world: World, text: str, value: object) -> None:
    world.environment["OVERSEER_EXECUTION_MAX_PARALLEL"] = text
    found = world.read()
    if isinstance(value, int):
        assert found.values()["execution.max_parallel"] == value
    else:
        assert found.faults == (
            "OVERSEER_EXECUTION_MAX_PARALLEL: execution.max_parallel: "
            f"needs a whole number from 1 to 1000, got {value}",
        )


def test_an_empty_variable_says_nothing_and_an_empty_text_is_quoted(world: World) -> None:
    world.environment |= {"OVERSEER_RETRY_ATTEMPTS": "", "OVERSEER_CHAT_EDITOR": '""'}
    found = world.read()
    assert found.entries["retry.attempts"].origin.layer == "default"
    assert found.entries["chat.editor"].origin.place == "OVERSEER_CHAT_EDITOR"


def test_a_variable_that_is_no_yaml_is_a_fault_that_says_what_helps(world: World) -> None:
    world.environment["OVERSEER_WEB_ALLOW"] = "[a"
    (fault,) = world.read().faults
    assert fault.startswith("OVERSEER_WEB_ALLOW: web.allow: ")


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("OVERSEER_EXECUTION_MAX_PARALEL", "OVERSEER_EXECUTION_MAX_PARALLEL"),
        ("OVERSEER_MODLE", "OVERSEER_MODEL"),
        ("OVERSEER_HOMES", "OVERSEER_HOME"),
    ],
)
def test_an_unknown_variable_is_told_of_with_the_nearest_one(world: World, name: str, nearest: str) -> None:
    world.environment[name] = "a value that nobody shall see"
    (warning,) = world.read().warnings
    assert warning == f"{name}: unknown variable is left out; did you mean '{nearest}'?"


def test_variables_that_mean_something_else_are_not_told_of(world: World) -> None:
    world.environment |= dict.fromkeys(OTHERS, "x") | {"OVERSEER_FAKE_API_KEY": "abc", "OTHER": "x", "OVERSEE": "x"}
    assert world.read().warnings == ()


def test_no_variable_of_a_setting_is_taken_for_a_secret() -> None:
    assert [name for name in VARIABLES if holds_secret(name, "plain")] == []
    assert len(VARIABLES) == len({*KEYS, *NAMED})
    assert not set(VARIABLES) & set(OTHERS)


@pytest.mark.parametrize("name", ["OVERSEER_MODEL", "OVERSEER_BASE_URL"])
def test_a_model_named_in_the_environment_goes_before_files_and_behind_flags(world: World, name: str) -> None:
    world.say("user", "models.default", "ollama/a")
    world.environment[name] = "openai/b"
    assert "default" not in settings_of(world.read()).models  # so that it is looked for, there first of all
    assert str(world.read().entries["models.default"].origin) == name
    world.say("flag", "models.default", "ollama/c")
    assert settings_of(world.read()).models["default"] == "ollama/c"


# --- flags


@pytest.mark.parametrize(
    ("flag", "fault"),
    [
        ("retry.atempts=4", "--set retry.atempts: there is no such setting; did you mean 'attempts'?"),
        ("retry.attempts", "--set retry.attempts: needs a key and its value, such as execution.max_parallel=4"),
        ("retry.attempts=", '--set retry.attempts: has no value; an empty text is ""'),
        ("retry.attempts=0", "--set: retry.attempts: needs a whole number from 1 to 20, got 0"),
        ("=4", "--set : there is no such setting; known: "),
        ("models.roles.coder=x", "--set models.roles.coder: there is no such setting; did you mean 'roles'?"),
        ("journal=off", "--set journal: there is no such setting; did you mean 'execution.journal'?"),
    ],
)  # fmt: skip
def test_a_flag_that_cannot_be_is_a_fault(world: World, flag: str, fault: str) -> None:
    world.flags.append(flag)
    (found,) = world.read().faults
    assert found.startswith(fault)


def test_a_flag_may_set_a_whole_section_and_the_last_one_counts(world: World) -> None:
    world.flags += ["retry={attempts: 2, first_wait: 3s}", "retry.attempts = 3"]
    found = settings_of(world.read())
    assert (found.attempts, found.first_wait_s) == (3, 3)


def test_another_file_takes_the_place_of_the_users_own(world: World, tmp_path: Path) -> None:
    world.say("user", "retry.attempts", 2)
    world.config = tmp_path / "other.yaml"
    world.config.write_text("retry: {first_wait: 7s}")
    found = world.read()
    assert found.entries["retry.attempts"].origin.layer == "default"
    assert str(found.entries["retry.first_wait"].origin) == f"{world.config}:1"


def test_another_file_that_there_is_not_is_a_fault(world: World, tmp_path: Path) -> None:
    world.config = tmp_path / "nowhere.yaml"
    assert world.read().faults == (f"--config: there is no file {world.config}",)


# --- the project


def test_a_strangers_settings_are_not_read_at_all(world: World) -> None:
    (world.project / "overseer.yaml").write_text("permissions: {exec: allow}\nbogus: [")
    found = world.read()
    assert found.entries["permissions.exec"].origin.layer == "default"
    assert found.faults == ()
    (warning,) = found.warnings
    assert str(world.project / "overseer.yaml") in warning
    assert warning.endswith("overseer config trust")


def test_trust_ends_with_any_change(world: World) -> None:
    world.say("project", "permissions.exec", "deny")
    assert world.read().values()["permissions.exec"] == "deny"
    with (world.project / "overseer.yaml").open("a") as file:
        file.write("# or so\n")
    found = world.read()
    assert found.values()["permissions.exec"] == "ask"
    assert "they changed since they were trusted" in found.warnings[0]


def test_trust_can_be_taken_back_and_is_in_one_place_alone(world: World, tmp_path: Path) -> None:
    world.say("project", "retry.attempts", 2)
    other = tmp_path / "other"
    other.mkdir()
    (other / "overseer.yaml").write_bytes((world.project / "overseer.yaml").read_bytes())
    assert read_layers(Flags(), {}, other).values()["retry.attempts"] == 4
    assert distrust_settings(world.project) == [world.project / "overseer.yaml"]
    assert world.read().values()["retry.attempts"] == 4


def test_of_two_files_of_a_project_the_first_one_counts(world: World) -> None:
    world.say("project", "retry.attempts", 2)
    hidden = world.project / ".overseer/config.yaml"
    hidden.parent.mkdir()
    hidden.write_text("retry: {attempts: 3}")
    trust_settings(hidden)
    found = world.read()
    assert found.values()["retry.attempts"] == 2
    assert found.warnings == (
        f"the settings of this project in {hidden} are not read: "
        f"those in {world.project / 'overseer.yaml'} take their place",
    )


def test_the_users_own_file_is_not_taken_for_a_projects(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVERSEER_HOME", str(world.project / ".overseer"))
    home().mkdir()
    (home() / "config.yaml").write_text("retry: {attempts: 2}")
    found = world.read()
    assert found.entries["retry.attempts"].origin.layer == "user"
    assert found.warnings == ()


def test_a_huge_file_of_a_project_is_not_even_looked_at(world: World) -> None:
    with (world.project / "overseer.yaml").open("wb") as file:
        file.truncate(10**12)  # takes no room on the disk, and hours to read
    found = world.read()
    assert found.warnings[0].endswith("are not read: they are larger than 1 MB")


def test_what_is_no_file_is_no_settings_of_a_project(world: World) -> None:
    (world.project / "overseer.yaml").mkdir()
    (world.project / ".overseer").write_text("")
    assert (world.read().warnings, world.read().faults) == ((), ())


# --- how all of it is told


def test_all_faults_of_all_layers_are_told_at_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    (home() / "config.yaml").write_text("retry:\n  attempts: 0\n  first_wait: soon\n  attempts: 3\n")
    monkeypatch.setenv("OVERSEER_CHAT_REVIEW", "perhaps")
    monkeypatch.chdir(world.project)
    with pytest.raises(SettingsError) as told:
        load_settings(Flags(assignments=("web.allow=5",)))
    lines = str(told.value).splitlines()
    assert lines[0] == "the settings have 5 faults:"
    assert [line.split(": ")[0] for line in lines[1:]] == [
        f"  {home() / 'config.yaml'}:4",
        f"  {home() / 'config.yaml'}:2",
        f"  {home() / 'config.yaml'}:3",
        "  OVERSEER_CHAT_REVIEW",
        "  --set",
    ]
    assert "needs one of always, risky, never, got 'perhaps'" in lines[4]


def test_a_weaker_layer_is_checked_even_if_a_stronger_one_decides(world: World) -> None:
    world.say("user", "retry.attempts", 0)
    world.say("flag", "retry.attempts", 2)
    assert len(world.read().faults) == 1


def test_steps_that_contradict_each_other_name_both_places(world: World) -> None:
    world.say("user", "chat.workflow_mode.max_steps", 3)
    world.say("flag", "chat.workflow_mode.min_steps", 4)
    (fault,) = world.read().faults
    assert fault.startswith("--set: chat.workflow_mode.min_steps is 4, more than max_steps, 3")
    assert str(home() / "config.yaml") in fault


def test_a_key_that_stands_where_it_does_not_belong_is_not_repeated(world: World) -> None:
    key = "sk-proj-" + "aB3dE5fG7hJ9kL2mN4pQ6rS8tU0vW1xY" * 2
    world.environment["OVERSEER_RETRY_ATTEMPTS"] = key
    (fault,) = world.read().faults
    assert key not in fault


def test_reading_settings_loads_nothing_that_takes_long(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("retry: {attempts: 2}\nmodels: {}\nlimits: {}\n")
    script = (
        "import sys\nfrom overseer.settings.config import load_settings\nassert load_settings().attempts == 2\n"
        "print([name for name in ('jsonschema', 'openai', 'ollama', 'sqlite3', 'rich', 'prompt_toolkit',"
        " 'asyncio', 'overseer.running.engine', 'overseer.models') if name in sys.modules])"
    )
    environment = {**os.environ, "OVERSEER_HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment, check=True)
    assert ended.stdout == "[]\n"
