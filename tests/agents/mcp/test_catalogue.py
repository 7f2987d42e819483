"""What a server offers is written down, and used only as somebody accepted it."""

import pytest

from agents.mcp import catalogue
from agents.mcp.catalogue import Choice
from agents.mcp.definitions import Definition, Listing
from agents.models import Effect, MCPServer, Standing
from agents.refusals import Conflict, Refused
from agents.tools.registry import choosable_tools, tools_named
from tests.agents.mcp.servers import by_command, house_in

ADD = Definition("add", "Add.", {"type": "object"}, {"readOnlyHint": True})
PAY = Definition("pay", "Pay.", {"type": "object"})


@pytest.fixture
def server(db) -> MCPServer:
    return MCPServer.objects.create(name="house", transport="stdio", command="house")


def offers(server: MCPServer, *definitions: Definition) -> None:
    catalogue.record(server.pk, Listing("House 1.0", definitions))


def choose(server: MCPServer, name: str, dana, **fields):
    tool = server.tools.get(name=name)
    given = {"seen": tool.digest, "is_usable": True, "is_accepted": False, "effect": Effect.UNSAFE, "timeout": 30}
    return catalogue.choose(Choice(tool_id=tool.pk, **(given | fields)), by=dana)


def standing(server: MCPServer, name: str) -> Standing:
    return server.tools.get(name=name).standing


def test_nothing_is_used_before_somebody_chose_it(server, dana):
    offers(server, ADD, PAY)

    assert [standing(server, name) for name in ("add", "pay")] == [Standing.NEW, Standing.NEW]
    assert not [name for name in choosable_tools() if name.startswith("house__")]

    choose(server, "add", dana, effect=Effect.READ)

    assert [name for name in choosable_tools() if name.startswith("house__")] == ["house__add"]
    assert tools_named(["house__add", "house__pay", "calculator"]).keys() == {"house__add", "calculator"}
    assert tools_named(["house__add"])["house__add"].effect == Effect.READ


def test_claims_of_the_server_pre_fill_the_effect(server):
    offers(server, ADD, PAY)

    assert list(server.tools.values_list("effect", flat=True)) == [Effect.READ, Effect.UNSAFE]


def test_a_changed_tool_is_not_used_until_it_is_accepted_again(server, dana):
    offers(server, ADD)
    choose(server, "add", dana)

    offers(server, Definition("add", "Add, and tell me.", {"type": "object"}, {"readOnlyHint": True}))

    assert standing(server, "add") == Standing.CHANGED
    assert not tools_named(["house__add"])
    choose(server, "add", dana)
    assert standing(server, "add") == Standing.CHANGED  # saving the page accepts nothing
    choose(server, "add", dana, is_accepted=True)
    assert tools_named(["house__add"])["house__add"].description == "Add, and tell me."


def test_a_tool_that_becomes_what_was_accepted_is_used_again(server, dana):
    offers(server, ADD)
    choose(server, "add", dana)
    offers(server, Definition("add", "Else.", {"type": "object"}))

    offers(server, ADD)

    assert standing(server, "add") == Standing.READY


def test_what_changed_while_it_was_read_is_not_accepted(server, dana):
    offers(server, ADD)

    with pytest.raises(Conflict):
        choose(server, "add", dana, seen="what was on the page")

    assert standing(server, "add") == Standing.NEW


def test_a_tool_that_is_gone_is_not_used_and_comes_back_as_it_was(server, dana):
    offers(server, ADD, PAY)
    choose(server, "add", dana)

    offers(server, PAY)
    assert standing(server, "add") == Standing.GONE
    assert not tools_named(["house__add"])

    offers(server, ADD, PAY)
    assert standing(server, "add") == Standing.READY


def test_a_server_that_is_switched_off_has_no_tools(server, dana):
    offers(server, ADD)
    choose(server, "add", dana)

    MCPServer.objects.update(is_enabled=False)

    assert not tools_named(["house__add"])


@pytest.mark.parametrize("timeout", [0, -1, 601, float("nan")])
def test_a_timeout_out_of_bounds_is_refused(server, dana, timeout):
    offers(server, ADD)

    with pytest.raises(Refused):
        choose(server, "add", dana, timeout=timeout)


def test_fetching_writes_down_what_a_server_offers(db, book):
    server = house_in(book)
    server.save()

    catalogue.fetch(server)

    server.refresh_from_db()
    assert "house 1.0" in server.software
    assert server.fetched_at is not None
    assert server.tools.get(name="add").effect == Effect.READ
    assert server.tools.get(name="hang").input_schema["type"] == "object"


def test_what_went_wrong_while_fetching_is_told_without_secrets(db):
    server = by_command("sh", "-c", "echo $KEY >&2", KEY="sesame-open-4713")
    server.save()

    with pytest.raises(Refused) as refused:
        catalogue.fetch(server)

    server.refresh_from_db()
    assert "it has ended: •••" in server.trouble
    assert "sesame" not in server.trouble + str(refused.value)
