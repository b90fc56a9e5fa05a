"""Lists of customers, as people filter them: the same in pages, REST and files."""

import re
from types import SimpleNamespace
from typing import Any

import django_filters
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from ccenter.calls.numbers import normalise
from ccenter.office.filters import Filters
from crm.models import Customer, CustomerAddress, CustomerPhone
from crm.selectors import fields as own_fields
from crm.selectors import finding
from crm.services.fields import value_of

OWN = re.compile(r"([a-z][a-z0-9_]{0,39}):(is|from|to|has|empty):(.{0,500})", re.S)


class CustomerFilters(Filters):
    """`own` (several times): `<code>:<is|from|to|has|empty>:<value>`, a condition on a field the centre defined."""

    tag = django_filters.CharFilter(method="by_tag")
    owner = django_filters.CharFilter("owner__username")
    team = django_filters.CharFilter("team__code")
    branch = django_filters.CharFilter("branch__code")
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

    def by_phone(self, rows: QuerySet[Customer], name: str, value: str) -> QuerySet[Customer]:
        number = normalise(value).number
        return rows.filter(pk__in=CustomerPhone.objects.filter(number=number).values("customer"))

    def by_place(self, rows: QuerySet[Customer], name: str, value: str) -> QuerySet[Customer]:
        return rows.filter(pk__in=CustomerAddress.objects.filter(**{name: value}).values("customer"))

    def by_own(self, rows: QuerySet[Customer], name: str, value: str) -> QuerySet[Customer]:
        return rows.filter(*[own_condition(one, self.request.user) for one in self.data.getlist("own")])


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
    asked = QueryDict(query, mutable=True)
    text = asked.pop("search", [""])[-1].strip()
    for name in ("cursor", "page_size", "ordering"):
        asked.pop(name, None)
    if unknown := set(asked) - set(CustomerFilters.base_filters):
        raise ValidationError({min(unknown): _("There is no such filter.")})
    filters = CustomerFilters(asked, finding.found(), request=SimpleNamespace(user=user))
    if not filters.is_valid():
        raise ValidationError({name: [str(error) for error in errors] for name, errors in filters.errors.items()})
    return finding.matching(filters.qs, text, user) if text else filters.qs
