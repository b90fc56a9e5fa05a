"""Reads of points: what customers have, what it buys, what goods will earn."""

import calendar
from datetime import date, datetime
from decimal import ROUND_DOWN, Decimal
from typing import Any, NamedTuple

from django.db.models import F, Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from ccenter.office.rights import scoped
from ccenter.prepared import Prepared, Slot
from crm.models import Customer
from crm.selectors.history import Entry
from orders import rules
from orders.models import PointAccount, PointEntry, PointExchange, PointLot, PointTerms
from orders.rules import Lines
from orders.selectors.shelf import Shelf
from orders.selectors.standing import Standing, standing

CENT = Decimal("0.01")


class Offer(NamedTuple):
    """So many points can be used at most, and what they pay."""

    points: int
    worth: Decimal


NOTHING = Offer(0, Decimal(0))
_lots = Prepared(lambda: PointLot.objects.filter(account=Slot("account"), left__gt=0).only("left", "expires_on").order_by())


def terms(at: datetime, held: Standing | None = None) -> PointTerms | None:
    """Those that hold; None: nothing can be paid with points."""
    return (held or standing()).terms_at(at)


def worth(points: int, by: PointTerms) -> Decimal:
    """Rounded down to a cent."""
    return (points * by.worth).quantize(CENT, ROUND_DOWN)


def value(points: int, at: datetime, standing: Standing | None = None) -> Decimal:
    """What points pay; 0 where nothing can be paid with them."""
    held = terms(at, standing)
    return worth(points, held) if held else Decimal(0)


def usable(customer: Customer, at: datetime) -> int:
    """Points that have not expired, also when nobody has taken the expired ones away yet. One query."""
    today, lots = timezone.localdate(at), _lots(account=customer.pk)
    # without an account: as many as the customer's row says
    return sum(lot.left for lot in lots if lot.expires_on is None or lot.expires_on > today) if lots else customer.points


def proposal(
    customer: Customer,
    goods_amount: Decimal,
    at: datetime,
    without: int = 0,
    there: int | None = None,
    standing: Standing | None = None,
) -> Offer:
    """The most points this customer can use for these goods, `without` those that are wanted for others.

    A query less where it is known how many points are `there` (`usable`), and one less with the terms (`standing`).
    """
    held = terms(at, standing)
    if held is None or goods_amount <= 0:
        return NOTHING
    payable = (goods_amount * held.most_share / 100).quantize(CENT, ROUND_DOWN)
    there = usable(customer, at) if there is None else there
    points = max(min(there - without, int(payable // held.worth)), 0)
    points -= points % held.step
    return Offer(points, worth(points, held)) if points >= max(held.least, 1) else NOTHING


def will_earn(lines: Lines, level: str, at: datetime, shelf: Shelf | None = None) -> int:
    """What goods will earn for a customer of this level."""
    return sum(earned(lines, level, shelf or Shelf(at)).values())


def earned(lines: Lines, level: str, shelf: Shelf) -> dict[int, int]:
    """The points that each of these products earns, by the rules of the shelf's moment."""
    return rules.earned(lines, shelf.standing.earning_rules, shelf.kinds(list(lines)), level, shelf.at)


def offered(customer: Customer, at: datetime) -> list[PointExchange]:
    """What customers of this level can have for points now, whether or not they have so many; with `product`. One query.

    With its `free_now`; the cheapest first.
    """
    return _offered(levels=["", customer.level], at=at)


def exchanges(customer: Customer, at: datetime, there: int | None = None) -> list[PointExchange]:
    """What this customer can have for points now, and is in stock; the cheapest first. Two queries, or one."""
    there = usable(customer, at) if there is None else there
    return [one for one in offered(customer, at) if one.points <= there and (not one.product.stocked or (one.free_now or 0) > 0)]


def _at_levels() -> QuerySet[PointExchange]:
    begun = Q(since=None) | Q(since__lte=Slot("at"))
    rows = PointExchange.objects.filter(
        begun & (Q(until=None) | Q(until__gt=Slot("at"))), active=True, level__among=Slot("levels")
    )
    rows = rows.filter(product__on_sale=True).select_related("product").order_by("points", "id")
    return rows.annotate(free_now=F("product__stock__on_hand") - F("product__stock__reserved"))


_offered: Prepared[Any] = Prepared(_at_levels)


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
