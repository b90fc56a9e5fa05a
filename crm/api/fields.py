"""Fields that several bodies of this app share."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from ccenter.office.services import people

CALL = r"^[A-Za-z0-9_-]{1,40}\Z"
LARGEST_KEY = 2**63 - 1


def by_code(rows: Any, column: str = "code", **options: Any) -> serializers.SlugRelatedField:
    """A row told by its code."""
    return serializers.SlugRelatedField(column, queryset=rows, **{"required": False, **options})


def person(**options: Any) -> serializers.SlugRelatedField:
    """Somebody told by their login."""
    return by_code(people(), "username", **options)


def login_of(source: str | None = None, **options: Any) -> serializers.SlugRelatedField:
    return serializers.SlugRelatedField("username", read_only=True, source=source, **options)


class CallField(serializers.RegexField):
    """The id of a call."""

    def __init__(self, **options: Any) -> None:
        super().__init__(CALL, error_messages={"invalid": _("Not the id of a call.")}, **{"required": False, **options})
