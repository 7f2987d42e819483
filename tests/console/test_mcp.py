"""MCP servers in the console: who may add one, what is chosen of it, and what never comes out again."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from accounts.models import User
from agents.mcp import catalogue
from agents.mcp.definitions import Definition, Listing
from agents.mcp.server import Server
from agents.models import Effect, MCPServer, Standing
from tests.agents.mcp.servers import house_in

ClientOf = Callable[[User], Client]
LIST = "/admin/agents/mcpserver/"
ADD = Definition("add", "Add two numbers.", {"type": "object"}, {"readOnlyHint": True})
AT_A_URL = {"name": "house", "transport": "http", "url": "http://tools:8000/mcp", "is_enabled": "on"}
AS_A_COMMAND = {"name": "house", "transport": "stdio", "command": "house", "is_enabled": "on"}


@pytest.fixture
def admin(dana: User, client_of: ClientOf) -> Client:
    """Dana's browser."""
    return client_of(dana)


@pytest.fixture
def server(rows: None) -> MCPServer:
    """A server that offers one tool, which nobody has chosen yet."""
    made = MCPServer.objects.create(name="house", transport="http", url="http://tools:8000/mcp")
    catalogue.record(made.pk, Listing("House 1.0", (ADD,)))
    return made


def tools_of(server: MCPServer) -> str:
    return f"{LIST}{server.pk}/tools/"


def said(server: MCPServer, **fields: str) -> dict[str, str]:
    """What the form over the server's only tool sends."""
    tool = server.tools.get()
    given = {"seen": tool.digest, "effect": "read", "timeout": "10"} | fields
    return {f"{name}-{tool.pk}": value for name, value in given.items()}


def test_where_there_is_no_server_the_next_step_is_offered(admin: Client) -> None:
    page = admin.get(LIST).content.decode()

    assert "No MCP server yet" in page
    assert f'href="{LIST}add/"' in page


def test_a_server_is_added_with_secrets_that_nobody_reads_again(admin: Client) -> None:
    secrets = "Authorization: Bearer sesame-open-1\r\nX-Team: blue-sesame-2"

    added = admin.post(f"{LIST}add/", AT_A_URL | {"secrets": secrets})

    server = MCPServer.objects.get()
    assert (added.status_code, added["Location"]) == (302, tools_of(server))
    assert dict(Server.of(server).secrets) == {"Authorization": "Bearer sesame-open-1", "X-Team": "blue-sesame-2"}
    pages = [admin.get(page).content.decode() for page in (LIST, tools_of(server), f"{LIST}{server.pk}/change/")]
    assert "Authorization" in pages[1] and "X-Team" in pages[2]
    kept = "".join(pages) + str(server.secrets) + str(list(LogEntry.objects.values()))
    assert "sesame" not in kept


def test_secrets_stay_until_they_are_replaced_or_forgotten(admin: Client) -> None:
    admin.post(f"{LIST}add/", AT_A_URL | {"secrets": "A: one\nB: two\nC: three"})
    page = f"{LIST}{MCPServer.objects.get().pk}/change/"

    admin.post(page, AT_A_URL | {"secrets": "B: other", "forgotten": "C"})

    assert dict(Server.of(MCPServer.objects.get()).secrets) == {"A": "one", "B": "other"}


def test_the_secrets_of_one_way_are_not_taken_along_to_the_other(admin: Client) -> None:
    admin.post(f"{LIST}add/", AT_A_URL | {"secrets": "A: one"})

    admin.post(f"{LIST}{MCPServer.objects.get().pk}/change/", AS_A_COMMAND | {"secrets": "KEY=two"})

    assert dict(Server.of(MCPServer.objects.get()).secrets) == {"KEY": "two"}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (AT_A_URL | {"name": "My House"}, "small letters"),
        (AT_A_URL | {"name": "a__b"}, "small letters"),
        (AT_A_URL | {"url": ""}, "Write the address"),
        (AT_A_URL | {"url": "tools:8000"}, "Write a whole address"),
        (AT_A_URL | {"url": "file:///etc/passwd"}, "Write a whole address"),
        (AT_A_URL | {"url": "https://me:sesame@tools/mcp"}, "Put the password into a header"),
        (AT_A_URL | {"secrets": "sesame"}, "Line 1 does not have the form Name: value."),
        (AT_A_URL | {"secrets": "Host: sesame"}, "The header Host is set by Plumbline itself."),
        (AT_A_URL | {"secrets": "Key: sésame"}, "has signs that cannot be sent"),
        (AS_A_COMMAND | {"command": ""}, "Name the program"),
        (AS_A_COMMAND | {"secrets": "2KEY=sesame"}, "Line 1 does not have the form NAME=value."),
    ],
)
def test_what_cannot_be_is_refused_in_words_without_what_was_typed_in_secret(
    admin: Client, given: dict[str, str], words: str
) -> None:
    answer = admin.post(f"{LIST}add/", given)

    page = answer.content.decode()
    assert answer.status_code == 400
    assert words in page
    assert "sesame" not in page.replace("https://me:sesame@tools/mcp", "")
    assert not MCPServer.objects.exists()


def test_a_name_cannot_be_changed(admin: Client, server: MCPServer) -> None:
    admin.post(f"{LIST}{server.pk}/change/", AT_A_URL | {"name": "palace"})

    assert MCPServer.objects.get().name == "house"


def test_an_operator_sees_servers_but_changes_nothing(console: Client, server: MCPServer) -> None:
    page = console.get(tools_of(server)).content.decode()

    assert "Add two numbers." in page
    assert "Fetch tools" not in page
    assert console.get(LIST).status_code == 200
    for path in (f"{LIST}add/", f"{LIST}{server.pk}/change/", f"{LIST}{server.pk}/delete/"):
        assert console.get(path).status_code == 403
    for path in (f"{LIST}add/", f"{LIST}{server.pk}/change/", f"{LIST}{server.pk}/fetch/", tools_of(server)):
        assert console.post(path, AS_A_COMMAND).status_code == 403
    assert server.tools.get().standing == Standing.NEW


def test_others_of_the_staff_see_none(server: MCPServer, client_of: ClientOf, alice: User) -> None:
    alice.is_staff = True
    alice.save()

    assert client_of(alice).get(LIST).status_code == 403
    assert client_of(alice).get(tools_of(server)).status_code == 403


def test_fetched_tools_are_shown_with_what_they_say(admin: Client, tmp_path: Path, rows: None) -> None:
    server = house_in(tmp_path)
    server.save()

    page = admin.post(f"{LIST}{server.pk}/fetch/", follow=True).content.decode()

    for words in ("house offers", "house 1.0", "Write a line into the book.", "says it only reads", "house__add"):
        assert words in page


def test_a_server_that_cannot_be_reached_says_why(admin: Client, rows: None) -> None:
    server = MCPServer.objects.create(name="house", transport="stdio", command="no-such-command")

    page = admin.post(f"{LIST}{server.pk}/fetch/", follow=True).content.decode()

    assert "Its tools could not be fetched: there is no command &#x27;no-such-command&#x27; on this machine." in page
    assert "In trouble" in admin.get(LIST).content.decode()


def test_a_tool_is_chosen_with_an_effect_and_a_timeout(admin: Client, server: MCPServer, dana: User) -> None:
    admin.post(tools_of(server), said(server, use="on"))

    tool = server.tools.get()
    assert (tool.standing, tool.effect, tool.timeout, tool.accepted_by) == (Standing.READY, Effect.READ, 10, dana)
    assert "house__add: chosen, timeout 10 s, definition accepted" in LogEntry.objects.latest("pk").change_message
    assert "1 of 1" in admin.get(LIST).content.decode()


def test_a_changed_tool_is_flagged_and_shows_what_was_changed(admin: Client, server: MCPServer) -> None:
    admin.post(tools_of(server), said(server, use="on"))
    changed = Definition("add", "Add two numbers, and tell me.", ADD.input_schema, ADD.annotations)
    catalogue.record(server.pk, Listing("House 1.0", (changed,)))

    assert "Needs a look" in admin.get(LIST).content.decode()
    page = admin.get(tools_of(server)).content.decode()
    assert "<del>Add two numbers.</del>" in page
    assert "<ins>Add two numbers, and tell me.</ins>" in page

    admin.post(tools_of(server), said(server, use="on"))
    assert server.tools.get().standing == Standing.CHANGED
    admin.post(tools_of(server), said(server, use="on", accept="on"))
    assert server.tools.get().standing == Standing.READY


def test_a_tool_that_is_gone_is_flagged_until_it_is_forgotten(admin: Client, server: MCPServer) -> None:
    admin.post(tools_of(server), said(server, use="on"))
    catalogue.record(server.pk, Listing("House 1.0", ()))
    assert "Needs a look" in admin.get(LIST).content.decode()
    assert "does not offer it any more" in admin.get(tools_of(server)).content.decode()

    admin.post(tools_of(server), {f"drop-{server.tools.get().pk}": "on"})

    assert not server.tools.exists()


def test_a_tool_that_is_there_cannot_be_forgotten(admin: Client, server: MCPServer) -> None:
    admin.post(tools_of(server), {f"drop-{server.tools.get().pk}": "on"})

    assert server.tools.exists()


def test_what_was_changed_while_it_was_read_is_not_accepted(admin: Client, server: MCPServer) -> None:
    answer = admin.post(tools_of(server), said(server, use="on", seen="an older one"))

    assert answer.status_code == 409
    assert "was changed while you looked at it" in answer.content.decode()
    assert server.tools.get().standing == Standing.NEW


@pytest.mark.parametrize("wrong", [{"effect": "harmless"}, {"timeout": "soon"}, {"timeout": "0"}])
def test_a_wrong_effect_or_timeout_is_refused(admin: Client, server: MCPServer, wrong: dict[str, str]) -> None:
    assert admin.post(tools_of(server), said(server, use="on", **wrong)).status_code == 400
    assert server.tools.get().standing == Standing.NEW


def test_words_of_a_server_are_only_words(admin: Client, server: MCPServer) -> None:
    hostile = Definition("add", "<script>alert(1)</script>", ADD.input_schema)
    catalogue.record(server.pk, Listing("<img src=x>", (hostile,)))

    page = admin.get(tools_of(server)).content.decode()

    assert not re.search("<script>alert|<img src=x", page)


def test_a_removed_server_takes_its_tools_with_it(admin: Client, server: MCPServer) -> None:
    assert "house" in admin.get(f"{LIST}{server.pk}/delete/").content.decode()

    admin.post(f"{LIST}{server.pk}/delete/", {"post": "yes"})

    assert not MCPServer.objects.exists()


def test_a_link_leads_to_the_calls_that_went_wrong(admin: Client, server: MCPServer) -> None:
    page = admin.get(tools_of(server)).content.decode()
    wrong = re.search(r'href="([^"]+)">that went wrong<', page)

    assert wrong
    assert admin.get(wrong[1].replace("&amp;", "&")).status_code == 200
