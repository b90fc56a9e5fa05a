"""Calls to customers that are due at a time, the rules that plan them, and who is not to be called."""

from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.db.models.functions import MD5
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from ccenter.calls.models import BarredNumber, SurveyAnswer
from ccenter.calls.rights import may_see_call
from ccenter.office.rest import Adds, Changes, Entities, MaskedField, MomentField, RowBody, Rows, Strict
from crm.api.fields import CallField, login_of
from crm.models import Customer, OutboundRule, OutboundTask, Script
from crm.selectors import service_lists
from crm.selectors.outbound import BarredFilters, SurveyFilters, TaskFilters, by_agents, by_telephone, with_attempts
from crm.services import barring, outbound, outbound_rules, rows
from crm.services.script_runs import NO_CALL

Values = dict[str, Any]


class TaskBody(RowBody):
    """Without `number` the customer's first is called; without `due_at` at once. `callback`: its id among the callbacks.

    `callback_state`, `attempts`: as it stands there; "" and 0 before it is there.
    """

    number = MaskedField("number", max_length=40, required=False)
    customer = serializers.PrimaryKeyRelatedField(queryset=Customer.objects.defer("pin"))
    due_at = MomentField(required=False)
    script = serializers.PrimaryKeyRelatedField(
        queryset=Script.objects.all(), required=False, allow_null=True, help_text="The questionnaire."
    )
    call = CallField(allow_blank=True)
    rule = serializers.SlugRelatedField("title", read_only=True, allow_null=True)
    run = serializers.PrimaryKeyRelatedField(read_only=True, allow_null=True, help_text="The answers to the questionnaire.")
    author = login_of(allow_null=True)
    callback_state = serializers.CharField(read_only=True, default="")
    attempts = serializers.IntegerField(read_only=True, default=0)

    class Meta:
        model = OutboundTask
        fields = [
            *("id", "version", "kind", "state", "customer", "number", "due_at", "zone", "agent", "queue", "flow", "script"),
            *("priority", "consent", "reason", "ticket", "record", "order", "call", "rule", "run", "author", "created_at"),
            *("released_at", "opened_at", "closed_at", "result", "callback", "callback_state", "attempts"),
        ]
        read_only_fields = [
            *("state", "record", "created_at", "released_at", "opened_at", "closed_at", "result", "callback"),
        ]


class OutboundTasks(Adds[OutboundTask], Changes[OutboundTask]):
    """Follow-ups, visits 回访, surveys and reminders: each is one call at its time. Nothing is deleted: what is not wanted any
    more is cancelled."""

    entity = "outbound_tasks"
    queryset = OutboundTask.objects.select_related("author", "rule", "run")
    serializer_class = TaskBody
    filterset_class = TaskFilters
    ordering_fields = ["due_at", "created_at", "closed_at"]

    def rows(self) -> QuerySet[OutboundTask]:
        return with_attempts(super().rows())

    def search(self, found: QuerySet[OutboundTask], text: str) -> QuerySet[OutboundTask]:
        return service_lists.outbound_tasks(found, text, self.user)

    def add(self, values: Values) -> OutboundTask:
        if values.get("call") and not may_see_call(self.user, values["call"]):
            raise ValidationError({"call": NO_CALL})
        return outbound.plan(self.user, values.pop("customer"), values.pop("reason"), **values)

    def change(self, row: OutboundTask, values: Values) -> OutboundTask:
        for name in ("customer", "kind", "ticket", "order", "call"):
            if values.pop(name, getattr(row, name)) != getattr(row, name):
                raise ValidationError({name: _("This stays as it is: cancel the call, and plan another.")})
        return outbound.change(self.user, row, values)

    @extend_schema(request=None, responses=TaskBody)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """One that is handed over is cancelled once the call centre says so; one whose customer is being called is not."""
        return self.answer(outbound.cancel(self.user, self.locked_row()))


class RuleBody(RowBody):
    script = serializers.PrimaryKeyRelatedField(queryset=Script.objects.all(), required=False, allow_null=True)

    class Meta:
        model = OutboundRule
        fields = [
            *("id", "version", "title", "active", "kind", "event", "of_queue", "days", "minutes", "at", "share", "quiet_days"),
            *("queue", "own_agent", "flow", "script", "priority", "reason"),
        ]


class OutboundRules(Entities[OutboundRule]):
    """After what a call is planned by itself: visits after a delivery, surveys after a call, reminders."""

    entity = "outbound_rules"
    queryset = OutboundRule.objects.select_related("script")
    serializer_class = RuleBody
    filterset_fields = ["kind", "event", "active", "queue", "flow", "script"]
    ordering = "title"

    def add(self, values: Values) -> OutboundRule:
        return outbound_rules.save_rule(self.user, None, values)

    def change(self, row: OutboundRule, values: Values) -> OutboundRule:
        return outbound_rules.save_rule(self.user, row, values)

    def remove(self, row: OutboundRule) -> None:
        """What it has planned stays planned."""
        rows.delete(self.user, "outbound_rules", row)


class BarredBody(serializers.ModelSerializer):
    id = serializers.CharField(source="ident", help_text="A digest of the number: addresses are written into logs.")
    number = MaskedField("number")

    class Meta:
        model = BarredNumber
        fields = ["id", "number", "at"]


class BarBody(Strict):
    number = serializers.CharField(max_length=40)


class BarAskedBody(serializers.Serializer):
    request = serializers.UUIDField(help_text="What was asked of the call centre; it answers within a second.")


class BarredNumbers(Rows[BarredNumber]):
    """Who is not to be called. Who asks for a call by themselves is called all the same.

    The call centre keeps the list: a number is asked to be put on it, or taken off, and is there a moment later.
    """

    entity = "barred_numbers"
    queryset = BarredNumber.objects.filter(barred=True).annotate(ident=MD5("number"))
    serializer_class = BarredBody
    filterset_class = BarredFilters
    lookup_field = "ident"
    lookup_value_regex = "[0-9a-f]{1,32}"
    ordering = "-at"

    @extend_schema(request=BarBody, responses={202: BarAskedBody})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Nobody calls this number any more."""
        asked = barring.bar(self.user, self.body(BarBody)["number"])
        return Response({"request": asked.pk}, status=202)

    @extend_schema(responses={202: BarAskedBody})
    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """They may be called again."""
        return Response({"request": barring.lift(self.user, self.get_object().number).pk}, status=202)


class SurveyAnswerBody(serializers.ModelSerializer):
    id = serializers.IntegerField(source="seq")

    class Meta:
        model = SurveyAnswer
        fields = ["id", "call", "callback", "agent", "queue", "flow", "node", "key", "at"]


class SurveyOf(Strict):
    flow = serializers.CharField(max_length=40, required=False, help_text="Of a survey by telephone; or:")
    script = serializers.PrimaryKeyRelatedField(queryset=Script.objects.all(), required=False, help_text="A questionnaire.")
    since = MomentField(required=False, help_text="Thirty days ago.")
    before = MomentField(required=False, help_text="Now.")

    def validate(self, attrs: Values) -> Values:
        if len({"flow", "script"} & set(attrs)) != 1:
            raise serializers.ValidationError({"flow": [_("A flow or a questionnaire.")]})
        return attrs


class ResultBody(serializers.Serializer):
    agent = serializers.CharField(help_text="Who served the customer, or asked.")
    queue = serializers.CharField()
    question = serializers.CharField(help_text="The node of the flow, or the step of the questionnaire.")
    answer = serializers.CharField()
    count = serializers.IntegerField()


class SurveyAnswers(Rows[SurveyAnswer]):
    """Keys chosen in surveys by telephone. What agents asked is in the answers to scripts."""

    entity = "survey_answers"
    queryset = SurveyAnswer.objects.all()
    serializer_class = SurveyAnswerBody
    filterset_class = SurveyFilters
    ordering = "-seq"
    lookup_field = "seq"

    @extend_schema(parameters=[SurveyOf], responses=ResultBody(many=True), filters=False)
    @action(detail=False, methods=["get"], right="view", pagination_class=None)
    def results(self, request: Request) -> Response:
        """How often each answer was given, by agent and queue: of a flow, or of a questionnaire."""
        asked = SurveyOf(data=request.query_params.dict())
        asked.is_valid(raise_exception=True)
        of, now = asked.validated_data, timezone.now()
        span = of.get("since", now - timedelta(days=30)), of.get("before", now)
        found = by_telephone(of["flow"], *span) if "flow" in of else by_agents(of["script"], *span)
        return Response(ResultBody(found, many=True).data)
