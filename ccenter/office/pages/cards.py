"""Cards: one row, what can be done with it now, and what was done with it.

    class BranchCard(RowActs, CardPage):
        entity, queryset = "branches", Branch.objects.all()
        template, part = "office/branch.html", "office/branch_card.html"    # the page extends office/card.html
        acts = (Act("delete", _("Delete"), services.delete_branch, icon="trash", kind="bad"),)

The page's address has `key`. A row out of the user's scope is not there.
"""

import re
from datetime import datetime
from typing import Any, ClassVar

from django.apps import apps
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from ccenter.office import rights
from ccenter.office.errors import Conflict
from ccenter.office.models import AuditEntry
from ccenter.office.pages.frame import OfficePage, stale_text
from ccenter.office.rest import as_read

ENTRIES = 50  # of the audit log, on a card
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")  # as JSON has it


class RowPage(OfficePage):
    """A page of one row; `lookup`: the column that its address names."""

    queryset: ClassVar[QuerySet[Any]]
    lookup: ClassVar[str] = "pk"

    def rows(self) -> QuerySet[Any]:
        return self.queryset.all()

    def row(self) -> Any:
        """The row of the address, if this user may see it and do what the page is for; read once."""
        if not hasattr(self, "_row"):
            rows = rights.scoped(self.user, self.rows().filter(**{self.lookup: self.kwargs["key"]}), self.entity)
            if self.verb != "view":
                rows = rights.scoped(self.user, rows, self.entity, self.verb)
            self._row = rows.first()
        if self._row is None:
            raise Http404
        return self._row

    def locked(self) -> Any:
        """The same, locked until the transaction ends, as it is in the table now."""
        row = type(self.row())._base_manager.select_for_update().filter(pk=self.row().pk).first()
        if row is None:
            raise Http404
        del self._row
        return row

    def stale(self, row: Model) -> bool:
        """Whether somebody has changed the row since the form that was sent was drawn."""
        return self.request.POST.get("version", "") != self.version(row)

    def check_version(self, row: Model) -> None:
        """Raises Conflict when the row on the screen is old."""
        if self.stale(row):
            raise Conflict(stale_text(row))


class CardPage(RowPage):
    template = "office/card.html"

    def more(self, row: Any) -> dict[str, Any]:
        """More for the templates."""
        return {}

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        row = self.row()
        offered = self.offered(row) if hasattr(self, "offered") else []
        return self.answer(self.context(row=row, acts=offered, version=self.version(row), **self.more(row)))

    def heading(self) -> str:
        return str(self.row())


def entries_of(user: Any, row: Model) -> list[AuditEntry]:
    """What was done with a row, the last first, for `office/entries.html`; numbers and addresses as this user reads them."""
    found = AuditEntry.objects.filter(entity=row._meta.label_lower, key=str(row.pk)).select_related("user")
    return [told(user, entry) for entry in found.order_by("-at", "-id")[:ENTRIES]]


def told(user: Any, entry: AuditEntry) -> AuditEntry:
    """An entry as people read it: `title`, `kind`, and `changes` under the fields' names, masked for who reads them masked."""
    entry.title = str(rights.title_of(entry.action))  # type: ignore[attr-defined]
    entry.kind, names = _named(entry.entity)  # type: ignore[attr-defined]
    entry.label = as_read(user, "", entry.label)
    entry.changes = {
        names.get(field, field): [_plain(as_read(user, field, value)) for value in pair] for field, pair in entry.changes.items()
    }
    return entry


def _named(entity: str) -> tuple[str, dict[str, str]]:
    """What a model is called, and its fields by column; a model that is no more: as it was written down."""
    try:
        model = apps.get_model(entity)
    except (LookupError, ValueError):
        return entity, {}
    return str(model._meta.verbose_name), {field.attname: str(field.verbose_name) for field in model._meta.concrete_fields}


def _plain(value: Any) -> str:
    """A value as people write it."""
    match value:
        case None:
            return ""
        case bool():
            return _("yes") if value else _("no")
        case list():
            return ", ".join(map(_plain, value))
        case str() if MOMENT.fullmatch(value):
            return date_format(localtime(datetime.fromisoformat(value)), "Y-m-d H:i")
        case dict():
            return ", ".join(f"{key}: {_plain(one)}" for key, one in value.items())
    return str(value)
