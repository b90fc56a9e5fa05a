"""Other systems that customers and orders are kept equal with: their settings, how it went, and what was refused."""

import os
from typing import Any, ClassVar

import django_filters
from django import forms
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy

from ccenter.office.filters import Filters
from ccenter.office.pages.acts import Act, ManyActs, RowActs
from ccenter.office.pages.cards import CardPage, entries_of
from ccenter.office.pages.forms import FormPage, RowForm
from ccenter.office.pages.frame import gone_to, telling
from ccenter.office.pages.lists import Column, ListPage
from crm.models import RefusedRow, Source, SourceRun
from crm.services import customer_sync, sources, syncing  # noqa: F401  registers how customers are synchronised

TARGET = "to-"  # before a field of ours: the name of their column
RUNS = 20
WORDS = {
    "read": gettext_lazy("read"),
    "added": gettext_lazy("added"),
    "changed": gettext_lazy("changed"),
    "same": gettext_lazy("the same"),
    "kept": gettext_lazy("ours was kept"),
    "written": gettext_lazy("written there"),
    "again": gettext_lazy("tried again"),
    "refused": gettext_lazy("refused"),
    "given_up": gettext_lazy("given up"),
}


def readable(row: Source) -> bool:
    """Whether its database can be read now."""
    return bool(row.active and row.table)


def told(counts: dict[str, int]) -> list[tuple[Any, int, str]]:
    """What a run did, in words: (what, how many, how bad)."""
    kinds = {"refused": "bad", "given_up": "bad", "kept": "warn"}
    return [(WORDS[name], counts[name], kinds.get(name, "")) for name in WORDS if counts.get(name)]


class SourceForm(RowForm):
    """The settings; of each field of ours the column that is theirs."""

    class Meta:
        model = Source
        fields = ["name", "code", "entity", "table", "key", "changed", "conflict", "every", "write", "active"]

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        entity = self.data.get("entity") or self.initial.get("entity") or Source.Entity.CUSTOMER
        mapping = self.initial.get("mapping") or {}
        self.targets = syncing.targets_of(entity)
        for target, name in self.targets.items():
            field = forms.CharField(label=name, max_length=63, required=False, initial=mapping.get(target, ""))
            self.fields[f"{TARGET}{target}"] = field

    def columns(self) -> list[forms.BoundField]:
        """The fields of the mapping."""
        return [self[f"{TARGET}{target}"] for target in self.targets]

    def settings(self) -> list[forms.BoundField]:
        return [field for field in self.visible_fields() if not field.name.startswith(TARGET)]

    def values(self) -> dict[str, Any]:
        """For the services: the columns as a mapping."""
        given = {name: value for name, value in self.cleaned_data.items() if not name.startswith(TARGET)}
        columns = {target: self.cleaned_data[f"{TARGET}{target}"].strip() for target in self.targets}
        return {**given, "mapping": {target: column for target, column in columns.items() if column}}


class SourceFilters(Filters):
    class Meta:
        model = Source
        fields = ["entity", "active"]


class Sources(ManyActs, ListPage):
    entity, title, icon = "sources", gettext_lazy("Other systems"), "arrows-exchange"
    ordering = "code"
    filterset_class = SourceFilters
    search_fields = ("code", "name")
    columns = (
        Column(gettext_lazy("Name"), "code"),
        Column(gettext_lazy("What")),
        Column(gettext_lazy("How")),
        Column(gettext_lazy("Rows"), figures=True),
        Column(gettext_lazy("Last time")),
        Column(gettext_lazy("How it went")),
        Column(gettext_lazy("Next time")),
    )
    row_template = "crm/sources_row.html"
    card, new = "crm:source", "crm:source_new"
    acts = (
        Act("run", gettext_lazy("Synchronise now"), sources.run_now, icon="refresh", when=readable),
        Act("on", gettext_lazy("Switch on"), lambda user, row: sources.change_source(user, row, {"active": True}), "change"),
        Act("off", gettext_lazy("Switch off"), lambda user, row: sources.change_source(user, row, {"active": False}), "change"),
    )

    def rows(self) -> QuerySet[Source]:
        last = SourceRun.objects.filter(source=OuterRef("pk")).order_by("-id").values("id")[:1]
        return Source.objects.annotate(last=Subquery(last), linked=Count("rows"))

    def more(self, rows: list[Any]) -> dict[str, Any]:
        runs = SourceRun.objects.defer("refused").in_bulk([row.last for row in rows if row.last])
        for row in rows:
            row.run = runs.get(row.last)
            row.counts = told(row.run.counts) if row.run else []
        return {}


class SourceCard(RowActs, CardPage):
    entity = "sources"
    queryset = Source.objects.all()
    template, part = "crm/source.html", "crm/source_card.html"
    acts = (
        Act(
            "run",
            gettext_lazy("Synchronise now"),
            sources.run_now,
            icon="refresh",
            kind="main",
            when=readable,
        ),
        Act(
            "secret",
            gettext_lazy("New secret"),
            sources.new_key,
            verb="change",
            icon="key",
            sure=gettext_lazy("From then on, what is signed with the old one is refused. Go on?"),
        ),
        Act(
            "delete",
            gettext_lazy("Delete"),
            sources.delete_source,
            icon="trash",
            kind="bad",
            sure=gettext_lazy("Delete? What came from there stays."),
        ),
    )

    def more(self, row: Source) -> dict[str, Any]:
        runs = list(row.runs.order_by("-id")[:RUNS])
        names = syncing.targets_of(row.entity)
        return {
            "runs": [(run, told(run.counts)) for run in runs],
            "entries": entries_of(self.user, row),
            "can": {"change": self.may("change", row)},
            "mapping": [(names.get(target, target), column) for target, column in row.mapping.items()],
            "linked": row.rows.count(),
            "refused": row.refusals.count(),
            "variable": syncing.variable_of(row),
            "there": bool(os.environ.get(syncing.variable_of(row))),
            "signed": self.request.build_absolute_uri(reverse("source-rows", args=[row.code])),
        }

    def after(self, act: Act, row: Source) -> HttpResponse:
        if act.name == "delete":
            return gone_to(reverse("crm:sources"))
        if act.name == "secret":  # this once
            answer = self.answer(self.context(row=row, secret=Source.objects.get(pk=row.pk).secret), template="crm/secret.html")
            answer["HX-Retarget"], answer["HX-Reswap"] = "#told", "innerHTML"
            return telling(answer, row_changed_elsewhere=True)
        return super().after(act, row)


class RunFilters(Filters):
    source = django_filters.ModelChoiceFilter(
        "source",
        label=gettext_lazy("Other system"),
        queryset=Source.objects.all(),
        to_field_name="code",
        empty_label=gettext_lazy("all"),
    )
    troubled = django_filters.BooleanFilter(
        method="by_trouble", label=gettext_lazy("Only with refused rows or failed"), widget=forms.CheckboxInput
    )

    class Meta:
        model = SourceRun
        fields: ClassVar[list[str]] = []

    def by_trouble(self, rows: QuerySet[SourceRun], name: str, value: bool) -> QuerySet[SourceRun]:
        return rows.filter(Q(counts__refused__gt=0) | ~Q(error="")) if value else rows


class SourceRuns(ListPage):
    """All that was ever synchronised, and every row that was refused, with the reasons."""

    entity, title, icon, saved_as = "sources", gettext_lazy("Synchronisations"), "history", "sources-runs"
    queryset = SourceRun.objects.select_related("source")
    filterset_class = RunFilters
    row_template = "crm/source_runs_row.html"
    columns = (
        Column(gettext_lazy("Begun")),
        Column(gettext_lazy("Other system")),
        Column(gettext_lazy("How it went")),
        Column(gettext_lazy("Refused")),
    )
    size = 20

    def more(self, rows: list[Any]) -> dict[str, Any]:
        for row in rows:
            row.words = told(row.counts)
        return {}


class RefusedFilters(Filters):
    source = django_filters.ModelChoiceFilter(
        label=gettext_lazy("Other system"), queryset=Source.objects.all(), to_field_name="code", empty_label=gettext_lazy("all")
    )

    class Meta:
        model = RefusedRow
        fields = ["state"]


class RefusedRows(ManyActs, ListPage):
    """Rows that wait to be tried again, and those that were given up."""

    entity, title, icon, saved_as = "sources", gettext_lazy("Refused rows"), "mail-x", "sources-refused"
    queryset = RefusedRow.objects.select_related("source").defer("row")
    filterset_class = RefusedFilters
    row_template = "crm/refused_rows_row.html"
    columns = (
        Column(gettext_lazy("Their key")),
        Column(gettext_lazy("Other system")),
        Column(gettext_lazy("Reason")),
        Column(gettext_lazy("State")),
        Column(gettext_lazy("Attempts"), figures=True),
        Column(gettext_lazy("Tried last")),
        Column(gettext_lazy("Next time")),
    )
    acts = (Act("again", gettext_lazy("Try again"), sources.try_again, "run", icon="refresh"),)


class SourcePage(FormPage):
    """What both forms have."""

    entity, form_class = "sources", SourceForm
    part = "crm/source_form.html"

    def values(self, form: Any) -> dict[str, Any]:
        given: dict[str, Any] = form.values()
        return given


class NewSource(SourcePage):
    verb, title = "add", gettext_lazy("New system")

    def form(self, row: Any, data: Any = None) -> Any:
        """Which fields of ours there are depends on what is synchronised: it is chosen first, by the address."""
        form = super().form(row, data)
        form.fields["entity"].widget = forms.HiddenInput()
        return form

    def more(self, form: Any, row: Any) -> dict[str, Any]:
        return {"entities": Source.Entity.choices, "entity": form["entity"].value()}

    def initial(self, row: Any) -> dict[str, Any]:
        wanted = self.request.GET.get("entity", "")
        entity = wanted if wanted in Source.Entity.values else Source.Entity.CUSTOMER
        return {"active": True, "entity": entity, "conflict": Source.Conflict.THEIRS}

    def save(self, row: Any, values: dict[str, Any]) -> Source:
        return sources.add_source(self.user, values)

    def done(self, row: Source) -> HttpResponse:
        """With its secret, this once."""
        return self.answer(self.context(row=row, secret=row.secret, created=True), template="crm/secret.html")


class ChangeSource(SourcePage):
    queryset = Source.objects.all()

    def form(self, row: Any, data: Any = None) -> Any:
        form = super().form(row, data)
        form.fields["code"].disabled = form.fields["entity"].disabled = True
        return form

    def save(self, row: Source, values: dict[str, Any]) -> Source:
        return sources.change_source(self.user, row, values)

    def done(self, row: Source) -> HttpResponse:
        return gone_to(reverse("crm:source", args=[row.pk]))
