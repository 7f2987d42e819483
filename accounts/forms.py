"""What people fill in to get in."""

from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm, SetPasswordMixin
from django.core.exceptions import ValidationError

from accounts.models import User


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
