"""The pages of the chat and the small things they ask for by POST."""

import json
import re
import uuid
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from agents.models import Agent, Message, Role, Run, Thread
from chat.models import Conversation, Feedback

pytestmark = pytest.mark.django_db


def talk(owner, title="About leases", *, said="What is a lease?", pinned=False, age=timedelta(0)) -> Conversation:
    """A conversation with one question."""
    agent = Agent.objects.get(slug="assistant")
    thread = Thread.objects.create(owner=owner, agent=agent)
    run = Run.objects.create(thread=thread, position=1, agent_version=agent.live, user=owner, status="completed")
    Message.objects.create(run=run, position=1, role=Role.USER, text=said)
    conversation = Conversation.objects.create(thread=thread, owner=owner, title=title, is_pinned=pinned)
    Conversation.objects.filter(pk=conversation.pk).update(updated_at=timezone.now() - age)
    return conversation


def post(client: Client, path: str, **data):
    return client.post(path, json.dumps(data), content_type="application/json")


def page_data(answer) -> dict:
    found = re.search(
        r'<script id="page-data" type="application/json">(.*?)</script>', answer.content.decode(), re.DOTALL
    )
    assert found
    return json.loads(found[1])


# Pages


def test_the_first_page_offers_an_agent_and_questions(client_of, alice):
    data = page_data(client_of(alice).get("/"))

    assert data["threadId"] is None
    assert data["agents"][0]["suggestions"]
    assert not data["canConnect"]


def test_a_conversation_opens_with_what_was_said(client_of, alice):
    conversation = talk(alice)

    answer = client_of(alice).get(f"/c/{conversation.id}/")

    assert "About leases" in answer.content.decode()
    assert [event["type"] for event in page_data(answer)["events"]][:2] == ["RUN_STARTED", "TEXT_MESSAGE_START"]


def test_what_was_said_cannot_break_out_of_the_page_data(client_of, alice):
    conversation = talk(alice, said="</script><script>alert(1)</script>", title="</title><script>alert(1)</script>")

    page = client_of(alice).get(f"/c/{conversation.id}/").content.decode()

    assert "<script>alert" not in page


def test_nobody_is_let_in_without_logging_in(client, alice):
    conversation = talk(alice)

    for path in ("/", f"/c/{conversation.id}/", "/c/search"):
        assert client.get(path)["Location"].startswith("/accounts/log-in/")


def test_the_page_allows_no_script_but_its_own(client_of, alice):
    answer = client_of(alice).get("/")

    policy = answer["Content-Security-Policy"]
    nonce = re.search(r"'nonce-([^']+)'", policy)
    assert nonce and "unsafe" not in policy
    scripts = re.findall(r"<script\b[^>]*>", answer.content.decode())
    assert all(f'nonce="{nonce[1]}"' in script or "application/json" in script for script in scripts)
    assert not re.search(r"\sstyle=|<style|\son\w+=", answer.content.decode())


# What others own


OTHERS = ["rename", "pin", "delete"]


@pytest.mark.parametrize("deed", OTHERS)
def test_a_stranger_finds_no_conversation(client_of, alice, charlie, deed):
    conversation = talk(alice)

    assert post(client_of(alice), f"/c/{talk(alice).id}/{deed}", title="Mine", isPinned=True).status_code == 200
    assert post(client_of(charlie), f"/c/{conversation.id}/{deed}", title="Mine", isPinned=True).status_code == 404
    assert client_of(charlie).get(f"/c/{conversation.id}/").status_code == 404
    conversation.refresh_from_db()
    assert (conversation.title, conversation.is_pinned) == ("About leases", False)


def test_a_stranger_cannot_rate_an_answer(client_of, alice, charlie):
    run = talk(alice).thread.runs.get()

    assert post(client_of(charlie), f"/runs/{run.pk}/feedback", isPositive=True).status_code == 404
    assert post(client_of(alice), f"/runs/{run.pk}/feedback", isPositive=True).status_code == 200
    assert Feedback.objects.get().author == alice


def test_a_stranger_finds_nothing_of_others(client_of, alice, charlie):
    talk(alice)

    assert "About leases" in client_of(alice).get("/c/search?q=lease").content.decode()
    assert "About leases" not in client_of(charlie).get("/c/search?q=lease").content.decode()


def test_a_post_from_another_site_is_refused(alice):
    conversation, client = talk(alice), Client(enforce_csrf_checks=True)
    client.force_login(alice)

    assert post(client, f"/c/{conversation.id}/delete").status_code == 403
    assert Conversation.objects.filter(pk=conversation.pk).exists()


# The list


def test_the_list_has_the_pinned_first_then_today_then_earlier(client_of, alice):
    talk(alice, "Of last week", age=timedelta(days=7))
    talk(alice, "Kept at hand", pinned=True, age=timedelta(days=9))
    talk(alice, "Of now")

    page = client_of(alice).get("/c/search").content.decode()

    order = re.findall(r"Pinned|Kept at hand</span>|Today|Of now</span>|Earlier|Of last week</span>", page)
    assert order == ["Pinned", "Kept at hand</span>", "Today", "Of now</span>", "Earlier", "Of last week</span>"]


def test_a_search_finds_titles_and_what_was_said(client_of, alice):
    talk(alice, "About leases", said="What is it?")
    talk(alice, "Another", said="Tell me about leases & more, please.")
    talk(alice, "Unrelated", said="Something else")

    page = client_of(alice).get("/c/search?q=LEASES").content.decode()

    assert "About leases" in page
    assert "Tell me about leases &amp; more" in page
    assert "Unrelated" not in page


def test_a_search_without_a_result_says_so(client_of, alice):
    assert "Nothing found for “zebra”" in client_of(alice).get("/c/search?q=zebra").content.decode()


def test_a_long_list_is_read_page_by_page_and_shows_each_once(client_of, alice, django_assert_max_num_queries):
    for number in range(60):
        talk(alice, f"Number {number:02}", age=timedelta(minutes=number))
    client = client_of(alice)

    with django_assert_max_num_queries(6):
        first = client.get("/c/search").content.decode()
    before = re.search(r'data-before="([^"]+)"', first)
    assert before
    second = client.get("/c/search", {"before": before[1]}).content.decode()

    titles = re.findall(r"Number \d\d(?=</span>)", first + second)
    assert titles == [f"Number {number:02}" for number in range(60)]
    assert "data-before" not in second


# Deeds


def test_a_title_can_be_changed_but_not_emptied(client_of, alice):
    conversation = talk(alice)

    assert post(client_of(alice), f"/c/{conversation.id}/rename", title="Leases").json() == {"title": "Leases"}
    refused = post(client_of(alice), f"/c/{conversation.id}/rename", title="  ")

    assert (refused.status_code, refused.json()) == (400, {"error": "A conversation needs a title."})
    assert Conversation.objects.get().title == "Leases"


def test_a_conversation_is_pinned_and_unpinned(client_of, alice):
    conversation = talk(alice)

    for is_pinned in (True, False):
        assert post(client_of(alice), f"/c/{conversation.id}/pin", isPinned=is_pinned).json() == {"isPinned": is_pinned}
        assert Conversation.objects.get().is_pinned == is_pinned


def test_a_deleted_conversation_is_gone_with_all_that_was_said(client_of, alice):
    conversation = talk(alice)

    post(client_of(alice), f"/c/{conversation.id}/delete")

    assert not Thread.objects.exists()
    assert client_of(alice).get(f"/c/{conversation.id}/").status_code == 404


def test_a_thumb_can_be_given_changed_explained_and_taken_back(client_of, alice):
    conversation, client = talk(alice), client_of(alice)
    run = conversation.thread.runs.get()
    path = f"/runs/{run.pk}/feedback"

    post(client, path, isPositive=True)
    post(client, path, isPositive=False, comment="It is 30 seconds.")

    told = page_data(client.get(f"/c/{conversation.id}/"))["feedback"]
    assert told == {str(run.pk): {"isPositive": False, "comment": "It is 30 seconds."}}
    post(client, path, isPositive=None)
    assert not Feedback.objects.exists()


@pytest.mark.parametrize("body", ["not json", "[]", '"text"'])
def test_what_is_no_json_object_is_refused_in_words(client_of, alice, body):
    answer = client_of(alice).post(f"/c/{talk(alice).id}/rename", body, content_type="application/json")

    assert answer.status_code == 400
    assert "JSON" in answer.json()["error"]


def test_only_an_administrator_connects_a_model(client_of, alice, dana, settings):
    settings.OPENAI_API_KEY = settings.OPENAI_BASE_URL = ""
    wanted = {"baseUrl": "http://127.0.0.1:9/v1", "apiKey": "sk-test", "llmName": "some-model"}

    assert post(client_of(alice), "/connection", **wanted).status_code == 403
    report = post(client_of(dana), "/connection", **wanted).json()

    assert not report["isOk"]
    assert report["words"]


def test_a_connection_needs_an_address_and_a_name(client_of, dana):
    refused = post(client_of(dana), "/connection", baseUrl="not an address", llmName="").json()["error"]

    assert "not an address" in refused
    assert "Which model" in refused


def test_an_unknown_conversation_has_a_page_that_says_so(client_of, alice):
    answer = client_of(alice).get(f"/c/{uuid.uuid4()}/")

    assert answer.status_code == 404
    assert "This page does not exist" in answer.content.decode()
