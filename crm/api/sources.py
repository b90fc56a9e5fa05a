"""Other systems: settings, runs, and the address they send their rows to."""

import json
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import AuthenticationFailed, ParseError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from ccenter.office import errors
from ccenter.office.rest import Entities, RowBody, Rows
from ccenter.office.webhooks import verify
from crm.models import RefusedRow, Source, SourceRun
from crm.services import customer_sync, sources, syncing  # noqa: F401  registers how customers are synchronised

MOST = 500  # rows of one message


class SourceBody(RowBody):
    mapping = serializers.DictField(child=serializers.CharField(max_length=63), help_text="{our field: their column}")

    class Meta:
        model = Source
        fields = [
            "id", "version", "code", "name", "entity", "table", "key", "changed", "mapping", "conflict", "write", "every",
            "active", "next_at",
        ]  # fmt: skip


class SourceWithSecret(SourceBody):
    secret = serializers.CharField(read_only=True, help_text="Signs what they send. It is shown this once.")

    class Meta(SourceBody.Meta):
        fields = [*SourceBody.Meta.fields, "secret"]


class SourceRunBody(serializers.ModelSerializer):
    counts = serializers.DictField(child=serializers.IntegerField())
    refused = serializers.ListField(child=serializers.DictField(child=serializers.CharField()))

    class Meta:
        model = SourceRun
        fields = ["id", "source", "message", "started_at", "ended_at", "error", "counts", "refused"]


class Sources(Entities[Source]):
    """Other systems that customers and orders are kept equal with. Their database's address stands in CC_SOURCE_<CODE>."""

    entity = "sources"
    queryset = Source.objects.all()
    serializer_class = SourceBody
    filterset_fields = ["code", "entity", "active"]
    ordering = "code"

    def add(self, values: dict[str, Any]) -> Source:
        return sources.add_source(self.user, values)

    def change(self, row: Source, values: dict[str, Any]) -> Source:
        return sources.change_source(self.user, row, values)

    def remove(self, row: Source) -> None:
        sources.delete_source(self.user, row)

    @extend_schema(responses={201: SourceWithSecret})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """A new one; the answer has its secret, this once."""
        answer = super().create(request, *args, **kwargs)
        answer.data["secret"] = Source.objects.values_list("secret", flat=True).get(pk=answer.data["id"])
        return answer

    @extend_schema(request=None, responses=SourceWithSecret)
    @action(detail=True, methods=["post"], right="change")
    def secret(self, request: Request, pk: str) -> Response:
        """Another secret, from now on; it is shown this once."""
        row = sources.new_key(self.user, self.get_object())
        return Response(SourceWithSecret(row, context=self.get_serializer_context()).data)

    @extend_schema(request=None, responses={202: None})
    @action(detail=True, methods=["post"], right="run")
    def run(self, request: Request, pk: str) -> Response:
        """Synchronises it now, in the background; what came of it is in `source-runs`."""
        sources.run_now(self.user, self.get_object())
        return Response(status=202)


class Runs(Rows[SourceRun]):
    """What was synchronised when, and what was refused."""

    entity = "sources"
    queryset = SourceRun.objects.all()
    serializer_class = SourceRunBody
    filterset_fields = ["source"]


class RefusedRowBody(serializers.ModelSerializer):
    class Meta:
        model = RefusedRow
        fields = ["id", "source", "key", "reasons", "state", "tries", "first_at", "tried_at", "next_at"]
        read_only_fields = fields


class RefusedRows(Rows[RefusedRow]):
    """Rows that were not taken: they are tried again until they are given up (`dead`)."""

    entity = "sources"
    queryset = RefusedRow.objects.defer("row")
    serializer_class = RefusedRowBody
    filterset_fields = ["source", "state", "key"]

    @extend_schema(request=None, responses=RefusedRowBody)
    @action(detail=True, methods=["post"], right="run")
    def again(self, request: Request, pk: str) -> Response:
        """Has it tried with the next run, also when it was given up."""
        row = self.get_object()
        sources.try_again(self.user, row)
        return self.answer(row)


class Received(APIView):
    """The address other systems send rows to, signed as standardwebhooks.com has it: nobody logs in here."""

    authentication_classes: list[Any] = []
    permission_classes: list[Any] = []

    def get_exception_handler(self) -> Any:
        return errors.handle

    @extend_schema(
        tags=["sources"],
        request={"application/json": {"type": "object", "properties": {"rows": {"type": "array", "items": {"type": "object"}}}}},
        parameters=[
            OpenApiParameter(f"webhook-{name}", str, "header", required=True) for name in ("id", "timestamp", "signature")
        ],
        responses={200: SourceRunBody, **dict.fromkeys((400, 401, 403, 404), errors.Problem)},
        operation_id="crm_sources_received",
    )
    def post(self, request: Request, code: str) -> Response:
        """{"rows": [{their column: value}]}, 500 at most. Sent again with the same webhook-id it is not done again."""
        raw = request._request.body
        source = Source.objects.filter(code=code, active=True).first()
        headers = {name: request.headers.get(name, "") for name in ("webhook-id", "webhook-timestamp", "webhook-signature")}
        # an unknown source and a wrong signature look the same from outside
        if source is None or not verify(source.secret, headers, raw, timezone.now().timestamp()):
            raise AuthenticationFailed(_("The signature is not right."))
        if not headers["webhook-id"].isprintable() or len(headers["webhook-id"]) > 100:
            raise ParseError(_("webhook-id: at most 100 signs."))
        try:
            rows = json.loads(raw)["rows"]
        except (ValueError, KeyError, TypeError, RecursionError):
            raise ParseError(_("Not understood.")) from None
        if not isinstance(rows, list) or len(rows) > MOST or not all(isinstance(row, dict) for row in rows):
            raise ParseError(_("A list of at most 500 rows."))
        return Response(SourceRunBody(syncing.received(source, headers["webhook-id"], rows)).data)
