"""What people type who have never seen the program: done as it was meant, or refused with what would work."""

from __future__ import annotations

from pathlib import Path

import pytest

from overseer.frontends.draft import Answered, Planned, Refused
from overseer.frontends.earlier import Earlier
from overseer.frontends.rules import plan_by_rules
from overseer.frontends.rules.standing import Standing
from overseer.plan.references import Ref
from tests.frontends.rules import args_of, our, outline, planned


@pytest.fixture
def beside_notes(tmp_path: Path) -> Standing:
    (tmp_path / "my notes.txt").write_text("one two")
    return Standing(tmp_path)


def refused(request: str) -> str:
    draft = plan_by_rules(request, our())
    assert isinstance(draft, Refused), draft
    return draft.reasons[0]


@pytest.mark.parametrize("word", ["hello", "thanks", "cake"])
@pytest.mark.parametrize("asked", ["find all files containing {}", "which files contain {}?"])
def test_files_are_searched_for_the_word_that_they_are_to_hold(asked: str, word: str) -> None:
    assert args_of(asked.format(word)) == [{"query": word}]


def test_what_files_are_to_hold_has_to_be_said() -> None:
    assert "nothing can be made of 'containing'" in refused("find all files containing it")


@pytest.mark.parametrize(
    "line",
    [
        "rm -rf .",
        "ls ..",
        "git -C . status",
        "cat a.txt b.txt",
        "cat notes.md",
        "python --version",
        "ls -la",
        "cat",
        "python3 a.py",
        "touch a.txt",
    ],
)
def test_a_line_for_a_shell_is_told_how_it_is_run(line: str) -> None:
    assert refused(line) == f"'{line}': no tool is called so. To run it as a program, say: run {line}"
    assert args_of(f"run {line}") == [{"command": line}]


@pytest.mark.parametrize(
    ("request_", "line"),
    [
        ("rename a.txt to b.txt", "mv a.txt b.txt"),
        ("please move the file a.txt to old/a.txt", "mv a.txt old/a.txt"),
        ("copy a.txt to b.txt", "cp a.txt b.txt"),
        ("delete a.txt", "rm a.txt"),
        ("remove the files a.txt and b.txt.", "rm a.txt b.txt"),
        ("remove a.txt", "rm a.txt"),
        ("delete 'my notes.txt'", "rm 'my notes.txt'"),
    ],
)
def test_what_only_a_program_does_with_files_is_told_with_that_program(
    request_: str, line: str, beside_notes: Standing
) -> None:
    draft = plan_by_rules(request_, our(), standing=beside_notes)
    assert isinstance(draft, Refused)
    assert draft.reasons[0].endswith(f"no tool does this. A program does; to run it, say: run {line}")
    assert args_of(f"run {line}") == [{"command": line}]


@pytest.mark.parametrize(
    "request_",
    [
        "remove 'my notes.txt' from a.txt",
        "do not delete a.txt",
        "delete a.txt, not b.txt",
        "delete a.txt or b.txt",
        "delete all in a.txt",
        "delete what is in a.txt",
        "copy a.txt from b.txt",
        "move a.txt and b.txt",
        "rename a.txt to my notes.txt",
        "delete $HOME/a.txt",
    ],
)
def test_no_line_is_told_that_would_do_anything_else(request_: str, beside_notes: Standing) -> None:
    draft = plan_by_rules(request_, our(), standing=beside_notes)
    assert isinstance(draft, Refused)
    assert "to run it" not in draft.reasons[0]


@pytest.mark.parametrize(
    ("request_", "args"),
    [
        ("execute ls -la", {"command": "ls -la"}),
        ("please run the command: cp 'a b.txt' c.txt", {"command": "cp 'a b.txt' c.txt"}),
        ("run ./build.sh a.txt", {"command": "./build.sh a.txt"}),
        ("Run git add .", {"command": "git add ."}),
        ("run ls -la.", {"command": "ls -la"}),
        ("run python -c 'print(1, 2)'", {"command": "python -c 'print(1, 2)'"}),
        ("run git log in the folder src", {"command": "git log", "folder": "src"}),
    ],
)
def test_a_line_is_run_word_for_word(request_: str, args: dict[str, str]) -> None:
    assert args_of(request_) == [args]


def test_each_of_several_lines_is_run() -> None:
    assert args_of("run wc a.md and run wc b.csv") == [{"command": "wc a.md"}, {"command": "wc b.csv"}]


@pytest.mark.parametrize(
    "request_", ["run ls and write the result to a.txt", "run date, then save the output as a.txt"]
)
def test_the_result_of_a_program_is_what_it_printed(request_: str) -> None:
    assert args_of(request_)[1] == {"path": "a.txt", "text": Ref("run_command", ("stdout",))}


def test_a_number_that_was_asked_for_is_the_result_of_counting() -> None:
    *_, written = args_of("count the words in a.md and write the result to n.txt")
    assert written == {"path": "n.txt", "text": Ref("text_statistics", ("words",))}
    *_, written = args_of("count the files here and write the result to n.txt")
    assert written == {"path": "n.txt", "text": Ref("table_query", ("rows", 0, "count"))}
    *_, written = args_of("sum the column age of a.csv and write the result to n.txt")
    assert written == {"path": "n.txt", "text": Ref("table_query", ("rows", 0, "sum_age"))}
    *_, written = args_of("count the words and lines in a.md and write the result to n.txt")
    assert written == {"path": "n.txt", "text": Ref("text_statistics")}


@pytest.mark.parametrize(
    "request_", ["delete the last line of a.txt", "delete all files", "delete it", "remove everything but a.txt"]
)
def test_no_program_is_named_that_would_do_more_than_was_asked_for(request_: str) -> None:
    assert "run rm" not in refused(request_)


@pytest.mark.parametrize(
    "request_",
    ["{}, a.txt and b.md in parallel", "{} a.txt and b.md at the same time", "in parallel: {} a.txt and b.md"],
)
def test_that_steps_are_to_run_side_by_side_goes_without_saying(request_: str) -> None:
    assert outline(planned(request_.replace("{},", "read c.csv,").format("read"))).startswith("read_file; read_file_2")


def test_the_words_of_each_of_several_files_are_counted_side_by_side() -> None:
    plan = planned("read a.txt, b.md and c.csv in parallel and count the words of each")
    assert outline(plan).count("text_statistics") == 3


@pytest.mark.parametrize(
    "request_", ["how do I leave?", "exit please", "quit overseer", "how can I quit the chat", "q"]
)
def test_who_wants_to_leave_is_told_how(request_: str) -> None:
    table = {"list_files": Earlier({"files": [{"path": "a.txt", "size": 3}]})}
    draft = plan_by_rules(request_, our(), earlier=table, standing=Standing(to_leave="/quit leaves."))
    assert isinstance(draft, Answered)
    assert draft.text == "/quit leaves."


@pytest.mark.parametrize("request_", ["list tools", "show me the tools", "list all the tools"])
def test_who_asks_for_the_tools_is_not_shown_files(request_: str) -> None:
    table = {"list_files": Earlier({"files": [{"path": "a.txt", "size": 3}]})}
    draft = plan_by_rules(request_, our(), earlier=table)
    assert isinstance(draft, Answered)
    assert "overseer tools" in draft.text


def test_goodbye_says_how_to_leave() -> None:
    draft = plan_by_rules("bye", our(), standing=Standing(to_leave="/quit leaves."))
    assert isinstance(draft, Answered)
    assert draft.text == "Goodbye. /quit leaves."


def test_a_quoted_name_of_a_file_that_is_there_is_that_file(beside_notes: Standing) -> None:
    request = 'count the words in "my notes.txt"'
    assert outline(planned(request, standing=beside_notes)) == "read_file; text_statistics < read_file"
    assert args_of(request, standing=beside_notes)[0] == {"path": "my notes.txt"}
    assert args_of(request) == [{"text": "my notes.txt"}]


RESULTS = {
    "a list": Earlier({"files": [{"path": "a.txt", "size": 3}]}),
    "a number": Earlier(25),
    "a text": Earlier("rm -r .\n"),
}


@pytest.mark.parametrize("kind", RESULTS)
@pytest.mark.parametrize(
    "request_",
    ["run it", "print it", "execute that", "run", "find it", "remove it", "mail it", "run the result", "run them all"],
)
def test_what_is_run_or_sought_is_said_and_never_a_result(request_: str, kind: str) -> None:
    assert isinstance(plan_by_rules(request_, our(), earlier={"before": RESULTS[kind]}), Refused)


@pytest.mark.parametrize("first", ["read a.sh", "fetch https://example.org/a.sh"])
@pytest.mark.parametrize("then", ["run it", "execute it", "remove it", "run the text"])
def test_what_a_step_gives_is_never_run(first: str, then: str) -> None:
    assert isinstance(plan_by_rules(f"{first} and {then}", our()), Refused)


@pytest.mark.parametrize("request_", ["sort it", "make it upper case", "count the words", "summarise it"])
def test_a_result_is_still_what_it_stands_for(request_: str) -> None:
    assert len(planned(request_, earlier={"before": RESULTS["a text"]}).steps) == 1


PASTED = "pear, 3 times\nread a.txt and\n\nfig"


@pytest.mark.parametrize(
    ("request_", "tool", "args"),
    [
        ("count the words in this text:", "text_statistics", {}),
        ("make the following text upper case:", "text_case", {"case": "upper"}),
        ("sort these lines:", "sort_lines", {}),
        ("please sort these lines alphabetically: ", "sort_lines", {}),
    ],
)
def test_what_is_pasted_below_is_the_text_that_is_meant(request_: str, tool: str, args: dict[str, object]) -> None:
    plan = planned(f"{request_}\n{PASTED}\n")
    assert outline(plan) == tool
    assert dict(plan.steps[0].args) == {"text": PASTED, **args}


def test_steps_below_each_other_are_no_text() -> None:
    assert outline(planned("do these steps:\nread a.txt\nmake it upper case")) == "read_file; text_case < read_file"


@pytest.mark.parametrize("request_", ["undo", "Undo that!", "resume the last run", "clear", "cost"])
def test_a_command_without_its_slash_is_named(request_: str) -> None:
    standing = Standing(commands=frozenset({"undo", "resume", "clear", "cost", "show"}))
    draft = plan_by_rules(request_, our(), standing=standing)
    assert isinstance(draft, Refused)
    assert draft.reasons[0].endswith(f"called so: /{request_.rstrip('!').split()[0].lower()}")
    assert "called so" not in refused(request_)


def test_a_request_that_begins_like_a_command_is_a_request() -> None:
    standing = Standing(commands=frozenset({"show", "run"}))
    assert outline(planned("show me notes.md", standing=standing)) == "read_file"
    saved = plan_by_rules("save it", our(), standing=Standing(commands=frozenset({"save"})))
    assert isinstance(saved, Refused)
    assert "'path'" in saved.reasons[0]


def test_steps_that_one_part_asks_for_are_told_apart() -> None:
    plan = planned("read a.txt and b.md and count the words of each")
    assert [step.description for step in plan.steps] == [
        "read a.txt and b.md (a.txt)",
        "read a.txt and b.md (b.md)",
        "count the words of each (a.txt)",
        "count the words of each (b.md)",
    ]


@pytest.mark.parametrize("request_", ["and in a.txt?", "what about a.txt", "How about the file a.txt?", "and of a.txt"])
def test_what_goes_on_from_a_question_before_is_not_guessed_at(request_: str) -> None:
    assert "goes on from what was asked before" in refused(request_)


@pytest.mark.parametrize("request_", ["and read a.txt", "a.txt", "what is in a.txt?"])
def test_a_file_that_is_asked_for_by_itself_is_read(request_: str) -> None:
    assert args_of(request_) == [{"path": "a.txt"}]


@pytest.mark.parametrize(
    "rest",
    ["what it says", "as it says", "that again", "it again", "that program", "what I said", "it", "this"],
)
def test_nothing_is_run_that_was_only_pointed_at(rest: str) -> None:
    assert "run_command" in refused(f"read cmd.txt and run {rest}")


@pytest.mark.parametrize("request_", ["read a.txt and search for it", "search for 'a.txt' in b.txt"])
def test_what_a_file_holds_is_not_searched_for(request_: str) -> None:
    assert "needs 'query'" in refused(request_)


@pytest.mark.parametrize(
    ("request_", "args"),
    [
        ("replace 'my notes.txt' with 'foo' in a.txt", {"find": "my notes.txt", "replacement": "foo"}),
        ("find lines with 'my notes.txt' in a.txt", {"containing": "my notes.txt"}),
        ("write 'my notes.txt' to list.txt", {"path": "list.txt", "text": "my notes.txt"}),
        ("which files contain 'my notes.txt'?", {"query": "my notes.txt"}),
    ],
)
def test_the_name_of_a_file_is_a_text_where_one_is_wanted(
    request_: str, args: dict[str, str], beside_notes: Standing
) -> None:
    draft = plan_by_rules(request_, our(), standing=beside_notes)
    assert isinstance(draft, Planned)
    assert draft.plan.steps[-1].args.items() >= args.items()


@pytest.mark.parametrize(
    "request_",
    [
        "sort these lines:\nb\na\n\nthen write the result to out.txt",
        "write the following lines:\na\nb\nto c.txt",
        "search for foo in this text:\nhello foo",
    ],
)
def test_a_pasted_text_swallows_nothing_that_is_to_be_done(request_: str) -> None:
    refused(request_)


@pytest.mark.parametrize("kind", ["empty", "blank"])
def test_lines_that_hold_nothing_are_not_those_that_are_there_twice(kind: str) -> None:
    assert f"nothing can be made of '{kind}'" in refused(f"remove {kind} lines from a.txt and write it to b.txt")


def test_who_asks_whether_it_is_so_has_nothing_written() -> None:
    refused("is a.txt the same as b.txt?")


def test_the_text_is_what_was_counted_in_where_that_is_to_be_written() -> None:
    *_, written = args_of("read a.txt, count the words and write the text to c.txt")
    assert written == {"path": "c.txt", "text": Ref("read_file")}


def test_no_file_is_written_twice_with_the_first_lost() -> None:
    assert "'c.txt' would be written more than once" in refused(
        "count the lines in a.txt and b.txt and write them to c.txt"
    )
