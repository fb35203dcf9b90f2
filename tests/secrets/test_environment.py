"""What children get of our environment."""

from __future__ import annotations

import os

import pytest

from overseer.secrets import Secrets, environment

PASSWORD = "Zq8xkW2mPf7RtY4v"


@pytest.mark.parametrize(
    "value",
    [
        PASSWORD,
        f"postgres://me:{PASSWORD}@db/name",
        f"--user me --password {PASSWORD}",
        "http://me:unknown-one@proxy:8080",
        '{"key": "sk-proj-4kQ9zT2xW7vB1nM6pL3jH8gF5dS0aYcR"}',
    ],
)
def test_whatever_holds_a_secret_is_withheld(value: str) -> None:
    assert environment(Secrets({"PGPASSWORD": PASSWORD}), {"ANY": value, "LANG": "C"}) == {"LANG": "C"}


def test_a_short_secret_is_withheld_where_it_is_all_there_is() -> None:
    kept = environment(Secrets({"PIN": "test"}), {"A": "test", "B": "latest"})
    assert kept == {"B": "latest"}


def test_the_rest_stays_as_the_user_has_set_it() -> None:
    given = {
        "HOME": "/home/me",
        "LD_PRELOAD": "/usr/lib/libtorsocks.so",
        "PYTHONPATH": "/home/me/lib",
        "SSH_AUTH_SOCK": "/tmp/agent",
        "DATABASE_URL": "postgres://localhost/name",
        "http_proxy": "http://proxy:8080",
    }
    assert environment(Secrets(), given) == given


def test_folders_of_ours_and_relative_ones_are_not_passed_on() -> None:
    given = {"PATH": ".:/usr/bin::bin:/bin:", "PWD": "/a", "OLDPWD": "/b"}
    assert environment(Secrets(), given) == {"PATH": "/usr/bin:/bin"}


def test_by_default_it_is_our_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRESH_API_KEY", PASSWORD)
    monkeypatch.setenv("FRESH", "1")
    secrets = Secrets.gather(os.environ)
    assert environment(secrets)["FRESH"] == "1"
    assert "FRESH_API_KEY" not in environment(secrets)
    assert "FRESH_API_KEY" not in os.environ
