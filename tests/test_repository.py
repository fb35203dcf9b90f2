"""The repository as it is published: no key of anybody is in it, and every file can be read as text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from overseer.secrets.patterns import has_known_key
from tests.processes import ROOT

NOT_OURS = {".git", ".venv", ".hypothesis", "__pycache__", "dist", "build"} | {
    f".{of}_cache" for of in ("mypy", "ruff", "pytest")
}
# Tests of what finds and hides keys; theirs were made up, and open nothing.
WITH_MADE_UP_KEYS = {
    "tests/headless/test_secrets.py",
    "tests/secrets/test_environment.py",
    "tests/secrets/test_redactor.py",
    "tests/secrets/test_store.py",
    "tests/secrets/test_streams.py",
    "tests/test_doctor.py",
}


def published(folder: Path = ROOT) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name in NOT_OURS:
            continue
        if path.is_dir():
            yield from published(path)
        elif not path.name.startswith(".coverage"):
            yield path


def test_no_key_is_in_it() -> None:
    with_keys = {
        path.relative_to(ROOT).as_posix() for path in published() if has_known_key(path.read_text(encoding="utf-8"))
    }
    assert with_keys == WITH_MADE_UP_KEYS


def test_one_file_names_the_version() -> None:
    from overseer import __version__

    declares = f'= "{__version__}"'
    code = [path for path in published() if path.suffix in (".py", ".toml", ".yaml")]
    named = [path.relative_to(ROOT).as_posix() for path in code if declares in path.read_text(encoding="utf-8")]
    assert named == ["overseer/__init__.py"]
    assert f"## {__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
