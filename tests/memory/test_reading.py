"""From files to passages and the places they stand at."""

from contextlib import suppress

import pytest

from memory.chunking import TARGET_CHARS, Piece, cut
from memory.reading import DocumentRefused, media_type_of, read


def passages(content: str | bytes, media_type: str) -> list[Piece]:
    return cut(read(content.encode() if isinstance(content, str) else content, media_type))


def test_markdown_passages_know_the_headings_above_them():
    text = "# Handbook\n\nWelcome.\n\nTravel\n------\nBook early.\n\n### Hotels\nAt most 120.\n\n# Other\nRest."

    assert passages(text, "text/markdown") == [
        Piece("Handbook", "Welcome."),
        Piece("Handbook › Travel", "Book early."),
        Piece("Handbook › Travel › Hotels", "At most 120."),
        Piece("Other", "Rest."),
    ]


def test_a_comment_inside_code_is_no_heading():
    assert passages("# Setup\n```\n# not a heading\nrun\n```", "text/markdown") == [
        Piece("Setup", "```\n# not a heading\nrun\n```")
    ]


def test_a_heading_with_nothing_under_it_is_found_too():
    assert passages("# Groceries\n## Milk\n## Bread", "text/markdown") == [
        Piece("Groceries", "Milk"),
        Piece("Groceries", "Bread"),
    ]


def test_html_gives_its_text_and_keeps_scripts_styles_and_markup_out():
    page = """<html><head><title>T</title><style>p {}</style></head><body><h1>Main <b>part</b></h1>
        <p title="a > b">Salt &amp; pepper.<br>Next <i>line</i><ul><li>one<li>two</ul>
        <script>alert("<p>no</p>")</script>
        <h2>Sub</h2><pre>a\n  b</pre><!-- hidden --><p>3 < 4"""

    assert passages(page, "text/html") == [
        Piece("Main part", "Salt & pepper.\nNext line\n\n- one\n- two"),
        Piece("Main part › Sub", "a\n  b\n\n3 < 4"),
    ]


def test_a_row_of_a_table_carries_the_names_of_its_columns():
    assert passages("name;price\nDrill;99,90\n\nLamp;12", "text/csv") == [
        Piece("", "name: Drill; price: 99,90\nname: Lamp; price: 12")
    ]


def test_long_text_is_cut_where_sentences_end():
    text = " ".join(f"Sentence number {number} is about nothing at all." for number in range(100))

    found = passages(text, "text/plain")

    assert all(len(piece.text) <= TARGET_CHARS and piece.text.endswith(".") for piece in found)
    assert " ".join(piece.text for piece in found) == text


def test_a_word_without_end_is_cut_too():
    assert "".join(piece.text for piece in passages("y" * 2000, "text/plain")) == "y" * 2000


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_common_encodings_are_read(encoding):
    assert passages("Grüße aus Köln".encode(encoding), "text/plain") == [Piece("", "Grüße aus Köln")]


@pytest.mark.parametrize(
    ("content", "media_type", "words"),
    [
        (b"%PDF-1.7", "application/pdf", "Accepted are plain text"),
        (b"text", "", "Accepted are plain text"),
        (b"\x00\x01\x02 binary", "text/plain", "not a text file"),
        (b"  \n ", "text/plain", "is empty"),
        (b"<p> </p>", "text/html", "no text"),
        (b"x" * 2_000_001, "text/plain", "at most 2 MB"),
        (b"# a\n\nb\n\n" * 6000, "text/markdown", "more than 5,000 passages"),
    ],
)
def test_what_cannot_be_used_is_refused_in_words(content, media_type, words):
    with pytest.raises(DocumentRefused, match=words):
        passages(content, media_type)


@pytest.mark.parametrize("tag", [b"<a ", b"</", b"<!--", b"<", b'<a "', b"<svg>", b"<h1>", b"<p>"])
def test_broken_markup_without_end_is_read_in_one_pass(tag):
    """The standard library's parser would need hours for some of these."""
    with suppress(DocumentRefused):
        passages(tag * (600_000 // len(tag)), "text/html")


def test_the_name_of_a_file_tells_what_it_is():
    names = {"a.txt": "text/plain", "B.MD": "text/markdown", "c.htm": "text/html", "d.csv": "text/csv", "e": ""}

    assert {name: media_type_of(name) for name in names} == names
