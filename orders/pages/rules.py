"""The tables of rules: gifts, points, delivery, the review."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.http import HttpResponse
from django.urls import path
from django.utils.timezone import localtime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ccenter.office.pages.frame import telling
from ccenter.office.pages.lists import Column
from orders.models import (
    Carrier,
    DeliveryFee,
    DeliveryMethod,
    EarningRule,
    GiftRule,
    PointExchange,
    PointLevel,
    PointTerms,
    ReviewRules,
)
from orders.pages import forms
from orders.pages.tables import Cell, Tab, TableForm, delete, switches, table

POINTS = (
    Tab("orders:earning_rules", _("Earning"), "point_rules.view"),
    Tab("orders:point_termss", _("Terms"), "point_rules.view"),
    Tab("orders:point_levels", _("Levels"), "point_rules.view"),
    Tab("orders:point_exchanges", _("Products for points"), "point_rules.view"),
)
DELIVERY = (
    Tab("orders:carriers", _("Carriers"), "carriers.view"),
    Tab("orders:delivery_methods", _("Ways of delivery"), "delivery_methods.view"),
    Tab("orders:delivery_fees", _("Delivery fees"), "delivery_fees.view"),
)


def about(rule: Any) -> Any:
    """Which goods a rule speaks of."""
    if rule.product is not None:
        return rule.product
    return rule.category.name if rule.category is not None else _("all goods")


def whose(rule: Any) -> Any:
    return rule.get_level_display() if rule.level else _("everybody")


def holds(rule: Any) -> str:
    """From when until when; nothing for always."""
    return period(rule.since, rule.until)


def period(since: datetime | None, until: datetime | None) -> str:
    """2026-11-01 00:00 – 2026-12-01 00:00, in the centre's zone; an end that is left out is left out."""
    ends = [f"{localtime(end):%Y-%m-%d %H:%M}" if end else "" for end in (since, until)]
    return " – ".join(ends).strip() if any(ends) else ""


class ReviewRulesForm(TableForm):
    """The one row, on a page of its own."""

    entity, model, form_class = "review_rules", ReviewRules, forms.ReviewRulesForm

    def done(self, row: Any) -> HttpResponse:
        self.__dict__.pop("_row", None)
        return telling(self.get(self.request), gettext("Saved."))


urlpatterns = [
    *table(
        "gift_rule",
        "gift-rules",
        entity="gift_rules",
        model=GiftRule,
        form=forms.GiftRuleForm,
        title=_("Gift rules"),
        new=_("New gift rule"),
        icon="gift",
        queryset=GiftRule.objects.select_related("gift", "product", "category"),
        search=("name", "group", "gift__name", "gift__code"),
        hint=_("Name, group, gift …"),
        ordering="name",
        columns=(
            *(Column(_("name"), "name"), Column(_("Gift")), Column(_("Quantity"), figures=True), Column(_("Goods"))),
            *(Column(_("From an amount of"), "least_amount", figures=True), Column(_("Whose")), Column(_("In force"))),
            *(Column(_("one of the group"), "group"), Column(_("Active"))),
        ),
        cells=lambda row: (
            *(row.name, row.gift, row.quantity, about(row), row.least_amount, whose(row), holds(row), row.group, row.active),
        ),
        fresh={"active": True, "quantity": 1, "least_quantity": 1, "least_amount": Decimal(0), "most": 0},
        acts=(*switches("gift_rules"), delete("gift_rules")),
    ),
    *table(
        "earning_rule",
        "earning-rules",
        entity="point_rules",
        model=EarningRule,
        form=forms.EarningRuleForm,
        title=_("Earning rules"),
        new=_("New earning rule"),
        icon="coins",
        queryset=EarningRule.objects.select_related("product", "category"),
        search=("name",),
        ordering="name",
        columns=(
            *(Column(_("name"), "name"), Column(_("Points"), "points", figures=True), Column(_("For each"), figures=True)),
            *(Column(_("Goods")), Column(_("Whose")), Column(_("In force")), Column(_("Active"))),
        ),
        cells=lambda row: (row.name, row.points, row.amount, about(row), whose(row), holds(row), row.active),
        fresh={"active": True, "points": 1, "amount": Decimal(1)},
        acts=(*switches("point_rules"), delete("point_rules")),
        tabs=POINTS,
    ),
    *table(
        "point_terms",
        "point-terms",
        entity="point_rules",
        model=PointTerms,
        form=forms.PointTermsForm,
        title=_("Terms of points"),
        new=_("New terms"),
        icon="scale",
        ordering="-since",
        columns=(
            *(
                Column(_("holds from"), "since"),
                Column(_("Money for one point"), figures=True),
                Column(_("In steps of"), figures=True),
            ),
            *(Column(_("At least"), figures=True), Column(_("At most so many percent"), figures=True)),
            Column(_("Good for months"), figures=True),
        ),
        cells=lambda row: (
            *(row.since, Cell("figures", f"{row.worth.normalize():f}"), row.step, row.least, row.most_share),
            Cell("figures", row.months or "∞"),
        ),
        fresh={"step": 100, "least": 0, "most_share": 50, "months": 24},
        acts=(delete("point_rules"),),
        tabs=POINTS,
    ),
    *table(
        "point_level",
        "point-levels",
        entity="point_rules",
        model=PointLevel,
        form=forms.PointLevelForm,
        title=_("Levels by points"),
        new=_("New level by points"),
        icon="stairs-up",
        ordering="points",
        columns=(
            Column(_("customer's level")),
            Column(_("Points"), "points", figures=True),
            Column(_("Within months"), figures=True),
        ),
        cells=lambda row: (row.get_level_display(), row.points, row.months),
        fresh={"months": 12},
        acts=(delete("point_rules"),),
        tabs=POINTS,
    ),
    *table(
        "point_exchange",
        "point-exchanges",
        entity="point_rules",
        model=PointExchange,
        form=forms.PointExchangeForm,
        title=_("Products for points"),
        new=_("New product for points"),
        icon="arrows-exchange",
        queryset=PointExchange.objects.select_related("product"),
        search=("product__code", "product__name"),
        ordering="points",
        columns=(
            *(Column(_("Product")), Column(_("Points"), "points", figures=True), Column(_("To pay besides"), figures=True)),
            *(Column(_("Whose")), Column(_("In force")), Column(_("Active"))),
        ),
        cells=lambda row: (row.product, row.points, row.price, whose(row), holds(row), row.active),
        fresh={"active": True, "price": Decimal(0)},
        acts=(*switches("point_rules"), delete("point_rules")),
        tabs=POINTS,
    ),
    *table(
        "carrier",
        "carriers",
        entity="carriers",
        model=Carrier,
        form=forms.CarrierForm,
        title=_("Carriers"),
        new=_("New carrier"),
        icon="truck",
        search=("code", "name"),
        ordering="code",
        columns=(
            *(Column(_("code"), "code"), Column(_("name"), "name"), Column(_("Telephone")), Column(_("Collects cash"))),
            *(Column(_("Address for tracking")), Column(_("Active"))),
        ),
        cells=lambda row: (row.code, row.name, row.phone, row.cod, row.tracking_url, row.active),
        fresh={"active": True, "cod": True},
        acts=(*switches("carriers"), delete("carriers")),
        tabs=DELIVERY,
    ),
    *table(
        "delivery_method",
        "delivery-methods",
        entity="delivery_methods",
        model=DeliveryMethod,
        form=forms.MethodForm,
        title=_("Ways of delivery"),
        new=_("New way of delivery"),
        icon="route",
        queryset=DeliveryMethod.objects.prefetch_related("carriers"),
        search=("code", "name_zh", "name_en"),
        ordering="position",
        columns=(
            *(Column(_("Place in the list"), "position", figures=True), Column(_("code"), "code"), Column(_("name"))),
            *(Column(_("Carriers")), Column(_("Active"))),
        ),
        cells=lambda row: (*(row.position, row.code, row.name, ", ".join(one.name for one in row.carriers.all()), row.active),),
        fresh={"active": True, "position": 0},
        many=("carriers",),
        acts=(*switches("delivery_methods"), delete("delivery_methods")),
        tabs=DELIVERY,
    ),
    *table(
        "delivery_fee",
        "delivery-fees",
        entity="delivery_fees",
        model=DeliveryFee,
        form=forms.FeeForm,
        title=_("Delivery fees"),
        new=_("New delivery fee"),
        icon="map-pin-dollar",
        queryset=DeliveryFee.objects.select_related("method"),
        search=("method__code", "province", "city"),
        hint=_("Province, city …"),
        ordering="province",
        columns=(
            *(Column(_("Way of delivery")), Column(_("Province"), "province"), Column(_("City"), "city")),
            *(Column(_("Fee"), "fee", figures=True), Column(_("Free from"), figures=True)),
        ),
        cells=lambda row: (row.method.name, row.province or _("everywhere"), row.city, row.fee, row.free_from),
        acts=(delete("delivery_fees"),),
        tabs=DELIVERY,
    ),
    path("review-rules/", ReviewRulesForm.as_view(), {"key": 1}, name="review_rules"),
]
