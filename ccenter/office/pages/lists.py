"""Lists: searched, filtered and ordered by the server, page by page; filters under a name; acts with ticked rows.

    class Branches(ManyActs, ListPage):
        entity, title = "branches", _("Branches")
        queryset = Branch.objects.all()
        columns = (Column(_("Code"), "code"), Column(_("Name"), "name"), Column(_("City")))
        row_template = "office/branch_row.html"          # its <td>s, of {{ row }}
        card, new = "office:branch", "office:branch_new"  # names of addresses

What a list is asked for stands in its address, as in REST: ?search=&ordering=&cursor= and the filters' own names.
"""

from typing import Any, ClassVar, NamedTuple
from urllib.parse import urlencode

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from ccenter.office import rights
from ccenter.office.filters import YesNoField
from ccenter.office.pages import keyset
from ccenter.office.pages.frame import OfficePage, Text, asked_in_part
from ccenter.office.pages.saved import saved_filters

LONGEST = 100  # characters of a search
OURS = ("search", "ordering", "cursor")
NEARNESS = "nearness"  # an annotation of rows that were searched: the greatest first, unless another order is asked for


class Column(NamedTuple):
    """`order`: what the list can be ordered by there; `figures`: set to the right."""

    label: Text
    order: str = ""
    figures: bool = False


class Line(NamedTuple):
    row: Any
    address: str


class Head(NamedTuple):
    """A column's head: what a click on it orders by, and which way the list is ordered by it now (ascending, descending, "")."""

    label: Text
    next: str
    way: str
    figures: bool


class ListPage(OfficePage):
    """`filterset_class` is the one that REST has (`ccenter.office.filters`), `filters` which of it are shown, in this order.

    `side`: a row's card is shown beside the list and not on a page of its own. `export` names the address of its
    ExportPage. `saved_as`: "stock-moves", where an entity has several lists, whose saved filters are not each other's. Each list
    takes the same number of queries whatever it holds; `queryset` fetches what `row_template` reads.
    """

    template, part = "office/list.html", "office/rows.html"
    icon: ClassVar[str] = "list"
    queryset: ClassVar[QuerySet[Any]]
    filterset_class: ClassVar[Any] = None
    filters: ClassVar[tuple[str, ...] | None] = None
    search_fields: ClassVar[tuple[str, ...]] = ()
    search_hint: ClassVar[Text] = ""
    ordering: ClassVar[str] = "-id"
    columns: ClassVar[tuple[Column, ...]] = ()
    row_template: ClassVar[str] = ""
    card: ClassVar[str] = ""
    new: ClassVar[str] = ""
    side: ClassVar[bool] = False
    export: ClassVar[str] = ""
    saved_as: ClassVar[str] = ""
    size: ClassVar[int] = keyset.USUAL
    acts: ClassVar[tuple[Any, ...]] = ()

    def rows(self) -> QuerySet[Any]:
        """All there are, with what the list shows of them."""
        return self.queryset.all()

    def search(self, rows: QuerySet[Any], text: str) -> QuerySet[Any]:
        """Those that match; by `search_fields`, any of which holds the text. With `nearness` where some fit better."""
        found = Q()
        for field in self.search_fields:
            found |= Q(**{f"{field}__icontains": text})
        return rows.filter(found)

    def searches(self) -> bool:
        return bool(self.search_fields) or type(self).search is not ListPage.search

    def address(self, row: Any) -> str:
        """Of a row's card; "" for none."""
        return reverse(self.card, args=[row.pk]) if self.card else ""

    def shown_columns(self) -> tuple[Column, ...]:
        return self.columns

    def more(self, rows: list[Any]) -> dict[str, Any]:
        """For the templates; `rows` is the page that is shown, for what is read of all of them at once."""
        return {}

    # -- how it goes --

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        context = self.context(**self.asked())
        context |= self.more([line.row for line in context["lines"]])
        if asked_in_part(request):
            answer = self.answer(context)
            answer["HX-Replace-Url"] = f"{request.path}?{context['query']}" if context["query"] else request.path
            return answer
        of = self.saved_as or self.entity
        saved = {"saved": saved_filters(self.user, of), "here": request.path, "of": of}
        saved |= {
            "may_add": bool(self.new) and self.may("add"),
            "may_export": bool(self.export) and self.may("export"),
        }  # fmt: skip
        return self.answer(context | saved)

    def asked(self) -> dict[str, Any]:
        """The page of rows that the address asks for, and what its form holds."""
        asked = self.request.GET
        text, wished = asked.get("search", "").strip(), asked.get("ordering", "")
        ordering = wished or self.ordering
        filtering = self.filtering()
        lines: list[Line] = []
        found, trouble = keyset.Page([], None, None), []
        try:
            rows = self._found(filtering, text, ordering)
            if not wished and NEARNESS in rows.query.annotations:
                ordering = f"-{NEARNESS}"
            found = keyset.page(rows, ordering, asked.get("cursor", "")[:2000], self.size)
            lines = [Line(row, self.address(row)) for row in found.rows]
        except ValidationError as error:
            trouble = list(error.messages)
        given = [(name, value) for name, values in asked.lists() for value in values if value and name not in ("cursor", "act")]
        acts = [act for act in self.acts if self.may(act.right)]
        return {
            "lines": lines, "found": found, "trouble": trouble, "text": text, "ordering": wished, "acts": acts,
            "heads": [self._head(column, ordering) for column in self.shown_columns()], "fields": self._fields(filtering),
            "query": urlencode([one for one in given if one != ("ordering", self.ordering)]),
            "cursor": asked.get("cursor", ""), "filtered": bool(text) or any(name not in OURS for name, _value in given),
        }  # fmt: skip

    def filtering(self) -> Any:
        if self.filterset_class is None:
            return None
        rows = rights.scoped(self.user, self.rows(), self.entity)
        return self.filterset_class(self.request.GET, rows, request=self.request)

    def _found(self, filtering: Any, text: str, ordering: str) -> QuerySet[Any]:
        """Raises ValidationError for what the list does not understand: it would silently be everything."""
        known = {*OURS, *(filtering.filters if filtering else ())}
        if unknown := sorted(set(self.request.GET) - known):
            raise ValidationError(_("There is no such filter: %(name)s") % {"name": unknown[0][:40]})
        if ordering.removeprefix("-") not in {
            self.ordering.removeprefix("-"),
            *(c.order for c in self.shown_columns() if c.order),
        }:
            raise ValidationError(_("Not by this."))
        if len(text) > LONGEST or "\0" in text:
            raise ValidationError(_("At most 100 characters."))
        if filtering is not None and not filtering.is_valid():
            labels = filtering.form.fields
            raise ValidationError(
                [
                    f"{labels[name].label if name in labels else name}: {why}"
                    for name, whys in filtering.errors.items()
                    for why in whys
                ]
            )
        rows = filtering.qs if filtering is not None else rights.scoped(self.user, self.rows(), self.entity)
        return self.search(rows, text) if text and self.searches() else rows

    def _fields(self, filtering: Any) -> list[Any]:
        if filtering is None:
            return []
        form = filtering.form
        for field in form.fields.values():
            if isinstance(field, YesNoField):
                field.widget = forms.Select(choices=[("", _("all")), ("true", _("yes")), ("false", _("no"))])
        return [form[name] for name in (self.filters if self.filters is not None else form.fields) if name in form.fields]

    def _head(self, column: Column, ordering: str) -> Head:
        way = {column.order: "ascending", f"-{column.order}": "descending"}.get(ordering, "") if column.order else ""
        return Head(capfirst(str(column.label)), f"-{column.order}" if way == "ascending" else column.order, way, column.figures)
