"""Service records as screens show them."""

from collections.abc import Collection
from datetime import date, timedelta
from typing import Any

from django.db.models import Q, QuerySet

from crm.models import ServiceRecord

RECORDS = 50  # of one customer, the newest


def records() -> QuerySet[ServiceRecord]:
    """With the customers' names, the newest first."""
    return ServiceRecord.objects.select_related("customer").only(
        *(f.attname for f in ServiceRecord._meta.concrete_fields), "customer__name"
    )


def records_for(calls: Collection[str], customers: Collection[int]) -> list[ServiceRecord]:
    """Of these calls, and the latest of these customers. One query."""
    return list(records().filter(Q(call__in=calls) | Q(customer__in=customers))[:RECORDS])


def due(author: Any, today: date, days: int = 7) -> list[ServiceRecord]:
    """The author's follow-ups that are due within `days`, the soonest first."""
    open_ = records().filter(author=author, follow_up__lte=today + timedelta(days=days), followed_up_at=None)
    return list(open_.order_by("follow_up", "id")[:100])
