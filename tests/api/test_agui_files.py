"""Documents that come with a question by AG-UI's door."""

from uuid import uuid4

from accounts.models import User
from agents.models import Attachment, Run
from memory import indexing, knowledge
from tests.api.agui_client import Client
from tests.llm import ScriptedLLM
from tests.stack import Stack


def test_a_client_names_its_documents_in_what_it_forwards(live_stack: Stack, alice: User, llm: ScriptedLLM) -> None:
    document = knowledge.add_document(title="pay.diff", content=b"-a\n+b", media_type="", owner_id=alice.pk)
    indexing.read_document(document.pk)
    llm.reply("One finding.")

    stream = Client(live_stack, alice).run("Review this", forwardedProps={"attachments": [str(document.pk)]})
    stream.rest()

    assert stream.text() == "One finding."
    assert "-a\n+b" in llm.requests[0].messages[-1]["content"]
    assert Attachment.objects.get(message__run__user=alice).name == "pay.diff"


def test_what_is_no_document_of_theirs_is_refused(live_stack: Stack, alice: User) -> None:
    for wrong in ([str(uuid4())], ["x"], "x", [7], {"a": 1}):
        stream = Client(live_stack, alice).run("Review this", forwardedProps={"attachments": wrong})
        assert stream.refusal[0] == 422, wrong
    assert not Run.objects.filter(user=alice).exists()
