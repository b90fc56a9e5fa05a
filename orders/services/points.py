"""Writes of points. Each locks the customer and the account, and writes an entry for each change.

`ref` is an order's number. `redeem` and `earn` say what an order has used and earned in all: told again with another figure, the
difference is booked. `by` is a user, None for the system. All of it joins the caller's transaction.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from ccenter.office import webhooks
from ccenter.office.audit import audit
from ccenter.office.errors import Conflict
from crm.models import Customer
from orders import rules
from orders.models import OrderLine, PointAccount, PointEntry, PointLot, PointUse
from orders.rules import Lines
from orders.selectors import points as selectors
from orders.selectors.shelf import Shelf
from orders.services.levels import raise_level

Kind = PointEntry.Kind
GRACE = timedelta(days=30)  # points given back that have expired meanwhile are good for so long
MOST = 1_000_000_000  # points of a customer; the columns hold twice that


@transaction.atomic
def redeem(customer: Customer, ref: str, points: int, by: Any = None, *, exchanged: int = 0) -> Decimal:
    """The order uses `points` to pay, and `exchanged` for products that are had for points; what the former are worth.

    0 and 0: all is given back, to where it came from. ValidationError({"points": ...}) when the terms forbid it, Conflict when
    there are not enough.
    """
    if points < 0 or exchanged < 0:
        raise ValueError("points below 0")
    now = timezone.now()
    account = locked(customer.pk, now)
    uses = list(PointUse.objects.filter(entry__ref=ref, entry__kind=Kind.USED).select_related("lot").order_by("-id"))
    more = points + exchanged - sum(use.points - use.back for use in uses)
    if more > 0:  # what is given back for goods that came back need not be a round figure
        _allowed(points, now)
        if more > account.balance:
            left = max(account.balance, 0)
            raise Conflict({"points": [_("The customer has %(left)s points only.") % {"left": left}]})
        _take(account, _entry(account, Kind.USED, -more, by, ref), more)
    elif more < 0:
        entry, spare = _gained(account, Kind.GIVEN_BACK, -more, by, ref)
        _give_back(account, entry, uses, -more, spare, timezone.localdate(now))
    return selectors.value(points, now)


def exchangeable(customer: Customer, lines: Sequence[OrderLine], at: datetime) -> None:
    """Raises ValidationError({"exchanges": ...}) for lines that this customer cannot have for points now, Conflict where the
    points or the price changed."""
    lines = [line for line in lines if line.exchange_id is not None]
    if not lines:
        return
    offered = {offer.pk: offer for offer in selectors.offered(customer, at)}
    if gone := [line.name for line in lines if line.exchange_id not in offered]:
        raise ValidationError({"exchanges": [_("It cannot be had for points any more: %s") % name for name in gone]})
    for line in lines:
        offer = offered[line.exchange_id]
        if (line.points, line.price) != (offer.points, offer.price):
            text = _("It costs %(points)s points and %(price)s now: %(product)s")
            raise Conflict({"exchanges": [text % {"points": offer.points, "price": offer.price, "product": line.name}]})


@transaction.atomic
def earn(customer: Customer, ref: str, lines: Lines, by: Any = None) -> int:
    """The order has earned points for these goods in all; how many. Raises the customer's level where they are enough.

    Told again with less, the customer keeps the points of what they keep; a balance that is too small for it falls below 0.
    """
    now = timezone.now()
    account = locked(customer.pk, now)
    booked = list(PointEntry.objects.filter(ref=ref, kind__in=[Kind.EARNED, Kind.TAKEN_BACK]).order_by("id"))
    detail = _detail(booked, lines, Customer.objects.values_list("level", flat=True).get(pk=account.pk), now)
    earned = sum(
        rules.kept(points, Decimal(amount), lines[int(product)].amount)
        for product, (amount, points) in detail.items()
        if int(product) in lines
    )
    more = earned - sum(entry.points for entry in booked)
    if more > 0:
        entry, spare = _gained(account, Kind.EARNED, more, by, ref, detail=detail)
        _lot(account, entry, spare, selectors.expiry(now))
        raise_level(account, now)
    elif more < 0:
        own = PointLot.objects.filter(account=account, entry__in=booked)
        entry, short = _lost(account, Kind.TAKEN_BACK, -more, by, ref)
        short -= _take(account, entry, short, own)
        _take(account, entry, short)
    return earned


@transaction.atomic
def adjust(customer: Customer, points: int, reason: str, by: Any) -> PointEntry:
    """Puts points right by hand: gives (above 0) or takes (below), down to nothing at most. Say why."""
    if not points:
        raise ValidationError({"points": _("How many points?")})
    if not reason.strip():
        raise ValidationError({"reason": _("Why are the points put right?")})
    now = timezone.now()
    account = locked(customer.pk, now)
    before = account.balance
    if points < 0 and before + points < 0:
        raise Conflict({"points": [_("The customer has %(left)s points only.") % {"left": max(before, 0)}]})
    if points > 0:
        entry, spare = _gained(account, Kind.ADJUSTED, points, by, reason=reason.strip())
        _lot(account, entry, spare, selectors.expiry(now))
    else:
        entry = _entry(account, Kind.ADJUSTED, points, by, reason=reason.strip())
        _take(account, entry, -points)
    audit(by, "points.adjust", customer, {"points": (before, account.balance), "reason": ("", entry.reason)})
    return entry


def expire(now: datetime | None = None, most: int = 1000) -> int:
    """Takes points away whose time is over; of how many customers, at most `most`. Each in a transaction of its own."""
    now = now or timezone.now()
    today = timezone.localdate(now)
    due = PointLot.objects.filter(left__gt=0, expires_on__lte=today).order_by("account").values_list("account", flat=True)
    accounts = list(due.distinct()[:most])
    for account in accounts:
        with transaction.atomic():
            locked(account, now)
    return len(accounts)


# -- two customers become one ----------------------------------------------------------------------------------


@transaction.atomic
def merge(kept: Customer, gone: Customer, by: Any) -> dict[str, int]:
    """The points of `gone` go to `kept`, lot by lot with the dates they expire on. What `unmerge` needs to know."""
    if not PointAccount.objects.filter(pk=gone.pk).exists() and not Customer.objects.filter(pk=gone.pk, points__gt=0).exists():
        return {}
    now = timezone.now()
    source, target = locked(gone.pk, now), locked(kept.pk, now)
    points = source.balance
    if not points:
        return {}
    if points > 0:
        lots = [(lot.left, lot.expires_on) for lot in _open_lots(source)]
        out = _entry(source, Kind.MOVED, -points, by)
        _take(source, out, points)
        into, spare = _gained(target, Kind.MOVED, points, by)
        _spread(target, into, lots, spare)
    else:
        out, _spare = _gained(source, Kind.MOVED, -points, by)
        into, short = _lost(target, Kind.MOVED, -points, by)
        _take(target, into, short)
    return {"points": points, "out": out.pk, "into": into.pk}


@transaction.atomic
def unmerge(kept: Customer, gone: Customer, data: dict[str, int], by: Any) -> None:
    """The points that came with `gone` go back; those that were spent meanwhile are owed by `kept`."""
    if not data:
        return
    now = timezone.now()
    source, target = locked(gone.pk, now), locked(kept.pk, now)
    points = data["points"]
    if points > 0:
        entry, short = _lost(target, Kind.MOVED, points, by)
        short -= _take(target, entry, short, PointLot.objects.filter(account=target, entry=data["into"]))
        _take(target, entry, short)
        back, spare = _gained(source, Kind.MOVED, points, by)
        uses = PointUse.objects.filter(entry=data["out"]).select_related("lot").order_by("-id")
        _give_back(source, back, uses, points, spare, timezone.localdate(now))
    else:
        back, spare = _gained(target, Kind.MOVED, -points, by)
        _lot(target, back, spare, selectors.expiry(now))
        entry, short = _lost(source, Kind.MOVED, -points, by)
        _take(source, entry, short)


# -- the ledger ------------------------------------------------------------------------------------------------


def locked(customer: int, now: datetime) -> PointAccount:
    """The account, locked together with the customer, without what has expired; opened if there is none.

    Points a customer had before they had an account are its first entry.
    """
    row = Customer.objects.select_for_update(no_key=True).only("points").get(pk=customer)
    account, new = PointAccount.objects.select_for_update().get_or_create(customer=row)
    if new and row.points:
        entry = _entry(account, Kind.OPENING, row.points, None)
        _lot(account, entry, row.points, selectors.expiry(now))
    over = PointLot.objects.filter(account=account, left__gt=0, expires_on__lte=timezone.localdate(now))
    if points := over.aggregate(sum=Sum("left"))["sum"]:
        _take(account, _entry(account, Kind.EXPIRED, -points, None), points, over)
    return account


def _entry(account: PointAccount, kind: str, points: int, by: Any, ref: str = "", **more: Any) -> PointEntry:
    """Writes an entry, the account's balance and what the customer's row shows."""
    before = account.balance
    if abs(before + points) > MOST:
        raise ValidationError({"points": _("So many points cannot be kept.")})
    entry = PointEntry(
        account=account,
        seq=(account.seq or 0) + 1,
        kind=kind,
        before=before,
        points=points,
        balance=before + points,
        ref=ref,
        by=by,
        **more,
    )
    entry.save(force_insert=True)
    account.seq, account.balance = entry.seq, entry.balance
    PointAccount.objects.filter(pk=account.pk).update(seq=entry.seq, balance=entry.balance)
    Customer.objects.filter(pk=account.pk).exclude(points=max(entry.balance, 0)).update(points=max(entry.balance, 0))
    told = {"customer": account.pk, "kind": kind, "points": points, "balance": entry.balance, "order": ref}
    webhooks.tell("points.changed", told)
    return entry


def _gained(account: PointAccount, kind: str, points: int, by: Any, ref: str = "", **more: Any) -> tuple[PointEntry, int]:
    """An entry, and how many of its points are left for lots when what was owed is paid."""
    owed = max(-account.balance, 0)
    return _entry(account, kind, points, by, ref, **more), max(points - owed, 0)


def _lost(account: PointAccount, kind: str, points: int, by: Any, ref: str = "") -> tuple[PointEntry, int]:
    """An entry, and how many of its points the lots can bear; the others are owed."""
    there = max(account.balance, 0)
    return _entry(account, kind, -points, by, ref), min(points, there)


def _lot(account: PointAccount, entry: PointEntry, points: int, expires_on: date | None) -> None:
    if points:
        PointLot.objects.create(account=account, entry=entry, points=points, left=points, expires_on=expires_on)


def _open_lots(account: PointAccount, rows: Any = None) -> Any:
    """Those with points left, first those that expire first."""
    rows = PointLot.objects.filter(account=account) if rows is None else rows
    return rows.filter(left__gt=0).order_by(F("expires_on").asc(nulls_last=True), "id")


def _take(account: PointAccount, entry: PointEntry, points: int, rows: Any = None) -> int:
    """Takes up to so many points out of the lots (`rows`: of these only), and notes which; how many."""
    taken: list[tuple[PointLot, int]] = []
    rest = points
    for lot in _open_lots(account, rows) if points > 0 else ():
        share = min(rest, lot.left)
        lot.left -= share
        rest -= share
        taken.append((lot, share))
        if not rest:
            break
    PointLot.objects.bulk_update([lot for lot, _share in taken], ["left"])
    PointUse.objects.bulk_create([PointUse(entry=entry, lot=lot, points=share) for lot, share in taken])
    return points - rest


def _give_back(account: PointAccount, entry: PointEntry, uses: Iterable[PointUse], points: int, spare: int, today: date) -> None:
    """Puts points back to where `uses` took them, `spare` of them into lots: the others paid what was owed.

    A lot of another account (of a customer who was merged into this one) stays as it is: a new one takes its place.
    """
    for use in uses:
        share = min(use.points - use.back, points)
        if not share:
            continue
        points -= share
        use.back += share
        use.save(update_fields=["back"])
        into = min(share, spare)
        spare -= into
        lot = use.lot
        expires_on = lot.expires_on
        if expires_on is not None and expires_on <= today:
            expires_on = today + GRACE
        if not into:
            continue
        if lot.account_id == account.pk:
            lot = PointLot.objects.get(pk=lot.pk)  # two uses may be of one lot
            lot.left, lot.expires_on = lot.left + into, expires_on
            lot.save(update_fields=["left", "expires_on"])
        else:
            _lot(account, entry, into, expires_on)


def _spread(account: PointAccount, entry: PointEntry, lots: Iterable[tuple[int, date | None]], spare: int) -> None:
    """New lots like those, the last to expire first, until `spare` points are there."""
    for points, expires_on in reversed(list(lots)):
        share = min(points, spare)
        _lot(account, entry, share, expires_on)
        spare -= share


def _allowed(points: int, now: datetime) -> None:
    """Raises ValidationError where the terms do not allow so many points to be used."""
    terms = selectors.terms(now)
    if not points:
        return
    if terms is None:
        raise ValidationError({"points": _("Nothing can be paid with points.")})
    if points < terms.least or points % terms.step:
        text = _("Points are used in steps of %(step)s, from %(least)s on.")
        raise ValidationError({"points": text % {"step": terms.step, "least": terms.least}})


def _detail(booked: Iterable[PointEntry], lines: Lines, level: str, now: datetime) -> dict[str, tuple[str, int]]:
    """{product: (amount, points)} as it was first earned; by the rules of now for products that are new."""
    found: dict[str, tuple[str, int]] = {}
    for entry in booked:
        for product, (amount, points) in entry.detail.items():
            found.setdefault(product, (amount, points))
    if new := {product: bought for product, bought in lines.items() if str(product) not in found}:
        earned = selectors.earned(new, level, Shelf(now))
        found |= {str(product): (str(new[product].amount), points) for product, points in earned.items()}
    return found
