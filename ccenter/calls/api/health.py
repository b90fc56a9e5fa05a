"""Whether the processes of the centre do their work. Open to everybody, so it tells nothing else."""

import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.db.models import Count
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from ccenter.calls.api.base import View
from ccenter.calls.journal import Position, Tail
from ccenter.calls.models import Alarm, RecorderPosition

FRESH = 10.0  # seconds: the recorder touches its file every one


class Process(serializers.Serializer):
    ready = serializers.BooleanField()
    heartbeat = serializers.FloatField(allow_null=True, help_text="Seconds since it said so.")


class RecorderHealth(Process):
    seq = serializers.IntegerField(allow_null=True, help_text="The last fact on record.")
    behind = serializers.IntegerField(allow_null=True, help_text="Bytes of the journal that are not on record yet.")


class Health(serializers.Serializer):
    status = serializers.ChoiceField(["ok", "degraded", "away"], help_text="away: the database; the answer is a 503 then.")
    database = serializers.BooleanField()
    recorder = RecorderHealth()
    cti = Process()
    alarms = serializers.DictField(child=serializers.IntegerField(), help_text="Kind: how many are open.")


class HealthView(View):
    authentication_classes = []
    permission_classes = []

    @extend_schema(responses={200: Health, 503: Health}, tags=["health"], operation_id="health")
    def get(self, request: Request) -> Response:
        """The state of the processes. 200 while the database answers."""
        recorder: dict[str, Any] = {**_heartbeat("recorder", FRESH), "seq": None, "behind": None}
        alarms: dict[str, int] = {}
        try:
            row = RecorderPosition.objects.first() or RecorderPosition()
            recorder["seq"], recorder["behind"] = row.seq, Tail(settings.JOURNAL, Position(row.segment, row.offset)).behind()
            open_alarms = Alarm.objects.filter(cleared_at=None).values_list("kind").annotate(Count("id"))
            alarms = dict(open_alarms.order_by("kind"))
            database = True
        except (DatabaseError, InterfaceError):
            database = False
        cti = _heartbeat("cti")
        status = "away" if not database else "ok" if recorder["ready"] and cti["ready"] and not alarms else "degraded"
        body = {"status": status, "database": database, "recorder": recorder, "cti": cti, "alarms": alarms}
        return Response(body, status=200 if database else 503)


def _heartbeat(name: str, fresh: float | None = None) -> dict[str, Any]:
    """Ready: the process that left its pid lives, and, with `fresh`, gave a sign of life so many seconds ago at the most."""
    file = settings.STATE / "run" / f"{name}.ready"
    try:
        age = max(0.0, time.time() - file.stat().st_mtime)  # noqa: TID251
        alive = Path("/proc", file.read_text().strip() or "none").exists()
    except OSError:
        return {"ready": False, "heartbeat": None}
    return {"ready": alive and (fresh is None or age < fresh), "heartbeat": round(age, 1)}
