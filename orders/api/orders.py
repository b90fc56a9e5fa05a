"""Orders over REST: entry, and the steps of their life."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from ccenter.office.rest import Adds, Changes, Deletes
from ccenter.office.rights import may, require
from orders import documents
from orders.api import bodies
from orders.models import Delivery, Order
from orders.selectors import entry, lists, orders, review
from orders.services import drafts, returns, steps
from orders.services.drafts import Gift, Swap, Want
from orders.services.returns import Back
from orders.states import State

PAPER = {(200, "application/pdf"): OpenApiResponse(OpenApiTypes.BINARY)}


class Paper(BaseRenderer):
    """So that a request that accepts PDF is answered; what is sent is made by the view."""

    media_type = "application/pdf"
    format = "pdf"

    def render(self, data: Any, *args: Any) -> Any:
        return JSONRenderer().render(data)


class Orders(Adds[Order], Changes[Order], Deletes[Order]):
    """Orders. A POST writes a draft; then it goes by steps, each of them a POST with If-Match."""

    entity = "orders"
    queryset = orders.listed()
    serializer_class = bodies.OrderBody
    same_for_all = True
    filterset_class = lists.OrderFilters
    lookup_field = "number"
    lookup_value_regex = "[0-9]{4,16}"
    ordering = "-created_at"
    ordering_fields = ["id", "submitted_at"]
    VERBS = {**Adds.VERBS, "destroy": "cancel"}

    def search(self, rows: QuerySet[Order], text: str) -> QuerySet[Order]:
        return lists.matching(rows, text, self.user)

    def get_object(self) -> Order:
        return self._one()

    def locked_row(self) -> Order:
        """With all that lists show of it."""
        row = self._one(lock=True)
        self.agree(row)
        return row

    def reread(self, row: Order) -> Order:
        return orders.one(row.number) or row

    def _one(self, *, lock: bool = False) -> Order:
        """As the base finds it, in SQL that stands ready: it is asked for again and again while a customer waits."""
        row = orders.one(self.kwargs["number"], lock=lock)
        if row is None or not all(may(self.user, f"orders.{verb}", row, as_read=True) for verb in {self.verb, "view"}):
            raise NotFound
        return row

    def add(self, values: dict[str, Any]) -> Order:
        customer, lines, gifts = values.pop("customer"), values.pop("goods", ()), values.pop("gifts", ())
        swaps = values.pop("exchanges", ())
        if not may(self.user, "customers.view", customer, as_read=True):
            raise ValidationError({"customer": [_("There is no such customer.")]})
        return drafts.add(self.user, customer, values, _wants(lines), _gifts(gifts), _swaps(swaps))

    def change(self, row: Order, values: dict[str, Any]) -> Order:
        if values.pop("customer", row.customer) != row.customer:
            raise ValidationError({"customer": [_("An order stays with its customer.")]})
        lines, gifts, swaps = (values.pop(name, None) for name in ("goods", "gifts", "exchanges"))
        return drafts.change(
            row,
            self.user,
            values,
            None if lines is None else _wants(lines),
            None if gifts is None else _gifts(gifts),
            None if swaps is None else _swaps(swaps),
            held=True,
        )

    def remove(self, row: Order) -> None:
        """A draft is given up; it stays as a cancelled order."""
        if row.state != State.DRAFT:
            raise ValidationError({"state": [_("Only a draft is given up like this.")]})
        steps.cancel(row, self.user)

    @extend_schema(responses=bodies.ProposalsBody)
    @action(detail=True, methods=["get"], right="view")
    def proposals(self, request: Request, number: str) -> Response:
        """Gifts, points, what can be had for them, and ways of delivery that fit the draft as it stands."""
        return Response(bodies.ProposalsBody(entry.proposals(self.get_object())).data)

    @extend_schema(responses=bodies.FindingBody(many=True))
    @action(detail=True, methods=["get"], right="view", pagination_class=None, filterset_class=None)
    def findings(self, request: Request, number: str) -> Response:
        """What the review should look at, found now."""
        order = self.get_object()
        return Response(bodies.FindingBody(review.findings([order])[order.pk], many=True).data)

    @extend_schema(request=None, responses=bodies.OrderBody)
    @action(detail=True, methods=["post"])
    def submit(self, request: Request, number: str) -> Response:
        return self.answer(steps.submit(self.locked_row(), self.user, held=True))

    @extend_schema(request=bodies.StepReason, responses=bodies.OrderBody)
    @action(detail=True, methods=["post"])
    def reopen(self, request: Request, number: str) -> Response:
        """Back to a draft."""
        return self.answer(steps.reopen(self.locked_row(), self.user, **self.body(bodies.StepReason)))

    @extend_schema(request=bodies.StepReason, responses=bodies.OrderBody)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, number: str) -> Response:
        return self.answer(steps.cancel(self.locked_row(), self.user, **self.body(bodies.StepReason)))

    @extend_schema(request=bodies.StepReason, responses=bodies.OrderBody)
    @action(detail=True, methods=["post"], right="approve")
    def refuse(self, request: Request, number: str) -> Response:
        return self.answer(steps.refuse(self.locked_row(), self.user, **self.body(bodies.StepReason)))

    @extend_schema(request=bodies.ApproveBody, responses=bodies.OrderBody)
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, number: str) -> Response:
        """Accepts it, and gives it its carrier."""
        return self.answer(steps.approve(self.locked_row(), self.user, **self.body(bodies.ApproveBody)))

    @extend_schema(request=None, responses=bodies.OrderBody)
    @action(detail=True, methods=["post"], right="dispatch")
    def pick(self, request: Request, number: str) -> Response:
        return self.answer(steps.pick(self.locked_row(), self.user))

    @extend_schema(request=bodies.TrackingBody, responses=bodies.OrderBody)
    @action(detail=True, methods=["post"], right="dispatch")
    def ship(self, request: Request, number: str) -> Response:
        return self.answer(steps.ship(self.locked_row(), self.user, **self.body(bodies.TrackingBody)))

    @extend_schema(request=bodies.TrackingBody, responses=bodies.OrderBody)
    @action(detail=True, methods=["post"], right="dispatch")
    def tracking(self, request: Request, number: str) -> Response:
        """The carrier's number, told later."""
        return self.answer(steps.change_tracking(self.locked_row(), self.user, **self.body(bodies.TrackingBody)))

    @extend_schema(request=bodies.DeliverBody, responses=bodies.OrderBody)
    @action(detail=True, methods=["post"], right="dispatch")
    def deliver(self, request: Request, number: str) -> Response:
        return self.answer(steps.deliver(self.locked_row(), self.user, **self.body(bodies.DeliverBody)))

    @extend_schema(request=bodies.TakeBackBody, responses=bodies.OrderBody)
    @action(detail=True, methods=["post"], url_path="take-back")
    def take_back(self, request: Request, number: str) -> Response:
        """Goods came back: stock, points and what is owed are put right."""
        sent = self.body(bodies.TakeBackBody)
        goods = [Back(**back) for back in sent.pop("lines")]
        order = self.locked_row()
        returns.take_back(order, self.user, sent.pop("reason"), goods, **sent)
        return self.answer(order)

    @extend_schema(responses=PAPER)
    @action(detail=True, methods=["get"], right="view", url_path="delivery-note", renderer_classes=[JSONRenderer, Paper])
    def delivery_note(self, request: Request, number: str) -> HttpResponse:
        """The delivery note as PDF, for who reads numbers and addresses whole."""
        order = self.get_object()
        require(self.user, f"orders.{orders.note_right(self.user)}", order)
        if not Delivery.objects.filter(order=order).exists():
            raise NotFound(_("This order has no delivery yet."))
        return paper(documents.delivery_note(order), f"{order.number}.pdf")


def paper(content: bytes, name: str) -> HttpResponse:
    """A PDF to look at in the browser; kept nowhere."""
    headers = {"Content-Disposition": f'inline; filename="{name}"', "Cache-Control": "no-store"}
    return HttpResponse(content, content_type="application/pdf", headers=headers)


def _wants(lines: Any) -> list[Want]:
    return [Want(line["code"], line["quantity"]) for line in lines]


def _gifts(gifts: Any) -> list[Gift]:
    return [Gift(gift["gift_rule_id"], gift["quantity"]) for gift in gifts]


def _swaps(swaps: Any) -> list[Swap]:
    return [Swap(swap["exchange_id"], swap["quantity"]) for swap in swaps]
