"""A key in our environment is found nowhere in a command's: not in its own, nor in that of any process above it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.processes import Child

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no commands on Windows")

KEY = "".join(reversed("v4YtR7fPm2Wkx8qZ"))

# Prints all environments that it can read, from its own up to that of the process named in its argument.
LOOK_AROUND = """
import os, sys

def read(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        return error

print(dict(os.environ))
pid = os.getpid()
while os.path.isdir(f"/proc/{pid}"):
    print(pid, read(f"/proc/{pid}/environ"))
    if pid == int(sys.argv[1]):
        print("came up to the top")
        break
    pid = int(read(f"/proc/{pid}/stat").rpartition(b")")[2].split()[1])
"""

PARENT = """
import os, sys
from pathlib import Path
from overseer.processes import ProcessCommands
from overseer.secrets import Secrets, environment, protect_memory
folder, look_around = sys.argv[1:]
secrets = Secrets.gather(os.environ)
protect_memory(secrets.received())
commands = ProcessCommands(Path(folder), environment(secrets))
print(commands.run(["env"]).stdout)
print(commands.run([sys.executable, "-c", look_around, str(os.getpid())]).stdout)
print("it is there" if secrets.get("FAKE_API_KEY") else "it is lost", flush=True)
"""


def test_a_key_is_found_nowhere_around_a_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_API_KEY", KEY)
    monkeypatch.setenv("FAKE_DATABASE_URL", f"postgres://me:{KEY}@db/name")
    monkeypatch.setenv("FAKE_HARMLESS", "seen")
    with Child(PARENT, tmp_path, LOOK_AROUND) as child:
        heard = []
        while (line := child.hear()) not in ("it is there", "it is lost"):
            heard.append(line)
        assert line == "it is there"
    printed = "\n".join(heard)
    assert "FAKE_HARMLESS=seen" in printed
    assert "FAKE_API_KEY" not in printed.replace("FAKE_API_KEY=" + "-" * len(KEY), "")
    if sys.platform == "linux":
        assert "came up to the top" in printed
    assert KEY not in printed
