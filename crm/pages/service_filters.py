"""The filters of service lists with something to choose from; names and values are those of REST, so a saved filter fits both."""

from typing import Any

import django_filters
from django import forms
from django.utils.translation import gettext_lazy as _

from ccenter.calls.models import SeatGroup
from ccenter.calls.models.centre import Language
from ccenter.office.filters import YesNo
from ccenter.office.models import Branch
from crm.models import ArticleVersion, Mail, MailTemplate, OutboundTask, ServiceRecord, Ticket
from crm.pages.service_fields import CategoryField, PersonField
from crm.selectors import outbound
from crm.selectors import service_lists as lists
from crm.ticket_states import State

YES_NO = (("", "–"), ("true", _("yes")), ("false", _("no")))
SEVERITIES = [("", "–"), *Ticket.Severity.choices]


class OneOf(forms.Select):
    """A choice of one, for a filter that takes several."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[str]:
        found = data.getlist(name) if hasattr(data, "getlist") else [data.get(name)]
        return [one for one in found if one]


class Whoever(django_filters.ModelChoiceFilter):
    """Somebody by login."""

    field_class = PersonField

    def __init__(self, field: str, **options: Any) -> None:
        super().__init__(field, to_field_name="username", **options)


class Within(django_filters.ModelChoiceFilter):
    field_class = CategoryField


def whether(field: str | None = None, **options: Any) -> YesNo:
    found = YesNo(field, **options)
    found.extra["widget"] = forms.Select(choices=YES_NO)
    return found


def day(field: str, *, lookup_expr: str, label: Any) -> Any:
    """A moment, chosen as a day of the centre."""
    widget = forms.DateInput({"type": "date"})
    return django_filters.IsoDateTimeFilter(field, lookup_expr=lookup_expr, label=label, widget=widget)


def by_code(field: str, rows: Any, label: Any) -> Any:
    return django_filters.ModelChoiceFilter(field, queryset=rows, to_field_name="code", label=label, empty_label="–")


class TicketFilters(lists.TicketFilters):
    kind = django_filters.ChoiceFilter(choices=Ticket.Kind.choices, label=_("kind"), empty_label="–")
    state = django_filters.MultipleChoiceFilter(
        choices=State.choices, label=_("state"), widget=OneOf(choices=[("", "–"), *State.choices])
    )
    severity = django_filters.ChoiceFilter(choices=Ticket.Severity.choices, label=_("severity"), empty_label="–")
    open = whether(method="by_open", label=_("not done"))
    late = whether(method="by_late", label=_("late"))
    owned = whether("owner", lookup_expr="isnull", exclude=True, label=_("has an owner"))
    owner = Whoever("owner", label=_("owner"))
    author = Whoever("author", label=_("taken by"))
    team = by_code("team__code", SeatGroup.objects.all(), _("team"))
    branch = by_code("branch__code", Branch.objects.all(), _("branch"))
    category = Within("category", label=_("category"))
    taken_since = day("created_at", lookup_expr="gte", label=_("taken since"))
    taken_before = day("created_at", lookup_expr="lt", label=_("taken before"))


class RecordFilters(lists.RecordFilters):
    author = Whoever("author", label=_("agent"))
    category = Within("category", label=_("category"))
    result = django_filters.ChoiceFilter(choices=ServiceRecord.Result.choices, label=_("result"), empty_label="–")
    first_contact = whether("first_contact", label=_("first contact"))
    written_since = day("created_at", lookup_expr="gte", label=_("written since"))
    written_before = day("created_at", lookup_expr="lt", label=_("written before"))


class TaskFilters(outbound.TaskFilters):
    kind = django_filters.ChoiceFilter(choices=OutboundTask.Kind.choices, label=_("kind"), empty_label="–")
    state = django_filters.ChoiceFilter(choices=OutboundTask.State.choices, label=_("state"), empty_label="–")


class ArticleFilters(lists.ArticleFilters):
    state = django_filters.ChoiceFilter(
        method="by_state", choices=ArticleVersion.State.choices, label=_("state"), empty_label="–"
    )
    category = Within("category", label=_("category"))
    author = Whoever("author", label=_("written by"))
    product = django_filters.CharFilter(method="by_product", label=_("product"))
    language = django_filters.ChoiceFilter(choices=Language.choices, label=_("language"), empty_label="–")


class NewsFilters(lists.NewsFilters):
    unread = whether(method="by_unread", label=_("not read yet"))
    to_confirm = whether(method="by_unconfirmed", label=_("to be confirmed"))


class MailFilters(lists.MailFilters):
    author = Whoever("author", label=_("written by"))
    template = by_code("template__code", MailTemplate.objects.only("code", "name"), _("template"))
    state = django_filters.ChoiceFilter(choices=Mail.State.choices, label=_("state"), empty_label="–")
    written_since = day("created_at", lookup_expr="gte", label=_("written since"))
    written_before = day("created_at", lookup_expr="lt", label=_("written before"))
