"""Payments, returns and invoices over REST."""

from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from ccenter.office.rest import Adds, Rows
from ccenter.office.rights import scoped
from orders import documents
from orders.api import bodies
from orders.api.orders import PAPER, Paper, paper
from orders.models import Invoice, Order, Payment, Return
from orders.selectors import payments as selectors
from orders.selectors.lists import InvoiceFilters, PaymentFilters, ReturnFilters
from orders.services import invoices, payments


class Payments(Adds[Payment]):
    """Money that came in or went back. Never changed: what was wrong is corrected by another row."""

    entity = "payments"
    queryset = selectors.payments()
    serializer_class = bodies.PaymentBody
    filterset_class = PaymentFilters
    ordering = "-at"
    ordering_fields = ["id", "paid_at"]

    def add(self, values: dict[str, Any]) -> Payment:
        order = _visible(self.user, values.pop("order"))
        return payments.receive(order, self.user, values.pop("amount"), values.pop("method"), values.pop("payer"), **values)

    @extend_schema(request=bodies.RefundBody, responses={201: bodies.PaymentBody})
    @action(detail=False, methods=["post"])
    def refund(self, request: Request) -> Response:
        """Pays money back that the customer is owed."""
        sent = self.body(bodies.RefundBody)
        order = _visible(self.user, sent.pop("order"))
        return self.answer(payments.refund(order, self.user, **sent), 201)

    @extend_schema(request=bodies.CorrectionBody, responses={201: bodies.PaymentBody})
    @action(detail=True, methods=["post"], right="refund")
    def correct(self, request: Request, pk: str) -> Response:
        """Undoes a payment that was entered by mistake."""
        return self.answer(payments.correct(self.get_object(), self.user, **self.body(bodies.CorrectionBody)), 201)


class Returns(Rows[Return]):
    """What came back. They are taken at /orders/…/take-back/."""

    entity = "returns"
    queryset = Return.objects.select_related("order", "by").prefetch_related("lines__line")
    serializer_class = bodies.ReturnBody
    filterset_class = ReturnFilters
    ordering = "-at"
    ordering_fields = ["id"]


class Invoices(Adds[Invoice]):
    """Invoices: issued once for an order, withdrawn with a reason."""

    entity = "invoices"
    queryset = Invoice.objects.select_related("order", "by")
    serializer_class = bodies.InvoiceBody
    filterset_class = InvoiceFilters
    ordering = "-issued_at"
    ordering_fields = ["id", "number"]

    def add(self, values: dict[str, Any]) -> Invoice:
        return invoices.issue(_visible(self.user, values.pop("order")), self.user, **values)

    @extend_schema(request=bodies.StepReason, responses=bodies.InvoiceBody)
    @action(detail=True, methods=["post"])
    def void(self, request: Request, pk: str) -> Response:
        """Withdraws it."""
        return self.answer(invoices.void(self.locked_row(), self.user, **self.body(bodies.StepReason)))

    @extend_schema(responses=PAPER)
    @action(detail=True, methods=["get"], right="view", renderer_classes=[JSONRenderer, Paper])
    def pdf(self, request: Request, pk: str) -> HttpResponse:
        """As it is printed."""
        row = self.get_object()
        return paper(documents.invoice(row), f"{row.number}.pdf")


def _visible(user: Any, order: Order) -> Order:
    """Whoever may not see an order is told there is none."""
    if not scoped(user, Order.objects.filter(pk=order.pk), "orders").exists():
        raise ValidationError({"order": [_("There is no such order.")]})
    return order
