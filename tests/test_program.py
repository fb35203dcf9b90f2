"""What tests start as the program: a process that was loaded before is no other than one that has to be."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import signals_as_usual  # noqa: F401
from tests.program import LoadedChild, begun, carried_out_by_shell, source_begun, source_carried_out

pytestmark = pytest.mark.skipif(os.name != "posix", reason="shells of POSIX")

KILLED = "import os\nos.kill(os.getpid(), 9)\n"


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVERSEER_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    "script",
    [
        "overseer --version",
        "overseer --versions; echo $?",
        "overseer --version >/dev/full",
        "overseer --version >&-; echo $?",
        "(ulimit -f 0; overseer --version > file); echo $?; cat file",
    ],
)
def test_in_a_shell_both_do_the_same(script: str) -> None:
    loaded, anew = (carried_out_by_shell(script, is_loaded=is_loaded) for is_loaded in (True, False))
    assert (loaded.returncode, loaded.stdout, loaded.stderr) == (anew.returncode, anew.stdout, anew.stderr)


def test_a_shell_sees_of_what_it_died(tmp_path: Path) -> None:
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "killed.py").write_text(KILLED)
    ended = carried_out_by_shell("overseer tools --tools tools")
    assert (ended.returncode, ended.stdout) == (128 + signal.SIGKILL, b"")


def test_a_descriptor_of_the_shell_is_there_under_its_number() -> None:
    plan = "steps: [{step_id: a, tool: text_case, args: {text: loud}}]"
    ended = carried_out_by_shell(f"exec 7< <(echo '{plan}'); overseer run /dev/fd/7")
    assert (ended.returncode, ended.stdout) == (0, b"LOUD\n"), ended.stderr


@pytest.mark.parametrize("is_ignored", [True, False])
def test_what_is_ignored_here_is_ignored_there_and_nothing_else(is_ignored: bool) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN if is_ignored else signal.SIG_DFL)
    try:
        child = LoadedChild("import os, signal; os.kill(os.getpid(), signal.SIGHUP); print('alive', flush=True)")
    finally:
        signal.signal(signal.SIGHUP, before)
    with child:
        assert child.hear_all() == (["alive"] if is_ignored else [])


@pytest.mark.parametrize(
    ("source", "code", "said"),
    [
        ("import sys; sys.exit(3)", 3, ""),
        ("import threading; threading.Timer(0.05, print, ['late']).start()", 0, "late\n"),
        ("import atexit; atexit.register(print, 'last')", 0, "last\n"),
        (KILLED, -9, ""),
        ("import sys; print(sys.argv, __name__)", 0, "['-c', 'x'] __main__\n"),
        ("import os; print(sorted(map(int, os.listdir('/dev/fd')))[:-1])", 0, "[0, 1, 2]\n"),
    ],
)
def test_a_program_of_python_ends_as_it_would(source: str, code: int, said: str) -> None:
    ended = source_carried_out(source, "x")
    assert (ended.returncode, ended.stdout.decode(), ended.stderr) == (code, said, b"")


@pytest.mark.parametrize(
    "source",
    [
        "import sys; sys.exit('why')",
        "import sys; sys.exit([])",
        "import sys; sys.exit()",
        "raise KeyboardInterrupt",
        "def fail(): 1 / 0\nfail()",
        "no python",
    ],
)
def test_a_program_of_python_says_why_it_ends_as_it_would(source: str) -> None:
    loaded = source_carried_out(source)
    anew = subprocess.run([sys.executable, "-c", source], capture_output=True, check=False)
    assert (loaded.returncode, loaded.stdout, loaded.stderr) == (anew.returncode, anew.stdout, anew.stderr)


def test_its_umask_and_time_zone_are_those_from_here(monkeypatch: pytest.MonkeyPatch) -> None:
    source_carried_out("")  # so that what becomes it was loaded before
    monkeypatch.setenv("TZ", "XYZ-3")
    before = os.umask(0o027)
    try:
        ended = source_carried_out("import os, time; print(oct(os.umask(0)), time.strftime('%Z%z'))")
    finally:
        os.umask(before)
    assert ended.stdout == b"0o27 XYZ+0300\n"


def test_no_signal_is_lost_however_early_it_comes() -> None:
    processes = []
    for _ in range(10):
        processes.append(source_begun("import time; time.sleep(5)", stderr=subprocess.DEVNULL))
        processes[-1].send_signal(signal.SIGINT)
    assert [process.communicate() and process.returncode for process in processes] == [-signal.SIGINT] * 10


def test_warnings_are_errors() -> None:
    assert b"UserWarning: careful" in source_carried_out("import warnings; warnings.warn('careful')").stderr


def test_it_can_be_waited_for_and_told_to_end() -> None:
    with begun("serve", "--socket", "engine") as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(b"OVERSEER_SOCKET=")
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.01)
        assert process.poll() is None
        process.terminate()
        assert process.wait() == process.poll() == 0
        process.kill()  # is no error


def test_nobody_is_awaited_any_longer_because_others_hold_open_what_it_printed_to() -> None:
    lasting = "import os, select; os.fork() or print(select.select([0], [], [], 5)[0])"
    (theirs, told), (heard, its) = os.pipe(), os.pipe()
    with open(theirs, "rb") as stdin, open(told, "wb") as tells, open(heard, "rb") as hears, open(its, "wb") as stdout:
        with source_begun(lasting, stdin=stdin, stdout=stdout) as process:
            stdout.close()
            with pytest.raises(subprocess.TimeoutExpired):
                process.communicate(timeout=0.1)
        tells.close()
        assert hears.read() == b"[0]\n"  # and not only once the other had enough


def test_what_it_is_given_may_be_more_than_a_pipe_holds() -> None:
    data = bytes(range(256)) * 1000
    echo = "import sys; sys.stderr.buffer.write(sys.stdin.buffer.read()); print('done')"
    assert source_begun(echo, stdin=subprocess.PIPE).communicate(data) == (b"done\n", data)
    assert source_begun("", stdin=subprocess.PIPE).communicate(data) == (b"", b"")
