"""Mails to customers, their templates and attachments."""

from typing import Any
from urllib.parse import quote

from django.core.files.uploadedfile import UploadedFile
from django.http import FileResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from ccenter.office.rest import Adds, Entities, RowBody, Strict
from crm.api.fields import by_code, login_of
from crm.models import Customer, Mail, MailFile, MailTemplate, Ticket
from crm.selectors.service_lists import MailFilters
from crm.services import mail as services
from crm.services import rows, settings

Values = dict[str, Any]
FILES = MailFile.objects.all()


class FileBody(RowBody):
    file = serializers.FileField(write_only=True, max_length=200)
    author = login_of()

    class Meta:
        model = MailFile
        fields = ["id", "file", "name", "kind", "size", "sha256", "author", "created_at"]
        read_only_fields = ["name", "kind", "size", "sha256", "created_at"]


class Files(Adds[MailFile]):
    """Files to attach to mails."""

    entity = "mail_files"
    queryset = MailFile.objects.select_related("author")
    serializer_class = FileBody
    parser_classes = [MultiPartParser]
    filterset_fields = ["name", "kind"]
    ordering_fields = ["created_at"]

    def add(self, values: Values) -> MailFile:
        upload: UploadedFile = values["file"]
        return services.add_file(self.user, upload)

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY}, filters=False)
    @action(detail=True, methods=["get"], right="view", pagination_class=None)
    def data(self, request: Request, pk: str) -> FileResponse:
        """What the file holds; never shown by a browser, only saved."""
        file = self.get_object()
        headers = {
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(file.name)}",
            "X-Content-Type-Options": "nosniff",
        }
        return FileResponse(file.data.open("rb"), content_type=services.SAFE_KIND, headers=headers)


class TemplateBody(RowBody):
    files = serializers.PrimaryKeyRelatedField(many=True, queryset=FILES, required=False)

    class Meta:
        model = MailTemplate
        fields = ["id", "version", "code", "name", "language", "situation", "subject", "body", "files", "active"]


class FillBody(Strict):
    customer = serializers.PrimaryKeyRelatedField(queryset=Customer.objects.defer("pin"))
    ticket = serializers.PrimaryKeyRelatedField(queryset=Ticket.objects.all(), required=False)
    order = serializers.CharField(max_length=16, required=False, allow_blank=True)


class FilledBody(serializers.Serializer):
    subject = serializers.CharField()
    body = serializers.CharField()


class Templates(Entities[MailTemplate]):
    """Mails to fill in."""

    entity = "mail_templates"
    queryset = MailTemplate.objects.prefetch_related("files")
    serializer_class = TemplateBody
    filterset_fields = ["code", "language", "situation", "active"]
    search_fields = ["name", "subject"]
    ordering_fields = ["code"]

    def add(self, values: Values) -> MailTemplate:
        return settings.save_template(self.user, None, values, values.pop("files", None))

    def change(self, row: MailTemplate, values: Values) -> MailTemplate:
        return settings.save_template(self.user, row, values, values.pop("files", None))

    def remove(self, row: MailTemplate) -> None:
        rows.delete(self.user, "mail_templates", row)

    @extend_schema(request=FillBody, responses=FilledBody)
    @action(detail=True, methods=["post"], right="view")
    def filled(self, request: Request, pk: str) -> Response:
        """As it would go to a customer; nothing is sent."""
        body, template = self.body(FillBody), self.get_object()
        subject, text = services.preview(self.user, template, **body)
        return Response({"subject": subject, "body": text})


class MailBody(RowBody):
    """With a template, `subject` and `body` may be left out. Without `to` it goes to the customer's address."""

    customer = serializers.PrimaryKeyRelatedField(queryset=Customer.objects.defer("pin"))
    template = by_code(MailTemplate.objects.all(), allow_null=True)
    to = serializers.EmailField(max_length=200, required=False)
    subject = serializers.CharField(max_length=200, required=False)
    body = serializers.CharField(max_length=20_000, required=False)
    files = serializers.PrimaryKeyRelatedField(many=True, queryset=FILES, required=False)
    author = login_of(allow_null=True)

    class Meta:
        model = Mail
        fields = [
            *("id", "customer", "ticket", "order", "template", "to", "subject", "body", "files", "author", "state", "attempts"),
            *("error", "created_at", "next_try_at", "sent_at", "bounced_at"),
        ]
        read_only_fields = ["state", "attempts", "error", "created_at", "next_try_at", "sent_at", "bounced_at"]


class Mails(Adds[Mail]):
    """Mails to customers, sent or on their way."""

    entity = "mails"
    queryset = Mail.objects.select_related("author", "template").prefetch_related("files")
    serializer_class = MailBody
    filterset_class = MailFilters
    search_fields = ["subject", "=to"]
    ordering_fields = ["created_at"]

    def add(self, values: Values) -> Mail:
        return services.write(self.user, values.pop("customer"), **values)

    @extend_schema(request=None, responses=MailBody)
    @action(detail=True, methods=["post"])
    def again(self, request: Request, pk: str) -> Response:
        """Tries one anew that was given up or came back."""
        return self.answer(services.again(self.user, self.get_object()))
