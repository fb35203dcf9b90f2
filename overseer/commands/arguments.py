"""The arguments of the command line: every command with its options."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from overseer import __version__
from overseer.commands.argumenttypes import age, cap, classes, plan_file, positive, seconds
from overseer.commands.misuse import Parser, stray_words
from overseer.exits import MEANINGS

if TYPE_CHECKING:
    _Commands = argparse._SubParsersAction[Parser]


EXIT_CODES = f"exit codes: {', '.join(f'{code} {meaning}' for code, meaning in MEANINGS.items())}"


def parsed(arguments: Sequence[str] | None = None, *, in_chat: bool = False) -> argparse.Namespace:
    """What a command line says; SystemExit, having said why, if it cannot be.

    `in_chat`: it was typed there, and is told of as it is typed there.
    """
    chosen = parser(in_chat=in_chat)
    given = _with_command(list(sys.argv[1:] if arguments is None else arguments), chosen)
    options, rest = chosen.parse_known_args(given)
    options.in_chat = in_chat
    options.set += getattr(options, "set_after", [])
    named = getattr(options, "ids", getattr(options, "arguments", None))
    if named is not None:  # argparse takes no further ones once an option stood between
        named += [text for text in rest if not text.startswith("-")]
        rest = [text for text in rest if text.startswith("-")]
    if rest:
        is_chat = options.command == "chat"
        options.parser.refuse_rest(rest, stray_words(options.prompt or "", rest, chosen.commands) if is_chat else "")
    return options


def _with_command(given: list[str], parser: Parser) -> list[str]:
    """The arguments with a command in them: options of no command are those of the chat."""
    place = 0
    while place < len(given) and given[place].partition("=")[0] in ("--config", "--set"):
        place += 1 if "=" in given[place] else 2
    rest = given[place:]
    if not rest or (rest[0].startswith("-") and rest[0] not in ("-h", "--help", "--version")):
        return [*given[:place], "chat", *rest]
    if not rest[0].startswith("-") and rest[0] not in parser.commands:
        parser.refuse_command(rest)
    return given


def parser(*, in_chat: bool = False) -> Parser:
    """The parser for the whole command line."""
    parser = Parser(
        prog="overseer", description="Plans a task as a graph of steps and runs it in parallel.", epilog=EXIT_CODES
    )
    parser.add_argument("--version", action="version", version=f"overseer {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")

    _add_chat(commands.add_parser("chat", help="talk at the terminal; what is done where no command is named"))
    _add_plan_commands(commands)
    _add_run_commands(commands, in_chat=in_chat)
    _add_views(commands, in_chat=in_chat)
    _add_tool_commands(commands)
    _add_node(commands.add_parser("node", help="run one program as generated code is run: in the sandbox"))
    _add_nodes(commands.add_parser("nodes", help="list, show or delete the programs that were kept for steps"))
    _add_demo(commands.add_parser("demo", help="show a request from plan to answer, with a scripted model"))
    doctor = commands.add_parser("doctor", help="say what holds on this machine, and what would help where it does not")
    doctor.add_argument("part", nargs="?", metavar="PART", help="one part, with all that is known of it")
    doctor.add_argument("--full", action="store_true", help="all that is known of every part")
    _add_model(doctor)
    _add_json(doctor)
    _add_config(commands.add_parser("config", help="say which settings are in force, and where each comes from"))
    _add_settings(parser, commands.choices.values())
    parser.commands = commands.choices
    for name, command in commands.choices.items():
        command.prog = f"/{name}" if in_chat else command.prog
        command.set_defaults(parser=command)
    return parser


def _add_chat(chat: argparse.ArgumentParser) -> None:
    chat.epilog = EXIT_CODES
    alone = chat.add_argument_group("one request, without a chat")
    alone.add_argument("-p", "--prompt", metavar="TASK", help="what is to be done; nobody is asked anything")
    alone.add_argument("--no-stdin", action="store_true", help="leave standard input alone")
    form = alone.add_mutually_exclusive_group()
    _add_json(form)
    form.add_argument("--jsonl", action="store_true", help="print the events as they happen, and a document at the end")
    _add_model(chat)
    before = chat.add_mutually_exclusive_group()
    before.add_argument(
        "-c", "--continue", dest="goes_on", action="store_true", help="go on with the last conversation of this folder"
    )
    before.add_argument("--session", metavar="ID", help="go on with this one; the beginning of its id is enough")
    chat.add_argument("--rules", action="store_true", help="plan by rules alone, even where a model is connected")
    chat.add_argument("--demo", nargs="?", const="", metavar="NAME", help="begin with a demo: its model is scripted")
    _add_approval(chat)
    _add_budget(chat)
    _add_tools(chat)
    _add_looks(chat)


def _add_plan_commands(commands: _Commands) -> None:
    plan = commands.add_parser("plan", help="make a plan for a task in plain words, and carry out nothing of it")
    plan.epilog = EXIT_CODES
    plan.add_argument("task", nargs="+", metavar="TASK", help="what is to be done")
    plan.add_argument("--rules", action="store_true", help="plan by rules alone, even where a model is connected")
    plan.add_argument("--save", type=Path, metavar="FILE", help="write the plan to a new file, as YAML")
    _add_tools(plan)
    _add_json(plan)

    check = commands.add_parser("check", help="say everything that is wrong with a plan file, or how it would run")
    check.add_argument("file", type=plan_file, metavar="FILE", help="a plan; '-': from standard input")
    _add_narrative(check)
    _add_tools(check)
    _add_json(check)

    run = commands.add_parser("run", help="carry out a plan file", epilog=EXIT_CODES)
    run.add_argument("file", type=plan_file, metavar="FILE", help="a plan; '-': from standard input")
    _add_narrative(run)
    _add_carrying_out(run)

    pipe = commands.add_parser("pipe", help="carry out tools joined by '|'", epilog=EXIT_CODES)
    pipe.add_argument("pipe", metavar="PIPE", help="such as 'read_file notes.txt | text_case upper'")
    pipe.set_defaults(narrative="")
    _add_carrying_out(pipe)


def _add_carrying_out(run: argparse.ArgumentParser) -> None:
    run.add_argument(
        "--input", action="append", default=[], metavar="NAME=VALUE", help="an input of the plan (repeatable)"
    )
    run.add_argument("--no-journal", action="store_true", help="leave no trace; the run cannot be resumed")
    _add_tools(run)
    _add_running(run)


def _add_narrative(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--narrative", default="", metavar="NAME", help="which one, of a file with several")


def _add_run_commands(commands: _Commands, *, in_chat: bool) -> None:
    runs = commands.add_parser(
        "runs", help="list the runs in the journal, dismiss interrupted ones, or remove old ones"
    )
    runs.add_argument("action", nargs="?", default="list", choices=("list", "dismiss"), help="list if left out")
    runs.add_argument("ids", nargs="*", metavar="RUN", help="with dismiss: which to tell of no more, or 'all'")
    runs.add_argument("--limit", type=positive, default=50, metavar="N", help="how many (default: 50)")
    runs.add_argument("--prune", type=age, metavar="AGE", help="remove the runs that ended longer ago, such as 30d")
    runs.add_argument("--all", action="store_true", help="with --prune: also runs that were cut off that long ago")
    _add_json(runs)

    sessions = commands.add_parser("sessions", help="list the conversations of the chat, the one used last first")
    sessions.add_argument("--limit", type=positive, default=20, metavar="N", help="how many (default: 20)")
    _add_json(sessions)

    show = commands.add_parser("show", help="say what became of every step of a run")
    _add_run(show, in_chat=in_chat)
    _add_json(show)

    resume = commands.add_parser("resume", help="go on with a run where it was", epilog=EXIT_CODES)
    resume.add_argument("run", metavar="RUN", help="its id, or the beginning of it")
    for flag, what in (("--repeat", "call again"), ("--give-up", "count as failed")):
        resume.add_argument(
            flag,
            action="append",
            default=[],
            metavar="STEP",
            help=f"a step that was cut off: {what} ('all': every one)",
        )
    resume.add_argument(
        "--plan", type=Path, metavar="FILE", help="go on with this plan; what is finished has to be the same in it"
    )
    _add_tools(resume)
    _add_running(resume)

    for name, what in (("undo", "put back what the tools of a run changed"), ("redo", "take an undo back")):
        undo = commands.add_parser(name, help=f"{what}, after showing it", epilog=EXIT_CODES)
        undo.add_argument("run", nargs="?", metavar="RUN", help="its id, or the beginning of it; else the latest here")
        undo.add_argument("--preview", action="store_true", help="only show what would happen")
        undo.add_argument("--force", action="store_true", help="also files that somebody else has changed since")
        undo.add_argument("--yes", action="store_true", help="do it without asking")
        _add_json(undo)


def _add_views(commands: _Commands, *, in_chat: bool) -> None:
    graph = commands.add_parser("graph", help="draw a plan, or what became of it in a run")
    graph.add_argument("file", nargs="?", metavar="FILE", help="a plan, or the id of a run; '-': from standard input")
    graph.add_argument("--run", metavar="RUN", help="the plan of this run, and what became of its steps")
    graph.add_argument("--format", choices=("text", "mermaid", "svg"), help="text if left out, or as the file is named")
    _add_width(graph)
    graph.add_argument("--output", type=Path, metavar="FILE", help="write the drawing to a file")
    _add_tools(graph)

    timeline = commands.add_parser("timeline", help="show when the steps of a run waited and worked")
    _add_run(timeline, in_chat=in_chat)
    timeline.add_argument("--all", action="store_true", help="a row for every round, however many there are")
    _add_width(timeline)
    timeline.add_argument("--html", type=Path, metavar="FILE", help="write a page with all of it, to be read anywhere")
    _add_json(timeline)


def _add_run(parser: argparse.ArgumentParser, *, in_chat: bool) -> None:
    if in_chat:
        parser.add_argument("run", nargs="?", metavar="RUN", help="its id, or the beginning of it; else the last one")
    else:
        parser.add_argument("run", metavar="RUN", help="its id, or the beginning of it")


def _add_width(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--width", type=positive, metavar="N", help="columns; those of the terminal if left out")
    parser.add_argument("--ascii", action="store_true", help="with no other characters than ASCII has")


def _add_tool_commands(commands: _Commands) -> None:
    tools = commands.add_parser("tools", help="list the tools, or show one")
    tools.add_argument("name", nargs="?", metavar="NAME")
    choice = tools.add_mutually_exclusive_group()
    choice.add_argument("--search", metavar="WORDS", help="only the tools that fit, the best first")
    choice.add_argument("--trust", action="store_true", help="from here on, read the tools of the project here")
    choice.add_argument("--distrust", action="store_true", help="read them no longer")
    choice.add_argument("--fetch", action="store_true", help="fetch the documents that tool files name by URL")
    _add_tools(tools)
    _add_json(tools)

    call = commands.add_parser("call", help="call one tool", epilog=EXIT_CODES)
    call.add_argument("name", metavar="TOOL")
    call.add_argument("arguments", nargs="*", metavar="NAME=VALUE", help="its arguments")
    _add_approval(call)
    _add_tools(call)
    _add_json(call)

    serve = commands.add_parser("serve", help="let programs of yours call tools (node_runtime), until Ctrl-C")
    serve.add_argument("--socket", type=Path, metavar="PATH", help="where to listen")
    _add_approval(serve)
    _add_tools(serve)
    _add_json(serve)


def _add_node(node: argparse.ArgumentParser) -> None:
    node.epilog = EXIT_CODES
    node.add_argument(
        "file", type=Path, metavar="FILE", help="Python: a main(input), or a program that reads and prints JSON"
    )
    node.add_argument("--input", default="{}", metavar="JSON", help="what it is given; '-': from standard input")
    level = node.add_mutually_exclusive_group()
    level.add_argument("--level", choices=("full", "hardened"), help="this one and no other; the best one if left out")
    level.add_argument("--unsafe-no-sandbox", action="store_true", help="run it with everything that you may do")
    node.add_argument("--grant", action="append", default=[], metavar="TOOL", help="a tool it may call (repeatable)")
    node.add_argument("--timeout", type=seconds, metavar="S", help="seconds that it may take")
    _add_tools(node)
    _add_json(node)


def _add_config(config: argparse.ArgumentParser) -> None:
    config.epilog = "show: the values; path: the files; trust, distrust: read the settings of the project here, or not"
    actions = ("show", "path", "trust", "distrust")
    config.add_argument("action", nargs="?", choices=actions, default="show", help="(default: show)")
    config.add_argument("key", nargs="?", metavar="KEY", help="with show: only this setting or section")
    config.add_argument("--origin", action="store_true", help="with show: also where each value comes from")
    _add_json(config)


def _add_settings(parser: argparse.ArgumentParser, commands: Iterable[argparse.ArgumentParser]) -> None:
    """What every command takes, before its name and behind it."""
    parser.set_defaults(set=[], config_file=None)
    for one in (parser, *commands):
        group = one.add_argument_group("settings")
        group.add_argument(
            "--config",
            dest="config_file",
            type=Path,
            default=argparse.SUPPRESS,
            metavar="FILE",
            help="settings to read in place of your config.yaml",
        )
        group.add_argument(
            "--set",
            dest="set" if one is parser else "set_after",
            action="append",
            default=argparse.SUPPRESS,
            metavar="KEY=VALUE",
            help="a setting, such as execution.max_parallel=4 (repeatable)",
        )


def _add_looks(parser: argparse.ArgumentParser) -> None:
    looks = parser.add_argument_group("how it looks at a terminal")
    looks.add_argument("--plain", action="store_true", help="lines that follow each other; nothing is drawn anew")
    colour = looks.add_mutually_exclusive_group()
    colour.add_argument(
        "--no-color", dest="color", action="store_false", default=None, help="no colours, as with NO_COLOR=1"
    )
    colour.add_argument("--color", action="store_true", default=None, help="colours, wherever it is written to")


def _add_nodes(nodes: argparse.ArgumentParser) -> None:
    nodes.add_argument("action", nargs="?", default="list", choices=("list", "show", "delete"), help="list if left out")
    nodes.add_argument("ids", nargs="*", metavar="ID", help="the id of a program, or the beginning of it")
    nodes.add_argument("--all", action="store_true", help="with delete: every program that was kept")
    _add_json(nodes)


def _add_demo(demo: argparse.ArgumentParser) -> None:
    demo.epilog = EXIT_CODES
    demo.add_argument("name", nargs="?", default="", metavar="NAME", help="which one; the first if left out")
    demo.add_argument("--list", action="store_true", help="say which demos there are")
    demo.add_argument("--yes", action="store_true", help="carry out the plan without asking")
    _add_tools(demo)
    _add_json(demo)
    _add_looks(demo)
    demo.set_defaults(jsonl=False)


def _add_running(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--max-parallel", type=positive, metavar="N", help="steps that may work at the same time")
    _add_approval(parser)
    _add_budget(parser)
    form = parser.add_mutually_exclusive_group()
    _add_json(form)
    form.add_argument("--jsonl", action="store_true", help="print the events as they happen, one JSON object a line")
    _add_looks(parser)


def _add_model(command: argparse.ArgumentParser) -> None:
    command.add_argument("--model", metavar="NAME", help="the model to use for everything, such as ollama/qwen3")
    command.add_argument("--base-url", metavar="URL", help="an OpenAI-compatible server to use; alone: its first model")


def _add_approval(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--approve",
        type=classes,
        default=frozenset(),
        metavar="CLASSES",
        help="what tools may do without asking: network, write, exec, or all",
    )


def _add_budget(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--budget",
        type=cap,
        default=None,
        metavar="AMOUNTS",
        help="what it may spend, such as requests=20,tokens=50k,cost=0.50,time=10m",
    )


def _add_tools(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--tools", action="append", default=[], type=Path, metavar="DIR", help="a folder of further tools (repeatable)"
    )


def _add_json(parser: argparse._ActionsContainer) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON document and nothing else")
