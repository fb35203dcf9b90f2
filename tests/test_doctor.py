"""`overseer doctor`: every part is looked at, what is broken is named, and nothing is changed or asked of a model."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import threading
import tomllib
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from overseer.checkup.extras import EXTRAS
from overseer.checkup.finding import TooSlow, within
from overseer.checkup.models import MOST_S
from overseer.checkup.terminal import colours
from overseer.journal.journal import Journal
from overseer.kernel.events import RunFinished, RunStarted, StepSucceeded
from overseer.models.look import EXPECTED_TIMEOUT_S, HttpLook
from overseer.models.offers import LookFailed
from overseer.tool import how_to_add
from tests.processes import PATIENCE_S, ROOT
from tests.program import told_by
from tests.servers.model_server import ModelServer

PARTS = {"terminal", "settings", "data_folder", "model", "tools", "sandbox", "journal", "extras"}
OURS = ("OVERSEER_", "OPENAI_", "OLLAMA_", "NO_COLOR", "FORCE_COLOR")


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


def closed_port() -> str:
    """An address where nobody listens."""
    with closing(socket.socket()) as held:
        held.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{held.getsockname()[1]}"


def doctor(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    plain = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    own = {"OVERSEER_HOME": str(Path("home").absolute()), "OLLAMA_HOST": closed_port()}
    return told_by("doctor", *arguments, environment={**plain, **own, **variables})


def told(*arguments: str, code: int = 0, **variables: str) -> Any:
    ended = doctor("--json", *arguments, **variables)
    document = json.loads(ended.stdout)
    assert (ended.returncode, document["sound"]) == (code, code == 0), ended.stdout + ended.stderr
    assert document["schema"] == "overseer.doctor/1"
    assert document.keys() >= PARTS
    return document


def part(name: str, *arguments: str, code: int = 0, **variables: str) -> Any:
    """What is told of one part, where it is looked at alone."""
    ended = doctor("--json", name, *arguments, **variables)
    document = json.loads(ended.stdout)
    assert (ended.returncode, document["sound"]) == (code, code == 0), ended.stdout + ended.stderr
    assert document.keys() & PARTS == {name}
    return document[name]


# --- models


def test_without_a_model_all_is_well_and_three_ways_to_add_one_are_told() -> None:
    model = part("model")
    assert (model["status"], model["name"]) == ("note", None)
    assert "plans are made by rules" in model["reason"]
    assert [probe["outcome"] for probe in model["probes"]] == ["absent", "absent"]
    assert [any(word in way for word in words) for way, words in zip(
        model["ways"], (["OPENAI_API_KEY"], ["OPENAI_BASE_URL"], ["start Ollama"]), strict=True
    )] == [True] * 3  # fmt: skip
    assert "Ollama at" in (lines := doctor().stdout)
    assert all(way in lines for way in model["ways"])


def test_every_place_is_looked_at_though_the_first_is_chosen_and_nothing_is_asked() -> None:
    with ModelServer(["hi"]) as server:
        found = part("model", OPENAI_BASE_URL=server.openai_url, OPENAI_MODEL="small", OLLAMA_HOST=server.url)
        assert found["name"] == "openai/small"
        assert found["reason"] == "OPENAI_BASE_URL is set"
        assert [probe["outcome"] for probe in found["probes"]] == ["found", "found"]
        assert found["ways"] == []
        assert [call.path for call in server.calls] == ["/api/version", "/api/tags", "/v1/models"]


def test_a_running_ollama_is_chosen_with_the_reason() -> None:
    with ModelServer(["hi"]) as server:
        found = part("model", OLLAMA_HOST=server.url)
        assert found["name"].startswith("ollama/")
        assert "is running" in found["reason"]
        assert server.questions() == []
        assert len(server.calls) == 2  # each place is looked at once


def test_a_model_that_was_named_and_cannot_be_had_is_broken() -> None:
    found = part("model", code=77, OVERSEER_MODEL="ollama/nowhere")
    assert (found["status"], found["name"], found["ways"]) == ("broken", None, [])
    assert "OVERSEER_MODEL names ollama/nowhere" in found["refusal"]


def test_the_models_that_could_be_taken_instead_are_listed_and_cut_short_when_there_are_many() -> None:
    with ModelServer(models=["some-embed", *(f"m{number}" for number in range(14)), "llama3.2:3b"]) as server:
        ended = doctor("model", OLLAMA_HOST=server.url)
        assert part("model", OLLAMA_HOST=server.url)["offers"]["ollama"][-1] == "llama3.2:3b"
    lines = [line.strip() for line in ended.stdout.splitlines()]
    at = lines.index("ollama/llama3.2:3b  (in use)")
    assert lines[at + 1 : at + 10] == [f"ollama/m{number}" for number in range(9)]
    another = "to take another: overseer --model NAME, or /model NAME in the chat"
    assert lines[at + 10 :] == ["and 5 more of ollama", another]


def test_a_model_can_be_named_to_be_looked_at() -> None:
    with ModelServer(models=["tiny", "llama3.2:3b"]) as server:
        found = part("model", "--model", "tiny", OLLAMA_HOST=server.url)
        assert (found["name"], found["reason"]) == ("ollama/tiny", "named by --model, and ollama has it")
        refused = part("model", "--model", "tny", code=77, OLLAMA_HOST=server.url)
        assert "did you mean 'ollama/tiny'?" in refused["refusal"]
        there = part("model", "--base-url", server.openai_url, "--model", "tiny", OLLAMA_HOST=closed_port())
        assert (there["status"], there["name"]) == ("ok", "openai/tiny")


def test_what_was_set_up_in_vain_is_the_reason_and_no_other_ways_are_told() -> None:
    with ModelServer(models=[]) as server:
        found = part("model", OLLAMA_HOST=server.url)
        assert found["reason"] == (
            f"Ollama at {server.url}: it has no model to talk to; run: ollama pull qwen3, so plans are made by rules"
        )
        assert found["ways"] == []
    with ModelServer(status=401) as server:
        ended = doctor("model", OPENAI_BASE_URL=server.openai_url, OPENAI_API_KEY="sk-of-nobody-at-all")
    assert ended.stdout.count("it does not accept the key; check OPENAI_API_KEY") == 1


KEYED = {"OPENAI_MODEL": "big", "OPENAI_API_KEY": "sk-of-nobody-at-all"}


def test_a_model_that_its_server_does_not_list_is_noted() -> None:
    with ModelServer(models=["tiny"]) as server:
        found = part("model", OPENAI_BASE_URL=server.openai_url, **KEYED)
    assert found["status"] == "note"
    assert found["doubt"] == f"the server at {server.openai_url} does not list it; it has: tiny"


def test_a_key_that_is_not_accepted_is_broken() -> None:
    with ModelServer(status=401) as server:
        ended = doctor("model", OPENAI_BASE_URL=server.openai_url, **KEYED)
    assert ended.returncode == 77
    assert ended.stdout.splitlines()[0] == (
        "broken  model: openai/big, since OPENAI_API_KEY is set; "
        f"the server at {server.openai_url} does not accept the key OPENAI_API_KEY; check it"
    )


def test_a_flag_names_the_model_before_a_variable_does() -> None:
    with ModelServer(["hi"]) as server:
        found = part(
            "model",
            "--set",
            "models.default=openai/mine",
            OVERSEER_MODEL="ollama/other",
            OPENAI_BASE_URL=server.openai_url,
            OPENAI_API_KEY="sk-of-nobody-at-all",
        )
        assert found["name"] == "openai/mine"


def test_a_server_that_never_answers_is_waited_for_only_briefly() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:  # accepts, and says nothing
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        look = HttpLook(0.05)
        with pytest.raises(LookFailed, match=r"no answer within 0\.05 s"):
            look.ollama_models(address)
        with pytest.raises(LookFailed, match=r"no answer within 0\.05 s"):
            look.openai_models(f"{address}/v1", "")
    assert 2 * EXPECTED_TIMEOUT_S < MOST_S, "both are looked at before it gives up"


def test_a_look_without_an_end_is_given_up() -> None:
    forever = threading.Event()
    with pytest.raises(TooSlow):
        within(0.01, forever.wait)
    forever.set()
    assert within(PATIENCE_S, lambda: 7) == 7
    with pytest.raises(KeyError):
        within(PATIENCE_S, lambda: {}["x"])


def test_no_key_is_shown() -> None:
    key = "sk-proj-aB3dE5fG7hJ9kL2mN4pQ6rS8tU0vW1xY"
    for arguments in ((), ("--json",)):
        ended = doctor(*arguments, OPENAI_API_KEY=key)
        assert key not in ended.stdout + ended.stderr
        assert "openai/gpt-5-mini" in ended.stdout


# --- the journal


@pytest.fixture
def journal(own_home: Path) -> Path:
    with Journal.open(own_home / "journal.db") as opened:
        plan = '{"name":"first","steps":[{"step_id":"a","tool":"t"}]}'
        with opened.begin("r1", name="first", plan=plan, steps=1, inputs={}, options={}, at=1.0) as log:
            log.append(
                [RunStarted(1.0, "r1", {}), StepSucceeded(1.5, "a", "x" * 50_000), RunFinished(2.0, "succeeded", 7)]
            )
    return own_home / "journal.db"


def test_a_sound_journal_is_told_with_its_runs_and_left_as_it_is(journal: Path) -> None:
    before = journal.read_bytes()
    found = part("journal")
    assert (found["status"], found["runs"], found["faults"]) == ("ok", 1, [])
    assert found["bytes"] >= 50_000
    assert found["free_bytes"] > 0
    assert journal.read_bytes() == before


def test_without_a_journal_none_is_made(own_home: Path) -> None:
    assert "none yet" in part("journal")["verdict"]
    assert not own_home.exists()


def test_a_damaged_journal_is_broken_and_told_of(journal: Path) -> None:
    content = bytearray(journal.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 4096] = b"\xa5" * 4096
    journal.write_bytes(content)
    found = part("journal", code=1)
    assert found["status"] == "broken"
    assert found["faults"]


@pytest.mark.parametrize("content", [b"", b"no database at all" * 1000])
def test_what_is_no_journal_is_told_of_without_a_traceback(own_home: Path, content: bytes) -> None:
    own_home.mkdir(mode=0o700)
    (own_home / "journal.db").write_bytes(content)
    found = part("journal", code=1 if content else 0)
    assert found["status"] == ("broken" if content else "ok")


def test_a_folder_in_place_of_the_journal_is_told_of(own_home: Path) -> None:
    (own_home / "journal.db").mkdir(parents=True, mode=0o700)
    assert "it is a folder" in part("journal", code=1)["verdict"]


# --- tools, settings, the data folder


def test_a_broken_tool_file_is_named_by_its_line(own_home: Path) -> None:
    (own_home / "tools").mkdir(parents=True)
    own_home.chmod(0o700)
    (own_home / "tools/broken.py").write_text("print('loud')\nraise ValueError('oh no')\n")
    found = part("tools", code=1)
    assert found["loaded"] > 10
    assert [(Path(problem["file"]).name, problem["line"]) for problem in found["problems"]] == [("broken.py", 2)]
    assert "tools/broken.py:2: " in doctor().stdout


def test_tools_of_a_stranger_are_told_of_and_not_read() -> None:
    Path("tools").mkdir()
    Path("tools/theirs.py").write_text("from overseer.tool import tool\nopen('was-here', 'w').close()\n")
    found = part("tools")
    assert found["status"] == "note"
    assert "overseer tools --trust" in found["not_read"][0]
    assert not Path("was-here").exists()


def test_broken_settings_are_told_and_everything_else_is_looked_at(own_home: Path) -> None:
    own_home.mkdir(mode=0o700)
    (own_home / "config.yaml").write_text("retry:\n  attempts: 0\n")
    document = told(code=1, OVERSEER_CHAT_REVIEW="perhaps")
    faults = document["settings"]["faults"]
    assert faults[0].startswith(f"{own_home / 'config.yaml'}:2: retry.attempts: needs")
    assert faults[1].startswith("OVERSEER_CHAT_REVIEW: ")
    assert document["tools"]["status"] == "ok"


def test_the_files_and_variables_of_settings_are_listed(own_home: Path) -> None:
    own_home.mkdir(mode=0o700)
    (own_home / "config.yaml").write_text("retry: {atempts: 2}")
    found = part("settings", "--set", "retry.attempts=2", OVERSEER_CACHE_ENABLED="on")
    assert [(file["layer"], file["state"]) for file in found["files"]] == [("default", "read"), ("user", "read")]
    assert (found["variables"], found["flags"]) == (["OVERSEER_CACHE_ENABLED"], ["retry.attempts"])
    assert "did you mean 'attempts'?" in found["warnings"][0]
    assert found["status"] == "note"


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
@pytest.mark.parametrize(("mode", "status"), [(0o700, "ok"), (0o755, "note"), (0o777, "broken")])
def test_a_data_folder_that_others_can_enter_is_told_of(own_home: Path, mode: int, status: str) -> None:
    own_home.mkdir()
    own_home.chmod(mode)
    found = part("data_folder", code=1 if status == "broken" else 0)
    assert (found["status"], found["mode"]) == (status, f"{mode:04o}")


def test_a_file_in_place_of_the_data_folder_is_told_of(own_home: Path) -> None:
    own_home.write_text("")
    assert "it is not a folder" in part("data_folder", code=1)["problems"][0]


def test_secrets_that_others_can_read_are_told_of(own_home: Path) -> None:
    own_home.mkdir(mode=0o700)
    (own_home / "secrets.yaml").write_text("A_KEY: 'not for you'")
    (own_home / "secrets.yaml").chmod(0o644)
    document = told(code=1)
    assert "chmod 600" in document["data_folder"]["problems"][0]
    assert "not for you" not in json.dumps(document)


# --- the rest


def test_every_part_has_a_line_with_its_status() -> None:
    ended = doctor()
    starts = [line.split(":")[0].split(maxsplit=1) for line in ended.stdout.splitlines() if not line.startswith(" ")]
    parts = {part[1].replace(" ", "_") for part in starts if part[0] in ("ok", "note", "broken") and len(part) == 2}
    assert parts == PARTS
    assert ended.stdout.splitlines()[-1].startswith("everything that is needed works; more: overseer doctor PART")


def test_what_is_well_takes_a_line_and_all_of_it_is_told_where_it_is_asked_for(own_home: Path) -> None:
    own_home.mkdir(mode=0o700)
    short, full = doctor().stdout.splitlines(), doctor("--full").stdout.splitlines()
    well = [at for at, line in enumerate(short) if line.startswith("ok ")]
    assert well
    assert not any(short[at + 1].startswith(" ") for at in well)
    assert not any("refused   connect by TCP" in line for line in short)
    assert any("refused   connect by TCP" in line for line in full)
    assert len(full) > len(short) + 30


@pytest.mark.parametrize("part", ["data-folder", "data_folder", "data folder"])
def test_one_part_is_looked_at_alone_and_told_in_full(own_home: Path, part: str) -> None:
    own_home.mkdir(mode=0o700)
    ended = doctor(part)
    assert (ended.returncode, ended.stdout) == (0, f"ok      data folder: {own_home}: only you can enter it\n")
    document = json.loads(doctor(part, "--json").stdout)
    assert document.keys() & PARTS == {"data_folder"}
    own_home.chmod(0o777)
    assert doctor(part).returncode == 1
    assert doctor("terminal").returncode == 0


def test_a_part_that_there_is_not_is_told_what_there_is() -> None:
    ended = doctor("sandbx")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "there is no part 'sandbx' to look at; did you mean 'sandbox'?" in ended.stderr


@pytest.mark.parametrize(
    ("environment", "is_terminal", "has_colour", "why"),
    [
        ({"TERM": "xterm"}, True, True, "standard output is a terminal"),
        ({"TERM": "dumb"}, True, False, "TERM is dumb"),
        ({"TERM": "xterm"}, False, False, "standard output is no terminal"),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, True, False, "NO_COLOR is set"),
        ({"NO_COLOR": ""}, True, True, "standard output is a terminal"),
        ({"FORCE_COLOR": "1"}, False, True, "FORCE_COLOR is 1"),
        ({"FORCE_COLOR": "0"}, True, False, "FORCE_COLOR is 0"),
    ],
)
def test_colours_are_told_with_the_reason(
    environment: dict[str, str], is_terminal: bool, has_colour: bool, why: str
) -> None:
    assert colours(environment, is_terminal=is_terminal) == (has_colour, why)


def test_every_extra_is_known_with_its_command() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert EXTRAS.keys() == project["project"]["optional-dependencies"].keys() - {"test", "local-test"}
    assert part("extras")["export"]["command"] == how_to_add("export")
