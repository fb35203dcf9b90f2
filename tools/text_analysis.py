"""Tools that describe and shorten texts by counting, without a language model.

A word is a run of letters, marks and digits of any script, with apostrophes and hyphens inside; scripts
written without spaces count one word for each character.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from functools import cache
from itertools import pairwise
from typing import Any

from overseer.tool import ToolError, tool

_LONGEST = 5_000_000
_MOST_SENTENCES = 20_000
_WORDS_PER_MINUTE = 230

# Chinese characters and Japanese syllables: written without spaces.
_UNSPACED = "\u3041-\u30fa\u30fc-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"


@tool(
    tags=["text", "statistics", "count", "words", "length"],
    examples=[
        {"request": "count the words in this text", "args": {"text": "To be or not to be."}},
        {"request": "how many lines are in this text?", "args": {"text": "one\ntwo"}},
        {"request": "how many lines or words are there?", "args": {"text": "To be\nor not to be."}},
        {"request": "how long does it take to read this?", "args": {"text": "It was a dark night."}},
    ],
    output={
        "type": "object",
        "properties": {
            "lines": {"type": "integer"},
            "words": {"type": "integer"},
            "characters": {"type": "integer"},
            "characters_without_spaces": {"type": "integer"},
            "sentences": {"type": "integer"},
            "paragraphs": {"type": "integer"},
            "unique_words": {"type": "integer"},
            "average_word_length": {"type": "number"},
            "average_words_per_sentence": {"type": "number"},
            "longest_word": {"type": "string"},
            "most_common_words": {"type": "array", "items": {"type": "object"}},
            "reading_time_seconds": {"type": "integer"},
        },
    },
)
def text_statistics(text: str) -> dict[str, Any]:
    """Count the lines, words, characters, sentences and paragraphs of a text, with word lengths and reading time.

    Args:
        text: what to count
    """
    _check_length(text)
    words = _words(text)
    sentences = len(_sentences(text))
    folded = Counter(word.casefold() for word in words)
    return {
        "lines": len(text.splitlines()),
        "words": len(words),
        "characters": len(text),
        "characters_without_spaces": sum(len(part) for part in text.split()),
        "sentences": sentences,
        "paragraphs": len([part for part in re.split(r"\n\s*\n", text) if part.strip()]),
        "unique_words": len(folded),
        "average_word_length": _ratio(sum(map(len, words)), len(words)),
        "average_words_per_sentence": _ratio(len(words), sentences),
        "longest_word": max(words, key=len, default=""),
        "most_common_words": [{"word": word, "count": count} for word, count in _most_common(folded, 5)],
        "reading_time_seconds": math.ceil(len(words) * 60 / _WORDS_PER_MINUTE),
    }


@tool(
    tags=["text", "words", "frequency", "count", "common"],
    examples=[
        {"request": "what are the 10 most common words?", "args": {"text": "the cat and the dog", "limit": 10}},
        {
            "request": "how often does each word occur, without words like 'the'?",
            "args": {"text": "the cat and the dog", "skip_common_words": True},
        },
    ],
)
def word_frequency(
    text: str, limit: int = 20, skip_common_words: bool = False, minimum_length: int = 1
) -> list[dict[str, Any]]:
    """List the most frequent words of a text with how often each occurs; case is ignored.

    Args:
        text: what to count
        limit: how many words at most; 0 means all
        skip_common_words: leave out words such as "the" and "and" (English, German, French, Spanish)
        minimum_length: leave out shorter words
    """
    _check_length(text)
    if limit < 0:
        raise ToolError(f"limit is {limit}; give how many words at most, or 0 for all", kind="bad_request")
    folded = Counter(word.casefold() for word in _words(text) if len(word) >= minimum_length)
    if skip_common_words:
        folded = Counter({word: count for word, count in folded.items() if word not in _common_words()})
    return [{"word": word, "count": count} for word, count in _most_common(folded, limit or len(folded))]


@tool(
    tags=["text", "keywords", "topics", "tags"],
    examples=[{"request": "which keywords describe this text?", "args": {"text": "Solar power is cheap power."}}],
)
def extract_keywords(text: str, limit: int = 10) -> list[str]:
    """Find the words and two-word phrases that are typical of a text, the most typical first.

    Args:
        text: what to look through
        limit: how many keywords at most
    """
    _check_length(text)
    if limit < 1:
        raise ToolError(f"limit is {limit}; give how many keywords at most, 1 or more", kind="bad_request")
    words: Counter[str] = Counter()
    pairs: Counter[str] = Counter()
    for sentence in _sentences(text):
        found = [word.casefold() for word in _words(sentence)]
        content = [word if _is_content(word) else "" for word in found]
        words.update(filter(None, content))
        pairs.update(f"{a} {b}" for a, b in pairwise(content) if a and b and a != b)
    # A pair that occurs again and again says more than its two words do, and stands for them.
    phrases = {pair: count for pair, count in pairs.items() if count > 1}
    for pair, count in phrases.items():
        for word in pair.split():
            words[word] -= count
    scores = Counter({word: count for word, count in words.items() if count > 0})
    scores.update({pair: count * 2 for pair, count in phrases.items()})
    return [keyword for keyword, _ in _most_common(scores, limit)]


@tool(
    tags=["text", "summary", "summarize", "shorten", "extract"],
    examples=[
        {"request": "summarize this article in 3 sentences", "args": {"text": "A. B. C. D.", "sentences": 3}},
        {"request": "give me the key sentences of this text", "args": {"text": "One thing. And another."}},
    ],
)
def extractive_summary(text: str, sentences: int = 3) -> str:
    """Shorten a text to its most telling sentences, word for word and in their order; nothing is rewritten.

    Args:
        text: what to shorten
        sentences: how many sentences to keep
    """
    _check_length(text)
    if sentences < 1:
        raise ToolError(f"sentences is {sentences}; give how many to keep, 1 or more", kind="bad_request")
    found = _sentences(text)
    if len(found) > _MOST_SENTENCES:
        raise ToolError(f"text has {len(found)} sentences; summarize at most {_MOST_SENTENCES} at a time")
    chosen = sorted(_telling(found, sentences))
    return " ".join(found[number] for number in chosen)


def _telling(found: list[str], wanted: int) -> list[int]:
    """Which sentences to keep: those with the most frequent words that no kept sentence has covered yet."""
    content = [{word.casefold() for word in _words(sentence) if _is_content(word.casefold())} for sentence in found]
    counted: Counter[str] = Counter(word for words in content for word in words)
    total = sum(counted.values()) or 1
    weight = {word: count / total for word, count in counted.items()}
    left = list(range(len(found)))
    chosen: list[int] = []
    while left and len(chosen) < min(wanted, len(found)):

        def score(number: int) -> tuple[float, int]:
            words = content[number]
            # The sum favours long sentences and the mean short ones; this is between the two.
            told = math.fsum(weight[word] for word in words) / math.sqrt(len(words) + 4)
            return told * (1.3 if number == 0 else 1.0), -number  # texts tend to open with what they are about

        best = max(left, key=score)
        chosen.append(best)
        left.remove(best)
        for word in content[best]:
            weight[word] *= 0.3
        if len(chosen) >= 50 and len(left) > 2000:  # more is no summary, and each one costs a pass over all
            rest = sorted(left, key=score, reverse=True)
            return chosen + rest[: wanted - len(chosen)]
    return chosen


def _check_length(text: str) -> None:
    if len(text) > _LONGEST:
        raise ToolError(f"text has {len(text)} characters; give at most {_LONGEST} at a time")


def _words(text: str) -> list[str]:
    return _word_pattern().findall(unicodedata.normalize("NFC", text))


@cache
def _word_pattern() -> re.Pattern[str]:
    # `\w` leaves out the vowel signs of many scripts and would cut their words to pieces.
    marks = [chr(code) for code in range(0x300, 0xFFFF) if unicodedata.category(chr(code)) in ("Mn", "Mc")]
    ranges: list[list[str]] = []
    for mark in marks:
        if ranges and ord(ranges[-1][1]) + 1 == ord(mark):
            ranges[-1][1] = mark
        else:
            ranges.append([mark, mark])
    joined = "".join(f"{first}-{last}" for first, last in ranges)
    letters = rf"(?:(?![{_UNSPACED}_])[\w{joined}])+"
    return re.compile(rf"[{_UNSPACED}]|{letters}(?:['’\-]{letters})*")


_ENDS = re.compile(
    r"(?:(?<![.!?…])[.!?…]++[\"'”’»)\]]*+(?=\s|$)|[。！？｡]+[”’」』）]*|।|؟|\n\s*\n|\n(?=\s*(?:[-*•#]|\d+[.)])\s))"
)
_ABBREVIATED = re.compile(
    r"(?:\b(?:mr|mrs|ms|dr|prof|st|jr|sr|vs|etc|e\.g|i\.e|z\.b|d\.h|u\.a|bzw|ca|no|nr|fig|approx|inc|ltd|co"
    r"|jan|feb|mar|apr|jun|jul|aug|sep|sept|oct|nov|dec|a\.m|p\.m|u\.s)|(?:^|[\s(.])[^\W\d_]|^\s*\d{1,2})\.$",
    re.IGNORECASE | re.MULTILINE,
)


def _sentences(text: str) -> list[str]:
    """The sentences of a text. Blank lines and list items end one as well."""
    found, start = [], 0
    for end in _ENDS.finditer(text):
        if end[0] == "." and _is_inside(text, end.end()):
            continue
        found.append(text[start : end.end()])
        start = end.end()
    found.append(text[start:])
    return [" ".join(sentence.split()) for sentence in found if _has_word(sentence)]


def _is_inside(text: str, end: int) -> bool:
    """Whether a full stop ends nothing: after an abbreviation, an initial, the number of a list item."""
    following = text[end : end + 40].lstrip()[:1]
    if not following:
        return False
    return following.islower() or _ABBREVIATED.search(text[max(0, end - 12) : end]) is not None


def _has_word(sentence: str) -> bool:
    return any(letter.isalnum() for letter in sentence)


def _is_content(word: str) -> bool:
    """Whether a word says what a text is about."""
    if word in _common_words() or word.isdigit():
        return False
    return len(word) > 2 or not word.isascii()


def _most_common(counter: Counter[str], limit: int) -> list[tuple[str, int]]:
    """Alike for alike texts: words of equal count in the order of the alphabet."""
    return sorted(counter.items(), key=lambda item: (-item[1], item[0]))[:limit]


def _ratio(total: int, count: int) -> float:
    return round(total / count, 2) if count else 0.0


@cache
def _common_words() -> frozenset[str]:
    return frozenset(" ".join(_COMMON).split())


_COMMON = (
    "a about above after again against all also am an and any are as at be because been before being below between"
    " both but by can cannot could did do does doing down during each few for from further had has have having he her"
    " here hers him his how i if in into is isn't it it's its itself just let's me more most much must my no nor not"
    " now of off on once one only or other our ours out over own same she should so some such than that that's the"
    " their them then there these they this those through to too under until up upon us very was we were what when"
    " where which while who whom why will with within without would you your yours don't doesn't didn't can't won't",
    "aber alle als also am an auch auf aus bei bin bis da das dass dem den der des die dies diese dieser doch dort du"
    " durch ein eine einem einen einer eines er es für hat haben hatte ich ihr im in ist ja kann kein keine man mehr"
    " mein mit nach nicht noch nur ob oder ohne sein seine sich sie sind so über um und uns unter vom von vor war was"
    " wenn wer werden wie wir wird wo zu zum zur",
    "au aux avec ce ces cette dans de des du elle elles en est et être eux il ils je la le les leur leurs lui ma mais"
    " me même mes moi mon ne nos notre nous on ont ou où par pas pour plus qu que qui sa sans se ses son sont sur ta"
    " te tes toi ton tu un une vos votre vous c'est d'un d'une n'est qu'il",
    "al algo como con cuando del desde donde el ella ellos en entre era es esa ese esta este fue ha hasta hay la las"
    " le lo los más mi muy no nos o para pero por porque que quien se ser si sin sobre son su sus también te tiene todo"
    " tu un una uno unos y ya",
)
