from django.contrib import admin
from django.urls import include, path

from config.api import api, nothing_here

urlpatterns = [
    path("admin/", admin.site.urls),
    path("accounts/", include("accounts.urls")),
    path("api/", api.urls),
    path("api/<path:rest>", nothing_here),
    path("", include("chat.urls")),
]
