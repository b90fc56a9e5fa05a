"""Points: earned, used, given back, expired; and a ledger that adds up."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from ccenter.office.errors import Conflict
from ccenter.office.models import AuditEntry
from crm.models import Customer
from orders.models import (
    EarningRule,
    PointAccount,
    PointEntry,
    PointExchange,
    PointLevel,
    PointLot,
    PointTerms,
    PointUse,
    ProductCategory,
)
from orders.rules import Bought, Lines
from orders.selectors import points as selectors
from orders.services import levels, points
from tests.django.orders.shop import customer, product

pytestmark = pytest.mark.django_db
PHONE = "+8613800138001"


@pytest.fixture
def wang(db: None) -> Customer:
    """A point for each yuan; a hundred points pay one; good for a year; half of the goods at most."""
    EarningRule.objects.create(name="all")
    PointTerms.objects.create(
        since=timezone.now() - timedelta(days=9), worth=Decimal("0.01"), step=100, least=200, most_share=50, months=12
    )
    return customer()


@pytest.fixture
def anna(db: None) -> User:
    return User.objects.create_user("anna")


def bought(amount: str, key: int = 0) -> Lines:
    from orders.models import Product

    return {key or (Product.objects.first() or product("1001", "100", 0)).pk: Bought(1, Decimal(amount))}


def balance(who: Customer) -> int:
    """As the account has it; the customer's row and the lots say the same, unless points are owed."""
    account = PointAccount.objects.get(pk=who.pk)
    shown = max(account.balance, 0)
    who.refresh_from_db()
    assert who.points == shown == sum(lot.left for lot in PointLot.objects.filter(account=account))
    entries = list(PointEntry.objects.filter(account=account).order_by("seq"))
    assert sum(entry.points for entry in entries) == account.balance
    return account.balance


def kinds(who: Customer) -> list[tuple[str, int]]:
    return list(PointEntry.objects.filter(account=who.pk).order_by("seq").values_list("kind", "points"))


def pass_days(days: int) -> None:
    """What is there grows older."""
    for lot in PointLot.objects.exclude(expires_on=None):
        lot.expires_on -= timedelta(days=days)
        lot.save()


# -- earning ---------------------------------------------------------------------------------------------------


def test_given_an_order_when_it_earns_then_once_however_often_it_is_told(wang: Customer) -> None:
    assert points.earn(wang, "70001", bought("199.90")) == 199
    assert points.earn(wang, "70001", bought("199.90")) == 199
    assert (balance(wang), kinds(wang)) == (199, [("earned", 199)])


def test_given_goods_that_come_back_when_told_then_the_customer_keeps_the_points_of_the_rest(wang: Customer) -> None:
    pan, pot = product("1001", "100", 0), product("1002", "50", 0)
    both = {pan.pk: Bought(2, Decimal(200)), pot.pk: Bought(1, Decimal(50))}
    assert points.earn(wang, "70001", both) == 250
    EarningRule.objects.update(points=9)
    assert points.earn(wang, "70001", {pan.pk: Bought(1, Decimal(100)), pot.pk: Bought(1, Decimal(50))}) == 150
    assert points.earn(wang, "70001", {}) == 0
    assert (balance(wang), kinds(wang)) == (0, [("earned", 250), ("taken_back", -100), ("taken_back", -150)])
    assert points.earn(wang, "70001", both) == 250, "the rules are those of the first time"


def test_given_points_that_were_spent_when_the_goods_come_back_then_they_are_owed_and_paid_by_the_next(
    wang: Customer,
) -> None:
    points.earn(wang, "70001", bought("1000"))
    points.redeem(wang, "70002", 800)
    points.earn(wang, "70001", {})
    assert balance(wang) == -800
    assert wang.points == 0
    points.earn(wang, "70003", bought("500"))
    assert balance(wang) == -300
    points.earn(wang, "70004", bought("500"))
    assert balance(wang) == 200
    points.redeem(wang, "70002", 0)
    assert balance(wang) == 1000


def test_given_rules_by_kind_of_goods_when_earned_then_categories_above_count(wang: Customer) -> None:
    house = ProductCategory.objects.create(code="house", name_zh="家居", name_en="House")
    kitchen = ProductCategory.objects.create(code="kitchen", parent=house, name_zh="厨具", name_en="Kitchen")
    EarningRule.objects.create(name="house", category=house, points=3)
    pan, shoe = product("1001", "100", 0, category=kitchen), product("2001", "100", 0)
    goods = {pan.pk: Bought(1, Decimal(100)), shoe.pk: Bought(1, Decimal(100))}
    assert selectors.will_earn(goods, "ordinary", timezone.now()) == 400
    assert points.earn(wang, "70001", goods) == 400


# -- using -----------------------------------------------------------------------------------------------------


def test_given_points_when_used_and_given_back_then_they_return_to_where_they_came_from(wang: Customer) -> None:
    points.earn(wang, "70001", bought("300"))
    pass_days(100)
    points.earn(wang, "70002", bought("500"))
    early, late = PointLot.objects.order_by("id")
    assert early.expires_on < late.expires_on
    assert points.redeem(wang, "70003", 400) == Decimal("4.00")
    assert [lot.left for lot in PointLot.objects.order_by("id")] == [0, 400], "those that expire first"
    points.redeem(wang, "70003", 500)
    points.redeem(wang, "70003", 300)
    assert [lot.left for lot in PointLot.objects.order_by("id")] == [0, 500]
    points.redeem(wang, "70003", 0)
    assert [lot.left for lot in PointLot.objects.order_by("id")] == [300, 500]
    assert balance(wang) == 800


def test_given_points_that_expired_while_used_when_given_back_then_they_are_good_for_thirty_days(wang: Customer) -> None:
    points.earn(wang, "70001", bought("300"))
    points.redeem(wang, "70002", 300)
    pass_days(800)
    points.redeem(wang, "70002", 0)
    assert PointLot.objects.get().expires_on == timezone.localdate() + points.GRACE
    assert balance(wang) == 300


def test_given_somebody_who_owes_when_points_of_two_lots_are_given_back_then_the_debt_is_paid_first(wang: Customer) -> None:
    points.earn(wang, "70001", bought("300"))
    pass_days(100)
    points.earn(wang, "70002", bought("500"))
    points.redeem(wang, "70003", 700)
    points.earn(wang, "70002", {})
    assert balance(wang) == -400
    points.redeem(wang, "70003", 0)
    assert balance(wang) == 300
    points.redeem(wang, "70003", 300)
    assert balance(wang) == 0


@pytest.mark.parametrize(("wanted", "error"), [(100, ValidationError), (250, ValidationError), (400, Conflict)])
def test_given_terms_when_too_few_odd_or_too_many_points_are_used_then_it_is_refused(
    wang: Customer, wanted: int, error: type[Exception]
) -> None:
    points.earn(wang, "70001", bought("399"))
    with pytest.raises(error) as refusal:
        points.redeem(wang, "70002", wanted)
    assert set(refusal.value.message_dict) == {"points"}
    assert type(refusal.value) is error
    assert balance(wang) == 399


def test_given_no_terms_then_nothing_is_paid_with_points_and_they_never_expire(wang: Customer) -> None:
    PointTerms.objects.all().delete()
    points.earn(wang, "70001", bought("500"))
    assert PointLot.objects.get().expires_on is None
    assert selectors.proposal(wang, Decimal(500), timezone.now()) == (0, 0)
    with pytest.raises(ValidationError):
        points.redeem(wang, "70002", 200)


def test_given_goods_when_points_are_proposed_then_as_many_as_the_terms_and_the_account_allow(wang: Customer) -> None:
    now = timezone.now()
    assert selectors.proposal(wang, Decimal(100), now) == (0, 0)
    points.earn(wang, "70001", bought("12345"))
    wang.refresh_from_db()
    assert selectors.proposal(wang, Decimal(1000), now) == (12300, Decimal("123.00"))
    assert selectors.proposal(wang, Decimal("20.99"), now) == (1000, Decimal("10.00"))
    assert selectors.proposal(wang, Decimal(3), now) == (0, 0), "less than 200"
    pass_days(800)
    assert selectors.proposal(wang, Decimal(1000), now) == (0, 0), "expired, though nobody has swept yet"
    assert selectors.value(12300, now) == Decimal("123.00")


def test_given_products_for_points_then_those_are_proposed_that_the_customer_can_have(wang: Customer) -> None:
    points.earn(wang, "70001", bought("500"))
    wang.refresh_from_db()
    cup, gone = product("3001", "10", 5, gift_only=True), product("3002", "10", 0)
    fits = PointExchange.objects.create(product=cup, points=400, price=Decimal(5))
    for other in (
        {"product": cup, "points": 501},
        {"product": gone, "points": 100},
        {"product": cup, "points": 100, "level": "vip"},
        {"product": cup, "points": 100, "until": timezone.now() - timedelta(days=1)},
    ):
        PointExchange.objects.create(**other)
    assert selectors.exchanges(wang, timezone.now()) == [fits]
    assert points.redeem(wang, "70002", 0, exchanged=400) == 0
    assert balance(wang) == 100
    points.redeem(wang, "70002", 0)
    assert balance(wang) == 500


# -- time, and hands -------------------------------------------------------------------------------------------


def test_given_points_whose_time_is_over_when_swept_then_only_those_go(wang: Customer) -> None:
    li = customer("李明", PHONE)
    points.earn(wang, "70001", bought("300"))
    pass_days(364)
    points.earn(wang, "70002", bought("50"))
    points.earn(li, "70003", bought("70"))
    assert points.expire() == 0
    pass_days(3)
    assert points.expire() == 1
    assert points.expire() == 0
    assert (balance(wang), balance(li)) == (50, 70)
    assert kinds(wang)[-1] == ("expired", -300)


def test_given_the_last_day_of_a_month_when_a_year_passes_then_points_expire_on_its_last_day(wang: Customer) -> None:
    leap_day = timezone.make_aware(timezone.datetime(2028, 2, 29, 12))
    assert selectors.expiry(leap_day) == date(2029, 2, 28)
    PointTerms.objects.update(months=1)
    assert selectors.expiry(timezone.make_aware(timezone.datetime(2026, 12, 31, 12))) == date(2027, 1, 31)


def test_given_points_put_right_by_hand_then_somebody_said_why_and_it_is_in_the_audit_log(wang: Customer, anna: User) -> None:
    points.adjust(wang, 500, "birthday", anna)
    points.adjust(wang, -200, "mistake", anna)
    assert balance(wang) == 300
    assert list(AuditEntry.objects.filter(action="points.adjust").values_list("user", flat=True)) == [anna.pk] * 2
    for wanted, reason, field in ((-301, "mistake", "points"), (0, "?", "points"), (5, " ", "reason")):
        with pytest.raises(ValidationError) as error:
            points.adjust(wang, wanted, reason, anna)
        assert set(error.value.message_dict) == {field}
    with pytest.raises(ValidationError):
        points.adjust(wang, points.MOST, "too many", anna)


def test_given_points_from_before_the_ledger_when_the_first_entry_is_written_then_they_are_taken_over(wang: Customer) -> None:
    Customer.objects.filter(pk=wang.pk).update(points=700)
    wang.refresh_from_db()
    assert selectors.usable(wang, timezone.now()) == 700
    points.redeem(wang, "70001", 200)
    assert (balance(wang), kinds(wang)) == (500, [("opening", 700), ("used", -200)])


# -- levels ----------------------------------------------------------------------------------------------------


@pytest.fixture
def steps(db: None) -> None:
    PointLevel.objects.create(level="member", points=500)
    PointLevel.objects.create(level="vip", points=2000)


@pytest.mark.usefixtures("steps")
def test_given_enough_points_in_time_then_the_level_rises_and_falls_when_they_are_taken_back(wang: Customer) -> None:
    points.earn(wang, "70001", bought("499"))
    points.earn(wang, "70002", bought("2001"))
    wang.refresh_from_db()
    assert wang.level == "vip"
    points.redeem(wang, "70003", 2000)
    assert levels.review() == 0, "what was used was earned"
    points.earn(wang, "70002", bought("1000"))
    assert levels.review() == 1
    wang.refresh_from_db()
    assert wang.level == "member"
    assert levels.review(timezone.now() + timedelta(days=400)) == 1
    wang.refresh_from_db()
    assert wang.level == "ordinary"


@pytest.mark.usefixtures("steps")
def test_given_a_level_that_somebody_gave_then_points_neither_lower_nor_take_it(wang: Customer) -> None:
    Customer.objects.filter(pk=wang.pk).update(level="vip")
    points.earn(wang, "70001", bought("600"))
    assert levels.review(timezone.now() + timedelta(days=400)) == 0
    wang.refresh_from_db()
    assert wang.level == "vip"


# -- two customers become one ----------------------------------------------------------------------------------


def test_given_a_merge_when_undone_then_each_has_what_they_had_and_when_it_expires(wang: Customer, anna: User) -> None:
    li = customer("李明", PHONE)
    points.earn(wang, "70001", bought("100"))
    points.earn(li, "70002", bought("300"))
    pass_days(50)
    points.earn(li, "70003", bought("40"))
    before = sorted(PointLot.objects.filter(account=li.pk).values_list("left", "expires_on"))
    kept = points.merge(wang, li, anna)
    assert (balance(wang), balance(li)) == (440, 0)
    assert sorted(PointLot.objects.filter(account=wang.pk).values_list("left", flat=True)) == [40, 100, 300]
    points.unmerge(wang, li, kept, anna)
    assert (balance(wang), balance(li)) == (100, 340)
    assert sorted(PointLot.objects.filter(account=li.pk).values_list("left", "expires_on")) == before


def test_given_a_merge_when_points_were_spent_before_it_is_undone_then_they_are_owed(wang: Customer, anna: User) -> None:
    li = customer("李明", PHONE)
    points.earn(li, "70001", bought("500"))
    kept = points.merge(wang, li, anna)
    points.redeem(wang, "70002", 400)
    points.unmerge(wang, li, kept, anna)
    assert (balance(wang), balance(li)) == (-400, 500)


def test_given_an_order_of_a_merged_customer_when_its_goods_come_back_then_the_one_who_stays_gives_the_points(
    wang: Customer, anna: User
) -> None:
    li = customer("李明", PHONE)
    points.earn(li, "70001", bought("500"))
    points.redeem(li, "70002", 300)
    points.merge(wang, li, anna)
    points.redeem(wang, "70002", 0)
    assert balance(wang) == 500
    points.earn(wang, "70001", {})
    assert (balance(wang), balance(li)) == (0, 0)


def test_given_somebody_who_owes_when_merged_and_undone_then_the_debt_goes_along(wang: Customer, anna: User) -> None:
    li = customer("李明", PHONE)
    points.earn(wang, "70001", bought("1000"))
    points.earn(li, "70002", bought("500"))
    points.redeem(li, "70003", 300)
    points.earn(li, "70002", {})
    kept = points.merge(wang, li, anna)
    assert (balance(wang), balance(li)) == (700, 0)
    points.unmerge(wang, li, kept, anna)
    assert (balance(wang), balance(li)) == (1000, -300)


# -- what the database refuses, whoever writes -----------------------------------------------------------------


def checked(write: Callable[[], object]) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        write()
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def entry(pk: int, **fields: Any) -> PointEntry:
    return PointEntry.objects.create(
        **{"account_id": pk, "seq": 2, "kind": "earned", "before": 300, "points": 5, "balance": 305, **fields}
    )


@pytest.mark.parametrize(
    ("broken", "constraint"),
    [
        (lambda pk: PointAccount.objects.filter(pk=pk).update(balance=301), "points_are_what_the_last_entry_left"),
        (lambda pk: PointAccount.objects.filter(pk=pk).update(seq=None), "points_come_from_entries"),
        (lambda pk: Customer.objects.filter(pk=pk).update(points=301), "but the customer is shown 301"),
        (lambda pk: PointLot.objects.update(left=299), "but the lots hold 299"),
        (lambda pk: PointLot.objects.all().delete(), "but the lots hold 0"),
        (lambda pk: PointLot.objects.update(left=301), "lot_left"),
        (lambda pk: PointEntry.objects.update(reason="x"), "append-only"),
        (lambda pk: entry(pk, before=299, balance=304), "point_entries_are_a_chain"),
        (lambda pk: entry(pk, seq=3), "point_entries_are_a_chain"),
        (lambda pk: entry(pk, seq=1, before=0, balance=5), "one_entry_an_account_and_place"),
        (lambda pk: entry(pk, balance=306), "entry_adds_up"),
        (lambda pk: entry(pk, points=-5, balance=295), "entry_is_of_its_kind"),
        (lambda pk: entry(pk, kind="used", points=-301, balance=-1), "entry_is_of_its_kind"),
        (lambda pk: entry(pk, kind="adjusted"), "entry_by_hand_says_why"),
        (lambda pk: PointUse.objects.create(entry_id=1, lot_id=1, points=1, back=2), "use_given_back"),
    ],
)
def test_given_a_ledger_when_written_to_past_the_services_then_the_database_refuses_what_does_not_add_up(
    wang: Customer, broken: Callable[[int], object], constraint: str
) -> None:
    points.earn(wang, "70001", bought("300"))
    with pytest.raises(IntegrityError, match=constraint):
        checked(lambda: broken(wang.pk))
    checked(lambda: points.redeem(wang, "70002", 200))
    assert balance(wang) == 100


@pytest.mark.django_db(transaction=True)
def test_given_three_hundred_points_when_orders_use_them_at_once_then_they_are_spent_once(wang: Customer) -> None:
    from tests.django.orders.test_stock import at_once

    points.earn(wang, "70000", bought("300"))
    ended = at_once(*(lambda ref=f"7{n:04}": points.redeem(wang, ref, 200) for n in range(1, 7)))
    assert sorted(str(type(error)) for error in ended if not isinstance(error, Conflict)) == [str(type(None))]
    assert balance(wang) == 100


@pytest.mark.django_db(transaction=True)
def test_given_a_customer_without_an_account_when_orders_earn_at_once_then_it_is_opened_once(wang: Customer) -> None:
    from tests.django.orders.test_stock import at_once

    Customer.objects.filter(pk=wang.pk).update(points=11)
    goods = bought("100")
    assert at_once(*(lambda ref=f"7{n:04}": points.earn(wang, ref, goods) for n in range(5))) == [None] * 5
    assert balance(wang) == 511


def test_given_a_program_that_listens_when_points_come_and_go_then_it_is_told(wang: Customer) -> None:
    from ccenter.office import webhooks
    from ccenter.office.models import WebhookDelivery

    asked = {"name": "shop", "url": "https://shop.example.com/", "events": ["points.changed"]}
    webhooks.add(User.objects.create_superuser("root"), asked)
    points.earn(wang, "70001", bought("300"))
    points.redeem(wang, "70002", 200)
    told = [delivery.body["data"] for delivery in WebhookDelivery.objects.order_by("id")]
    assert [(one["kind"], one["points"], one["balance"], one["order"]) for one in told] == [
        ("earned", 300, 300, "70001"),
        ("used", -200, 100, "70002"),
    ]
