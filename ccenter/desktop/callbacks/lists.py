"""The list of callbacks and the card of one. Nothing is written here: what people do is asked of the core."""

from typing import Any, ClassVar

from django import forms
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ccenter.calls import reasons, requests
from ccenter.calls.models import CallbackEntry
from ccenter.calls.models import Request as Row
from ccenter.calls.numbers import normalise
from ccenter.calls.rights import seat_of, sees_numbers
from ccenter.desktop.callbacks import reading, tasks, words
from ccenter.desktop.callbacks.filters import WHICH, CallbackFilters
from ccenter.office import rights
from ccenter.office.pages.acts import Act, ManyActs, Refused
from ccenter.office.pages.cards import CardPage
from ccenter.office.pages.frame import asked_in_part, said, telling
from ccenter.office.pages.lists import Column, ListPage
from crm import selectors as crm

PATIENCE = 3.0  # seconds for the core, in all
MOST = 200  # closed at once
FOUND = 50  # customers of a name
DIGITS = 4  # of a number, that who reads numbers masked finds it by


class CloseForm(forms.Form):
    reason = forms.ChoiceField(label=_("Why"), choices=[(code, words.REASONS[code]) for code in words.CLOSINGS])


def _by_request(user: Any, row: Any, **values: Any) -> None:
    raise NotImplementedError  # the list asks the core for all of them at once


CLOSE = Act("close", _("Close"), _by_request, "close", icon="check", form=CloseForm)


class Callbacks(ManyActs, ListPage):
    entity, title, icon = "callbacks", _("Callbacks"), "phone-calling"
    one_transaction = False  # the core is asked, and hears of it when it is written
    template, part = "callbacks/list.html", "callbacks/list_rows.html"
    filterset_class = CallbackFilters
    filters = ("source", "kind", "queue", "label", "older")
    search_hint = _("Customer, number, last four digits …")
    ordering = "asked_at"
    row_template = "callbacks/row.html"
    card, side = "callbacks:callback", True
    acts = (CLOSE,)
    COLUMNS: ClassVar[tuple[Column, ...]] = (
        Column(_("Asked"), "asked_at"), Column(_("Customer")), Column(_("Called"), "dnis"), Column(_("Came by")),
        Column(_("Queue"), "queue"), Column(_("Place"), figures=True), Column(_("Attempts"), "attempts"),
        Column(_("State"), "due_at"), Column(""),
    )  # fmt: skip
    PAST: ClassVar[tuple[Column, ...]] = (
        Column(_("Asked"), "asked_at"), Column(_("Customer")), Column(_("Called"), "dnis"), Column(_("Came by")),
        Column(_("Queue"), "queue"), Column(_("Attempts"), "attempts"), Column(_("Closed"), "closed_at"), Column(_("Why")),
    )  # fmt: skip

    def which(self) -> str:
        asked = self.request.GET.get("which", "open")
        return asked if asked in dict(WHICH) else "open"

    def shown_columns(self) -> tuple[Column, ...]:
        return self.PAST if self.which() == "closed" else self.COLUMNS

    def rows(self) -> QuerySet[Any]:
        found: QuerySet[Any] = reading.rows_for(self.user, self.which())
        return found

    def search(self, rows: QuerySet[Any], text: str) -> QuerySet[Any]:
        """By number: whole, or its end; by the customer's name or member number."""
        digits = text.replace(" ", "")
        if digits.lstrip("+").isdecimal():
            read = normalise(digits)
            if read.is_e164:
                return rows.filter(number=read.number)
            if sees_numbers(self.user):
                return rows.filter(number__contains=digits)
            return rows.filter(number__endswith=digits) if len(digits) == DIGITS else rows.none()
        found = crm.search(text, self.user, FOUND)
        return rows.filter(number__in=[phone.number for one in found for phone in one.phones.all()])

    def more(self, rows: list[Any]) -> dict[str, Any]:
        reading.dress(self.user, rows)
        count = reading.counts(self.user)
        return {
            "tabs": [(code, name, count.get(code)) for code, name in WHICH],
            "which": self.which(),
            "seat": seat_of(self.user),
            "now": timezone.now(),
        }

    # -- many at once --

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Closes what is ticked, each for itself; the core says of each whether it is so."""
        act = self.act_named(request.POST.get("act", ""))
        form = CloseForm(request.POST)
        if not form.is_valid():
            return self.box(act, form, status=422, many=True)
        keys = list(dict.fromkeys(request.POST.getlist("row")))[:MOST]
        if not keys:
            return said(gettext("Tick the rows first."), "bad", status=422)
        seen = {row.pk: row for row in reading.selectors.owed_in(self.user).filter(pk__in=keys)}
        asked = [
            (row, requests.submit(self.user, "", "CloseCallback", {"callback": row.pk, "reason": form.cleaned_data["reason"]}))
            for row in seen.values()
        ]
        refused = [Refused(str(len(keys) - len(seen)), gettext("not there any more"))] if len(seen) < len(keys) else []
        deadline, done = timezone.now().timestamp() + PATIENCE, 0
        for row, one in asked:
            answer = requests.wait_for(one.pk, max(0.0, deadline - timezone.now().timestamp()))
            if answer.state == Row.State.REFUSED:
                refused.append(Refused(self._name(row), reasons.text(answer.reason)))
            else:
                done += 1
        text = gettext("%(label)s: %(count)s rows") % {"label": act.label, "count": done}
        answer_ = self.answer({"refused": refused, "act": act}, template="office/refused.html")
        answer_["HX-Retarget"], answer_["HX-Reswap"] = "#told", "innerHTML"
        return telling(answer_, text, "good" if done or not refused else "bad", rows_changed=True)

    def _name(self, row: CallbackEntry) -> str:
        return reading.tokens.shown(row.number, "b", row.pk, self.user)["text"]


class CallbackCard(CardPage):
    """One callback beside the list: what they wanted, how they were called, and what can be done now."""

    entity, title = "callbacks", _("Callback")
    template, part = "callbacks/card_page.html", "callbacks/card.html"

    def row(self) -> Any:
        if not hasattr(self, "_row"):
            self._row = reading.selectors.owed_in(self.user).filter(pk=self.kwargs["key"]).first()
        if self._row is None:
            raise Http404
        return self._row

    def heading(self) -> str:
        return gettext("Callback")

    def back(self) -> str:
        return "" if asked_in_part(self.request) else "/callbacks/"

    def more(self, row: Any) -> dict[str, Any]:
        reading.dress(self.user, [row])
        return {
            "attempts": reading.attempts(self.user, row),
            "task": tasks.about(row),
            "seat": seat_of(self.user),
            "closings": [(code, words.REASONS[code]) for code in words.CLOSINGS],
            "results": [(code, words.RESULTS[code]) for code in words.BY_AGENT],
            "may_see_customers": rights.may(self.user, "customers.view"),
        }
