"""What is built can be installed, and the command works from any folder without the checkout."""

from __future__ import annotations

import ensurepip
import json
import os
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from overseer import __version__
from tests.processes import ROOT

TOP_LEVEL = {"LICENSE", "README.md", "chat_cli.py", "config.yaml", "node_runtime.py", "pyproject.toml"}


@dataclass(frozen=True, slots=True)
class Built:
    sdist: Path
    wheel: Path  # made of the former


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    folder = tmp_path_factory.mktemp("dist")
    sdist = _archive("sdist", ROOT, folder)
    with tarfile.open(sdist) as packed:
        packed.extractall(folder, filter="data")
    return Built(sdist, _archive("wheel", folder / f"overseer-{__version__}", folder))


def test_the_archives_hold_what_they_should(built: Built) -> None:
    with zipfile.ZipFile(built.wheel) as wheel:
        in_wheel = set(wheel.namelist())
    with tarfile.open(built.sdist) as sdist:
        in_sdist = {name.partition("/")[2] for name in sdist.getnames()}
    tools = {path.name for path in (ROOT / "tools").iterdir() if path.suffix in (".py", ".yaml")}
    assert in_wheel >= {f"overseer/tools/{name}" for name in tools}
    assert in_wheel >= {"chat_cli.py", "node_runtime.py", "overseer/config.yaml", "overseer/models/prices.yaml"}
    assert not [name for name in in_wheel if name.startswith(("tests/", "bench/"))]
    assert in_sdist >= TOP_LEVEL | {f"tools/{name}" for name in tools}


@pytest.mark.long
def test_the_command_works_from_any_folder(built: Built, tmp_path: Path) -> None:
    command = _installed(built.wheel, tmp_path / "environment")
    work = tmp_path / "work"
    work.mkdir()

    def said(*arguments: str) -> str:
        return _done([str(command), *arguments], work)

    assert said("--version").split()[-1] == __version__
    assert len(json.loads(said("tools", "--json"))["tools"]) >= 60
    (work / "notes.txt").write_text("hello", encoding="utf-8")
    made = json.loads(said("-p", "read notes.txt and make it upper case", "--json"))
    assert (made["status"], made["answer"]) == ("succeeded", "HELLO")
    assert str(ROOT) not in said("doctor", "--json")


def _archive(kind: str, source: Path, folder: Path) -> Path:
    _done([sys.executable, "-m", "hatchling", "build", "--target", kind, "--directory", str(folder)], source)
    (archive,) = folder.glob({"sdist": "*.tar.gz", "wheel": "*.whl"}[kind])
    return archive


def _installed(wheel: Path, folder: Path) -> Path:
    """The command in a new environment, which has of the tests' own what ours depends on, and not the checkout."""
    pip = _bundled_pip()
    venv.create(folder, with_pip=not pip)
    python = str(folder / "bin" / "python")
    site = _done([python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], folder).strip()
    Path(site, "dependencies.pth").write_text("\n".join([*pip, sysconfig.get_path("purelib"), ""]), encoding="utf-8")
    _done([python, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", str(wheel)], folder)
    return folder / "bin" / "overseer"


def _bundled_pip() -> list[str]:
    """Where Python keeps the pip that it would install, which works as it is: installing it takes seconds."""
    folder = sysconfig.get_config_var("WHEEL_PKG_DIR") or Path(ensurepip.__file__).parent / "_bundled"
    return [str(path) for path in Path(folder).glob("pip-*.whl")][:1]


def _done(command: list[str], folder: Path) -> str:
    """What a command prints, which must end well. It finds neither the checkout nor this user's data."""
    home = str(folder / "home")
    environment = {"PATH": os.environ["PATH"], "HOME": home, "OVERSEER_HOME": home, "LANG": "C.UTF-8"}
    ended = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=100, check=False
    )
    assert ended.returncode == 0, f"{ended.stdout}{ended.stderr}"
    return ended.stdout
