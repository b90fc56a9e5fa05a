"""Rules: how each queue works off its callbacks, lines kept for who calls in, who is called back, surge curves."""

from typing import Any, ClassVar

import msgspec
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils.translation import gettext_lazy as _

from ccenter.acd.config import CallbackRules
from ccenter.calls.models import Calendar, CentreSettings, Queue, Surge, Trunk
from ccenter.desktop.callbacks import rule_forms as forms
from ccenter.desktop.callbacks import ruling
from ccenter.desktop.callbacks.surge import drawn
from ccenter.office import rights
from ccenter.office.pages.frame import OfficePage, asked_in_part, said
from ccenter.office.pages.lists import Column
from orders.pages.tables import Cell, Tab, Table, TableForm
from orders.pages.tables import delete as delete_act

TABS = (
    Tab("callbacks:queue_rules", _("Queues"), "callback_rules.view"),
    Tab("callbacks:kept_lines", _("Lines"), "callback_rules.view"),
    Tab("callbacks:centre_rules", _("Who is called back"), "callback_rules.view"),
    Tab("callbacks:surges", _("Surge curves"), "surges.view"),
)


class RuleForm(TableForm):
    """A row of the configuration."""

    removable: ClassVar[bool] = False  # a rule is part of a row that is more than it

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if "drop" in request.POST and not self.removable:
            raise PermissionDenied
        return super().post(request, *args, **kwargs)

    def more(self, form: Any, row: Any) -> dict[str, Any]:
        told = super().more(form, row)
        return told if self.removable else {**told, "may_delete": False}

    def version(self, row: Any) -> str:
        return ruling.version(row) if row else ""

    def back(self) -> str:
        beside = asked_in_part(self.request)
        return "" if beside or not self.list_name else reverse(self.list_name)


# -- queues ----------------------------------------------------------------------------------------------------


class QueueRules(Table):
    entity, title, icon = "callback_rules", _("Rules of callbacks"), "adjustments-alt"
    ordering, search_fields = "code", ("code", "name")
    card, tabs = "callbacks:queue_rule", TABS
    columns = (
        Column(_("Queue"), "code"), Column(_("Worked off")), Column(_("Rung first")), Column(_("A free agent serves first")),
        Column(_("Hours")), Column(_("Attempts"), figures=True), Column(_("Again after minutes")), Column(_("Machines")),
    )  # fmt: skip

    def rows(self) -> QuerySet[Any]:
        return ruling.queues_of(self.user)

    def cells(self, row: Queue) -> tuple[Any, ...]:
        rules = msgspec.convert(row.callbacks, CallbackRules)
        hours = self._calendars().get(rules.calendar, rules.calendar) if rules.calendar else _("always")
        return (
            str(row), dict(forms.MODES)[rules.mode], dict(forms.FIRST)[rules.first], dict(forms.AGAINST)[rules.against_callers],
            hours, rules.most_attempts, forms.pauses(rules), rules.detect,
        )  # fmt: skip

    def _calendars(self) -> dict[str, str]:
        if not hasattr(self, "_known"):
            self._known = {code: name or code for code, name in Calendar.objects.values_list("code", "name")}
        return self._known


class QueueRule(RuleForm):
    entity, model, form_class = "callback_rules", Queue, forms.QueueRulesForm
    list_name = "callbacks:queue_rules"

    def rows(self) -> QuerySet[Any]:
        return ruling.queues_of(self.user).select_related("survey")

    def initial(self, row: Any) -> dict[str, Any]:
        return forms.QueueRulesForm.first_values(row)

    def save(self, row: Any, values: dict[str, Any]) -> Any:
        return ruling.change_queue(self.user, row, forms.QueueRulesForm.rules_of(values))


# -- lines, the centre -------------------------------------------------------------------------------------------


class KeptLines(Table):
    entity, title, icon = "callback_rules", _("Lines kept for who calls in"), "antenna-bars-5"
    ordering, search_fields = "code", ("code", "name")
    queryset = Trunk.objects.defer("secret")
    card, tabs = "callbacks:kept_line", TABS
    columns = (
        Column(_("Trunk"), "code"), Column(_("Channels"), "capacity", figures=True), Column(_("Kept"), "kept", figures=True),
        Column(_("For calling back"), figures=True), Column(_("Carries outgoing calls")),
    )  # fmt: skip

    def cells(self, row: Trunk) -> tuple[Any, ...]:
        return (str(row), row.capacity, row.kept, row.capacity - row.kept if row.outbound else 0, row.outbound)


class KeptLine(RuleForm):
    entity, model, form_class = "callback_rules", Trunk, forms.KeptForm
    list_name, write = "callbacks:kept_lines", staticmethod(ruling.change_lines)


class CentreRules(RuleForm):
    """Of the whole centre."""

    entity, model, form_class, title = "callback_rules", CentreSettings, forms.CentreForm, _("Who is called back")
    template, part = "callbacks/centre_rules.html", "callbacks/centre_form.html"
    write = staticmethod(ruling.change_centre)

    def rows(self) -> QuerySet[Any]:
        return ruling.centre()

    def heading(self) -> str:
        return str(self.title)

    def more(self, form: Any, row: Any) -> dict[str, Any]:
        return {**super().more(form, row), "tabs": [tab for tab in TABS if rights.may(self.user, tab.right)]}

    def done(self, row: Any) -> HttpResponse:
        return said(_("Saved."), rows_changed=True)


# -- surge curves --------------------------------------------------------------------------------------------------


class Surges(Table):
    template = "callbacks/tabbed.html"  # its form has a picture
    entity, title, icon = "surges", _("Surge curves"), "chart-line"
    ordering, search_fields = "position", ("code", "name")
    queryset = Surge.objects.prefetch_related("trunks", "numbers")
    card, new, tabs = "callbacks:surge_rule", "callbacks:surge_new", TABS
    columns = (
        Column(_("Place in the list"), "position", figures=True), Column(_("code"), "code"), Column(_("name")), Column(_("For")),
        Column(_("Curve")), Column(_("Left out")), Column(_("Active")),
    )  # fmt: skip
    acts = (delete_act("surges"),)

    def cells(self, row: Surge) -> tuple[Any, ...]:
        whom = [*(one.number for one in row.numbers.all())] or [*(one.code for one in row.trunks.all())]
        points = " · ".join(f"{use * 100:g} % → {share * 100:g} %" for use, share in row.curve)
        out = [str(_("priority")) + f" ≥ {row.exempt_priority}"] if row.exempt_priority is not None else []
        out += [str(_("open order"))] if row.exempt_orders else []
        return (
            Cell("figures", row.position),
            row.code,
            row.name,
            ", ".join(whom) or _("all trunks"),
            points,
            ", ".join(out),
            row.enabled,
        )


class SurgeRule(RuleForm):
    entity, model, form_class = "surges", Surge, forms.SurgeForm
    list_name, write, removable = "callbacks:surges", staticmethod(ruling.save_surge), True
    template, part = "callbacks/surge_form_page.html", "callbacks/surge_form.html"
    fresh = {
        "enabled": True, "position": 0, "curve": [[0.8, 0.2], [0.9, 0.6], [1.0, 1.0]], "hysteresis": 0.05, "every": 0, "lines": 0,
        "exempt_seconds": 1, "flow": "surge",
    }  # fmt: skip

    def form(self, row: Any, data: Any = None) -> Any:
        form = super().form(row, data)
        if row is not None:
            form.fields["code"].disabled = True  # facts name it for ever
        return form

    def more(self, form: Any, row: Any) -> dict[str, Any]:
        given = form["curve"].value()
        return {**super().more(form, row), "picture": _picture(given)}


def _picture(given: Any) -> Any:
    """Of a curve as it is written, or None while it is none."""
    try:
        curve = given if isinstance(given, list) else forms.CurveField().clean(given)
        return drawn(curve) if all(0 <= value <= 1 for point in curve for value in point) else None
    except (forms.ValidationError, ValueError, TypeError):
        return None


class CurvePicture(OfficePage):
    """The curve that is being written, drawn."""

    entity = "surges"

    def get(self, request: HttpRequest) -> HttpResponse:
        picture = _picture(request.GET.get("curve", "")[:200])
        return self.answer({"picture": picture}, template="callbacks/curve_or_none.html")


urlpatterns = [
    path("rules/", QueueRules.as_view(), name="queue_rules"),
    path("rules/lines/", KeptLines.as_view(), name="kept_lines"),
    path("rules/lines/<int:key>/", KeptLine.as_view(), name="kept_line"),
    path("rules/centre/", CentreRules.as_view(), {"key": 1}, name="centre_rules"),
    path("rules/queues/<int:key>/", QueueRule.as_view(), name="queue_rule"),
    path("surges/", Surges.as_view(), name="surges"),
    path("surges/picture/", CurvePicture.as_view(), name="curve_picture"),
    path("surges/new/", SurgeRule.as_view(verb="add", title=_("New surge curve")), name="surge_new"),
    path("surges/<int:key>/", SurgeRule.as_view(), name="surge_rule"),
]
