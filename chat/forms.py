"""What the page may ask by POST. Fields are named as on the wire."""

from typing import Any, TypeVar

import orjson
from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest

F = TypeVar("F", bound=forms.Form)


def filled(form_class: type[F], request: HttpRequest) -> F:
    """The form with the JSON object of the request in it, validated; raises `ValidationError` in words."""
    form = form_class(_json_object(request))
    if not form.is_valid():
        raise ValidationError([message for messages in form.errors.values() for message in messages])
    return form


class RenameForm(forms.Form):
    title = forms.CharField(
        max_length=120,
        error_messages={
            "required": "A conversation needs a title.",
            "max_length": "A title can have 120 characters at most.",
        },
    )


class PinForm(forms.Form):
    isPinned = forms.BooleanField(required=False)


class DeleteForm(forms.Form):
    """`andMemories`: whether what was learned from the conversation is forgotten with it."""

    andMemories = forms.BooleanField(required=False)


class FeedbackForm(forms.Form):
    """`isPositive` null takes the thumb back."""

    isPositive = forms.NullBooleanField()
    comment = forms.CharField(
        required=False, max_length=2000, error_messages={"max_length": "A comment can have 2000 characters at most."}
    )


class ConnectionForm(forms.Form):
    baseUrl = forms.URLField(
        required=False,
        assume_scheme="http",
        error_messages={"invalid": "This is not an address. It begins with https:// or http://."},
    )
    apiKey = forms.CharField(required=False, max_length=500)
    llmName = forms.CharField(max_length=120, error_messages={"required": "Which model shall answer? Give its name."})


def _json_object(request: HttpRequest) -> dict[str, Any]:
    try:
        data = orjson.loads(request.body or b"{}")
    except orjson.JSONDecodeError:
        raise ValidationError("The request is not JSON.") from None
    if not isinstance(data, dict):
        raise ValidationError("The request is not a JSON object.")
    return data
