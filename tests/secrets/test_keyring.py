"""Secrets of the system's keyring: a real backend of the package where it is installed, and what helps where not."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from overseer.errors import UsageError
from overseer.secrets import Redactor, Secrets
from overseer.settings.config import load_settings
from overseer.tool import how_to_add
from overseer.wiring import take_secrets

VALUE = "Zq8xkW2mPf7RtY4v"
ENTRIES = {"NOTES_KEY": "notes.example/api/me"}


@pytest.fixture
def shelf() -> Iterator[dict[tuple[str, str], str | Exception]]:
    """What the system keeps, by service and user; an exception is raised instead of given."""
    keyring = pytest.importorskip("keyring", reason=f"needs the keyring extra: {how_to_add('keyring')}")
    kept: dict[tuple[str, str], str | Exception] = {}

    class Shelf(keyring.backend.KeyringBackend):  # type: ignore[misc]
        priority = 1

        def get_password(self, service: str, username: str) -> str | None:
            value = kept.get((service, username))
            if isinstance(value, Exception):
                raise value
            return value

        def set_password(self, service: str, username: str, password: str) -> None:
            kept[service, username] = password

    before = keyring.get_keyring()
    keyring.set_keyring(Shelf())
    yield kept
    keyring.set_keyring(before)


def test_what_the_keyring_has_is_a_secret_like_any_other(shelf: dict[Any, Any]) -> None:
    shelf["notes.example/api", "me"] = f"{VALUE}\n"
    secrets = Secrets.gather({}, keyring=ENTRIES)
    assert secrets.get("NOTES_KEY") == VALUE
    assert Redactor(secrets).redact(f"with {VALUE}") == "with [secret NOTES_KEY]"


@pytest.mark.parametrize("place", ["environment", "file"])
def test_it_is_not_asked_for_what_is_elsewhere(shelf: dict[Any, Any], tmp_path: Path, place: str) -> None:
    shelf["notes.example/api", "me"] = RuntimeError("nobody should ask")
    environ = {"NOTES_KEY": "from-the-environment"} if place == "environment" else {}
    if place == "file":
        (tmp_path / "secrets.yaml").write_text("NOTES_KEY: from-the-file")
        (tmp_path / "secrets.yaml").chmod(0o600)
    assert Secrets.gather(environ, tmp_path, keyring=ENTRIES).get("NOTES_KEY") == f"from-the-{place}"
    assert not environ


def test_what_it_does_not_have_is_told_with_how_to_put_it_there(shelf: dict[Any, Any]) -> None:
    with pytest.raises(UsageError, match=r"has no 'notes\.example/api/me' for the secret NOTES_KEY") as refused:
        Secrets.gather({}, keyring=ENTRIES)
    assert "run: keyring set 'notes.example/api' 'me'" in str(refused.value)


def test_a_keyring_that_is_locked_is_told_of(shelf: dict[Any, Any]) -> None:
    keyring = pytest.importorskip("keyring", reason=f"needs the keyring extra: {how_to_add('keyring')}")
    shelf["notes.example/api", "me"] = keyring.errors.KeyringLocked("it stays shut")
    with pytest.raises(UsageError, match=r"KeyringLocked: it stays shut\W+unlock it"):
        Secrets.gather({}, keyring=ENTRIES)


def test_without_a_backend_the_remedy_is_named(shelf: dict[Any, Any]) -> None:
    keyring = pytest.importorskip("keyring", reason=f"needs the keyring extra: {how_to_add('keyring')}")
    keyring.set_keyring(keyring.backends.fail.Keyring())
    with pytest.raises(UsageError, match=r"none here that can be used; set one up .*, or keep it in the environment"):
        Secrets.gather({}, keyring=ENTRIES)


def test_without_the_package_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(UsageError, match=re.escape(f"not installed; run: {how_to_add('keyring')}, or")):
        Secrets.gather({}, keyring=ENTRIES)
    assert Secrets.gather({"NOTES_KEY": VALUE}, keyring=ENTRIES).get("NOTES_KEY") == VALUE


def test_the_settings_name_its_entries(
    shelf: dict[Any, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shelf["notes", "me"] = VALUE
    monkeypatch.setenv("OVERSEER_HOME", str(tmp_path))
    monkeypatch.setattr(sys, "stdout", sys.stdout)  # both are wrapped to hide it
    monkeypatch.setattr(sys, "stderr", sys.stderr)
    (tmp_path / "config.yaml").write_text("secrets: {keyring: {NOTES_KEY: notes/me}}")
    assert take_secrets(load_settings()).get("NOTES_KEY") == VALUE
    print(f"it is {VALUE}")
    assert capsys.readouterr().out == "it is [secret NOTES_KEY]\n"


@pytest.mark.parametrize("entries", ["notes/me", "{NOTES_KEY: notes}", "{NOTES_KEY: /me}", "{NOTES_KEY: 5}"])
def test_an_entry_that_is_none_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, entries: str) -> None:
    monkeypatch.setenv("OVERSEER_HOME", str(tmp_path))
    (tmp_path / "config.yaml").write_text(f"secrets: {{keyring: {entries}}}")
    with pytest.raises(UsageError, match=r"secrets\.keyring: .*such as .*notes/me"):
        load_settings()
