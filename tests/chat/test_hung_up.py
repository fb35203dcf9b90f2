"""A chat whose terminal goes away ends in one way, whoever reads its lines and whether it hears of it by a signal."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("termios", reason="terminals of POSIX")

from tests.chat.conftest import NO_MODEL
from tests.processes import PATIENCE_S, ROOT

# The terminal is the one that the session is controlled from, as in a shell; "deaf" ignores its signal, as nohup does.
_AT_TERMINAL = """
import fcntl, os, signal, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
if sys.argv[1] == "deaf":
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
os.execv(sys.argv[2], sys.argv[2:])
"""


_STEERING = re.compile(rb"\x1b\[[0-9;?]*[a-zA-Z]")


@pytest.mark.parametrize("options", [(), ("--plain",)], ids=["line editor", "plain"])
@pytest.mark.parametrize("hears", ["hears", "deaf"])
def test_the_exit_code_is_that_of_the_signal(tmp_path: Path, options: tuple[str, ...], hears: str) -> None:
    outer, inner = os.openpty()
    environ = {**os.environ, **NO_MODEL, "OVERSEER_HOME": str(tmp_path / "home"), "TERM": "xterm"}
    chat = [sys.executable, str(ROOT / "chat_cli.py"), "chat", *options]
    process = subprocess.Popen(
        [sys.executable, "-c", _AT_TERMINAL, hears, *chat],
        cwd=tmp_path, stdin=inner, stdout=inner, stderr=inner, start_new_session=True, env=environ,
    )  # fmt: skip
    os.close(inner)
    try:
        seen = b""
        while b">" not in _STEERING.sub(b"", seen).partition(b"/help.")[2]:
            assert select.select([outer], [], [], PATIENCE_S)[0], seen
            seen += os.read(outer, 65536)
        os.close(outer)
        assert process.wait(PATIENCE_S) == 128 + signal.SIGHUP
    finally:
        process.kill()
        process.wait()
