"""Service records as screens show them."""

from collections.abc import Collection
from datetime import date, timedelta
from typing import Any

from django.db.models import Q, QuerySet

from ccenter.prepared import Prepared, Slot
from crm.models import ServiceRecord

RECORDS = 50  # of one customer, the newest

_records_for = Prepared(lambda: records().filter(Q(call__among=Slot("calls")) | Q(customer__among=Slot("customers")))[:RECORDS])


def records() -> QuerySet[ServiceRecord]:
    """With the customers' names, the newest first."""
    return ServiceRecord.objects.select_related("customer").only(
        *(f.attname for f in ServiceRecord._meta.concrete_fields), "customer__name"
    )


def listed() -> QuerySet[ServiceRecord]:
    """With customer and author, for lists. One query."""
    unread = ("customer__pin", "author__password", "author__seat__sip_password")
    return ServiceRecord.objects.select_related("customer", "author__seat").defer(*unread)


def records_for(calls: Collection[str], customers: Collection[int]) -> list[ServiceRecord]:
    """Of these calls, and the latest of these customers. One query."""
    return _records_for(calls=list(calls), customers=list(customers))


def due(author: Any, today: date, days: int = 7) -> list[ServiceRecord]:
    """The author's follow-ups that are due within `days`, the soonest first."""
    open_ = records().filter(author=author, follow_up__lte=today + timedelta(days=days), followed_up_at=None)
    return list(open_.order_by("follow_up", "id")[:100])
