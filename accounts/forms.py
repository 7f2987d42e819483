"""What people fill in to get in, and to let a program in."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm, SetPasswordMixin
from django.core.exceptions import ValidationError

from accounts.models import Scope, User


class LogInForm(AuthenticationForm):
    error_messages = {
        "invalid_login": "This e-mail address and password do not belong together. Please check both.",
        "inactive": "This account is switched off. Please ask the people who run this site.",
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = "E-mail address"
        self.fields["username"].widget = forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True})


class SignUpForm(SetPasswordMixin, forms.ModelForm[User]):
    """One password field: people see what they type if they ask to, which catches more typos than typing twice."""

    password1 = forms.CharField(
        label="Password",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="At least 8 characters, and not one that everybody uses.",
    )

    class Meta:
        model = User
        fields = ("name", "email")
        labels = {"name": "Name", "email": "E-mail address"}
        help_texts = {"name": "How you would like to be called. You can leave it empty."}
        widgets = {
            "name": forms.TextInput(attrs={"autocomplete": "name", "autofocus": True}),
            "email": forms.EmailInput(attrs={"autocomplete": "email"}),
        }

    def clean_email(self) -> str:
        email = self.cleaned_data["email"].lower()
        if User.objects.filter(email__iexact=email).exists():
            raise ValidationError("There is an account with this e-mail address already. Log in instead?")
        return email

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]    # fills `self.instance`, which the similarity check reads
        self.validate_password_for_user(self.instance, "password1")

    def save(self, commit: bool = True) -> User:
        return User.objects.create_user(
            self.cleaned_data["email"], self.cleaned_data["password1"], name=self.cleaned_data["name"]
        )


class ChangePasswordForm(PasswordChangeForm):
    error_messages = {
        "password_incorrect": "This is not your present password.",
        "password_mismatch": "The two new passwords are not the same.",
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["old_password"].label = "Present password"
        self.fields["new_password1"].label = "New password"
        self.fields["new_password1"].help_text = "At least 8 characters, and not one that everybody uses."
        self.fields["new_password2"].label = "New password again"
        self.fields["new_password2"].help_text = ""


class TokenForm(forms.Form):
    """What a new token is for, what it may and how long."""

    name = forms.CharField(
        max_length=80,
        help_text="What will use it, so that you know it again.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": "Give it a name, so that you know it again."},
    )
    scopes = forms.MultipleChoiceField(
        label="It may",
        choices=Scope.choices,
        initial=[Scope.READ.value, Scope.RUN.value],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "A token that may do nothing is of no use: choose at least one."},
    )
    days = forms.TypedChoiceField(
        label="It works for",
        choices=[("30", "30 days"), ("90", "90 days"), ("365", "One year"), ("", "Until I revoke it")],
        initial="90",
        required=False,
        coerce=int,
        empty_value=None,
    )

    def granted(self) -> list[Scope]:
        return [Scope(scope) for scope in self.cleaned_data["scopes"]]

    def lasts(self) -> timedelta | None:
        days: int | None = self.cleaned_data["days"]
        return timedelta(days=days) if days else None
