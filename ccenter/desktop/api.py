"""The desk's REST interface. Shapes of bodies and answers: the docstring of `api_urls`."""

from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Model
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.generics import ListAPIView
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from ccenter.calls import requests, rights
from ccenter.calls.api import seat
from ccenter.calls.api.base import IsAdmin, Pages, View
from ccenter.desktop import answers, bodies, messages, openings, selectors, services
from ccenter.desktop.models import CardOpening
from ccenter.desktop.shapes import Shapes, may_change
from ccenter.office.rest import agree, tag_of
from ccenter.office.rights import require, scoped
from crm import selectors as crm
from crm import services as crm_services
from crm.models import Complaint, Customer, ServiceRecord
from crm.selectors.fields import visible
from crm.services import by_hand
from crm.services.tickets import require_step

M = TypeVar("M", bound=Model)
B = TypeVar("B", bound=serializers.Serializer)


class DeskView(View):
    """What is wrong comes as 400 by field; what is not there, or not theirs, as 404."""

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, ValidationError):
            exc = serializers.ValidationError(serializers.as_serializer_error(exc))
        elif isinstance(exc, services.NotThere):
            exc = NotFound(_("There is no such thing, or it is not yours."))
        return super().handle_exception(exc)

    def body(self, kind: type[B], *, partial: bool = False) -> B:
        return self._checked(kind(data=self.request.data, partial=partial, context={"user": self.request.user}))

    def query(self, kind: type[B]) -> B:
        return self._checked(kind(data=self.request.query_params))

    def _checked(self, asked: B) -> B:
        asked.is_valid(raise_exception=True)
        return asked

    def customer(self, ident: int, verb: str = "view") -> Customer:
        """A customer that the user sees and may do this with. Raises PermissionDenied for who may with none, NotThere."""
        require(self.request.user, f"customers.{verb}")
        rows = scoped(self.request.user, Customer.objects.filter(pk=ident).defer("pin"), "customers", verb)
        found = scoped(self.request.user, rows, "customers").first()
        if found is None:
            raise services.NotThere
        return found

    def card(self, ident: int, status: int = 200) -> Response:
        told = selectors.customer(self.request.user, ident)
        if told is None:
            raise services.NotThere
        return Response(told, status, headers={"ETag": tag_of(told["version"])})

    def find(self, kind: type[M], ident: int) -> M:
        found = kind._default_manager.filter(pk=ident).first()
        if found is None:
            raise services.NotThere
        return found


class PopView(DeskView):
    @extend_schema(parameters=[OpenApiParameter("customer", int)], responses=answers.Pop, tags=["desk"], operation_id="desk_pop")
    def get(self, request: Request, call: str) -> Response:
        """Who is on the line and what for: all matches with what is open, the last calls, the script.

        `customer`: of several who have the number, the one it is; the script speaks to them.
        """
        chosen = self.query(bodies.Chosen).validated_data.get("customer")
        told = selectors.pop(request.user, call, timezone.now(), chosen)
        if told is None:
            raise services.NotThere
        openings.note(request, [one["id"] for one in told["customers"]], call)
        return Response(told)


# -- customers -------------------------------------------------------------------------------------------------


class CustomersView(DeskView):
    permission_classes = [IsAuthenticated]  # and the right

    @extend_schema(
        request=bodies.DeskCustomerBody, responses={201: answers.CustomerCard}, tags=["desk"], operation_id="desk_customer_new"
    )
    def post(self, request: Request) -> Response:
        """A new customer."""
        require(request.user, "customers.add")
        body = self.body(bodies.DeskCustomerBody)
        made = by_hand.add(request.user, {**body.columns(), "phones": body.numbers()}, visible(request.user))
        return self.card(made.pk, 201)


class CustomerView(DeskView):
    permission_classes = [IsAuthenticated]  # and the right

    @extend_schema(responses=answers.CustomerCard, tags=["desk"], operation_id="desk_customer")
    def get(self, request: Request, ident: int) -> Response:
        """A customer with all there is: notes, orders, complaints, callbacks, last calls."""
        self.customer(ident)
        openings.note(request, [ident])
        return self.card(ident)

    @extend_schema(
        parameters=[OpenApiParameter("If-Match", str, OpenApiParameter.HEADER, required=True)],
        request=bodies.CustomerChange,
        responses=answers.CustomerCard,
        tags=["desk"],
        operation_id="desk_customer_change",
    )
    def patch(self, request: Request, ident: int) -> Response:
        """Changes fields; adds and takes away telephone numbers."""
        self.customer(ident, "change")
        with transaction.atomic():
            customer = Customer.objects.select_for_update().defer("pin").get(pk=ident)
            agree(request, tag_of(customer.version))
            body = self.body(bodies.CustomerChange, partial=True)
            without = body.validated_data.get("remove_phones", ())
            by_hand.change(request.user, customer, body.columns(), visible(request.user), body.numbers(), without)
        openings.note(request, [ident])
        return self.card(ident)


class NotesView(DeskView):
    permission_classes = [IsAuthenticated]  # and the right

    @extend_schema(request=bodies.DeskNoteBody, responses={201: answers.Note}, tags=["desk"], operation_id="desk_note_new")
    def post(self, request: Request, ident: int) -> Response:
        """A note about a customer."""
        require(request.user, "notes.add")
        customer = self.customer(ident)
        note = crm_services.add_note(customer, self.body(bodies.DeskNoteBody).validated_data["text"], request.user)
        return Response(Shapes(request.user).note(note), status=201)


class ComplaintsView(DeskView):
    @extend_schema(
        request=bodies.ComplaintBody, responses={201: answers.ComplaintShown}, tags=["desk"], operation_id="desk_complaint_new"
    )
    def post(self, request: Request) -> Response:
        """A customer's complaint."""
        fields = dict(self.body(bodies.ComplaintBody).validated_data)
        require(request.user, "tickets.add")
        complaint = services.add_complaint(request.user, fields.pop("customer"), fields.pop("text"), **fields)
        return Response(Shapes(request.user).complaint(complaint), status=201)


class ComplaintView(DeskView):
    @extend_schema(
        request=bodies.ComplaintChange, responses=answers.ComplaintShown, tags=["desk"], operation_id="desk_complaint_change"
    )
    def patch(self, request: Request, ident: int) -> Response:
        """Goes on with a complaint; who closes it says how it was settled."""
        complaint = self.find(Complaint, ident)
        fields = dict(self.body(bodies.ComplaintChange, partial=True).validated_data)
        require(request.user, "tickets.change", complaint)
        if "state" in fields:
            require_step(request.user, complaint, fields["state"])
        complaint = crm_services.change_complaint(request.user, complaint, fields)
        return Response(Shapes(request.user).complaint(complaint))


# -- service records -------------------------------------------------------------------------------------------


class RecordsView(DeskView):
    @extend_schema(
        parameters=[OpenApiParameter("customer", int), OpenApiParameter("call", str)],
        responses=answers.Records,
        tags=["desk"],
        operation_id="desk_records",
    )
    def get(self, request: Request) -> Response:
        """Service records of a customer or a call, the newest first; of neither: mine of today."""
        asked = self.query(bodies.RecordFilter).validated_data
        rows = crm.records()
        if call := asked.get("call"):
            if not rights.may_see_call(request.user, call):
                raise services.NotThere
            rows = rows.filter(call=call)
        if customer := asked.get("customer"):
            rows = rows.filter(customer=customer)
        if not asked:
            morning = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
            rows = rows.filter(author=request.user, created_at__gte=morning)
        found = selectors.told_of(request.user, list(rows[: crm.RECORDS]))
        return Response({"records": selectors.records(request.user, found)})

    @extend_schema(
        request=bodies.RecordBody,
        responses={200: answers.Record, 201: answers.Record},
        tags=["desk"],
        operation_id="desk_record_new",
    )
    def post(self, request: Request) -> Response:
        """My service record of a call: made, or, as there is one for each agent and call, changed."""
        fields = dict(self.body(bodies.RecordBody).validated_data)
        record, new = services.wrap_up(request.user, fields.pop("call"), fields)
        return Response(selectors.records(request.user, [record])[0], status=201 if new else 200)


class RecordView(DeskView):
    @extend_schema(request=bodies.RecordChange, responses=answers.Record, tags=["desk"], operation_id="desk_record_change")
    def patch(self, request: Request, ident: int) -> Response:
        """Changes a service record of mine, or of a seat I lead."""
        record = crm.records().filter(pk=ident).first()
        if record is None or not may_change(request.user, record):
            raise services.NotThere
        body = self.body(bodies.RecordChange, partial=True)
        record = services.change_record(record, dict(body.validated_data), request.user)
        return Response(selectors.records(request.user, [record])[0])


class FollowupsView(DeskView):
    @extend_schema(responses=answers.Followups, tags=["desk"], operation_id="desk_followups")
    def get(self, request: Request) -> Response:
        """My follow-ups that are due within a week, the soonest first."""
        return Response({"followups": selectors.followups(request.user, timezone.localdate())})


class CategoriesView(DeskView):
    @extend_schema(responses=answers.Categories, tags=["desk"], operation_id="desk_categories")
    def get(self, request: Request) -> Response:
        """What a call can be about, as a tree, and what can have come of it."""
        results = [{"code": code, "name": name} for code, name in ServiceRecord.Result.choices]
        return Response({"categories": crm.tree().nested(), "results": results})


# -- callbacks, search -----------------------------------------------------------------------------------------


class CallbacksView(DeskView):
    @extend_schema(responses=answers.Callbacks, tags=["desk"], operation_id="desk_callbacks")
    def get(self, request: Request) -> Response:
        """Whom we owe a call, the oldest first."""
        return Response({"callbacks": selectors.callbacks(request.user)})


class CallbackCloseView(DeskView):
    @extend_schema(
        request=bodies.CloseBody,
        responses={200: seat.ActionAnswer, 202: seat.ActionAnswer, 409: seat.ActionAnswer},
        tags=["desk"],
        operation_id="desk_callback_close",
    )
    def post(self, request: Request, ident: str) -> Response:
        """Done with: nobody has to call there any more."""
        asked = services.close_callback(request.user, ident, self.body(bodies.CloseBody).validated_data["result"])
        return seat.answer(requests.wait_for(asked.pk, seat.PATIENCE))


class SearchView(DeskView):
    permission_classes = [IsAuthenticated]  # and the right

    @extend_schema(
        parameters=[OpenApiParameter("q", str, required=True)], responses=answers.Found, tags=["desk"], operation_id="desk_search"
    )
    def get(self, request: Request) -> Response:
        """Customers and orders by name, member number, telephone number (or its last four digits), order number."""
        require(request.user, "customers.view")
        return Response(selectors.search(request.user, self.query(bodies.SearchQuery).validated_data["q"]))


# -- messages --------------------------------------------------------------------------------------------------


class MessagesView(DeskView):
    @extend_schema(
        parameters=[OpenApiParameter("before", int)], responses=answers.Messages, tags=["desk"], operation_id="desk_messages"
    )
    def get(self, request: Request) -> Response:
        """Messages to me and from me, the newest first."""
        return Response(messages.page(request.user, self.query(bodies.MessageFilter).validated_data.get("before")))

    @extend_schema(
        request=bodies.MessageBody, responses={201: answers.MessageShown}, tags=["desk"], operation_id="desk_message_new"
    )
    def post(self, request: Request) -> Response:
        """Writes to a colleague, or to a group one leads."""
        to = self.body(bodies.MessageBody).validated_data
        message = messages.send(
            request.user, to["text"], seat=to.get("seat", ""), group=to.get("group", ""), to_user=to.get("user", "")
        )
        return Response(messages.shown(request.user, [message])[0], status=201)


class MessageReadView(DeskView):
    @extend_schema(request=None, responses=answers.MessageShown, tags=["desk"], operation_id="desk_message_read")
    def post(self, request: Request, ident: int) -> Response:
        """I have read it; who wrote it is told."""
        messages.read(request.user, ident)
        found = messages.of(request.user).filter(pk=ident).first()
        if found is None:
            raise services.NotThere
        return Response(messages.shown(request.user, [found])[0])


class MessagesReadView(DeskView):
    @extend_schema(request=None, responses=answers.Unread, tags=["desk"], operation_id="desk_messages_read")
    def post(self, request: Request) -> Response:
        """I have read them all."""
        messages.read(request.user)
        return Response({"unread": messages.unread(request.user)})


class RecipientsView(DeskView):
    @extend_schema(responses=answers.Recipients, tags=["desk"], operation_id="desk_recipients")
    def get(self, request: Request) -> Response:
        """Whom I may write to."""
        return Response(messages.recipients(request.user))


# -- who looked ------------------------------------------------------------------------------------------------


class OpeningPages(Pages):
    ordering = ("-at", "-id")


class OpeningsView(DeskView, ListAPIView[CardOpening]):
    permission_classes = [IsAdmin]
    serializer_class = answers.Opening
    pagination_class = OpeningPages
    queryset = CardOpening.objects.none()

    @extend_schema(
        parameters=[OpenApiParameter("customer", int), OpenApiParameter("user", str), OpenApiParameter("call", str)],
        tags=["desk"],
        operation_id="desk_openings",
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Who was shown which customer, by the card or a pop, the latest first. For administrators."""
        rows = self.paginate_queryset(openings.openings(**self.query(bodies.OpeningFilter).validated_data))
        shown = answers.Opening(rows, many=True, context={"names": openings.names(rows)})
        return self.get_paginated_response(shown.data)
