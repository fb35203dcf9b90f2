"""A request split into the parts that each ask for something, in the order in which they are to be done.

Sentences, semicolons and words such as `then` always end a part. A comma or an `and` does so only where
what follows begins anew with a verb or a question, so that lists of things stay together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from overseer.frontends.rules.tokens import Token
from overseer.frontends.rules.verbs import is_asking, is_doing, is_verb
from overseer.frontends.rules.words import stems, wordset


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a request. `follows` says that its beginning tells the order, as `then` does."""

    tokens: tuple[Token, ...]
    text: str
    follows: bool = False
    is_first: bool = False  # it says itself that it comes before what was named so far
    is_last: bool = False  # it says itself that it comes after what is named next
    opens_list: bool = False  # it is the first of steps that are told one by one
    gives: bool = False  # it says what there is to work with
    asks: bool = True  # whether it asks for something, instead of telling what is the case

    @property
    def stems(self) -> list[str]:
        """What its words come from; what stands in quotation marks is not among them."""
        return stems(" ".join(token.text for token in self.said if token.kind == "word"))

    @property
    def said(self) -> tuple[Token, ...]:
        """Its tokens without what only says when or on what condition."""
        if self.tokens[0].low not in _CONDITIONS:
            return self.tokens
        commas = [at for at, token in enumerate(self.tokens) if token.low == ","]
        return self.tokens[commas[0] + 1 :] if commas and commas[0] + 2 < len(self.tokens) else self.tokens


def parts_of(text: str, tokens: Sequence[Token]) -> tuple[Part, ...]:
    """The parts of a text in the order of doing."""
    found: list[Part] = []
    for run in _runs(text, tokens):
        part = _part(text, run)
        if part is None:
            continue
        part = _counting_on(part, found[-1]) if found else part
        is_late = bool(found) and found[-1].is_last
        found.insert(len(found) - 1 if found and (part.is_first or is_late) else len(found), part)
        if is_late:
            found[-1] = replace(found[-1], is_last=False)
    return tuple(found)


def _counting_on(part: Part, before: Part) -> Part:
    """Count the words in a.txt, then the lines of b.txt: what comes without a verb is counted as well."""
    verb = verb_of(before.tokens)
    if not part.follows or part.tokens[0].low != "the" or verb is None or verb.low != "count" or _has_verb(part.tokens):
        return part
    return replace(part, tokens=(verb, *part.tokens), text=f"{verb.text} {part.text}")


_STATED = frozenset({"i", "we", "my", "our", "there", "here"})
_STATING = wordset("is are was were am be been has have had does did do will")
_CONDITIONS = wordset("""once when after if since given based utilizing using because as while with""")
_ENDS = frozenset(".!?;")
_JOINS = frozenset({",", "and", "or", "but", "&", "plus", "while", "–", "—"})
_ORDER = wordset(
    """then next finally lastly afterwards afterward subsequently thereafter later secondly thirdly first firstly
    additionally also furthermore moreover meanwhile however now"""
)
_THEN = wordset("""then next finally lastly afterwards afterward subsequently thereafter later after""")
_TITLES = frozenset({"mr", "mrs", "ms", "dr", "prof", "st", "vs", "no", "jr", "sr", "inc", "approx"})
_ASKING = frozenset({"what", "which", "who", "whom", "whose", "when", "where", "why", "how"})
_FILLERS = _ORDER | wordset(
    """please kindly i i'd i'll i'm we we'd you want wanted need needs would like love to can could will should
    shall may me us help assist let's lets let just go ahead and it now also proceed try start begin by with in
    be able interested looking prefer plan intend hope going consider perhaps so pursue him her them for don't
    forget"""
)
_TELLING = frozenset({"i", "we", "my", "our", "there", "the", "this", "here"})
_OBLIGING = frozenset({"should", "must", "shall"})
_DETERMINERS = wordset(
    """a an the this that these those it its them their his her my our your all each both some any every one two
    three four five six seven eight nine ten him me us everything what how whether which another of on in to out
    up into for from down new"""
)


def _runs(text: str, tokens: Sequence[Token]) -> list[list[Token]]:
    runs: list[list[Token]] = [[]]
    at = 0
    while at < len(tokens):
        skipped = _boundary(text, tokens, at, runs[-1])
        if skipped is None:
            runs[-1].append(tokens[at])
            at += 1
            continue
        if runs[-1]:
            runs.append([])
        at += skipped
        if not skipped:
            runs[-1].append(tokens[at])
            at += 1
    found = [run for run in runs if run]
    return [run for run in found if len(found) == 1 or len(run) > 1 or run[0].kind != "number"]  # without `1.`


def _boundary(text: str, tokens: Sequence[Token], at: int, run: Sequence[Token]) -> int | None:
    """How many tokens to drop where a new part begins here; None where none does."""
    token = tokens[at]
    if run and "\n" in text[tokens[at - 1].end : token.start] and (_starts(tokens, at) or _is_bullet(text, tokens, at)):
        return 0
    if token.low in _ENDS and token.kind == "mark":
        is_end = at + 1 == len(tokens) or tokens[at + 1].start > token.end or token.low == ";"
        return 1 if is_end and not (at and tokens[at - 1].low in _TITLES and token.low == ".") else None
    if not run:
        return None
    if token.low == "followed" and _low(tokens, at + 1) == "by":
        return 2
    if token.low in ("before", "after", "once") and at + 1 < len(tokens) and is_doing(tokens[at + 1].low):
        return 0 if _has_verb(run) else None
    if token.low in _JOINS:
        return _after_join(tokens, at, run)
    if token.low in ("then", "afterwards", "afterward", "subsequently", "finally", "lastly") and _starts(
        tokens, at + 1
    ):
        return 0
    return None


def _after_join(tokens: Sequence[Token], at: int, run: Sequence[Token]) -> int | None:
    """Whether a part begins behind a comma or an `and`."""
    after = at + 1
    while after < len(tokens) and tokens[after].low in _JOINS:
        after += 1
    if after == len(tokens):
        return None
    low = tokens[after].low
    if low in ("then", "afterwards", "subsequently", "thereafter") or (
        low == "after" and _low(tokens, after + 1) in ("that", "this")
    ):
        return after - at
    if _is_told_sum(tokens[after]):
        return after - at
    if is_verb(low) and _low(tokens, after + 1) in ("it", "them"):
        return after - at  # the rows of a.csv, and save them
    if not (_has_verb(run) or run[0].low in _ASKING or run[0].low in _TELLING or _is_told_sum(run[-1])):
        return None
    if low in _ASKING:
        if _is_supposed(run):
            return None  # when it is 3 pm in London, what time is it in Tokyo
        is_relative = after == at + 1 and tokens[at].low == "," and low not in ("what", "how")
        return None if is_relative or _low(tokens, after + 1) in ("to", "i") else after - at
    return after - at if _starts(tokens, after) or _is_obligation(tokens, after, run) else None


def _is_supposed(run: Sequence[Token]) -> bool:
    """Whether a run is no question, but what the question behind it starts from."""
    lows = [token.low for token in run]
    return lows[:1] in (["when"], ["if"]) and (lows[1:2] in (["it's"], ["it’s"]) or lows[1:3] == ["it", "is"])


def _is_told_sum(token: Token) -> bool:
    """Whether a token is a sum that is asked for with a verb of its own: multiply the result by 4."""
    return token.kind == "expression" and is_verb(token.text.partition(" ")[0].casefold())


def _is_obligation(tokens: Sequence[Token], at: int, run: Sequence[Token]) -> bool:
    """Whether one thing that should be done follows another: x should be tried and y should be checked."""
    if not _OBLIGING & {token.low for token in run[:_BEGINNING]}:
        return False
    for token in tokens[at : at + 10]:
        if token.low in _ENDS or token.low in _JOINS:
            return False
        if token.low in _OBLIGING:
            return True
    return False


def _starts(tokens: Sequence[Token], at: int) -> bool:
    """Whether a new request begins at a token: a verb of doing, perhaps behind some polite words."""
    start = at
    while at < len(tokens) and (tokens[at].low in _FILLERS or (at > start and tokens[at].low == ",")):
        at += 3 if [token.low for token in tokens[at : at + 3]] == ["in", "the", "meantime"] else 1
    if at >= len(tokens):
        return False
    low, following = tokens[at].low, tokens[at + 1] if at + 1 < len(tokens) else None
    if at > start and low in _ASKING:
        return True
    if at > start + 1 and tokens[at - 1].low == "to" and tokens[at].kind == "word":
        return True
    if at > start and tokens[at - 1].low in ("to", "please", "you", "me", "then", "finally", "lastly") and is_verb(low):
        return True
    is_free = following is not None and (
        following.low in _DETERMINERS or following.is_value or following.text[:1].isupper()
    )
    if is_doing(low):
        return is_free or (following is not None and following.kind == "word")
    if not is_verb(low):
        return False
    if following is None or following.kind == "mark":
        return is_verb(low, or_thing=False)
    return is_free or (following is not None and following.kind == "word" and is_verb(low, or_thing=False))


def _is_bullet(text: str, tokens: Sequence[Token], at: int) -> bool:
    return tokens[at].low in ("-", "*", "•") or (
        tokens[at].kind == "number" and at + 1 < len(tokens) and tokens[at + 1].low in (".", ")")
    )


def _low(tokens: Sequence[Token], at: int) -> str:
    return tokens[at].low if at < len(tokens) else ""


def _has_verb(run: Sequence[Token]) -> bool:
    return any(is_verb(token.low) or is_doing(token.low) for token in run[:_BEGINNING])


_BEGINNING = 60  # tokens of a run in which its verb is looked for


def _part(text: str, run: Sequence[Token]) -> Part | None:
    """What a run of tokens says, without the words that only tell the order; None if that is nothing."""
    follows, skipped = _opening([token.low for token in run])
    tokens = tuple(run[skipped:])
    while tokens and tokens[-1].low in (",", ":", "and", "but"):
        tokens = tokens[:-1]
    if not any(token.kind != "mark" for token in tokens):
        return None
    begins = tokens[0].low if len(tokens) > 1 and is_doing(tokens[1].low) else ""
    return Part(
        tokens,
        text[tokens[0].start : tokens[-1].end],
        follows,
        is_first=tokens[-1].low == "first"
        or (begins in ("after", "once") and not follows and _is_inner(text, tokens[0])),
        is_last=begins == "before",
        opens_list=run[0].low in ("first", "firstly"),
        gives=_gives(tokens),
        asks=_asks(tokens),
    )


def _opening(lows: Sequence[str]) -> tuple[bool, int]:
    """Whether the first words tell the order, and how many of them say nothing else."""
    follows, at = False, 0
    while at < len(lows):
        if tuple(lows[at : at + 2]) in _AFTER_THAT:
            follows, at = True, at + 2
        elif lows[at] == "first" and not _PIECES.isdisjoint(lows[at + 1 : at + 2]):
            break  # the first 5 lines, the first line
        elif lows[at] in _ORDER or lows[at] in _JOINS:
            follows, at = follows or lows[at] in _THEN, at + 1
        else:
            break
    return follows, at


_PIECES = frozenset({"", "line", "lines", "row", "rows", "word", "words", "sentence", "paragraph", "column"})
_AFTER_THAT = frozenset(
    (first, second) for first in ("after", "following", "post") for second in ("that", "this", "which")
)


def _is_inner(text: str, token: Token) -> bool:
    """Whether a token stands inside of a sentence."""
    before = text[: token.start].rstrip()
    return bool(before) and before[-1] not in ".!?;:"


def _gives(tokens: Sequence[Token]) -> bool:
    lows = tuple(token.low for token in tokens[:2])
    is_question = any(token.kind == "quote" and str(token.value).endswith("?") for token in tokens)
    return lows in _THERE_IS and not is_question and not _WISHES & {token.low for token in tokens}


_THERE_IS = frozenset(
    {("i", "have"), ("we", "have"), ("there", "is"), ("there", "are"), ("here", "is"), ("here", "are")}
)
_WISHES = wordset("please want need like should to")


def verb_of(tokens: Sequence[Token]) -> Token | None:
    """The first verb of doing in a part."""
    is_first = True
    for token in tokens:
        if token.kind == "word" and token.low not in _FILLERS:
            if is_asking(token.low, is_first=is_first):
                return token
            is_first = False
    return None


def is_writing(part: Part) -> bool:
    """Whether a part says that a file is to be written: save it as a.txt, create a file b.txt."""
    verb = verb_of(part.said)
    if verb is None or verb.low not in _WRITING | _MAKING:
        return False
    places = [before for before, token in pairwise(part.said) if token.kind == "path"]
    if verb.low in _MAKING:
        return bool(places) and places[-1].low in ("file", "called", "named")
    return bool(places) and places[-1].low in ("to", "into", "as", "in", "file", "called", "named")


_WRITING, _MAKING = wordset("write save store put append add"), wordset("create make")


def _asks(tokens: Sequence[Token]) -> bool:
    lows = [token.low for token in tokens]
    if any(low in _ASKING for low in lows[:3]) or (_WISHES - {"to"}) & set(lows):
        return True
    if lows[0] in _STATED and not {"must", "to", "plan", "can"} & set(lows):
        return False
    return verb_of(tokens) is not None or not _STATING & set(lows)
