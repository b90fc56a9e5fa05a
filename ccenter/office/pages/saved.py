"""Lists as people like to see them: kept under a name, and thrown away."""

from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from django import forms
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ccenter.office import rights, services
from ccenter.office.models import SavedFilter
from ccenter.office.pages.frame import OfficePage, telling

LONGEST = 4000  # characters of a query


def saved_filters(user: Any, entity: str) -> list[tuple[SavedFilter, str]]:
    """One's own and those that somebody shared, each with its query as it stands in an address."""
    mine = SavedFilter.objects.filter(entity=entity).filter(Q(owner=user.pk) | Q(shared=True))
    return [(one, urlencode(one.query, doseq=True)) for one in mine]


class FilterForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("name"), max_length=60)
    shared = forms.BooleanField(label=gettext_lazy("for everybody"), required=False)
    query = forms.CharField(max_length=LONGEST, required=False, widget=forms.HiddenInput)


class NewFilter(OfficePage):
    """The box that asks for a name, and brings along what the list is asked for now. A name used before is written over."""

    entity, verb = "filters", "add"
    template = "office/filter_box.html"

    def get(self, request: HttpRequest, of: str) -> HttpResponse:
        asked = [(name, value) for name, values in request.GET.lists() for value in values if value and name != "cursor"]
        return self._box(FilterForm(initial={"query": urlencode(asked)}))

    def post(self, request: HttpRequest, of: str) -> HttpResponse:
        if of.partition("-")[0] not in {one.name for one in rights.entities()}:
            raise Http404
        form = FilterForm(request.POST)
        if not form.is_valid():
            return self._box(form, 422)
        query = {name: values if len(values) > 1 else values[0] for name, values in parse_qs(form.cleaned_data["query"]).items()}
        services.save_filter(self.user, of, form.cleaned_data["name"], query, form.cleaned_data["shared"])
        here = urlsplit(request.headers.get("HX-Current-URL", "")).path
        answer = self.answer({"saved": saved_filters(self.user, of), "here": here, "of": of}, template="office/saved.html")
        answer["HX-Retarget"] = "#saved"
        return telling(answer, _("Saved."))

    def _box(self, form: FilterForm, status: int = 200) -> HttpResponse:
        if not self.may("share"):
            del form.fields["shared"]
        return self.answer(self.context(form=form), template=self.template, status=status)


class OldFilter(OfficePage):
    """POST throws a filter away."""

    entity, verb = "filters", "delete"

    def post(self, request: HttpRequest, key: int) -> HttpResponse:
        row = rights.scoped(self.user, SavedFilter.objects.filter(pk=key), "filters", "delete").first()
        if row is None:
            raise Http404
        row.delete()
        return HttpResponse()
