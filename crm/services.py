"""Writes about customers. Who may is asked by who calls this; what is wrong comes as ValidationError by field."""

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ccenter.calls.numbers import normalise
from crm.models import Category, Complaint, Customer, CustomerNote, ServiceRecord

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


def save_record(call: str, author: Any, agent: str, fields: dict[str, Any]) -> tuple[ServiceRecord, bool]:
    """The author's record of a call: made, or the given fields changed. Whether it is new. Twice at once makes one."""
    with transaction.atomic():
        record, new = ServiceRecord.objects.get_or_create(call=call, author=author, defaults={"agent": agent})
        return change_record(record, fields), new


@transaction.atomic
def change_record(record: ServiceRecord, fields: dict[str, Any]) -> ServiceRecord:
    """`fields` may hold followed_up: true ticks the follow-up off, false puts it back."""
    record = ServiceRecord.objects.select_for_update(of=("self",)).select_related("customer").get(pk=record.pk)
    now = timezone.now()
    wanted = dict(fields)
    if "followed_up" in wanted:
        wanted["followed_up_at"] = (record.followed_up_at or now) if wanted.pop("followed_up") else None
    elif "follow_up" in wanted and wanted["follow_up"] != record.follow_up:
        wanted["followed_up_at"] = None
    _usable(wanted.get("category"), record.category_id)
    for name, value in wanted.items():
        setattr(record, name, value)
    record.updated_at = now
    record.clean_fields(exclude=["call", "author", "customer", "category"])
    record.save(update_fields=[*wanted, "updated_at"])
    return record


def add_complaint(customer: Customer, text: str, author: Any, **fields: Any) -> Complaint:
    """`fields`: call, order, category, due_at."""
    complaint = Complaint(customer=customer, text=text.strip(), author=author, **fields)
    _usable(complaint.category)
    complaint.clean_fields(exclude=["customer", "category", "author"])
    complaint.save()
    return complaint


@transaction.atomic
def change_complaint(complaint: Complaint, fields: dict[str, Any]) -> Complaint:
    """Who closes it says how it was settled."""
    complaint = Complaint.objects.select_for_update().get(pk=complaint.pk)
    _usable(fields.get("category"), complaint.category_id)
    for name, value in fields.items():
        setattr(complaint, name, value)
    closed = complaint.state == Complaint.State.CLOSED
    if closed and not complaint.resolution.strip():
        raise ValidationError({"resolution": _("How was it settled?")})
    complaint.closed_at = (complaint.closed_at or timezone.now()) if closed else None
    complaint.clean_fields(exclude=["customer", "category", "author"])
    complaint.save(update_fields=[*fields, "closed_at"])
    return complaint


def _usable(category: Category | None, before: int | None = None) -> None:
    """One that was retired may stay where it is, and is given to nothing new."""
    if category is not None and not category.active and category.pk != before:
        raise ValidationError({"category": _("This category is not used any more.")})
