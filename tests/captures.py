"""What a page shows of a command is what the command really prints.

    python -m tests.captures README.md

runs every command that stands in a `<!-- captured: COMMAND -->` marker of a page, and writes what it printed below it.
Two captures are alike if they differ in nothing but figures: times are never the same twice.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]

_CAPTURE = re.compile(r"(<!-- captured: (.*?) -->\n).*?(<!-- end -->)", re.DOTALL)
_FIGURE = re.compile(r"\d[\d.,]*")
_RUN_ID = re.compile(r"\b[0-9a-z]{14}\b")


def captured(command: str) -> str:
    """What a command of ours prints, on both streams, in an empty folder and with an empty home."""
    _, *arguments = shlex.split(command)
    with tempfile.TemporaryDirectory() as folder:
        env = {
            name: value for name, value in os.environ.items() if not name.startswith(("OVERSEER", "OPENAI", "OLLAMA"))
        }
        env |= {"OVERSEER_HOME": f"{folder}/home", "OLLAMA_HOST": "127.0.0.1:9", "NO_COLOR": "1"}
        done = subprocess.run(
            [sys.executable, str(ROOT / "chat_cli.py"), *arguments],
            cwd=folder,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=True,
        )
    return done.stdout


def as_block(printed: str) -> str:
    return "".join(f"    {line}".rstrip() + "\n" for line in printed.splitlines())


def captures_in(page: str) -> list[tuple[str, str]]:
    """The commands of a page, each with what the page says that it prints."""
    return [(found[2], found[0][len(found[1]) : -len(found[3])]) for found in _CAPTURE.finditer(page)]


def alike(text: str) -> list[str]:
    """The lines of a text without what differs from time to time, such as which of two steps ends first."""
    return sorted(_FIGURE.sub("0", _RUN_ID.sub("RUN", text)).splitlines())


def made_anew(page: str) -> str:
    return _CAPTURE.sub(lambda found: f"{found[1]}\n{as_block(captured(found[2]))}\n{found[3]}", page)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        path = Path(name)
        path.write_text(made_anew(path.read_text(encoding="utf-8")), encoding="utf-8")
