"""The pages of documents, and files fetched again: for those who may read them, and never as a page."""

import uuid

import pytest

from agents.models import Attachment
from memory import indexing, knowledge
from memory.models import Document

pytestmark = pytest.mark.django_db
EVIL = "<!doctype html><script>alert(1)</script><h1>Rules</h1><p>At most 140."


@pytest.fixture
def keep(rows):
    def keeping(owner, title="Rules", text=EVIL, agent_id=None) -> Document:
        document = knowledge.add_document(
            title=title,
            content=text.encode(),
            media_type="text/markdown",
            owner_id=owner.pk if owner else None,
            agent_id=agent_id,
        )
        indexing.read_document(document.pk)
        return document

    return keeping


@pytest.fixture
def attached(keep, alice, program_of):
    """A file that came with a question of Alice."""
    asked = {"text": "Review this", "attachments": [str(keep(alice).pk)]}
    assert program_of(alice).post("/api/runs", asked, "application/json").status_code == 201
    return Attachment.objects.get()


def test_the_list_shows_own_documents_with_their_state_and_the_shared_ones_by_title(client_of, keep, alice, bob):
    keep(alice, "Mine"), keep(bob, "Of Bob"), keep(None, "Of all")

    page = client_of(alice).get("/documents/").content.decode()

    assert "Mine" in page
    assert "Indexing · 0 of 1 passages" in page
    assert page.index("Shared with everybody") < page.index("Of all")
    assert "Of Bob" not in page


def test_an_empty_list_offers_the_next_step(client_of, alice):
    page = client_of(alice).get("/documents/").content.decode()

    assert "Nothing here yet" in page
    assert "Add files" in page


def test_a_passage_is_opened_where_it_stands(client_of, keep, alice):
    text = "\n".join(f"# Part {number}\nSentence {number}." for number in range(100))
    document = keep(alice, text=text)

    page = client_of(alice).get(f"/documents/{document.pk}/?passage=57").content.decode()

    assert '<li id="passage-57" class="is-asked" tabindex="-1">' in page
    assert "Sentence 57." in page
    assert 'id="passage-39"' not in page
    assert 'href="?passage=80"' in page
    assert 'href="?passage=0"' in page


@pytest.mark.parametrize("query", ["passage=-1", "passage=x", "passage=99999999999", "passage=%00", "before=x"])
def test_a_passage_that_is_not_there_is_no_error(client_of, keep, alice, query):
    assert client_of(alice).get(f"/documents/{keep(alice).pk}/?{query}").status_code == 200
    assert client_of(alice).get(f"/documents/list?{query}").status_code == 200


def test_what_stands_in_a_document_is_shown_as_text_and_fetched_as_a_file(client_of, keep, alice):
    document = keep(alice, 'R"ules\n<b>.html')
    browser = client_of(alice)

    page = browser.get(f"/documents/{document.pk}/").content.decode()
    file = browser.get(f"/documents/{document.pk}/file")

    assert "<script>alert" not in page
    assert "At most 140." in page
    assert file.content.decode() == EVIL
    assert_is_a_download(file)


def assert_is_a_download(answer) -> None:
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"].startswith("attachment; filename")
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_a_shared_document_is_opened_by_everybody_and_that_of_one_agent_too(client_of, keep, charlie):
    for document in (keep(None), keep(None, "For seven", agent_id=7)):
        assert client_of(charlie).get(f"/documents/{document.pk}/").status_code == 200


def test_nobody_opens_a_document_of_somebody_else(client_of, keep, alice, charlie, dana, client):
    document = keep(alice)

    for path in (f"/documents/{document.pk}/", f"/documents/{document.pk}/file"):
        assert client_of(alice).get(path).status_code == 200
        assert client_of(charlie).get(path).status_code == 404
        assert client_of(dana).get(path).status_code == 404
        assert client.get(path).status_code == 302
    assert client_of(alice).get(f"/documents/{uuid.uuid4()}/").status_code == 404


def test_an_attached_file_is_fetched_again_by_those_who_see_its_message(client_of, attached, alice, charlie, client):
    path = f"/attachments/{attached.pk}/"

    answer = client_of(alice).get(path)

    assert answer.content.decode() == EVIL
    assert_is_a_download(answer)
    assert client_of(charlie).get(path).status_code == 404
    assert client.get(path).status_code == 302


def test_once_its_document_is_gone_or_another_what_the_agent_read_of_it_is_fetched(client_of, attached, alice):
    path = f"/attachments/{attached.pk}/"
    knowledge.add_document(title="Rules", content=b"Something else.", media_type="", owner_id=alice.pk)
    replaced = client_of(alice).get(path)
    knowledge.delete_document(attached.document_id)
    deleted = client_of(alice).get(path)

    for answer in (replaced, deleted):
        assert answer.content.decode() == "# Rules\n\nAt most 140."
        assert 'filename="Rules.txt"' in answer["Content-Disposition"]
