"""People in the console."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group
from django.http import HttpRequest
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from accounts.models import User

admin.site.unregister(Group)


@admin.register(User)
class PersonAdmin(UserAdmin, ModelAdmin):
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    ordering = ("email",)
    list_display = ("email", "name", "is_active", "is_staff", "last_login")
    list_filter = ("is_active", "is_staff", "is_superuser", "groups")
    search_fields = ("email", "name")
    fieldsets = (
        (None, {"fields": ("email", "name", "password")}),
        ("May", {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")}),
        ("Known since", {"fields": ("date_joined", "last_login")}),
    )
    actions = None  # a person's conversations go with them: one at a time, after reading what goes
    add_fieldsets = ((None, {"classes": ("wide",), "fields": ("email", "name", "password1", "password2")}),)
    readonly_fields = ("date_joined", "last_login")

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[Any], dict[str, int], set[str], list[Any]]:
        """How much goes with a person, in numbers: what they said and what is known about them is not shown here.

        Whoever may delete a person deletes all that is theirs, also what nobody may delete by itself.
        """
        _, numbers, _, protected = super().get_deleted_objects(objs, request)
        return [str(person) for person in objs], numbers, set(), protected


@admin.register(Group)
class GroupsAdmin(GroupAdmin, ModelAdmin):
    pass
