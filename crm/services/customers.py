"""Writes about customers."""

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from ccenter.calls.numbers import normalise
from crm.models import Customer, CustomerNote

MOST_PHONES = 10
MEMBERS = 90_000_000  # member numbers that we give out are above


@transaction.atomic
def add_customer(fields: dict[str, Any], numbers: Iterable[str] = ()) -> Customer:
    """A new customer with a member number of its own. `numbers` in any way of writing."""
    with connection.cursor() as cursor:
        while True:
            cursor.execute("SELECT nextval(pg_get_serial_sequence('crm_customer', 'id'))")
            ident = cursor.fetchone()[0]
            number = str(MEMBERS + ident)
            if not Customer.objects.filter(number=number).exists():
                break
    customer = Customer(id=ident, number=number, **fields)
    customer.full_clean(validate_unique=False, validate_constraints=False)
    customer.save(force_insert=True)
    add_phones(customer, numbers)
    return customer


@transaction.atomic
def change_customer(
    customer: Customer, fields: dict[str, Any], numbers: Iterable[str] = (), without: Iterable[int] = ()
) -> Customer:
    """Changes fields, adds telephone numbers, takes those with the ids `without` away."""
    customer = Customer.objects.select_for_update().get(pk=customer.pk)
    if fields:
        for name, value in fields.items():
            setattr(customer, name, value)
        customer.full_clean(validate_unique=False, validate_constraints=False)
        customer.save(update_fields=list(fields))
    customer.phones.filter(pk__in=list(without)).delete()
    add_phones(customer, numbers)
    return customer


def add_phones(customer: Customer, numbers: Iterable[str]) -> None:
    """A number the customer has already is no error."""
    for written in numbers:
        read = normalise(written)
        if not read.is_e164:
            raise ValidationError({"phones": _("Not a telephone number.")})
        customer.phones.get_or_create(number=read.number)
    if customer.phones.count() > MOST_PHONES:
        raise ValidationError({"phones": _("A customer has at most ten numbers.")})


def add_note(customer: Customer, text: str, author: Any) -> CustomerNote:
    note = CustomerNote(customer=customer, text=text.strip(), author=author)
    note.full_clean()
    note.save()
    return note
