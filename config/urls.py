from django.contrib import admin
from django.urls import include, path

from agents import hooks
from config.api import api, nothing_here

urlpatterns = [
    path("admin/", admin.site.urls),
    path("accounts/", include("accounts.urls")),
    path("api/", api.urls),
    path("api/<path:rest>", nothing_here),
    path("memory/", include("chat.memory_urls")),
    path("documents/", include("chat.document_urls")),
    path("hooks/<str:token>/", hooks.receive, name="hook"),
    path("", include("chat.urls")),
]
