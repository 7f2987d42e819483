"""The page of memories and what it asks for."""

from django.urls import path

from chat import memory_pages as pages

app_name = "memory"
urlpatterns = [
    path("", pages.everything, name="everything"),
    path("list", pages.listed, name="list"),
    path("export", pages.export, name="export"),
    path("add", pages.add, name="add"),
    path("pause", pages.pause, name="pause"),
    path("forget", pages.forget_everything, name="forget-everything"),
    path("from/<uuid:thread_id>", pages.from_conversation, name="from-conversation"),
    path("from/<uuid:thread_id>/forget", pages.forget_conversation, name="forget-conversation"),
    path("procedures/<uuid:procedure_id>/delete", pages.delete_procedure, name="delete-procedure"),
    path("<uuid:memory_id>", pages.one, name="one"),
    path("<uuid:memory_id>/history", pages.history, name="history"),
    path("<uuid:memory_id>/edit", pages.edit, name="edit"),
    path("<uuid:memory_id>/pin", pages.pin, name="pin"),
    path("<uuid:memory_id>/put-away", pages.put_away, name="put-away"),
    path("<uuid:memory_id>/restore", pages.restore, name="restore"),
    path("<uuid:memory_id>/undo", pages.undo, name="undo"),
    path("<uuid:memory_id>/delete", pages.delete, name="delete"),
]
