"""Models that are named by a file: how they are named, by whom, and what keeps one from being used."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest

from overseer.errors import ModelUnavailable, UsageError
from overseer.models import ModelRef, ModelRoles, Wanted, connector, detect, gguf_file, parse_models
from overseer.models.look import HttpLook
from overseer.models.model import ModelError
from overseer.models.settings import model_ref
from overseer.tool import Question, how_to_add


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gguf_file, "find_spec", lambda name: object())


def a_file(path: Path, content: bytes = b"GGUF and more") -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("text", "ref"),
    [
        ("/srv/models/a.gguf", ModelRef("gguf", "/srv/models/a.gguf")),
        ("~/a.GGUF", ModelRef("gguf", "~/a.GGUF")),
        ("a.gguf", ModelRef("gguf", "a.gguf")),
        ("models/a.gguf", ModelRef("gguf", "models/a.gguf")),
        ("./ollama/a.gguf", ModelRef("gguf", "./ollama/a.gguf")),
        ("gguf//srv/a.gguf", ModelRef("gguf", "/srv/a.gguf")),
        ("ollama/hf.co/somebody/a.gguf", ModelRef("ollama", "hf.co/somebody/a.gguf")),
    ],
)
def test_a_file_names_a_model_unless_a_provider_does(text: str, ref: ModelRef) -> None:
    providers = parse_models({}, {}).providers
    assert model_ref(text, providers) == ref
    assert model_ref(str(ref), providers) == ref  # as it is shown, it can be written


def test_a_file_can_have_any_role_and_a_window() -> None:
    section = {
        "default": "a.gguf",
        "roles": {"coder": "b.gguf"},
        "providers": {"gguf": {"kind": "gguf", "window": 512}},
    }
    settings = parse_models(section, {})
    assert str(settings.default.model) == "gguf/a.gguf"
    assert str(settings.roles["coder"].model) == "gguf/b.gguf"
    assert settings.providers["gguf"].window == 512


@pytest.mark.parametrize("window", [0, 255, "many", True, None, 1.5])
def test_a_window_of_no_use_is_refused(window: Any) -> None:
    with pytest.raises(UsageError, match=r"providers\.gguf\.window: must be a whole number of at least 256"):
        parse_models({"providers": {"gguf": {"kind": "gguf", "window": window}}}, {})


@pytest.mark.parametrize("content", [b"", b"GGU", b"\x7fELF", "gguf".encode("utf-16")])
@pytest.mark.usefixtures("installed")
def test_what_is_no_such_file_is_told(tmp_path: Path, content: bytes) -> None:
    path = a_file(tmp_path / "a.gguf", content)
    assert gguf_file.fault_of(path) == f"{path} is no GGUF file; use one in that format, such as llama.cpp reads"


@pytest.mark.usefixtures("installed")
def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    assert gguf_file.fault_of(tmp_path / "no.gguf") == f"there is no file {tmp_path / 'no.gguf'}; check the path"
    assert "is a folder; name the file in it" in gguf_file.fault_of(tmp_path)
    assert gguf_file.fault_of(a_file(tmp_path / "yes.gguf")) == ""


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="nobody keeps the administrator from a file")
@pytest.mark.usefixtures("installed")
def test_what_may_not_be_read_is_told(tmp_path: Path) -> None:
    path = a_file(tmp_path / "a.gguf")
    path.chmod(0)
    assert "cannot be read: Permission denied; check its permissions" in gguf_file.fault_of(path)


def test_without_the_extra_it_is_said_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gguf_file, "find_spec", lambda name: None)
    a_file(tmp_path / "a.gguf")
    models = ModelRoles(parse_models({"default": "a.gguf"}, {}), connector({}.get, folder=tmp_path))
    with pytest.raises(ModelError, match=re.escape(f"run: {how_to_add('local')}")) as caught:
        models.ask(Question("?"))
    assert caught.value.kind == "bad_request"  # and not "denied", where rules would take its place


@pytest.mark.usefixtures("installed")
def test_a_file_that_was_named_is_chosen_or_is_an_error(tmp_path: Path) -> None:
    settings = parse_models({"default": "a.gguf"}, {})
    with pytest.raises(ModelUnavailable, match=r"names gguf/a\.gguf, which cannot be used: there is no file"):
        detect(settings, {}, {}.get, HttpLook(), folder=tmp_path)
    a_file(tmp_path / "a.gguf")
    choice = detect(settings, {}, {}.get, HttpLook(), folder=tmp_path)
    assert (str(choice.model), choice.reason) == ("gguf/a.gguf", "named by models.default in the settings")
    other = str(a_file(tmp_path / "b.gguf"))
    choice = detect(settings, {"OVERSEER_MODEL": other}, {}.get, HttpLook(), folder=tmp_path)
    assert str(choice.model) == f"gguf/{other}"
    choice = detect(settings, {}, {}.get, HttpLook(), folder=tmp_path, wanted=Wanted("--model", other))
    assert choice.reason == "named by --model"


@pytest.mark.usefixtures("installed")
def test_a_program_can_only_ask_for_files_that_the_settings_name(tmp_path: Path) -> None:
    section = {"default": "ollama/x", "roles": {"coder": "a.gguf"}}
    models = ModelRoles(parse_models(section, {}), connector({}.get, folder=tmp_path))
    a_file(tmp_path / "a.gguf")
    a_file(tmp_path / "made.gguf")
    assert models.model("coder").name == models.model("gguf/a.gguf").name == "a.gguf"
    for role in ("gguf/made.gguf", f"gguf/{tmp_path}/made.gguf", "./made.gguf", f"gguf/{tmp_path}/a.gguf"):
        with pytest.raises(ModelError, match=r"is not among the models in config\.yaml") as caught:
            models.model(role)
        assert caught.value.kind == "denied"
