"""What a centre sets up for its tickets: due times, escalations, the tree of categories; and service records."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from ccenter.office import rights
from ccenter.office.pages.acts import Act, ManyActs
from ccenter.office.pages.cards import CardPage, entries_of
from ccenter.office.pages.frame import OfficePage, said
from ccenter.office.pages.lists import Column, ListPage
from crm.models import Category, DueRule, Escalation, ServiceRecord
from crm.pages import service_forms as forms
from crm.pages.service_fields import found_customers, mine, named, paths
from crm.pages.service_filters import RecordFilters
from crm.pages.setting_form import SettingForm
from crm.selectors import categories, service_lists
from crm.selectors.records import listed
from crm.services import records as record_services
from crm.services import rows, settings


def _delete(entity: str) -> Act:
    def do(user: Any, row: Any) -> None:
        rows.delete(user, entity, row)

    return Act("delete", _("Delete"), do, icon="trash", kind="bad", sure=_("Delete it for good?"))


# -- when tickets are due --------------------------------------------------------------------------------------


class DueRules(ManyActs, ListPage):
    entity, title, icon, side = "due_rules", _("Due times"), "clock-exclamation", True
    ordering, row_template = "id", "crm/due_rule_row.html"
    template = "crm/due_rules.html"
    columns = (
        Column(_("kind")),
        Column(_("category")),
        Column(_("severity")),
        Column(_("due after")),
        Column(_("working hours")),
    )
    card, new = "crm:due_rule", "crm:due_rule_new"
    acts = (_delete("due_rules"),)

    def rows(self) -> QuerySet[DueRule]:
        return DueRule.objects.select_related("calendar")

    def more(self, rows: list[Any]) -> dict[str, Any]:
        tree = categories.tree()
        for row in rows:
            about = tree.shown(row.category_id)
            row.about = " / ".join(about["path"]) if about else ""
            row.hours, row.rest = divmod(row.minutes, 60)
        return {}


class DueRuleForm(SettingForm):
    entity, title, form_class, queryset = "due_rules", _("New due time"), forms.DueRuleForm, DueRule.objects.all()

    def save(self, row: Any, values: dict[str, Any]) -> DueRule:
        return settings.save_due_rule(self.user, row, values)


class Escalations(ManyActs, ListPage):
    entity, title, icon, side = "escalations", _("Escalations"), "stairs-up", True
    ordering, row_template = "level", "crm/escalation_row.html"
    columns = (Column(_("level"), "level"), Column(_("when")), Column(_("from this severity on")), Column(_("what happens")))
    card, new = "crm:escalation", "crm:escalation_new"
    acts = (_delete("escalations"),)

    def rows(self) -> QuerySet[Escalation]:
        return Escalation.objects.select_related("to__seat").defer("to__password", "to__seat__sip_password")

    def more(self, rows: list[Any]) -> dict[str, Any]:
        for row in rows:
            row.to_name, row.after = named(row.to), abs(row.minutes)
        return {}


class EscalationForm(SettingForm):
    entity, title, form_class, queryset = "escalations", _("New escalation"), forms.EscalationForm, Escalation.objects.all()

    def heading(self) -> str:
        row = self.old_row()
        return f"{_('level')} {row.level}" if row else str(self.title)

    def save(self, row: Any, values: dict[str, Any]) -> Escalation:
        return settings.save_escalation(self.user, row, values)


# -- categories ------------------------------------------------------------------------------------------------


class Categories(OfficePage):
    """The tree: some dozens, drawn whole; a click opens one beside it."""

    entity, title = "categories", _("Categories")
    template, part = "crm/categories.html", "crm/category_tree.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        tree = categories.tree()
        told = [(one, path.count(" / ")) for one, path in paths(tree)]
        return self.answer(self.context(nodes=told, may_add=self.may("add"), may_change=self.may("change")))

    def post(self, request: HttpRequest) -> HttpResponse:
        """`move`: "up" or "down", `key`: which. Among those beside it."""
        rights.require(self.user, "categories.change")
        key = request.POST.get("key", "")
        if key.isascii() and key.isdecimal() and len(key) < 10:
            settings.move_category(self.user, int(key), up=request.POST.get("move") == "up")
        return self.get(request)


class CategoryForm(SettingForm):
    entity, title, form_class, queryset = "categories", _("New category"), forms.CategoryForm, Category.objects.all()
    part = "crm/category_form.html"

    def initial(self, row: Any) -> dict[str, Any]:
        parent = self.request.GET.get("parent", "")
        return super().initial(row) or {"active": True, "parent": parent if parent.isdecimal() else None}

    def heading(self) -> str:
        row = self.old_row()
        return row.name if row is not None else str(self.title)

    def save(self, row: Any, values: dict[str, Any]) -> Category:
        return settings.save_category(self.user, row, values)


class DropCategory(OfficePage):
    entity, verb = "categories", "delete"

    def post(self, request: HttpRequest, key: int) -> HttpResponse:
        row = Category.objects.filter(pk=key).first()
        if row is not None:
            rows.delete(self.user, "categories", row)
        return said(_("Deleted."), rows_changed=True, close_record=True)


# -- service records -------------------------------------------------------------------------------------------


class Records(ListPage):
    """What agents did in calls."""

    entity, title, icon, side = "records", _("Service records"), "notes", True
    template = "crm/service_list.html"
    filterset_class = RecordFilters
    filters = ("result", "category", "author", "first_contact", "written_since", "written_before")
    search_hint = _("Customer, order, call, seat")
    row_template = "crm/record_row.html"
    card = "crm:record"
    columns = (
        Column(_("written")), Column(_("agent")), Column(_("customer")), Column(_("category")), Column(_("result")),
        Column(_("summary")), Column(_("first contact")), Column(_("follow up on")),
    )  # fmt: skip

    def rows(self) -> QuerySet[ServiceRecord]:
        return listed()

    def search(self, rows: QuerySet[ServiceRecord], text: str) -> QuerySet[ServiceRecord]:
        return service_lists.records(rows, text, self.user)

    def more(self, rows: list[Any]) -> dict[str, Any]:
        tree = categories.tree()
        for row in rows:
            about = tree.shown(row.category_id)
            row.about, row.author_name = " / ".join(about["path"]) if about else "", named(row.author)
        return {
            "shortcuts": [
                (_("All"), ""),
                (_("Mine"), mine(self.user, "author")),
                (_("Not settled at once"), "first_contact=false"),
            ]
        }


class RecordCard(CardPage):
    entity, part, template = "records", "crm/record_card.html", "crm/record.html"

    def rows(self) -> QuerySet[ServiceRecord]:
        return listed()

    def more(self, row: Any) -> dict[str, Any]:
        about = categories.tree().shown(row.category_id)
        row.about, row.author_name = " / ".join(about["path"]) if about else "", named(row.author)
        return {"may_change": self.may("change", row), "entries": entries_of(self.user, row)}

    def heading(self) -> str:
        return str(self.row().created_at.date())


class ChangeRecord(SettingForm):
    entity, form_class, shown = "records", forms.RecordForm, False

    def rows(self) -> QuerySet[ServiceRecord]:
        return listed()

    def heading(self) -> str:
        row = self.row()
        return row.customer.name if row.customer else row.call

    def initial(self, row: Any) -> dict[str, Any]:
        return {**super().initial(row), "followed_up": row.followed_up_at is not None}

    def save(self, row: Any, values: dict[str, Any]) -> ServiceRecord:
        if values["followed_up"] == (row.followed_up_at is not None):
            del values["followed_up"]
        return record_services.change_record(row, values, self.user)


class FoundCustomers(OfficePage):
    """Who fits what is being typed: options of a <datalist>."""

    entity = "customers"

    def get(self, request: HttpRequest) -> HttpResponse:
        text = request.GET.get("customer", "").strip()[:60]
        found = found_customers(text, self.user) if len(text) > 1 else []
        return self.answer({"found": found}, template="crm/found_customers.html")
