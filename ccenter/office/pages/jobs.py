"""Work in the background: how far it is, its files, the rows it refused; who started it can stop it."""

import django_filters
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from ccenter.office import jobs, rights
from ccenter.office.filters import Filters
from ccenter.office.models import Job
from ccenter.office.pages.acts import Act, ManyActs, RowActs
from ccenter.office.pages.cards import CardPage, RowPage
from ccenter.office.pages.frame import telling
from ccenter.office.pages.lists import Column, ListPage

LINE = "office/job_line.html"


def job_started(request: HttpRequest, job: Job) -> HttpResponse:
    """The answer of a page that has started a job: its progress, live, above the list (#told)."""
    job.refresh_from_db()
    answer = render(request, LINE, {"job": job, "named": True})
    answer["HX-Retarget"], answer["HX-Reswap"] = "#told", "innerHTML"
    return telling(answer, _("Begun. It goes on by itself; you need not wait here."))


def kinds() -> list[tuple[str, str]]:
    return sorted(((name, str(rights.title_of(name))) for name in jobs.kinds()), key=lambda pair: pair[1])


class JobFilters(Filters):
    kind = django_filters.ChoiceFilter(label=_("Kind"), choices=kinds)

    class Meta:
        model = Job
        fields = ["kind", "state"]


STOP = Act("cancel", _("Stop"), jobs.cancel, icon="player-stop", kind="bad", when=lambda job: job.state in Job.OPEN)


class Jobs(ManyActs, ListPage):
    entity, title, icon = "jobs", _("Jobs"), "list-check"
    queryset = Job.objects.select_related("owner")
    filterset_class = JobFilters
    columns = (
        Column(_("Asked for"), "id"), Column(_("Kind")), Column(_("By")), Column(_("State")), Column(_("Refused"), figures=True),
        Column(_("Files")),
    )  # fmt: skip
    row_template = "office/job_row.html"
    card, side = "office:job", True
    acts = (STOP,)


class JobCard(RowActs, CardPage):
    entity, queryset = "jobs", Job.objects.select_related("owner")
    template, part, place = "office/side_card.html", "office/job_card.html", "#record"
    acts = (STOP,)

    def heading(self) -> str:
        return str(rights.title_of(self.row().kind))

    def back(self) -> str:
        return reverse("office:jobs")


class JobLine(RowPage):
    """How far a job is; asks for itself again until it has ended."""

    entity, queryset = "jobs", Job.objects.select_related("owner")

    def get(self, request: HttpRequest, key: int) -> HttpResponse:
        job = self.row()
        answer = self.answer({"job": job, "named": "named" in request.GET}, template=LINE)
        return answer if job.state in Job.OPEN else telling(answer, rows_changed=True)
