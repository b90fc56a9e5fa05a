"""Customers' levels, as far as points give them. A level somebody gave by hand is never taken away here."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from crm.models import Customer
from crm.services import change_customer
from orders.models import PointAccount, PointEntry, PointLevel
from orders.selectors.points import months_later

Kind = PointEntry.Kind
RANK = {level: place for place, level in enumerate(Customer.Level.values)}


def raise_level(account: PointAccount, now: datetime) -> None:
    """Gives the customer the level their points deserve, if it is above the one they have."""
    deserved = deserved_level(account, now)
    customer = Customer.objects.get(pk=account.pk)
    if deserved and RANK[deserved] > RANK[customer.level]:
        _give(account, customer, deserved)


def review(now: datetime | None = None) -> int:
    """Takes levels away that points gave and do not deserve any more; how many. For once a day."""
    now = now or timezone.now()
    changed = 0
    for pk in PointAccount.objects.exclude(level="").order_by("pk").values_list("pk", flat=True):
        with transaction.atomic():
            customer = Customer.objects.select_for_update(no_key=True).get(pk=pk)
            account = PointAccount.objects.select_for_update().get(pk=pk)
            deserved = deserved_level(account, now) or Customer.Level.ORDINARY
            if customer.level == account.level and RANK[deserved] < RANK[customer.level]:
                _give(account, customer, deserved)
                changed += 1
    return changed


def deserved_level(account: PointAccount, now: datetime, levels: Iterable[PointLevel] | None = None) -> str:
    """The highest level for which enough was earned in time; empty if none."""
    best = ""
    for level in PointLevel.objects.all() if levels is None else levels:
        since = months_later(now, -level.months)
        earned = account.entries.filter(kind__in=[Kind.EARNED, Kind.TAKEN_BACK], at__gte=since).aggregate(sum=Sum("points"))[
            "sum"
        ]
        if (earned or 0) >= level.points and (not best or RANK[level.level] > RANK[best]):
            best = level.level
    return best


def _give(account: PointAccount, customer: Customer, level: str) -> None:
    account.level = "" if level == Customer.Level.ORDINARY else level
    account.save(update_fields=["level"])
    if customer.merged_into_id is None:
        change_customer(customer, {"level": level})
