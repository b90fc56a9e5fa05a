"""Jobs: watched, cancelled, their files fetched. Each is started where what it does belongs: /api/crm/customers/import/."""

from typing import Any

from django.http import FileResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from ccenter.office import jobs
from ccenter.office.models import Job
from ccenter.office.rest import Rows


class JobBody(serializers.ModelSerializer):
    owner = serializers.CharField(source="owner.username")
    total = serializers.IntegerField(allow_null=True, help_text="Rows in all; null as long as nobody knows.")
    report = serializers.DictField()
    has_result = serializers.SerializerMethodField(help_text="Whether there is a file at result/.")
    has_refused = serializers.SerializerMethodField(help_text="Whether there is a file at refused/.")

    class Meta:
        model = Job
        fields = [
            "id", "kind", "owner", "state", "cancel_asked", "total", "done", "refused", "report", "message", "result",
            "has_result", "has_refused", "created_at", "started_at", "ended_at",
        ]  # fmt: skip

    def get_has_result(self, job: Job) -> bool:
        return bool(job.result)

    def get_has_refused(self, job: Job) -> bool:
        return job.refused_size > 0


def accepted(job: Job) -> Response:
    """202 with the job, for a view that has started one."""
    job.refresh_from_db()
    return Response(JobBody(job).data, status=202, headers={"Location": f"/api/office/jobs/{job.pk}/"})


class Jobs(Rows[Job]):
    """Work in the background. Everybody sees their own."""

    entity = "jobs"
    queryset = Job.objects.select_related("owner")
    serializer_class = JobBody
    filterset_fields = ["kind", "state"]

    @extend_schema(request=None, responses=JobBody)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """One that waits ends at once, one under way soon; what it has done stays done."""
        return self.answer(jobs.cancel(self.user, self.get_object()))

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    @action(detail=True, right="view")
    def result(self, request: Request, pk: str) -> Any:
        """The file it made."""
        job = self.get_object()
        return _file(job, "result", job.result)

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    @action(detail=True, right="view")
    def refused(self, request: Request, pk: str) -> Any:
        """The rows it could not take, as CSV, each with the reasons."""
        job = self.get_object()
        return _file(job, "refused.csv", f"refused-{job.pk}.csv" if job.refused_size else "")


def _file(job: Job, file: str, name: str) -> FileResponse:
    path = jobs.folder(job) / file
    if not name or not path.is_file():
        raise NotFound
    return FileResponse(path.open("rb"), as_attachment=True, filename=name, content_type="application/octet-stream")
