"""The promises of orders, stock, points and money hold whatever people do, in whatever order.

- What is reserved is what the submitted, approved and picked orders need; what lies on the shelf is what came, less what left, and
  what came back fit to be sold.
- A customer's points are those they began with, less what living orders used or exchanged for goods, and what delivered goods
  earned.
- An order's money adds up: lines, fee, points, returns, payments; nothing is owed to anybody that is not theirs.
- What is refused changes nothing.
"""

from contextlib import suppress
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
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from orders.models import (
    EarningRule,
    GiftRule,
    Order,
    OrderLine,
    Payment,
    PointAccount,
    PointEntry,
    PointExchange,
    PointTerms,
    ReturnLine,
    Stock,
)
from orders.selectors import payments as money
from orders.services import drafts, payments, points, steps
from orders.services.drafts import Gift, Swap, Want
from orders.services.returns import Back, take_back
from orders.states import RESERVED, VOID, State
from tests.django.orders.shop import Shop, product
from tests.django.orders.test_books import LONG

ANY = st.integers(0, 30)  # an index into whatever there is
FEW = st.integers(0, 4)
MONEY = st.decimals("0.01", "400", places=2)
PIECES, POINTS = 10, 3000
GONE = (State.SHIPPED, State.DELIVERED, State.RETURNED)


class Play(RuleBasedStateMachine):
    """A shop with few goods, one customer, and everybody at once."""

    def __init__(self) -> None:
        super().__init__()
        self.block = transaction.atomic()
        self.block.__enter__()
        shop = self.shop = Shop()
        self.bell = product("1003", "12", PIECES, gift_only=True)
        self.gift = GiftRule.objects.create(name="bell", gift=self.bell, least_amount=Decimal(150))
        PointTerms.objects.create(since=timezone.now() - timedelta(days=1), worth=Decimal("0.01"), step=100, most_share=50)
        self.swaps = [
            PointExchange.objects.create(product=self.bell, points=400),
            PointExchange.objects.create(product=shop.pot, points=700, price=Decimal("9.90")),
        ]
        EarningRule.objects.create(name="one for one", points=1, amount=Decimal(1))
        points.adjust(shop.customer, POINTS, "welcome", shop.rita)
        shop.customer.refresh_from_db()

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.block.__exit__(None, None, None)

    def one(self, which: int, *states: State) -> Order | None:
        found = Order.objects.filter(state__in=states) if states else Order.objects.all()
        rows = list(found.order_by("id"))
        return rows[which % len(rows)] if rows else None

    def tries(self, step: Any, *arguments: Any, **options: Any) -> None:
        """A refusal leaves nothing behind."""
        with suppress(ValidationError), transaction.atomic():
            step(*arguments, **options)

    @rule(
        pans=FEW,
        pots=FEW,
        gifts=st.integers(0, 2),
        used=st.sampled_from([0, 0, 100, 500, 5000]),
        had=st.tuples(st.integers(0, 3), st.integers(0, 3)) | st.just((0, 0)),
        cod=st.booleans(),
    )
    def write(self, pans: int, pots: int, gifts: int, used: int, had: tuple[int, int], cod: bool) -> None:
        wants = [Want(code, pieces) for code, pieces in (("1001", pans), ("1002", pots)) if pieces]
        taken = [Gift(self.gift.pk, gifts)] if gifts else []
        fields = {"method": self.shop.method, "points_used": used, "pay_by": "cod" if cod else "transfer"}
        swaps = [Swap(offer.pk, pieces) for offer, pieces in zip(self.swaps, had, strict=True) if pieces]
        self.tries(drafts.add, self.shop.anna, self.shop.customer, fields, wants, taken, swaps)

    @rule(which=ANY, pans=FEW)
    def rewrite(self, which: int, pans: int) -> None:
        if order := self.one(which, State.DRAFT, State.SUBMITTED):
            self.tries(drafts.change, order, self.shop.anna, {}, [Want("1001", pans + 1)], [])

    @rule(which=st.integers(0, 1), points=st.sampled_from([300, 400, 700]), active=st.booleans())
    def change_the_offer(self, which: int, points: int, active: bool) -> None:
        PointExchange.objects.filter(pk=self.swaps[which].pk).update(points=points, active=active)

    @rule(which=ANY)
    def submit(self, which: int) -> None:
        if order := self.one(which, State.DRAFT):
            self.tries(steps.submit, order, self.shop.anna)

    @rule(which=ANY)
    def go_on(self, which: int) -> None:
        """The next step of an order that is on its way."""
        shop, order = self.shop, self.one(which, State.SUBMITTED, State.APPROVED, State.PICKING)
        if order is None:
            return
        if order.state == State.SUBMITTED:
            self.tries(steps.approve, order, shop.rita, shop.carrier, reason="looked at")
        elif order.state == State.APPROVED:
            self.tries(steps.pick, order, shop.will)
        else:
            self.tries(steps.ship, order, shop.will)

    @rule(which=ANY, collected=st.none() | MONEY)
    def deliver(self, which: int, collected: Decimal | None) -> None:
        if order := self.one(which, State.SHIPPED):
            most = order.delivery.cod_amount
            self.tries(steps.deliver, order, self.shop.will, collected=most if collected is None else min(collected, most))

    @rule(which=ANY, how=st.sampled_from([steps.cancel, steps.refuse, steps.reopen]))
    def call_back(self, which: int, how: Any) -> None:
        if order := self.one(which):
            by = self.shop.rita if how is steps.refuse else self.shop.anna
            self.tries(how, order, by, "no more")

    @rule(which=ANY, line=FEW, pieces=st.integers(1, 4), sellable=st.booleans(), with_fee=st.booleans(), all_=st.booleans())
    def bring_back(self, which: int, line: int, pieces: int, sellable: bool, with_fee: bool, all_: bool) -> None:
        if order := self.one(which, State.SHIPPED, State.DELIVERED):
            lines = list(order.lines.all())
            goods = [Back(one.pk, one.quantity - one.returned, sellable) for one in lines if one.quantity > one.returned]
            if not all_:
                goods = [Back(lines[line % len(lines)].pk, pieces, sellable)]
            self.tries(take_back, order, self.shop.will, "unwanted", goods, with_fee=with_fee)

    @rule(which=ANY, amount=MONEY, more=st.booleans())
    def pay(self, which: int, amount: Decimal, more: bool) -> None:
        if order := self.one(which):
            self.tries(payments.receive, order, self.shop.fred, amount, "transfer", "王芳", more_than_owed=more)

    @rule(which=ANY, amount=MONEY, all_=st.booleans())
    def pay_back(self, which: int, amount: Decimal, all_: bool) -> None:
        if order := self.one(which):
            self.tries(payments.refund, order, self.shop.fred, -order.balance if all_ else amount, "transfer", "王芳")

    @precondition(lambda self: Payment.objects.exists())
    @rule(which=ANY)
    def undo(self, which: int) -> None:
        rows = list(Payment.objects.order_by("id"))
        self.tries(payments.correct, rows[which % len(rows)], self.shop.fred, "a mistake")

    @invariant()
    def books_of_the_database_hold(self) -> None:
        """What it checks at the end of a transaction, now."""
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        assert not money.unreconciled().exists()

    @invariant()
    def stock_is_right(self) -> None:
        for row in Stock.objects.all():
            lines = OrderLine.objects.filter(product=row.pk)
            kept = lines.filter(order__state__in=RESERVED).aggregate(n=Sum("quantity", default=0))["n"]
            left = lines.filter(order__state__in=GONE).aggregate(n=Sum("quantity", default=0))["n"]
            back = ReturnLine.objects.filter(line__product=row.pk, sellable=True).aggregate(n=Sum("quantity", default=0))["n"]
            assert (row.reserved, row.on_hand) == (kept, PIECES - left + back)
            assert 0 <= row.reserved <= row.on_hand

    @invariant()
    def points_are_right(self) -> None:
        living = Order.objects.exclude(state__in=VOID)
        earned = living.aggregate(n=Sum("points_earned", default=0))["n"]
        used = (
            living.aggregate(n=Sum(F("points_used") + F("points_exchanged"), default=0))["n"]
            - living.aggregate(n=Sum("returns__points_back", default=0))["n"]
        )
        balance = PointEntry.objects.filter(account=self.shop.customer.pk).aggregate(n=Sum("points"))["n"]
        assert balance == POINTS + earned - used
        assert PointAccount.objects.get(pk=self.shop.customer.pk).balance == balance

    @invariant()
    def money_is_right(self) -> None:
        for order in Order.objects.prefetch_related("lines", "payments", "returns"):
            lines, back = order.lines.all(), order.returns.all()
            assert order.subtotal == sum(line.amount for line in lines)
            assert order.points_exchanged == sum(line.points * line.quantity for line in lines)
            assert order.total == order.subtotal + order.delivery_fee - order.points_value >= 0
            assert order.paid == sum(payment.amount for payment in order.payments.all()) >= 0
            assert order.returned_value == sum(one.value for one in back) <= order.total
            owed = 0 if order.state in VOID else order.total - order.returned_value
            assert order.balance == owed - order.paid
            if order.state == State.RETURNED:
                fee_kept = order.delivery_fee if not any(one.fee_back for one in back) else 0
                assert order.total - order.returned_value == fee_kept
                used = order.points_used + order.points_exchanged
                assert (sum(one.points_back for one in back), order.points_earned) == (used, 0)


@pytest.mark.django_db
@pytest.mark.slow
def test_given_whatever_people_do_then_stock_points_and_money_are_right() -> None:
    run_state_machine_as_test(
        Play,
        settings=settings(
            max_examples=15, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck), derandomize=not LONG
        ),
    )
