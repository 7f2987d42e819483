"""What a sender needs: the token in the address, kept as a hash, and the secret it signs with, kept encrypted."""

import hashlib
import hmac
import secrets
import time
from dataclasses import dataclass

from agents.models import Trigger
from agents.secrets import sealed, unsealed

OLDEST_SECONDS = 300


@dataclass(frozen=True)
class Keys:
    """Both in the clear: shown once, and never to be had again."""

    token: str
    secret: str

    def __repr__(self) -> str:  # they must not reach a log
        return "Keys(…)"


def give_keys(trigger: Trigger) -> Keys:
    """New keys for a trigger, which is not saved; the ones before them open nothing any more."""
    keys = Keys(token=secrets.token_urlsafe(24), secret=secrets.token_urlsafe(32))
    trigger.token_digest, trigger.token_prefix = digest_of(keys.token), keys.token[:6]
    trigger.sealed_secret = sealed(keys.secret)
    return keys


def trigger_of(token: str) -> Trigger | None:
    return Trigger.objects.select_related("agent", "run_as").filter(token_digest=digest_of(token)).first()


def digest_of(token: str) -> str:
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()


def signature(trigger: Trigger, body: bytes, timestamp: str = "") -> str:
    """`sha256=…` as GitHub writes it; with a timestamp it is over `timestamp.body`."""
    secret = unsealed(bytes(trigger.sealed_secret))
    if not secret:
        raise LookupError("The secret cannot be read: ENCRYPTION_KEY has changed. Give the trigger new keys.")
    signed = timestamp.encode() + b"." + body if timestamp else body
    return "sha256=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def problem_of_signature(trigger: Trigger, body: bytes, *, given: str, timestamp: str) -> str:
    """Why a request is not let in, in words; empty when it is."""
    if not given:
        return "This address takes signed requests only: send X-Signature-256: sha256=… (HMAC-SHA256 of the body)."
    if timestamp and not _is_recent(timestamp):
        return f"X-Timestamp must be the time in seconds, at most {OLDEST_SECONDS} seconds away from now."
    try:
        expected = signature(trigger, body, timestamp)
    except LookupError as error:
        return str(error)
    is_right = hmac.compare_digest(expected.encode(), given.strip().lower().encode())
    return "" if is_right else "The signature does not fit the body and this trigger's secret."


def _is_recent(timestamp: str) -> bool:
    return timestamp.isdecimal() and len(timestamp) < 12 and abs(time.time() - int(timestamp)) <= OLDEST_SECONDS
