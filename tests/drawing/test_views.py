"""`overseer graph` and `timeline`: files and runs, whatever became of them, through a real journal."""

from __future__ import annotations

import json
import os
import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from overseer.errors import Failure
from overseer.journal.journal import Journal
from overseer.jsonvalue import json_text
from overseer.kernel.events import (
    Event,
    RunFinished,
    RunResumed,
    RunStarted,
    StepFailed,
    StepHeld,
    StepReleased,
    StepStarted,
    StepSucceeded,
    ToolCalled,
    ToolReturned,
)
from overseer.text.cells import cells
from tests.drawing.graphs import HOSTILE
from tests.test_commands import TOOLS, TWO_STEPS, Said, overseer, plan_file  # noqa: F401


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVERSEER_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)


PLAN: dict[str, Any] = {
    "name": "nightly",
    "steps": [
        {"step_id": "fetch", "description": "Fetch the page", "tool": "echo", "args": {"value": "a page"}},
        {
            "step_id": "sum",
            "description": "Sum it up",
            "code": "sum it up",
            "args": {"page": "{{fetch}}"},
            "depends_on": ["fetch"],
        },
        {
            "step_id": "save",
            "description": "Save it",
            "tool": "echo",
            "args": {"value": "{{sum}}"},
            "depends_on": ["sum"],
        },
    ],
}

CUT_OFF: list[Event] = [
    RunStarted(1000.0, "r1", {}),
    StepStarted(1000.0, "fetch"),
    StepHeld(1001.0, "fetch", "openai"),
    StepReleased(1002.0, "fetch"),
    StepSucceeded(1003.0, "fetch", "a page", spent={"requests": 2, "tokens": 700, "cost": 0.25}),
    StepStarted(1003.0, "sum"),
    ToolCalled(1003.0, "sum", "1", "echo", {"value": "</script>"}),
    ToolReturned(1004.0, "sum", "1", "<b>gave</b>", None, {"requests": 1, "unpriced": 1}),
]
FAILED: list[Event] = [
    *CUT_OFF,
    StepFailed(1004.0, "sum", Failure("transient", "the server is busy"), 1006.0),
    StepStarted(1006.5, "sum", 2),
    StepFailed(1007.0, "sum", Failure("tool", "no luck", "a traceback")),
    RunFinished(1007.0, "failed", None, Failure("body", "step 'sum' failed: no luck")),
]
RESUMED: list[Event] = [
    *FAILED,
    RunResumed(9000.0),
    StepStarted(9000.0, "sum", 3),
    StepSucceeded(9002.0, "sum", "short"),
    StepStarted(9002.0, "save"),
    StepSucceeded(9003.0, "save", "short"),
    RunFinished(9003.0, "succeeded", "short"),
]


def recorded(events: list[Event], plan: dict[str, Any] = PLAN) -> None:
    with Journal.open() as journal, begun(journal, plan) as log:
        log.append(events)


def begun(journal: Journal, plan: dict[str, Any] = PLAN) -> Any:
    return journal.begin(
        "r1", name=plan["name"], plan=json_text(plan), steps=len(plan["steps"]), inputs={}, options={}, at=1000.0
    )


# --- graph


def test_a_plan_file_is_drawn_with_the_classes_of_its_tools(overseer: Any) -> None:  # noqa: F811
    said: Said = overseer("graph", plan_file(TWO_STEPS), "--tools", str(TOOLS))
    assert said.code == 0
    assert "│ Say it loudly    │" in said.out
    assert "│ text_case · pure │" in said.out
    assert "2 ← 1" in said.out
    narrow = overseer("graph", plan_file(TWO_STEPS), "--tools", str(TOOLS), "--width", "30", "--ascii").out
    assert narrow.isascii()
    assert all(len(line) <= 30 for line in narrow.splitlines())


def test_the_format_is_said_or_told_by_the_name_of_the_file(overseer: Any) -> None:  # noqa: F811
    plan = plan_file(TWO_STEPS)
    mermaid = overseer("graph", plan, "--tools", str(TOOLS), "--format", "mermaid").out
    assert mermaid.startswith("flowchart TD\n")
    assert overseer("graph", plan, "--tools", str(TOOLS), "--output", "two.svg").code == 0
    assert ElementTree.parse("two.svg").getroot().tag.endswith("svg")
    assert overseer("graph", plan, "--tools", str(TOOLS), "--output", "two.mmd").out == ""
    assert Path("two.mmd").read_text(encoding="utf-8") == mermaid


def test_a_run_is_drawn_in_place_of_a_file_with_what_became_of_it(overseer: Any) -> None:  # noqa: F811
    overseer("run", plan_file(TWO_STEPS), "--tools", str(TOOLS))
    with Journal.open(read_only=True) as journal:
        (run,) = journal.runs()
    for arguments in ((run.run_id,), ("--run", run.run_id[:12])):
        text = overseer("graph", *arguments).out
        assert text.count("✓ succeeded") == 2
        assert "text_case · pure" in text


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "name a plan file or, with --run, a run"),
        (("plan.yaml", "--run", "r1"), "name a plan file or, with --run, a run"),
        (
            ("nothing.yaml",),
            "there is neither a plan file nor a saved workflow 'nothing.yaml', and no run's id begins with",
        ),
        (("--run", "r9"), "no run's id begins with 'r9'"),
        (("plan.yaml", "--output", "none/x.svg"), "cannot write the drawing to none/x.svg: No such file"),
        (("plan.yaml", "--output", "./plan.yaml"), "is the plan itself"),
    ],
)
def test_what_cannot_be_drawn_is_said(overseer: Any, arguments: tuple[str, ...], told: str) -> None:  # noqa: F811
    plan_file(TWO_STEPS)
    recorded(CUT_OFF)
    said = overseer("graph", *arguments, "--tools", str(TOOLS))
    assert said.code == 2
    assert told in said.err
    assert Path("plan.yaml").read_text(encoding="utf-8") == TWO_STEPS


def test_an_earlier_drawing_stays_where_a_new_one_cannot_be_written(
    overseer: Any,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plan = plan_file(TWO_STEPS)
    assert overseer("graph", plan, "--tools", str(TOOLS), "--output", "two.svg").code == 0
    before = Path("two.svg").read_bytes()

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    said = overseer("graph", plan, "--tools", str(TOOLS), "--output", "two.svg")
    assert said.code == 2
    assert "cannot write the drawing to two.svg: No space left on device" in said.err
    assert Path("two.svg").read_bytes() == before
    assert not list(Path().glob(".*part"))


def test_a_plan_with_faults_is_told_of_and_not_drawn(overseer: Any) -> None:  # noqa: F811
    said = overseer("graph", plan_file("steps: [{step_id: a, tool: t, depends_on: [b]}]"))
    assert (said.code, said.out) == (3, "")
    assert "depends on 'b'" in said.err


def test_a_saved_workflow_is_found_by_its_name_for_every_command(overseer: Any) -> None:  # noqa: F811
    saved = Path(os.environ["OVERSEER_HOME"]) / "workflows"
    saved.mkdir(parents=True)
    Path(plan_file(TWO_STEPS)).rename(saved / "greeting.yaml")
    assert "Say it loudly" in overseer("graph", "greeting", "--tools", str(TOOLS)).out
    assert overseer("check", "greeting", "--tools", str(TOOLS)).code == 0
    assert overseer("run", "greeting", "--tools", str(TOOLS)).out == "HELLO WORLD\n"
    for command in ("timeline", "show", "resume"):
        said = overseer(command, "greeting")
        assert (said.code, said.out) == (2, "")
        assert "'greeting' is a plan and no run" in said.err
    said = overseer("run", "greting", "--tools", str(TOOLS))
    assert (said.code, said.err) == (
        3,
        "error: there is neither a plan file nor a saved workflow 'greting'; did you mean 'greeting'?\n",
    )


# --- timeline


def test_a_run_that_failed_shows_where_its_time_went(overseer: Any) -> None:  # noqa: F811
    recorded(FAILED)
    lines = overseer("timeline", "r1", "--width", "80").out.splitlines()
    assert lines[:6] == [
        "run r1 failed: nightly",
        "steps: 1 succeeded, 1 failed, 1 cancelled",
        "time: 7.00 s; its steps one after the other 5.50 s, 0.8 times as long",
        "longest chain: 5.50 s: fetch → sum",
        "waits: 0.50 s for a free slot, 1.00 s held by openai, 2.00 s to try again",
        "spent: 3 requests, 700 tokens, $0.25, price unknown of 1 request",
    ]
    fetch, sum_, save = lines[7:10]
    assert re.fullmatch(r"1\. Fetch the page │█+▒+█+ +│ ✓ 2\.00 s", fetch)
    assert re.fullmatch(r"2\. Sum it up      │ +█+╍+·+█+│ ✗ 3\.50 s failed", sum_)
    assert re.fullmatch(r"3\. Save it        │ +│ ⊘ cancelled", save)
    assert all(cells(line) <= 80 for line in lines)
    assert lines[-1] == "█ at work   ▒ held back   ╍ to be retried   · waiting for a slot"


def test_a_run_that_was_cut_off_is_interrupted_and_one_that_goes_on_is_not(overseer: Any) -> None:  # noqa: F811
    recorded(CUT_OFF)
    said = overseer("timeline", "r1")
    assert said.out.startswith(
        "run r1 interrupted: nightly\nsteps: 1 succeeded, 1 interrupted, 1 waiting\ntime: 4.00 s"
    )
    with Journal.open() as journal, journal.reopen("r1"):
        document = overseer("timeline", "r1", "--json").json
        page = Path("running.html")
        assert overseer("timeline", "r1", "--html", str(page)).code == 0
    assert document["schema"] == "overseer.timeline/1"
    assert document["status"] == "running"
    assert [step["status"] for step in document["steps"]] == ["succeeded", "running", "waiting"]
    assert "▶ running" in page.read_text(encoding="utf-8")


def test_a_run_that_was_gone_on_with_says_when_nobody_was_at_it(overseer: Any) -> None:  # noqa: F811
    recorded(RESUMED)
    out = overseer("timeline", "r1", "--width", "100").out
    assert "time: 10.0 s;" in out
    assert "resumed: at 7.00 s, after 2 h 13 m in which nobody was at it" in out
    assert "longest chain: 8.50 s: fetch → sum → save" in out


MAP = """
name: map
steps:
  - step_id: each
    description: Every word
    iterations: 40
    steps: [{step_id: word, description: Say it, tool: echo, args: {value: "{{index}}"}}]
"""


def test_many_rounds_are_one_row_unless_all_are_asked_for(overseer: Any) -> None:  # noqa: F811
    overseer("run", plan_file(MAP), "--tools", str(TOOLS))
    with Journal.open(read_only=True) as journal:
        (run,) = journal.runs()
    folded = overseer("timeline", run.run_id, "--width", "80").out
    assert "  1.1. Say it (× 40)" in folded
    assert folded.count("│\n") + folded.count("│ ✓") == 2
    every = overseer("timeline", run.run_id, "--all", "--width", "60").out.splitlines()
    rows = [line for line in every if "1.1. Say it" in line]
    assert [line.split()[0] for line in rows] == [f"[{index}]" for index in range(40)]
    assert all(cells(line) <= 60 for line in every)


@pytest.mark.parametrize("width", [1, 40, 80, 100, 999_999_999])
def test_no_line_of_a_timeline_is_wider_than_it_may_be(overseer: Any, width: int) -> None:  # noqa: F811
    steps = [{"step_id": f"s{n}", "description": title, "tool": "t"} for n, title in enumerate(_written(HOSTILE))]
    recorded(
        [RunStarted(1000.0, "r1", {}), StepStarted(1000.0, "s1"), StepSucceeded(1002.0, "s1", 1)],
        {"name": "x", "steps": steps},
    )
    for extra in ((), ("--ascii",)):
        lines = overseer("timeline", "r1", "--width", str(width), *extra).out.splitlines()
        assert all(cells(line) <= max(40, width) for line in lines)
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", "".join(lines))


def test_a_run_that_has_not_begun_and_one_that_there_is_not(overseer: Any) -> None:  # noqa: F811
    recorded([])
    assert overseer("timeline", "r1").out.splitlines()[-3:] == [
        "  1. Fetch the page: waiting",
        "  2. Sum it up: waiting",
        "  3. Save it: waiting",
    ]
    assert overseer("timeline", "r1", "--html", "page.html").code == 0
    said = overseer("timeline", "nobody")
    assert said.code == 2
    assert "no run's id begins with" in said.err


# --- the page


class Elements(HTMLParser):
    """What a browser would make of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


ALLOWED = {
    "html", "head", "meta", "title", "style", "body", "h1", "h2", "h3", "p", "b", "ul", "li", "span", "div", "svg",
    "rect", "path", "g", "text", "details", "summary", "code", "pre", "footer",
}  # fmt: skip


def page_of(overseer: Any) -> str:  # noqa: F811
    assert overseer("timeline", "r1", "--html", "page.html").code == 0
    return Path("page.html").read_text(encoding="utf-8")


def test_a_page_tells_of_every_step_what_it_was_given_and_gave_and_what_went_wrong(overseer: Any) -> None:  # noqa: F811
    recorded(FAILED)
    page = page_of(overseer)
    text = "\n".join(Elements(page).text)
    for told in (
        "5.50 s", "Longest chain: fetch → sum", "2 attempts", '"page": "a page"', "transient: the server is busy",
        "tool: no luck\na traceback", "calls of its code (1)", "<b>gave</b>", '"value": "</script>"', "held by: openai",
        "2 requests, 700 tokens, $0.25", "price unknown of 1 request", "what it would have been given", "{{sum}}",
    ):  # fmt: skip
        assert told in text, told


def test_nothing_in_a_page_runs_or_is_fetched_whatever_the_run_says(overseer: Any) -> None:  # noqa: F811
    titles = _written(HOSTILE)
    steps = [
        {"step_id": f"s{n}", "description": title, "tool": "t", "args": {"x": title}} for n, title in enumerate(titles)
    ]
    events: list[Event] = [RunStarted(1000.0, "r1", {})]
    for n, title in enumerate(titles):
        events += [StepStarted(1000.0 + n, f"s{n}"), StepSucceeded(1001.0 + n, f"s{n}", {title: [title]})]
    events.append(RunFinished(1099.0, "succeeded", {"out": titles}))
    recorded(events, {"name": HOSTILE[0], "steps": steps})
    page = page_of(overseer)
    assert """content="default-src 'none'; style-src 'unsafe-inline'\"""" in page
    found = Elements(page)
    assert found.open == []
    assert set(found.tags) <= ALLOWED
    names = {name for name, _ in found.attributes}
    assert not [name for name in names if name.startswith("on") or name in ("href", "src", "action", "xlink:href")]
    assert "http://" not in page
    assert "https://" not in page
    assert "url(" not in page
    assert "@import" not in page
    assert HOSTILE[0] in "".join(found.text)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufffe\uffff]", page)
    assert "characters, of which" in page


def _written(titles: list[str]) -> list[str]:
    """As a journal can hold them."""
    return [title.encode("utf-8", "replace").decode() for title in titles]


def test_of_a_great_many_rounds_a_page_has_those_that_went_wrong_and_stays_small(overseer: Any) -> None:  # noqa: F811
    plan = MAP.replace("40", "1000").replace("tool: echo", "on_error: continue, tool: pick").replace("[0]", "")
    tools = Path("tools_here")
    tools.mkdir()
    (tools / "pick.py").write_text(
        "from overseer.tool import ToolError, tool\n\n\n"
        '@tool\ndef pick(value: int) -> int:\n    """Pick."""\n'
        "    if value == 999:\n        raise ToolError('not this one')\n    return value\n"
    )
    overseer("run", plan_file(plan), "--tools", str(tools))
    with Journal.open(read_only=True) as journal:
        (run,) = journal.runs()
    assert overseer("timeline", run.run_id, "--html", "page.html").code == 0
    page = Path("page.html").read_text(encoding="utf-8")
    assert "each[999]/word" in page
    assert "not this one" in page
    assert "… and 601 steps more." in page
    assert len(page) < 1_000_000


def test_no_secret_is_in_a_drawing_or_a_page(overseer: Any, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    key = "zq7&Xv<9\"Lw4'Tb2"
    plan = {
        "name": f"with {key}",
        "steps": [{"step_id": "a", "description": f"Use {key}", "tool": "t", "args": {"k": key}}],
    }
    recorded(
        [RunStarted(1000.0, "r1", {}), StepStarted(1000.0, "a"), StepSucceeded(1001.0, "a", {key: [key, f"x{key}"]})],
        plan,
    )
    for arguments in (
        ("timeline", "r1"), ("timeline", "r1", "--html", "page.html"), ("timeline", "r1", "--json"), ("graph", "r1"),
        ("graph", "r1", "--output", "g.svg"), ("graph", "r1", "--output", "g.mmd"), ("graph", "r1", "--format", "svg"),
    ):  # fmt: skip
        monkeypatch.setenv("ACME_API_KEY", key)
        said = overseer(*arguments)
        assert said.code == 0
        written = [path.read_text(encoding="utf-8") for path in Path().glob("*.*") if path.is_file()]
        for text in (said.out, said.err, *written):
            for part in ("zq7", "Xv<9", "Xv&lt;9", "Lw4", "Tb2"):
                assert part not in text, arguments


@pytest.fixture(autouse=True)
def streams_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command hides secrets in the streams of the process for good."""
    monkeypatch.setattr(sys, "stdout", sys.stdout)
    monkeypatch.setattr(sys, "stderr", sys.stderr)


def test_a_timeline_is_one_json_document(overseer: Any) -> None:  # noqa: F811
    recorded(RESUMED)
    document = json.loads(overseer("timeline", "r1", "--json").out)
    assert document["breaks"] == [{"at": 7.0, "away_s": 7993.0}]
    assert document["critical"] == ["fetch", "sum", "save"]
    assert document["steps"][0]["intervals"] == [["running", 0.0, 1.0], ["held", 1.0, 2.0], ["running", 2.0, 3.0]]
