"""Documents in the console. A page stores and queues; reading and embedding happen in a worker."""

from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.apps import apps
from django.contrib import admin, messages
from django.db.models import OuterRef, QuerySet, Subquery
from django.forms.widgets import Script
from django.http import HttpRequest, JsonResponse
from django.urls import path
from django.urls.resolvers import URLPattern
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
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
STATES_ASKED = 200
ICONS = {"ready": ("good", "check_circle"), "failed": ("bad", "error")}
AT_WORK = ("", "hourglass_top")
EVERY_AGENT = "Every agent"


def agents() -> QuerySet[Any]:
    """The agents there are; looked up by name, since this room imports nothing of those above it."""
    return apps.get_model("agents", "Agent").objects.order_by("name")


class DocumentForm(forms.ModelForm):
    file = forms.FileField(required=False, widget=UnfoldAdminFileFieldWidget, help_text=f"Accepted are {ACCEPTED}.")
    pasted = forms.CharField(
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
        choices=lambda: [("", EVERY_AGENT), *agents().values_list("pk", "name")],
        widget=UnfoldAdminSelectWidget,
        help_text="Whose answers may use it.",
    )

    class Meta:
        model = Document
        fields = ("owner",)
        help_texts: ClassVar = {"owner": "For whom. Empty: for everybody."}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        file, text = cleaned.get("file"), cleaned.get("pasted") or ""
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

    class Media:
        js = (Script("js/console/documents.js", type="module"),)

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
        name = agents().filter(pk=OuterRef("agent_id")).values("name")
        return super().get_queryset(request).defer("content", "text").annotate(agent_name=Subquery(name))

    def get_urls(self) -> list[URLPattern]:
        asked = self.admin_site.admin_view(self.states)
        return [path("states/", asked, name="memory_document_states"), *super().get_urls()]

    def states(self, request: HttpRequest) -> JsonResponse:
        """How these documents stand: what the list asks for while somebody looks at it."""
        ids = _ids_in(request.GET.get("ids", ""))
        rows = self.get_queryset(request).filter(pk__in=ids) if self.has_view_permission(request) else []
        return JsonResponse({str(row.pk): {"state": self.state(row), "passages": row.passages} for row in rows})

    def get_fields(self, request: HttpRequest, obj: Document | None = None) -> tuple[str, ...]:
        if obj is None:
            return ("file", "pasted", "called", "owner", "agent")
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

    @admin.display(description="Status", ordering="status")
    def state(self, document: Document) -> SafeString:
        tone, icon = ICONS.get(document.status, AT_WORK)
        is_at_work = SafeString(" data-at-work") if document.is_at_work else ""
        words = format_html('<i class="ic" aria-hidden="true">{}</i>{}', icon, document.state)
        mark = format_html('<span class="st {}" data-document="{}"{}>{}</span>', tone, document.pk, is_at_work, words)
        return format_html('<span class="console">{}</span>', mark)

    @admin.display(description="Owner", ordering="owner")
    def whose(self, document: Document) -> str:
        return str(document.owner) if document.owner else "Everybody"

    @admin.display(description="For", ordering="agent_id")
    def which_agent(self, document: Any) -> str:
        return EVERY_AGENT if document.agent_id is None else document.agent_name or "An agent that is gone"

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


def _ids_in(text: str) -> list[UUID]:
    try:
        return [UUID(each) for each in text.split(",")[:STATES_ASKED]]
    except ValueError:
        return []
