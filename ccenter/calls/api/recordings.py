"""Finding recordings, their waveforms, and who listened."""

from datetime import datetime, time, timedelta
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from ccenter.calls import recordings
from ccenter.calls.api.base import IsLead, View
from ccenter.calls.api.serializers import AgentNamed, NumberShown, QueueNamed, RecordingRow
from ccenter.calls.audio import peaks_of
from ccenter.calls.models import Listening, Recording
from ccenter.calls.rights import may_hear_call, scope_of

MOST_LISTENINGS = 200


class Moment(serializers.Field):
    """A time, or a day of the centre's time zone: its beginning, or (`last`) its end."""

    def __init__(self, *, last: bool = False, **options: Any) -> None:
        self.last = last
        super().__init__(**options)

    def to_internal_value(self, data: Any) -> datetime:
        try:
            if day := parse_date(str(data)):  # first: a day can be read as its midnight
                return timezone.make_aware(datetime.combine(day + timedelta(days=self.last), time()))
            if found := parse_datetime(str(data)):
                return found if timezone.is_aware(found) else timezone.make_aware(found)
        except (ValueError, OverflowError):
            pass
        raise serializers.ValidationError(_("A day, such as 2026-11-25, or a time."))


class RecordingFilter(serializers.Serializer):
    q = serializers.CharField(max_length=100, required=False, allow_blank=True)
    agent = serializers.CharField(max_length=10, required=False, allow_blank=True)
    queue = serializers.CharField(max_length=40, required=False, allow_blank=True)
    number = serializers.CharField(max_length=40, required=False, allow_blank=True)
    direction = serializers.ChoiceField(["in", "out", "internal"], required=False, allow_blank=True)
    call = serializers.CharField(max_length=40, required=False, allow_blank=True)
    page = serializers.IntegerField(min_value=1, max_value=100_000, default=1)

    def get_fields(self) -> dict[str, serializers.Field]:
        return {**super().get_fields(), "from": Moment(required=False), "to": Moment(required=False, last=True)}

    def to_internal_value(self, data: Any) -> Any:
        return super().to_internal_value({name: value for name, value in data.items() if value != ""})


class FoundRecording(RecordingRow):
    """A recording and the call it is of."""

    direction = serializers.CharField()
    outcome = serializers.CharField()
    number = NumberShown()
    name = serializers.CharField()
    dnis = serializers.CharField()
    label = serializers.CharField()
    city = serializers.CharField()
    queue = QueueNamed(allow_null=True)
    agents = AgentNamed(many=True, help_text="Who spoke.")
    listened = serializers.IntegerField(help_text="How often, ever; for leads.")

    class Meta(RecordingRow.Meta):
        fields = [
            *RecordingRow.Meta.fields, "direction", "outcome", "number", "name", "dnis", "label", "city", "queue", "agents",
            "listened",
        ]  # fmt: skip
        read_only_fields = fields


class RecordingPage(serializers.Serializer):
    page = serializers.IntegerField()
    next = serializers.IntegerField(allow_null=True, help_text="The next page; null: this is the last.")
    results = FoundRecording(many=True)


class Peaks(serializers.Serializer):
    """How loud it is, from 0 to 1, in equal steps of time: at most 1000."""

    customer = serializers.ListField(child=serializers.FloatField())
    agent = serializers.ListField(child=serializers.FloatField())
    seconds = serializers.FloatField()


class ListeningRow(serializers.Serializer):
    at = serializers.DateTimeField()
    user = serializers.CharField(source="user.username")
    name = serializers.SerializerMethodField()
    address = serializers.CharField(allow_null=True)

    def get_name(self, row: Listening) -> str:
        seat = getattr(row.user, "seat", None)
        return str(seat) if seat else row.user.get_full_name() or row.user.get_username()


class ListeningList(serializers.Serializer):
    listenings = ListeningRow(many=True)


FILTERS = [
    OpenApiParameter("q", str, description="Words: a number or its last digits, an agent, a queue, a label, a city, a call."),
    OpenApiParameter("agent", str, description="Who spoke in it."),
    OpenApiParameter("queue", str),
    OpenApiParameter("number", str, description="The outside party, in any way of writing."),
    OpenApiParameter("direction", str, enum=["in", "out", "internal"]),
    OpenApiParameter("call", str),
    OpenApiParameter("from", OpenApiTypes.DATE, description="A day, or a time: begun then or later."),
    OpenApiParameter("to", OpenApiTypes.DATE, description="A day (with it), or a time: begun before."),
    OpenApiParameter("page", int),
]


class RecordingsView(View):
    @extend_schema(parameters=FILTERS, responses=RecordingPage, tags=["calls"], operation_id="recordings")
    def get(self, request: Request) -> Response:
        """Recordings you may hear, the newest first: a lead's of their groups, an agent's where they spoke."""
        asked = RecordingFilter(data=request.query_params.dict())
        asked.is_valid(raise_exception=True)
        page = asked.validated_data.pop("page")
        rows, more = recordings.search(request.user, scope_of(request.user), page, **asked.validated_data)
        shown = FoundRecording(rows, many=True, context={"user": request.user, "hears": True}).data
        return Response({"page": page, "next": page + 1 if more else None, "results": shown})


class PeaksView(View):
    @extend_schema(responses=Peaks, tags=["calls"], operation_id="recording_peaks")
    def get(self, request: Request, ident: str) -> Response:
        """The waveforms of both speakers. Looking at them is not listening."""
        recording = _heard(request, ident)
        if recording.peaks is None or recording.deleted_at:
            raise NotFound(_("There are no waveforms of this recording yet, or not any more."))
        customer, agent = peaks_of(recording.peaks)
        headers = {"Cache-Control": "private, max-age=86400"}
        return Response({"customer": customer, "agent": agent, "seconds": recording.seconds}, headers=headers)


class ListeningsView(View):
    permission_classes = [IsLead]

    @extend_schema(responses=ListeningList, tags=["calls"], operation_id="recording_listenings")
    def get(self, request: Request, ident: str) -> Response:
        """Who listened to it, the last first."""
        recording = _heard(request, ident)
        rows = Listening.objects.filter(recording=recording.id).select_related("user__seat").order_by("-at")
        return Response({"listenings": ListeningRow(rows[:MOST_LISTENINGS], many=True).data})


def _heard(request: Request, ident: str) -> Recording:
    """The recording, for who may hear it; for others it is not there."""
    recording = Recording.objects.filter(pk=ident).first()
    if recording is None or not may_hear_call(request.user, recording.call):
        raise NotFound(_("There is no such recording, or it is not for you."))
    return recording
