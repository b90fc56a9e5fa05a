"""Orders: what a customer bought, and for how much.

Money is in the order's `currency`. The database keeps the sums true: `subtotal` is what the lines cost, `paid` what the payments
come to, `returned_value` what the returns do (deferred triggers of migration 0005_order_guards), and the checks below.
"""

from decimal import Decimal
from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ccenter.office.models import Branch, Versioned
from crm.models import Customer
from orders.models.money import CurrencyField, MoneyField, currency_is_code
from orders.models.products import Product
from orders.states import OPEN, VOID, State

TAX_NUMBER = r"^[0-9A-Z]{15,20}\Z"
PHONE = r"^\+[1-9][0-9]{2,14}\Z"
ZERO = Decimal(0)


def money(name: Any, **options: Any) -> MoneyField:
    """An amount, 0 unless told otherwise."""
    return MoneyField(name, **{"default": ZERO, **options})


class PayBy(models.TextChoices):
    """How a customer pays. On delivery the carrier collects it."""

    COD = "cod", _("cash on delivery")
    TRANSFER = "transfer", _("bank transfer")
    CARD = "card", _("card")
    WECHAT = "wechat", _("WeChat Pay")
    ALIPAY = "alipay", _("Alipay")
    CASH = "cash", _("cash")


class Order(Versioned):
    """What a customer ordered. `number` is typed on a telephone's keys.

    `total` = subtotal + delivery_fee - points_value. `points_used` pay goods, for `points_exchanged` some are had.
    `balance`: what the customer still owes; below 0: what we owe the customer.
    `findings`: codes of what the review shall look at (selectors.review). `call`, `agent`: the call it came in, and the seat.
    `sold_fee`: what another system, which sold it, took for the delivery: our fees do not apply.
    `reason`: of the last refusal, cancellation, or approval in spite of findings. `branch` delivers it, if one does.
    """

    State = State
    OPEN = OPEN

    class Channel(models.TextChoices):
        PHONE = "phone", _("telephone")
        WEB = "web", _("web site")
        MAIL = "mail", _("mail")
        SHOP = "shop", _("shop")
        IMPORT = "import", _("other system")

    class InvoiceKind(models.TextChoices):
        NONE = "", _("none")
        PERSONAL = "personal", _("personal")
        COMPANY = "company", _("company")

    number = models.CharField(_("order number"), max_length=16, unique=True)
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="orders", verbose_name=_("customer"))
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.DRAFT)
    channel = models.CharField(_("way of ordering"), max_length=6, choices=Channel.choices, default=Channel.PHONE)
    call = models.CharField(_("call"), max_length=40, blank=True)
    agent = models.CharField(_("seat"), max_length=10, blank=True)
    taken_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("taken by")
    )
    branch = models.ForeignKey(
        Branch, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("branch that delivers")
    )

    currency = CurrencyField()
    subtotal = money(_("goods"))
    delivery_fee = money(_("delivery fee"))
    sold_fee = money(_("delivery fee it was sold with elsewhere"), default=None, null=True, blank=True, editable=False)
    points_used = models.PositiveIntegerField(_("points used"), default=0)
    points_value = money(_("paid with points"))
    points_exchanged = models.PositiveIntegerField(_("points exchanged for goods"), default=0, db_default=0)
    points_earned = models.PositiveIntegerField(_("points earned"), default=0)
    total = money(_("total"))
    returned_value = money(_("value of what came back"))
    paid = money(_("paid"))
    balance = models.GeneratedField(
        expression=Case(
            When(state__in=[str(state) for state in VOID], then=Value(ZERO) - F("paid")),
            default=F("total") - F("returned_value") - F("paid"),
        ),
        output_field=MoneyField(),
        db_persist=True,
        verbose_name=_("owed"),
    )
    pay_by = models.CharField(_("way of paying"), max_length=8, choices=PayBy.choices, default=PayBy.COD)

    recipient = models.CharField(_("recipient"), max_length=100, blank=True)
    phone = models.CharField(_("telephone of the recipient"), max_length=16, blank=True, validators=[RegexValidator(PHONE)])
    province = models.CharField(_("province"), max_length=40, blank=True)
    city = models.CharField(_("city"), max_length=40, blank=True)
    district = models.CharField(_("district"), max_length=40, blank=True)
    street = models.CharField(_("street"), max_length=200, blank=True)
    method = models.ForeignKey(
        "orders.DeliveryMethod", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("way of delivery")
    )
    wish = models.CharField(_("wish for the delivery"), max_length=200, blank=True)

    invoice_kind = models.CharField(_("invoice"), max_length=8, choices=InvoiceKind.choices, blank=True, default=InvoiceKind.NONE)
    invoice_title = models.CharField(_("invoice made out to"), max_length=100, blank=True)
    invoice_tax_number = models.CharField(_("tax number"), max_length=20, blank=True, validators=[RegexValidator(TAX_NUMBER)])
    invoice_email = models.EmailField(_("invoice by mail to"), blank=True)

    note = models.CharField(_("note"), max_length=1000, blank=True)
    reason = models.CharField(
        _("reason"), max_length=400, blank=True
    )  # of the last refusal, cancellation or approval in spite of
    findings = ArrayField(models.CharField(max_length=20), verbose_name=_("to be looked at"), default=list, blank=True)
    created_at = models.DateTimeField(_("ordered"), default=timezone.now)
    submitted_at = models.DateTimeField(_("submitted"), null=True, blank=True)
    updated_at = models.DateTimeField(_("changed"), default=timezone.now)

    class Meta:
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["customer", "-created_at"], name="orders_of_a_customer"),
            models.Index(fields=["-created_at", "-id"], name="orders_newest"),
            models.Index(fields=["state", "-created_at", "-id"], name="orders_by_state"),
            models.Index(fields=["taken_by", "-created_at", "-id"], name="orders_by_taker"),
            models.Index(fields=["submitted_at", "id"], condition=Q(state="submitted"), name="orders_to_review"),
            models.Index(fields=["-created_at", "-id"], condition=Q(balance__gt=0), name="orders_owing"),
            models.Index(fields=["-created_at", "-id"], condition=Q(balance__lt=0), name="orders_to_refund"),
            models.Index(fields=["recipient", "-created_at"], name="orders_by_recipient"),
            GinIndex(fields=["findings"], condition=~Q(findings=[]), name="orders_by_finding"),
            models.Index(fields=["phone", "-created_at"], condition=~Q(phone=""), name="orders_by_phone"),
            models.Index(fields=["call"], condition=~Q(call=""), name="orders_by_call"),
            # for lists of what few orders have
            models.Index(fields=["city", "-created_at", "-id"], name="orders_by_city"),
            models.Index(fields=["branch", "-created_at", "-id"], condition=Q(branch__isnull=False), name="orders_of_a_branch"),
            models.Index(fields=["agent", "-created_at", "-id"], condition=~Q(agent=""), name="orders_of_a_seat"),
            models.Index(fields=["channel", "-created_at", "-id"], condition=~Q(channel="phone"), name="orders_by_channel"),
            models.Index(fields=["pay_by", "-created_at", "-id"], condition=~Q(pay_by="cod"), name="orders_by_way_of_paying"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(number__regex=r"^[0-9]{4,16}\Z"), name="order_number_digits"),
            models.CheckConstraint(condition=Q(state__in=State.values), name="order_state_known"),
            models.UniqueConstraint(
                fields=["call", "taken_by"], condition=Q(state="draft") & ~Q(call=""), name="one_draft_a_call"
            ),
            currency_is_code("order"),
            models.CheckConstraint(
                condition=Q(
                    subtotal__gte=0, delivery_fee__gte=0, points_value__gte=0, total__gte=0, returned_value__gte=0, paid__gte=0
                ),
                name="order_amounts",
            ),
            models.CheckConstraint(condition=Q(points_value__lte=F("subtotal")), name="order_points_pay_goods"),
            models.CheckConstraint(condition=Q(points_value=0) | Q(points_used__gt=0), name="order_points_value"),
            models.CheckConstraint(
                condition=Q(total=F("subtotal") + F("delivery_fee") - F("points_value")), name="order_total_adds_up"
            ),
            models.CheckConstraint(condition=Q(returned_value__lte=F("total")), name="order_returned_at_most_all"),
            models.CheckConstraint(
                condition=Q(returned_value=0) | Q(state__in=("delivered", "returned")), name="order_returned_after_delivery"
            ),
            models.CheckConstraint(condition=~Q(state="draft") | Q(submitted_at=None), name="order_draft_is_not_submitted"),
            models.CheckConstraint(
                condition=Q(state__in=("draft", "cancelled")) | (~Q(recipient="") & ~Q(street="")),
                name="order_has_an_address",
            ),
            models.CheckConstraint(condition=Q(phone="") | Q(phone__regex=PHONE), name="order_phone"),
            models.CheckConstraint(
                condition=~Q(invoice_kind="company")
                | Q(state="draft")
                | (~Q(invoice_title="") & Q(invoice_tax_number__regex=TAX_NUMBER)),
                name="order_company_invoice",
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def goods(self) -> "list[OrderLine]":
        """What is bought for money; of lines that were fetched."""
        return [line for line in self.lines.all() if line.gift_rule_id is None and line.exchange_id is None]

    @property
    def exchanges(self) -> "list[OrderLine]":
        """What is had for points; of lines that were fetched."""
        return [line for line in self.lines.all() if line.exchange_id is not None]

    @property
    def gifts(self) -> "list[OrderLine]":
        return [line for line in self.lines.all() if line.gift_rule_id is not None]

    @property
    def address(self) -> str:
        """As one line; a city that is its own province (上海市) stands once."""
        city = "" if self.city == self.province else self.city
        return f"{self.province}{city}{self.district}{self.street}"


class OrderLine(models.Model):
    """Goods of an order. `code`, `name`, `price`: the product's when it was ordered. `returned`: so many came back.

    With a `gift_rule` it is a gift, and free. With an `exchange` each piece costs `points`, and `price` besides. `sold`: another
    system sold it at this price; ours do not apply.
    """

    order = models.ForeignKey(Order, models.CASCADE, related_name="lines", verbose_name=_("order"))
    position = models.PositiveSmallIntegerField(_("place"))
    product = models.ForeignKey(Product, models.PROTECT, related_name="+", verbose_name=_("product"))
    code = models.CharField(_("product number"), max_length=20)
    name = models.CharField(_("name"), max_length=100)
    quantity = models.PositiveIntegerField(_("quantity"))
    price = money(_("price"))
    sold = models.BooleanField(_("sold elsewhere at this price"), default=False, db_default=False)
    amount = money(_("amount"))
    gift_rule = models.ForeignKey(
        "orders.GiftRule", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("gift by the rule")
    )
    exchange = models.ForeignKey(
        "orders.PointExchange", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("had for points by")
    )
    points = models.PositiveIntegerField(_("points for one"), default=0, db_default=0)
    returned = models.PositiveIntegerField(_("came back"), default=0)

    class Meta:
        verbose_name = _("order line")
        verbose_name_plural = _("order lines")
        ordering = ["order", "position"]
        constraints = [
            models.UniqueConstraint(fields=["order", "position"], name="order_line_place"),
            models.CheckConstraint(condition=Q(quantity__range=(1, 9999), price__gte=0), name="order_line_quantity"),
            models.CheckConstraint(condition=Q(amount=F("price") * F("quantity")), name="order_line_amount"),
            models.CheckConstraint(condition=Q(gift_rule=None) | Q(price=0), name="order_gift_is_free"),
            models.CheckConstraint(
                condition=Q(exchange=None, points=0) | Q(exchange__isnull=False, gift_rule=None, points__gt=0),
                name="order_line_for_points",
            ),
            models.CheckConstraint(condition=Q(returned__lte=F("quantity")), name="order_line_returned"),
            models.CheckConstraint(condition=Q(sold=False) | Q(gift_rule=None, exchange=None), name="order_line_sold"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.name}"

    @property
    def all_points(self) -> int:
        """What all its pieces cost in points."""
        return self.points * self.quantity
