"""Scripts: the list, the editor with its table of steps, and going through one with a customer beside the call."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from ccenter.calls.rights import may_see_call
from ccenter.office import rights
from ccenter.office.pages.acts import Act, ManyActs
from ccenter.office.pages.frame import OfficePage, gone_to, telling
from ccenter.office.pages.lists import Column, ListPage
from crm.models import Script, ScriptRun
from crm.pages import script_table
from crm.pages import service_forms as forms
from crm.pages.service_fields import call_of
from crm.pages.setting_form import SettingForm
from crm.pages.tickets import asked_customer
from crm.selectors import script_runs as selectors
from crm.services import rows, script_runs, settings

ANSWERS = (
    ("none", _("nothing: it is only said")), ("yes_no", _("yes or no")), ("choice", _("one of these")),
    ("scale", _("a mark")), ("text", _("a text")),
    ("number", _("a number")), ("date", _("a date")),
)  # fmt: skip


def _use(user: Any, row: Script, active: bool) -> None:
    settings.save_script(user, row, {"active": active})


def _retire(user: Any, row: Script) -> None:
    _use(user, row, False)


def _revive(user: Any, row: Script) -> None:
    _use(user, row, True)


def _delete(user: Any, row: Script) -> None:
    rows.delete(user, "scripts", row)


class Scripts(ManyActs, ListPage):
    entity, title, icon = "scripts", _("Scripts"), "quote"
    search_fields = ("title", "text")
    ordering = "position"
    row_template = "crm/script_row.html"
    card, new = "crm:script", "crm:script_new"
    columns = (
        Column(_("heading"), "title"), Column(_("situation")), Column(_("language")), Column(_("said to")), Column(_("text")),
        Column(_("steps"), figures=True), Column(_("place in the list"), "position", figures=True),
    )  # fmt: skip
    acts = (
        Act("retire", _("Take out of use"), _retire, verb="change", icon="eye-off", when=lambda row: row.active),
        Act("revive", _("Use again"), _revive, verb="change", icon="eye", when=lambda row: not row.active),
        Act("delete", _("Delete"), _delete, icon="trash", kind="bad", sure=_("Delete it for good?")),
    )

    def rows(self) -> QuerySet[Script]:
        return Script.objects.all()

    def more(self, rows: list[Any]) -> dict[str, Any]:
        for row in rows:
            row.length = len(row.steps["steps"]) if row.steps else 0
        return {}


class ScriptForm(SettingForm):
    """The script and its steps in one form. POST `table`: a button of the table (add, drop:2 …) instead of saving."""

    entity, title, form_class = "scripts", _("New script"), forms.ScriptForm
    template, part = "crm/script.html", "crm/script_form.html"
    queryset = Script.objects.all()

    def initial(self, row: Any) -> dict[str, Any]:
        return super().initial(row) or {"active": True, "situation": Script.Situation.SERVICE, "language": "zh", "position": 0}

    def heading(self) -> str:
        row = self.old_row()
        return row.title if row is not None else str(self.title)

    def table(self, row: Any) -> script_table.Table:
        if self.request.method == "POST":
            return script_table.read(self.request.POST.dict()) if "steps" in self.request.POST else script_table.Table()
        return script_table.table_of(row.steps) if row is not None and row.steps else script_table.Table()

    def more(self, form: Any, row: Any) -> dict[str, Any]:
        table = getattr(self, "_table", None) or self.table(row)
        counts = selectors.counts(row) if row is not None and self.request.method == "GET" else []
        return {
            "table": table, "answers": ANSWERS, "outline": script_table.outline(table), "counts": counts,
            "running": row is not None and bool(row.steps) and rights.may(self.user, "script_runs.add"),
        }  # fmt: skip

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not (command := request.POST.get("table", "")):
            return super().post(request, *args, **kwargs)
        row = self.old_row()
        table = self.table(row)
        self._table = script_table.table_of(None) if command == "begin" else script_table.edited(table, command)
        form = self.form(row, request.POST)
        form.errors.clear()  # it is not sent yet
        return self.show(form, row)

    def save(self, row: Any, values: dict[str, Any]) -> Script:
        table = self.table(row)
        if problems := script_table.problems(table):
            raise ValidationError(problems)
        steps = script_table.tree_of(table) if table.rows else None
        try:
            return settings.save_script(self.user, row, {**values, "steps": steps})
        except ValidationError as error:  # the table is no field of the form
            raise ValidationError(error.messages) if set(error.message_dict) == {"steps"} else error from None

    def done(self, row: Script) -> HttpResponse:
        return telling(gone_to(reverse("crm:script", args=[row.pk])), _("Saved."))


# -- gone through ----------------------------------------------------------------------------------------------


class RunScript(OfficePage):
    """?call=, ?customer=: which script; POST script= begins it, or goes on where this user is in this call."""

    entity, verb, title = "script_runs", "add", _("Script")
    template, part = "crm/script_choice.html", "crm/script_choice_part.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        call, who = call_of(request.GET), asked_customer(self)
        found = selectors.to_run(who)
        begun = {run.script_id: run for run in selectors.runs().filter(call=call, user=self.user)} if call else {}
        told = [(script, begun.get(script.pk)) for script in found]
        return self.answer(self.context(scripts=told, call=call, customer=who))

    def post(self, request: HttpRequest) -> HttpResponse:
        key, call = request.POST.get("script", ""), call_of(request.POST)
        script = Script.objects.filter(pk=key).first() if key.isascii() and key.isdecimal() and len(key) < 10 else None
        if script is None:
            raise Http404
        if call and not may_see_call(self.user, call):
            raise ValidationError({"call": script_runs.NO_CALL})
        run = script_runs.start(self.user, script, call=call, customer=asked_customer(self))
        return gone_to(reverse("crm:script_run", args=[run.pk]))


class ScriptRunPage(OfficePage):
    """What is said and asked now, and what was answered. POST step=, value= keeps an answer; ?again=step asks one anew."""

    entity, verb, title = "script_runs", "view", _("Script")
    template, part = "crm/script_run.html", "crm/script_run_part.html"

    def run(self) -> ScriptRun:
        found = rights.scoped(self.user, selectors.runs().filter(pk=self.kwargs["key"]), "script_runs").first()
        if found is None:
            raise Http404
        return found

    def heading(self) -> str:
        return getattr(self, "_heading", "") or str(self.title)

    def drawn(self, run: ScriptRun, problem: str = "", sent: dict[str, str] | None = None) -> HttpResponse:
        self._heading = run.script.title
        asked = selectors.next_step(run, self.user)
        if again := self.request.GET.get("again", ""):
            asked = selectors.step_asked(run, again, self.user) or asked
        if sent and (sent_again := selectors.step_asked(run, sent["step"], self.user)):
            asked = sent_again
        steps, there = len(run.steps["steps"]), run.answers.count()
        context = self.context(
            run=run, asked=asked, answers=run.answers.all(), problem=problem, value=(sent or {}).get("value", ""),
            percent=100 if run.finished_at else min(95, 100 * there // max(steps, 1)), may_change=self.may("change", run),
        )  # fmt: skip
        return self.answer(context, status=422 if problem else 200)

    def get(self, request: HttpRequest, key: int) -> HttpResponse:
        return self.drawn(self.run())

    def post(self, request: HttpRequest, key: int) -> HttpResponse:
        run = self.run()
        rights.require(self.user, "script_runs.change", run)
        sent = {name: request.POST.get(name, "") for name in ("step", "value")}
        try:
            script_runs.answer(self.user, run, sent["step"], sent["value"])
        except ValidationError as error:
            return self.drawn(run, " ".join(error.messages), sent)
        return self.drawn(self.run())


class ScriptRuns(ListPage):
    """What was answered."""

    entity, title, icon = "script_runs", _("Answers to scripts"), "list-check"
    row_template = "crm/script_run_row.html"
    ordering = "-started_at"
    card = "crm:script_run"
    columns = (
        Column(_("begun"), "started_at"), Column(_("script")), Column(_("customer")), Column(_("asked by")), Column(_("answers")),
        Column(_("finished")),
    )  # fmt: skip

    def rows(self) -> QuerySet[ScriptRun]:
        return selectors.runs()

    def more(self, rows: list[Any]) -> dict[str, Any]:
        for row in rows:
            row.told = " · ".join(one.label for one in row.answers.all() if one.label)
        return {}
