"""Documents in the console. A page stores and queues; reading and embedding happen in a worker."""

from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.apps import apps
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from memory import knowledge
from memory.models import Chunk, Document
from memory.reading import ACCEPTED, DocumentRefused, kind_of, media_type_of

PASSAGES_SHOWN = 20
STATUS_COLOURS = {"queued": "info", "reading": "info", "indexing": "info", "ready": "success", "failed": "danger"}
EVERY_AGENT = "Every agent"


def agent_names() -> dict[int, str]:
    """The agents there are, by id; looked up by name, since this room imports nothing of those above it."""
    return dict(apps.get_model("agents", "Agent").objects.order_by("name").values_list("pk", "name"))


class DocumentForm(forms.ModelForm):
    file = forms.FileField(required=False, widget=UnfoldAdminFileFieldWidget, help_text=f"Accepted are {ACCEPTED}.")
    text = forms.CharField(
        required=False,
        label="Or text",
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 12}),
        help_text="Pasted text; Markdown headings tell where a passage stands.",
    )

    # Not the model's own field, whose title may not exist yet: here an existing one means a replacement.
    called = forms.CharField(
        required=False,
        label="Title",
        max_length=knowledge.TITLE_CHARS,
        widget=UnfoldAdminTextInputWidget,
        help_text="Empty: the file's name. A title that exists gets this content instead of what it held.",
    )

    agent = forms.TypedChoiceField(
        required=False,
        coerce=int,
        empty_value=None,
        choices=lambda: [("", EVERY_AGENT), *agent_names().items()],
        widget=UnfoldAdminSelectWidget,
        help_text="Whose answers may use it.",
    )

    class Meta:
        model = Document
        fields = ("owner",)
        help_texts: ClassVar = {"owner": "For whom. Empty: for everybody."}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        file, text = cleaned.get("file"), cleaned.get("text") or ""
        if bool(file) == bool(text.strip()):
            raise forms.ValidationError("Choose a file or paste a text: one of the two.")
        cleaned["content"] = file.read() if file else text.encode()
        cleaned["media_type"] = (media_type_of(file.name) or file.content_type) if file else "text/markdown"
        derived = Path(file.name).stem if file else text.strip().splitlines()[0].lstrip("# ")
        cleaned["called"] = cleaned.get("called") or derived
        try:
            kind_of(cleaned["content"], cleaned["media_type"])
        except DocumentRefused as refusal:
            raise forms.ValidationError(str(refusal)) from refusal
        return cleaned


@admin.register(Document)
class DocumentAdmin(ModelAdmin):
    form = DocumentForm
    list_display = ("title", "state", "whose", "which_agent", "passage_count", "length", "updated_at")
    list_select_related = ("owner",)
    list_filter = ("status",)
    search_fields = ("title", "owner__email")
    search_help_text = "Words of the title, or an e-mail address"
    ordering = ("-updated_at", "-id")
    autocomplete_fields = ("owner",)
    actions: ClassVar = ["index_again"]
    fields = (
        "title",
        "state",
        "error",
        "whose",
        "which_agent",
        "media_type",
        "length",
        "created_at",
        "updated_at",
        "shown_passages",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Document]:
        return super().get_queryset(request).defer("content", "text")

    def get_fields(self, request: HttpRequest, obj: Document | None = None) -> tuple[str, ...]:
        if obj is None:
            return ("file", "text", "called", "owner", "agent")
        return tuple(field for field in self.fields if field != "error" or obj.error)

    def has_change_permission(self, request: HttpRequest, obj: Document | None = None) -> bool:
        return False  # a document is replaced, not edited

    def has_index_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("memory.change_document")

    def save_model(self, request: HttpRequest, obj: Document, form: forms.ModelForm, change: bool) -> None:
        stored = knowledge.add_document(
            title=form.cleaned_data["called"],
            content=form.cleaned_data["content"],
            media_type=form.cleaned_data["media_type"],
            owner_id=obj.owner_id,
            agent_id=form.cleaned_data["agent"],
        )
        obj.pk, obj.title = stored.pk, stored.title

    def delete_model(self, request: HttpRequest, obj: Document) -> None:
        knowledge.delete_document(obj.pk)

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """The documents and how many passages go with them, without listing each passage."""
        documents = list(objs)
        passages = Chunk.objects.filter(document__in=[document.pk for document in documents]).count()
        return (
            [document.title for document in documents],
            {"documents": len(documents), "passages": passages},
            set(),
            [],
        )

    @admin.action(description="Index again", permissions=["index"])
    def index_again(self, request: HttpRequest, queryset: QuerySet[Document]) -> None:
        ids: list[UUID] = list(queryset.values_list("pk", flat=True))
        count = knowledge.index_again(ids)
        self.message_user(
            request, f"{count} document{'s' if count != 1 else ''} will be indexed again.", messages.SUCCESS
        )

    @display(description="Status", ordering="status", label=STATUS_COLOURS)
    def state(self, document: Document) -> tuple[str, str]:
        return document.status, document.state

    @admin.display(description="Owner", ordering="owner")
    def whose(self, document: Document) -> str:
        return str(document.owner) if document.owner else "Everybody"

    @admin.display(description="For", ordering="agent_id")
    def which_agent(self, document: Document) -> str:
        if document.agent_id is None:
            return EVERY_AGENT
        return agent_names().get(document.agent_id, "An agent that is gone")

    @admin.display(description="Passages", ordering="passages")
    def passage_count(self, document: Document) -> int:
        return document.passages

    @admin.display(description="Length", ordering="chars")
    def length(self, document: Document) -> str:
        return f"{document.chars:,} characters" if document.chars else "–"

    @admin.display(description="Passages")
    def shown_passages(self, document: Document) -> SafeString:
        chunks = document.chunks.order_by("position")[:PASSAGES_SHOWN]
        shown = format_html_join(
            "", '<p><b>{}</b></p><div class="as-written">{}</div>', ((c.where, c.text) for c in chunks)
        )
        left_out = document.passages - PASSAGES_SHOWN
        return format_html("{}<p>{} more.</p>", shown, f"{left_out:,}") if left_out > 0 else shown or SafeString("–")
