"""Points 积分: what customers earn with what they buy, what it buys, and a ledger of every point.

The entries of an account are a chain as the moves of stock are: each begins with the balance the one before ended with, and the
account holds the last one's. `Customer.points` shows the balance, and the lots hold it; the database refuses other figures in a
customer's row or in lots once the customer has an account (migration 0003).
"""

from decimal import Decimal

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Greatest, Now, NullIf
from django.utils.translation import gettext_lazy as _

from ccenter.office.models import Versioned
from crm.models import Customer
from orders.models.conditions import Condition
from orders.models.money import MoneyField
from orders.models.products import Product


class PointTerms(Versioned):
    """What points are worth, from `since` until the next terms. Without terms nothing can be paid with points.

    An order may be paid with multiples of `step`, `least` or more, up to `most_share` percent of the price of the goods.
    Points earned are good for `months` (empty: for ever).
    """

    since = models.DateTimeField(_("from"), unique=True)
    worth = models.DecimalField(_("money for one point"), max_digits=10, decimal_places=4)
    step = models.PositiveIntegerField(_("in steps of"), default=100)
    least = models.PositiveIntegerField(_("at least"), default=0)
    most_share = models.PositiveSmallIntegerField(
        _("at most so many percent of the goods"), default=50, validators=[MinValueValidator(1), MaxValueValidator(100)]
    )
    months = models.PositiveSmallIntegerField(_("good for months"), null=True, blank=True, default=24)

    class Meta:
        verbose_name = _("terms of points")
        verbose_name_plural = _("terms of points")
        ordering = ["-since"]
        constraints = [
            models.CheckConstraint(
                condition=Q(worth__gt=0, step__gt=0, most_share__range=(1, 100)) & (Q(months=None) | Q(months__gt=0)),
                name="point_terms_figures",
            )
        ]

    def __str__(self) -> str:
        return f"{self.since:%Y-%m-%d}"


class EarningRule(Condition):
    """Who buys these goods earns `points` for each full `amount` spent on them.

    One rule counts for each line of an order: one for the product comes before one for its category, the nearer category before
    the one above, that before a rule for all goods; then one for the customer's level; then who gives more.
    """

    points = models.PositiveIntegerField(_("points"), default=1)
    amount = MoneyField(_("for each"), default=Decimal(1))

    class Meta(Condition.Meta):
        verbose_name = _("earning rule")
        verbose_name_plural = _("earning rules")
        ordering = ["name", "id"]
        constraints = [
            *Condition.Meta.constraints,
            models.CheckConstraint(condition=Q(amount__gt=0), name="earning_rule_amount"),
        ]


class PointLevel(Versioned):
    """Who earns `points` within `months` rises to `level`, and keeps it as long as that holds."""

    level = models.CharField(_("level"), max_length=8, choices=Customer.Level.choices, unique=True)
    points = models.PositiveIntegerField(_("points"))
    months = models.PositiveSmallIntegerField(_("within months"), default=12)

    class Meta:
        verbose_name = _("level by points")
        verbose_name_plural = _("levels by points")
        ordering = ["points"]
        constraints = [models.CheckConstraint(condition=Q(points__gt=0, months__gt=0), name="point_level_figures")]

    def __str__(self) -> str:
        return f"{self.get_level_display()}: {self.points}"


class PointExchange(Versioned):
    """A product that can be had for points, with something to pay or without; for one level or any, within a period."""

    product = models.ForeignKey(Product, models.PROTECT, related_name="+", verbose_name=_("product"))
    points = models.PositiveIntegerField(_("points"))
    price = MoneyField(_("to pay besides"), default=Decimal(0))
    level = models.CharField(_("customer's level"), max_length=8, choices=Customer.Level.choices, blank=True)
    since = models.DateTimeField(_("from"), null=True, blank=True)
    until = models.DateTimeField(_("until"), null=True, blank=True)
    active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("product for points")
        verbose_name_plural = _("products for points")
        ordering = ["points", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(points__gt=0, price__gte=0), name="point_exchange_figures"),
            models.CheckConstraint(
                condition=Q(since=None) | Q(until=None) | Q(until__gt=F("since")), name="point_exchange_period"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product_id}: {self.points}"


class PointAccount(models.Model):
    """A customer's points. Below nothing: the customer has spent points that were taken back with a return, and owes them.

    `level` is the one that points gave, empty if none did: only that one can be lost with them.
    """

    customer = models.OneToOneField(
        Customer, models.PROTECT, primary_key=True, related_name="point_account", verbose_name=_("customer")
    )
    balance = models.IntegerField(_("balance"), default=0)
    shown = models.GeneratedField(
        expression=Greatest(F("balance"), Value(0)), output_field=models.IntegerField(), db_persist=True
    )
    seq = models.PositiveIntegerField(null=True, editable=False)
    level = models.CharField(_("level that points gave"), max_length=8, choices=Customer.Level.choices, blank=True)

    class Meta:
        verbose_name = _("account of points")
        verbose_name_plural = _("accounts of points")
        constraints = [models.CheckConstraint(condition=Q(seq__isnull=False) | Q(balance=0), name="points_come_from_entries")]

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.balance}"


class PointEntry(models.Model):
    """One change of an account, and the balance before and after it. Nothing is ever changed here.

    `ref` is the order's number; `detail` of points that were earned: {product: [amount as text, points]}.
    """

    class Kind(models.TextChoices):
        OPENING = "opening", _("taken over")
        EARNED = "earned", _("earned")
        TAKEN_BACK = "taken_back", _("taken back")
        USED = "used", _("used")
        GIVEN_BACK = "given_back", _("given back")
        EXPIRED = "expired", _("expired")
        ADJUSTED = "adjusted", _("put right by hand")
        MOVED = "moved", _("moved with the customer")

    account = models.ForeignKey(PointAccount, models.PROTECT, related_name="entries", verbose_name=_("customer"))
    seq = models.PositiveIntegerField()
    previous = models.GeneratedField(expression=NullIf(F("seq"), 1) - 1, output_field=models.IntegerField(), db_persist=True)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    before = models.IntegerField(_("balance before"))
    points = models.IntegerField(_("points"))
    balance = models.IntegerField(_("balance"))
    ref = models.CharField(_("order"), max_length=20, blank=True)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    detail = models.JSONField(_("by product"), default=dict, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("who"))
    at = models.DateTimeField(_("when"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("entry of points")
        verbose_name_plural = _("entries of points")
        ordering = ["-at", "-id"]
        indexes = [
            models.Index(fields=["account", "-at", "-id"], name="points_of_a_customer"),
            models.Index(fields=["ref"], condition=~Q(ref=""), name="points_of_an_order"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["account", "seq"], name="one_entry_an_account_and_place"),
            # what the next entry and the account refer to
            models.UniqueConstraint(fields=["account", "seq", "balance"], name="entry_and_its_balance"),
            models.CheckConstraint(condition=Q(seq__gt=1) | Q(seq=1, before=0), name="entries_begin_with_nothing"),
            models.CheckConstraint(condition=Q(balance=F("before") + F("points")), name="entry_adds_up"),
            models.CheckConstraint(
                name="entry_is_of_its_kind",
                condition=Q(kind__in=["opening", "earned", "given_back"], points__gt=0)
                | Q(kind="taken_back", points__lt=0)
                | Q(kind__in=["used", "expired"], points__lt=0, balance__gte=0)
                | Q(kind__in=["adjusted", "moved"]) & ~Q(points=0),
            ),
            models.CheckConstraint(condition=~Q(kind="adjusted") | ~Q(reason=""), name="entry_by_hand_says_why"),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.kind} {self.points}"


class PointLot(models.Model):
    """Points that came in together and expire together at the end of the day before `expires_on` (empty: never).

    `left` of them are there still; together the lots hold the balance.
    """

    account = models.ForeignKey(PointAccount, models.PROTECT, related_name="lots", verbose_name=_("customer"))
    entry = models.ForeignKey(PointEntry, models.PROTECT, related_name="lots", verbose_name=_("entry"))
    points = models.PositiveIntegerField(_("points"))
    left = models.PositiveIntegerField(_("left"))
    expires_on = models.DateField(_("expire on"), null=True, blank=True)

    class Meta:
        verbose_name = _("lot of points")
        verbose_name_plural = _("lots of points")
        ordering = [F("expires_on").asc(nulls_last=True), "id"]
        indexes = [
            models.Index(fields=["account"], condition=Q(left__gt=0), name="lots_of_a_customer"),
            models.Index(fields=["expires_on"], condition=Q(left__gt=0), name="lots_that_expire"),
        ]
        constraints = [models.CheckConstraint(condition=Q(points__gt=0, left__lte=F("points")), name="lot_left")]

    def __str__(self) -> str:
        return f"{self.left}/{self.points}"


class PointUse(models.Model):
    """Where the points came from that an entry used: `points` of a lot, of which `back` were given back."""

    entry = models.ForeignKey(PointEntry, models.PROTECT, related_name="uses")
    lot = models.ForeignKey(PointLot, models.PROTECT, related_name="uses")
    points = models.PositiveIntegerField()
    back = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["entry", "lot"], name="one_use_an_entry_and_lot"),
            models.CheckConstraint(condition=Q(points__gt=0, back__lte=F("points")), name="use_given_back"),
        ]
