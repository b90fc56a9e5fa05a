"""Small tables of rules and settings, each described in one place: a list, and the form of a row beside it."""

import datetime
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, ClassVar, NamedTuple

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ccenter.office import rights
from ccenter.office.errors import Conflict
from ccenter.office.pages.acts import Act, ManyActs
from ccenter.office.pages.cards import entries_of
from ccenter.office.pages.forms import FormPage
from ccenter.office.pages.frame import Text, asked_in_part, said
from ccenter.office.pages.lists import Column, ListPage
from crm.services import rows

Cells = Callable[[Any], Sequence[Any]]
Write = Callable[[Any, Any, dict[str, Any]], Any]


class Tab(NamedTuple):
    """A list beside this one. `right`: who sees it."""

    name: str
    label: Text
    right: str

    @property
    def address(self) -> str:
        return reverse(self.name)


class Tabbed(ListPage):
    """A list with those that belong to it one click away."""

    template = "orders/tabbed_list.html"
    tabs: ClassVar[tuple[Tab, ...]] = ()

    def more(self, rows: list[Any]) -> dict[str, Any]:
        return {"tabs": [tab for tab in self.tabs if rights.may(self.user, tab.right)]}


class Table(ManyActs, Tabbed):
    """`cells(row)` gives what stands in the columns."""

    side = True
    row_template = "orders/cells.html"
    queryset: ClassVar[Any] = None
    cells: ClassVar[Any] = None

    def more(self, rows: list[Any]) -> dict[str, Any]:
        for row in rows:
            row.cells = list(map(Cell.of, self.cells(row)))
        return super().more(rows)


class Cell(NamedTuple):
    """What a column shows: `kind` "text", "figures", "money", "time", "day" or "yes" (a mark, or nothing)."""

    kind: str
    value: Any

    @classmethod
    def of(cls, value: Any) -> "Cell":
        match value:
            case Cell():
                return value
            case bool():
                return cls("yes", value)
            case Decimal():
                return cls("money", value)
            case int():
                return cls("figures", value)
            case datetime.datetime():
                return cls("time", value)
            case datetime.date():
                return cls("day", value)
            case None:
                return cls("text", "")
        return cls("text", value)


class TableForm(FormPage):
    """The form of a row; whoever may not change it reads it. `list_name`: of the list's address.

    `write(user, row, values)`, where it is not simply written; `many`: fields of several rows.
    """

    verb = "view"
    template, part = "orders/goods_form_page.html", "orders/table_form.html"
    list_name: ClassVar[str] = ""
    model: ClassVar[Any] = None
    form_class: ClassVar[Any] = None
    fresh: ClassVar[Mapping[str, Any]] = {}
    many: ClassVar[tuple[str, ...]] = ()
    write: ClassVar[Any] = None
    remove: ClassVar[Any] = None

    def rows(self) -> QuerySet[Any]:
        return self.model._default_manager.all()

    def back(self) -> str:
        beside = asked_in_part(self.request)
        return reverse(self.list_name) if self.list_name and not beside else ""

    def may_save(self) -> bool:
        return self.may("add" if self.verb == "add" else "change")

    def form(self, row: Any, data: Any = None) -> Any:
        form = super().form(row, data)
        if not self.may_save():
            for field in form.fields.values():
                field.disabled = True
        return form

    def initial(self, row: Any) -> dict[str, Any]:
        asked = {name: value for name, value in self.request.GET.items() if name in self.form_class.base_fields}
        return super().initial(row) if row is not None else {**self.fresh, **asked}

    def save(self, row: Any, values: dict[str, Any]) -> Any:
        if self.write is not None:
            return self.write(self.user, row, values)
        others = {name: values.pop(name) for name in self.many}
        if row is None:
            return rows.add(self.user, self.entity, self.model(**values), **others)
        return rows.change(self.user, self.entity, row, values, **others)

    def more(self, form: Any, row: Any) -> dict[str, Any]:
        if row is None:
            return {"may_save": True}
        return {"may_save": self.may_save(), "entries": entries_of(self.user, row), "may_delete": self.may("delete", row)}

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """`drop`: the row is deleted."""
        drop = "drop" in request.POST
        rights.require(self.user, f"{self.entity}.{'delete' if drop else 'add' if self.verb == 'add' else 'change'}")
        if not drop or "key" not in kwargs:
            return super().post(request, *args, **kwargs)
        row = self.locked()
        self.check_version(row)
        if self.remove is not None:
            self.remove(self.user, row)
        else:
            rows.delete(self.user, self.entity, row)
        return said(gettext("Deleted."), rows_changed=True, close_record=True)


@contextmanager
def of_the_whole() -> Iterator[None]:
    """What a service says of a field that the form does not have, it says of the form."""
    try:
        yield
    except ValidationError as error:
        raise (Conflict if isinstance(error, Conflict) else ValidationError)(error.messages) from error


def delete(entity: str) -> Act:
    return Act(
        "delete",
        _("Delete"),
        lambda user, row: rows.delete(user, entity, row),
        icon="trash",
        kind="bad",
        sure=_("Delete the ticked rows?"),
    )


def switches(entity: str) -> tuple[Act, Act]:
    """Rules that count, and rules that rest."""

    def switched(active: bool) -> Callable[[Any, Any], Any]:
        return lambda user, row: rows.change(user, entity, row, {"active": active})

    return (
        Act("on", _("Switch on"), switched(True), "change", icon="player-play"),
        Act("off", _("Switch off"), switched(False), "change", icon="player-pause"),
    )


def table(
    name: str,
    address: str,
    *,
    entity: str,
    model: type[Model],
    form: type[forms.BaseForm],
    title: Text,
    new: Text,
    icon: str,
    columns: Sequence[Column],
    cells: Cells,
    queryset: QuerySet[Any] | None = None,
    search: tuple[str, ...] = (),
    hint: Text = "",
    ordering: str = "id",
    fresh: Mapping[str, Any] | None = None,
    many: tuple[str, ...] = (),
    write: Write | None = None,
    remove: Callable[[Any, Any], Any] | None = None,
    acts: tuple[Act, ...] = (),
    tabs: tuple[Tab, ...] = (),
) -> list[URLPattern]:
    """The addresses of a table: orders:<name>s, orders:<name> of a row, orders:<name>_new."""
    shared = {"entity": entity, "model": model, "form_class": form, "many": many, "write": write, "remove": remove}
    shared["list_name"] = f"orders:{name}s"
    return [
        path(
            f"{address}/",
            Table.as_view(
                entity=entity,
                title=title,
                icon=icon,
                queryset=model._default_manager.all() if queryset is None else queryset,
                columns=tuple(columns),
                cells=cells,
                search_fields=search,
                search_hint=hint,
                ordering=ordering,
                card=f"orders:{name}",
                new=f"orders:{name}_new",
                acts=acts,
                tabs=tabs,
                saved_as=f"{entity}-{address}",
            ),
            name=f"{name}s",
        ),
        path(f"{address}/new/", TableForm.as_view(verb="add", title=new, fresh=fresh or {}, **shared), name=f"{name}_new"),
        path(f"{address}/<int:key>/", TableForm.as_view(**shared), name=name),
    ]
