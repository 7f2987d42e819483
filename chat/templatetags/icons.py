"""`{% icon "pin" %}`: an icon of the page's sheet (`chat/_icons.html`)."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
def icon(name: str) -> SafeString:
    return format_html('<svg class="icon icon-{0}" aria-hidden="true"><use href="#icon-{0}"/></svg>', name)
