"""What the YAML parser complains about, in the words of somebody who wants to help."""

from __future__ import annotations

from typing import Any

# Parts of the parser's messages (those of its C and its Python form differ), what they mean in
# practice, and what helps. `{opened}` is the line in which the thing around it began.
_MEANINGS = (
    ("mapping values are not allowed", "there is a colon where none can be", "put text that contains ': ' in quotes"),
    ("',' or ']'", "the list that '[' opens in line {opened} is not closed", "add ']', or put the text in quotes"),
    ("',' or '}'", "the mapping that '{{' opens in line {opened} is not closed", "add '}', or put the text in quotes"),
    ("unexpected end of stream", "the quote that opens in line {opened} is never closed", ""),
    ("unexpected document separator", "the quote that opens in line {opened} is never closed", ""),
    ("expected ':'", "there is a line without a colon among 'key: value' lines", "indent it if it goes on with a text"),
    (
        "unknown escape",
        "there is a backslash before a letter that it cannot escape",
        "write \\\\, or use single quotes",
    ),
    ("hexdecimal", "there is a \\x, \\u or \\U without its digits", "write \\\\, or use single quotes"),
    ("hexadecimal", "there is a \\x, \\u or \\U without its digits", "write \\\\, or use single quotes"),
    ("unicode character escape", "there is an escape that stands for no character", ""),
    ("expected key", "the indentation fits none of the lines above", "align it with the key it belongs beside"),
    ("'-' indicator", "the indentation fits none of the list items above", "align it with the '-' it belongs beside"),
    ("<block end>", "the indentation fits none of the lines above", "align it with the line it belongs beside"),
    ("<document start>", "there is something after the end of the document", ""),
    ("tab character", "there is a tab in the indentation", "indent with spaces"),
    ("tag handle", "there is a tag that is not declared", "take it away, or put text that starts with '!' in quotes"),
)


def complaint(error: Any, text: str) -> tuple[int, str, str]:
    """The line, the problem and the remedy of a YAML error."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if mark is None:
        return 1, f"this is not YAML: {error}", ""
    last = text.rstrip().count("\n") + 1  # at the end of the text the parsers disagree on where that is
    line, reason = min(mark.line + 1, last), str(error.problem or error.context)
    opened = error.context_mark.line + 1 if error.context_mark else line
    if "cannot start any token" in reason:
        return line, *_bad_start(_letter_at(text, mark))
    for part, meaning, help in _MEANINGS:
        if part in reason.lower():
            return line, f"this is not YAML: {meaning.format(opened=opened)}", help
    return line, f"this is not YAML: {reason}", ""


def _bad_start(letter: str) -> tuple[str, str]:
    if letter == "\t":
        return "this is not YAML: there is a tab in the indentation", "indent with spaces"
    return f"this is not YAML: nothing can start with '{letter}'", "put it in quotes if it is text"


def _letter_at(text: str, mark: Any) -> str:
    lines = text.split("\n")
    line = lines[mark.line] if mark.line < len(lines) else ""
    return line[mark.column : mark.column + 1]
