"""Seat records over REST: the list, one by one, and CSV."""

from typing import Any

from django.core.exceptions import PermissionDenied as NotAllowed
from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.exceptions import NotFound, PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from ccenter.calls import seat_csv, seat_records
from ccenter.calls.api.base import IsLead, View
from ccenter.calls.api.params import Strict
from ccenter.calls.rights import led_seats

LONGEST = 2_000_000  # characters of a file


class SeatRecord(Strict):
    number = serializers.CharField(max_length=10, required=False)
    name = serializers.CharField(max_length=60, required=False)
    login = serializers.CharField(max_length=150, required=False)
    level = serializers.IntegerField(required=False, help_text="1 to 10.")
    group = serializers.CharField(max_length=40, required=False)
    queues = serializers.ListField(child=serializers.CharField(max_length=40), max_length=100, required=False)
    skills = serializers.DictField(child=serializers.IntegerField(), required=False, help_text="Code: level from 1 to 10.")
    permissions = serializers.ListField(
        child=serializers.CharField(max_length=40), max_length=10, required=False, help_text="agent, lead, admin, see_numbers."
    )
    active = serializers.BooleanField(required=False)
    desk_phone = serializers.BooleanField(required=False)
    browser_phone = serializers.BooleanField(required=False)
    mobile = serializers.CharField(max_length=32, required=False, allow_blank=True)


class SeatImport(Strict):
    csv = serializers.CharField(max_length=LONGEST, trim_whitespace=False)
    apply = serializers.BooleanField(default=False, help_text="false: only say what would be.")


SEATS = inline_serializer("SeatRecords", {"seats": SeatRecord(many=True)})
SAVED = inline_serializer(
    "SavedSeat", {"seat": SeatRecord(), "password": serializers.CharField(help_text='The first one of a new login, else "".')}
)
IMPORTED = inline_serializer(
    "SeatImportOutcome",
    {
        "changes": inline_serializer(
            "SeatChange",
            {
                "line": serializers.IntegerField(),
                "number": serializers.CharField(),
                "name": serializers.CharField(),
                "action": serializers.ChoiceField(["new", "change", "same"]),
                "fields": serializers.DictField(
                    child=serializers.ListField(), help_text="Field: [what it was, what it will be]."
                ),
            },
            many=True,
        ),
        "errors": inline_serializer(
            "SeatImportError",
            {"line": serializers.IntegerField(), "field": serializers.CharField(), "error": serializers.CharField()},
            many=True,
        ),
        "passwords": serializers.DictField(
            child=serializers.CharField(), help_text="Login: first password, of those that are new. Told this once."
        ),
    },
)


class SeatRecordsView(View):
    permission_classes = [IsLead]

    @extend_schema(responses=SEATS, tags=["seat records"], operation_id="seat_records")
    def get(self, request: Request) -> Response:
        """The records of the seats you lead."""
        return Response({"seats": seat_records.records(led_seats(request.user))})

    @extend_schema(request=SeatRecord, responses={201: SAVED}, tags=["seat records"], operation_id="seat_record_create")
    def post(self, request: Request) -> Response:
        """A new seat, and its login if there is none of that name. For administrators."""
        return _save(request, {}, new=True)


class SeatRecordView(View):
    permission_classes = [IsLead]

    @extend_schema(request=SeatRecord, responses=SAVED, tags=["seat records"], operation_id="seat_record_change")
    def put(self, request: Request, number: str) -> Response:
        """Change a seat; what is not given stays. Permissions are given by administrators only."""
        if not led_seats(request.user).filter(number=number).exists():
            raise NotFound(_("There is no such seat, or you do not lead it."))
        return _save(request, {"number": number}, new=False)


def _save(request: Request, fixed: dict[str, Any], *, new: bool) -> Response:
    body = SeatRecord(data=request.data)
    body.is_valid(raise_exception=True)
    try:
        record, password = seat_records.save(request.user, {**body.validated_data, **fixed}, new=new)
    except seat_records.Invalid as error:
        raise serializers.ValidationError({field: [why] for field, why in error.errors.items()}) from None
    except NotAllowed as error:
        raise PermissionDenied(str(error)) from None
    headers = {"Cache-Control": "no-store"}
    return Response({"seat": record, "password": password}, status=201 if new else 200, headers=headers)


class SeatImportView(View):
    permission_classes = [IsLead]

    @extend_schema(
        request=SeatImport, responses={200: IMPORTED, 400: IMPORTED}, tags=["seat records"], operation_id="seat_import"
    )
    def post(self, request: Request) -> Response:
        """What a CSV file would change and what is wrong in which line; with `apply`, and nothing wrong, it is changed."""
        body = SeatImport(data=request.data)
        body.is_valid(raise_exception=True)
        apply = body.validated_data["apply"]
        done = seat_csv.take_in(request.user, body.validated_data["csv"], apply=apply)
        answer = {
            "changes": [change._asdict() for change in done.changes],
            "errors": [error._asdict() for error in done.errors],
            "passwords": done.passwords,
        }
        return Response(answer, status=400 if apply and done.errors else 200, headers={"Cache-Control": "no-store"})


class SeatExportView(View):
    permission_classes = [IsLead]

    @extend_schema(
        responses={(200, "text/csv"): OpenApiResponse(OpenApiTypes.STR)}, tags=["seat records"], operation_id="seat_export"
    )
    def get(self, request: Request) -> HttpResponse:
        """The records of the seats you lead as a CSV file, as the import reads it."""
        return HttpResponse(
            seat_csv.export(request.user),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": 'attachment; filename="seats.csv"', "Cache-Control": "no-store"},
        )
