"""/api/callbacks/ and /api/surge-spans/: whom we owe a call, how it went, and what came of it. The core changes them, not we.

/api/callback-rules/ and /api/surges/, the rules for it: `rules_rest`.
"""

from datetime import datetime, timedelta
from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from ccenter.calls import tokens
from ccenter.calls.models import CallbackAttempt, CallbackEntry, SurgeSpan
from ccenter.calls.numbers import normalise
from ccenter.desktop import selectors, services
from ccenter.desktop.bodies import CLOSED
from ccenter.desktop.callbacks import figures, rules_rest
from ccenter.desktop.callbacks.filters import due, mine
from ccenter.office.filters import Filters, YesNo
from ccenter.office.rest import MaskedField, MomentField, Router, Rows, Strict
from orders.selectors import recovered

OLDEST = 60 * 24 * 366  # minutes


class CallbackFilters(Filters):
    open = YesNo("closed_at", lookup_expr="isnull")
    due = YesNo(method="by_due", help_text="They can be called now, as far as hours and lines allow.")
    mine = YesNo(method="by_mine", help_text="Open; my own task, shown to my seat, or called by it last.")
    number = django_filters.CharFilter(method="by_number", help_text="The customer's whole number, as one dials it.")
    older = django_filters.NumberFilter(
        method="by_age", min_value=0, max_value=OLDEST, help_text="Asked so many minutes ago, or more."
    )
    asked_since = django_filters.IsoDateTimeFilter("asked_at", lookup_expr="gte")
    asked_before = django_filters.IsoDateTimeFilter("asked_at", lookup_expr="lt")

    class Meta:
        model = CallbackEntry
        fields = ["kind", "source", "state", "queue", "dnis", "label", "agent", "by", "call", "result", "closed_reason"]

    def by_due(self, rows: QuerySet[CallbackEntry], name: str, value: bool) -> QuerySet[CallbackEntry]:
        return rows.filter(due()) if value else rows.exclude(due())

    def by_mine(self, rows: QuerySet[CallbackEntry], name: str, value: bool) -> QuerySet[CallbackEntry]:
        wanted: Q = mine(self.request.user)
        return rows.filter(wanted) if value else rows.exclude(wanted)

    def by_number(self, rows: QuerySet[CallbackEntry], name: str, value: str) -> QuerySet[CallbackEntry]:
        return rows.filter(number=normalise(value).number)

    def by_age(self, rows: QuerySet[CallbackEntry], name: str, value: Any) -> QuerySet[CallbackEntry]:
        return rows.filter(asked_at__lte=timezone.now() - timedelta(minutes=float(value)))


class CallbackBody(serializers.ModelSerializer):
    """`token`: to dial it by, for who reads the number masked too. LATER with a `due_at` that is past: it waits."""

    number = MaskedField("number")
    token = serializers.SerializerMethodField()

    class Meta:
        model = CallbackEntry
        fields = [
            *(
                "id",
                "kind",
                "source",
                "state",
                "number",
                "token",
                "queue",
                "priority",
                "dnis",
                "label",
                "call",
                "chosen",
                "language",
            ),
            *(
                "zone",
                "customer",
                "agent",
                "flow",
                "asked_at",
                "opened_at",
                "due_at",
                "times_asked",
                "offered_to",
                "by",
                "attempts",
            ),
            *("result", "reason", "closed_at", "closed_reason", "closed_detail"),
        ]

    def get_token(self, row: CallbackEntry) -> str:
        return tokens.token_of("b", row.pk, self.context["request"].user) if row.number.startswith("+") else ""


class AttemptBody(serializers.ModelSerializer):
    """`agent` "" is the machine; `shown` the number of ours that the customer's telephone showed."""

    class Meta:
        model = CallbackAttempt
        fields = ["attempt", "call", "agent", "shown", "at", "reached_at", "result", "resulted_at"]


class CallbackCloseBody(Strict):
    reason = serializers.ChoiceField(CLOSED)


class RequestedBody(serializers.Serializer):
    request = serializers.UUIDField(help_text="What was asked of the call centre; it answers within a second.")


class FiguresOf(Strict):
    by = serializers.ChoiceField(["surge", *recovered.KEYS])
    since = MomentField(required=False, help_text="A day before.")
    before = MomentField(required=False, help_text="Now.")


class FiguresBody(serializers.Serializer):
    key = serializers.CharField(help_text='The surge, number, station, queue or source; "" where there is none.')
    captured = serializers.IntegerField(help_text="Who was owed a call.")
    reached = serializers.IntegerField(help_text="Who was reached by one.")
    called_in = serializers.IntegerField(help_text="Who rang in again first.")
    open = serializers.IntegerField(help_text="Who is still owed it.")
    bought = serializers.IntegerField(help_text="Who ordered in such a call, or in their own next one.")
    orders = serializers.IntegerField()
    amount = serializers.DecimalField(max_digits=14, decimal_places=2)
    until_reached = serializers.FloatField(allow_null=True, help_text="Seconds from the asking to the first answer, median.")


class ResultsOf(Strict):
    since = serializers.DateField(required=False, help_text="The first day they were asked for; a week ago.")
    until = serializers.DateField(required=False, help_text="The last one; today.")
    by = serializers.ChoiceField(list(figures.BY), default="day")


class ResultsBody(serializers.Serializer):
    """Of an agent only what was tried counts: `promised` are the callbacks they called."""

    key = serializers.CharField(help_text='The day, queue, station or agent; "" where there is none.')
    name = serializers.CharField(help_text="What a queue or an agent is called.")
    promised = serializers.IntegerField(help_text="Who was owed a call.")
    reached = serializers.IntegerField(help_text="Who was reached by one.")
    called_in = serializers.IntegerField(help_text="Who rang in again first.")
    unreached = serializers.IntegerField(help_text="Who was given up.")
    open = serializers.IntegerField(help_text="Who is still owed it.")
    attempts = serializers.IntegerField()
    until_called = serializers.FloatField(allow_null=True, help_text="Seconds from the asking to the first attempt, median.")
    results = serializers.DictField(
        child=serializers.IntegerField(), help_text=f"Attempts by result: {', '.join(figures.TRIED)}."
    )


class Callbacks(Rows[CallbackEntry]):
    """Whom we owe a call, open and closed, of the queues that one serves or leads. Tasks that were handed over are among them."""

    entity = "callbacks"
    queryset = CallbackEntry.objects.all()
    serializer_class = CallbackBody
    filterset_class = CallbackFilters
    lookup_value_regex = "[A-Za-z0-9-]{1,60}"
    ordering = "-asked_at"
    ordering_fields = ["asked_at", "due_at", "closed_at"]

    def rows(self) -> QuerySet[CallbackEntry]:
        fake = getattr(self, "swagger_fake_view", False)
        found: QuerySet[CallbackEntry] = super().rows() if fake else selectors.owed_in(self.user)
        return found

    @extend_schema(responses=AttemptBody(many=True), filters=False)
    @action(detail=True, methods=["get"], right="view", pagination_class=None)
    def tries(self, request: Request, pk: str) -> Response:
        """How often they were called, when, by whom, and what came of it."""
        found = CallbackAttempt.objects.filter(callback=self.get_object().pk).order_by("seq")
        return Response(AttemptBody(found, many=True).data)

    @extend_schema(request=CallbackCloseBody, responses={202: RequestedBody})
    @action(detail=True, methods=["post"], right="view")
    def close(self, request: Request, pk: str) -> Response:
        """Nobody has to call there any more."""
        try:
            asked = services.close_callback(self.user, self.get_object().pk, self.body(CallbackCloseBody)["reason"])
        except services.NotThere:
            raise NotFound from None
        return Response({"request": asked.pk}, status=202)

    @extend_schema(parameters=[FiguresOf], responses=FiguresBody(many=True), filters=False)
    @action(detail=False, methods=["get"], pagination_class=None)
    def figures(self, request: Request) -> Response:
        """Captured, called back, bought: by surge, called number, station, queue or source."""
        asked = FiguresOf(data=request.query_params.dict())
        asked.is_valid(raise_exception=True)
        before: datetime = asked.validated_data.get("before", timezone.now())
        since = asked.validated_data.get("since", before - timedelta(days=1))
        found = recovered.figures(selectors.owed_in(self.user), since, before, asked.validated_data["by"])
        return Response(FiguresBody([one._asdict() for one in found], many=True).data)

    @extend_schema(parameters=[ResultsOf], responses=ResultsBody(many=True), filters=False)
    @action(detail=False, methods=["get"], right="figures", pagination_class=None)
    def results(self, request: Request) -> Response:
        """Whom we promised a call and what came of it: by day, queue, station or agent, over at most a year."""
        asked = ResultsOf(data=request.query_params.dict())
        asked.is_valid(raise_exception=True)
        first, last = figures.usual_days()
        by, since, until = (
            asked.validated_data.get(name, usual) for name, usual in (("by", "day"), ("since", first), ("until", last))
        )
        figures.check_days(since, until)
        names = figures.names_of(by)
        told = [
            {
                **line._asdict(),
                "name": names.get(line.key, ""),
                "until_called": line.median,
                "results": dict(zip(figures.TRIED, line.results, strict=True)),
            }
            for line in figures.table(self.user, since, until, by)
        ]
        return Response(ResultsBody(told, many=True).data)


class SpanBody(serializers.ModelSerializer):
    id = serializers.IntegerField(source="seq")

    class Meta:
        model = SurgeSpan
        fields = ["id", "surge", "started_at", "ended_at", "use", "highest", "share", "taken", "passed"]


class LineTimeOf(Strict):
    since = MomentField(required=False, help_text="A day before.")
    before = MomentField(required=False, help_text="Now.")


class LineTimeBody(serializers.Serializer):
    surge = serializers.CharField()
    seconds = serializers.FloatField(help_text="Half of the calls that the machine took kept a line shorter than that.")


class SurgeSpans(Rows[SurgeSpan]):
    """The times in which the surge attendant took calls. What it does now: /api/desk/surge/."""

    entity = "surges"
    queryset = SurgeSpan.objects.all()
    serializer_class = SpanBody
    filterset_fields = ["surge"]
    ordering = "-seq"
    lookup_field = "seq"

    @extend_schema(parameters=[LineTimeOf], responses=LineTimeBody(many=True), filters=False)
    @action(detail=False, methods=["get"], right="view", pagination_class=None)
    def line_times(self, request: Request) -> Response:
        asked = LineTimeOf(data=request.query_params.dict())
        asked.is_valid(raise_exception=True)
        before: datetime = asked.validated_data.get("before", timezone.now())
        found = recovered.line_times(asked.validated_data.get("since", before - timedelta(days=1)), before)
        return Response([{"surge": surge, "seconds": seconds} for surge, seconds in sorted(found.items())])


router = Router()
router.register("callbacks", Callbacks, basename="callback")
router.register("surge-spans", SurgeSpans, basename="surge-span")
router.register("callback-rules/queues", rules_rest.QueueRules, basename="callback-queue-rule")
router.register("callback-rules/lines", rules_rest.KeptLines, basename="callback-kept-line")
router.register("callback-rules/centre", rules_rest.CentreRules, basename="callback-centre-rule")
router.register("surges", rules_rest.Surges, basename="surge")
urlpatterns = router.urls
