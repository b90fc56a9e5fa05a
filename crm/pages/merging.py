"""Customers who are in the book twice: the queue of pairs, two side by side, and merges that can be undone."""

from typing import Any, ClassVar, NamedTuple

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ccenter.calls import tokens
from ccenter.office import rights
from ccenter.office.filters import Filters
from ccenter.office.pages.acts import Act, ManyActs
from ccenter.office.pages.cards import RowPage
from ccenter.office.pages.frame import OfficePage, gone_to, said
from ccenter.office.pages.lists import Column, ListPage
from ccenter.office.rest import shown
from crm.models import Customer, CustomField, Duplicate, Merge
from crm.pages.values import own_text, place
from crm.selectors import fields as own_fields
from crm.selectors import finding
from crm.selectors.duplicates import duplicates, hanging, merges
from crm.services import merging, openings


class Line(NamedTuple):
    """One thing of both: [(customer, their value)]. `take` names the column that may be taken from the one who goes."""

    label: Any
    values: list[tuple[Customer, Any]]
    take: str = ""

    @property
    def differs(self) -> bool:
        return bool(self.values[0][1] != self.values[1][1])

    @property
    def many(self) -> bool:
        return isinstance(self.values[0][1], list)


def compared(people: list[Customer], user: Any, seen: list[CustomField]) -> list[Line]:
    """Two customers line by line, as this user reads them."""

    def both(label: Any, read: Any, take: str = "") -> Line:
        return Line(label, [(one, read(one)) for one in people], take)

    lines = [
        both(_("Name"), lambda one: one.name, "name"),
        both(_("Member number"), lambda one: one.number),
        both(_("Form of address"), lambda one: one.get_title_display() if one.title else "", "title"),
        both(_("Level"), lambda one: one.get_level_display(), "level"),
        both(_("Language"), lambda one: one.get_language_display() if one.language else "", "language"),
        both(_("Telephone"), lambda one: [shown(user, "number", tokens.spelt(phone.number)) for phone in one.phones.all()]),
        both(_("Address"), lambda one: [place(address, user) for address in one.addresses.all()]),
        both(_("Email"), lambda one: one.email, "email"),
        both(_("Tags"), lambda one: [tag.name for tag in one.tags.all()]),
        both(_("Looked after by"), lambda one: one.owner.get_username() if one.owner else ""),
        both(_("Team"), lambda one: str(one.team) if one.team else ""),
        both(_("Branch"), lambda one: one.branch.name if one.branch else ""),
        both(_("Points"), lambda one: one.points),
        both(_("Customer since"), lambda one: f"{localtime(one.created_at):%Y-%m-%d}"),
    ]
    own = [both(field.name, lambda one, field=field: own_text(field, one.fields.get(field.code))) for field in seen]
    there = hanging([one.pk for one in people])
    names = dict.fromkeys(name for counts in there.values() for name in counts)
    more = [both(name, lambda one, name=name: there[one.pk].get(name, 0)) for name in names]
    return [*lines, *(line for line in own if any(value for _one, value in line.values)), *more]


class Compare(OfficePage):
    """Two customers side by side; POST `keep` (a key) and `take` (columns) merges them."""

    entity, verb = "customers", "merge"
    title = gettext_lazy("Merge customers")
    template, part = "crm/compare.html", "crm/compare_part.html"

    def pair(self) -> tuple[Customer, Customer]:
        rows = rights.scoped(self.user, finding.found(), "customers").in_bulk([self.kwargs["left"], self.kwargs["right"]])
        if len(rows) != 2:
            raise Http404
        return rows[self.kwargs["left"]], rows[self.kwargs["right"]]

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        left, right = self.pair()
        openings.note(request, [left.pk, right.pk])
        return self.answer(self.context(**self.both(left, right)))

    def both(self, left: Customer, right: Customer) -> dict[str, Any]:
        lines = compared([left, right], self.user, own_fields.visible(self.user))
        return {"people": [left, right], "lines": lines, "pair": None, "decide": True}

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        kept = merged(request, self.user, *self.pair())
        return gone_to(reverse("crm:customer", args=[kept.pk]))


def merged(request: HttpRequest, user: Any, left: Customer, right: Customer) -> Customer:
    """Merges two as the form says, and gives the one who stays. Raises ValidationError, PermissionDenied."""
    keep = request.POST.get("keep", "")
    if keep not in (str(left.pk), str(right.pk)):
        raise ValidationError({"keep": _("Which of the two stays?")})
    kept, gone = (left, right) if keep == str(left.pk) else (right, left)
    if any(request.POST.get(f"version_{one.pk}") != str(one.version) for one in (left, right)):
        raise ValidationError(_("One of the two was changed meanwhile. Look at them again."))
    for one in (kept, gone):
        rights.require(user, "customers.merge", one)
    # for each column whose value is wanted: the key is whose
    take = [name for name in merging.TAKEN if request.POST.get(f"take_{name}") == str(gone.pk)]
    return merging.merge(kept, gone, user, take).kept


class MergeWith(RowPage):
    """Who the other one is: found by searching."""

    entity, verb = "customers", "merge"
    queryset = finding.found()
    template, part = "crm/merge_with.html", "crm/merge_found.html"
    MOST: ClassVar[int] = 20

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        row = self.row()
        text = request.GET.get("search", "").strip()[:100]
        if not text and "search" not in request.GET:
            text = row.name
        seen = {one.pk for one in finding.customers(text, self.user, self.MOST)} - {row.pk} if text else set()
        people = rights.scoped(self.user, finding.found().filter(pk__in=seen), "customers", "merge")
        lines = []
        for one in people[: self.MOST]:
            numbers = ", ".join(shown(self.user, "number", tokens.spelt(phone.number)) for phone in one.phones.all())
            lines.append((one, numbers, place(one.main_address, self.user) if one.main_address else ""))
        return self.answer(self.context(row=row, text=text, lines=lines))

    def heading(self) -> str:
        return f"{_('Merge customers')}: {self.row()}"


# -- the queue -------------------------------------------------------------------------------------------------


class DuplicateFilters(Filters):
    class Meta:
        model = Duplicate
        fields = ["state", "reason"]


class Duplicates(ManyActs, ListPage):
    entity = "duplicates"
    title = gettext_lazy("Duplicates")
    icon = "users-group"
    queryset = duplicates()
    filterset_class = DuplicateFilters
    columns = (
        Column(gettext_lazy("Reason")),
        Column(gettext_lazy("Customer")),
        Column(gettext_lazy("The other customer")),
        Column(gettext_lazy("Found")),
        Column(gettext_lazy("State")),
    )
    row_template = "crm/duplicates_row.html"
    card = "crm:duplicate"
    acts = (
        Act("distinct", gettext_lazy("Two people"), lambda user, row: merging.distinct(row, user), verb="change", icon="users"),
    )

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """What is to be decided, unless something else is asked for."""
        if not request.GET:
            self.request.GET = request.GET.copy()
            self.request.GET["state"] = Duplicate.State.OPEN
        return super().get(request, *args, **kwargs)

    def more(self, rows: list[Any]) -> dict[str, Any]:
        for row in rows:
            row.people = [self.told(one) for one in (row.first, row.second)]
        return {}

    def told(self, one: Customer) -> dict[str, Any]:
        numbers = ", ".join(shown(self.user, "number", tokens.spelt(phone.number)) for phone in one.phones.all())
        where = place(one.main_address, self.user) if one.main_address else ""
        return {"name": one.name, "number": one.number, "about": " · ".join(filter(None, (numbers, where)))}


class Pair(Compare):
    """A pair of the queue. POST `decision`: merge (with `keep`, `take`) or distinct; then the next one comes."""

    entity, verb = "duplicates", "view"
    title = gettext_lazy("One or two?")

    def queue(self) -> QuerySet[Duplicate]:
        return rights.scoped(self.user, duplicates().prefetch_related(None), "duplicates")

    def duplicate(self) -> Duplicate:
        found = self.queue().filter(pk=self.kwargs["key"]).first()
        if found is None:
            raise Http404
        return found

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.drawn(self.duplicate())

    def drawn(self, pair: Duplicate) -> HttpResponse:
        people = finding.found().in_bulk([pair.first_id, pair.second_id])
        openings.note(self.request, list(people))
        both = self.both(people[pair.first_id], people[pair.second_id])
        open_ = pair.state == Duplicate.State.OPEN
        decide = rights.may(self.user, "duplicates.change", pair)
        may_merge = decide and all(rights.may(self.user, "customers.merge", one) for one in people.values())
        after = self.after(pair) if open_ else None
        more = {"pair": pair, "decide": decide and open_, "may_merge": may_merge, "after": after}
        return self.answer(self.context(**both | more))

    def after(self, pair: Duplicate) -> Duplicate | None:
        """The next that is to be decided, from the newest to the oldest and around."""
        rest = self.queue().filter(state=Duplicate.State.OPEN).exclude(pk=pair.pk).order_by("-pk")
        return rest.filter(pk__lt=pair.pk).first() or rest.first()

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        rights.require(self.user, "duplicates.change")
        pair = self.duplicate()
        rights.require(self.user, "duplicates.change", pair)
        if pair.state != Duplicate.State.OPEN:
            raise ValidationError(_("Somebody else has decided this already."))
        if request.POST.get("decision") == "distinct":
            merging.distinct(pair, self.user)
        else:
            people = finding.found().in_bulk([pair.first_id, pair.second_id])
            merged(request, self.user, people[pair.first_id], people[pair.second_id])
        after = self.after(pair)
        return gone_to(reverse("crm:duplicate", args=[after.pk]) if after else reverse("crm:duplicates"))


# -- what was merged -------------------------------------------------------------------------------------------


class Merges(ListPage):
    entity = "merges"
    title = gettext_lazy("Merged customers")
    icon = "arrows-join"
    queryset = merges()
    search_fields = ("kept__name", "gone__name", "gone__number")
    columns = (
        Column(gettext_lazy("Merged")),
        Column(gettext_lazy("Who stayed")),
        Column(gettext_lazy("Who became part of them")),
        Column(gettext_lazy("By")),
        Column(""),
    )
    row_template = "crm/merges_row.html"

    def more(self, rows: list[Any]) -> dict[str, Any]:
        mine = rights.scoped(self.user, Merge.objects.filter(pk__in=[row.pk for row in rows]), "merges", "undo")
        keys = set(mine.values_list("pk", flat=True)) if rights.may(self.user, "merges.undo") else set()
        for row in rows:
            row.may_undo = row.pk in keys and row.undone_at is None
        return {}


class UndoMerge(RowPage):
    """POST: both are there again. `to`: the customer whose card it was done on."""

    entity, verb = "merges", "undo"
    queryset = Merge.objects.defer("moved")
    http_method_names = ["post"]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        done = merging.undo(self.row(), self.user)
        if request.POST.get("to") == str(done.kept_id):
            return gone_to(reverse("crm:customer", args=[done.kept_id]))
        return said(_("They are two again."), rows_changed=True)
