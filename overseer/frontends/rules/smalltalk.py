"""What needs no plan: greetings, thanks, questions about the program. Nothing here pretends to be a model."""

from __future__ import annotations

import re
from collections.abc import Mapping

from overseer.frontends.rules.standing import ANYWHERE, Standing, to_be_tried
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
_LEAVING = re.compile(
    r"(?:please )?(?:(?:exit|quit|leave|close|stop|end)"
    r"(?: (?:please|now|overseer|(?:the|this) (?:chat|program|session)))?"
    r"|:?q!?|:wq!?|logout|log ?out|how (?:do|can) (?:i|you|we) (?:leave|quit|exit|stop|get out)"
    r"(?: (?:of )?(?:overseer|this|here|it|(?:the|this) (?:chat|program|session)))?)",
    re.IGNORECASE,
)
_TOOLS = re.compile(
    r"(?:please )?(?:(?:list|show)(?: me)?(?: all)?(?: of)?(?: the| your)?(?: available)? tools|tools)", re.IGNORECASE
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


def answer_to(request: str, tools: Mapping[str, Tool], standing: Standing = ANYWHERE) -> str | None:
    """The answer to small talk; None where something is asked for."""
    said = re.sub(r"[\s,.!?…]+$", "", re.sub(r"\s+", " ", request.strip()))
    if re.fullmatch(rf"(?:{_GREETING.pattern})[,!. ]+(?:{_ABOUT.pattern})", said, re.IGNORECASE) or _ABOUT.fullmatch(
        said
    ):
        return f"{_about(tools, standing)}"
    if _GREETING.fullmatch(said):
        return f"Hello. {_about(tools, standing)}"
    if re.fullmatch(rf"(?:{_ABOUT.pattern})[,!.?]* and (?:{_ABOUT.pattern})", said, re.IGNORECASE):
        return f"{_about(tools, standing)}"
    if _ASSENT.fullmatch(said):
        return "All right. Nothing was to be done; say what is next."
    if _THANKS.fullmatch(said):
        return "You are welcome."
    if _TOOLS.fullmatch(said):
        return f"{standing.tools} lists the {len(tools)} tools that there are, and {standing.tools} NAME shows one."
    if standing.to_leave and _LEAVING.fullmatch(said):
        return standing.to_leave
    return f"Goodbye. {standing.to_leave}".rstrip() if _BYE.fullmatch(said) else None


def _about(tools: Mapping[str, Tool], standing: Standing) -> str:
    shown = f"{standing.demo} shows what there is with a model, of which the replies are prepared."
    return f"{_NO_MODEL} {standing.to_connect.how} {shown} {_abilities(tools, standing)}"


def _abilities(tools: Mapping[str, Tool], standing: Standing) -> str:
    usable = {name: tool for name, tool in tools.items() if "model" not in tool.effects}
    if not usable:
        return "There is no tool that works without a model."
    some = to_be_tried(usable, standing.root)
    text = f"I can plan and run plain requests with {len(usable)} tools"
    return f"{text}, such as: {'; '.join(some)}" if some else f"{text}."
