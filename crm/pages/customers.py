"""The list of customers: search, filters, columns as one likes them, and what is done with many at once."""

from typing import Any, ClassVar, NamedTuple

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ccenter.calls import tokens
from ccenter.calls.models import SeatGroup
from ccenter.calls.rights import seat_of
from ccenter.office import rights
from ccenter.office.models import Branch
from ccenter.office.pages.acts import Act, ManyActs
from ccenter.office.pages.frame import Text
from ccenter.office.pages.lists import Column, ListPage
from crm.models import Customer, CustomField, Tag
from crm.pages.values import own_text, place
from crm.selectors import fields as own_fields
from crm.selectors import finding
from crm.selectors.lists import ListFilters, PersonField
from crm.services import bulk
from crm.services.customers import delete_customer

# all that can be shown besides the fields the centre defined; those with True are there at first
COLUMNS: dict[str, tuple[Text, str, bool]] = {
    "number": (gettext_lazy("Member number"), "number", True),
    "name": (gettext_lazy("Name"), "", True),
    "level": (gettext_lazy("Level"), "", True),
    "phones": (gettext_lazy("Telephone"), "", True),
    "address": (gettext_lazy("Address"), "", True),
    "tags": (gettext_lazy("Tags"), "", True),
    "owner": (gettext_lazy("Looked after by"), "", True),
    "team": (gettext_lazy("Team"), "", False),
    "branch": (gettext_lazy("Branch"), "", False),
    "email": (gettext_lazy("Email"), "", False),
    "language": (gettext_lazy("Language"), "", False),
    "points": (gettext_lazy("Points"), "", False),
    "created_at": (gettext_lazy("Since"), "", False),
    "updated_at": (gettext_lazy("Changed"), "updated_at", True),
}
FIGURES = ("points",)
OWN = "own-"


class Choice(NamedTuple):
    """A column that can be shown."""

    code: str
    label: Text
    on: bool


# -- what is done with many ------------------------------------------------------------------------------------


class AssignForm(forms.Form):
    owner = PersonField(label=gettext_lazy("Looked after by"), required=False)
    team = forms.ModelChoiceField(SeatGroup.objects.all(), label=gettext_lazy("Team"), required=False)
    branch = forms.ModelChoiceField(Branch.objects.filter(active=True), label=gettext_lazy("Branch"), required=False)
    clear = forms.BooleanField(label=gettext_lazy("Take away what is left empty here"), required=False)

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        if not given.get("clear") and not any(given.get(name) for name in ("owner", "team", "branch")):
            raise ValidationError(_("What shall be changed?"))
        return given


class TagForm(forms.Form):
    added = forms.ModelMultipleChoiceField(
        Tag.objects.all(), label=gettext_lazy("Add"), required=False, widget=forms.CheckboxSelectMultiple
    )
    removed = forms.ModelMultipleChoiceField(
        Tag.objects.all(), label=gettext_lazy("Take away"), required=False, widget=forms.CheckboxSelectMultiple
    )

    def clean(self) -> dict[str, Any]:
        if not self.cleaned_data.get("added") and not self.cleaned_data.get("removed"):
            raise ValidationError(_("What shall be changed?"))
        return self.cleaned_data


class LevelForm(forms.Form):
    level = forms.ChoiceField(label=gettext_lazy("Level"), choices=Customer.Level.choices)


def assign(user: Any, row: Customer, *, clear: bool, **wanted: Model | None) -> None:
    bulk.alter(user, row, {name: value for name, value in wanted.items() if value is not None or clear})


def tag(user: Any, row: Customer, *, added: Any, removed: Any) -> None:
    bulk.alter(user, row, {}, list(added), list(removed))


def level(user: Any, row: Customer, *, level: str) -> None:
    bulk.alter(user, row, {"level": level})


def delete(user: Any, row: Customer) -> None:
    delete_customer(row, by=user)


DELETE = Act(
    "delete",
    gettext_lazy("Delete"),
    delete,
    icon="trash",
    kind="bad",
    sure=gettext_lazy("Delete? Only a customer for whom nothing was done yet can go."),
)


# -- the list --------------------------------------------------------------------------------------------------


class Customers(ManyActs, ListPage):
    entity = "customers"
    title = gettext_lazy("Customers")
    icon = "users"
    template = "crm/customers.html"
    row_template = "crm/customers_row.html"
    card, new = "crm:customer", "crm:customer_new"
    queryset = finding.found()
    filterset_class = ListFilters
    filters = ("level", "tag", "city", "owner")
    more_filters: ClassVar[tuple[str, ...]] = (
        "province",
        "district",
        "team",
        "branch",
        "language",
        "consent",
        "made_from",
        "made_to",
    )
    search_hint = gettext_lazy("Name, pinyin, initials, number, order, address …")
    acts = (
        Act("assign", gettext_lazy("Assign"), assign, verb="change", icon="user-share", form=AssignForm),
        Act("tag", gettext_lazy("Tags"), tag, verb="change", icon="tags", form=TagForm),
        Act("level", gettext_lazy("Level"), level, verb="level", icon="star", form=LevelForm),
        DELETE,
    )

    @property
    def seen(self) -> list[CustomField]:
        if not hasattr(self, "_seen"):
            self._seen = own_fields.visible(self.user)
        return self._seen

    def search(self, rows: QuerySet[Customer], text: str) -> QuerySet[Customer]:
        return finding.matching(rows, text, self.user)

    def choices(self) -> list[Choice]:
        """All columns there could be, those that are shown first in their order."""
        known: dict[str, Text] = {code: label for code, (label, _order, _on) in COLUMNS.items()}
        known |= {f"{OWN}{field.code}": field.name for field in self.seen}
        asked = [code for code in self.request.GET.get("columns", "").split(",") if code in known]
        on = asked or [code for code, (_label, _order, first) in COLUMNS.items() if first]
        rest = [code for code in known if code not in on]
        return [Choice(code, known[code], code in on) for code in (*on, *rest)]

    def shown_columns(self) -> tuple[Column, ...]:
        return tuple(
            Column(one.label, COLUMNS[one.code][1] if one.code in COLUMNS else "", one.code in FIGURES)
            for one in self.choices()
            if one.on
        )

    def more(self, rows: list[Any]) -> dict[str, Any]:
        codes = [one.code for one in self.choices() if one.on]
        for row in rows:
            row.cells = [self.cell(row, code) for code in codes]
        return {"columns": self.choices(), "has_seat": seat_of(self.user) is not None}

    def cell(self, row: Customer, code: str) -> dict[str, Any]:
        """{"kind", "value"} of a cell, as this user may read it."""
        value: Any = ""
        match code:
            case "phones":
                numbers = [tokens.shown(phone.number, "p", phone.pk, self.user) for phone in row.phones.all()]
                return {"kind": "phones", "value": numbers[0] if numbers else None, "more": len(numbers) - 1}
            case "address":
                return {"kind": "wide", "value": place(row.main_address, self.user) if row.main_address else ""}
            case "tags":
                return {"kind": "tags", "value": list(row.tags.all())}
            case "level":
                return {"kind": "level", "code": row.level, "value": row.get_level_display()}
            case "name":
                return {"kind": "name", "value": row.name, "title": row.get_title_display() if row.title else ""}
            case "created_at" | "updated_at":
                return {"kind": "time", "value": f"{localtime(getattr(row, code)):%Y-%m-%d %H:%M}"}
            case "language":
                value = row.get_language_display() if row.language else ""
            case "owner":
                value = row.owner.get_username() if row.owner else ""
            case "team" | "branch":
                one = getattr(row, code)
                value = (one.name or one.code) if one else ""
            case "number" | "points" | "email":
                return {"kind": "tnum" if code != "email" else "", "value": getattr(row, code)}
            case _:
                field = next(field for field in self.seen if f"{OWN}{field.code}" == code)
                value = own_text(field, row.fields.get(field.code))
        return {"kind": "", "value": value}

    def filtering(self) -> ListFilters:
        if not hasattr(self, "_filtering"):
            rows = rights.scoped(self.user, self.rows(), self.entity)
            self._filtering = ListFilters(self.request.GET, rows, request=self.request, seen=self.seen)
        return self._filtering

    def asked(self) -> dict[str, Any]:
        found = super().asked()
        filtering = self.filtering()
        more = [*self.more_filters, *(name for name in filtering.form.fields if name.startswith(OWN))]
        for name in more:  # they stand below the form
            filtering.form.fields[name].widget.attrs["form"] = "search"
        found["more_fields"] = [filtering.form[name] for name in more]
        found["more_asked"] = sum(1 for name in more if self.request.GET.get(name))
        return found

    def context(self, **more: Any) -> dict[str, Any]:
        can = {name: rights.may(self.user, f"customers.{name}") for name in ("add", "export", "import", "change")}
        return super().context(**more, can=can)
