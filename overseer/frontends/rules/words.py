"""Words: their stems, which of them say nothing, and which mean nearly the same.

The stems are finer than those that the ranking of tools uses: there, six letters are enough to find
something near; here, `convert` and `conversation` must be told apart.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_WORD = re.compile(r"[^\W_]+")

_SUFFIXES = (
    *(
        "izations",
        "ization",
        "ational",
        "ations",
        "ation",
        "ically",
        "ments",
        "ment",
        "ities",
        "ity",
        "izers",
        "izer",
        "ively",
    ),
    *("izing", "ized", "izes", "ize", "ising", "ised", "ise", "ators", "ator", "ating", "ated", "ates", "ate"),
    *("ions", "ion", "ings", "ing", "ives", "ive", "ical", "ials", "ial", "als", "al", "ers", "er", "ors", "or"),
    *("ies", "ied", "edly", "ed", "es", "s", "ly", "y", "e"),
)
_IRREGULAR = {
    "bought": "buy", "sold": "sell", "sent": "send", "written": "write", "wrote": "write", "drawn": "draw",
    "made": "make", "found": "find", "spoken": "speech", "speak": "speech", "people": "person", "men": "man",
    "children": "child", "taken": "take", "built": "build", "paid": "pay", "payment": "pay", "sorted": "sort",
    "analysis": "analyz", "analyses": "analyz", "analyse": "analyz", "analysing": "analyz", "analytics": "analyz",
    "analyzing": "analyz", "analyze": "analyz", "data": "data", "news": "news", "was": "be", "is": "be",
    "summaries": "summar", "summary": "summar", "colour": "color", "colours": "color", "colored": "color",
    "colorized": "color", "recognizing": "recogn", "recognition": "recogn", "recognize": "recogn",
    "classification": "classif", "classify": "classif", "classified": "classif", "identification": "identif",
    "identify": "identif", "description": "describ", "describe": "describ", "described": "describ",
    "subscription": "subscrib", "transcription": "transcrib", "reservation": "reserv", "reservations": "reserv",
    "contents": "contents", "num": "numb", "ref": "referenc", "refs": "referenc", "lang": "languag", "qty": "quantit",
    "quantity": "quantit", "amt": "amount", "addr": "address", "desc": "describ", "img": "image", "temp": "temperatur",
    "files": "file", "times": "time", "dates": "date", "ages": "age", "prices": "price",
}  # fmt: skip


@lru_cache(maxsize=20_000)
def stem(word: str) -> str:
    """What the forms of a word have in common."""
    word = word.casefold()
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if not word.isalpha() or len(word) <= 3:
        return word
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= 3:
            root = word[: -len(suffix)]
            if len(root) > 3 and root[-1] == root[-2] and root[-1] not in "lsz" and suffix[0] in "ie":
                root = root[:-1]  # planning, plan
            return root[:-1] + "i" if root[-1] == "y" else root
    return word


def wordset(text: str) -> frozenset[str]:
    """The words of a list that is written as a text."""
    return frozenset(text.split())


def stemset(text: str) -> frozenset[str]:
    """The stems of the words of such a list."""
    return frozenset(map(stem, text.split()))


def name_words(name: str) -> list[str]:
    """The words of a name written with underscores, dots, blanks or capitals."""
    return [word.casefold() for word in _WORD.findall(_CAMEL.sub(" ", name))]


def text_words(text: str) -> list[str]:
    return [word.casefold() for word in _WORD.findall(text)]


def stems(text: str) -> list[str]:
    """The stems of those words of a text that say something."""
    found = text_words(text)
    together = [_PHRASES[pair] for pair in pairwise(found) if pair in _PHRASES]
    return [stem(word) for word in (*found, *together) if word not in SILENT]


# Verbs that mean something of their own with the word behind them.
_PHRASES = {
    (form, particle): meant
    for verb, particle, meant in (
        ("check", "out", "borrow"),
        ("sign", "up", "register"),
        ("look", "up", "lookup"),
        ("set", "up", "setup"),
        ("fill", "out", "complete"),
        ("find", "out", "determine"),
        ("work", "out", "calculate"),
        ("add", "up", "sum"),
        ("find", "out", "determine"),
    )
    for form in (verb, f"{verb}ing", f"{verb}ting")
}


SILENT = wordset(
    """a an the this that these those it its itself i me my mine we us our you your he him his she her they them
    their of in on at to into from by for with without within about as and or nor but so if than then there here
    be is am are was were been being do does did done have has had having will would shall should can could may
    might must please kindly help assist want wish like need needs let us im id ill ive lets also additionally
    furthermore moreover finally lastly first firstly second secondly next after afterwards before later
    subsequently following meanwhile any some all each every both either other another such same own up out over
    under very just only not no yes what which who whom whose when where why how many much able possible
    possibly able appropriate suitable given based using use used via per etc eg ie s t d ll re ve m one
    specific various particular certain would could know hey thanks thank hello hi dear okay ok well now right really
    quite"""
)

# Words that many requests and many tools have: they decide only where nothing else does.
FAINT = stemset(
    """get give fetch retrieve provide show tell obtain find make do perform create generate return take information
    info details detail data api tool task new list process result results output input user value number name type
    based available set operation service system add contents"""
)
