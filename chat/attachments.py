"""The files that came with a question, fetched again. Always as a download: nothing in them is shown as a page."""

import uuid

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET

from agents.models import Attachment, Run
from chat.views import PersonsRequest


@login_required
@require_GET
def download(request: PersonsRequest, attachment_id: uuid.UUID) -> HttpResponse:
    """The file as it was sent; once it is deleted or replaced, what the agent read of it."""
    mine = Attachment.objects.select_related("document").filter(message__run__in=Run.objects.visible_to(request.user))
    attachment = get_object_or_404(mine, pk=attachment_id)
    document = attachment.document
    if document and document.content_hash == attachment.content_hash:
        return as_download(bytes(document.content), attachment.name)
    return as_download(attachment.text.encode(), f"{attachment.name}.txt")


def as_download(content: bytes, name: str) -> HttpResponse:
    """A file that no browser opens by itself, whatever is in it."""
    response = HttpResponse(content, content_type="application/octet-stream")
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name)
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response
