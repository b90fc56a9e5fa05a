"""Filters of lists: what is not understood is an error, never "everything"."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from types import SimpleNamespace
from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_filters.constants import EMPTY_VALUES
from django_filters.rest_framework import DjangoFilterBackend, FilterSet

WORDS = {"true": True, "1": True, "false": False, "0": False}


class YesNoField(forms.Field):
    def to_python(self, value: Any) -> bool | None:
        if value in self.empty_values:
            return None
        if str(value).lower() not in WORDS:
            raise ValidationError(_("true or false."))
        return WORDS[str(value).lower()]


class YesNo(django_filters.BooleanFilter):
    field_class = YesNoField

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.extra.pop("widget", None)


class Named(django_filters.CharFilter):
    """Rows that belong to a row of another table, by a unique column of that: "taken_by__username".

    Its key is looked up first: a join by its name would hide from the planner how few rows it has, and for who has none the
    whole list would be read.
    """

    def filter(self, rows: Any, value: Any) -> Any:
        if value in EMPTY_VALUES:
            return rows
        path, _dots, column = self.field_name.rpartition("__")
        model = rows.model
        for part in path.split("__"):
            model = model._meta.get_field(part).related_model
        key = model._base_manager.filter(**{column: value}).values_list("pk", flat=True).first()
        return rows.none() if key is None else rows.filter(**{path: key})


class Filters(FilterSet):
    """The base of every view's filters."""

    FILTER_DEFAULTS = {**FilterSet.FILTER_DEFAULTS, models.BooleanField: {"filter_class": YesNo}}


class Backend(DjangoFilterBackend):
    filterset_base = Filters


class From(django_filters.DateFilter):
    """From the beginning of a day in the centre's zone: `From("created_at", label=...)`."""

    def filter(self, rows: Any, day: Any) -> Any:
        if day is None:
            return rows
        return rows.filter(**{f"{self.field_name}__gte": _midnight(day)})


class Until(django_filters.DateFilter):
    """Up to and with a day in the centre's zone."""

    def filter(self, rows: Any, day: Any) -> Any:
        if day is None:
            return rows
        return rows.filter(**{f"{self.field_name}__lt": _midnight(day + timedelta(days=1))})


def _midnight(day: date) -> datetime:
    if not 1902 <= day.year <= 2200:
        raise ValidationError(_("A day between 1902 and 2200."))
    return timezone.make_aware(datetime.combine(day, time.min))


def chosen(
    filters: type[FilterSet], rows: QuerySet[Any], query: str, user: Any, search: Callable[[Any, str, Any], Any] | None = None
) -> QuerySet[Any]:
    """The rows of a list that was asked for with this query ("state=approved&search=wang"), whoever may see them.

    `search(rows, text, user)` finds what was typed. Raises ValidationError for what the list does not understand.
    """
    asked = QueryDict(query, mutable=True)
    text = asked.pop("search", [""])[-1].strip()
    for name in ("cursor", "page_size", "ordering"):
        asked.pop(name, None)
    found = filters(asked, rows, request=SimpleNamespace(user=user))
    if unknown := set(asked) - set(found.filters):
        raise ValidationError({min(unknown): _("There is no such filter.")})
    if not found.is_valid():
        raise ValidationError({name: [str(error) for error in errors] for name, errors in found.errors.items()})
    return search(found.qs, text, user) if text and search else found.qs
