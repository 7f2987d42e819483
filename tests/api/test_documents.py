"""Documents by REST: sent, followed, read passage by passage, deleted; and nobody else's."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import Scope, User
from memory import indexing, knowledge
from memory.models import Chunk, Document
from tests.api.programs import ProgramOf
from tests.memory import files

Keep = Callable[..., Document]


def send(program: Client, name: str, content: bytes, **fields: str) -> Any:
    return program.post("/api/documents", {"file": SimpleUploadedFile(name, content), **fields})


def kept(owner: User | None, title: str = "Rules", text: str = "# Hotels\nAt most 140.\n# Flights\nEarly.") -> Document:
    document = knowledge.add_document(
        title=title, content=text.encode(), media_type="text/markdown", owner_id=owner.pk if owner else None
    )
    indexing.read_document(document.pk)
    return document


def test_a_file_is_sent_read_and_followed(alice: User, program_of: ProgramOf) -> None:
    program = program_of(alice)

    answer = send(program, "Travel rules.pdf", files.pdf("At most 140.", "Early."))
    made = answer.json()
    indexing.read_document(made["id"])
    document = program.get(f"/api/documents/{made['id']}").json()

    assert (answer.status_code, made["title"], made["state"], made["isReadable"]) == (
        201, "Travel rules.pdf", "Reading", False,
    )  # fmt: skip
    assert (document["isReadable"], document["passages"], document["isShared"]) == (True, 2, False)
    passages = program.get(f"/api/documents/{made['id']}/passages?after=0").json()
    assert passages == [{"position": 1, "place": "", "page": 2, "text": "Early."}]


def test_the_same_file_again_is_the_same_document_and_a_title_is_replaced(alice: User, program_of: ProgramOf) -> None:
    program = program_of(alice)
    first = send(program, "a.txt", b"One.").json()

    again = send(program, "b.txt", b"One.").json()
    replaced = send(program, "new.txt", b"Two.", title="a.txt").json()

    assert first["id"] == again["id"] == replaced["id"]
    assert bytes(Document.objects.get().content) == b"Two."


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.png", b"\x89PNG\r\n\0", "not a text file"),
        ("a.txt", b" ", "is empty"),
        ("a.zip", files.packed({"a": "b"}), "Archives"),
        ("a.txt", b"x" * 5_000_001, "at most 5 MB"),
        ("a.pdf", b"%PDF-" + b"x" * 20_000_000, "20 MB"),
    ],
)
def test_what_cannot_be_used_is_refused_in_words(
    alice: User, program_of: ProgramOf, name: str, content: bytes, words: str
) -> None:
    answer = send(program_of(alice), name, content)

    assert answer.status_code == 422
    assert words in answer.json()["error"]
    assert not Document.objects.exists()


def test_a_name_with_a_path_and_one_of_nothing_become_plain_titles(alice: User, program_of: ProgramOf) -> None:
    assert send(program_of(alice), "../../etc/passwd", b"One.").json()["title"] == "passwd"
    assert send(program_of(alice), " \n ", b"Two.", title=" ").json()["title"]


def test_without_a_file_there_is_nothing_to_keep(alice: User, program_of: ProgramOf) -> None:
    assert program_of(alice).post("/api/documents", {"title": "Rules"}).status_code == 422


def test_a_person_lists_their_own_and_reads_the_shared_ones(alice: User, bob: User, program_of: ProgramOf) -> None:
    mine, of_bob, shared = kept(alice), kept(bob), kept(None)
    program = program_of(alice)

    listed = [each["id"] for each in program.get("/api/documents").json()["items"]]

    assert listed == [str(mine.pk)]
    assert program.get(f"/api/documents/{shared.pk}").json()["isShared"] is True
    assert len(program.get(f"/api/documents/{shared.pk}/passages").json()) == 2
    assert program.get(f"/api/documents/{of_bob.pk}").status_code == 404


def test_a_document_of_somebody_else_is_as_unknown_as_one_that_never_was(
    alice: User, charlie: User, program_of: ProgramOf
) -> None:
    document, program = kept(alice), program_of(charlie)

    for path in ("/api/documents/{}", "/api/documents/{}/passages"):
        told = [program.get(path.format(each)) for each in (document.pk, uuid4())]
        assert [answer.status_code for answer in told] == [404, 404]
        assert told[0].json() == told[1].json()
    assert program.delete(f"/api/documents/{document.pk}").status_code == 404
    assert Document.objects.filter(pk=document.pk).exists()


def test_a_shared_document_is_not_deleted_by_everybody(alice: User, program_of: ProgramOf) -> None:
    shared = kept(None)

    assert program_of(alice).delete(f"/api/documents/{shared.pk}").status_code == 404
    assert Document.objects.filter(pk=shared.pk).exists()


def test_deleting_takes_all_passages_along(alice: User, program_of: ProgramOf) -> None:
    document = kept(alice)

    assert program_of(alice).delete(f"/api/documents/{document.pk}").status_code == 204
    assert not Chunk.objects.exists()
    assert program_of(alice).delete(f"/api/documents/{document.pk}").status_code == 404


def test_a_token_that_may_only_read_neither_adds_nor_deletes(alice: User, program_of: ProgramOf) -> None:
    document, reader = kept(alice), program_of(alice, Scope.READ)

    assert send(reader, "a.txt", b"One.").status_code == 403
    assert reader.delete(f"/api/documents/{document.pk}").status_code == 403
    assert reader.get(f"/api/documents/{document.pk}").status_code == 200
