"""The sandbox itself: its levels, its packages, and what becomes of it when its processes do not live on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from overseer.errors import UsageError
from overseer.sandbox import Job, Limits, Sandbox, SandboxLost, SandboxUnavailable, selftest
from overseer.sandbox import sandbox as module
from overseer.sandbox.inside import calls, node, rules
from overseer.sandbox.selftest import Check
from tests.processes import PATIENCE_S, ROOT, Child
from tests.sandbox.test_calls import _template

ANSWER = Job("def main(input):\n    return 42")


# --- levels


def test_without_a_wish_the_best_level_is_had() -> None:
    with Sandbox.start() as best:
        assert best.level == "full" or (best.level == "hardened" and "full" in best.refusals)
        assert best.run(ANSWER).value == 42


def test_every_attack_is_refused_and_the_same_attacks_succeed_without_a_sandbox(sandbox: Sandbox) -> None:
    assert len(sandbox.checks) >= 20
    assert not [check for check in sandbox.checks if check.has_failed]
    with Sandbox.start("none") as bare:
        got = [check.attack for check in selftest.attacked("none", bare.run, []) if check.got]
    assert {"read a file outside", "change a file's mode", "connect by TCP", "reach a socket outside"} <= set(got)
    assert len(got) >= 12


def test_a_level_that_an_attack_gets_through_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    def leaky(level: str, run: object, others: object) -> tuple[Check, ...]:
        return (Check("read a file outside", "read 'secret'"), Check("see that a file exists", "saw it", False))

    monkeypatch.setattr(module, "attacked", leaky)
    with pytest.raises(
        SandboxUnavailable, match="the self-test got through it: read a file outside: read 'secret'"
    ) as no:
        Sandbox.start()
    assert set(no.value.refusals) == {"full", "hardened"}
    assert "Generated code does not run without a sandbox" in str(no.value)


def test_a_self_test_that_does_not_answer_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    empty = Path(__file__)  # a file without main
    monkeypatch.setattr(
        "overseer.sandbox.selftest.attacks", type("Attacks", (), {"__file__": str(empty), "ATTACKS": {}})
    )
    with pytest.raises(SandboxUnavailable, match="carry out the self-test"):
        Sandbox.start("hardened")


def test_on_windows_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(SandboxUnavailable, match="run it inside WSL2"):
        Sandbox.start()


def test_a_template_that_cannot_be_started_is_told_of(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    broken = tmp_path / "overseer" / "sandbox" / "inside" / "zygote.py"
    broken.parent.mkdir(parents=True)
    broken.write_text("raise ImportError('something is missing')")
    monkeypatch.setattr("overseer.sandbox.template.zygote.__file__", str(broken))
    with pytest.raises(SandboxUnavailable, match="ended at once: ImportError: something is missing"):
        Sandbox.start("hardened")


# --- fresh processes


def test_fresh_processes_are_locked_in_with_the_same_code() -> None:
    with Sandbox.start("hardened", is_fresh=True) as fresh:
        assert not [check for check in fresh.checks if check.has_failed]
        assert fresh.run(ANSWER).value == 42
        slow = fresh.run(Job("import time\ntime.sleep(60)", limits=Limits(wall_s=0.3)))
        assert slow.error == "time: it took longer than 0.3 s"
        assert "ZeroDivisionError" in fresh.run(Job("1 / 0")).error
    with pytest.raises(SandboxLost):
        fresh.run(ANSWER)
    assert not [
        command for command in _commands_of_children() if b"zygote.py" in command and b"," in command.split(b"\0")[6]
    ]


def _commands_of_children() -> list[bytes]:
    children = Path(f"/proc/self/task/{threading.get_native_id()}/children").read_text().split()
    return [Path(f"/proc/{child}/cmdline").read_bytes() for child in children]


# --- packages


def test_a_package_that_is_allowed_can_be_imported_and_no_other(sandbox: Sandbox) -> None:
    source = """
import importlib
def main(input):
    found = {}
    for name in input:
        try:
            found[name] = bool(importlib.import_module(name))
        except ImportError:
            found[name] = False
    return found
"""
    names = ["tenacity", "rpds", "yaml", "yaml.nodes", "jsonschema"]
    assert sandbox.run(Job(source, names)).value == dict.fromkeys(names, False)
    with Sandbox.start(sandbox.level, packages=["tenacity", "rpds", "yaml"]) as allowing:
        outcome = allowing.run(Job(source, names))
        assert outcome.value == {"tenacity": True, "rpds": True, "yaml": True, "yaml.nodes": True, "jsonschema": False}


def test_the_folder_of_a_package_is_readable_and_nothing_beside_it(sandbox: Sandbox) -> None:
    source = """
import os, yaml
def main(input):
    here = os.path.dirname(yaml.__file__)
    found = {"own": len(os.listdir(here)) > 3}
    above = os.path.dirname(here)
    for name, path in (("beside", above), ("another", os.path.join(above, "jsonschema"))):
        try:
            found[name] = os.listdir(path)
        except OSError:
            found[name] = None
    try:
        open(os.path.join(here, "new.py"), "w")
    except OSError as error:
        found["written"] = False
    return found
"""
    with Sandbox.start(sandbox.level, packages=["yaml"]) as allowing:
        found = allowing.run(Job(source)).value
    assert (found["own"], found["another"], found["written"]) == (True, None, False)
    assert found["beside"] in (None, ["yaml"])


@pytest.mark.parametrize("name", ["no_such_package", "../../etc", "sys", ""])
def test_what_is_no_package_cannot_be_allowed(name: str) -> None:
    with pytest.raises(UsageError, match=r"sandbox\.packages names"):
        Sandbox.start("hardened", packages=[name])


# --- losing processes


def test_a_lost_template_is_started_once_more_and_then_no_more() -> None:
    with Sandbox.start() as sandbox:
        for expected in (42, 42):
            assert sandbox.run(ANSWER).value == expected
            os.kill(sandbox._template._process.pid, signal.SIGKILL)  # type: ignore[union-attr]
            sandbox._template._process.wait(PATIENCE_S)  # type: ignore[union-attr]
        with pytest.raises(SandboxLost, match="ended twice"):
            sandbox.run(ANSWER)


def test_a_node_whose_template_is_lost_is_lost_too(sandbox: Sandbox) -> None:
    with Sandbox.start(sandbox.level) as own:
        inner = _template(own)
        timer = threading.Timer(0.3, lambda: os.kill(inner, signal.SIGKILL))
        timer.start()
        with pytest.raises(SandboxLost, match="ended, and with it the node"):
            own.run(Job("import time\ntime.sleep(60)"))
        timer.join()
        assert own.run(ANSWER).value == 42


def test_nodes_end_with_the_engine(sandbox: Sandbox, tmp_path: Path) -> None:
    source = f"""
import sys, threading
from overseer.sandbox import Job, Sandbox
sandbox = Sandbox.start({sandbox.level!r})
job = Job("import time\\ntime.sleep(600)")
threading.Thread(target=sandbox.run, args=(job,), daemon=True).start()
from tests.sandbox.test_calls import _held, _template
import time
while not (children := open("/proc/%d/task/%d/children" % ((_template(sandbox),) * 2)).read().split()):
    time.sleep(0.01)
print(sandbox._template._process.pid, _template(sandbox), *children, flush=True)
sys.stdin.read()
"""
    with Child(source) as engine:
        processes = [int(pid) for pid in engine.hear().split()]
        assert len(processes) == 3
        engine.kill()
        give_up_at = time.monotonic() + PATIENCE_S
        while any(_is_running(pid) for pid in processes):
            assert time.monotonic() < give_up_at
            time.sleep(0.01)


def _is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_many_nodes_at_once_from_many_threads(sandbox: Sandbox) -> None:
    values: dict[int, int] = {}
    source = "def main(input):\n    return input * 2"

    def one(number: int) -> None:
        values[number] = sandbox.run(Job(source, number)).value

    threads = [threading.Thread(target=one, args=(number,)) for number in range(60)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert values == {number: number * 2 for number in range(60)}


# --- the filter


@pytest.mark.parametrize("machine", calls.MACHINES)
@pytest.mark.parametrize("has_scratch", [False, True])
def test_the_filter_decides_every_call_as_the_lists_say(machine: str, has_scratch: bool) -> None:
    """Carried out here, by a small machine of the kind that the kernel has."""
    program = rules.filter_program(machine, has_scratch=has_scratch)
    numbers = calls.numbers(machine)
    audit = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}[machine]
    allowed, eperm, enosys = 0x7FFF0000, 0x00050001, 0x00050026
    expected = dict.fromkeys(calls.ALLOWED, allowed) | dict.fromkeys(calls.REFUSED, eperm)
    expected |= dict.fromkeys(calls.ABSENT, enosys)
    expected |= dict.fromkeys(calls.IN_SCRATCH, allowed if has_scratch else eperm)
    checked = rules._checks()
    assert not expected.keys() & checked.keys()
    for name, verdict in expected.items():
        if name in numbers:
            assert judged(program, audit, numbers[name]) == verdict, name
    known = {number for name, number in numbers.items() if name not in calls.UNLISTED}
    for number in range(600):
        if number not in known:
            assert judged(program, audit, number) == enosys, number
    assert judged(program, audit, 0x40000000 + numbers["read"]) == 0x80000000
    for other in (0xC000003E, 0xC00000B7, 0x40000003, 0x40000028):
        if other != audit:
            assert judged(program, other, numbers["read"]) == 0x80000000


THREAD = 0x10000 | 0x100 | 0x800 | 0x400 | 0x200
ARGUMENTS = [
    ("clone", {0: THREAD | 0x3D0000}, True),
    ("clone", {0: 17}, False),
    ("clone", {0: THREAD & ~0x10000}, False),
    ("clone", {0: THREAD | 0x10000000}, False),
    ("clone", {0: 0x4000 | 0x100 | 17}, False),
    ("openat", {2: 0}, True),
    ("openat", {2: 0o102}, True),
    ("openat", {2: 0o1001}, True),
    ("openat", {2: 3}, False),
    ("openat", {2: 0o1003}, False),
    ("openat", {2: 0o1000}, False),
    ("ioctl", {1: 0x5401}, True),
    ("ioctl", {1: 0x5412}, False),
    ("ioctl", {1: 0x40086602}, False),
    ("prctl", {0: 15}, True),
    ("prctl", {0: 4}, False),
    ("prctl", {0: 1}, False),
    ("fcntl", {1: 3}, True),
    ("fcntl", {1: 8}, False),
    ("fcntl", {1: 1033}, False),
    ("sendto", {4: 0}, True),
    ("sendto", {4: 0x7F00_0000_0000}, False),
    ("sendto", {4: 0x10}, False),
    ("prlimit64", {0: 0, 2: 0}, True),
    ("prlimit64", {2: 0x7F00_0000_0000}, False),
    ("prlimit64", {0: 77}, False),
    ("sendto", {3: 0x4000}, True),
    ("sendto", {3: 0x4001}, False),
    ("recvfrom", {3: 0x102}, True),
    ("recvfrom", {3: 1}, False),
    ("getsockopt", {1: 1, 2: 3}, True),
    ("getsockopt", {1: 1, 2: 77}, False),
    ("getsockopt", {1: 6, 2: 3}, False),
    ("getpriority", {0: 2, 1: 0}, True),
    ("getpriority", {0: 0, 1: 77}, False),
    ("getpgid", {0: 77}, False),
    ("sched_setaffinity", {0: 0}, True),
    ("sched_setaffinity", {0: 1}, False),
]


@pytest.mark.parametrize("machine", calls.MACHINES)
@pytest.mark.parametrize(("name", "arguments", "is_allowed"), ARGUMENTS)
def test_some_calls_are_judged_by_their_arguments(
    machine: str, name: str, arguments: dict[int, int], is_allowed: bool
) -> None:
    program = rules.filter_program(machine, has_scratch=False)
    audit = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}[machine]
    if name not in calls.numbers(machine):
        assert name == "open"
        return
    found = judged(program, audit, calls.numbers(machine)[name], arguments)
    assert found == (0x7FFF0000 if is_allowed else 0x00050001)


def judged(program: bytes, machine: int, number: int, arguments: dict[int, int] | None = None) -> int:
    """What a filter answers: loads, comparisons, jumps and returns, as the kernel carries them out."""
    import struct

    values = [(arguments or {}).get(place, 0) for place in range(6)]
    data = struct.pack("=IIQ6Q", number, machine, 0, *values)
    instructions = list(struct.iter_unpack("=HBBI", program))
    held, place = 0, 0
    for _ in range(4096):
        operation, if_true, if_false, constant = instructions[place]
        place += 1
        if operation == 0x20:
            (held,) = struct.unpack_from("=I", data, constant)
        elif operation == 0x54:
            held &= constant
        elif operation == 0x05:
            place += constant
        elif operation == 0x06:
            return int(constant)
        else:
            is_true = held == constant if operation == 0x15 else held >= constant
            assert operation in (0x15, 0x35)
            place += if_true if is_true else if_false
    raise AssertionError("it does not end")


# --- the form of a node


@pytest.mark.parametrize(
    ("text", "is_called"),
    [
        ("def main(input): pass", True),
        ("def main(input, more=1): pass", True),
        ("def main(*all): pass", True),
        ("main = print", True),
        ("from json import loads as main", True),
        ("def main(): pass", False),
        ("def main(): pass\nmain()", False),
        ("def main(argv=None): pass\nif __name__ == '__main__': main()", False),
        ("def main(input): pass\nif __name__ == '__main__': main(1)", True),
        ("class A:\n    def main(self): pass", False),
        ("print('main')", False),
        ("x = 1", False),
    ],
)
def test_which_files_have_a_main_to_be_called(text: str, is_called: bool) -> None:
    assert node.has_main(compile(text, "t", "exec"), text) is is_called


def test_the_jail_is_started_without_anything_of_ours() -> None:
    """Whoever looks at the processes sees the two files and no key, whatever the environment holds."""
    source = """
import os, sys
from overseer.sandbox import Sandbox
with Sandbox.start() as sandbox:
    print(open("/proc/%d/environ" % sandbox._template._process.pid).read() or "empty")
"""
    told = subprocess.run(
        [sys.executable, "-c", source],
        env={**os.environ, "PYTHONPATH": str(ROOT), "SOME_API_KEY": "k" * 20},
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE_S,
    )
    assert told.stdout.strip() == "empty"
