"""Customers from a file and into one, and the same change to all that a list finds: what takes longer than a page may."""

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from ccenter.office import jobs, rights
from ccenter.office.pages.frame import OfficePage
from ccenter.office.pages.jobs import job_started
from crm.pages.customers import AssignForm, LevelForm, TagForm
from crm.selectors.lists import chosen
from crm.services import bulk, importing

COLUMN = "column-"  # before the place of a column: the name of its field
LONGEST = 2000  # characters of a query
KNOWN = {"refuse": _("refuse the row"), "skip": _("leave them as they are"), "update": _("change them")}


class ImportForm(forms.Form):
    file = forms.FileField(label=_("File"), widget=forms.FileInput({"accept": ".csv,.txt,.xlsx"}))
    known = forms.ChoiceField(label=_("Customers who are there already"), choices=list(KNOWN.items()), initial="refuse")
    tags = forms.BooleanField(label=_("Make tags that are not there"), required=False)


class Import(OfficePage):
    """POST `step`: look (what the columns would be), try (change nothing, tell what would be) or import."""

    entity, verb = "customers", "import"
    title = _("Import customers")
    template, part = "crm/import.html", "crm/import_columns.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.answer(self.context(form=ImportForm()))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = ImportForm(request.POST, request.FILES)
        if not form.is_valid():
            return self.columns([why for whys in form.errors.values() for why in whys])
        file, step = form.cleaned_data["file"], request.POST.get("step", "look")
        found = importing.look(file, self.user, None, strict=False)
        if step == "look":
            return self.columns([], found)
        said = self.said(found)
        try:
            importing.look(file, self.user, said)
        except ValidationError as error:
            return self.columns(error.messages, found)
        params = {"mapping": said, "known": form.cleaned_data["known"], "tags": form.cleaned_data["tags"], "dry": step == "try"}
        return job_started(request, jobs.start(self.user, "customers.import", params, upload=file))

    def said(self, found: dict[str, Any]) -> dict[str, str]:
        """{heading: target} as it was chosen."""
        return {
            column["heading"]: self.request.POST.get(f"{COLUMN}{place}", column["target"])
            for place, column in enumerate(found["columns"])
        }

    def columns(self, trouble: Any, found: dict[str, Any] | None = None) -> HttpResponse:
        lines = [
            (f"{COLUMN}{place}", column, self.request.POST.get(f"{COLUMN}{place}", column["target"]))
            for place, column in enumerate((found or {}).get("columns", ()))
        ]
        more = {"trouble": list(trouble), "columns": lines, "targets": (found or {}).get("targets", {})}
        return self.answer(self.context(**more), template=self.part, status=422 if trouble else 200)


class Export(OfficePage):
    """POST `query`, that of the list, and `kind` xlsx or csv: a file of all it finds, made in the background."""

    entity, verb = "customers", "export"
    KINDS: ClassVar[tuple[str, ...]] = ("xlsx", "csv")
    http_method_names = ["post"]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        filters, kind = asked_of(request), request.POST.get("kind", "xlsx")
        if kind not in self.KINDS:
            raise ValidationError(_("There is no such kind of file."))
        chosen(self.user, filters)
        return job_started(request, jobs.start(self.user, "customers.export", {"kind": kind, "filters": filters}))


def asked_of(request: HttpRequest) -> str:
    """The list's query that a form was sent with. Raises ValidationError for one too long to be kept."""
    query = request.POST.get("query", "")
    if len(query) > LONGEST:
        raise ValidationError(_("Too many filters at once."))
    return query


class ChangeAll(OfficePage):
    """The same change to all that a list finds (`query`). POST: `what` assign, tag or level, with the fields of its form."""

    entity, verb = "customers", "change"
    title = _("Change all that were found")
    template = "crm/change_all.html"
    FORMS: ClassVar[dict[str, type[forms.Form]]] = {"assign": AssignForm, "tag": TagForm, "level": LevelForm}

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        what = request.GET.get("what", "assign")
        form = self.FORMS.get(what, AssignForm)()
        return self.drawn(what, form, request.GET.get("query", ""))

    def drawn(self, what: str, form: Any, query: str, status: int = 200) -> HttpResponse:
        many = bulk.meant(self.user, {"filters": query}).count()
        kinds = [("assign", _("Assign")), ("tag", _("Tags"))]
        if rights.may(self.user, "customers.level"):
            kinds.append(("level", _("Level")))
        more = {"what": what, "form": form, "query": query, "many": many, "kinds": kinds}
        return self.answer(self.context(**more), status=status)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        what, query = request.POST.get("what", "assign"), asked_of(request)
        form = self.FORMS.get(what, AssignForm)(request.POST)
        if not form.is_valid():
            return self.drawn(what, form, query, 422)
        given = form.cleaned_data
        params: dict[str, Any] = {"filters": query}
        if what == "tag":
            params |= {"add_tags": [tag.name for tag in given["added"]], "remove_tags": [tag.name for tag in given["removed"]]}
        elif what == "level":
            rights.require(self.user, "customers.level")
            params["set"] = {"level": given["level"]}
        else:
            names = {"owner": "username", "team": "code", "branch": "code"}
            params["set"] = {
                name: getattr(given[name], column) if given[name] else None
                for name, column in names.items()
                if given[name] or given["clear"]
            }
        bulk.meant(self.user, params)
        return job_started(request, jobs.start(self.user, "customers.change", params))
