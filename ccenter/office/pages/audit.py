"""The audit log: who did what, when, from what to what."""

from typing import Any

import django_filters
from django.apps import apps
from django.utils.translation import gettext_lazy as _

from ccenter.office import rights
from ccenter.office.filters import Filters, From, Until
from ccenter.office.models import AuditEntry
from ccenter.office.pages.cards import told
from ccenter.office.pages.lists import Column, ListPage

OURS = {"calls", "office", "crm", "orders"}


def actions() -> list[tuple[str, str]]:
    return [(action, str(rights.title_of(action))) for action in sorted(rights.actions())]


def models() -> list[tuple[str, str]]:
    found = [(one._meta.label_lower, str(one._meta.verbose_name)) for one in apps.get_models() if one._meta.app_label in OURS]
    return sorted([*found, ("auth.group", str(_("role"))), ("auth.user", str(_("user")))], key=lambda pair: pair[1])


class AuditFilters(Filters):
    user = django_filters.CharFilter("user__username", label=_("Who"))
    action = django_filters.ChoiceFilter(label=_("What"), choices=actions)
    entity = django_filters.ChoiceFilter(label=_("Kind of row"), choices=models)
    key = django_filters.CharFilter(label=_("Key"), max_length=40)
    since = From("at", label=_("From"))
    until = Until("at", label=_("To"))

    class Meta:
        model = AuditEntry
        fields: list[str] = []


class Audit(ListPage):
    entity, title, icon = "audit", _("Audit log"), "history"
    queryset = AuditEntry.objects.select_related("user")
    filterset_class = AuditFilters
    columns = (Column(_("When"), "id"), Column(_("Who")), Column(_("What")), Column(_("Row")), Column(_("From, to")))
    row_template = "office/audit_row.html"

    def more(self, rows: list[Any]) -> dict[str, Any]:
        for entry in rows:
            told(self.user, entry)
        return {}
