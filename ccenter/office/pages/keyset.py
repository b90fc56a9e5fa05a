"""Long lists page by page. A cursor is the place of a row: each page costs what the first does, nothing comes twice.

Rows are ordered by one column and then by their key. Empty values are greater than all others, as PostgreSQL has it.
"""

import base64
import binascii
import json
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet
from django.utils.translation import gettext_lazy as _

MOST = 200
USUAL = 50


class Page(NamedTuple):
    """`after` and `before` are cursors, None at the ends of the list."""

    rows: list[Any]
    after: str | None
    before: str | None


def page(rows: QuerySet[Any], ordering: str, cursor: str = "", size: int = USUAL) -> Page:
    """A page of `rows`. `ordering`: a column of the table or an annotation, "-created_at" for the greatest first.

    One query. Raises ValidationError for a cursor that is none, or one of another ordering.
    """
    name, falling = ordering.lstrip("-"), ordering.startswith("-")
    name = rows.model._meta.pk.attname if name == "pk" else _column(rows.model, name)
    back, place = _read(rows, cursor, ordering, name) if cursor else (False, None)
    upward = falling is back
    found = rows.order_by(*(f"{'' if upward else '-'}{column}" for column in dict.fromkeys((name, "pk"))))
    if place is not None:
        found = found.filter(_beyond(name, *place, upward=upward))
    taken = list(found[: size + 1])
    more, taken = len(taken) > size, taken[:size]
    if back:
        taken.reverse()
    has_after = bool(taken) and (more if not back else True)
    has_before = bool(taken) and (more if back else bool(cursor))
    return Page(
        taken,
        _write(taken[-1], ordering, name, back=False) if has_after else None,
        _write(taken[0], ordering, name, back=True) if has_before else None,
    )


def _column(model: type[Model], name: str) -> str:
    """A foreign key is ordered by its key."""
    fields = {field.name: field.attname for field in model._meta.concrete_fields}
    return fields.get(name, name)


def _beyond(name: str, value: Any, key: Any, *, upward: bool) -> Q:
    """Written so that an index on (column, id) is entered at the place itself."""
    later = Q(pk__gt=key) if upward else Q(pk__lt=key)
    if name == "pk":
        return later
    if value is None:
        return Q(**{f"{name}__isnull": True}) & later if upward else Q(**{f"{name}__isnull": False}) | later
    way = "gt" if upward else "lt"
    found = Q(**{f"{name}__{way}e": value}) & (Q(**{f"{name}__{way}": value}) | later)
    return found | Q(**{f"{name}__isnull": True}) if upward else found


def _write(row: Any, ordering: str, name: str, *, back: bool) -> str:
    value = getattr(row, name)
    text = None if value is None else value.isoformat() if hasattr(value, "isoformat") else str(value)
    line = json.dumps([ordering, int(back), text, str(row.pk)], ensure_ascii=False)
    return base64.urlsafe_b64encode(line.encode()).decode().rstrip("=")


def _read(rows: QuerySet[Any], cursor: str, ordering: str, name: str) -> tuple[bool, tuple[Any, Any]]:
    model = rows.model
    by_column = {field.attname: field for field in model._meta.concrete_fields}
    field = by_column.get(name) or getattr(rows.query.annotations.get(name), "output_field", None)
    try:
        line = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True))
        written, back, value, key = line
        if written != ordering or back not in (0, 1) or not isinstance(key, str) or not isinstance(value, str | None):
            raise ValueError(line)
        if field is None:
            raise LookupError(name)
        value = None if value is None else field.to_python(value)
        if isinstance(value, str) and "\0" in value:
            raise ValueError(line)
        return bool(back), (value, model._meta.pk.to_python(key))
    except (ValueError, TypeError, binascii.Error, RecursionError, ValidationError):
        raise ValidationError({"cursor": _("This is not a place in this list. Begin again.")}) from None
