"""The keys of a narrative file, and why some of them are refused."""

from __future__ import annotations

from overseer.plan.grammar import Key, Keys

VOICE_KEYS: Keys = {
    "model": Key("text", "who answers, as provider/model"),
    "temperature": Key("amount", "from 0 to 2"),
    "max_tokens": Key("count", "how long a reply may be"),
}

NARRATIVE_KEYS: Keys = {
    "name": Key("text", "what it is called"),
    "description": Key("text", "what it is for"),
    "toc": Key("texts", "the acts, in their order"),
    "acts": Key("steps", "the acts, by name"),
    "carousel": Key("repeat", "the whole is done so many times, side by side"),
    "budget": Key("budget", "the part of the rates that it may use"),
    "skip_content_generation": Key("flag", "that no rows are written, which is how it always is here"),
    **VOICE_KEYS,
}

ACT_KEYS: Keys = {
    "name": Key("text", "what it is called"),
    "prompt": Key("texts", "its inputs"),
    "input": Key("texts", "its inputs"),
    "narrative": Key("text", "a narrative to run in its place"),
    "carousel": Key("repeat", "it is done so many times, side by side"),
    "extract_output": Key("flag", "whether rows are written from its reply; only false is possible"),
    **VOICE_KEYS,
}

CAROUSEL_KEYS: Keys = {
    "iterations": Key("count", "how many rounds"),
    "estimated_tokens_per_iteration": Key("count", "not needed: every call reserves what it may take"),
    "continue_on_error": Key("flag", "whether the other rounds go on when one fails"),
    "budget": Key("budget", "the part of the rates that it may use"),
}

BUDGET_KEYS: Keys = {
    "rpm_multiplier": Key("part", "the part of the requests per minute"),
    "tpm_multiplier": Key("part", "the part of the tokens per minute"),
    "rpd_multiplier": Key("part", "the part of the requests per day"),
}

_SOURCE: Keys = {
    "ref": Key("text", "a resource of the file, such as tables.posts"),
    "history_retention": Key("text", "full, summary or drop"),
}

INPUT_KEYS: Keys = {
    "type": Key("text", "what kind of input it is"),
    "text": Key("text", "the text itself"),
    "content": Key("text", "the text itself"),
    "file": Key("text", "a file that holds the text"),
    "narrative": Key("text", "a narrative to run"),
    "table": Key("text", "a table to read"),
    **_SOURCE,
}

TABLE_KEYS: Keys = {
    "table_name": Key("text", "the table: the file of this name in the workspace"),
    "columns": Key("texts", "which columns"),
    "where": Key("text", "a condition, such as score > 3"),
    "limit": Key("count", "how many rows; 10 if left out"),
    "order_by": Key("text", "a column, with DESC for the other way round"),
    "format": Key("text", "json, markdown or csv"),
    "history_retention": _SOURCE["history_retention"],
}

COMMAND_KEYS: Keys = {
    "command": Key("text", "the tool to call"),
    "args": Key("args", "its arguments"),
    "platform": Key("text", "whose command it is"),
    "history_retention": _SOURCE["history_retention"],
}

MEDIA_KEYS: Keys = {"file": Key("text", "a file of the workspace"), "type": Key("text", "document")}

RETENTIONS = ("full", "summary", "drop")
FORMATS = ("json", "markdown", "csv")

# What the format has and this front-end does not: by key, what to do instead.
_ROWS = "no rows are written from replies; add an act whose command is write_file"
REFUSED: dict[str, str] = {
    "target": _ROWS,
    "template": _ROWS,
    "offset": "rows cannot be passed over; narrow them down with 'where'",
    "sample": "rows cannot be drawn by lot; take the first ones with 'limit'",
    "alias": "a table has one name here; read it as tables.NAME",
    "pull_and_delete": "reading a table never deletes its rows",
    "preserve_source": "reading a table never deletes its rows",
    "where_clause": "write 'where'",
    "url": "media are not fetched; an act whose command is fetch_url can read a page",
    "base64": "what is encoded cannot be shown to a model; name a text file of the workspace with 'file'",
    "security": "what may be done without asking is said in config.yaml, under permissions",
}
UNSHOWN = ("image", "audio", "video")  # inputs for which models are not given anything here
