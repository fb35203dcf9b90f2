"""A chat within the process of the test: lines are handled as if somebody had typed them, and what is said is read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from overseer.chat.chat import Chat
from overseer.chat.commands import all_commands
from overseer.chat.ending import Ending
from overseer.chat.models import IN_CHAT
from overseer.commands.arguments import parsed
from overseer.commands.chat import carried_out_here, person_at
from overseer.commands.conversations import talk_for
from overseer.commands.reading import read_tools
from overseer.commands.viewing import screen_for
from overseer.journal.journal import opened
from overseer.settings.config import load_settings
from overseer.settings.given import Flags
from overseer.workbench import Workbench

_OURS = (
    "OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_MODEL", "OVERSEER_MODEL", "OVERSEER_BASE_URL", "VISUAL", "NO_COLOR",
    "FORCE_COLOR",
)  # fmt: skip


class Typing:
    """Answers what is asked with these lines, in their order, and then with nothing."""

    def __init__(self) -> None:
        self.answers: list[str] = []
        self.questions: list[str] = []

    def request(self, prompt: str) -> str:
        raise EOFError

    def answer(self, prompt: str, *, default: str = "") -> str:
        self.questions.append(prompt)
        return self.answers.pop(0) if self.answers else default

    def discard_typed(self) -> bool:
        return False

    def give_up(self, error: BaseException) -> bool:
        return False

    def complete_with(self, completer: Any) -> None:
        pass

    def close(self) -> None:
        pass


class Typed:
    """Somebody who types at a chat."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str], opened_on: ExitStack) -> None:
        options = parsed(["chat", "--plain"])
        settings = load_settings(Flags(None, ()))
        self.folder = folder
        self.home = folder / "home"
        self.reader = Typing()
        self._capsys = capsys
        bench = Workbench.open(settings, folder, (), read_tools, tells_model=False)
        ending = Ending()
        journal = opened_on.enter_context(opened(wanted=True))
        person = person_at(bench, self.reader, screen_for(options), journal, heard=ending.heard)
        self.chat = Chat(
            talk_for(options, bench, journal, person, standing=IN_CHAT),
            bench,
            self.reader,
            all_commands(),
            journal=journal,
            command_line=lambda words, last_run: carried_out_here(words, last_run, options, bench),
            ending=ending,
        )

    def say(self, line: str, *answers: str) -> str:
        """What is said in return, all of it."""
        self.reader.answers = list(answers)
        self._capsys.readouterr()
        self.chat.handle(line)
        said = self._capsys.readouterr()
        assert "Traceback" not in said.err
        assert "unexpected error" not in said.err
        return said.err + said.out


@pytest.fixture
def typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], ollama_host: str
) -> Iterator[Typed]:
    for name in _OURS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OVERSEER_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("OLLAMA_HOST", ollama_host)
    monkeypatch.setenv("EDITOR", "false")
    (tmp_path / "home").mkdir(mode=0o700)
    monkeypatch.chdir(tmp_path)
    with ExitStack() as opened_on:
        yield Typed(tmp_path, capsys, opened_on)
