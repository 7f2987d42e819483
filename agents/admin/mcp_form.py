"""The form over a server: how it is reached. What is secret goes in and never comes out."""

import re
from typing import Any
from urllib.parse import urlsplit

from django import forms

from agents.models import MCPServer, Transport
from agents.secrets import sealed

VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+\Z")
OURS = {"accept", "accept-encoding", "connection", "content-length", "content-type", "host", "transfer-encoding"}
MOST_SECRETS = 50


class WriteOnlyLines(forms.Textarea):
    """What was typed is not shown again, not even when something else in the form is wrong."""

    def format_value(self, value: Any) -> None:
        return None


class ServerForm(forms.ModelForm):
    arguments = forms.CharField(required=False, widget=forms.Textarea)
    secrets = forms.CharField(required=False, widget=WriteOnlyLines)
    forgotten = forms.MultipleChoiceField(required=False)

    class Meta:
        model = MCPServer
        fields = ("name", "transport", "command", "arguments", "url", "is_enabled")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].disabled = bool(self.instance.pk)
        self.initial["arguments"] = "\n".join(self.instance.arguments)
        self.known = sorted(self.instance.secrets)
        self.was = self.instance.transport if self.instance.pk else None
        forgotten = self.fields["forgotten"]
        assert isinstance(forgotten, forms.MultipleChoiceField)
        forgotten.choices = [(name, name) for name in self.known]

    def clean_arguments(self) -> list[str]:
        return [line for line in self.cleaned_data["arguments"].splitlines() if line]

    def clean_url(self) -> str:
        url = str(self.cleaned_data["url"]).strip()
        try:
            parts = urlsplit(url)
            is_usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            is_usable = False
        if url and not is_usable:
            raise forms.ValidationError("Write a whole address, with http:// or https://.")
        if url and parts.username is not None:
            raise forms.ValidationError("Put the password into a header: an address is shown to everyone here.")
        return url

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        is_command = given.get("transport") == Transport.STDIO
        if is_command and not given.get("command"):
            self.add_error("command", "Name the program to run.")
        if not is_command and not given.get("url") and "url" not in self.errors:
            self.add_error("url", "Write the address of the server.")
        try:
            given["secrets"] = self._secrets(given.get("secrets", ""), is_command)
        except forms.ValidationError as error:
            self.add_error("secrets", error)
        return given

    def save(self, commit: bool = True) -> MCPServer:
        given, server = self.cleaned_data, super().save(commit=False)
        kept = {} if self.was != given["transport"] else server.secrets  # a variable is no header
        kept = {name: token for name, token in kept.items() if name not in given["forgotten"]}
        server.secrets = kept | {name: sealed(value).decode() for name, value in given["secrets"].items()}
        server.save()
        return server

    def _secrets(self, text: str, is_command: bool) -> dict[str, str]:
        """By name. What is wrong is told without saying what was typed."""
        found = {}
        for number, line in enumerate(text.splitlines(), start=1):
            if not line.strip():
                continue
            name, mark, value = (part.strip() for part in line.partition("=" if is_command else ":"))
            if not mark or not (VARIABLE if is_command else HEADER).match(name):
                form = "NAME=value" if is_command else "Name: value"
                raise forms.ValidationError(f"Line {number} does not have the form {form}.")
            if not value.isprintable() or (not is_command and not value.isascii()):
                raise forms.ValidationError(f"The value in line {number} has signs that cannot be sent.")
            if not is_command and (name.lower() in OURS or name.lower().startswith("mcp-")):
                raise forms.ValidationError(f"The header {name} is set by Plumbline itself.")
            found[name] = value
        if len(found) > MOST_SECRETS:
            raise forms.ValidationError(f"There may be {MOST_SECRETS} at most.")
        return found
