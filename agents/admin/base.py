"""What the console's pages of rows that people do not write have in common."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from unfold.admin import ModelAdmin
from unfold.paginator import InfinitePaginator

from accounts.models import User


class OwnPages(ModelAdmin):
    """Has pages of our own beside the theme's."""

    def require_view(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise PermissionDenied

    def page(self, request: HttpRequest, template: str, *, status: int = 200, **context: Any) -> HttpResponse:
        """One of our own pages inside the console's frame."""
        frame = {**self.admin_site.each_context(request), "opts": self.opts}
        return TemplateResponse(request, f"admin/agents/{template}", {**frame, **context}, status=status)


class ReadOnlyAdmin(OwnPages):
    """Rows that may be looked at, by those who may, and are written by the product alone. Never counts its table."""

    paginator = InfinitePaginator
    show_full_result_count = False
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


def person(request: HttpRequest) -> User:
    """Who is at the console: nobody gets here without having logged in."""
    assert isinstance(request.user, User)
    return request.user


def dollars(amount: Decimal) -> str:
    """At least cents, and as many places as it takes."""
    whole, _, places = f"{amount.normalize():f}".partition(".")
    return f"${int(whole):,}.{places.ljust(2, '0')}"


def uuid_or_404(given: str) -> UUID:
    try:
        return UUID(given)
    except ValueError:
        raise Http404("There is no such page.") from None
