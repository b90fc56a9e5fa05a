"""Money, returned goods and invoices: their lists. What is entered is entered on the order's card."""

from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ccenter.office.pages.cards import RowPage
from ccenter.office.pages.lists import Column, ListPage
from orders import documents
from orders.models import Invoice, Order, Return
from orders.pages.orders import pdf
from orders.selectors import lists, payments

KINDS = {
    "collect": (_("To be collected at the door"), payments.to_collect),
    "owed": (_("Owed by customers"), payments.owed),
    "refund": (_("To be paid back"), payments.to_refund),
}


class OfOrders(ListPage):
    """Rows that belong to an order: they lead to its card."""

    def address(self, row: Any) -> str:
        return f"/orders/{row.order.number}/"

    def search(self, rows: Any, text: str) -> Any:
        """By the order: its number, its customer ..."""
        return rows.filter(order__in=lists.matching(Order.objects.all(), text, self.user).values("pk"))

    search_hint = _("Number, customer, telephone, tracking number")


class Payments(OfOrders):
    entity, title, icon = "payments", _("Payments"), "coins"
    template, row_template = "orders/payments.html", "orders/payment_row.html"
    filterset_class = lists.PaymentFilters
    filters = ("kind", "method", "paid_after", "paid_before", "reference")
    ordering = "-at"
    columns = (
        Column(_("Entered"), "at"), Column(_("Order")), Column(_("Kind")), Column(_("Way of paying")), Column(_("Payer")),
        Column(_("Amount"), figures=True), Column(_("Reference")), Column(_("By")),
    )  # fmt: skip

    def rows(self) -> Any:
        return payments.payments()

    def more(self, rows: list[Any]) -> dict[str, Any]:
        today = timezone.localdate()
        return {"totals": payments.totals(today, today), "methods": dict(Order._meta.get_field("pay_by").flatchoices)}


class Outstanding(ListPage):
    """Orders with money to come or to go; `what` of KINDS."""

    entity, title, icon, saved_as = "orders", _("Outstanding money"), "report-money", "orders-outstanding"
    template, row_template = "orders/outstanding.html", "orders/outstanding_row.html"
    ordering = "created_at"
    columns = (
        Column(_("Order")), Column(_("Ordered"), "created_at"), Column(_("Customer")), Column(_("State")),
        Column(_("Way of paying")), Column(_("Total"), figures=True), Column(_("Paid"), figures=True),
        Column(_("Owed"), figures=True), Column(_("Carrier")),
    )  # fmt: skip
    search_hint = _("Number, customer, telephone, tracking number")
    kinds: ClassVar[Any] = [(what, label) for what, (label, _read) in KINDS.items()]

    @property
    def what(self) -> str:
        return str(self.kwargs.get("what", "collect"))

    def rows(self) -> Any:
        return KINDS[self.what][1]()

    def search(self, rows: Any, text: str) -> Any:
        return lists.matching(rows, text, self.user)

    def address(self, row: Order) -> str:
        return f"/orders/{row.number}/"


class Returns(OfOrders):
    entity, title, icon = "returns", _("Returned goods"), "package-import"
    row_template = "orders/return_row.html"
    queryset = Return.objects.select_related("order__customer", "by").prefetch_related("lines__line")
    filterset_class = lists.ReturnFilters
    filters = ("reason", "order")
    ordering = "-at"
    columns = (
        Column(_("Came back"), "at"), Column(_("Order")), Column(_("Customer")), Column(_("Reason")), Column(_("Goods")),
        Column(_("Value"), figures=True), Column(_("Points"), figures=True), Column(_("By")),
    )  # fmt: skip


class Invoices(OfOrders):
    entity, title, icon = "invoices", _("Invoices"), "receipt"
    row_template = "orders/invoice_row.html"
    queryset = Invoice.objects.select_related("order__customer", "by")
    filterset_class = lists.InvoiceFilters
    filters = ("number", "order", "standing")
    ordering = "-issued_at"
    columns = (
        Column(_("Issued"), "issued_at"), Column(_("Invoice number"), "number"), Column(_("Order")), Column(_("Made out to")),
        Column(_("Amount"), figures=True), Column(_("State")), Column(_("By")), Column(_("Paper")),
    )  # fmt: skip


class InvoicePaper(RowPage):
    """An invoice as it is printed."""

    entity, queryset = "invoices", Invoice.objects.select_related("order__customer")

    def get(self, request: HttpRequest, key: int) -> HttpResponse:
        row = self.row()
        return pdf(documents.invoice(row), f"{row.number}.pdf")
