"""Rows by any part of what they say, for columns with an index over `crm_parts` (migration 0007)."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import F, Func, IntegerField, QuerySet, TextField, Value
from django.db.models.functions import StrIndex

PARTS: Any = ArrayField(TextField())


def saying(rows: QuerySet[Any], column: str, text: str) -> QuerySet[Any]:
    """Those whose column holds this text, whatever its case, width and spaces.

    The index knows which rows have all its signs and pairs of signs; these are compared once more.
    """
    said, wanted = F(column), Value(text, TextField())
    parts = {"_parts": Func(said, function="crm_parts", output_field=PARTS)}
    place = {"_place": StrIndex(_plain(said), _plain(wanted), output_field=IntegerField())}
    return rows.alias(**parts, **place).filter(
        _parts__contains=Func(wanted, function="crm_parts", output_field=PARTS), _place__gt=0
    )


def _plain(said: Any) -> Func:
    return Func(said, function="crm_plain", output_field=TextField())
