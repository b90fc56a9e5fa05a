"""What a person should see to: the list, and saying that it is seen to."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from ccenter.calls.alarms import clear_alarm
from ccenter.calls.api.base import IsLead, Pages, View
from ccenter.calls.models import Alarm


class AlarmRow(serializers.ModelSerializer):
    """`count`: how often it was raised since `first_at`; it is open while `cleared_at` is null."""

    class Meta:
        model = Alarm
        fields = ["id", "kind", "subject", "text", "count", "first_at", "last_at", "cleared_at"]
        read_only_fields = fields


class AlarmPages(Pages):
    ordering = ("-last_at", "-id")


class AlarmFilter(serializers.Serializer):
    open = serializers.BooleanField(required=False, allow_null=True, default=None)
    kind = serializers.CharField(max_length=40, required=False)


class AlarmsView(View, ListAPIView[Alarm]):
    permission_classes = [IsLead]
    serializer_class = AlarmRow
    pagination_class = AlarmPages
    queryset = Alarm.objects.none()

    @extend_schema(
        parameters=[OpenApiParameter("open", bool), OpenApiParameter("kind", str, description="recording, conversion ...")],
        tags=["centre"],
        operation_id="alarms",
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Alarms, the last raised first."""
        return self.list(request, *args, **kwargs)

    def get_queryset(self) -> Any:
        asked = AlarmFilter(data=self.request.query_params)
        asked.is_valid(raise_exception=True)
        found = Alarm.objects.all()
        if (still := asked.validated_data["open"]) is not None:
            found = found.filter(cleared_at__isnull=still)
        if kind := asked.validated_data.get("kind"):
            found = found.filter(kind=kind)
        return found


class ClearAlarmView(View):
    permission_classes = [IsLead]

    @extend_schema(request=None, responses=AlarmRow, tags=["centre"], operation_id="alarm_clear")
    def post(self, request: Request, ident: int) -> Response:
        """Somebody has seen to it. If it is raised again, it is a new alarm."""
        alarm = clear_alarm(ident, request.user)
        if alarm is None:
            raise NotFound(_("There is no such alarm."))
        return Response(AlarmRow(alarm).data)
