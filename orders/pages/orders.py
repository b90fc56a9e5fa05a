"""Orders: the list with what is done with many of them, and the card of one with all that hangs on it."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from ccenter.calls import tokens
from ccenter.office import rights
from ccenter.office.pages.acts import Act, ManyActs, RowActs
from ccenter.office.pages.cards import CardPage, RowPage, entries_of
from ccenter.office.pages.exports import ExportPage
from ccenter.office.pages.frame import OfficePage
from ccenter.office.pages.lists import Column, ListPage
from orders import documents
from orders.models import Delivery, Order
from orders.pages import order_acts as acts
from orders.selectors import lists, review
from orders.selectors.orders import listed, note_right, whole
from orders.states import State

MOST_NOTES = 100  # delivery notes in one file


class Orders(ManyActs, ListPage):
    entity, title, icon = "orders", _("Orders"), "shopping-cart"
    template, row_template = "orders/orders.html", "orders/order_row.html"
    filterset_class = lists.OrderFilters
    filters = (
        *("state", "created_after", "created_before", "pay_by", "channel", "owing", "to_refund", "finding", "carrier", "city"),
        *("taken_by", "branch"),
    )
    search_hint = _("Number, customer, telephone, tracking number")
    ordering = "-created_at"
    columns = (
        Column(_("Order number"), "id"), Column(_("Ordered"), "created_at"), Column(_("Customer")), Column(_("Goods")),
        Column(_("Total"), figures=True), Column(_("Owed"), figures=True), Column(_("State")), Column(_("Carrier")),
        Column(_("Taken by")),
    )  # fmt: skip
    export = "orders:export"
    acts = (acts.APPROVE_MANY, acts.PICK_MANY, acts.CANCEL_MANY)

    def rows(self) -> Any:
        return listed()

    def search(self, rows: Any, text: str) -> Any:
        return lists.matching(rows, text, self.user)

    def address(self, row: Order) -> str:
        return f"/orders/{row.number}/"

    def more(self, rows: list[Order]) -> dict[str, Any]:
        return {"may_print": (self.may("dispatch") or self.may("approve")) and self.may(note_right(self.user))}


class ExportOrders(ExportPage):
    entity, chosen = "orders", staticmethod(lists.chosen)


class OrderCard(RowActs, CardPage):
    entity, lookup = "orders", "number"
    template, part = "orders/order.html", "orders/order_card.html"
    acts: tuple[Act, ...] = (
        acts.APPROVE, acts.REFUSE, acts.PICK, acts.SHIP, acts.DELIVER, acts.TRACK, acts.TAKE_BACK, acts.PAY, acts.REFUND,
        acts.CORRECT, acts.ISSUE, acts.VOID_INVOICE, acts.REOPEN, acts.CANCEL,
    )  # fmt: skip

    def rows(self) -> Any:
        return whole()

    def act_form(self, act: Act, row: Any, data: Any = None) -> Any:
        return acts.form_of(act, row, data)

    def offered(self, row: Order) -> list[Act]:
        """Money and invoices are rows of other kinds, with rights of their own."""
        mine = super().offered(row)
        return [act for act in mine if act.name not in acts.OTHERS or rights.may(self.user, acts.OTHERS[act.name])]

    def more(self, row: Order) -> dict[str, Any]:
        return {**told(self.user, row), "entries": entries_of(self.user, row)}


def told(user: Any, order: Order) -> dict[str, Any]:
    """What a card says of an order beside its own columns."""
    delivery = Delivery.objects.select_related("carrier", "method").filter(order=order).first()
    return {
        "delivery": delivery,
        "may_print": delivery is not None and rights.may(user, f"orders.{note_right(user)}", order),
        "number": tokens.shown(order.phone, "o", order.pk, user) if order.phone else None,
        "findings": review.findings([order])[order.pk] if order.state == State.SUBMITTED else [],
        "may_change": order.state == State.DRAFT and rights.may(user, "orders.change", order),
    }


class DeliveryNote(RowPage):
    """The paper that goes with the goods, as PDF."""

    entity, lookup = "orders", "number"

    def rows(self) -> Any:
        return Order.objects.select_related("customer").defer("customer__pin", "customer__fields")

    def get(self, request: HttpRequest, key: str) -> HttpResponse:
        order = self.row()
        rights.require(self.user, f"orders.{note_right(self.user)}", order)
        if not Delivery.objects.filter(order=order).exists():
            raise Http404
        return pdf(documents.delivery_note(order), f"{order.number}.pdf")


class DeliveryNotes(OfficePage):
    """GET `row`, several times: the delivery notes of ticked orders in one file; those without a delivery are left out."""

    entity = "orders"

    def get(self, request: HttpRequest) -> HttpResponse:
        keys = [int(key) for key in request.GET.getlist("row") if key.isascii() and key.isdecimal() and len(key) < 19]
        rows = (
            Order.objects.filter(pk__in=keys[:MOST_NOTES], delivery__isnull=False).select_related("customer").order_by("number")
        )
        found = list(rights.scoped(self.user, rows, "orders", note_right(self.user)))
        if not found:
            raise Http404
        return pdf(documents.delivery_notes(found), "delivery-notes.pdf")


def pdf(paper: bytes, name: str) -> HttpResponse:
    """A paper that the browser shows, and can print."""
    return HttpResponse(paper, content_type="application/pdf", headers={"Content-Disposition": f'inline; filename="{name}"'})
