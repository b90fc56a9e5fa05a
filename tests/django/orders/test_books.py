"""The books of stock and points, whatever happens in whichever order: they add up, and are what a simple model says."""

import os
from collections import Counter
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import F, Sum
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, precondition, rule, run_state_machine_as_test

from orders.models import EarningRule, PointAccount, PointEntry, PointLot, PointTerms, Reservation, Stock, StockMove
from orders.rules import Bought
from orders.services import points, stock
from orders.services.stock import OutOfStock
from tests.django.orders.shop import customer, product

pytestmark = pytest.mark.django_db
LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"
DAYS = settings(
    max_examples=1000 if LONG else 20,
    stateful_step_count=50 if LONG else 25,
    derandomize=not LONG,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)


class Undone(RuleBasedStateMachine):
    """Each example in a transaction that is taken back."""

    def __init__(self) -> None:
        super().__init__()
        self.atomic = transaction.atomic()
        self.atomic.__enter__()

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.atomic.__exit__(None, None, None)

    @invariant()
    def the_database_agrees(self) -> None:
        """Runs what is checked at the end of a transaction."""
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")


quantities = st.integers(0, 6)


class StockBook(Undone):
    """`shelf` and `held` are the model: pieces by product, and pieces by order and product."""

    orders = Bundle("orders")
    gone = Bundle("gone")

    def __init__(self) -> None:
        super().__init__()
        self.goods = [product("1001", "1", 0).pk, product("1002", "1", 0).pk]
        self.shelf: Counter[int] = Counter()
        self.held: dict[str, Counter[int]] = {}
        self.out: dict[str, Counter[int]] = {}
        self.number = 70000

    def lines(self, pieces: tuple[int, int]) -> dict[int, int]:
        return dict(zip(self.goods, pieces, strict=True))

    def reserved(self, product: int, but: str = "") -> int:
        return sum(held[product] for ref, held in self.held.items() if ref != but)

    @rule(pieces=st.tuples(quantities, quantities))
    def receive(self, pieces: tuple[int, int]) -> None:
        stock.receive("P1", self.lines(pieces))
        self.shelf.update(self.lines(pieces))

    @rule(target=orders)
    def new_order(self) -> str:
        self.number += 1
        self.held[str(self.number)] = Counter()
        return str(self.number)

    @rule(ref=orders, pieces=st.tuples(quantities, quantities))
    def reserve(self, ref: str, pieces: tuple[int, int]) -> None:
        wanted = self.lines(pieces)
        enough = all(n <= max(self.shelf[pk] - self.reserved(pk, ref), self.held[ref][pk]) for pk, n in wanted.items())
        try:
            stock.reserve(ref, wanted)
        except OutOfStock:
            assert not enough
        else:
            assert enough
            self.held[ref] = Counter(wanted)

    @rule(ref=orders)
    def release(self, ref: str) -> None:
        stock.release(ref)
        self.held[ref] = Counter()

    @rule(target=gone, ref=consumes(orders))
    def issue(self, ref: str) -> str:
        stock.issue(ref)
        self.shelf.subtract(self.held[ref])
        self.out[ref] = self.held.pop(ref)
        return ref

    @rule(ref=gone, pieces=st.tuples(quantities, quantities), sellable=st.booleans())
    def put_back(self, ref: str, pieces: tuple[int, int], sellable: bool) -> None:
        lines = self.lines(pieces)
        possible = all(n <= self.out[ref][pk] for pk, n in lines.items())
        try:
            stock.put_back(ref, lines, sellable)
        except ValidationError:
            assert not possible
        else:
            assert possible
            self.out[ref].subtract(lines)
            self.shelf.update(lines if sellable else {})

    @rule(place=st.integers(0, 1), counted=st.integers(0, 12))
    def count(self, place: int, counted: int) -> None:
        from orders.models import Product

        pk = self.goods[place]
        try:
            stock.count(Product.objects.get(pk=pk), counted, "counted")
        except ValidationError:
            assert counted < self.reserved(pk)
        else:
            assert counted >= self.reserved(pk)
            self.shelf[pk] = counted

    @invariant()
    def the_book_is_the_shelf(self) -> None:
        for pk in self.goods:
            row = Stock.objects.filter(pk=pk).values_list("on_hand", "reserved").first() or (0, 0)
            assert row == (self.shelf[pk], self.reserved(pk))
            change = StockMove.objects.filter(stock=pk).aggregate(
                hand=Sum(F("on_hand") - F("on_hand_before"), default=0), held=Sum(F("reserved") - F("reserved_before"), default=0)
            )
            assert (change["hand"], change["held"]) == row
        rows = Reservation.objects.filter(issued=False).values_list("ref", "stock", "quantity")
        assert {(ref, pk): n for ref, pk, n in rows} == {
            (ref, pk): n for ref, held in self.held.items() for pk, n in held.items() if n
        }


class PointLedger(Undone):
    """Two customers. `earned` and `used` are the model, by order; what is lost to time is the rest."""

    def __init__(self) -> None:
        super().__init__()
        self.now = timezone.now()
        PointTerms.objects.create(since=self.now - timedelta(days=1), worth=Decimal("0.01"), step=1, most_share=100, months=1)
        EarningRule.objects.create(name="all")
        self.pan = product("1001", "1", 0).pk
        self.people = [customer("王芳", "+8613800138001"), customer("李明", "+8613800138002")]
        self.earned: Counter[tuple[int, str]] = Counter()
        self.used: Counter[tuple[int, str]] = Counter()
        self.lost: Counter[int] = Counter()
        self.by_hand: Counter[int] = Counter()

    def balance(self, who: int) -> int:
        told = sum(n for (one, _ref), n in self.earned.items() if one == who)
        spent = sum(n for (one, _ref), n in self.used.items() if one == who)
        return told - spent + self.by_hand[who] - self.lost[who]

    def ref(self, who: int, place: int) -> str:
        return f"7{who}{place:03}"

    people_at_hand = st.integers(0, 1)
    places = st.integers(0, 4)

    @rule(who=people_at_hand, place=places, amount=st.integers(0, 50))
    def earn(self, who: int, place: int, amount: int) -> None:
        ref = self.ref(who, place)
        first = PointEntry.objects.filter(ref=ref, kind="earned").order_by("id").first()
        most = first.detail[str(self.pan)][1] if first else amount
        told = points.earn(self.people[who], ref, {self.pan: Bought(1, Decimal(amount))} if amount else {})
        self.expired()
        assert told == min(amount, most), "no more than it earned at first"
        self.earned[who, ref] = told

    @rule(who=people_at_hand, place=places, wanted=st.integers(0, 60))
    def redeem(self, who: int, place: int, wanted: int) -> None:
        ref = self.ref(who, place)
        try:
            with transaction.atomic():
                points.redeem(self.people[who], ref, wanted)
        except ValidationError:
            fresh = PointLot.objects.filter(account=self.people[who].pk, expires_on__gt=timezone.localdate())
            assert wanted - self.used[who, ref] > fresh.aggregate(sum=Sum("left", default=0))["sum"]
        else:
            self.expired()
            self.used[who, ref] = wanted

    @rule(who=people_at_hand, change=st.integers(-20, 20).filter(bool))
    def adjust(self, who: int, change: int) -> None:
        try:
            with transaction.atomic():
                points.adjust(self.people[who], change, "by hand", None)
        except ValidationError:
            assert change < 0
        else:
            self.by_hand[who] += change
        self.expired()

    @rule(days=st.sampled_from([10, 40]))
    def days_pass(self, days: int) -> None:
        for lot in PointLot.objects.filter(left__gt=0):
            lot.expires_on -= timedelta(days=days)
            lot.save()

    @rule()
    def sweep(self) -> None:
        points.expire()
        self.expired()

    def expired(self) -> None:
        """What time took away is read from the entries; that it was due is checked by the lots."""
        for who, one in enumerate(self.people):
            gone = PointEntry.objects.filter(account=one.pk, kind="expired").aggregate(sum=Sum("points", default=0))["sum"]
            self.lost[who] = -gone

    @precondition(lambda self: PointAccount.objects.exists())
    @invariant()
    def the_ledger_is_the_model(self) -> None:
        for who, one in enumerate(self.people):
            account = PointAccount.objects.filter(pk=one.pk).first()
            balance: Any = account.balance if account else 0
            assert balance == self.balance(who)
            one.refresh_from_db()
            assert one.points == max(balance, 0)
            left = PointLot.objects.filter(account=one.pk).aggregate(sum=Sum("left", default=0))["sum"]
            assert left == one.points


def test_given_a_warehouse_when_anything_happens_then_the_book_is_the_shelf() -> None:
    run_state_machine_as_test(StockBook, settings=DAYS)


def test_given_customers_when_points_come_and_go_then_the_ledger_adds_up() -> None:
    run_state_machine_as_test(PointLedger, settings=DAYS)
