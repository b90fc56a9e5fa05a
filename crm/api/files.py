"""Customers from files, into files, and many changed at once: jobs, watched at /api/office/jobs/."""

from collections.abc import Callable
from typing import Any, ClassVar

from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from ccenter.calls.api.parsers import Json
from ccenter.office import jobs, rights
from ccenter.office.api.jobs import JobBody, accepted
from ccenter.office.models import Job
from ccenter.office.rest import Rows, Strict
from crm import tables
from crm.selectors.lists import chosen
from crm.services import bulk, importing, ticket_export
from crm.services.customers import tags_of


class ImportBody(Strict):
    """`mapping`: {"heading": "target"}, where the names do not say it; "" leaves a column out."""

    file = serializers.FileField(help_text="CSV (UTF-8 or GB18030) or XLSX; the first row has the headings.")
    mapping = serializers.JSONField(required=False, default=dict, binary=True)
    known = serializers.ChoiceField(importing.KNOWN, default="refuse", help_text="With customers who are there already.")
    tags = serializers.BooleanField(default=False, help_text="Make tags that are not there.")
    dry = serializers.BooleanField(default=False, help_text="Change nothing, only tell what would be.")

    def to_internal_value(self, data: Any) -> Any:
        return super().to_internal_value(data.dict() if isinstance(data, QueryDict) else data)

    def validate_mapping(self, value: Any) -> dict[str, str]:
        if (
            not isinstance(value, dict)
            or len(value) > tables.MOST_COLUMNS
            or not all(isinstance(one, str) for one in value.values())
        ):
            raise serializers.ValidationError(_("Not understood."))
        return {str(heading): target for heading, target in value.items()}


class PreviewBody(Strict):
    file = serializers.FileField()

    def to_internal_value(self, data: Any) -> Any:
        return super().to_internal_value(data.dict() if isinstance(data, QueryDict) else data)


class ColumnBody(serializers.Serializer):
    heading = serializers.CharField()
    target = serializers.CharField(help_text="What it will be; empty: left out.")
    examples = serializers.ListField(child=serializers.CharField())


class PreviewAnswer(serializers.Serializer):
    columns = ColumnBody(many=True)
    targets = serializers.DictField(child=serializers.CharField(), help_text="All a column can be, and what it is called.")


class Imports(Rows[Job]):
    """A file of customers: what is right is taken, what is not comes back as a file with the reasons."""

    entity = "customers"
    right = "import"
    queryset = Job.objects.none()
    serializer_class = JobBody
    parser_classes = [MultiPartParser]
    http_method_names = ["post", "options"]

    @extend_schema(request={"multipart/form-data": ImportBody}, responses={202: JobBody})
    def create(self, request: Request) -> Response:
        """Begins the import."""
        asked = self.body(ImportBody)
        file = asked.pop("file")
        importing.look(file, self.user, asked["mapping"])
        return accepted(jobs.start(self.user, "customers.import", asked, upload=file))


class Previews(Rows[Job]):
    """What the columns of a file would be."""

    entity = "customers"
    right = "import"
    queryset = Job.objects.none()
    serializer_class = PreviewAnswer
    parser_classes = [MultiPartParser]
    http_method_names = ["post", "options"]

    @extend_schema(request={"multipart/form-data": PreviewBody}, responses=PreviewAnswer)
    def create(self, request: Request) -> Response:
        """Reads the first rows and keeps nothing."""
        return Response(PreviewAnswer(importing.look(self.body(PreviewBody)["file"], self.user, None)).data)


class ExportBody(Strict):
    kind = serializers.ChoiceField(["csv", "xlsx"], default="xlsx")
    filters = serializers.CharField(
        max_length=2000, required=False, allow_blank=True, default="", help_text="The query of a list: city=杭州市&search=wang"
    )


class ExportView(Rows[Job]):
    """A list as a file, as whoever asks may see it. `chosen(user, query)`: its rows; raises for what the list does not know."""

    right = "export"
    queryset = Job.objects.none()
    serializer_class = JobBody
    parser_classes = [Json]
    http_method_names = ["post", "options"]
    chosen: ClassVar[Callable[[Any, str], Any]]

    @extend_schema(request=ExportBody, responses={202: JobBody})
    def create(self, request: Request) -> Response:
        """Begins the export, in the background; the answer is the job."""
        asked = self.body(ExportBody)
        type(self).chosen(self.user, asked["filters"])
        return accepted(jobs.start(self.user, f"{self.entity}.export", asked))


class Exports(ExportView):
    """Customers as a CSV or XLSX file."""

    entity, chosen = "customers", staticmethod(chosen)


class TicketExports(ExportView):
    """Complaints and work orders as a CSV or XLSX file."""

    entity, chosen = "tickets", staticmethod(ticket_export.chosen)


class ChangeBody(Strict):
    """For `ids`, or for all of a list (`filters`); for both, where they meet."""

    ids = serializers.ListField(child=serializers.IntegerField(min_value=1, max_value=2**63 - 1), max_length=1000, required=False)
    filters = serializers.CharField(max_length=2000, required=False, allow_blank=True, help_text="The query of a list.")
    set = serializers.DictField(
        child=serializers.CharField(max_length=150, allow_null=True),
        required=False,
        help_text="owner (user name), team, branch (code), level; null: none.",
    )
    add_tags = serializers.ListField(child=serializers.CharField(max_length=40), max_length=50, required=False)
    remove_tags = serializers.ListField(child=serializers.CharField(max_length=40), max_length=50, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "ids" not in attrs and "filters" not in attrs:
            raise serializers.ValidationError({"ids": [_("This field is required.")]})
        if not attrs.get("set") and not attrs.get("add_tags") and not attrs.get("remove_tags"):
            raise serializers.ValidationError({"set": [_("This field is required.")]})
        return attrs


class CustomerChanges(Rows[Job]):
    """The same change to many customers."""

    entity = "customers"
    right = "change"
    queryset = Job.objects.none()
    serializer_class = JobBody
    parser_classes = [Json]
    http_method_names = ["post", "options"]

    @extend_schema(request=ChangeBody, responses={202: JobBody})
    def create(self, request: Request) -> Response:
        """Begins it; who may not change one of them does not."""
        asked = self.body(ChangeBody)
        if "level" in asked.get("set", {}):
            rights.require(self.user, "customers.level")
        bulk.values_of(asked.get("set", {}))
        tags_of([*asked.get("add_tags", ()), *asked.get("remove_tags", ())])
        bulk.meant(self.user, asked)
        return accepted(jobs.start(self.user, "customers.change", asked))
