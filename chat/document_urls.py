from django.urls import path

from chat import document_pages

app_name = "documents"
urlpatterns = [
    path("", document_pages.mine, name="mine"),
    path("list", document_pages.listed, name="listed"),
    path("<uuid:document_id>/", document_pages.one, name="one"),
    path("<uuid:document_id>/file", document_pages.download, name="file"),
]
