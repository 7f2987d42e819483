"""Documents as an administrator adds, reads and removes them, and as the command line does."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.urls import reverse

from agents.models import Agent
from memory import indexing, knowledge
from memory.models import Document, DocumentStatus

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("by_words")]


@pytest.fixture
def console(client_of, dana):
    return client_of(dana)


def add(console, **fields):
    return console.post(reverse("admin:memory_document_add"), {"called": "", "owner": "", "pasted": ""} | fields)


def errors(answer) -> str:
    return str(answer.context["adminform"].form.errors)


def test_a_file_is_stored_and_waits_for_a_worker(console):
    add(console, file=SimpleUploadedFile("Travel rules.md", b"# Hotels\nAt most 140."))

    document = Document.objects.get()
    assert (document.title, document.owner, document.status) == ("Travel rules", None, DocumentStatus.QUEUED)
    assert not document.chunks.exists()


def test_a_pasted_text_of_one_person_is_found_by_that_person_only(console, alice, bob):
    add(console, pasted="The secret word is heron.", called="Secret", owner=alice.pk)
    indexing.index_waiting()

    assert knowledge.search("secret word", user_id=alice.pk)
    assert not knowledge.search("secret word", user_id=bob.pk)


def test_a_title_that_exists_gets_the_new_content(console):
    add(console, pasted="At most 140.", called="Hotels")
    add(console, pasted="At most 200.", called="Hotels")

    assert bytes(Document.objects.get().content) == b"At most 200."


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "Choose a file or paste a text"),
        ({"file": SimpleUploadedFile("a.txt", b"a"), "pasted": "b"}, "one of the two"),
        ({"file": SimpleUploadedFile("a.png", b"\x89PNG\0")}, "Accepted are"),
        ({"file": SimpleUploadedFile("a.txt", b"x" * 5_000_001)}, "at most 5 MB"),
    ],
)
def test_what_cannot_be_used_is_refused_beside_the_form(console, fields, words):
    assert words in errors(add(console, **fields))
    assert not Document.objects.exists()


def test_a_page_shows_a_document_with_its_passages(console, keep):
    document = keep("Travel rules", "# Hotels\nAt most 140 <b>euros</b>.")

    page = console.get(reverse("admin:memory_document_change", args=[document.pk])).content.decode()

    assert "Travel rules" in page
    assert "At most 140 &lt;b&gt;euros&lt;/b&gt;." in page


def test_the_list_shows_state_owner_and_passages(console, keep, alice):
    keep("Travel rules", "# A\nOne.\n# B\nTwo.")
    keep("Mine", "Three.", owner=alice)

    page = console.get(reverse("admin:memory_document_changelist")).content.decode()

    assert all(words in page for words in ("Travel rules", "Ready", "Everybody", "Alice"))


def test_deleting_a_document_deletes_what_was_found_in_it(console, keep):
    document = keep("Travel rules", "At most 140.")

    console.post(reverse("admin:memory_document_delete", args=[document.pk]), {"post": "yes"})

    assert not Document.objects.exists()
    assert knowledge.search("at most 140", user_id=None) == []


def test_documents_are_queued_again_on_request(console, keep):
    document = keep("Travel rules", "At most 140.")

    chosen = {"action": "index_again", "_selected_action": [str(document.pk)]}
    console.post(reverse("admin:memory_document_changelist"), chosen)

    document.refresh_from_db()
    assert document.status == DocumentStatus.QUEUED


def test_nobody_but_staff_sees_documents(client_of, alice, keep):
    document = keep("Travel rules", "At most 140.")

    for page in (
        reverse("admin:memory_document_changelist"),
        reverse("admin:memory_document_change", args=[document.pk]),
    ):
        assert client_of(alice).get(page).status_code == 302


def test_the_command_adds_a_file_for_one_person(tmp_path, alice, capsys):
    path = tmp_path / "rules.txt"
    path.write_text("At most 140.")

    call_command("add_document", str(path), "--title", "Travel", "--owner", alice.email.upper())

    assert (Document.objects.get().title, Document.objects.get().owner) == ("Travel", alice)
    assert "Travel" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "owner", "words"),
    [
        ("gone.txt", "", "cannot be read"),
        ("a.png", "", "Accepted are"),
        ("a.txt", "nobody@example.org", "Nobody has the e-mail address"),
    ],
)
def test_the_command_says_in_words_what_is_wrong(tmp_path, name, owner, words):
    (tmp_path / "a.png").write_bytes(b"\x89PNG\0")
    (tmp_path / "a.txt").write_text("text")

    with pytest.raises(CommandError, match=words):
        call_command("add_document", str(tmp_path / name), "--owner", owner)


def test_a_document_for_one_agent_says_so_and_is_used_by_that_agent_alone(console):
    agent = Agent.objects.get(slug="assistant")

    add(console, pasted="The secret word is heron.", called="Secret", agent=agent.pk)
    indexing.index_waiting()

    assert knowledge.search("secret word", user_id=None, agent_id=agent.pk)
    assert not knowledge.search("secret word", user_id=None)
    page = console.get(reverse("admin:memory_document_changelist")).content.decode()
    assert '<td class="field-which_agent' in page
    assert agent.name in page


def test_an_agent_that_is_not_there_is_refused(console):
    assert "agent" in errors(add(console, pasted="The secret word is heron.", agent=10**9))


def test_the_list_hears_how_far_documents_are_and_strangers_do_not(console, client_of, alice):
    add(console, pasted="At most 140.", called="Hotels")
    document = Document.objects.get()
    address = f"{reverse('admin:memory_document_states')}?ids={document.pk}"

    before = console.get(address).json()[str(document.pk)]
    indexing.index_waiting()
    after = console.get(address).json()[str(document.pk)]

    assert ("data-at-work" in before["state"], before["passages"]) == (True, 0)
    assert ("Ready to ask" in after["state"], after["passages"]) == (True, 1)
    assert console.get(reverse("admin:memory_document_states") + "?ids=x").json() == {}
    assert client_of(alice).get(address).status_code == 302
