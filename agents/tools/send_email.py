"""Mail, by whatever Django is told to send it with."""

import asyncio
import smtplib
import socket
from typing import Annotated

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage
from django.core.validators import validate_email
from pydantic import AfterValidator, Field

from agents.models import Effect
from agents.tools.base import ToolContext, ToolError, tool

CONSOLE = "django.core.mail.backends.console.EmailBackend"
NOTHING_SENT = (
    smtplib.SMTPRecipientsRefused,
    smtplib.SMTPSenderRefused,
    smtplib.SMTPDataError,
    smtplib.SMTPAuthenticationError,
    smtplib.SMTPConnectError,
    smtplib.SMTPHeloError,
    smtplib.SMTPNotSupportedError,
    ConnectionRefusedError,
    socket.gaierror,
)


def _an_address(given: str) -> str:
    try:
        validate_email(given)
    except ValidationError:
        raise ValueError(f"{given!r} is not an e-mail address") from None
    return given


@tool(effect=Effect.UNSAFE, timeout=40, acts_on="to")
async def send_email(
    context: ToolContext,
    to: Annotated[
        str, Field(description="One e-mail address.", examples=["ann@example.org"]), AfterValidator(_an_address)
    ],
    subject: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\r\n]+$")],
    body: Annotated[str, Field(description="Plain text.", min_length=1, max_length=50_000)],
) -> str:
    """Send an e-mail to one person."""
    key = {"Message-ID": f"<{context.idempotency_key}@plumbline>"}  # a copy would be known as one
    message = EmailMessage(subject, body, settings.DEFAULT_FROM_EMAIL, [to], headers=key)
    try:
        await asyncio.to_thread(message.send)
    except NOTHING_SENT as error:
        raise ToolError(f"The mail server did not take it: {_words(error)}.") from error
    if settings.EMAIL_BACKEND == CONSOLE:
        return "No mail server is set up (EMAIL_URL), so it was written into the worker's log and not sent."
    return f"Sent to {to}."


def _words(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return "; ".join(_said(*answer) for answer in error.recipients.values())
    if isinstance(error, smtplib.SMTPResponseException):
        return _said(error.smtp_code, error.smtp_error)
    return str(error) or type(error).__name__


def _said(code: int, words: bytes | str) -> str:
    said = words.decode(errors="replace") if isinstance(words, bytes) else words
    return f"{code} {said}"
