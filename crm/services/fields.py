"""Own fields of customers: what they are, and whether a value is right."""

import math
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _
from kombu.exceptions import OperationalError

from ccenter.celery import app
from ccenter.office.audit import audit, changed, state_of
from crm.models import Customer, CustomField
from crm.models.fields import FIELD_CODE

Kind = CustomField.Kind
LONGEST = 500  # signs of a text
_DAY = re.compile(r"([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?")
YES = frozenset({"yes", "true", "1", "y", "是", "对", "有", "√"})
NO = frozenset({"no", "false", "0", "n", "否", "不", "无", "×"})


# -- values ----------------------------------------------------------------------------------------------------


def value_of(field: CustomField, given: Any, *, written: bool = False) -> Any:
    """A value as it is kept; None for nothing. `written`: it comes from a file or a query, as a text. Raises ValidationError."""
    if given is None or (isinstance(given, str) and not given.strip()):
        return None
    match field.kind:
        case Kind.TEXT | Kind.CHOICE:
            return _text(field, str(given) if written else given)
        case Kind.NUMBER:
            return _number(given, written)
        case Kind.DATE:
            return _date(given, written)
    if written and isinstance(given, str):
        word = given.strip().casefold()
        given = True if word in YES else False if word in NO else given
    if not isinstance(given, bool):
        raise ValidationError(_("Yes or no."))
    return given


def _text(field: CustomField, given: Any) -> str:
    if not isinstance(given, str) or "\0" in given:
        raise ValidationError(_("Not a text."))
    text = given.strip()
    if field.kind == Kind.CHOICE and text not in field.choices:
        raise ValidationError(_("Not one of the choices."))
    if len(text) > LONGEST:
        raise ValidationError(_("Too long."))
    return text


def _number(given: Any, written: bool) -> int | float:
    if isinstance(given, bool) or not isinstance(given, int | float | Decimal | (str if written else Decimal)):
        raise ValidationError(_("Not a number."))
    try:
        number = Decimal(str(given).strip().replace(",", "") if written else str(given))
    except InvalidOperation:
        raise ValidationError(_("Not a number.")) from None
    if not number.is_finite() or not math.isfinite(float(number)):
        raise ValidationError(_("Not a number."))
    if len(number.normalize().as_tuple().digits) > 15 or abs(number.adjusted()) > 15:
        raise ValidationError(_("A number has at most 15 digits."))
    return int(number) if number == number.to_integral_value() else float(number)


def _date(given: Any, written: bool) -> str:
    if isinstance(given, datetime):
        given = given.date()
    if isinstance(given, date):
        return given.isoformat()
    found = _DAY.fullmatch(given.strip()) if isinstance(given, str) else None
    try:
        if found and (written or given[4] == "-"):
            return date(*map(int, found.groups())).isoformat()
    except ValueError:
        pass
    raise ValidationError(_("Not a day: write 2026-12-31."))


def values_of(
    given: Mapping[str, Any],
    fields: Iterable[CustomField],
    old: Mapping[str, Any] | None = None,
    *,
    seen: Iterable[CustomField] | None = None,
    written: bool = False,
) -> dict[str, Any]:
    """A customer's values after a change. `old` None: a new customer, who gets defaults and must have what is required.

    `fields`: those in use; `seen`: those that whoever writes sees, default all; others they cannot write, and need not.
    Values of fields that are in use no more stay. Raises ValidationError by "fields.<code>".
    """
    known = {field.code: field for field in fields}
    allowed = known if seen is None else {field.code: field for field in seen}
    values, errors = dict(old or {}), {}
    for code, value in given.items():
        if code not in allowed:
            errors[f"fields.{code}"] = _("There is no such field.")
            continue
        try:
            kept = value_of(allowed[code], value, written=written)
        except ValidationError as error:
            errors[f"fields.{code}"] = error.message
            continue
        if kept is None:
            values.pop(code, None)
        else:
            values[code] = kept
    for code, field in known.items():
        if old is None and code not in given and field.default is not None:
            values.setdefault(code, field.default)
        asked = (old is None or code in given) and code in allowed
        if asked and field.required and code not in values and f"fields.{code}" not in errors:
            errors[f"fields.{code}"] = _("This field is required.")
    if errors:
        raise ValidationError(errors)
    return values


# -- definitions -----------------------------------------------------------------------------------------------


@transaction.atomic
def add_field(by: Any, values: dict[str, Any]) -> CustomField:
    """A new field. It is there at once: in forms, search, filters, files and REST."""
    values = dict(values)
    groups: list[Group] = values.pop("visible_to", [])
    field = CustomField(**values)
    _check(field)
    field.save(force_insert=True)
    field.visible_to.set(groups)
    audit(by, "custom_fields.add", field, {"kind": ("", field.kind)})
    return field


@transaction.atomic
def change_field(by: Any, field: CustomField, values: dict[str, Any]) -> CustomField:
    """Code and kind stay for ever: values depend on them. A choice that customers have cannot go."""
    values = dict(values)
    groups: list[Group] | None = values.pop("visible_to", None)
    before = state_of(field)
    for name, value in values.items():
        if name in ("code", "kind") and value != getattr(field, name):
            raise ValidationError({name: _("This cannot be changed: make another field.")})
        setattr(field, name, value)
    _check(field)
    gone = set(before["choices"]) - set(field.choices)
    if any(Customer.objects.filter(fields__contains={field.code: choice}).exists() for choice in sorted(gone)):
        raise ValidationError({"choices": _("There are customers with a choice that is not in this list.")})
    field.save()
    if groups is not None:
        field.visible_to.set(groups)
    changes = changed(before, field)
    audit(by, "custom_fields.change", field, changes)
    if {"searchable", "active"} & set(changes):
        transaction.on_commit(_index_again)
    return field


@transaction.atomic
def delete_field(by: Any, field: CustomField) -> None:
    """Only one that no customer has a value of; others become inactive."""
    if Customer.objects.extra(where=["fields @? %s::jsonpath"], params=[f"$.{field.code}"]).exists():
        raise ValidationError(_("There are customers with a value of this field: make it inactive instead."))
    audit(by, "custom_fields.delete", field)
    field.delete()


def _index_again() -> None:
    """With the workers; with Valkey away nothing is lost but that old values are found when their customer is next written."""
    with suppress(OperationalError):
        app.send_task("crm.tasks.index_all_customers", retry=False)


def _check(field: CustomField) -> None:
    if not re.match(FIELD_CODE, field.code):
        raise ValidationError({"code": _("Small letters, digits and _ only, a letter first.")})
    field.choices = list(dict.fromkeys(choice.strip() for choice in field.choices if choice.strip()))
    if (field.kind == Kind.CHOICE) != bool(field.choices):
        raise ValidationError({"choices": _("Choices, for a field of this kind and no other.")})
    if field.searchable and field.kind not in (Kind.TEXT, Kind.CHOICE):
        raise ValidationError({"searchable": _("Only texts and choices can be searched.")})
    try:
        field.default = value_of(field, field.default)
    except ValidationError as error:
        raise ValidationError({"default": error.message}) from None
    field.full_clean(validate_constraints=False)
