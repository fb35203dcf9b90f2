"""What once went wrong in the sandbox, and what its self-test must notice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from overseer.sandbox import Job, Limits, Sandbox
from overseer.sandbox.inside import rooms
from overseer.sandbox.inside.preparation import Setting, _shown
from tests.processes import PATIENCE_S, ROOT

# Threads of machine code that share one page of stack: only a limit of their number stops them.
_MANY_THREADS = """
import ctypes, mmap, struct
def main(input):
    area = mmap.mmap(-1, 16384, prot=7, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    address = ctypes.addressof(ctypes.c_char.from_buffer(area))
    # clone(VM FS FILES SIGHAND THREAD); the parent returns its result, the child calls pause for ever
    code = bytes.fromhex("b838000000bf000f01004889f631d24d31d24d31c00f0585c07401c3b8220000000f05ebf7")
    area[: len(code)] = code
    clone = ctypes.CFUNCTYPE(ctypes.c_long, ctypes.c_long, ctypes.c_long)(address)
    made = 0
    while made < 1500 and clone(0, address + 12288) > 0:
        made += 1
    return made
"""


def test_nothing_outside_can_be_opened_with_the_access_mode_3(hardened: Sandbox, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("precious")
    source = "import os\ndef main(input):\n    os.open(input, 3)\n    return 'opened'"
    outcome = hardened.run(Job(source, str(outside)))
    assert "PermissionError" in outcome.error, outcome.value


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="machine code")
def test_a_node_cannot_start_thousands_of_threads(sandbox: Sandbox) -> None:
    outcome = sandbox.run(Job(_MANY_THREADS))
    assert outcome.verdict != "good" or outcome.value < 1000, outcome.value


def test_a_fork_that_fails_does_not_spoil_those_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    monkeypatch.setattr(rooms.system, "call", lambda name, *_: made.append(name) or 0)
    room = rooms.ProcessRoom()

    def fails() -> int:
        raise OSError(11, "no more processes")

    with pytest.raises(OSError, match="no more processes"):
        room.fork(fails)
    assert made == ["unshare", "setns"]


def test_a_node_that_cannot_be_started_does_not_end_the_others(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    template = sandbox._template
    monkeypatch.setattr("overseer.sandbox.running.NodeRun._told", lambda _self: {"failed": "no process can be started"})
    with pytest.raises(Exception, match="no process"):
        sandbox.run(Job("print(1)"))
    monkeypatch.undo()
    try:
        assert template.is_alive
    finally:
        sandbox._was_restarted = False


def test_thirty_days_are_a_time_limit_too() -> None:
    with Sandbox.start("hardened") as sandbox:
        assert sandbox.run(Job("print(1)", None, Limits(wall_s=30 * 86_400.0))).verdict == "good"


def test_pipes_that_cannot_be_had_leave_none_open(hardened: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    real, made = os.pipe, []

    def only_one() -> tuple[int, int]:
        if made:
            raise OSError(24, "Too many open files")
        made.append(real())
        return made[0]

    with monkeypatch.context() as patch:
        patch.setattr("overseer.sandbox.running.os.pipe", only_one)
        with pytest.raises(Exception, match="open files"):
            hardened.run(Job("print(1)"))
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(made[0][0])


@pytest.mark.parametrize("level", ["full", "hardened"])
def test_an_allowed_package_among_the_pythons_own_can_be_imported(
    level: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = tmp_path / "lib"
    place = library / "site-packages" / "pack" / "__init__.py"
    place.parent.mkdir(parents=True)
    place.write_text("X = 41")
    os.chmod(tmp_path, 0o755)
    from overseer.sandbox import sandbox as module

    readable = (*module.readable_paths(), str(library))
    hidden = (*module.hidden_paths(), str(library / "site-packages"))
    monkeypatch.setattr(module, "readable_paths", lambda: readable)
    monkeypatch.setattr(module, "hidden_paths", lambda: hidden)
    monkeypatch.setattr(module, "package_places", lambda _names: {"pack": str(place)})
    with Sandbox.start(level, packages=["pack"]) as sandbox:  # type: ignore[arg-type]
        outcome = sandbox.run(Job("import pack\ndef main(input):\n    return pack.X"))
        assert outcome.value == 41, outcome.error


def test_a_hidden_folder_stays_hidden_below_another_readable_one(tmp_path: Path) -> None:
    hidden = tmp_path / "lib" / "python3" / "site-packages"
    hidden.mkdir(parents=True)
    readable = (str(tmp_path / "lib"), str(tmp_path / "lib" / "python3"))
    shown = _shown(Setting("hardened", "", readable=readable, hidden=(str(hidden),)))
    assert not [path for path in shown if str(hidden).startswith(f"{path}/")]


@pytest.mark.parametrize(
    "source",
    [
        "import sys\ndel sys.stdout",
        "import os\nos._exit = lambda code: None\nprint(1)",
    ],
)
def test_what_a_node_breaks_shows_nothing_of_ours(sandbox: Sandbox, source: str) -> None:
    assert "zygote.py" not in sandbox.run(Job(source)).stderr


def test_a_node_sees_nothing_of_the_others_in_its_own_memory(sandbox: Sandbox) -> None:
    source = (
        "import sys\ndef main(input):\n    frame = sys._getframe()\n    while frame:\n"
        "        if hasattr(frame.f_locals.get('self'), '_nodes'):\n"
        "            return len(frame.f_locals['self']._nodes)\n        frame = frame.f_back\n    return 0"
    )
    waiting = Job("import time\ntime.sleep(1)")
    other = threading.Thread(target=sandbox.run, args=(waiting,))
    other.start()
    threading.Event().wait(0.3)
    value = sandbox.run(Job(source)).value
    other.join()
    assert value == 0


def test_a_group_of_exceptions_shows_the_lines_of_the_node_alone(sandbox: Sandbox) -> None:
    source = (
        "import json\ntry:\n    json.loads('{')\nexcept ValueError as error:\n    raise ExceptionGroup('g', [error])"
    )
    assert "decoder.py" not in sandbox.run(Job(source)).error


def test_an_exception_with_a_long_text_is_a_crash(sandbox: Sandbox) -> None:
    assert sandbox.run(Job("raise ValueError('x' * 10**7)")).verdict == "crash"


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("def main(argv=None):\n    print(41)\nmain()", 41),
        ("def main(n=41):\n    return n\nprint(main())", 41),
        ("def main(a, b):\n    return a + b\nprint(main(20, 21))", 41),
        ("import sys\ndef main(argv):\n    print(41)\nif __name__ == '__main__':\n    sys.exit(main(sys.argv))", 41),
    ],
)
def test_a_program_that_calls_its_own_main_is_a_program(hardened: Sandbox, source: str, value: int) -> None:
    outcome = hardened.run(Job(source))
    assert (outcome.verdict, outcome.value) == ("good", value)


def test_a_node_that_leaves_main_by_exit_is_told_so(hardened: Sandbox) -> None:
    assert "there is no main" not in hardened.run(Job("def main(input):\n    raise SystemExit")).error


def test_source_that_is_no_text_is_a_crash(hardened: Sandbox) -> None:
    assert hardened.run(Job("x = '\ud800'")).verdict == "crash"


def test_it_starts_where_signals_are_blocked() -> None:
    failures: list[BaseException] = []

    def start() -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
        try:
            Sandbox.start("hardened").close()
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    assert not failures


def test_it_starts_where_the_temporary_folder_has_a_long_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / ("d" * 120)
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    Sandbox.start("hardened").close()


def test_nodes_without_a_template_end_with_their_sandbox() -> None:
    sandbox = Sandbox.start("hardened", is_fresh=True)
    ended = threading.Event()

    def run() -> None:
        try:
            sandbox.run(Job("while True: pass", None, Limits(wall_s=8)))
        finally:
            ended.set()

    thread = threading.Thread(target=run)
    thread.start()
    threading.Event().wait(0.5)
    sandbox.close()
    in_time = ended.wait(2)
    thread.join()
    assert in_time


_USE = "import sys; from overseer.sandbox import Sandbox; Sandbox.start('hardened').close(); print('used')"


def _weakened(folder: Path, file: str, old: str, new: str, program: str = _USE) -> str:
    """A copy of the sandbox with one lock less, and whether its self-test lets it be used."""
    import shutil

    shutil.copytree(ROOT / "overseer", folder / "overseer", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "node_runtime.py", folder)
    place = folder / "overseer" / "sandbox" / "inside" / file
    text = place.read_text()
    assert old in text
    place.write_text(text.replace(old, new))
    ended = subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    return ended.stdout.strip()


_PASSES: Callable[[str], str] = lambda calls: (  # noqa: E731
    "    verdicts.update((known[name], code) for name, code in _checks().items() if name in known)\n"
    f"    verdicts.update((known[name], _returns(_ALLOW)) for name in {calls.split()!r} if name in known)\n"
)
_CHECKS = "    verdicts.update((known[name], code) for name, code in _checks().items() if name in known)\n"


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        pytest.param("locks.py", '    _set("RLIMIT_CPU"', '    return\n    _set("RLIMIT_CPU"', id="no limits"),
        pytest.param("locks.py", "    system.drop_capabilities()\n", "", id="root's rights kept"),
        pytest.param("preparation.py", "os.closerange(", "(lambda *_: None)(", id="the template's files left open"),
        pytest.param("preparation.py", "        if path in setting.hidden:", "        if False:", id="packages shown"),
        pytest.param("rules.py", _CHECKS, _PASSES("fork vfork clone3"), id="raw forks"),
        pytest.param("rules.py", _CHECKS, _PASSES("shmget shmat shmctl msgget"), id="shared memory"),
        pytest.param("rules.py", _CHECKS, _PASSES("ptrace process_vm_readv"), id="memory of others"),
        pytest.param("rules.py", _CHECKS, _PASSES("setpriority sched_setattr"), id="priorities"),
        pytest.param("rules.py", "unknown = _fails(errno.ENOSYS)", "unknown = _returns(_ALLOW)", id="unknown calls"),
    ],
)
def test_the_self_test_notices_each_lock_that_is_missing(tmp_path: Path, file: str, old: str, new: str) -> None:
    assert _weakened(tmp_path, file, old, new) != "used"


@pytest.mark.parametrize(
    "arguments",
    [["--input", "NaN"], ["--input", "1e999"], ["--timeout", "30d"], ["--input", "-"]],
)
def test_odd_arguments_are_no_unexpected_errors(arguments: list[str], tmp_path: Path) -> None:
    file = tmp_path / "node.py"
    file.write_text("def main(input):\n    return 1")
    command = f'exec "$0" "$@" {"<&-" if arguments[-1] == "-" else ""}'
    ended = subprocess.run(
        ["sh", "-c", command, sys.executable, str(ROOT / "chat_cli.py"), "node", str(file), "--json", *arguments],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        env={**os.environ, "OVERSEER_HOME": str(tmp_path / "home")},
        check=False,
    )
    assert "unexpected" not in str(json.loads(ended.stdout).get("error"))


def test_what_could_not_be_locked_in_was_no_node_and_no_node_can_claim_that(tmp_path: Path) -> None:
    claim = "import os\nos.write(4, b'Lno node can be locked in: so it says')\nos._exit(126)"
    with Sandbox.start("hardened") as sandbox:
        assert sandbox.run(Job(claim)).verdict == "crash"
    program = """
from overseer.sandbox import Job, NodeNotStarted, Sandbox
from overseer.sandbox import sandbox as module
module.attacked = lambda *_: ()
with Sandbox.start("hardened") as sandbox:
    for _ in range(2):
        try:
            sandbox.run(Job("print(1)"))
        except NodeNotStarted as error:
            print(error)
"""
    assert (
        _weakened(tmp_path, "locks.py", "    system.drop_capabilities()\n", "    raise OSError('no locks')\n", program)
        == ("no node can be locked in: no locks\n" * 2).strip()
    )
