"""Seats, queues, trunks and calls, for reading."""

from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from ccenter.calls import history
from ccenter.calls.api.base import IsLead, Pages, View
from ccenter.calls.api.feed import FeedAnswer
from ccenter.calls.api.serializers import CallRow, CallWhole, QueueState, SeatState, TrunkState, VoicemailRow
from ccenter.calls.feed import Batch
from ccenter.calls.models import Call, Voicemail
from ccenter.calls.numbers import normalise
from ccenter.calls.rights import calls_in, led_queues, led_seats, may_hear_call, scope_of, voicemails_for
from ccenter.calls.telling import seen, told

MOST_FACTS = 5000  # of one call; more nobody reads


class SeatsView(View):
    permission_classes = [IsLead]

    @extend_schema(responses=SeatState(many=True), tags=["centre"], operation_id="seats")
    def get(self, request: Request) -> Response:
        """The seats you lead: state, since when, phone, call."""
        return Response(SeatState(history.seats(led_seats(request.user)), many=True, context={"user": request.user}).data)


class QueuesView(View):
    permission_classes = [IsLead]

    @extend_schema(responses=QueueState(many=True), tags=["centre"], operation_id="queues")
    def get(self, request: Request) -> Response:
        """The queues your groups serve: who waits, who serves."""
        return Response(QueueState(history.queues(led_queues(request.user)), many=True).data)


class TrunksView(View):
    permission_classes = [IsLead]

    @extend_schema(responses=TrunkState(many=True), tags=["centre"], operation_id="trunks")
    def get(self, request: Request) -> Response:
        """All trunks, how full they are, and who is on them, where that is your groups' business."""
        trunks = history.trunks(scope_of(request.user))
        return Response(TrunkState(trunks, many=True, context={"user": request.user}).data)


class CallFilter(serializers.Serializer):
    """What calls a list shall hold."""

    live = serializers.BooleanField(required=False, allow_null=True, default=None)
    direction = serializers.ChoiceField(["in", "out", "internal"], required=False)
    outcome = serializers.CharField(max_length=20, required=False)
    queue = serializers.CharField(max_length=40, required=False)
    agent = serializers.CharField(max_length=10, required=False)
    number = serializers.CharField(max_length=40, required=False)
    ani = serializers.CharField(max_length=64, required=False)
    dnis = serializers.CharField(max_length=40, required=False)
    since = serializers.DateTimeField(required=False)
    until = serializers.DateTimeField(required=False)


class VoicemailFilter(serializers.Serializer):
    heard = serializers.BooleanField(required=False, allow_null=True, default=None)
    mailbox = serializers.CharField(max_length=60, required=False)


class CallPages(Pages):
    ordering = ("-started_at", "-id")


FILTERS = [
    OpenApiParameter("live", bool, description="Only calls that go on, or only those that are over."),
    OpenApiParameter("direction", str, enum=["in", "out", "internal"]),
    OpenApiParameter("outcome", str, description="ANSWERED, ABANDONED ..."),
    OpenApiParameter("queue", str),
    OpenApiParameter("agent", str, description="Who had to do with it; for leads."),
    OpenApiParameter("number", str, description="The outside party, in any way of writing."),
    OpenApiParameter("ani", str, description="The caller exactly as the network told it."),
    OpenApiParameter("dnis", str, description="The called number."),
    OpenApiParameter("since", OpenApiTypes.DATETIME, description="Begun then or later."),
    OpenApiParameter("until", OpenApiTypes.DATETIME, description="Begun before."),
]


class CallsView(View, ListAPIView[Call]):
    serializer_class = CallRow
    pagination_class = CallPages
    queryset = Call.objects.none()

    @extend_schema(parameters=FILTERS, tags=["calls"], operation_id="calls")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Calls, the newest first. Leads see those of their groups, agents those they had to do with."""
        return self.list(request, *args, **kwargs)

    def get_queryset(self) -> Any:
        asked = CallFilter(data=self.request.query_params)
        asked.is_valid(raise_exception=True)
        wanted = dict(asked.validated_data)
        found = history.calls(scope_of(self.request.user), wanted.pop("agent", ""))
        if (live := wanted.pop("live")) is not None:
            found = found.filter(ended_at__isnull=live)
        if number := wanted.pop("number", ""):
            found = found.filter(number=normalise(number).number)
        if since := wanted.pop("since", None):
            found = found.filter(started_at__gte=since)
        if until := wanted.pop("until", None):
            found = found.filter(started_at__lt=until)
        return found.filter(**wanted)


class VoicemailPages(Pages):
    ordering = ("-at", "-id")


class VoicemailsView(View, ListAPIView[Voicemail]):
    serializer_class = VoicemailRow
    pagination_class = VoicemailPages
    queryset = Voicemail.objects.none()

    @extend_schema(
        parameters=[OpenApiParameter("heard", bool), OpenApiParameter("mailbox", str, description="agent:1001, or a queue.")],
        tags=["voicemail"],
        operation_id="voicemails",
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Messages, the newest first: left for a seat of yours or one you lead, or for a queue you serve or lead."""
        return self.list(request, *args, **kwargs)

    def get_queryset(self) -> Any:
        asked = VoicemailFilter(data=self.request.query_params)
        asked.is_valid(raise_exception=True)
        found = voicemails_for(self.request.user)
        if (heard := asked.validated_data["heard"]) is not None:
            found = found.filter(heard_at__isnull=not heard)
        if mailbox := asked.validated_data.get("mailbox"):
            found = found.filter(mailbox=mailbox)
        return found


class CallView(View):
    @extend_schema(responses=CallWhole, tags=["calls"], operation_id="call")
    def get(self, request: Request, ident: str) -> Response:
        """A call: who, to which number, which way, how long where, offered to whom and why, who answered, how it ended."""
        call = _call(request, ident)
        call.whole = history.whole_call(call)  # type: ignore[attr-defined]
        hears = may_hear_call(request.user, call.id)
        return Response(CallWhole(call, context={"user": request.user, "hears": hears}).data)


class TimelineView(View):
    @extend_schema(responses=FeedAnswer, tags=["calls"], operation_id="call_timeline")
    def get(self, request: Request, ident: str) -> HttpResponse:
        """The facts of a call in their order, as the feed tells them."""
        scope = scope_of(request.user)
        timeline = history.timeline(_call(request, ident).id)[:MOST_FACTS]
        facts = [text for fact in timeline if (text := seen(told(fact), scope, of_theirs=True))]
        return HttpResponse(Batch(history.last_seq(), facts).encode(), content_type="application/json")


def _call(request: Request, ident: str) -> Call:
    """The call, for who may see it; for others it is not there."""
    call = Call.objects.filter(calls_in(scope_of(request.user)), pk=ident).first()
    if call is None:
        raise NotFound(_("There is no such call, or it is not yours."))
    return call
