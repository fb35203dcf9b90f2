"""While a model is asked: that it is can be seen, and what is typed meanwhile spoils nothing."""

from __future__ import annotations

import re
from pathlib import Path

from tests.acceptance.chats import answers, at_prompt, chat, is_prompt, plans
from tests.acceptance.pane import needs_tmux
from tests.servers.model_server import Answer, ModelServer

pytestmark = needs_tmux


def is_told(lines: list[str]) -> bool:
    return any(re.fullmatch(r"waiting for the model, \d+ s; Ctrl-C stops it", line) for line in lines)


def test_it_is_told_that_a_reply_is_waited_for_and_then_no_more(tmp_path: Path) -> None:
    with ModelServer([Answer(answers("Here it is."), delay_s=1.0)]) as server, chat(tmp_path, server=server) as pane:
        at_prompt(pane)
        pane.enter("tell me something")
        pane.wait_for(is_told)
        pane.wait_for_text("Here it is.")
        assert not is_told(pane.wait_for(is_prompt))


def test_what_is_typed_while_an_answer_comes_does_not_spoil_it(tmp_path: Path) -> None:
    words = "alpha beta gamma delta epsilon omega"
    step = {"step_id": "a", "tool": "text_case", "args": {"text": "x", "case": "upper"}}
    answer = Answer(words, pace_s=0.3, most_pieces=6)
    with ModelServer([plans(step), answer]) as server, chat(tmp_path, server=server) as pane:
        at_prompt(pane)
        pane.enter("count")
        pane.wait_for_text("alpha")
        pane.type("zzz")
        lines = pane.wait_for(lambda lines: "> zzz" in lines)
        assert words in lines
        raw = pane.raw()
        assert b"zzz" not in raw[raw.index(b"alpha") : raw.rindex(b"omega")]
