"""A list into a file, from the list's page: `data-export` on a button there (static/office/pages.js)."""

from collections.abc import Callable
from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse

from ccenter.office import jobs
from ccenter.office.pages.frame import OfficePage
from ccenter.office.pages.jobs import job_started


class ExportPage(OfficePage):
    """POST: what the list shows into a file, in the background. `kind`: csv or xlsx; the address has the list's query.

    `chosen(user, query)`: the rows of the list; it raises ValidationError for what the list does not understand.
    """

    verb = "export"
    chosen: ClassVar[Callable[[Any, str], Any]]
    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        kind, query = "csv" if request.POST.get("kind") == "csv" else "xlsx", request.GET.urlencode()
        type(self).chosen(self.user, query)
        return job_started(request, jobs.start(self.user, f"{self.entity}.export", {"kind": kind, "filters": query}))
