"""Lists of orders and goods, as people filter them: the same in pages, REST and files."""

from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ccenter.calls.numbers import normalise
from ccenter.office import filters as office
from ccenter.office.filters import Filters, Named, YesNo
from ccenter.office.rights import may, scoped
from crm.selectors import finding
from orders.models import Delivery, Invoice, Order, Payment, Product, Return, Stock
from orders.selectors import products as products_
from orders.selectors import stock as stock_
from orders.selectors.orders import listed

MOST = 500  # found by a text


FINDINGS = (
    ("duplicate", _("ordered twice")),
    ("blacklist", _("blacklist")),
    ("limit", _("amount")),
    ("owing", _("owes")),
    ("stock", _("not in stock")),
)


class OrderFilters(Filters):
    created_after = django_filters.IsoDateTimeFilter("created_at", "gte", label=_("Ordered from"))
    created_before = django_filters.IsoDateTimeFilter("created_at", "lt", label=_("Ordered before"))
    owing = YesNo(method="by_owing", label=_("Customer owes"))
    to_refund = YesNo(method="by_refund", label=_("We owe"))
    finding = django_filters.CharFilter(
        method="by_finding",
        label=_("To be looked at"),
        max_length=20,
        widget=forms.Select(choices=(("", "---------"), *FINDINGS)),
    )
    taken_by = Named("taken_by__username", label=_("Taken by"), max_length=150)
    carrier = Named("delivery__carrier__code", label=_("Carrier"), max_length=40)
    tracking = django_filters.CharFilter("delivery__tracking", label=_("Tracking number"), max_length=40)

    class Meta:
        model = Order
        fields = ["number", "customer", "state", "channel", "pay_by", "call", "agent", "branch", "city"]

    def by_owing(self, rows: QuerySet[Order], name: str, value: bool) -> QuerySet[Order]:
        return rows.filter(balance__gt=0) if value else rows.filter(balance__lte=0)

    def by_refund(self, rows: QuerySet[Order], name: str, value: bool) -> QuerySet[Order]:
        return rows.filter(balance__lt=0) if value else rows.filter(balance__gte=0)

    def by_finding(self, rows: QuerySet[Order], name: str, value: str) -> QuerySet[Order]:
        return rows.filter(~Q(findings=[]), findings__contains=[value])


class OfAnOrder(Filters):
    order = django_filters.CharFilter("order__number", label=_("Order"), max_length=16)
    customer = django_filters.NumberFilter("order__customer")


class PaymentFilters(OfAnOrder):
    paid_after = django_filters.IsoDateTimeFilter("paid_at", "gte", label=_("Paid from"))
    paid_before = django_filters.IsoDateTimeFilter("paid_at", "lt", label=_("Paid before"))

    class Meta:
        model = Payment
        fields = ["kind", "method", "reference"]


class ReturnFilters(OfAnOrder):
    class Meta:
        model = Return
        fields = ["reason"]


class InvoiceFilters(OfAnOrder):
    standing = YesNo(field_name="voided_at", lookup_expr="isnull", label=_("Not withdrawn"))

    class Meta:
        model = Invoice
        fields = ["number"]


class ProductFilter(Filters):
    category = django_filters.NumberFilter(method="within", help_text="Of this category or one below it.")
    attribute = django_filters.CharFilter(method="having", help_text="code:value, as in colour:red.")
    sold_now = YesNo(method="sold", help_text="Whether it can be sold at this moment.")

    class Meta:
        model = Product
        fields = ["code", "stocked", "gift_only", "on_sale"]

    def within(self, rows: QuerySet[Product], name: str, value: Any) -> QuerySet[Product]:
        return rows.filter(category__in=products_.below(int(value))) if 0 < value < 2**63 else rows.none()

    def having(self, rows: QuerySet[Product], name: str, value: str) -> QuerySet[Product]:
        code, _colon, wanted = value.partition(":")
        if not code or not wanted:
            raise ValidationError({name: [_("Write it as code:value.")]})
        return rows.filter(products_.having(code, wanted))

    def sold(self, rows: QuerySet[Product], name: str, value: bool) -> QuerySet[Product]:
        wanted = products_.on_sale(timezone.now())
        return rows.filter(wanted) if value else rows.exclude(wanted)


class StockFilter(Filters):
    to_buy = YesNo(method="few", help_text="Whether so few are free that it should be bought again.")

    class Meta:
        model = Stock
        fields = ["product"]

    def few(self, rows: QuerySet[Stock], name: str, value: bool) -> QuerySet[Stock]:
        wanted = stock_.to_buy().values("pk")
        return rows.filter(pk__in=wanted) if value else rows.exclude(pk__in=wanted)


def matching(rows: QuerySet[Order], text: str, user: Any) -> QuerySet[Order]:
    """Those with this number or its beginning, tracking number, recipient, telephone, or whose customer is found by it.

    The newest MOST of each kind among those the user sees: each is found by an index of its own, where one condition for all
    would read the whole table.
    """
    if text.isdecimal() and Order.objects.filter(number=text).exists():  # who types a whole number means that order alone
        return rows.filter(number=text)
    buyers = [customer.pk for customer in finding.customers(text, user, most=50)]
    ways = [Q(customer__in=buyers), Q(recipient=text), Q(pk__in=list(_tracked(text)))]
    if text.isascii() and text.isdecimal() and len(text) >= 4:
        ways.append(Q(number__startswith=text))
    if (number := normalise(text)).is_e164:
        ways.append(Q(phone=number.number))
    there = scoped(user, Order.objects.all(), "orders") if may(user, "orders.view") else Order.objects.all()
    keys: set[int] = set()
    for way in ways:
        keys.update(there.filter(way).order_by("-created_at", "-id").values_list("pk", flat=True)[:MOST])
    return rows.filter(pk__in=keys)


def _tracked(text: str) -> QuerySet[Any]:
    return Delivery.objects.filter(tracking=text).values_list("order", flat=True)[:MOST]


def chosen(user: Any, query: str) -> QuerySet[Order]:
    """The orders of a list that was asked for with this query ("state=approved&search=wang"). Raises ValidationError."""
    return office.chosen(OrderFilters, listed(), query, user, matching)


def products(user: Any, query: str) -> QuerySet[Product]:
    """The same of products, with their category and stock."""
    rows = products_.products().select_related("stock")
    return office.chosen(ProductFilter, rows, query, user, lambda found, text, _user: found.filter(products_.matching(text)))


def stock(user: Any, query: str) -> QuerySet[Stock]:
    """The same of the stock, with its products."""
    return office.chosen(StockFilter, stock_.stocks(), query, user, _by_product)


def _by_product(rows: QuerySet[Stock], text: str, _user: Any) -> QuerySet[Stock]:
    return rows.filter(product__in=Product.objects.filter(products_.matching(text)))
