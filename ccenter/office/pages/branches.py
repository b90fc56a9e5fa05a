"""Branches: shops and branch offices, and who logs in for them."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from ccenter.office import services
from ccenter.office.filters import Filters
from ccenter.office.models import Branch
from ccenter.office.pages.acts import Act, ManyActs
from ccenter.office.pages.cards import entries_of
from ccenter.office.pages.forms import FormPage, MaskedField, RowForm
from ccenter.office.pages.lists import Column, ListPage


class BranchFilters(Filters):
    class Meta:
        model = Branch
        fields = ["city", "active"]


class BranchForm(RowForm):
    phone = MaskedField("number", label=_("Telephone"), max_length=40, required=False)
    address = MaskedField("address", label=_("Address"), max_length=200, required=False)
    logins = forms.ModelMultipleChoiceField(
        services.people().order_by("username"),
        label=_("Logins"),
        required=False,
        to_field_name="username",
        widget=forms.CheckboxSelectMultiple,
    )

    class Meta:
        model = Branch
        fields = ["code", "name", "phone", "email", "province", "city", "address", "active", "logins"]


class Branches(ManyActs, ListPage):
    entity, title, icon = "branches", _("Branches"), "building-store"
    queryset = Branch.objects.prefetch_related("logins")
    filterset_class = BranchFilters
    search_fields = ("code", "name", "city")
    search_hint = _("Code, name, city …")
    ordering = "code"
    columns = (
        Column(_("Code"), "code"), Column(_("name"), "name"), Column(_("Telephone")), Column(_("City")), Column(_("Address")),
        Column(_("Logins")),
    )  # fmt: skip
    row_template = "office/branch_row.html"
    card, new, side = "office:branch", "office:branch_new", True
    acts = (
        Act("open", _("Switch on"), lambda user, row: services.change_branch(user, row, {"active": True}), "change"),
        Act("close", _("Switch off"), lambda user, row: services.change_branch(user, row, {"active": False}), "change"),
        Act("delete", _("Delete"), services.delete_branch, kind="bad", sure=_("Delete the ticked branches?")),
    )


class NewBranch(FormPage):
    entity, verb, title = "branches", "add", _("New branch")
    form_class = BranchForm

    def initial(self, row: Any) -> dict[str, Any]:
        return {"active": True}

    def save(self, row: Any, values: dict[str, Any]) -> Branch:
        return services.add_branch(self.user, values)


class BranchCard(FormPage):
    entity, queryset = "branches", Branch.objects.all()
    form_class = BranchForm
    part = "office/branch_form.html"

    def initial(self, row: Branch) -> dict[str, Any]:
        return super().initial(row) | {"logins": list(row.logins.values_list("username", flat=True))}

    def save(self, row: Branch, values: dict[str, Any]) -> Branch:
        return services.change_branch(self.user, row, values)

    def more(self, form: Any, row: Branch) -> dict[str, Any]:
        return {"entries": entries_of(self.user, row)}
