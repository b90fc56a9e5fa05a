"""Outbound calls: follow-ups, visits 回访, surveys, reminders; the rules that plan them; and who is not to be called."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.db.models.functions import MD5
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ccenter.calls import tokens
from ccenter.calls.models import Agent, BarredNumber, CallbackAttempt, Flow, Queue
from ccenter.calls.numbers import normalise
from ccenter.calls.reasons import TEXTS
from ccenter.office import rights
from ccenter.office.pages import keyset
from ccenter.office.pages.acts import Act, ManyActs, RowActs
from ccenter.office.pages.cards import CardPage, entries_of
from ccenter.office.pages.forms import FormPage, MaskedField, MomentField, RowForm
from ccenter.office.pages.frame import asked_in_part, said
from ccenter.office.pages.lists import Column, ListPage
from crm.models import Customer, OutboundRule, OutboundTask, Script
from crm.models.outbound import OVER
from crm.pages.service_fields import CustomerField, named
from crm.pages.service_filters import TaskFilters
from crm.pages.setting_form import SettingForm
from crm.pages.tickets import asked_customer
from crm.selectors import service_lists
from crm.selectors.outbound import with_attempts
from crm.services import barring, outbound, outbound_rules, rows

NONE = "–"


def _codes(model: Any, code: str = "code", name: str = "name") -> list[tuple[str, str]]:
    return [("", NONE), *((one, f"{one} {text}" if text else one) for one, text in model.objects.values_list(code, name))]


def _questionnaires() -> QuerySet[Script]:
    return Script.objects.filter(active=True).exclude(steps=None)


class WhoCalls(forms.Form):
    """Who makes the call: fields that tasks and rules share. Their choices are read when a form is made."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        for name, model in (("queue", Queue), ("flow", Flow), ("of_queue", Queue)):
            if name in self.fields:
                field: Any = self.fields[name]
                self.fields[name] = forms.ChoiceField(choices=_codes(model), label=field.label, required=False)
        if "agent" in self.fields:
            seats = [("", NONE), *((one.number, str(one)) for one in Agent.objects.filter(active=True).only("number", "name"))]
            self.fields["agent"] = forms.ChoiceField(choices=seats, label=self.fields["agent"].label, required=False)


# -- tasks -------------------------------------------------------------------------------------------------------


class ChangeTaskForm(WhoCalls, RowForm):
    number = MaskedField("number", label=_("number"), max_length=40, required=False, help_text=_("Empty: the customer's first."))
    due_at = MomentField(label=_("due"), required=True)
    script = forms.ModelChoiceField(_questionnaires(), label=_("questionnaire"), required=False, empty_label=NONE)
    priority = forms.IntegerField(label=_("priority"), min_value=-9, max_value=9, required=False)

    class Meta:
        model = OutboundTask
        fields = ["reason", "number", "due_at", "agent", "queue", "script", "flow", "priority", "consent"]

    def clean_priority(self) -> int:
        return self.cleaned_data["priority"] or 0


class TaskForm(ChangeTaskForm):
    customer = CustomerField()
    field_order = ["customer", "kind", "reason"]

    class Meta(ChangeTaskForm.Meta):
        fields = ["kind", *ChangeTaskForm.Meta.fields]


def _cancel(user: Any, row: OutboundTask) -> None:
    outbound.cancel(user, row)


CANCEL = Act("cancel", _("Cancel the call"), _cancel, icon="x", kind="bad", when=lambda row: row.state not in OVER)


def dress(user: Any, found: list[Any]) -> None:
    """What a list and a card say of tasks beside their columns. One query."""
    seats = dict(Agent.objects.filter(number__in={"", *(row.agent for row in found)}).values_list("number", "name"))
    hidden = rights.masked(user, "number")
    for row in found:
        row.author_name = named(row.author)
        row.shown_number = tokens.masked(row.number) if hidden else tokens.spelt(row.number)
        row.agent_name = f"{row.agent} {seats.get(row.agent, '')}".strip()
        row.result_name = str(TEXTS.get(row.result, RESULTS.get(row.result, row.result)))
        row.is_over = row.state in OVER


RESULTS = {
    "done": _("done"),
    "no_answer": _("no answer"),
    "busy": _("busy"),
    "machine": _("answering machine"),
    "failed": _("did not get through"),
    "wrong_number": _("wrong number"),
    "refused": _("does not want it"),
    "attempts": _("tried often enough"),
    "expired": _("too old"),
    "called_in": _("rang in again"),
    "cancelled": _("cancelled"),
}


class OutboundTasks(ManyActs, ListPage):
    entity, title, icon = "outbound_tasks", _("Outbound calls"), "phone-outgoing"
    template = "crm/service_list.html"
    filterset_class = TaskFilters
    filters = ("kind", "state")
    search_hint = _("Customer or reason")
    ordering, row_template = "-due_at", "crm/outbound_task_row.html"
    columns = (
        Column(_("due"), "due_at"), Column(_("kind")), Column(_("customer")), Column(_("number")), Column(_("reason")),
        Column(_("who calls")), Column(_("state")), Column(_("Attempts"), figures=True), Column(_("asked for by")),
    )  # fmt: skip
    card, new, side = "crm:outbound_task", "crm:outbound_task_new", True
    acts = (CANCEL,)

    def rows(self) -> QuerySet[OutboundTask]:
        found = OutboundTask.objects.select_related("customer", "author__seat", "rule")
        return with_attempts(found.defer("customer__pin", "author__password", "author__seat__sip_password"))

    def search(self, rows: QuerySet[OutboundTask], text: str) -> QuerySet[OutboundTask]:
        return service_lists.outbound_tasks(rows, text, self.user)

    def more(self, rows: list[Any]) -> dict[str, Any]:
        dress(self.user, rows)
        return {
            "shortcuts": [
                (_("All"), ""), (_("Due"), "due=true&ordering=due_at"), (_("Mine"), "mine=true&open=true&ordering=due_at"),
                (_("Planned"), "state=planned&ordering=due_at"), (_("Done"), "state=done"), (_("Not allowed"), "state=refused"),
            ]
        }  # fmt: skip


class OutboundTaskCard(RowActs, CardPage):
    entity, title, place = "outbound_tasks", _("Outbound call"), "#record"
    template, part = "office/side_card.html", "crm/outbound_task_card.html"
    acts = (CANCEL,)

    def rows(self) -> QuerySet[OutboundTask]:
        found = OutboundTask.objects.select_related("customer", "author__seat", "rule", "script", "ticket")
        return with_attempts(found.defer("customer__pin", "author__password", "author__seat__sip_password"))

    def heading(self) -> str:
        return gettext("Outbound call")

    def back(self) -> str:
        return "" if asked_in_part(self.request) else reverse("crm:outbound_tasks")

    def more(self, row: Any) -> dict[str, Any]:
        dress(self.user, [row])
        attempts = list(CallbackAttempt.objects.filter(callback=str(row.callback)).order_by("-seq")[:20])
        for one in attempts:
            one.result_name = str(RESULTS.get(one.result, one.result))
        run = getattr(row, "run", None)
        return {
            "entries": entries_of(self.user, row),
            "attempts": attempts,
            "run": run,
            "may_change": row.state == OutboundTask.State.PLANNED and self.may("change", row),
            "may_see_runs": rights.may(self.user, "script_runs.view"),
        }


class NewOutboundTask(FormPage):
    entity, verb, title = "outbound_tasks", "add", _("New outbound call")
    form_class, part = TaskForm, "crm/ticket_form_part.html"

    def initial(self, row: Any) -> dict[str, Any]:
        return {"customer": asked_customer(self), "kind": "follow_up", "priority": 0}

    def form(self, row: Any, data: Any = None) -> Any:
        form = super().form(row, data)
        form.fields["customer"].user = self.user
        return form

    def save(self, row: Any, values: dict[str, Any]) -> OutboundTask:
        customer: Customer = values.pop("customer")
        return outbound.plan(self.user, customer, values.pop("reason"), **values)


class ChangeOutboundTask(FormPage):
    entity, title = "outbound_tasks", _("Change")
    form_class = ChangeTaskForm
    queryset = OutboundTask.objects.all()

    def heading(self) -> str:
        return gettext("Change the outbound call")

    def back(self) -> str:
        return "" if asked_in_part(self.request) else reverse("crm:outbound_tasks")

    def save(self, row: Any, values: dict[str, Any]) -> OutboundTask:
        return outbound.change(self.user, row, values)


# -- rules -------------------------------------------------------------------------------------------------------


class RuleForm(WhoCalls, RowForm):
    script = forms.ModelChoiceField(_questionnaires(), label=_("questionnaire"), required=False, empty_label=NONE)
    at = forms.TimeField(label=_("at this time of the day"), required=False, help_text=_("Like 10:30; empty: at once."))

    class Meta:
        model = OutboundRule
        fields = [
            "title", "active", "kind", "event", "of_queue", "days", "minutes", "at", "share", "quiet_days", "reason", "own_agent",
            "queue", "script", "flow", "priority",
        ]  # fmt: skip


class OutboundRules(ManyActs, ListPage):
    entity, title, icon, side = "outbound_rules", _("Rules for outbound calls"), "calendar-repeat", True
    template = "crm/service_list.html"
    ordering, row_template = "title", "crm/outbound_rule_row.html"
    search_fields = ("title", "reason")
    columns = (
        Column(_("heading"), "title"), Column(_("kind")), Column(_("after")), Column(_("when")),
        Column(_("of a hundred"), figures=True), Column(_("who calls")), Column(_("active")),
    )  # fmt: skip
    card, new = "crm:outbound_rule", "crm:outbound_rule_new"
    acts = (
        Act("on", _("Switch on"), lambda user, row: outbound_rules.save_rule(user, row, {"active": True}), "change"),
        Act("off", _("Switch off"), lambda user, row: outbound_rules.save_rule(user, row, {"active": False}), "change"),
        Act(
            "delete",
            _("Delete"),
            lambda user, row: rows.delete(user, "outbound_rules", row),
            icon="trash",
            kind="bad",
            sure=_("Delete it for good?"),
        ),
    )

    def rows(self) -> QuerySet[OutboundRule]:
        return OutboundRule.objects.select_related("script")


class OutboundRuleForm(SettingForm):
    entity, title, form_class = "outbound_rules", _("New rule"), RuleForm
    queryset = OutboundRule.objects.all()

    def initial(self, row: Any) -> dict[str, Any]:
        return super().initial(row) or {"active": True, "share": 100, "days": 0, "minutes": 0, "quiet_days": 0, "priority": 0}

    def save(self, row: Any, values: dict[str, Any]) -> OutboundRule:
        return outbound_rules.save_rule(self.user, row, values)


# -- who is not to be called ---------------------------------------------------------------------------------------


class BarredNumbers(ListPage):
    """The core keeps the list; a number is put on it, or taken off, by asking it."""

    entity, title, icon = "barred_numbers", _("Numbers not to be called"), "phone-off"
    template = "crm/barred_numbers.html"
    queryset = BarredNumber.objects.filter(barred=True).annotate(ident=MD5("number"))
    ordering, row_template = "-at", "crm/barred_number_row.html"
    columns = (Column(_("number")), Column(_("since"), "at"), Column(""))
    search_hint = _("The whole number")

    def search(self, rows: QuerySet[BarredNumber], text: str) -> QuerySet[BarredNumber]:
        return rows.filter(number=normalise(text).number)

    def more(self, rows: list[Any]) -> dict[str, Any]:
        hidden = rights.masked(self.user, "number")
        for row in rows:
            row.row_key = row.ident
            row.shown_number = tokens.masked(row.number) if hidden else tokens.spelt(row.number)
        told: dict[str, Any] = {"may_bar": self.may("add"), "may_lift": self.may("delete")}
        if hidden:  # a place in the list would tell the number
            told["found"] = keyset.Page(rows, None, None)
        return told

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """`number`: it is not to be called any more; `lift`: the digest of one that may be called again."""
        if "lift" in request.POST:
            rights.require(self.user, "barred_numbers.delete")
            row = self.rows().filter(ident=request.POST["lift"]).first()
            if row is None:
                return said(gettext("not there any more"), "bad", status=409)
            barring.lift(self.user, row.number)
        else:
            rights.require(self.user, "barred_numbers.add")
            barring.bar(self.user, request.POST.get("number", "")[:40])
        return said(gettext("Asked of the call centre: it is so within a second."), look_again=True)
