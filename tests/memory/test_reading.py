"""From files to passages and the places they stand at."""

from contextlib import suppress

import pytest

from memory.chunking import TARGET_CHARS, Piece, cut
from memory.reading import DocumentRefused, apart, kind_of, media_type_of, read
from tests.memory import files


def passages(content: str | bytes, declared: str = "") -> list[Piece]:
    written = content.encode() if isinstance(content, str) else content
    return cut(read(written, kind_of(written, declared)).sections)


def whole(content: bytes, declared: str = "") -> str:
    return read(content, kind_of(content, declared)).text


def test_passages_of_a_pdf_know_their_page():
    assert passages(files.pdf("Hotels cost\nat most 140.", "Flights are book-\ned early.")) == [
        Piece("", "Hotels cost\nat most 140.", 1),
        Piece("", "Flights are booked early.", 2),
    ]


def test_passages_of_a_word_file_know_their_headings_and_keep_rows_together():
    written = files.docx("# Travel", "Book early.", "## Hotels", "At most 140.", "City|Limit\nRome|150\nOslo|200")

    assert passages(written) == [
        Piece("Travel", "Book early."),
        Piece("Travel › Hotels", "At most 140.\n\nCity | Limit\nRome | 150\nOslo | 200"),
    ]


def test_the_whole_text_is_kept_as_it_is_read():
    diff = b"--- a.py\n+++ b.py\n@@ -1,2 +1,2 @@\n-x = 1\n+x = 2\n\n\n print(x)\n"

    assert whole(diff, "text/x-diff") == diff.decode()
    assert whole(files.pdf("One.", "Two.")) == "[Page 1]\n\nOne.\n\n[Page 2]\n\nTwo."
    assert whole(files.docx("# Travel", "Early.")) == "# Travel\n\nEarly."


def test_what_a_file_is_its_content_tells_and_not_its_name():
    assert kind_of(files.pdf("One."), "text/plain") == "application/pdf"
    assert kind_of(files.docx("One."), "application/pdf").endswith("wordprocessingml.document")
    assert kind_of(b"<!DOCTYPE html><p>One.", "text/plain") == "text/html"
    assert kind_of(b"print(1)", "application/pdf") == "text/plain"
    assert kind_of(b"# One", "text/markdown; charset=utf-8") == "text/markdown"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (files.locked(files.pdf("Secret")), "locked with a password"),
        (files.pdf("", ""), "text recognition"),
        (files.pdf("One.")[:150], "damaged"),
        (files.pdf_with_a_bomb(1_000_000_000), "PDF"),
        (files.pdf(*["One."] * 2_001), "2,001 pages; at most 2,000"),
        (files.packed({"word/document.xml": b"<a>" + b" " * 120_000_000}), "unpacks to more than 100 MB"),
        (files.packed({"word/notes.txt": "One."}), "damaged"),
        (files.packed({"notes.txt": "One."}), "Archives"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 and so on", "old Office file"),
        (b"\x89PNG\r\n\x1a\n\0\0", "not a text file"),
    ],
    ids=lambda value: value if isinstance(value, str) else "file",
)
def test_a_hostile_or_useless_file_ends_in_a_sentence(content, words):
    with pytest.raises(DocumentRefused, match=words):
        passages(content)


def test_a_reader_that_takes_too_long_is_stopped():
    with pytest.raises(DocumentRefused, match="takes too long"):
        apart.read(b"One.", "text/plain", seconds=0)


def test_a_reader_that_breaks_down_harms_nobody_and_says_so():
    with pytest.raises(DocumentRefused, match="damaged"):
        apart.read(b"One.", "no/such kind")


def test_halves_of_characters_never_reach_the_database():
    assert passages("a\udc80b".encode("utf-8", "surrogatepass")) != []


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
        (b"%PDF-1.7", "application/pdf", "damaged"),
        (b"\x00\x01\x02 binary", "text/plain", "not a text file"),
        (b"  \n ", "text/plain", "is empty"),
        (b"<p> </p>", "text/html", "no text"),
        (b"x" * 5_000_001, "text/plain", "at most 5 MB"),
        (b"# a\n\nb\n\n" * 11_000, "text/markdown", "more than 10,000 passages"),
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
