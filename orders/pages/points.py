"""Customers' points: who has how many, where they came from, when they expire; put right by hand."""

from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_filters import ChoiceFilter, NumberFilter

from ccenter.office import rights
from ccenter.office.filters import Filters
from ccenter.office.pages.acts import Act, RowActs
from ccenter.office.pages.cards import CardPage
from ccenter.office.pages.lists import Column, ListPage
from crm.models import Customer
from crm.selectors import finding
from orders.models import PointAccount
from orders.pages.product_forms import AdjustForm
from orders.selectors import points as selectors
from orders.services import points as services

SHOWN = 100  # entries of an account


class AccountFilters(Filters):
    balance__gte = NumberFilter("balance", lookup_expr="gte", label=_("At least"))
    balance__lte = NumberFilter("balance", lookup_expr="lte", label=_("At most"))
    level = ChoiceFilter(choices=Customer.Level.choices, label=_("Level that points gave"), empty_label="–")

    class Meta:
        model = PointAccount
        fields = ["level"]


class Accounts(ListPage):
    entity, title, icon = "points", _("Points"), "coins"
    filterset_class = AccountFilters
    search_hint = _("Customer …")
    ordering, row_template, card = "-balance", "orders/account_row.html", "orders:customer_points"
    columns = (
        *(Column(_("Member number")), Column(_("Customer")), Column(_("Balance"), "balance", figures=True)),
        Column(_("Level that points gave")),
    )

    def rows(self) -> QuerySet[PointAccount]:
        return selectors.accounts()

    def search(self, rows: QuerySet[PointAccount], text: str) -> QuerySet[PointAccount]:
        return rows.filter(customer__in=finding.matching(Customer.objects.all(), text, self.user).values("pk"))


class AccountCard(RowActs, CardPage):
    """The points of a customer; one who has none yet is seen by whoever sees the customer."""

    entity, template, part = "points", "orders/goods_card.html", "orders/account_card.html"
    acts = (
        Act(
            "adjust",
            _("Put right"),
            lambda user, row, points, reason: services.adjust(row.customer, points, reason, user),
            icon="adjustments",
            form=AdjustForm,
        ),
    )

    def back(self) -> str:
        return reverse("orders:points")

    def row(self) -> PointAccount:
        key = self.kwargs["key"]
        row = rights.scoped(self.user, selectors.accounts().filter(pk=key), "points").first()
        if row is None and not PointAccount.objects.filter(pk=key).exists():
            customers = rights.scoped(self.user, Customer.objects.filter(merged_into=None), "customers")
            customer = customers.filter(pk=key).first()
            row = PointAccount(customer=customer, balance=customer.points) if customer else None
        if row is None:
            raise Http404
        return row

    def locked(self) -> PointAccount:
        """The service locks it, and opens it if there is none."""
        return self.row()

    def heading(self) -> str:
        return f"{self.row().customer.name} · {_('Points')}"

    def offered(self, row: PointAccount) -> list[Act]:
        return [act for act in self.acts if self.may(act.right)]

    def more(self, row: PointAccount) -> dict[str, Any]:
        now = timezone.now()
        entries = rights.scoped(self.user, selectors.history(row.customer), "point_entries")
        return {
            "lots": selectors.lots(row.customer)[:SHOWN],
            "entries": entries[:SHOWN],
            "worth": selectors.value(max(row.balance, 0), now),
            "exchanges": selectors.exchanges(row.customer, now),
        }


urlpatterns = [
    path("points/", Accounts.as_view(), name="points"),
    path("points/<int:key>/", AccountCard.as_view(), name="customer_points"),
]
