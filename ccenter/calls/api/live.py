"""What goes on now: the lead's floor, an agent's waiting lines and day. Each tells the seq from which the feed goes on."""

from typing import Any

import msgspec
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request

from ccenter.calls import live
from ccenter.calls.api.base import HasSeat, IsLead, View
from ccenter.calls.api.serializers import NumberShown, StepTold
from ccenter.calls.rights import scope_of

_encode = msgspec.json.Encoder().encode


def _rows(title: str, /, **fields: Any) -> Any:
    return inline_serializer(title, fields, many=True)


TEXT, WHOLE, WHEN, YES = serializers.CharField, serializers.IntegerField, serializers.DateTimeField, serializers.BooleanField
FLOOR = inline_serializer(
    "Floor",
    {
        "seq": WHOLE(),
        "at": WHEN(),
        "seats": _rows(
            "FloorSeat",
            number=TEXT(),
            name=TEXT(),
            group=TEXT(),
            level=WHOLE(),
            state=TEXT(),
            reason=TEXT(),
            since=WHEN(allow_null=True),
            call=TEXT(),
            phone=serializers.ChoiceField(["browser", "desk", "number", ""]),
            online=YES(),
            away=WHEN(allow_null=True, help_text="Since when the phone is lost in mid-call."),
            allows=serializers.ListField(child=TEXT()),
            today=serializers.DictField(child=serializers.FloatField(), help_text=", ".join(live.FIGURES)),
        ),
        "queues": _rows(
            "FloorQueue",
            code=TEXT(),
            name=TEXT(),
            waiting=WHOLE(),
            longest_since=WHEN(allow_null=True),
            expected_wait=serializers.FloatField(help_text="Seconds, of who would come now."),
            service_level=serializers.FloatField(allow_null=True, help_text="0 to 1, of the last half hour."),
            abandoned=WHOLE(help_text="In the last half hour."),
            signed_in=WHOLE(),
            ready=WHOLE(),
            thresholds=inline_serializer(
                "Thresholds",
                {
                    "waiting": WHOLE(allow_null=True, help_text="Callers; null: none is set, here and below."),
                    "wait_seconds": serializers.FloatField(allow_null=True),
                    "service_level": serializers.FloatField(allow_null=True, help_text="0 to 1."),
                },
            ),
        ),
        "calls": _rows(
            "FloorCall",
            id=TEXT(),
            direction=TEXT(),
            name=TEXT(),
            ani=TEXT(),
            province=TEXT(),
            city=TEXT(),
            dnis=TEXT(),
            label=TEXT(),
            trunk=TEXT(),
            state=TEXT(),
            away=YES(),
            queue=TEXT(),
            agent=TEXT(),
            offered=TEXT(help_text="The agent at whom it rings."),
            answered=YES(),
            since=WHEN(),
            started_at=WHEN(),
            queued_at=WHEN(allow_null=True),
            path=serializers.ListField(child=StepTold()),
        ),
        "trunks": _rows(
            "FloorTrunk",
            code=TEXT(),
            name=TEXT(),
            capacity=WHOLE(help_text="Channels."),
            enabled=YES(),
            in_use=WHOLE(help_text="Channels, whoever has them."),
            channels=_rows(
                "FloorChannel",
                leg=TEXT(),
                call=TEXT(),
                agent=TEXT(help_text='The seat whose phone is reached by it; "" for an outside party.'),
                direction=serializers.ChoiceField(["in", "out"]),
                number=TEXT(),
                since=WHEN(),
            ),
        ),
        "monitors": _rows("FloorMonitor", agent=TEXT(), supervisor=TEXT(), by=TEXT(), mode=TEXT(), since=WHEN(), call=TEXT()),
        "callbacks_open": WHOLE(),
        "alarms": _rows(
            "FloorAlarm", id=WHOLE(), kind=TEXT(), subject=TEXT(), text=TEXT(), count=WHOLE(), first_at=WHEN(), last_at=WHEN()
        ),
    },
)
WAITER = {
    "id": TEXT(),
    "number": NumberShown(),
    "province": TEXT(),
    "city": TEXT(),
    "label": TEXT(),
    "queue": TEXT(),
    "queue_name": TEXT(),
    "since": WHEN(),
}
WAITING = inline_serializer(
    "WaitingLines",
    {
        "seq": WHOLE(),
        "calls": _rows("WaitingCall", **WAITER, position=WHOLE(), state=TEXT()),
        "ringing": _rows("RingingCall", **WAITER, agent=TEXT(), agent_name=TEXT()),
    },
)
DAY = inline_serializer(
    "Day",
    {
        "seq": WHOLE(),
        "at": WHEN(),
        **{name: WHOLE() for name in ("answered", "out", "missed", "transferred")},
        **{name: serializers.FloatField() for name in ("talk", "wrap_up", "ready", "not_ready", "ringing", "average")},
    },
)


def _answer(body: Any) -> HttpResponse:
    return HttpResponse(_encode(body), content_type="application/json", headers={"Cache-Control": "no-store"})


class LiveView(View):
    permission_classes = [IsLead]

    @extend_schema(responses=FLOOR, tags=["centre"], operation_id="live")
    def get(self, request: Request) -> HttpResponse:
        """The floor of a lead: the seats and queues of the groups led, their calls, the trunks. Go on from `seq` by the feed."""
        return _answer(live.floor(request.user, scope_of(request.user)))


class WaitingView(View):
    permission_classes = [HasSeat]

    @extend_schema(responses=WAITING, tags=["seat"], operation_id="waiting")
    def get(self, request: Request) -> HttpResponse:
        """Who waits in the queues your seat serves, in the order of waiting, and what rings at colleagues.

        Take one by /api/seat/take/, pick one up by /api/seat/pick-up/. The feed tells of these lines with `lines=1`.
        """
        assert self.seat is not None
        return _answer(live.waiting(self.seat, request.user))


class FiguresView(View):
    permission_classes = [HasSeat]

    @extend_schema(responses=DAY, tags=["seat"], operation_id="figures")
    def get(self, request: Request) -> HttpResponse:
        """Your day so far: calls and seconds."""
        assert self.seat is not None
        return _answer(live.figures(self.seat))
