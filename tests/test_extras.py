"""How an extra is added: a command that is right for how the program was installed."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from overseer.tool import how_to_add
from overseer.tool.extras import Installed
from tests.processes import ROOT

CHECKOUT = Path("/src/overseer")
OWN = Installed(str(CHECKOUT), True, CHECKOUT / ".venv/bin/python", CHECKOUT)
AWAY = Path("/home/ann")


@pytest.mark.parametrize(
    ("installed", "command"),
    [
        (OWN, ".venv/bin/python -m pip install -e '.[export]'"),
        (replace(OWN, has_pip=False, has_uv=True), "uv pip install --python .venv/bin/python -e '.[export]'"),
        (
            replace(OWN, has_pip=False),
            ".venv/bin/python -m ensurepip && .venv/bin/python -m pip install -e '.[export]'",
        ),
        (replace(OWN, folder=AWAY), "/src/overseer/.venv/bin/python -m pip install -e '/src/overseer[export]'"),
        (replace(OWN, python=Path("/usr/bin/python3")), "/usr/bin/python3 -m pip install -e '.[export]'"),
        (
            Installed(str(CHECKOUT), False, Path("/opt/my env/bin/python"), AWAY),
            "'/opt/my env/bin/python' -m pip install '/src/overseer[export]'",
        ),
        (
            Installed("git+https://example.org/o.git", False, Path("/v/bin/python"), AWAY),
            "/v/bin/python -m pip install 'overseer[export] @ git+https://example.org/o.git'",
        ),
        (Installed("", False, Path("/v/bin/python"), AWAY), "/v/bin/python -m pip install 'overseer[export]'"),
        (
            Installed(str(CHECKOUT), False, Path("/home/ann/.local/share/pipx/venvs/overseer/bin/python"), AWAY),
            "pipx install --force '/src/overseer[export]'",
        ),
    ],
)
def test_the_command_is_right_for_how_it_was_installed(installed: Installed, command: str) -> None:
    assert installed.command_for("export") == command


def test_here_it_is_that_of_this_checkout(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    command = how_to_add("export")
    assert f"{ROOT}[export]" in command
    assert sys.executable in command


def test_nothing_says_it_in_another_way() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split()
    pages = [ROOT / name for name in tracked if name.endswith((".py", ".md", ".yaml")) and "test_extras" not in name]
    own = re.compile(r"pip install '?(overseer|\.)\[(export|keyring|local)")
    assert [str(path) for path in pages if path.is_file() and own.search(path.read_text(encoding="utf-8"))] == []
