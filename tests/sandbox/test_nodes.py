"""What becomes of nodes: five verdicts, at every level that isolates."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from overseer.sandbox import Job, Limits, Outcome, Sandbox
from overseer.tool import Cancellation


def run(sandbox: Sandbox, source: str, given: Any = None, **limits: Any) -> Outcome:
    return sandbox.run(Job(source, given, Limits(**{"wall_s": 20.0, **limits})))


# --- good


def test_main_is_called_with_the_input_and_returns_the_value(sandbox: Sandbox) -> None:
    outcome = run(sandbox, "def main(input):\n    return {'twice': input['x'] * 2}", {"x": 21})
    assert (outcome.verdict, outcome.value, outcome.error) == ("good", {"twice": 42}, "")
    assert outcome.level == sandbox.level


def test_a_program_reads_json_and_prints_json(sandbox: Sandbox) -> None:
    outcome = run(sandbox, "import json, sys\nprint(json.dumps({'got': json.load(sys.stdin)}))", {"ä": [1, None]})
    assert (outcome.verdict, outcome.value) == ("good", {"got": {"ä": [1, None]}})


PROGRAMS = {
    "the seed's form": """
import json, sys
def main():
    given = json.load(sys.stdin)
    print(json.dumps({"result": given["x"]}))
if __name__ == "__main__":
    main()
""",
    "both forms at once": """
import json, sys
def main(input):
    return {"result": input["x"]}
if __name__ == "__main__":
    print(json.dumps(main(json.load(sys.stdin))))
""",
    "a main for the command line": """
import json, sys
def main(argv=None):
    json.dump({"result": json.load(sys.stdin)["x"]}, sys.stdout)
    return 0
if __name__ == "__main__":
    sys.exit(main())
""",
    "a main with a default": "def main(input=None):\n    return {'result': input['x']}",
    "a main that takes options": "def main(input, *, factor=1):\n    return {'result': input['x'] * factor}",
    "a main that is no def": "main = lambda input: {'result': input['x']}",
    "a thread that prints the result": """
import json, sys, threading
given = json.load(sys.stdin)
threading.Timer(0.05, lambda: print(json.dumps({"result": given["x"]}))).start()
""",
    "an exit with success": "import json, sys\nprint(json.dumps({'result': json.load(sys.stdin)['x']}))\nsys.exit(0)",
    "something left for the end": """
import atexit, json, sys
given = json.load(sys.stdin)
atexit.register(lambda: print(json.dumps({"result": given["x"]})))
""",
    "future features": "from __future__ import annotations\ndef main(i: No) -> Such:\n    return {'result': i['x']}",
    "a byte order mark": "\ufeffdef main(input):\n    return {'result': input['x']}",
}


@pytest.mark.parametrize("form", PROGRAMS)
def test_the_form_of_a_node_is_understood(hardened: Sandbox, form: str) -> None:
    outcome = run(hardened, PROGRAMS[form], {"x": 7})
    assert (outcome.verdict, outcome.value, outcome.error) == ("good", {"result": 7}, "")


def test_a_warning_does_not_fail_a_node_and_is_kept(sandbox: Sandbox) -> None:
    outcome = run(sandbox, "import warnings\ndef main(input):\n    warnings.warn('old ways')\n    return 1")
    assert (outcome.verdict, outcome.value) == ("good", 1)
    assert "old ways" in outcome.stderr


def test_what_main_prints_is_no_result(sandbox: Sandbox) -> None:
    outcome = run(sandbox, "import os\ndef main(input):\n    print('so far')\n    os.write(1, b'raw')\n    return [1]")
    assert (outcome.verdict, outcome.value) == ("good", [1])
    assert outcome.stderr == "so far\nraw"


@pytest.mark.parametrize(
    "value", [None, True, 0, -1.5, "", "ünïcödé ☃ \U0001f600", [], {}, [[[{"a": [None]}]]], "x" * 100_000]
)
def test_every_json_value_passes_through(sandbox: Sandbox, value: Any) -> None:
    outcome = run(sandbox, "def main(input):\n    return input", value)
    assert (outcome.verdict, outcome.value) == ("good", value)


def test_a_node_starts_with_nothing_of_the_one_before(sandbox: Sandbox) -> None:
    first = "import builtins, json, os\njson.dumps = None\nbuiltins.left = 1\nos.environ['LEFT'] = '1'"
    second = """
import builtins, json, os, sys
def main(input):
    return [json.dumps is None, hasattr(builtins, "left"), "LEFT" in os.environ, "overseer" in str(sorted(sys.modules))]
"""
    assert run(sandbox, first).verdict == "silent"
    assert run(sandbox, second).value == [False] * 4


def test_the_standard_library_is_there_whole(sandbox: Sandbox) -> None:
    names = "sqlite3 xml.etree.ElementTree email.message zipfile bz2 lzma ctypes asyncio logging argparse plistlib"
    outcome = run(sandbox, f"import {', '.join(names.split())}\ndef main(input):\n    return sqlite3.sqlite_version")
    assert outcome.verdict == "good", outcome.error


def test_threads_work(sandbox: Sandbox) -> None:
    source = """
from concurrent.futures import ThreadPoolExecutor
import threading
def main(input):
    meeting = threading.Barrier(40)
    with ThreadPoolExecutor(40) as pool:
        return len({*pool.map(lambda n: meeting.wait(10), range(40))})
"""
    assert run(sandbox, source).value == 40


# --- not good


def test_a_node_without_a_word_is_silent(sandbox: Sandbox) -> None:
    outcome = run(sandbox, "x = 1")
    assert outcome.verdict == "silent"
    assert "nothing was printed" in outcome.error
    assert run(sandbox, "import sys\ndef main(input):\n    sys.exit()").verdict == "silent"
    assert run(sandbox, "print('  ')").verdict == "silent"


NO_JSON = {
    "words": ("print('hello')", "Expecting value"),
    "two documents": ("print('{}')\nprint('{}')", "more after the first value"),
    "NaN": ("print('NaN')", "NaN"),
    "a number without end": ("print('[1e999]')", "too large"),
    "half a character": (r"""print('"\\ud800"')""", "surrogate"),
    "no UTF-8": ("import sys\nsys.stdout.buffer.write(b'\"\\xff\"')", "UTF-8"),
    "a deep value": ("print('[' * 70 + ']' * 70)", "64 deep"),
    "a value deeper than the reader": ("print('[' * 100000 + ']' * 100000)", "64 deep"),
    "more lists than can be held": ("print('[' + '[],' * 500_000 + '[]]')", "400000 lists"),
    "a set": ("def main(input):\n    return {1, 2}", "set"),
    "an infinite float": ("def main(input):\n    return float('inf')", "Out of range"),
    "a circle": ("def main(input):\n    a = []\n    a.append(a)\n    return a", "Circular"),
    "a lone surrogate": ("def main(input):\n    return chr(0xd800)", "surrogates not allowed"),
}


@pytest.mark.parametrize("what", NO_JSON)
def test_what_is_no_json_is_said_to_be_none(hardened: Sandbox, what: str) -> None:
    source, reason = NO_JSON[what]
    outcome = run(hardened, source)
    assert outcome.verdict == "non-JSON", outcome
    assert reason in outcome.error
    assert outcome.value is None


def test_a_crash_shows_the_lines_of_the_node_alone(sandbox: Sandbox) -> None:
    source = "import json\ndef inner(text):\n    return json.loads(text)\ndef main(input):\n    return inner('{')"
    outcome = run(sandbox, source)
    assert outcome.verdict == "crash"
    assert "line 5, in main" in outcome.error
    assert "return inner('{')" in outcome.error
    assert "line 3, in inner" in outcome.error
    assert "JSONDecodeError" in outcome.error
    assert "decoder.py" not in outcome.error
    assert "zygote" not in outcome.error


def test_other_ends_are_crashes(sandbox: Sandbox) -> None:
    ended = run(sandbox, "import sys\nprint('{}')\nsys.stderr.write('no luck')\nsys.exit(3)")
    assert (ended.verdict, ended.value) == ("crash", None)
    assert "exit code 3" in ended.error
    assert "no luck" in ended.error
    assert "SyntaxError" in run(sandbox, "def main(input:\n  pass").error
    assert "SIGSEGV" in run(sandbox, "import ctypes\nctypes.string_at(0)").error
    assert "RecursionError" in run(sandbox, "def main(i):\n    return main(i)").error
    assert len(run(sandbox, "def main(i):\n    return main(i)").error) < 20_000


def test_a_node_that_takes_too_long_is_killed(sandbox: Sandbox) -> None:
    stubborn = """
import signal, time
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGXCPU):
    signal.signal(number, signal.SIG_IGN)
while True:
    time.sleep(1)
"""
    outcome = run(sandbox, stubborn, wall_s=0.3)
    assert outcome.verdict == "killed"
    assert outcome.error == "time: it took longer than 0.3 s"


def test_processor_time_is_limited_apart(sandbox: Sandbox) -> None:
    outcome = run(sandbox, "while True:\n    pass", cpu_s=0.2)
    assert outcome.verdict == "killed"
    assert outcome.error == "processor time: it used more than 0.2 s"
    assert outcome.metrics.cpu_s >= 0.2


def test_memory_is_limited(sandbox: Sandbox) -> None:
    outcome = run(sandbox, "def main(input):\n    return len(bytearray(10**9))")
    assert outcome.verdict == "killed"
    assert outcome.error == "memory: it needed more than 512 MB"
    assert run(sandbox, "def main(input):\n    return len(bytearray(10**9))", memory=2 << 30).value == 10**9


@pytest.mark.parametrize("source", ["print('x' * 10**7)", "def main(input):\n    return 'x' * 10**7"])
def test_results_are_limited(sandbox: Sandbox, source: str) -> None:
    outcome = run(sandbox, source)
    assert outcome.verdict == "killed"
    assert outcome.error == "output: it printed or returned more than 4 MB"


def test_of_what_is_said_on_the_way_the_beginning_is_kept(sandbox: Sandbox) -> None:
    outcome = run(sandbox, "import sys\ndef main(input):\n    sys.stderr.write('y' * 10**6)\n    return 1", stderr=1000)
    assert (outcome.verdict, outcome.value, outcome.stderr) == ("good", 1, "y" * 1000)


def test_a_node_that_was_given_up_is_killed(sandbox: Sandbox) -> None:
    cancellation = Cancellation()
    timer = threading.Timer(0.2, cancellation.ask)
    timer.start()
    outcome = sandbox.run(Job("import time\ntime.sleep(60)"), cancellation=cancellation)
    assert (outcome.verdict, outcome.error) == ("killed", "it was given up")
    timer.join()


def test_metrics_say_what_a_node_took(sandbox: Sandbox) -> None:
    source = "import time\ndef main(input):\n    b'x' * (64 << 20)\n    time.sleep(0.2)\n    return 1"
    metrics = run(sandbox, source).metrics
    assert metrics.latency_s >= 0.2
    assert 0 < metrics.cpu_s < metrics.latency_s
    assert metrics.peak_memory > 64 << 20
