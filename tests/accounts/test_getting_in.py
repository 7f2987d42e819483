"""Sign up, log in, log out, change the password."""

import pytest
from django.urls import reverse

from accounts.models import User
from tests.cast import PASSWORD

pytestmark = pytest.mark.django_db

NEW = {"name": "Erin", "email": "Erin@Example.org", "password1": "a quiet lake at dawn"}


def test_signing_up_logs_in_and_opens_the_chat(client):
    answer = client.post(reverse("accounts:sign-up"), NEW, follow=True)

    assert answer.redirect_chain[-1][0] == "/"
    erin = User.objects.get(email="erin@example.org")
    assert answer.context["request"].user == erin
    assert (erin.name, erin.is_staff, erin.is_superuser) == ("Erin", False, False)


def test_the_same_address_in_other_letters_is_one_account(client, alice):
    answer = client.post(reverse("accounts:sign-up"), NEW | {"email": alice.email.upper()})

    assert "There is an account with this e-mail address already" in answer.content.decode()
    assert User.objects.count() == 1


@pytest.mark.parametrize("password", ["short", "password123", "erin@example"])
def test_a_weak_password_is_refused_beside_its_field(client, password):
    answer = client.post(reverse("accounts:sign-up"), NEW | {"password1": password})

    assert answer.context["form"].errors.keys() == {"password1"}
    assert not User.objects.exists()


def test_nobody_signs_up_where_sign_up_is_closed(client, settings):
    settings.SIGN_UP_OPEN = False

    assert client.get(reverse("accounts:sign-up")).status_code == 404
    assert client.post(reverse("accounts:sign-up"), NEW).status_code == 404
    assert "Create an account" not in client.get(reverse("accounts:log-in")).content.decode()
    assert not User.objects.exists()


def test_logging_in_leads_to_where_one_wanted_to_go(client, alice):
    page = client.get("/?agent=assistant")
    answer = client.post(page["Location"], {"username": alice.email.upper(), "password": PASSWORD})

    assert answer["Location"] == "/?agent=assistant"


def test_logging_in_never_leads_to_another_site(client, alice):
    url = reverse("accounts:log-in") + "?next=https://evil.example/"

    assert client.post(url, {"username": alice.email, "password": PASSWORD})["Location"] == "/"


def test_a_wrong_password_is_answered_as_a_wrong_address_is(client, alice):
    wrong = [{"username": alice.email, "password": "wrong"}, {"username": "nobody@example.org", "password": "wrong"}]

    pages = [client.post(reverse("accounts:log-in"), one).context["form"].non_field_errors() for one in wrong]

    assert pages[0] == pages[1]
    assert "do not belong together" in pages[0][0]


def test_logging_out_ends_the_session_and_needs_a_post(client_of, alice):
    client = client_of(alice)

    assert client.get(reverse("accounts:log-out")).status_code == 405
    assert client.post(reverse("accounts:log-out"))["Location"] == reverse("accounts:log-in")
    assert client.get("/")["Location"].startswith(reverse("accounts:log-in"))


def test_changing_the_password_keeps_this_session_and_ends_the_others(client_of, alice):
    here, elsewhere = client_of(alice), client_of(alice)
    new = {"old_password": PASSWORD, "new_password1": "a louder lake at noon", "new_password2": "a louder lake at noon"}

    answer = here.post(reverse("accounts:password"), new, follow=True)

    assert "Your password is changed" in answer.content.decode()
    assert elsewhere.get(reverse("accounts:password")).status_code == 302


def test_administrators_find_people_in_the_console(client_of, dana, alice):
    client = client_of(dana)

    for page in ("changelist", "add"):
        assert client.get(reverse(f"admin:accounts_user_{page}")).status_code == 200
    assert alice.email in client.get(reverse("admin:accounts_user_change", args=[alice.pk])).content.decode()
