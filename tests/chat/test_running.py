"""What is done from within a chat: plans, runs in the background, going on, sessions, undo, models, what it cost."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from overseer.journal.journal import Journal
from tests.chat.conftest import CTRL, NO_MODEL, AtChat, Chats
from tests.servers.model_server import Answer, ModelServer
from tests.terminals import ROOT


def runs(chats: Chats) -> dict[str, str]:
    with Journal.open(chats.home / "journal.db", read_only=True) as journal:
        return {run.name: run.status for run in reversed(journal.runs())}


def in_background(chats: Chats, *options: str) -> AtChat:
    """A chat in which a run waits in the background."""
    chat = chats.begin(*options)
    chat.say("/run waiting.yaml &", "goes on in the background")
    chat.wait_until((chats.folder / "begun-w").exists)
    return chat


# --- in the background


def test_the_chat_goes_on_while_a_run_is_in_the_background_and_its_end_is_told_above_the_prompt(chats: Chats) -> None:
    chat = in_background(chats)
    chat.say("/jobs", "running")
    chat.say("/run quick.yaml number=41", "41")
    chat.wait_for_prompt()
    chat.type("half of a line")
    chat.wait_until(lambda: chat.line_of_cursor() == "> half of a line")
    (chats.folder / "go-w").touch()
    chat.wait_for_text("job 1 succeeded")
    chat.wait_until(lambda: chat.line_of_cursor() == "> half of a line")
    assert sum("half of a line" in line for line in chat.lines()) == 1
    chat.press(CTRL["c"])
    chat.say("/jobs show 1", "succeeded")
    chat.say("/history", "run: run ")
    assert runs(chats) == {"waiting": "succeeded", "quick": "succeeded"}


def test_ctrl_c_at_the_prompt_does_not_touch_it_and_cancel_does(chats: Chats) -> None:
    chat = in_background(chats)
    chat.wait_for_prompt()
    chat.press(CTRL["c"])
    chat.wait_for_text("nothing is running")
    chat.say("/jobs", "running")
    chat.say("/jobs cancel 1", "asked to stop")
    chat.say("/jobs cancel 1", "stopped at once")
    chat.wait_for_text("job 1 cancelled")
    assert runs(chats) == {"waiting": "cancelled"}
    chat.say("/jobs cancel 1", "has ended")
    chat.say("/jobs show 9", "there is no job 9")


@pytest.mark.parametrize(("answer", "code"), [("s", "cancelled"), ("w", "succeeded")], ids=["stopped", "waited for"])
def test_who_leaves_is_asked_about_it(chats: Chats, answer: str, code: str) -> None:
    chat = in_background(chats)
    chat.wait_for_prompt()
    chat.press(CTRL["d"])
    chat.wait_for_text("1 run is under way in the background")
    chat.enter()  # stays
    chat.say("/jobs", "running")
    chat.enter("/quit")
    chat.wait_until(lambda: chat.text().count("under way in the background") >= 2)
    chat.enter(answer)
    if answer == "w":
        (chats.folder / "go-w").touch()
    assert chat.ended() == 0
    assert runs(chats) == {"waiting": code}


def test_a_terminal_that_is_gone_stops_it_and_it_can_be_gone_on_with(chats: Chats) -> None:
    chat = in_background(chats)
    chat.hear(signal.SIGHUP)
    assert chat.ended() == 129
    assert runs(chats) == {"waiting": "cancelled"}
    (chats.folder / "go-w").touch()
    again = chats.begin()
    again.wait_for_text("was interrupted; to go on with it: /resume ")
    again.say("/resume", "succeeded")
    assert runs(chats) == {"waiting": "succeeded"}


def test_being_told_to_end_in_a_run_ends_the_chat(chats: Chats) -> None:
    chat = chats.begin()
    chat.wait_for_prompt()
    chat.enter("/run waiting.yaml")
    chat.wait_until((chats.folder / "begun-w").exists)
    chat.hear(signal.SIGTERM)
    assert chat.ended() == 143
    assert runs(chats) == {"waiting": "cancelled"}
    chats.begin().wait_for_text("was interrupted; to go on with it: /resume ")


def test_what_somebody_stopped_is_not_told_of_again(chats: Chats) -> None:
    chat = in_background(chats)
    chat.say("/jobs cancel 1", "asked to stop")
    chat.say("/jobs cancel 1", "stopped at once")
    chat.wait_for_text("job 1 cancelled")
    chat.wait_for_prompt()
    chat.press(CTRL["d"])
    assert chat.ended() == 0
    again = chats.begin()
    again.wait_for_prompt()
    assert "was interrupted" not in again.text()


# --- sessions, and going on


def overseer(chats: Chats, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, str(ROOT / "chat_cli.py"), *words],
        cwd=chats.folder,
        env={"OVERSEER_HOME": str(chats.home), "PATH": "/usr/bin:/bin", **NO_MODEL},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout


def test_a_chat_that_was_killed_in_a_run_is_gone_on_with_and_nothing_is_done_twice(chats: Chats) -> None:
    chat = chats.begin()
    chat.wait_for_prompt()
    chat.enter("/run waiting.yaml")
    chat.wait_until((chats.folder / "begun-w").exists)
    chat.hear(signal.SIGKILL)
    chat.ended()

    assert "interrupted: run " in overseer(chats, "sessions")
    (session,) = json.loads(overseer(chats, "sessions", "--json"))["sessions"]
    (run_id,) = session["interrupted"]

    again = chats.begin("--continue")
    again.wait_for_text(f"to go on with it: /resume {run_id}")
    again.wait_for_text("request: run waiting.yaml")
    (chats.folder / "go-w").touch()
    again.say(f"/resume {run_id}", "2 succeeded")
    assert "Be quick" not in "".join(again.text().partition("going on with run")[2:])  # it was finished before
    again.say("/history", "answer: ")
    again.press(CTRL["d"])
    assert again.ended() == 0
    assert "interrupted" not in overseer(chats, "sessions")


POSTS = '''
import time
from pathlib import Path
from overseer.tool import tool

@tool(effect="write", writes=["file:letters"], idempotent=False)
def posts(text: str) -> str:
    """Post a letter, which nobody can take back."""
    with Path("letters").open("a") as file:
        file.write(text + "\\n")
    while not Path("go-all").exists():
        time.sleep(0.01)
    return text
'''


@pytest.mark.parametrize(
    ("answer", "outcome", "letters"),
    [("r", "1 succeeded", 2), ("g", "1 failed", 1), ("q", "nothing was repeated", 1)],
    ids=["repeated", "given up", "left"],
)
def test_a_step_that_may_have_had_effects_is_asked_about(chats: Chats, answer: str, outcome: str, letters: int) -> None:
    (chats.folder / "own" / "posting.py").write_text(POSTS)
    (chats.folder / "post.yaml").write_text(
        "steps: [{step_id: letter, description: Post it, tool: posts, args: {text: dear}}]"
    )
    posted = chats.folder / "letters"
    chat = chats.begin("--approve", "write", "--set", "chat.review=never")
    chat.wait_for_prompt()
    chat.enter("/run post.yaml")
    chat.wait_until(lambda: posted.exists() and posted.read_text())
    chat.hear(signal.SIGKILL)
    chat.ended()
    (chats.folder / "go-all").touch()

    again = chats.begin("--approve", "write")
    again.wait_for_prompt()
    again.enter("/resume")
    again.wait_for_text("letter (Post it): [r]epeat it, [g]ive it up, or [q]uit >")
    again.enter("perhaps")
    again.wait_for_text("r calls it again")
    again.enter(answer)
    again.wait_for_text(outcome)
    assert posted.read_text().count("dear") == letters
    assert "error: " not in again.text()


def test_a_run_of_another_folder_is_named_with_the_way_to_it(chats: Chats) -> None:
    chat = chats.begin()
    chat.say("/run quick.yaml", "3")
    run_id = re.findall(r"run (\w{14}) succeeded", chat.text())[0]
    chat.press(CTRL["d"])
    assert chat.ended() == 0
    elsewhere = chats.folder / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "own").symlink_to(chats.folder / "own")
    other = Chats(elsewhere, chats.opened)
    other.home = chats.home
    chat = other.begin()
    chat.say(f"/resume {run_id}", f"cd {chats.folder} && overseer resume")
    chat.say("/resume", "no run of this folder can go on")


def test_sessions_are_left_and_gone_back_to(chats: Chats) -> None:
    chat = chats.begin()
    chat.say("/run quick.yaml number=12", "12")
    chat.say("/clear", "a new conversation")
    chat.say("/history", "nothing was said")
    first = re.findall(r"/sessions (\S+) goes back", chat.text())[0]
    chat.say(f"/sessions {first}", "request: run quick.yaml number=12")
    chat.say("/sessions", "(this one)")
    chat.say("/sessions nothing", "no session's id begins with")
    chat.press(CTRL["d"])
    assert chat.ended() == 0
    named = chats.begin("--session", first)
    named.wait_for_text("request: run quick.yaml number=12")


# --- plans at hand


def test_a_plan_is_made_saved_and_run_later(chats: Chats) -> None:
    chat = chats.begin()
    chat.say("/run", "there is no plan at hand")
    chat.say("/plan calculate 6 * 7", "nothing of it was run")
    assert runs(chats) == {}
    chat.say("/save six times seven", "saved as")
    chat.say("/save 'sixty and seven'", "/sixty and seven.yaml")
    chat.say("/workflows", "six times seven  1 step")
    chat.say("/run", "42")
    chat.say("/run 'six times seven'", "42")
    chat.say("/run six", "there is neither a plan file nor a saved workflow 'six'")
    chat.say("/run quick.yaml number=many", "input 'number'")
    chat.say("make the text 'So It Is' upper case", "SO IT IS")
    chat.say("/plan make it lower case", "nothing of it was run")
    chat.say("/save low", "its input 'text_case' is the result of step 'text_case' of")
    chat.say("/run low", "so it is")
    assert len(runs(chats)) >= 1


@pytest.mark.parametrize("answer", ["run", "quit"])
def test_a_plan_that_ran_or_was_refused_is_at_hand_too(chats: Chats, answer: str) -> None:
    chat = chats.begin("--set", "chat.review=always")
    chat.wait_for_prompt()
    chat.enter("calculate 6 * 7")
    chat.wait_for_text("[r]un")
    chat.enter(answer)
    chat.wait_for_prompt()
    assert len(runs(chats)) == (answer == "run")
    shown = "\n".join(chat.say("/plan", "/run runs it"))
    assert "6 * 7" in shown
    assert "nothing of it was run" not in shown
    chat.say("/save answer", "saved as")
    chat.say("/workflows", "answer  1 step")


def test_a_text_given_to_edit_is_a_request_whatever_plan_is_at_hand(chats: Chats) -> None:
    editor = chats.folder / "editor"
    editor.write_text('#!/bin/sh\nsed -i "s/$/ * 7/" "$1"\n')
    editor.chmod(0o700)
    chat = chats.begin(environ={"EDITOR": str(editor)})
    chat.say("/plan calculate 1 + 1", "nothing of it was run")
    chat.say("/edit calculate 6", "42")


def test_the_plan_at_hand_is_edited_and_one_with_faults_leaves_it_as_it_was(chats: Chats) -> None:
    editor = chats.folder / "editor"
    editor.write_text('#!/bin/sh\nsed -i "$(cat edits)" "$1"\n')
    editor.chmod(0o700)
    chat = chats.begin(environ={"EDITOR": str(editor)})
    chat.say("/plan calculate 6 * 7", "nothing of it was run")
    (chats.folder / "edits").write_text("s/calculate/calculat/")
    chat.say("/edit", "there is no tool 'calculat'")
    (chats.folder / "edits").write_text("s/6 [*] 7/6 * 8/")
    chat.say("/edit", "nothing of it was run")
    chat.say("/run", "48")


def test_what_was_typed_before_a_question_is_no_answer_to_it(chats: Chats) -> None:
    chat = chats.begin()
    chat.wait_for_prompt()
    chat.enter("/run writes.yaml")
    chat.wait_for_text("[r]un")
    chat.enter("r")
    chat.wait_for_text("succeeded")
    chat.wait_for_prompt()
    chat.enter("/undo\ry")
    chat.wait_for_text("was left out")
    chat.wait_until(lambda: chat.line_of_cursor() == "Undo this? [y/N]")
    chat.enter("n")
    chat.wait_for_prompt()
    assert (chats.folder / "note.txt").exists()


def test_what_a_run_wrote_is_undone_and_redone_after_a_look_at_it(chats: Chats) -> None:
    note = chats.folder / "note.txt"
    chat = chats.begin("--approve", "write", "--set", "chat.review=never")
    chat.say("/run writes.yaml", "1 succeeded")
    assert note.read_text() == "milk"
    chat.wait_for_prompt()
    for command, question, is_there in (("/undo", "Undo this?", False), ("/redo", "Redo this?", True)):
        chat.wait_for_prompt()
        chat.enter(command)
        chat.wait_until(lambda question=question: question in chat.text())
        assert note.exists() is not is_there  # nothing yet
        chat.enter("y")
        chat.wait_until(lambda is_there=is_there: note.exists() is is_there)
        back = "/undo" if is_there else "/redo"
        chat.wait_for_text(f"to take this back: {back} ")


def test_values_are_shown_as_they_are_with_every_mark_in_them(chats: Chats) -> None:
    (chats.folder / "marks.md").write_text("# Title\n\n  __init__ and *args\n\n\nword\n----\n")
    chat = chats.begin(environ={"FORCE_COLOR": "1"})
    lines = chat.say("read marks.md", "----")
    at = lines.index("# Title")
    assert lines[at : at + 7] == ["# Title", "", "  __init__ and *args", "", "", "word", "----"]


@pytest.mark.parametrize("word", ["exit", "Quit", "/exit"])
def test_what_ends_other_programs_ends_the_chat_and_is_no_request(chats: Chats, word: str) -> None:
    chat = chats.begin()
    chat.wait_for_prompt()
    chat.enter(word)
    assert chat.process.wait(timeout=30) == 0
    assert not any(word.lower() in name.lower() for name in runs(chats))


# --- commands of the command line, and what goes wrong


def test_commands_of_the_command_line_are_the_same_and_their_mistakes_stay_in_the_chat(chats: Chats) -> None:
    chat = chats.begin()
    chat.say("/runs", "no runs yet")
    chat.say("/runs --nothing", "error: /runs: unrecognized arguments: --nothing; /runs --help tells what it takes")
    chat.say("/tools waits", "Wait until a file lets it go on")  # of the folder that the chat was given
    chat.say("/show", "no run has ended in this chat yet")
    chat.say("/run quick.yaml", "3")
    chat.say("/show", "succeeded")
    chat.say("/timeline --html page.html", "the page is in page.html")
    chat.say("/show 'half", "cannot be split into words")
    chat.say("/config show chat.review", "risky")
    chat.say("/demo nothing", "there is no demo 'nothing'")
    assert "Traceback" not in chat.text()


def test_a_demo_is_shown_as_such_and_its_words_stay_out_of_the_conversation(chats: Chats) -> None:
    chat = chats.begin("--demo")
    chat.wait_until(lambda: chat.text().count("[scripted model: replies are prepared, all else is real]") == 2)
    chat.say("/history", "nothing was said")
    assert runs(chats) == {"joke-in-two-languages (scripted model)": "succeeded"}


# --- models, and what they take


def connected(server: ModelServer) -> dict[str, str]:
    return {**NO_MODEL, "OPENAI_BASE_URL": server.openai_url, "OVERSEER_MODEL": "openai/tiny"}


def test_another_model_is_asked_from_the_next_request_on_and_one_that_is_not_there_never(chats: Chats) -> None:
    with ModelServer(['{"answer": "Hello."}'], models=("tiny", "large")) as server:
        chat = chats.begin(environ=connected(server))
        chat.wait_for_text("model: openai/tiny, named by OVERSEER_MODEL")
        chat.say("hello", "Hello.")
        chat.say("/model larg", "did you mean 'openai/large'?")
        chat.say("/model", "openai/tiny")
        chat.say("/model large", "the model is openai/large")
        chat.say("hello again", "Hello.")
        chat.say("/model coder tiny", "the role coder has openai/tiny")
        assert [question["model"] for question in server.questions()] == ["tiny", "large"]


def test_cost_is_the_sum_of_what_the_server_counted_and_an_unknown_price_is_none(chats: Chats) -> None:
    said = [Answer('{"answer": "One."}', tokens=(100, 20)), Answer('{"answer": "Two."}', tokens=(300, 7))]
    with ModelServer(said) as server:
        chat = chats.begin(environ=connected(server))
        chat.say("/cost", "this session  nothing")
        chat.say("first", "One.")
        chat.say("second", "Two.")
        chat.say("/cost", "this session  2 requests, 427 tokens (400 in, 27 out), price unknown")
        assert server.counted == [(100, 20), (300, 7)]
        assert "$0.00" not in chat.text()
        chat.say("/budget requests=2", "each run may spend: requests=2")
        chat.say("/budget many", "is not an amount")
        chat.say("/budget off", "as much as it takes")


def test_a_run_whose_budget_is_spent_goes_on_with_what_the_chat_says(chats: Chats) -> None:
    step = {"step_id": "joke", "description": "Joke", "tool": "content_generator", "args": {"prompt": "x"}}
    with ModelServer([json.dumps({"steps": [step]}), "A cat walks into a bar."]) as server:
        chat = chats.begin(environ=connected(server))
        chat.say("/budget requests=0", "each run may spend: requests=0")
        chat.say("tell me a joke", "go on with more: /budget requests=1, then /resume ")
        chat.say("/budget requests=1", "each run may spend: requests=1")
        chat.say("/resume", "A cat walks into a bar.")


def test_a_key_that_is_typed_is_in_no_file(chats: Chats) -> None:
    key = "correct-horse-battery"
    chat = chats.begin(environ={"MY_API_KEY": key})
    chat.say(f"what is {key}", "no plan could be made")
    chat.press(CTRL["d"])
    assert chat.ended() == 0
    kept = [path for path in Path(chats.home).rglob("*") if path.is_file() and key.encode() in path.read_bytes()]
    assert kept == []
