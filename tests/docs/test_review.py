"""The page about the review: the words that it lists are those there are, and its plan looks as it is shown."""

from __future__ import annotations

import re

from overseer.broker.needs import needs
from overseer.broker.permissions import CAREFUL
from overseer.chat.choices import ASKED, Choice, read_choice
from overseer.chat.planview import plan_screen, usual_detail
from overseer.plan import completed, plan_from
from overseer.registry import ToolFolder, load_tools, our_tools
from overseer.review import Outlook, Proposal
from overseer.settings.chat import REVIEWS
from overseer.terminal.style import text_of
from overseer.timing.forecast import Seen, forecast
from tests.chat.people import plan, step
from tests.pages import blocks, page

PAGE = page("review.md")


def test_the_words_are_those_there_are() -> None:
    listed = re.findall(r"^\| `(.+?)` \|", PAGE, re.MULTILINE)
    choices = [read_choice(typed) for typed in listed]
    assert all(isinstance(choice, Choice) for choice in choices)
    assert [f"[{typed[0]}]{typed.split()[0][1:]}" for typed in listed] == [
        word.removesuffix("…") for word in ASKED.removesuffix(" > ").split()
    ]
    assert [read_choice(typed[0] + typed[len(typed.split()[0]) :]) for typed in listed] == choices


def test_every_policy_is_told() -> None:
    assert [word for word in re.findall(r"^- `(\w+)`: ", PAGE, re.MULTILINE) if word in REVIEWS] == list(REVIEWS)


def test_the_number_of_steps_from_which_a_plan_is_folded() -> None:
    most = int(re.findall(r"more than (\d+) steps", PAGE)[0])
    details = [usual_detail(plan(*(step(f"s{at}") for at in range(count)))) for count in (most, most + 1)]
    assert details == ["usual", "titles"]


def test_the_plan_that_is_shown_looks_like_that() -> None:
    (block,) = blocks(PAGE, "text")
    shown = block.text.splitlines()
    tools = load_tools([ToolFolder(our_tools(), "built-in")]).tools
    steps = [
        {
            "step_id": "joke",
            "description": "Write a joke",
            "tool": "content_generator",
            "args": {"prompt": "A joke about cats"},
        },
        {
            "step_id": "fr",
            "description": "Translate to French",
            "tool": "nmt_translator",
            "args": {"text": "{{joke}}", "target_lang": "fr"},
        },
        {
            "step_id": "keep",
            "description": "Keep it",
            "tool": "write_file",
            "args": {"path": "joke.txt", "text": "{{fr}}"},
        },
    ]
    made, _ = completed(plan_from({"steps": steps}).plan)
    history = {
        "content_generator": Seen(4, 2.5, tokens=250, cost=None),
        "nmt_translator": Seen(4, 3.0, tokens=200, cost=None),
        "write_file": Seen(4, 0.1),
    }
    proposal = Proposal(
        made,
        "model",
        needs=tuple(needs(made, tools, CAREFUL)),
        maker="qwen3 (ollama)",
        asked_because="your permissions ask for a part of it",
        outlook=Outlook(forecast(made, history, tools=tools)),
    )
    assert [text_of(line) for line in plan_screen(proposal, tools)] == shown
