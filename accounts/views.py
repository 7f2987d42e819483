"""Getting in, getting out, changing the key, and keys for programs."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login, views
from django.contrib.auth.decorators import login_required
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, resolve_url
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST
from django.views.generic import FormView

from accounts.forms import ChangePasswordForm, LogInForm, SignUpForm, TokenForm
from accounts.models import ApiToken
from accounts.tokens import NameTaken, create_token


class LogIn(views.LoginView):
    template_name = "accounts/log_in.html"
    authentication_form = LogInForm
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(is_sign_up_open=settings.SIGN_UP_OPEN, **kwargs)


class SignUp(FormView[SignUpForm]):
    template_name = "accounts/sign_up.html"
    form_class = SignUpForm

    def dispatch(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if not settings.SIGN_UP_OPEN:
            raise Http404("Sign-up is closed on this site.")
        if request.user.is_authenticated:
            return redirect(settings.LOGIN_REDIRECT_URL)
        return super().dispatch(request, *args, **kwargs)  # type: ignore[return-value]

    def form_valid(self, form: SignUpForm) -> HttpResponse:
        login(self.request, form.save())
        return redirect(resolve_url(settings.LOGIN_REDIRECT_URL))


class ChangePassword(LoginRequiredMixin, views.PasswordChangeView):
    template_name = "accounts/password.html"
    form_class = ChangePasswordForm
    success_url = reverse_lazy("accounts:password")

    def form_valid(self, form: ChangePasswordForm) -> HttpResponse:  # type: ignore[override]
        messages.success(self.request, "Your password is changed. Your other devices have been logged out.")
        return super().form_valid(form)


@method_decorator(never_cache, name="dispatch")
class Tokens(LoginRequiredMixin, FormView[TokenForm]):
    """A person's API tokens. The answer to making one is the only page that ever shows its secret.

    It is not a redirect: the secret would have to be kept somewhere meanwhile. Sending the form again makes no second
    token, because a name is taken only once.
    """

    template_name = "accounts/tokens.html"
    form_class = TokenForm

    def form_valid(self, form: TokenForm) -> HttpResponse:
        try:
            token, secret = create_token(
                user=self.request.user,  # type: ignore[arg-type]    # logged in
                name=form.cleaned_data["name"],
                scopes=form.granted(),
                lasts=form.lasts(),
            )
        except NameTaken as error:
            form.add_error("name", str(error))
            return self.form_invalid(form)
        return self.render_to_response(self.get_context_data(form=TokenForm(), made=token, secret=secret))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(tokens=ApiToken.objects.filter(user=self.request.user.pk), **kwargs)


@login_required
@require_POST
def revoke_token(request: HttpRequest, token_id: int) -> HttpResponse:
    token = get_object_or_404(ApiToken, pk=token_id, user=request.user.pk)
    token.delete()
    messages.success(request, f"“{token.name}” is revoked. A program that still has it is refused from now on.")
    return redirect("accounts:tokens")
