"""Complaints and work orders, and their rules."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from ccenter.calls.models import Calendar, Queue, SeatGroup
from ccenter.office import rights
from ccenter.office.models import Branch
from ccenter.office.rest import Adds, Changes, Entities, MaskedField, MomentField, RowBody, Strict
from crm.api.fields import CallField, by_code, login_of, person
from crm.api.outbound import TaskBody
from crm.models import Customer, DueRule, Escalation, Ticket, TicketEvent
from crm.selectors import service_lists
from crm.selectors import tickets as selectors
from crm.selectors.service_lists import TicketFilters
from crm.services import outbound, rows, settings
from crm.services import tickets as services
from crm.ticket_states import STEPS, State

Values = dict[str, Any]


class TicketBody(RowBody):
    """`due_at` null: as the rules say. `next`: the states that it may go on to, for whom this is shown."""

    number = serializers.CharField(read_only=True)
    customer = serializers.PrimaryKeyRelatedField(queryset=Customer.objects.defer("pin"))
    customer_name = serializers.CharField(source="customer.name", read_only=True)
    call = CallField(allow_blank=True)
    author = login_of()
    owner = login_of(allow_null=True)
    team = serializers.SlugRelatedField("code", read_only=True, allow_null=True)
    branch = serializers.SlugRelatedField("code", read_only=True, allow_null=True)
    late = serializers.SerializerMethodField()
    next = serializers.SerializerMethodField()

    class Meta:
        model = Ticket
        fields = [
            "id", "version", "number", "kind", "customer", "customer_name", "call", "order", "product", "category", "severity",
            "text", "state", "next", "resolution", "author", "owner", "team", "branch", "inform", "created_at", "due_at",
            "due_by_hand", "late", "escalation", "reopened", "settled_at", "closed_at",
        ]  # fmt: skip
        read_only_fields = [
            "state",
            "resolution",
            "created_at",
            "due_by_hand",
            "escalation",
            "reopened",
            "settled_at",
            "closed_at",
        ]

    def get_late(self, ticket: Ticket) -> bool:
        """Not done in time, or not yet and the time is over."""
        measured = ticket.settled_at or ticket.closed_at or timezone.now()
        return ticket.due_at is not None and measured > ticket.due_at

    def get_next(self, ticket: Ticket) -> list[str]:
        user = self.context["request"].user
        return [to for to, step in STEPS[State(ticket.state)].items() if rights.may(user, f"tickets.{step.right}")]


class StepBody(Strict):
    to = serializers.ChoiceField(State.choices)
    text = serializers.CharField(max_length=4000, required=False, allow_blank=True, help_text="Why; for the record.")
    resolution = serializers.CharField(max_length=4000, required=False, allow_blank=True, help_text="How it was settled.")
    branch = by_code(Branch.objects.all())


class AssignBody(Strict):
    owner = person()
    team = by_code(SeatGroup.objects.all())


class TicketNoteBody(Strict):
    text = serializers.CharField(max_length=4000)


class TicketEventBody(serializers.ModelSerializer):
    user = login_of(allow_null=True)

    class Meta:
        model = TicketEvent
        fields = ["id", "at", "user", "kind", "before", "after", "text"]


class CallBackBody(Strict):
    reason = serializers.CharField(max_length=200)
    due_at = MomentField(required=False)
    number = MaskedField("number", max_length=40, required=False)
    queue = by_code(Queue.objects.all())


class Tickets(Adds[Ticket], Changes[Ticket]):
    """Complaints 投诉 and work orders 工单. Nothing is deleted: what was taken by mistake is withdrawn."""

    entity = "tickets"
    queryset = selectors.tickets()
    serializer_class = TicketBody
    filterset_class = TicketFilters
    ordering_fields = ["created_at", "due_at", "severity"]

    def search(self, found: QuerySet[Ticket], text: str) -> QuerySet[Ticket]:
        return service_lists.tickets(found, text, self.user)

    def add(self, values: Values) -> Ticket:
        return services.add_ticket(self.user, values.pop("customer"), values.pop("text"), **values)

    def change(self, row: Ticket, values: Values) -> Ticket:
        if values.pop("customer", row.customer) != row.customer:
            raise ValidationError({"customer": _("A ticket stays its customer's.")})
        return services.change_ticket(self.user, row, values)

    @extend_schema(request=StepBody, responses=TicketBody)
    @action(detail=True, methods=["post"], right="view")
    def step(self, request: Request, pk: str) -> Response:
        """On to another state; what each step needs, and the right it takes, is in `crm.ticket_states`."""
        row, body = self.locked_row(), self.body(StepBody)
        services.require_step(self.user, row, body["to"])
        return self.answer(services.step(self.user, row, body.pop("to"), **body))

    @extend_schema(request=AssignBody, responses=TicketBody)
    @action(detail=True, methods=["post"])
    def assign(self, request: Request, pk: str) -> Response:
        """Who answers for it."""
        return self.answer(services.assign(self.user, self.locked_row(), **self.body(AssignBody)))

    @extend_schema(request=TicketNoteBody, responses={201: TicketEventBody})
    @action(detail=True, methods=["post"])
    def note(self, request: Request, pk: str) -> Response:
        """A word for whoever works on it. Takes no version: notes do not meet."""
        event = services.note(self.user, self.get_object(), self.body(TicketNoteBody)["text"])
        return Response(TicketEventBody(event).data, status=201)

    @extend_schema(request=CallBackBody, responses={201: TaskBody})
    @action(detail=True, methods=["post"], right="follow_up")
    def follow_up(self, request: Request, pk: str) -> Response:
        """The customer is to be called about it."""
        row, body = self.get_object(), self.body(CallBackBody)
        queue = body.pop("queue", None)
        call = outbound.plan(self.user, row.customer, body.pop("reason"), ticket=row, queue=queue.code if queue else "", **body)
        return Response(TaskBody(call, context=self.get_serializer_context()).data, status=201)

    @extend_schema(responses=TicketEventBody(many=True), filters=False)
    @action(detail=True, methods=["get"], right="view", pagination_class=None)
    def events(self, request: Request, pk: str) -> Response:
        """What was done with it, in order."""
        return Response(TicketEventBody(selectors.events(self.get_object().pk), many=True).data)


class DueRuleBody(RowBody):
    calendar = by_code(Calendar.objects.all(), allow_null=True)

    class Meta:
        model = DueRule
        fields = ["id", "version", "kind", "category", "severity", "minutes", "calendar"]


class DueRules(Entities[DueRule]):
    """When tickets are due: the nearest category's rule counts, there the one for the severity."""

    entity = "due_rules"
    queryset = DueRule.objects.select_related("calendar")
    serializer_class = DueRuleBody
    filterset_fields = ["kind", "category", "severity"]

    def add(self, values: Values) -> DueRule:
        return settings.save_due_rule(self.user, None, values)

    def change(self, row: DueRule, values: Values) -> DueRule:
        return settings.save_due_rule(self.user, row, values)

    def remove(self, row: DueRule) -> None:
        rows.delete(self.user, "due_rules", row)


class EscalationBody(RowBody):
    to = person(allow_null=True)

    class Meta:
        model = Escalation
        fields = ["id", "version", "level", "minutes", "least_severity", "raise_severity", "to", "take_over"]


class Escalations(Entities[Escalation]):
    """What happens to tickets that are late."""

    entity = "escalations"
    queryset = Escalation.objects.select_related("to")
    serializer_class = EscalationBody
    filterset_fields = ["level"]
    ordering = "level"

    def add(self, values: Values) -> Escalation:
        return settings.save_escalation(self.user, None, values)

    def change(self, row: Escalation, values: Values) -> Escalation:
        return settings.save_escalation(self.user, row, values)

    def remove(self, row: Escalation) -> None:
        rows.delete(self.user, "escalations", row)
