"""Gathering secrets from an environment, and keeping them to ourselves."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path

import pytest

from overseer.secrets import Secrets

VALUE = "Zq8xkW2mPf7RtY4v"


@pytest.mark.parametrize(
    "name",
    [
        "OPENAI_API_KEY",
        "API_KEY",
        "apikey",
        "GITHUB_TOKEN",
        "TOKEN",
        "NPMTOKEN",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_ACCESS_KEY",
        "CLIENT_SECRET",
        "SECRET_KEY_BASE",
        "PGPASSWORD",
        "DB_PASSWORD",
        "MYSQL_PWD",
        "SMTP_PASS",
        "GH_PAT",
        "SSH_PASSPHRASE",
        "SERVICE_CREDENTIALS",
        "OPENAI_API_KEY_2",
        "LICENSE_KEY",
        "NPM_CONFIG__AUTH",
    ],
)
def test_variables_that_tell_by_their_names_are_taken_out(name: str) -> None:
    environ = {name: VALUE, "PATH": "/usr/bin"}
    secrets = Secrets.gather(environ)
    assert environ == {"PATH": "/usr/bin"}
    assert secrets.names() == (name,)
    assert secrets.get(name) == VALUE


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PATH", "/usr/local/bin:/usr/bin"),
        ("SSH_AUTH_SOCK", "/tmp/ssh-XXXX/agent.12"),
        ("XAUTHORITY", "/home/me/.Xauthority"),
        ("GPG_KEY", "A035C8C19219BA821ECEA86B64E628F8D684696D"),
        ("GPG_KEY", "A1B2C"),
        ("SSL_KEY", "/etc/ssl/key.pem"),
        ("SORT_KEY", "created_at"),
        ("CACHE_KEY", "v1-9f86d081884c7d659a2feaa0c55ad015"),
        ("PWD", "/home/me"),
        ("OLDPWD", "/home/me/elsewhere"),
        ("TOKENIZERS_PARALLELISM", "false"),
        ("MAX_TOKENS", "4096"),
        ("DB_PASSWORD_FILE", "/run/secrets/db_password"),
        ("KEYBOARD", "de-latin1"),
        ("COMPASS", "north by north-west"),
        ("GITHUB_TOKEN", ""),
        ("LS_COLORS", "rs=0:di=01;34:ln=01;36"),
        ("DATABASE_URL", "postgres://localhost:5432/db"),
        ("GIT_SSH_COMMAND", "ssh -i ~/.ssh/id_ed25519"),
    ],
)
def test_harmless_variables_stay(name: str, value: str) -> None:
    environ = {name: value}
    assert Secrets.gather(environ).names() == ()
    assert environ == {name: value}


@pytest.mark.parametrize(
    "value",
    [
        "sk-proj-4kQ9zT2xW7vB1nM6pL3jH8gF5dS0aYcR",
        "ghp_9aB8cD7eF6gH5iJ4kL3mN2oP1qR0sT9uV8wX",
        f"-----BEGIN RSA PRIVATE KEY-----\n{'MIIEpAIBAAKCAQEA' * 4}\nabc=\n-----END RSA PRIVATE KEY-----\n",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
    ],
)
def test_a_key_is_known_by_its_looks_whatever_it_is_called(value: str) -> None:
    environ = {"MY_THING": value}
    assert Secrets.gather(environ).get("MY_THING") == value.strip()
    assert not environ


def test_a_file_that_a_variable_names_is_no_secret_but_a_key_that_starts_like_one_is(tmp_path: Path) -> None:
    (tmp_path / "google.json").touch()
    environ = {
        "GOOGLE_APPLICATION_CREDENTIALS": str(tmp_path / "google.json"),
        "AWS_SECRET_ACCESS_KEY": "/bPxRfiCYEXAMPLEKEYwJalrXUtnFEMI/K7MDENG",
    }
    assert Secrets.gather(environ).names() == ("AWS_SECRET_ACCESS_KEY",)


def test_names_can_be_added() -> None:
    environ = {"HARMLESS": "value", "OTHER": "value"}
    assert Secrets.gather(environ, names=["HARMLESS", "MISSING"]).names() == ("HARMLESS",)
    assert environ == {"OTHER": "value"}


def test_an_address_with_a_password_can_be_had_but_stays_because_we_may_need_it_ourselves() -> None:
    environ = {"http_proxy": "http://me:Zq8xkW2mPf@proxy:8080"}
    secrets = Secrets.gather(environ)
    assert environ
    assert secrets.get("http_proxy") == "http://me:Zq8xkW2mPf@proxy:8080"
    assert list(secrets.hidden()) == [("http_proxy", "Zq8xkW2mPf")]


def test_the_environment_counts_before_the_file_and_both_values_are_hidden(tmp_path: Path) -> None:
    path = tmp_path / "secrets.yaml"
    path.write_text("A_TOKEN: from-the-file\nB: other\n")
    path.chmod(0o600)
    secrets = Secrets.gather({"A_TOKEN": "from-the-environment"}, tmp_path)
    assert secrets.get("A_TOKEN") == "from-the-environment"
    assert secrets.names() == ("A_TOKEN", "B")
    assert {value for _, value in secrets.hidden()} == {"from-the-environment", "from-the-file", "other"}


def test_blanks_around_a_key_are_no_part_of_it() -> None:
    secrets = Secrets.gather({"A_TOKEN": " abcdefgh\n", "B_TOKEN": " \n"})
    assert secrets.get("A_TOKEN") == "abcdefgh"
    assert secrets.names() == ("A_TOKEN",)


def test_nothing_shows_a_value() -> None:
    secrets = Secrets({"A_TOKEN": VALUE})
    for shown in (repr(secrets), str(secrets), f"{secrets}", f"{secrets!r:>60}", repr([secrets]), repr(dir(secrets))):
        assert VALUE not in shown
    assert repr(secrets) == "<Secrets: A_TOKEN>"
    assert repr(Secrets()) == "<Secrets: none>"
    with pytest.raises(TypeError):
        vars(secrets)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_secrets_cannot_be_sent_away(protocol: int) -> None:
    with pytest.raises(TypeError, match="secrets stay in the process that gathered them"):
        pickle.dumps(Secrets({"A": VALUE}), protocol)


def test_a_copy_is_the_same_object() -> None:
    secrets = Secrets({"A": VALUE})
    assert copy.copy(secrets) is secrets
    assert copy.deepcopy([secrets])[0] is secrets
