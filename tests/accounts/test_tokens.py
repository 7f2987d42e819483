"""API tokens: made on a person's page or by the command, shown once, taken back."""

from collections.abc import Callable
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import ApiToken, Scope, User
from accounts.tokens import create_token, token_of

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]
PAGE = reverse("accounts:tokens")
NEW = {"name": "Nightly report", "scopes": ["read", "run"], "days": "30"}


def secret_on(page: str) -> str:
    return page.partition('id="made-secret"')[2].partition(">")[2].partition("<")[0]


def made_by_command(*arguments: str) -> list[str]:
    out = StringIO()
    call_command("api_token", *arguments, stdout=out)
    return out.getvalue().splitlines()


def test_a_new_token_is_shown_once_and_works(alice: User, client_of: ClientOf) -> None:
    browser = client_of(alice)

    answer = browser.post(PAGE, NEW)

    secret = secret_on(answer.content.decode())
    token = token_of(secret)
    assert token is not None
    assert (token.user, token.scopes) == (alice, ["read", "run"])
    assert timedelta(days=29) < token.expires_at - timezone.now() < timedelta(days=31)
    assert "no-store" in answer["Cache-Control"]
    later = browser.get(PAGE).content.decode()
    assert token.prefix in later
    assert secret not in later


def test_only_a_hash_of_the_secret_is_kept(alice: User) -> None:
    token, secret = create_token(user=alice, name="Any", scopes=[Scope.READ])

    assert len(secret) > 50
    assert all(secret not in str(value) for value in ApiToken.objects.filter(pk=token.pk).values_list()[0])


def test_sending_the_form_again_makes_no_second_token(alice: User, client_of: ClientOf) -> None:
    client_of(alice).post(PAGE, NEW)

    answer = client_of(alice).post(PAGE, NEW)

    assert "You have a token called “Nightly report” already." in answer.content.decode()
    assert ApiToken.objects.count() == 1


def test_the_same_name_is_free_for_somebody_else(alice: User, bob: User, client_of: ClientOf) -> None:
    client_of(alice).post(PAGE, NEW)
    client_of(bob).post(PAGE, NEW)

    assert {token.user for token in ApiToken.objects.all()} == {alice, bob}


@pytest.mark.parametrize("wrong", [{"name": ""}, {"scopes": []}, {"scopes": ["all"]}, {"days": "9999"}])
def test_a_form_that_makes_no_sense_makes_no_token(alice: User, client_of: ClientOf, wrong: dict[str, object]) -> None:
    answer = client_of(alice).post(PAGE, NEW | wrong)

    assert answer.context["form"].errors.keys() == wrong.keys()
    assert not ApiToken.objects.exists()


def test_a_revoked_token_is_refused_from_then_on(alice: User, client_of: ClientOf) -> None:
    token, secret = create_token(user=alice, name="Lost", scopes=[Scope.READ])

    page = client_of(alice).post(reverse("accounts:revoke-token", args=[token.pk]), follow=True)

    assert "is revoked" in page.content.decode()
    assert token_of(secret) is None


def test_nobody_sees_or_revokes_the_token_of_somebody_else(alice: User, charlie: User, client_of: ClientOf) -> None:
    token, secret = create_token(user=alice, name="Hers", scopes=[Scope.READ])

    assert "Hers" not in client_of(charlie).get(PAGE).content.decode()
    assert client_of(charlie).post(reverse("accounts:revoke-token", args=[token.pk])).status_code == 404
    assert token_of(secret) == token


def test_without_logging_in_there_is_no_page(client: Client) -> None:
    assert client.get(PAGE).status_code == 302
    assert client.post(PAGE, NEW).status_code == 302
    assert not ApiToken.objects.exists()


def test_an_expired_token_is_refused(alice: User) -> None:
    _, secret = create_token(user=alice, name="Short", scopes=[Scope.READ], lasts=timedelta(days=1))
    ApiToken.objects.update(expires_at=timezone.now())

    assert token_of(secret) is None


def test_the_token_of_somebody_who_is_switched_off_is_refused(alice: User) -> None:
    _, secret = create_token(user=alice, name="Any", scopes=[Scope.READ])
    alice.is_active = False
    alice.save()

    assert token_of(secret) is None


@pytest.mark.parametrize("secret", ["", "plb_", "plb_wrong", "sk-other", "plb_\x00", "plb_ü"])
def test_what_is_no_secret_finds_nothing(alice: User, secret: str) -> None:
    create_token(user=alice, name="Any", scopes=[Scope.READ])

    assert token_of(secret) is None


def test_its_use_is_noted_once_a_minute(alice: User) -> None:
    token, secret = create_token(user=alice, name="Any", scopes=[Scope.READ])
    token_of(secret)
    token.refresh_from_db()
    first = token.last_used_at
    assert first is not None

    token_of(secret)
    token.refresh_from_db()
    assert token.last_used_at == first

    ApiToken.objects.update(last_used_at=first - timedelta(minutes=2))
    token_of(secret)
    token.refresh_from_db()
    assert token.last_used_at >= first


def test_the_command_prints_the_token_on_its_last_line(alice: User) -> None:
    lines = made_by_command(alice.email.upper(), "--scopes", "read,score", "--days", "7")

    token = token_of(lines[-1])
    assert token is not None
    assert (token.user, token.scopes) == (alice, ["read", "score"])
    assert token.expires_at is not None


def test_the_command_may_be_given_twice(alice: User) -> None:
    first, second = made_by_command(alice.email)[-1], made_by_command(alice.email)[-1]

    assert first != second
    assert token_of(first) and token_of(second)


def test_the_command_makes_a_person_only_when_asked_to(rows: None) -> None:
    with pytest.raises(CommandError, match="Nobody has the e-mail address"):
        made_by_command("robot@example.org")

    token = token_of(made_by_command("robot@example.org", "--create")[-1])

    assert token is not None
    assert token.user.email == "robot@example.org"
    assert not token.user.has_usable_password()
    assert not token.user.is_staff


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--scopes", "everything"), "There is no scope everything"),
        (("--scopes", " , "), "at least one"),
        (("--days", "0"), "1 to 3650 days"),
    ],
)
def test_the_command_refuses_nonsense_in_words(alice: User, arguments: tuple[str, ...], words: str) -> None:
    with pytest.raises(CommandError, match=words):
        made_by_command(alice.email, *arguments)
    assert not ApiToken.objects.exists()


def test_the_command_makes_no_token_for_somebody_who_is_switched_off(alice: User) -> None:
    alice.is_active = False
    alice.save()

    with pytest.raises(CommandError, match="switched off"):
        made_by_command(alice.email)
