"""What needs no plan: greetings, thanks, questions about the program. Nothing here pretends to be a model."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from overseer.frontends.rules.connecting import HOW_TO_CONNECT, Connecting
from overseer.tool import Tool

_GREETING = re.compile(
    r"(?:hi|hello|hey|hiya|howdy|greetings|good (?:morning|afternoon|evening|day))"
    r"(?: (?:there|all|everyone|overseer|you))?",
    re.IGNORECASE,
)
_THANKS = re.compile(
    r"(?:ok(?:ay)?,? |great,? )?(?:thanks?(?: you)?|thx|cheers|many thanks)"
    r"(?: (?:a lot|so much|very much|again|for .{1,60}))?",
    re.IGNORECASE,
)
_ASSENT = re.compile(
    r"(?:ok(?:ay)?|yes|yeah|yep|no|nope|cool|nice|great|good|perfect|fine|all right|alright|sure|sorry|never ?mind|lol"
    r"|wow|good job|well done|i see|got it)",
    re.IGNORECASE,
)
_BYE = re.compile(r"(?:bye|goodbye|good ?bye|see you(?: later| soon)?|farewell|good night)", re.IGNORECASE)
_ABOUT = re.compile(
    r"(?:so |and |please )?(?:what (?:can|do) you do(?: for me)?|what are you(?: able to do)?|who are you|help(?: me)?"
    r"|how do (?:you|i use (?:you|this)) work|how does this work|what is this|what are your (?:tools|skills|abilities)"
    r"|(?:which|what) tools (?:do you have|are there|can you use)|how are you(?: doing)?(?: today)?|are you (?:an? )?"
    r"(?:ai|bot|human|model|robot|there|chatgpt|gpt|claude|overseer|real)|tell me about yourself|introduce yourself"
    r"|what(?:'s| is) your name|what(?:'s| is) up|who (?:made|built|wrote) you|what (?:else )?can i (?:do|ask|say|type)"
    r"(?: here)?|(?:show|give) me (?:some )?examples|how (?:do|can) i (?:start|begin)|help please|test|testing"
    r"|(?:how (?:do|can) i|can i) (?:connect|use|add|set up) (?:a|an|the) (?:language )?(?:model|llm|key|api key))",
    re.IGNORECASE,
)
_NO_MODEL = "No model is connected, so I go by rules alone."
_FEW = 8


def answer_to(request: str, tools: Mapping[str, Tool], to_connect: Connecting = HOW_TO_CONNECT) -> str | None:
    """The answer to small talk; None where something is asked for. `to_connect` tells how to connect a model."""
    said = re.sub(r"[\s,.!?…]+$", "", re.sub(r"\s+", " ", request.strip()))
    if re.fullmatch(rf"(?:{_GREETING.pattern})[,!. ]+(?:{_ABOUT.pattern})", said, re.IGNORECASE) or _ABOUT.fullmatch(
        said
    ):
        return f"{_NO_MODEL} {to_connect.how} {_abilities(tools)}"
    if _GREETING.fullmatch(said):
        return f"Hello. {_NO_MODEL} {to_connect.how} {_abilities(tools)}"
    if re.fullmatch(rf"(?:{_ABOUT.pattern})[,!.?]* and (?:{_ABOUT.pattern})", said, re.IGNORECASE):
        return f"{_NO_MODEL} {to_connect.how} {_abilities(tools)}"
    if _ASSENT.fullmatch(said):
        return "All right. Nothing was to be done; say what is next."
    if _THANKS.fullmatch(said):
        return "You are welcome."
    return "Goodbye." if _BYE.fullmatch(said) else None


def _told_whole(example: Mapping[str, Any]) -> str:
    """The request of an example that can be typed as it stands, for it tells all that is given to the tool."""
    request, args = str(example.get("request", "")), example.get("args")
    values = args.values() if isinstance(args, Mapping) else ()
    return request if all(str(value).casefold() in request.casefold() for value in values) else ""


def _abilities(tools: Mapping[str, Tool]) -> str:
    usable = [tool for tool in tools.values() if "model" not in tool.effects]
    if not usable:
        return "There is no tool that works without a model."
    asked = [request for tool in usable if (request := next(filter(None, map(_told_whole, tool.examples)), ""))]
    some = [asked[at * len(asked) // _FEW] for at in range(_FEW)] if len(asked) >= _FEW else asked
    text = f"I can plan and run plain requests with {len(usable)} tools"
    return f"{text}, such as: {'; '.join(some)}." if some else f"{text}."
