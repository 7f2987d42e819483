"""`{% asks_you %}`: the way to what waits for this person's word."""

from typing import Any

from django import template
from django.urls import reverse

from chat import asked

register = template.Library()


@register.inclusion_tag("chat/_asks_you.html", takes_context=True)
def asks_you(context: template.RequestContext) -> dict[str, Any]:
    request = context["request"]
    return {
        "number": asked.number_for(request.user),
        "may_be_asked": asked.may_be_asked(request.user),
        "is_here": request.path == reverse("chat:approvals"),
    }
