"""What other processes can see of the variables that we were started with."""

from __future__ import annotations

import os
import sys

import pytest

from tests.processes import Child

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows a process's memory in /proc")

PROTECTED = """
import ctypes, os, sys
from overseer.secrets import Secrets, protect_memory
secrets = Secrets.gather(os.environ)
assert secrets.get("FAKE_API_KEY") == sys.argv[1], "gathered"
before = dict(os.environ)
getenv = ctypes.CDLL(None).getenv
getenv.restype = ctypes.c_void_p
print(protect_memory(secrets.received()))
print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))
assert os.environ == before and os.environ["FAKE_OTHER"] == "seen"
assert ctypes.string_at(getenv(b"FAKE_PROXY")) == b"http://me:" + sys.argv[1].encode() + b"@proxy"
assert secrets.get("FAKE_API_KEY") == sys.argv[1], "kept"
print("ready", flush=True)
sys.stdin.readline()
"""


def test_what_was_taken_out_of_the_environment_is_gone_from_the_memory_it_came_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    key = "".join(reversed("v4YtR7fPm2Wkx8qZ"))
    monkeypatch.setenv("FAKE_API_KEY", key)
    monkeypatch.setenv("FAKE_OTHER", "seen")
    monkeypatch.setenv("FAKE_PROXY", f"http://me:{key}@proxy")
    with Child(PROTECTED, key) as child:
        assert [child.hear(), child.hear(), child.hear()] == ["True", "0", "ready"]
        try:
            with open(f"/proc/{child.pid}/environ", "rb") as file:
                seen = file.read()
        except PermissionError:
            assert os.geteuid() != 0
            return
        # Only root can look at all.
        assert b"FAKE_OTHER=seen" in seen
        assert key.encode() not in seen
        assert b"FAKE_API_KEY=" + b"-" * len(key) in seen


def test_elsewhere_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    from overseer.secrets import protect_memory

    monkeypatch.setattr(sys, "platform", "darwin")
    assert protect_memory({"A": "b"}) is False
