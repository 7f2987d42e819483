"""How a form's field is drawn."""

from django import template
from django.forms import BoundField
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
def control(field: BoundField) -> SafeString:
    """The field's input in our style; Django adds the labels for screen readers itself."""
    attributes: dict[str, str | bool] = {"class": "input"}
    if field.errors and not field.help_text:
        attributes["aria-describedby"] = f"{field.id_for_label}_error"
    return field.as_widget(attrs=attributes)
