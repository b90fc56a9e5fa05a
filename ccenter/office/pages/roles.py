"""Roles: what their members may do with which rows, and who they are."""

import hashlib
import json
from typing import Any, NamedTuple

from django import forms
from django.contrib.auth.models import Group
from django.db.models import Count
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from ccenter.office import rights, services
from ccenter.office.models import Right
from ccenter.office.pages.acts import Act, ManyActs
from ccenter.office.pages.cards import entries_of
from ccenter.office.pages.forms import FormPage
from ccenter.office.pages.frame import gone_to
from ccenter.office.pages.lists import Column, ListPage

RIGHT = "right-"  # before an action: the name of its field
SCOPES = dict(Right.Scope.choices)


class Cell(NamedTuple):
    title: Any
    field: Any


class Line(NamedTuple):
    """An entity's rights as the editor shows them."""

    entity: rights.Entity
    cells: list[Cell]


class RoleForm(forms.Form):
    """A name, members, and a field for every action there is: the scope in which it is allowed."""

    name = forms.CharField(label=_("name"), max_length=150)
    user_set = forms.ModelMultipleChoiceField(
        services.people().order_by("username"),
        label=_("Members"),
        required=False,
        to_field_name="username",
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        for entity in rights.entities():
            scopes = [(scope, SCOPES[scope]) for scope in rights.scopes_of(entity)]
            for verb, title in entity.verbs.items():
                self.fields[f"{RIGHT}{entity.name}.{verb}"] = forms.ChoiceField(choices=scopes, label=title, required=False)


def wanted(values: dict[str, Any]) -> dict[str, Any]:
    """What the form holds, as services take it."""
    scopes = {name.removeprefix(RIGHT): scope or "none" for name, scope in values.items() if name.startswith(RIGHT)}
    return {"name": values["name"], "user_set": list(values["user_set"]), "rights": scopes}


class Roles(ManyActs, ListPage):
    entity, title, icon = "roles", _("Roles"), "shield-lock"
    queryset = Group.objects.annotate(members=Count("user", distinct=True))
    search_fields = ("name",)
    ordering = "name"
    columns = (Column(_("Role")), Column(_("name"), "name"), Column(_("Members"), figures=True))
    row_template = "office/role_row.html"
    card, new = "office:role", "office:role_new"
    acts = (Act("delete", _("Delete"), services.delete_role, icon="trash", kind="bad", sure=_("Delete the ticked roles?")),)

    def more(self, rows: list[Any]) -> dict[str, Any]:
        for row in rows:
            row.title = rights.ROLES.get(row.name, row.name)
        return {}


class NewRole(FormPage):
    entity, verb, title = "roles", "add", _("New role")
    form_class, part = RoleForm, "office/role_form.html"

    def more(self, form: Any, row: Any) -> dict[str, Any]:
        lines = [
            Line(one, [Cell(title, form[f"{RIGHT}{one.name}.{verb}"]) for verb, title in one.verbs.items()])
            for one in rights.entities()
        ]
        entries = entries_of(self.user, row) if row is not None else []
        return {"lines": sorted(lines, key=lambda line: str(line.entity.label)), "entries": entries}

    def back(self) -> str:
        return reverse("office:roles")

    def save(self, row: Any, values: dict[str, Any]) -> Group:
        return services.add_role(self.user, wanted(values))

    def done(self, row: Any) -> HttpResponse:
        return gone_to(reverse("office:role", args=[row.pk]))


class RoleCard(NewRole):
    """Who may only see roles sees the same form, and no button."""

    verb = "view"
    queryset = Group.objects.prefetch_related("rights")

    def heading(self) -> str:
        row = self.row()
        return str(rights.ROLES.get(row.name, row.name))

    def version(self, row: Any) -> str:
        """Groups are Django's and do not count: what matters of them is digested."""
        if row is None:
            return ""
        held = sorted(Right.objects.filter(group=row).values_list("action", "scope"))
        members = sorted(row.user_set.values_list("pk", flat=True))
        return hashlib.sha256(json.dumps([row.name, held, members]).encode()).hexdigest()[:20]

    def initial(self, row: Any) -> dict[str, Any]:
        held = {f"{RIGHT}{right.action}": right.scope for right in row.rights.all()}
        return {"name": row.name, "user_set": list(row.user_set.values_list("username", flat=True)), **held}

    def form(self, row: Any, data: Any = None) -> Any:
        form = super().form(row, data)
        if row.name in rights.ROLES:
            form.fields["name"].disabled = True
        if not self.may("change"):
            for field in form.fields.values():
                field.disabled = True
        return form

    def post(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        rights.require(self.user, "roles.change")
        return super().post(request, *args, **kwargs)

    def save(self, row: Any, values: dict[str, Any]) -> Group:
        return services.change_role(self.user, row, wanted(values))
