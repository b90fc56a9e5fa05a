"""Outbound calls, who is not to be called, and what surveys found, as people filter them: the same in pages and REST."""

from datetime import datetime
from typing import Any

import django_filters
from django.db.models import Count, F, IntegerField, OuterRef, Q, QuerySet, Subquery, TextField, Value
from django.db.models.functions import Cast, Coalesce
from django.utils import timezone

from ccenter.calls.models import BarredNumber, CallbackEntry, SurveyAnswer
from ccenter.calls.numbers import normalise
from ccenter.calls.rights import seat_of
from ccenter.office.filters import Filters, Named, YesNo
from crm.models import OutboundTask, Script, ScriptAnswer
from crm.models.outbound import OVER


class TaskFilters(Filters):
    state = django_filters.MultipleChoiceFilter(choices=OutboundTask.State.choices)
    open = YesNo(method="by_open", help_text="Neither done, nor refused, nor cancelled.")
    due = YesNo(method="by_due", help_text="Open, and its time has come.")
    mine = YesNo(method="by_mine", help_text="Of my seat, or asked for by me.")
    author = Named("author__username")
    due_since = django_filters.IsoDateTimeFilter("due_at", lookup_expr="gte")
    due_before = django_filters.IsoDateTimeFilter("due_at", lookup_expr="lt")

    class Meta:
        model = OutboundTask
        fields = ["kind", "customer", "ticket", "record", "order", "call", "agent", "queue", "flow", "script", "rule", "result"]

    def by_open(self, found: QuerySet[OutboundTask], name: str, value: bool) -> QuerySet[OutboundTask]:
        return found.exclude(state__in=OVER) if value else found.filter(state__in=OVER)

    def by_due(self, found: QuerySet[OutboundTask], name: str, value: bool) -> QuerySet[OutboundTask]:
        now = timezone.now()
        return found.exclude(state__in=OVER).filter(due_at__lte=now) if value else found.filter(due_at__gt=now)

    def by_mine(self, found: Any, name: str, value: bool) -> Any:
        wanted = mine(self.request.user)
        return found.filter(wanted) if value else found.exclude(wanted)


def mine(user: Any) -> Any:
    """The condition on tasks that are of a user's seat, or were asked for by them."""
    seat = seat_of(user)
    return Q(author=user) | (Q(agent=seat.number) if seat else Q(pk__in=()))


def with_attempts(rows: QuerySet[OutboundTask]) -> QuerySet[OutboundTask]:
    """With how each stands among the callbacks: `callback_state`, `attempts`. In the same query."""
    there = CallbackEntry.objects.filter(id=Cast(OuterRef("callback"), TextField()))
    return rows.annotate(
        callback_state=Coalesce(Subquery(there.values("state")[:1]), Value(""), output_field=TextField()),
        attempts=Coalesce(Subquery(there.values("attempts")[:1]), Value(0), output_field=IntegerField()),
    )


class BarredFilters(Filters):
    number = django_filters.CharFilter(method="by_number", help_text="The whole number, as one dials it.")

    class Meta:
        model = BarredNumber
        fields: tuple[str, ...] = ()

    def by_number(self, found: QuerySet[BarredNumber], name: str, value: str) -> QuerySet[BarredNumber]:
        return found.filter(number=normalise(value).number)


class SurveyFilters(Filters):
    since = django_filters.IsoDateTimeFilter("at", lookup_expr="gte")
    before = django_filters.IsoDateTimeFilter("at", lookup_expr="lt")

    class Meta:
        model = SurveyAnswer
        fields = ["call", "agent", "queue", "flow", "node", "key", "callback"]


def by_telephone(flow: str, since: datetime, before: datetime) -> list[dict[str, Any]]:
    """How often each key was chosen in a survey's flow: {"agent", "queue", "question", "answer", "count"}. One query."""
    rows = SurveyAnswer.objects.filter(flow=flow, at__gte=since, at__lt=before)
    return list(
        rows.values("agent", "queue", question=F("node"), answer=F("key"))
        .annotate(count=Count("pk"))
        .order_by("question", "answer", "agent", "queue")
    )


def by_agents(script: Script, since: datetime, before: datetime) -> list[dict[str, Any]]:
    """How often each answer was given to a questionnaire: {"agent", "queue", "question", "answer", "count"}. One query.

    `agent` is who asked."""
    rows = ScriptAnswer.objects.filter(run__script=script, at__gte=since, at__lt=before).exclude(value="")
    counted = rows.values("step", "value", "run__agent", "run__task__queue").annotate(count=Count("pk"))
    return [
        {
            "agent": one["run__agent"],
            "queue": one["run__task__queue"] or "",
            "question": one["step"],
            "answer": one["value"],
            "count": one["count"],
        }
        for one in counted.order_by("step", "value", "run__agent", "run__task__queue")
    ]
