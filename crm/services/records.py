"""Writes of service records."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ccenter.office.audit import audit, changed, state_of
from crm.models import ServiceRecord
from crm.services import outbound
from crm.services.categories import usable

PROMISES = {"follow_up", "followed_up_at", "customer"}  # fields on which the call that was promised depends
DERIVED = ("first_contact", "updated_at")  # columns whose change nobody asked for
FIRST_CONTACT = timedelta(days=7)  # who asks about the same again within these was not helped the first time
Result = ServiceRecord.Result
UNKNOWN = ("", Result.UNREACHED, Result.NUISANCE)  # nothing was asked, or it is not written yet


def save_record(call: str, author: Any, agent: str, fields: dict[str, Any]) -> tuple[ServiceRecord, bool]:
    """The author's record of a call: made, or the given fields changed. Whether it is new. Twice at once makes one."""
    with transaction.atomic():
        record, new = ServiceRecord.objects.get_or_create(call=call, author=author, defaults={"agent": agent})
        return change_record(record, fields, author, new=new), new


@transaction.atomic
def change_record(record: ServiceRecord, fields: dict[str, Any], by: Any, *, new: bool = False) -> ServiceRecord:
    """`fields` may hold followed_up: true ticks the follow-up off, false puts it back; and call_at: when they are to be called.

    Who is to be followed up is called on that day, by whoever promised it. Raises ValidationError for a time that is past.
    The audit log keeps what it was before, unless it is `new`.
    """
    record = ServiceRecord.objects.select_for_update(of=("self",)).select_related("customer").get(pk=record.pk)
    now = timezone.now()
    wanted = dict(fields)
    call_at = wanted.pop("call_at", None)
    if call_at is not None:
        if call_at < now:
            raise ValidationError({"call_at": _("This time is past.")})
        wanted["follow_up"] = timezone.localtime(call_at).date()
    if "followed_up" in wanted:
        wanted["followed_up_at"] = (record.followed_up_at or now) if wanted.pop("followed_up") else None
    elif "follow_up" in wanted and wanted["follow_up"] != record.follow_up:
        wanted["followed_up_at"] = None
    usable(wanted.get("category"), record.category_id)
    before = state_of(record, DERIVED)
    was = (record.customer_id, record.category_id)
    for name, value in wanted.items():
        setattr(record, name, value)
    record.updated_at = now
    record.clean_fields(exclude=["call", "author", "customer", "category"])
    record.save(update_fields=[*wanted, "updated_at"])
    if not new and (changes := changed(before, record)):
        audit(by, "records.change", record, changes)
    if {"customer", "category", "result"} & set(wanted):
        for customer, category in {was, (record.customer_id, record.category_id)}:
            _judge(customer, category)
        if record.customer_id is None:
            ServiceRecord.objects.filter(pk=record.pk).update(first_contact=None)
        record.refresh_from_db(fields=["first_contact", "version"])
    if call_at is not None or PROMISES & set(wanted):
        outbound.promise(record, call_at)
    return record


def _judge(customer: int | None, category: int | None) -> None:
    """Which of a customer's records about one thing were settled at the first contact, told anew from all of them."""
    if customer is None:
        return
    rows = ServiceRecord.objects.filter(customer=customer, category=category).order_by("created_at", "pk")
    told = list(rows.values_list("pk", "created_at", "call", "result", "first_contact"))
    for pk, at, call, result, before in told:
        contacts = [(other_at, kind) for _pk, other_at, other_call, kind, _first in told if other_call != call]
        if before != (now := first_contact(result, at, contacts)):
            ServiceRecord.objects.filter(pk=pk).update(first_contact=now)


def first_contact(result: str, at: Any, contacts: Collection[tuple[Any, str]]) -> bool | None:
    """Whether a record says: settled, and not asked before or again. `contacts`: (when, result) of the customer's other calls
    about the same. An order is settled by being taken: who orders again has not come back with the same matter."""
    if result in UNKNOWN:
        return None
    if result == Result.ORDERED:
        return True
    if result != Result.SOLVED:
        return False
    asked = (other for other, kind in contacts if kind not in (*UNKNOWN, Result.ORDERED))
    return not any(abs(at - other) <= FIRST_CONTACT for other in asked)
