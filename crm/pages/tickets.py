"""Complaints and work orders: the list, which is also a branch's own page; the card with its steps; taking and changing one."""

from datetime import datetime
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as now_
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ccenter.calls import tokens
from ccenter.office import rights
from ccenter.office.pages.acts import Act, ManyActs, RowActs
from ccenter.office.pages.cards import CardPage
from ccenter.office.pages.exports import ExportPage
from ccenter.office.pages.forms import FormPage
from ccenter.office.pages.frame import gone_to, telling
from ccenter.office.pages.lists import Column, ListPage
from ccenter.office.rest import shown
from crm.models import Customer, Ticket
from crm.pages import service_forms as forms
from crm.pages.service_fields import mine, named
from crm.pages.service_filters import TicketFilters
from crm.selectors import categories, service_lists
from crm.selectors import tickets as selectors
from crm.selectors.customers import resolve
from crm.services import outbound, ticket_export
from crm.services import tickets as services
from crm.ticket_states import DONE, STEPS, State

S = State
TONES = {S.OPEN: "accent", S.WORKING: "accent", S.DISPATCHED: "warn", S.WAITING: "warn", S.SETTLED: "good"}
SEVERITY_TONES = {3: "warn", 4: "bad"}


def _step(name: str, label: Promise, to: State, right: str, icon: str, form: Any, **more: Any) -> Act:
    """An act for the cells of the table of steps that lead to `to` by this right."""

    def do(user: Any, ticket: Ticket, **said: Any) -> Ticket:
        return services.step(user, ticket, to, **said)

    def when(ticket: Ticket) -> bool:
        found = STEPS[State(ticket.state)].get(to)
        return found is not None and found.right == right

    return Act(name, label, do, verb=right, icon=icon, form=form, when=when, **more)


def _call_back(user: Any, ticket: Ticket, *, reason: str, due_at: Any, phone: str, queue: Any) -> Any:
    number = ticket.customer.phones.filter(pk=phone).values_list("number", flat=True).first() if phone else None
    code = queue.code if queue else ""
    return outbound.plan(user, ticket.customer, reason, due_at=due_at, number=number or "", ticket=ticket, queue=code)


def _goes_on(ticket: Ticket) -> bool:
    return ticket.state not in DONE


WORK = _step("start", _("Work on it"), S.WORKING, "work", "player-play", forms.SayForm, kind="main")
WAIT = _step("wait", _("Wait for the customer"), S.WAITING, "work", "hourglass", forms.SayForm)
HAND = _step("hand", _("Hand to a branch"), S.DISPATCHED, "dispatch", "building-store", forms.HandForm)
BACK = _step("back", _("Give back"), S.OPEN, "work", "arrow-back-up", forms.WhyForm)
SETTLE = _step("settle", _("It is done"), S.SETTLED, "work", "check", forms.SettleForm, kind="good")
CLOSE = _step("shut", _("Close"), S.CLOSED, "close", "checks", forms.SettleForm)
AGAIN = _step("again", _("Open again"), S.WORKING, "reopen", "rotate", forms.SayForm)
WITHDRAW = _step("recall", _("Withdraw"), S.WITHDRAWN, "withdraw", "trash", forms.WhyForm, kind="bad")
ASSIGN = Act("assign", _("Assign"), services.assign, icon="user-share", form=forms.AssignForm, when=_goes_on)
NOTE = Act("note", _("Add a note"), services.note, icon="note", form=forms.NoteForm)
CALL_BACK = Act("call", _("Follow-up call"), _call_back, verb="follow_up", icon="phone-outgoing", form=forms.CallBackForm)


class TicketActs:
    """What the forms of a ticket's acts begin with."""

    def act_form(self, act: Act, row: Any, data: Any = None) -> Any:
        if act.form is None:
            return None
        resolution = row.resolution if row is not None and "resolution" in act.form.base_fields else ""
        form = act.form(data, initial={"resolution": resolution})
        if act is CALL_BACK and row is not None:
            user = self.request.user  # type: ignore[attr-defined]
            phones = row.customer.phones.order_by("id").values_list("pk", "number")
            form.fields["phone"].choices = [(str(key), tokens.shown(number, "p", key, user)["text"]) for key, number in phones]
        return form


# -- the list --------------------------------------------------------------------------------------------------


class Tickets(TicketActs, ManyActs, ListPage):
    """Of a branch's login: its own, with where to go; of others: those they may see."""

    entity, title, icon = "tickets", _("Complaints and work orders"), "lifebuoy"
    template = "crm/service_list.html"
    filterset_class = TicketFilters
    filters = ("open", "state", "late", "kind", "severity", "category", "owned", "owner", "team", "branch")
    search_hint = _("Number, customer, order, text")
    ordering = "-created_at"
    row_template = "crm/ticket_row.html"
    card, new, export = "crm:ticket", "crm:ticket_new", "crm:tickets_export"
    acts = (WORK, ASSIGN, HAND, SETTLE, CLOSE, WITHDRAW, NOTE)
    columns = (
        Column(_("number"), "created_at"),
        Column(_("kind")),
        Column(_("severity"), "severity"),
        Column(_("customer")),
        Column(_("what happened")),
        Column(_("state")),
        Column(pgettext_lazy("of a ticket", "who")),
        Column(_("due"), "due_at"),
    )
    BRANCH: ClassVar[tuple[Column, ...]] = (
        Column(_("number"), "created_at"),
        Column(_("state")),
        Column(_("customer")),
        Column(_("telephone")),
        Column(_("address")),
        Column(_("what happened")),
        Column(_("due"), "due_at"),
    )

    @property
    def at_branch(self) -> bool:
        """Whether who asks works for a branch, and sees nothing else."""
        return not rights.everywhere(self.user, "tickets.view") and bool(rights.branches_of(self.user))

    def heading(self) -> str:
        return now_("Our branch") if self.at_branch else str(self.title)

    def rows(self) -> QuerySet[Ticket]:
        rows = selectors.tickets()
        return rows.prefetch_related("customer__phones", "customer__addresses") if self.at_branch else rows

    def search(self, rows: QuerySet[Ticket], text: str) -> QuerySet[Ticket]:
        return service_lists.tickets(rows, text, self.user)

    def shown_columns(self) -> tuple[Column, ...]:
        return self.BRANCH if self.at_branch else self.columns

    def more(self, rows: list[Ticket]) -> dict[str, Any]:
        now, tree = timezone.now(), categories.tree()
        for row in rows:
            _dress(row, now, tree)
            if self.at_branch:
                phones, place = row.customer.phones.all(), row.customer.main_address
                row.call_at = [tokens.shown(one.number, "p", one.pk, self.user) for one in phones[:2]]  # type: ignore[attr-defined]
                row.place = shown(self.user, "address", place.text) if place else ""  # type: ignore[attr-defined]
        return {"shortcuts": self.shortcuts()}

    def shortcuts(self) -> list[tuple[Any, str]]:
        """(what it is called, what the list is asked for)."""
        if self.at_branch:
            return [
                (_("All"), ""),
                (_("To be accepted"), "state=dispatched&ordering=due_at"),
                (_("Being worked on"), "state=working&ordering=due_at"),
                (_("Late"), "late=true&ordering=due_at"),
            ]
        return [
            (_("All"), ""),
            (_("Open"), "open=true&ordering=due_at"),
            (_("Mine"), f"open=true&{mine(self.user, 'owner')}&ordering=due_at"),
            (_("Nobody's"), "open=true&owned=false&ordering=due_at"),
            (_("Late"), "late=true&ordering=due_at"),
        ]


class ExportTickets(ExportPage):
    entity, chosen = "tickets", staticmethod(ticket_export.chosen)


def _dress(row: Any, now: datetime, tree: categories.Tree) -> None:
    """What templates show of a ticket beside its columns."""
    row.late = row.due_at is not None and (row.settled_at or row.closed_at or now) > row.due_at
    row.tone, row.severity_tone = TONES.get(State(row.state), ""), SEVERITY_TONES.get(row.severity, "")
    about = tree.shown(row.category_id)
    row.about = " / ".join(about["path"]) if about else ""
    row.owner_name, row.author_name = named(row.owner), named(row.author)


def _spoken(event: Any) -> Any:
    """An event with who did it, by seat and name."""
    event.who = named(event.user) or now_("the system")
    return event


# -- the card --------------------------------------------------------------------------------------------------


class TicketCard(TicketActs, RowActs, CardPage):
    entity = "tickets"
    template, part = "crm/ticket.html", "crm/ticket_card.html"
    acts = (WORK, SETTLE, CLOSE, AGAIN, WAIT, HAND, BACK, ASSIGN, CALL_BACK, WITHDRAW, NOTE)

    def rows(self) -> QuerySet[Ticket]:
        return selectors.tickets()

    def heading(self) -> str:
        return self.row().number

    def more(self, row: Ticket) -> dict[str, Any]:
        _dress(row, timezone.now(), categories.tree())
        customer, user = row.customer, self.user
        place = customer.addresses.order_by("-main", "id").first()
        return {
            "phones": [tokens.shown(one.number, "p", one.pk, user) for one in customer.phones.order_by("id")],
            "place": shown(user, "address", place.text) if place else "",
            "events": [_spoken(event) for event in selectors.events(row.pk)],
            "calls": self._seen(row.outbound_tasks.select_related("author"), "outbound_tasks"),
            "mails": self._seen(row.mails.order_by("created_at"), "mails"),
            "may_change": self.may("change", row),
            "may_note": self.may("note", row),
            "may_mail": rights.may(user, "mails.add"),
            "done": row.state in DONE,
        }

    def offered(self, row: Ticket) -> list[Act]:
        """Notes have their place beside the history."""
        return [act for act in super().offered(row) if act is not NOTE]

    def _seen(self, rows: Any, entity: str) -> Any:
        return rights.scoped(self.user, rows, entity)


def asked_customer(page: Any) -> Customer | None:
    """Whom a page's address names by `customer`, a key, if its reader may see them."""
    key = page.request.GET.get("customer", "")
    if not key.isascii() or not key.isdecimal() or len(key) > 18:
        return None
    found = rights.scoped(page.user, Customer.objects.filter(pk=key), "customers").first()
    return resolve(found) if found else None


# -- forms -----------------------------------------------------------------------------------------------------


class NewTicket(FormPage):
    """?customer= (key), ?call=, ?kind=, ?order=: what is known when it is opened beside a call."""

    entity, verb, title = "tickets", "add", _("New complaint or work order")
    form_class = forms.TicketForm
    part = "crm/ticket_form_part.html"

    def form(self, row: Any, data: Any = None) -> Any:
        form = super().form(row, data)
        form.fields["customer"].user = self.user
        if not rights.may(self.user, "tickets.dispatch"):
            del form.fields["branch"]
        if not rights.may(self.user, "tickets.assign"):
            del form.fields["owner"]
        return form

    def initial(self, row: Any) -> dict[str, Any]:
        asked = self.request.GET
        known = {name: asked[name] for name in ("kind", "order", "call", "product") if asked.get(name)}
        return {
            "kind": Ticket.Kind.COMPLAINT,
            "severity": Ticket.Severity.NORMAL,
            "inform": True,
            "customer": asked_customer(self),
            **known,
        }

    def save(self, row: Any, values: dict[str, Any]) -> Ticket:
        branch = values.pop("branch", None)
        ticket = services.add_ticket(self.user, values.pop("customer"), values.pop("text"), **values)
        return services.step(self.user, ticket, S.DISPATCHED, branch=branch) if branch else ticket

    def done(self, row: Ticket) -> HttpResponse:
        return telling(gone_to(reverse("crm:ticket", args=[row.pk])))


class ChangeTicket(FormPage):
    entity, form_class = "tickets", forms.ChangeTicketForm

    def rows(self) -> QuerySet[Ticket]:
        return selectors.tickets()

    def heading(self) -> str:
        return self.row().number

    def form(self, row: Any, data: Any = None) -> Any:
        form = super().form(row, data)
        form.fields["category"].kept = row.category_id
        return form

    def initial(self, row: Any) -> dict[str, Any]:
        return {**super().initial(row), "due_at": row.due_at if row.due_by_hand else None}

    def save(self, row: Any, values: dict[str, Any]) -> Ticket:
        if values["due_at"] is None and not row.due_by_hand:
            del values["due_at"]
        return services.change_ticket(self.user, row, values)

    def done(self, row: Ticket) -> HttpResponse:
        return gone_to(reverse("crm:ticket", args=[row.pk]))
