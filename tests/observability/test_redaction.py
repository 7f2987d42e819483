"""Secrets are masked, and ordinary text is left alone."""

import pytest

from observability.payload import storable
from observability.redaction import mask

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"
PRIVATE_KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA7v\nq8K+-Zz/0\n-----END RSA PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("key sk-proj-Zx81kQ0pLm3nB7vC5tR9 here", "sk-proj-Zx81kQ0pLm3nB7vC5tR9"),
        ("sk-ant-api03-AbCd1234EfGh5678", "sk-ant-api03-AbCd1234EfGh5678"),
        ("ghp_1234567890abcdefghijABCDEFGHIJ123456", "ghp_1234567890abcdefghijABCDEFGHIJ123456"),
        ("lsv2_pt_0123456789abcdef0123456789abcdef", "0123456789abcdef"),
        ("xoxb-123456789012-abcdefghijkl", "123456789012"),
        ("AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLE"),
        ("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "wJalrXUtnFEMI"),
        ("AIzaSyA1234567890abcdefghijklmnopqrstuv", "AIzaSyA1234567890"),
        (f"token: {JWT}", "dozjgNryP4J3"),
        (f"before\n{PRIVATE_KEY}\nafter", "q8K+-Zz"),
        ("-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANB", "MIIEvQIBADANB"),
        ("postgres://plumb:s3cr3t!@db.example.org/plumbline", "s3cr3t!"),
        ("Authorization: Bearer abcdef.123456-ghijkl", "abcdef.123456-ghijkl"),
        ("Authorization: Basic YWxhZGRpbjpvcGVuc2VzYW1l", "YWxhZGRpbjpvcGVuc2VzYW1l"),
        ('{"password": "correct horse battery"}', "horse"),
        ('{\\"api_key\\": \\"correct horse\\"}', "horse"),
        ("PASSWORD=hunter22 make deploy", "hunter22"),
        ("client_secret: 8fj2kdl3", "8fj2kdl3"),
    ],
)
def test_a_secret_is_masked_where_it_stands(text: str, secret: str) -> None:
    masked = mask(text)

    assert secret not in masked
    assert "[masked]" in masked


def test_what_stands_around_a_secret_stays_readable() -> None:
    assert mask("postgres://plumb:s3cr3t@db/plumbline") == "postgres://plumb:[masked]@db/plumbline"
    assert mask(f"before\n{PRIVATE_KEY}\nafter") == "before\n[masked]\nafter"
    assert mask('{"password": "a b", "user": "ann"}') == '{"password": "[masked]", "user": "ann"}'


@pytest.mark.parametrize(
    "text",
    [
        "The password must have eight characters.",
        "Tokens: 1,482 in, 211 out; max_tokens=4096",
        "a task-oriented risk-assessment of sk-learn-pipelines-and-more",
        "https://example.org:8000/path?page=2",
        "ann@example.org, +1 555 0100, 4111 1111 1111 1111",
        "the bearer of this letter",
        "Ein Schlüssel (key): none",
        "pip install key_value_store_with_long_name",
        "",
    ],
)
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert mask(text) == text


def test_a_value_under_a_secret_key_is_masked_whatever_it_looks_like() -> None:
    given = {
        "password": "x", "Authorization": "y", "api_key": 5, "accessToken": ["z"], "clientSecret": {"a": "b"},
        "token": "t", "Set-Cookie": "sid=1",
    }  # fmt: skip

    assert set(storable(given).values()) == {"[masked]"}


def test_counts_and_empty_values_under_such_keys_stay() -> None:
    given = {"input_tokens": 12, "max_tokens": 4096, "secretary": "Ann", "password": None, "token": "", "tokens": 5}

    assert storable(given) == given
