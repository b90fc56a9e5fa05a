"""The card of a customer: what is known of them, what is open, and all that ever was."""

from datetime import datetime
from typing import Any, ClassVar

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy

from ccenter.calls import tokens
from ccenter.calls.rights import seat_of
from ccenter.office import rights
from ccenter.office.pages.acts import Act, RowActs
from ccenter.office.pages.cards import CardPage, RowPage
from ccenter.office.pages.frame import gone_to, said
from ccenter.office.rest import shown
from crm.models import Customer, Merge
from crm.pages.customers import DELETE
from crm.pages.values import own_groups, place
from crm.selectors import fields as own_fields
from crm.selectors import finding
from crm.selectors import history as told
from crm.selectors.customers import resolve, with_absorbed
from crm.selectors.open_things import Thing, open_things
from crm.services import openings
from crm.services.customers import add_note

LONGEST_NOTE = 1000


class NoteForm(forms.Form):
    text = forms.CharField(label=gettext_lazy("Note"), max_length=LONGEST_NOTE, widget=forms.Textarea({"rows": 2}))


class CustomerCard(RowActs, CardPage):
    entity = "customers"
    queryset = finding.found()
    template, part = "crm/customer.html", "crm/customer_card.html"
    acts = (DELETE,)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Who was merged into another one is shown as that one."""
        gone = Customer.objects.filter(pk=self.kwargs["key"]).exclude(merged_into=None).select_related("merged_into").first()
        if gone is not None:
            self.kwargs["key"] = resolve(gone).pk
        answer = super().get(request, *args, **kwargs)
        openings.note(request, [self.row().pk])
        return answer

    def more(self, row: Customer) -> dict[str, Any]:
        keys = with_absorbed(row)
        user = self.user
        can = {verb: rights.may(user, f"customers.{verb}", row) for verb in ("change", "merge")}
        can["note"], can["mail"] = rights.may(user, "notes.add"), rights.may(user, "mails.add")
        merges = Merge.objects.filter(kept=row, undone_at=None).select_related("gone", "by").order_by("-id")
        return {
            "can": can,
            "has_seat": seat_of(user) is not None,
            "phones": [(phone, tokens.shown(phone.number, "p", phone.pk, user)) for phone in row.phones.all()],
            "addresses": [(one, place(one, user), shown(user, "number", tokens.spelt(one.phone))) for one in row.addresses.all()],
            "own": own_groups(row, own_fields.visible(user)),
            "open": [drawn(one) for one in open_things(user, keys, timezone.now())],
            "merges": rights.scoped(user, merges, "merges") if rights.may(user, "merges.view") else [],
            "may_undo": rights.may(user, "merges.undo"),
            "note_form": NoteForm(),
            **{name: told for name, told in history_of(user, row, None, []).items() if name != "row"},
        }

    def after(self, act: Act, row: Any) -> HttpResponse:
        return gone_to(reverse("crm:customers")) if act.name == "delete" else super().after(act, row)


def drawn(thing: Thing) -> tuple[Thing, str, str]:
    """An open thing, its sign and where more of it is read."""
    if thing.kind == "duplicate":
        return thing, "users-group", reverse("crm:duplicate", args=[thing.key])
    kind = told.kinds().get(thing.kind)
    if kind is None:
        return thing, "phone-call", ""
    return thing, kind.icon, kind.page(told.Entry(timezone.now(), thing.kind, thing.key, thing.title))


def history_of(user: Any, row: Customer, before: datetime | None, only: list[str]) -> dict[str, Any]:
    """A page of the history for the templates: entries with what they are called, and the kinds to choose from."""
    kinds = told.kinds()
    page = told.history(user, row, before, only)
    entries = [(one, kinds[one.kind], kinds[one.kind].page(one)) for one in page.entries]
    return {"entries": entries, "before": page.before, "kinds": kinds, "only": only, "row": row, "first": before is None}


class History(RowPage):
    """A part of the card: `kind` (several times) alone, `before` for what was earlier."""

    entity = "customers"
    queryset = Customer.objects.filter(merged_into=None).defer("pin")
    template: ClassVar[str] = "crm/history.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        only = [kind for kind in request.GET.getlist("kind") if kind]
        text = request.GET.get("before", "")
        try:
            before = parse_datetime(text) if text else None
        except ValueError:
            before = None
        if set(only) - set(told.kinds()) or (text and (before is None or timezone.is_naive(before))):
            raise Http404
        return self.answer(history_of(self.user, self.row(), before, only), template=self.template)


class NewNote(RowPage):
    """POST `text`: what whoever serves this customer next should know."""

    entity = "customers"
    queryset = Customer.objects.filter(merged_into=None).defer("pin")
    http_method_names = ["post"]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        rights.require(self.user, "notes.add")
        form = NoteForm(request.POST)
        if not form.is_valid():
            return said(" ".join(form.errors.get("text", [])), "bad", status=422)
        add_note(self.row(), form.cleaned_data["text"], self.user)
        return self.answer(history_of(self.user, self.row(), None, []), template="crm/history.html")
