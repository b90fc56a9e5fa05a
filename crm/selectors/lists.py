"""Lists of customers, as people filter them: the same in pages, REST and files."""

import re
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ccenter.calls.models import SeatGroup
from ccenter.calls.models.centre import Language
from ccenter.calls.numbers import normalise
from ccenter.office import filters as office
from ccenter.office.filters import Filters, Named
from ccenter.office.models import Branch
from ccenter.office.services import people
from crm.models import Customer, CustomerAddress, CustomerPhone, CustomField, Tag
from crm.selectors import fields as own_fields
from crm.selectors import finding
from crm.services.fields import LONGEST, value_of

OWN = re.compile(r"([a-z][a-z0-9_]{0,39}):(is|from|to|has|empty):(.{0,500})", re.S)
DAY = forms.DateInput({"type": "date"})


class CustomerFilters(Filters):
    """`own` (several times): `<code>:<is|from|to|has|empty>:<value>`, a condition on a field the centre defined."""

    tag = django_filters.CharFilter(method="by_tag")
    owner = Named("owner__username")
    team = Named("team__code")
    branch = Named("branch__code")
    consent = django_filters.ChoiceFilter(
        label=_("Agrees to be called"),
        choices=[("yes", _("yes")), ("no", _("no")), ("unknown", _("not known"))],
        empty_label=_("all"),
        method="by_consent",
    )
    phone = django_filters.CharFilter(method="by_phone", help_text="A whole number, in any way of writing.")
    province = django_filters.CharFilter(method="by_place")
    city = django_filters.CharFilter(method="by_place")
    district = django_filters.CharFilter(method="by_place")
    changed_since = django_filters.IsoDateTimeFilter("updated_at", lookup_expr="gte")
    made_since = django_filters.IsoDateTimeFilter("created_at", lookup_expr="gte")
    made_before = django_filters.IsoDateTimeFilter("created_at", lookup_expr="lt")
    own = django_filters.CharFilter(method="by_own")

    class Meta:
        model = Customer
        fields = ["level", "language", "number", "email"]

    def by_tag(self, rows: QuerySet[Customer], name: str, value: str) -> QuerySet[Customer]:
        return rows.filter(pk__in=Customer.tags.through.objects.filter(tag__name=value).values("customer"))

    def by_consent(self, rows: QuerySet[Customer], name: str, value: str) -> QuerySet[Customer]:
        return rows.filter(consent="" if value == "unknown" else value)

    def by_phone(self, rows: QuerySet[Customer], name: str, value: str) -> QuerySet[Customer]:
        number = normalise(value).number
        return rows.filter(pk__in=CustomerPhone.objects.filter(number=number).values("customer"))

    def by_place(self, rows: QuerySet[Customer], name: str, value: str) -> QuerySet[Customer]:
        return rows.filter(pk__in=CustomerAddress.objects.filter(**{name: value}).values("customer"))

    def by_own(self, rows: QuerySet[Customer], name: str, value: str) -> QuerySet[Customer]:
        return rows.filter(*[own_condition(one, self.request.user) for one in self.data.getlist("own")])


class PersonField(forms.ModelChoiceField):
    """Somebody who works here, by the name of their seat."""

    def __init__(self, **options: Any) -> None:
        rows = people().select_related("seat").defer("password", "seat__sip_password").order_by("username")
        super().__init__(**{"queryset": rows, "to_field_name": "username", **options})

    def label_from_instance(self, user: Any) -> str:
        seat = getattr(user, "seat", None)
        return f"{seat.number} {seat.name}" if seat else str(user.get_username())


class ByPerson(django_filters.ModelChoiceFilter):
    field_class = PersonField


class ListFilters(CustomerFilters):
    """As people fill them in on a page: with days, and a filter for each field the centre defined that this user sees.

    `own-<code>` for texts, choices and yes or no, `own-<code>-from` and `-to` for numbers and days; `columns` is for the page.
    """

    columns = django_filters.CharFilter(method="leave", widget=forms.HiddenInput, max_length=2000)
    level = django_filters.ChoiceFilter(label=_("Level"), choices=Customer.Level.choices, empty_label=_("all"))
    tag = django_filters.ModelChoiceFilter(
        "tags", label=_("Tag"), queryset=Tag.objects.all(), to_field_name="name", empty_label=_("all"), method="by_tag"
    )
    owner = ByPerson("owner", label=_("Looked after by"), empty_label=_("all"))
    team = django_filters.ModelChoiceFilter(
        "team", label=_("Team"), queryset=SeatGroup.objects.all(), to_field_name="code", empty_label=_("all")
    )
    branch = django_filters.ModelChoiceFilter(
        "branch", label=_("Branch"), queryset=Branch.objects.all(), to_field_name="code", empty_label=_("all")
    )
    province = django_filters.CharFilter(label=_("Province"), method="by_place", max_length=40)
    city = django_filters.CharFilter(label=_("City"), method="by_place", max_length=40)
    district = django_filters.CharFilter(label=_("District"), method="by_place", max_length=40)
    language = django_filters.ChoiceFilter(label=_("Language"), choices=Language.choices, empty_label=_("all"))
    made_from = django_filters.DateFilter(label=_("Made, from"), widget=DAY, method="by_day")
    made_to = django_filters.DateFilter(label=_("Made, to"), widget=DAY, method="by_day")

    def __init__(self, *given: Any, seen: list[CustomField] | None = None, **options: Any) -> None:
        super().__init__(*given, **options)
        for field in own_fields.visible(self.request.user) if seen is None else seen:
            for name, one in _own_filters(field):
                one.model, one.parent = Customer, self
                self.filters[name] = one

    def by_tag(self, rows: QuerySet[Customer], name: str, value: Any) -> QuerySet[Customer]:
        return super().by_tag(rows, name, value.name)

    def by_day(self, rows: QuerySet[Customer], name: str, value: date) -> QuerySet[Customer]:
        """Days of the centre's zone."""
        last = name == "made_to"
        moment = timezone.make_aware(datetime.combine(value + timedelta(days=last), time.min))
        return rows.filter(**{"created_at__lt" if last else "created_at__gte": moment})

    def leave(self, rows: QuerySet[Customer], name: str, value: Any) -> QuerySet[Customer]:
        """Not a condition."""
        return rows


def _own_filters(field: CustomField) -> Iterator[tuple[str, django_filters.Filter]]:
    """The filters of a field that the centre defined."""

    def one(kind: type[django_filters.Filter], label: Any, operation: str, **options: Any) -> django_filters.Filter:
        def where(rows: QuerySet[Customer], name: str, value: Any) -> QuerySet[Customer]:
            return rows.filter(own_fields.condition(field, operation, value_of(field, value, written=isinstance(value, str))))

        return kind(label=label, method=where, **options)

    name = f"own-{field.code}"
    match field.kind:
        case CustomField.Kind.TEXT:
            yield name, one(django_filters.CharFilter, field.name, "has", max_length=LONGEST)
        case CustomField.Kind.CHOICE:
            choices = [(word, word) for word in field.choices]
            yield name, one(django_filters.ChoiceFilter, field.name, "is", choices=choices, empty_label=_("all"))
        case CustomField.Kind.YES_NO:
            choices = [("yes", _("yes")), ("no", _("no"))]
            yield name, one(django_filters.ChoiceFilter, field.name, "is", choices=choices, empty_label=_("all"))
        case CustomField.Kind.NUMBER | CustomField.Kind.DATE:
            number = field.kind == CustomField.Kind.NUMBER
            kind = django_filters.NumberFilter if number else django_filters.DateFilter
            more = {} if number else {"widget": DAY}
            yield f"{name}-from", one(kind, _("%(name)s, from") % {"name": field.name}, "from", **more)
            yield f"{name}-to", one(kind, _("%(name)s, to") % {"name": field.name}, "to", **more)


def own_condition(text: str, user: Any) -> Any:
    """The condition on customers that "size:from:40" says. Raises ValidationError."""
    parts = OWN.fullmatch(text)
    field = next((one for one in own_fields.visible(user) if parts and one.code == parts[1]), None)
    if parts is None or field is None or "\0" in text:
        raise ValidationError({"own": _("Not a condition on a field: %(text)s") % {"text": text[:60]}})
    operation, written = parts[2], parts[3]
    if operation == "empty":
        return own_fields.condition(field, operation, written != "false")
    if operation == "has":
        return own_fields.condition(field, operation, written)
    try:
        value = value_of(field, written, written=True)
    except ValidationError as error:
        raise ValidationError({"own": error.messages}) from None
    if value is None:
        raise ValidationError({"own": _("What is looked for?")})
    return own_fields.condition(field, operation, value)


def chosen(user: Any, query: str) -> QuerySet[Customer]:
    """The customers of a list that was asked for with this query ("city=杭州市&search=wang"), whoever may see them.

    Raises ValidationError.
    """
    return office.chosen(ListFilters, finding.found(), query, user, finding.matching)
