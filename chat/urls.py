from django.urls import path

from chat import approving, attachments, views

app_name = "chat"
urlpatterns = [
    path("", views.new_conversation, name="new"),
    path("c/search", views.search, name="search"),
    path("c/<uuid:thread_id>/", views.conversation, name="conversation"),
    path("c/<uuid:thread_id>/rename", views.rename, name="rename"),
    path("c/<uuid:thread_id>/pin", views.pin, name="pin"),
    path("c/<uuid:thread_id>/delete", views.delete, name="delete"),
    path("runs/<uuid:run_id>/feedback", views.rate, name="rate"),
    path("attachments/<uuid:attachment_id>/", attachments.download, name="attachment"),
    path("approvals/", approving.waiting, name="approvals"),
    path("approvals/number", approving.number, name="approvals-number"),
    path("approvals/<uuid:approval_id>/", approving.one, name="approval"),
    path("connection", views.connect, name="connect"),
    path("connection/forget", views.disconnect, name="disconnect"),
]
