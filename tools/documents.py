"""Tools that make documents of Markdown: HTML always, PDF and Word with the `export` extra.

What the Markdown says is never run: raw HTML and code for the typesetter come out as the text that they are,
links that start scripts lose their target, and images come from the workspace or not at all.
"""

from __future__ import annotations

import base64
import html
import json
import re
import subprocess
import unicodedata
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from overseer.tool import ToolContext, ToolError, how_to_add, tool

_LONGEST_MARKDOWN = 500_000  # some Markdown takes time that grows with the square of its length
_LONGEST_HTML = 2_000_000
_LARGEST_IMAGE = 10_000_000
_PATIENCE_S = 60.0

# GitHub's Markdown: it has no attributes, which could smuggle code to the typesetter, and here no header of settings.
_FORMAT = "gfm-yaml_metadata_block"


@tool(
    tags=["markdown", "html", "convert", "document", "web page"],
    examples=[
        {"request": "turn this Markdown into HTML", "args": {"markdown": "# Title\n\nSome *text*."}},
        {
            "request": "make a web page of this report",
            "args": {"markdown": "# Report", "standalone": True, "title": "Report"},
        },
    ],
)
def markdown_to_html(markdown: str, standalone: bool = False, title: str = "") -> str:
    """Turn Markdown into HTML; HTML inside it is shown as text and scripts in links are dropped.

    Args:
        markdown: the text, with tables and ~~strikethrough~~ besides what CommonMark has
        standalone: whether to give a whole page that looks good on its own, instead of a part of one
        title: the title of the page; by default the first heading
    """
    _check(markdown, "markdown", _LONGEST_MARKDOWN)
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False, "typographer": False}).enable(["table", "strikethrough"])
    body = str(parser.render(markdown))
    if not standalone:
        return body
    heading = re.search(r"^#{1,6}[ \t]+(\S.*)$", markdown, re.MULTILINE)
    named = html.escape(title or (heading[1].rstrip("# \t") if heading else "") or "Document")
    return _PAGE.format(title=named, body=body)


@tool(
    tags=["html", "text", "convert", "strip", "web page"],
    examples=[{"request": "get the plain text of this HTML", "args": {"html": "<h1>Hi</h1><p>there &amp; here</p>"}}],
)
def html_to_text(html: str) -> str:
    """Take the readable text out of HTML, without tags, scripts and styles.

    Args:
        html: the page, or a part of one
    """
    _check(html, "html", _LONGEST_HTML)
    lines = [" ".join(line.split()) for line in "".join(_readable(html)).splitlines()]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


@tool(
    effect="write",
    writes=["file:{path}"],
    idempotent=True,
    timeout_s=180,
    tags=["markdown", "pdf", "convert", "export", "document", "save"],
    examples=[
        {
            "request": "save this report as report.pdf",
            "args": {"markdown": "# Report\n\nAll well.", "path": "report.pdf"},
        }
    ],
)
def markdown_to_pdf(markdown: str, path: str, context: ToolContext, *, title: str = "") -> dict[str, Any]:
    """Save Markdown as a PDF file; needs the export extra.

    Args:
        markdown: the text; images are files of the workspace
        path: the PDF file to write
        title: a title to put above the text
    """
    from tempfile import TemporaryDirectory

    with TemporaryDirectory(prefix="overseer-pdf-") as name:
        folder = Path(name)  # all that the typesetter can read
        numbers = iter(range(1, 1_000_000))

        def stored(data: bytes, suffix: str) -> str:
            place = f"image-{next(numbers)}.{suffix}"
            (folder / place).write_bytes(data)
            return place

        tree, problems = _tree(markdown, context, stored)
        body = _pandoc(["-f", "json", "-t", "typst"], json.dumps(tree).encode(), context).decode()
        heading = (
            f'#align(center, text(20pt, weight: "bold", {json.dumps(title, ensure_ascii=False)}))\n' if title else ""
        )
        (folder / "document.typ").write_text(_LAYOUT + heading + body, encoding="utf-8")
        typst = _typst()
        if lacking := _lacking(typst, markdown + title, folder):
            problems.append(f"no font here has the characters {' '.join(lacking)}; they show as boxes")
        try:
            data = typst.compile(str(folder / "document.typ"), root=str(folder), format="pdf")
        except RuntimeError as error:
            raise ToolError(f"markdown could not be typeset: {error}; look for unusual formulas or images") from None
    return _saved(path, data, problems, context)


@tool(
    effect="write",
    writes=["file:{path}"],
    idempotent=True,
    timeout_s=180,
    tags=["markdown", "docx", "word", "convert", "export", "document", "save"],
    examples=[
        {
            "request": "save this text as a Word document",
            "args": {"markdown": "# Letter\n\nHello.", "path": "letter.docx"},
        }
    ],
)
def markdown_to_docx(markdown: str, path: str, context: ToolContext, *, title: str = "") -> dict[str, Any]:
    """Save Markdown as a Word document; needs the export extra.

    Args:
        markdown: the text; images are files of the workspace
        path: the .docx file to write
        title: a title to put above the text
    """

    def embedded(data: bytes, suffix: str) -> str:
        kind = {"jpg": "jpeg", "svg": "svg+xml"}.get(suffix, suffix)
        return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"

    tree, problems = _tree(markdown, context, embedded)
    if title:
        tree["meta"]["title"] = {"t": "MetaInlines", "c": [{"t": "Str", "c": title}]}
    data = _pandoc(["-f", "json", "-t", "docx", "-o", "-"], json.dumps(tree).encode(), context)
    return _saved(path, data, problems, context)


def _check(text: str, where: str, most: int) -> None:
    if len(text) > most:
        raise ToolError(f"{where} has {len(text)} characters; give at most {most}", kind="bad_request")


def _saved(path: str, data: bytes, problems: list[str], context: ToolContext) -> dict[str, Any]:
    context.workspace.write(path, data)
    return {"path": path, "bytes": len(data), "problems": problems}


def _tree(markdown: str, context: ToolContext, stored: Callable[[bytes, str], str]) -> tuple[dict[str, Any], list[str]]:
    """Markdown as pandoc's tree, made harmless, and what had to be left out."""
    _check(markdown, "markdown", _LONGEST_MARKDOWN)
    tree = json.loads(_pandoc(["-f", _FORMAT, "-t", "json"], markdown.encode("utf-8", "replace"), context))
    problems: list[str] = []

    def image(node: dict[str, Any]) -> dict[str, Any]:
        _, alternative, (target, _) = node["c"]
        try:
            data, suffix = _image(target, context)
        except ToolError as error:
            problems.append(f"the image {target[:100]} is left out: {error}")
            return {"t": "Emph", "c": alternative or [{"t": "Str", "c": target[:100]}]}
        node["c"][2] = [stored(data, suffix), ""]
        return node

    def safe(node: Any) -> Any:
        if isinstance(node, list):
            return [safe(one) for one in node]
        if not isinstance(node, dict):
            return node
        kind = node.get("t")
        if kind == "RawInline":
            return {"t": "Str", "c": node["c"][1]}
        if kind == "RawBlock":
            return {"t": "Para", "c": [{"t": "Str", "c": node["c"][1]}]}
        node = {name: safe(value) for name, value in node.items()}
        if kind == "Image":
            return image(node)
        if kind == "Link" and not re.match(r"(?:https?:|mailto:|tel:|#|[^:]*$)", node["c"][2][0], re.IGNORECASE):
            return {"t": "Span", "c": [["", [], []], node["c"][1]]}
        return node

    return safe(tree), problems


_IMAGES = {"png": "png", "jpg": "jpg", "jpeg": "jpg", "gif": "gif", "svg": "svg", "svg+xml": "svg", "webp": "webp"}


def _image(target: str, context: ToolContext) -> tuple[bytes, str]:
    if found := re.fullmatch(r"data:image/([\w+]+);base64,([A-Za-z0-9+/=\s]+)", target):
        kind, data = found[1], base64.b64decode(found[2])
    elif re.match(r"[a-zA-Z][\w+.-]*:", target):
        raise ToolError("it is not in the workspace; fetch it first")
    else:
        from urllib.parse import unquote

        kind = target.rpartition(".")[2].lower()
        data = context.workspace.read(unquote(target), limit=_LARGEST_IMAGE) if kind in _IMAGES else b""
    if kind not in _IMAGES:
        raise ToolError(f"images must be one of: {', '.join(sorted(set(_IMAGES.values())))}")
    return data, _IMAGES[kind]


def _pandoc(arguments: list[str], data: bytes, context: ToolContext) -> bytes:
    try:
        program = import_module("pypandoc").get_pandoc_path()
    except (ImportError, OSError):
        raise _missing_extra() from None
    # In its sandbox it reads no files; the memory it may take is bounded as well.
    command = [program, "--sandbox", *arguments, "+RTS", "-M1024M", "-RTS"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, **pipes) as process:  # type: ignore[call-overload]
        forget = context.cancellation.call_when_asked(process.kill)
        try:
            written, complaint = process.communicate(data, timeout=_PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            raise ToolError(f"markdown took more than {_PATIENCE_S:g} seconds to read; give less of it") from None
        finally:
            forget()
    if context.is_cancelled:
        raise ToolError("making the document was given up", kind="cancelled")
    if process.returncode != 0:
        raise ToolError(f"markdown could not be read: {complaint.decode(errors='replace').strip()[:500]}")
    return bytes(written)


def _typst() -> Any:
    try:
        return import_module("typst")
    except ImportError:
        raise _missing_extra() from None


def _missing_extra() -> ToolError:
    remedy = f"install it with: {how_to_add('export')}, or use markdown_to_html"
    return ToolError(f"PDF and Word documents need the export extra; {remedy}")


def _lacking(typst: Any, text: str, folder: Path) -> list[str]:
    """The characters that no font has: typst draws the same box for all of them, without a warning."""
    unusual = [letter for letter in dict.fromkeys(text) if ord(letter) > 0x24F]
    shown = [letter for letter in unusual if unicodedata.category(letter) not in _UNSEEN][:1000]
    if not shown:
        return []
    box = "\U0010fffd"  # for private use, at the very end: no font has it
    pages = [f"#text({json.dumps(letter, ensure_ascii=False)})" for letter in [box, *shown]]
    probe = folder / "probe.typ"
    probe.write_text("#set page(width: auto, height: auto)\n" + "\n#pagebreak()\n".join(pages), encoding="utf-8")
    drawn = typst.compile(str(probe), root=str(folder), format="svg")
    glyphs = [re.findall(rb'<symbol id="([^"]+)"', page) for page in drawn]
    return [letter for letter, glyph in zip(shown, glyphs[1:], strict=True) if glyph == glyphs[0]]


# Marks, spaces and controls have no glyph of their own.
_UNSEEN = ("Mn", "Mc", "Me", "Zs", "Zl", "Zp", "Cc", "Cf", "Cs")


# A quotation ends before the next tag at the latest, so that no text is looked at again and again.
_TAG = re.compile(r"""<(/?)([a-zA-Z][^\s/<>]*+)((?:[^<>"']|"[^"<]*+"|'[^'<]*+')*+)>""")
_ALTERNATIVE = re.compile(r"""\balt\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)
_SKIPPED = frozenset({"script", "style", "head", "template", "noscript", "svg", "math", "iframe", "object"})
_BLOCK = re.compile(
    "address|article|aside|blockquote|d[dlt]|div|fieldset|fig(?:ure|caption)|footer|form|h[1-6]|header|main|nav"
    "|ol|p|pre|section|table|ul"
)
_BREAKS = {"br": "\n", "tr": "\n", "hr": "\n", "option": "\n", "li": "\n- ", "td": " ", "th": " "}


def _readable(page: str) -> Iterator[str]:
    """What a reader would see of HTML, with an empty line between blocks."""
    skipped: list[str] = []
    place = 0
    while place < len(page):
        start = page.find("<", place)
        text = page[place:] if start < 0 else page[place:start]
        if text and not skipped:
            yield re.sub(r"\s+", " ", html.unescape(text))
        if start < 0:
            return
        tag = _TAG.match(page, start)
        if tag is None:
            place = _after_declaration(page, start)
            if place == start + 1 and not skipped:
                yield "<"
            continue
        place = tag.end()
        name = tag[2].lower()
        if tag[1] and name in skipped:
            del skipped[skipped.index(name) :]
        elif name in _SKIPPED and not tag[1] and not tag[3].endswith("/"):
            skipped.append(name)
            if name in ("script", "style"):  # all is text until their end
                end = re.compile(f"</{name}", re.IGNORECASE).search(page, place)
                place = end.start() if end else len(page)
        elif name == "body":
            skipped.clear()  # a head that was never closed
        elif _BLOCK.fullmatch(name):
            yield "\n\n"
        elif not tag[1] and not skipped:
            alternative = _ALTERNATIVE.search(tag[3]) if name == "img" else None
            yield html.unescape(next(filter(None, alternative.groups()), "")) if alternative else _BREAKS.get(name, "")


def _after_declaration(page: str, start: int) -> int:
    """Where a comment or declaration ends; of a lone `<`, the place after it."""
    if page.startswith("<!--", start):
        end = page.find("-->", start)
        return end + 3 if end >= 0 else len(page)
    if page.startswith(("<!", "<?"), start):
        end = page.find(">", start)
        return end + 1 if end >= 0 else len(page)
    return start + 1


_LAYOUT = """\
#set page(paper: "a4", margin: 2.5cm, numbering: "1")
#set text(size: 11pt)
#set par(justify: true)
#show heading: set block(above: 1.4em, below: 0.8em)
#show link: it => underline(text(fill: rgb("#1a5fb4"), it))
#show raw.where(block: true): it => block(fill: luma(245), inset: 8pt, radius: 3pt, width: 100%, it)
#show quote.where(block: true): it => block(stroke: (left: 2pt + luma(200)), inset: (left: 10pt), it.body)
#set table(inset: 6pt, stroke: none)
#let horizontalrule = align(center, line(length: 50%, stroke: 0.5pt + luma(150)))
"""

_PAGE = """\
<!doctype html>
<html>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ max-width: 44rem; margin: 2rem auto; padding: 0 1rem; font: 1rem/1.6 system-ui, sans-serif; }}
pre, code {{ font-family: ui-monospace, monospace; font-size: 0.92em; }}
pre {{ padding: 0.8rem; overflow-x: auto; background: rgba(128, 128, 128, 0.12); border-radius: 4px; }}
table {{ border-collapse: collapse; }}
th, td {{ padding: 0.3rem 0.7rem; border-bottom: 1px solid rgba(128, 128, 128, 0.4); }}
blockquote {{ margin-left: 0; padding-left: 1rem; border-left: 3px solid rgba(128, 128, 128, 0.5); }}
img {{ max-width: 100%; }}
</style>
</head>
<body>
{body}</body>
</html>
"""
