"""Long lines on a terminal: broken between words, and never within what is meant to be copied."""

from __future__ import annotations

import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as some

from overseer.console import printable
from overseer.text.cells import cells
from overseer.text.folding import Folding, fitted, folded

NOTE = "note: the earlier part of this conversation could not be summed up, since nothing was connected to do it"
PATH = "/srv/data/of/somebody/who/has/deep/folders/and/likes/long/names/in/them/report-of-2024.txt"
URL = f"https://example.org{PATH}?with=more&of=it"
CODES = re.compile(r"\x1b\[[0-9;]*m")


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_words_stay_whole_and_nothing_is_wider_than_the_terminal(columns: int) -> None:
    lines = folded(NOTE, columns)
    assert [word for line in lines for word in line.split()] == NOTE.split()
    assert max(map(cells, lines)) <= columns
    assert all(line.startswith("  ") for line in lines[1:])


def test_a_line_that_fits_stays_as_it_is() -> None:
    assert folded("  a   table  of\tthree", 40) == ["  a   table  of\tthree"]
    assert folded("x" * 40, 40) == ["x" * 40]
    assert folded("", 40) == [""]


@pytest.mark.parametrize(
    ("head", "hanging"),
    [("", 2), ("    ", 6), ("  - ", 4), ("  ✓ ", 4), ("12. ", 4), ("  3) ", 5), ("-", 2)],
)
def test_further_lines_hang_below_the_text_of_the_first(head: str, hanging: int) -> None:
    first, *further = folded(f"{head}{'word ' * 30}".rstrip(), 40)
    assert first.startswith(f"{head}word")
    assert {len(line) - len(line.lstrip()) for line in further} == {hanging}


@pytest.mark.parametrize("columns", [40, 80, 120])
@pytest.mark.parametrize("long", [PATH, URL, "f" * 64])
def test_what_is_copied_has_no_newline_in_it(long: str, columns: int) -> None:
    assert sum(long in line for line in folded(f"error: cannot write {long}: there is no room for it", columns)) == 1


def test_blanks_in_a_path_that_is_quoted_do_not_part_it() -> None:
    path = "'/srv/my data/sixty and seven.yaml'"
    assert folded(f"the plan is saved as {path}, under that name", 40)[1] == f"  {path},"
    assert (
        folded("it's here and/or there, where somebody's things are", 40)[0]
        == "it's here and/or there, where somebody's"
    )


def test_a_word_that_fits_a_line_alone_is_moved_as_far_to_the_left_as_it_takes() -> None:
    word = "x" * 39
    assert folded(f"    saved as {word} here", 40) == ["    saved as", f" {word}", "      here"]


def test_what_comes_after_a_word_that_the_terminal_breaks_is_counted_from_where_it_ends() -> None:
    [first, second] = folded(f"see {'x' * 50} and all that follows upon it here", 40)
    assert first == f"see {'x' * 50} and all that follows upon"  # which are two full rows
    assert second == "  it here"


def test_letters_of_two_cells_may_part_where_there_are_no_blanks() -> None:
    text = "注意" + "这句话没有任何空格可以断开" * 6
    lines = folded(text, 40)
    assert "".join(line.strip() for line in lines) == text
    assert max(map(cells, lines)) <= 40
    assert cells(lines[0]) >= 38


def test_a_path_of_such_letters_stays_whole() -> None:
    path = "/家/" + "文件夹" * 20
    assert any(path in line for line in folded(f"保存为 {path}", 40))


def test_pictures_count_as_two_cells() -> None:
    lines = folded("🎉 " * 30, 40)
    assert max(map(cells, lines)) <= 40
    assert "".join(lines).count("🎉") == 30


def test_colours_take_no_room_and_end_with_each_line() -> None:
    line = f"\x1b[32m  ✓ \x1b[0m\x1b[31m{'word ' * 20}\x1b[0mend"
    lines = folded(line, 40)
    assert max(len(CODES.sub("", each)) for each in lines) <= 40
    assert [each for each in lines if CODES.findall(each)[-1] != "\x1b[0m"] == []
    assert lines[1].startswith("    \x1b[31mword")
    assert CODES.sub("", " ".join(each.strip() for each in lines)).split() == CODES.sub("", line).split()


@given(some.text(max_size=300), some.integers(20, 130))
def test_no_letter_is_lost_but_blanks(text: str, columns: int) -> None:
    [line, *_] = printable(text).split("\n")
    assert "".join("".join(folded(line, columns)).split()) == "".join(line.split())


@given(some.text(alphabet="ab -\n字`", max_size=200), some.lists(some.integers(1, 20), max_size=30))
def test_in_pieces_it_comes_as_in_one(text: str, sizes: list[int]) -> None:
    def came(cuts: list[int]) -> str:
        folding, said, rest = Folding(20), "", text
        for size in cuts:
            said, rest = said + folding.feed(rest[:size]), rest[size:]
        return said + folding.feed(rest) + folding.close()

    assert came(sizes) == came([])


def test_code_in_an_answer_stays_as_it_is() -> None:
    text = f"Text that goes on and on for longer than a line.\n```sh\n{'run it ' * 10}\n```\n"
    folding = Folding(20)
    assert f"\n```sh\n{'run it ' * 10}\n```\n" in folding.feed(text) + folding.close()


def test_a_pipe_gets_one_line_for_each() -> None:
    assert fitted(NOTE, io.StringIO()) == NOTE
