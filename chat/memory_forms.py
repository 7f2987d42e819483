"""What the page of memories may ask by POST."""

from django import forms
from django.core.exceptions import ValidationError

from memory.models import MemoryKind
from memory.models.memories import LONGEST_MEMORY

FORGET_EVERYTHING = "forget everything"


class TextForm(forms.Form):
    text = forms.CharField(
        max_length=LONGEST_MEMORY,
        error_messages={
            "required": "Write what is to be remembered.",
            "max_length": f"A memory may have {LONGEST_MEMORY} characters.",
        },
    )


class NewMemoryForm(TextForm):
    kind = forms.ChoiceField(choices=MemoryKind.choices, error_messages={"invalid_choice": "There is no such kind."})


class SwitchForm(forms.Form):
    isOn = forms.BooleanField(required=False)


class TypedForm(forms.Form):
    """What cannot be undone is asked for in words."""

    typed = forms.CharField(required=False)

    def clean_typed(self) -> str:
        typed = str(self.cleaned_data["typed"]).strip().lower()
        if typed != FORGET_EVERYTHING:
            raise ValidationError(f"Type “{FORGET_EVERYTHING}” to go on. Nothing was changed.")
        return typed
