"""Documents made of Markdown, and that nothing in the Markdown is run."""

from __future__ import annotations

import base64
import io
import re
import time
import zipfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from overseer.tool import ToolError, how_to_add
from tests.tools.fakes import FolderWorkspace, call, tools

HAS_EXPORT = find_spec("pypandoc") is not None and find_spec("typst") is not None
needs_export = pytest.mark.skipif(not HAS_EXPORT, reason=f"needs the export extra: {how_to_add('export')}")

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
REPORT = """# Report

Some *text* with a [link](https://example.org) and $x^2$.

| a | b |
|---|--:|
| 1 | 2 |

> quoted

---

- [x] done

```python
print("#read")
```
"""
HOSTILE = """---
header-includes: "#read(\\"/etc/hostname\\")"
---

<script>alert(1)</script> `#read("/etc/hostname")`{=typst} #read("/etc/hostname")
[s]{typst:text:size='#read("/etc/hostname")'} [bad](javascript:alert(1)) $\\text{#read("/etc/hostname")}$

<div>kept</div>
"""


def test_markdown_becomes_html() -> None:
    result = call("markdown_to_html", markdown=REPORT + "\n~~old~~")
    for part in ("<h1>Report</h1>", '<a href="https://example.org">link</a>', "<td>1</td>", "<s>old</s>"):
        assert part in result


def test_a_page_stands_alone() -> None:
    page = call("markdown_to_html", markdown="# A & B {x}\n\n{y}", standalone=True)
    assert page.startswith("<!doctype html>")
    assert "<title>A &amp; B {x}</title>" in page
    assert "<p>{y}</p>" in page
    assert "<title>&lt;T&gt;</title>" in call("markdown_to_html", markdown="", standalone=True, title="<T>")


@pytest.mark.parametrize(
    "markdown",
    [
        "<script>alert(1)</script>",
        "a <img src=x onerror=alert(1)> b",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](&#106;avascript:alert(1))",
        "![x](javascript:alert(1))",
        "<javascript:alert(1)>",
        "[x](vbscript:y)",
        "[x](data:text/html;base64,AAAA)",
        '[x](https://a.org "\\" onclick=alert(1)")',
        "[x]: javascript:alert(1)\n\n[x]",
    ],
)
def test_nothing_in_markdown_becomes_a_script(markdown: str) -> None:
    result = call("markdown_to_html", markdown=markdown)
    text = result.replace("&lt;", "").replace("&quot; onclick", "")
    for part in ("<script", "<img src=x", 'href="java', 'src="java', 'href="vb', 'href="data', " onclick="):
        assert part not in text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<h1>Hi</h1><p>there &amp; <b>he</b>re</p>", "Hi\n\nthere & here"),
        ("<html><head><title>t</title><style>x</style><body>a<script>b<c</script>d", "ad"),
        ("<ul><li>one<li>two</ul>", "- one\n- two"),
        ("a<br>b<img alt='c'>", "a\nbc"),
        ("<table><tr><td>1</td><td>2</td></tr><tr><td>3</td></tr></table>", "1 2\n3"),
        ("plain", "plain"),
        ("</p></b>a</script>", "a"),
        ("<!doctype html><!-- <p>no</p> -->1 < 2 &lt; 3 <i title='a>b'>x</i>", "1 < 2 < 3 x"),
        ("<head><title>t<body>seen", "seen"),
        ("a<svg><text>no</text></svg><SCRIPT>'</p>'</SCRIPT>b", "ab"),
    ],
)
def test_html_becomes_text(html: str, text: str) -> None:
    assert call("html_to_text", html=html) == text


@pytest.mark.parametrize(
    "part", ["<", "<a ", "<!--", "<!", "<a href='", "</p", "<script>", "<svg>", "<svg/>", "<img alt=", "&", "'>"]
)
def test_no_html_is_slow_to_read(part: str) -> None:
    began = time.process_time()
    call("html_to_text", html=part * (400_000 // len(part)))
    assert time.process_time() - began < 5


@pytest.mark.parametrize(("tool", "argument"), [("markdown_to_html", "markdown"), ("html_to_text", "html")])
def test_texts_are_bounded(tool: str, argument: str) -> None:
    with pytest.raises(ToolError, match=rf"{argument} has 2000001 characters; give at most \d+"):
        call(tool, **{argument: "a" * 2_000_001})


def test_the_title_of_a_page_is_found_quickly() -> None:
    began = time.process_time()
    page = call("markdown_to_html", markdown=f"# {'#' * 100_000}x ##", standalone=True)
    assert time.process_time() - began < 5
    assert f"<title>{'#' * 100_000}x</title>" in page


def test_documents_declare_the_file_they_write() -> None:
    for name in ("markdown_to_pdf", "markdown_to_docx"):
        assert (tools()[name].effect, tools()[name].writes) == ("write", ("file:{path}",))


@pytest.mark.parametrize("tool", ["markdown_to_pdf", "markdown_to_docx"])
def test_without_the_extra_it_is_said_how_to_get_it(tool: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pypandoc", None)
    with pytest.raises(
        ToolError, match=re.escape(f"need the export extra; install it with: {how_to_add('export')}, or")
    ):
        call(tool, markdown="x", path="x.out", workspace=FolderWorkspace(tmp_path))
    assert not list(tmp_path.iterdir())


def made(tool: str, folder: Path, markdown: str, **args: Any) -> tuple[bytes, list[str]]:
    result = call(tool, markdown=markdown, path="out/file", workspace=FolderWorkspace(folder), **args)
    data = (folder / "out/file").read_bytes()
    assert (result["path"], result["bytes"]) == ("out/file", len(data))
    return data, result["problems"]


def document_of(data: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        return package.read("word/document.xml").decode()


@needs_export
@pytest.mark.parametrize("tool", ["markdown_to_pdf", "markdown_to_docx"])
def test_a_report_becomes_a_document(tool: str, tmp_path: Path) -> None:
    data, problems = made(tool, tmp_path, REPORT, title='The "title" #x')
    assert data.startswith(b"%PDF" if tool == "markdown_to_pdf" else b"PK")
    assert not problems


@needs_export
def test_nothing_in_markdown_runs_in_a_document(tmp_path: Path) -> None:
    data, problems = made("markdown_to_docx", tmp_path, HOSTILE)
    text = document_of(data)
    assert "kept" in text
    assert "&lt;script&gt;" in text
    assert 'Target="javascript' not in zipfile.ZipFile(io.BytesIO(data)).read("word/_rels/document.xml.rels").decode()
    assert not problems
    assert made("markdown_to_pdf", tmp_path, HOSTILE)[0].startswith(b"%PDF")


@needs_export
@pytest.mark.parametrize("tool", ["markdown_to_pdf", "markdown_to_docx"])
def test_images_come_from_the_workspace(tool: str, tmp_path: Path) -> None:
    (tmp_path / "a b.png").write_bytes(PIXEL)
    inline = f"data:image/png;base64,{base64.b64encode(PIXEL).decode()}"
    markdown = f"![a](a%20b.png) ![b]({inline}) ![c](https://example.org/c.png) ![d](none.png) ![e](/etc/passwd)"
    data, problems = made(tool, tmp_path, markdown)
    assert [problem.partition(" is left out")[0] for problem in problems] == [
        "the image https://example.org/c.png",
        "the image none.png",
        "the image /etc/passwd",
    ]
    if tool == "markdown_to_docx":
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            assert [package.read(name) for name in package.namelist() if "/media/" in name][:1] == [PIXEL]


@needs_export
def test_characters_that_no_font_has_are_reported(tmp_path: Path) -> None:
    assert made("markdown_to_pdf", tmp_path, "é – “Ж” →\ufe0f")[1] == []
    # Two for private use, which no font shows.
    _, problems = made("markdown_to_pdf", tmp_path, "ok \U000f1234 or \U000f1235")
    assert problems == ["no font here has the characters \U000f1234 \U000f1235; they show as boxes"]
