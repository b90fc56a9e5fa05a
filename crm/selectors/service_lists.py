"""Lists of what is done for customers, as people filter them: the same in pages and REST."""

from collections.abc import Iterable
from typing import Any

import django_filters
from django.db.models import Case, IntegerField, Q, QuerySet, When
from django.utils import timezone

from ccenter.office.filters import Filters, Named, YesNo
from crm.models import Article, ArticleVersion, Mail, News, OutboundTask, ServiceRecord, Ticket
from crm.selectors import finding
from crm.selectors import tickets as tickets_
from crm.selectors.saying import saying
from crm.ticket_states import DONE, State

MOST_CUSTOMERS = 50  # found by a text
MOST = 500  # rows found in one way


class TicketFilters(Filters):
    state = django_filters.MultipleChoiceFilter(choices=State.choices)
    open = YesNo(method="by_open", help_text="Neither closed nor withdrawn.")
    late = YesNo(method="by_late")
    owned = YesNo("owner", lookup_expr="isnull", exclude=True, help_text="Somebody answers for it.")
    author = Named("author__username")
    owner = Named("owner__username")
    team = Named("team__code")
    branch = Named("branch__code")
    taken_since = django_filters.IsoDateTimeFilter("created_at", lookup_expr="gte")
    taken_before = django_filters.IsoDateTimeFilter("created_at", lookup_expr="lt")
    due_before = django_filters.IsoDateTimeFilter("due_at", lookup_expr="lt")

    class Meta:
        model = Ticket
        fields = ["kind", "customer", "category", "severity", "order", "product", "call", "escalation"]

    def by_open(self, found: QuerySet[Ticket], name: str, value: bool) -> QuerySet[Ticket]:
        return found.exclude(state__in=DONE) if value else found.filter(state__in=DONE)

    def by_late(self, found: QuerySet[Ticket], name: str, value: bool) -> QuerySet[Ticket]:
        late = tickets_.late(timezone.now())
        return found.filter(late) if value else found.exclude(late)


class RecordFilters(Filters):
    author = Named("author__username")
    first_contact = YesNo("first_contact")
    written_since = django_filters.IsoDateTimeFilter("created_at", lookup_expr="gte")
    written_before = django_filters.IsoDateTimeFilter("created_at", lookup_expr="lt")
    follow_up_by = django_filters.DateFilter(method="by_follow_up", help_text="Follow-ups that are open and due by this day.")

    class Meta:
        model = ServiceRecord
        fields = ["call", "agent", "customer", "order", "category", "result"]

    def by_follow_up(self, found: Any, name: str, value: Any) -> Any:
        return found.filter(follow_up__lte=value, followed_up_at=None)


class ArticleFilters(Filters):
    product = django_filters.CharFilter(method="by_product")
    state = django_filters.ChoiceFilter(
        method="by_state", choices=ArticleVersion.State.choices, help_text="Has a version in this state."
    )
    author = Named("author__username")

    class Meta:
        model = Article
        fields = ["category", "language"]

    def by_product(self, found: QuerySet[Article], name: str, value: str) -> QuerySet[Article]:
        return found.filter(products__contains=[value])

    def by_state(self, found: QuerySet[Article], name: str, value: str) -> QuerySet[Article]:
        return found.filter(pk__in=ArticleVersion.objects.filter(state=value).values("article"))


class NewsFilters(Filters):
    """Of rows that `selectors.news.read_by` made."""

    unread = YesNo(method="by_unread")
    to_confirm = YesNo(method="by_unconfirmed", help_text="Has to be confirmed by who asks.")

    class Meta:
        model = News
        fields = ["must_read"]

    def by_unread(self, found: Any, name: str, value: bool) -> Any:
        return found.filter(read_at__isnull=value)

    def by_unconfirmed(self, found: Any, name: str, value: bool) -> Any:
        waits = {"must_read": True, "confirmed_at": None}
        return found.filter(**waits) if value else found.exclude(**waits)


class MailFilters(Filters):
    author = Named("author__username")
    template = Named("template__code")
    written_since = django_filters.IsoDateTimeFilter("created_at", lookup_expr="gte")
    written_before = django_filters.IsoDateTimeFilter("created_at", lookup_expr="lt")

    class Meta:
        model = Mail
        fields = ["customer", "ticket", "order", "to", "state"]


def _of(text: str, user: Any) -> Q:
    """The condition on rows of the customers that a text finds. One query, now."""
    return Q(customer__in=[one.pk for one in finding.customers(text, user, most=MOST_CUSTOMERS)])


def _newest(rows: QuerySet[Any], ways: Iterable[QuerySet[Any]]) -> QuerySet[Any]:
    """The newest MOST of each way: each has an index of its own, where one condition for all would read the whole table."""
    keys: set[int] = set()
    for way in ways:
        keys.update(way.order_by("-created_at", "-id").values_list("pk", flat=True)[:MOST])
    return rows.filter(pk__in=keys)


def tickets(rows: QuerySet[Ticket], text: str, user: Any) -> QuerySet[Ticket]:
    """By number, order, customer, or a part of what was said; with its `nearness` where it may be the number."""
    ways = [rows.filter(_of(text, user)), rows.filter(order=text).exclude(order=""), saying(rows, "text", text)]
    if not (found := tickets_.NUMBER.match(text)):
        return _newest(rows, ways)
    key = int(found[1])
    numbered = Case(When(pk=key, then=1), default=0, output_field=IntegerField())
    return _newest(rows, [*ways, rows.filter(pk=key)]).annotate(nearness=numbered)


def records(rows: QuerySet[ServiceRecord], text: str, user: Any) -> QuerySet[ServiceRecord]:
    """By customer, order, call or seat."""
    return rows.filter(_of(text, user) | Q(order=text) | Q(call=text) | Q(agent=text))


def mails(rows: QuerySet[Mail], text: str, user: Any) -> QuerySet[Mail]:
    """By customer, address or the subject's beginning."""
    return rows.filter(_of(text, user) | Q(to__iexact=text) | Q(subject__startswith=text))


def outbound_tasks(rows: QuerySet[OutboundTask], text: str, user: Any) -> QuerySet[OutboundTask]:
    """By customer, or a part of the reason."""
    return _newest(rows, [rows.filter(_of(text, user)), saying(rows, "reason", text)])


def articles(rows: QuerySet[Article], text: str) -> QuerySet[Article]:
    """By a part of the question in any version; what callers ask is found by `selectors.knowledge.find`."""
    return rows.filter(pk__in=ArticleVersion.objects.filter(question__icontains=text).values("article"))
