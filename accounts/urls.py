from django.contrib.auth.views import LogoutView
from django.urls import path

from accounts import views

app_name = "accounts"
urlpatterns = [
    path("log-in/", views.LogIn.as_view(), name="log-in"),
    path("log-out/", LogoutView.as_view(), name="log-out"),
    path("sign-up/", views.SignUp.as_view(), name="sign-up"),
    path("password/", views.ChangePassword.as_view(), name="password"),
    path("tokens/", views.Tokens.as_view(), name="tokens"),
    path("tokens/<int:token_id>/revoke", views.revoke_token, name="revoke-token"),
]
