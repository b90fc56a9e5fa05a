"""Reads of points: what customers have, what it buys, what goods will earn."""

import calendar
from datetime import date, datetime
from decimal import ROUND_DOWN, Decimal
from typing import Any, NamedTuple

from django.db.models import F, Q, QuerySet, Sum
from django.urls import reverse
from django.utils import timezone

from ccenter.office.rights import scoped
from crm.models import Customer
from crm.selectors.history import Entry
from orders import rules
from orders.models import EarningRule, PointAccount, PointEntry, PointExchange, PointLot, PointTerms
from orders.rules import Lines
from orders.selectors.products import kinds_of

CENT = Decimal("0.01")


class Offer(NamedTuple):
    """So many points can be used at most, and what they pay."""

    points: int
    worth: Decimal


NOTHING = Offer(0, Decimal(0))


def terms(at: datetime) -> PointTerms | None:
    """Those that hold; None: nothing can be paid with points."""
    return PointTerms.objects.filter(since__lte=at).order_by("-since").first()


def worth(points: int, by: PointTerms) -> Decimal:
    """Rounded down to a cent."""
    return (points * by.worth).quantize(CENT, ROUND_DOWN)


def value(points: int, at: datetime) -> Decimal:
    """What points pay; 0 where nothing can be paid with them."""
    held = terms(at)
    return worth(points, held) if held else Decimal(0)


def usable(customer: Customer, at: datetime) -> int:
    """Points that have not expired, also when nobody has taken the expired ones away yet. One query."""
    lots = PointLot.objects.filter(account=customer.pk, left__gt=0)
    over = Q(expires_on__lte=timezone.localdate(at))
    found = lots.aggregate(all=Sum("left", default=0), over=Sum("left", filter=over, default=0))
    # without an account: as many as the customer's row says
    return int(found["all"] - found["over"]) if found["all"] else customer.points


def proposal(customer: Customer, goods_amount: Decimal, at: datetime, without: int = 0, there: int | None = None) -> Offer:
    """The most points this customer can use for these goods, `without` those that are wanted for others.

    Two queries; one where it is known how many points are `there` (`usable`).
    """
    held = terms(at)
    if held is None or goods_amount <= 0:
        return NOTHING
    payable = (goods_amount * held.most_share / 100).quantize(CENT, ROUND_DOWN)
    there = usable(customer, at) if there is None else there
    points = max(min(there - without, int(payable // held.worth)), 0)
    points -= points % held.step
    return Offer(points, worth(points, held)) if points >= max(held.least, 1) else NOTHING


def will_earn(lines: Lines, level: str, at: datetime) -> int:
    """What goods will earn for a customer of this level. Three queries."""
    found = rules.earned(lines, list(EarningRule.objects.filter(active=True)), kinds_of(list(lines)), level, at)
    return sum(found.values())


def offered(customer: Customer, at: datetime) -> QuerySet[PointExchange]:
    """What customers of this level can have for points now, whether or not they have so many; with `product`."""
    begun = Q(since=None) | Q(since__lte=at)
    rows = PointExchange.objects.filter(begun & (Q(until=None) | Q(until__gt=at)), active=True, level__in=["", customer.level])
    return rows.filter(product__on_sale=True).select_related("product")


def exchanges(customer: Customer, at: datetime, there: int | None = None) -> list[PointExchange]:
    """What this customer can have for points now, with `product` and its `free_now`; the cheapest first. Two queries, or one."""
    rows = offered(customer, at).filter(points__lte=usable(customer, at) if there is None else there)
    rows = rows.annotate(free_now=F("product__stock__on_hand") - F("product__stock__reserved"))
    return list(rows.filter(Q(product__stocked=False) | Q(free_now__gt=0)).order_by("points", "id"))


def history(customer: Customer | None = None) -> QuerySet[PointEntry]:
    """Entries, the newest first; of one customer or of all."""
    rows = PointEntry.objects.select_related("account__customer", "by").order_by("-id")
    return rows if customer is None else rows.filter(account=customer.pk)


def read(user: Any, customers: list[int], before: datetime | None, most: int) -> list[Entry]:
    """For the customers' one-page history."""
    rows = scoped(user, PointEntry.objects.filter(account__in=customers), "point_entries")
    rows = rows.filter(at__lt=before) if before else rows
    return [
        Entry(
            at=row.at,
            kind="points",
            key=str(row.pk),
            title=row.get_kind_display(),
            detail=row.reason,
            amount=f"{row.points:+}",
            data={"balance": row.balance, "order": row.ref, "customer": row.account_id},
        )
        for row in rows.order_by("-at", "-id")[:most]
    ]


def page(entry: Entry) -> str:
    """Where the customer's points are read."""
    return reverse("orders:customer_points", args=[entry.data["customer"]])


def accounts() -> QuerySet[PointAccount]:
    return PointAccount.objects.select_related("customer")


def lots(customer: Customer) -> QuerySet[PointLot]:
    """What is left, first what expires first."""
    return PointLot.objects.filter(account=customer.pk, left__gt=0).order_by(F("expires_on").asc(nulls_last=True), "id")


def expiry(at: datetime) -> date | None:
    """The day on which points that come in now are gone; None: never."""
    held = terms(at)
    return months_later(timezone.localtime(at), held.months).date() if held and held.months else None


def months_later(at: datetime, months: int) -> datetime:
    """The same day and time so many months later, or the month's last day."""
    year, month = divmod(at.year * 12 + at.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return at.replace(year=year, month=month + 1, day=min(at.day, last))
