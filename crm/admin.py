"""Pages for administrators: what calls are about, what agents say, who the customers are."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from crm import models
from crm.services import indexing


@admin.register(models.Category)
class CategoryAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ["code", "name_zh", "name_en", "parent", "position", "active"]
    list_filter = ["active", "parent"]
    list_select_related = ["parent"]
    search_fields = ["code", "name_zh", "name_en"]


@admin.register(models.Script)
class ScriptAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ["title", "situation", "language", "audience", "level", "queue", "label", "active"]
    list_filter = ["situation", "language", "audience", "active"]
    search_fields = ["title", "text"]


class PhoneInline(admin.TabularInline):  # type: ignore[type-arg]
    model = models.CustomerPhone
    extra = 0


class AddressInline(admin.TabularInline):  # type: ignore[type-arg]
    model = models.CustomerAddress
    extra = 0


@admin.register(models.Customer)
class CustomerAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ["number", "name", "title", "level", "points"]
    list_filter = ["level", "language"]
    search_fields = ["=number", "^name", "=phones__number"]
    inlines = [PhoneInline, AddressInline]

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        indexing.index([form.instance.pk])

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What was done for a customer is kept."""
        return False
