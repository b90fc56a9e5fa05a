"""What the list of callbacks can be asked for."""

from datetime import timedelta
from typing import Any

import django_filters
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ccenter.calls.models import CallbackEntry, Queue
from ccenter.calls.outcomes import SOURCES
from ccenter.calls.rights import seat_of
from ccenter.desktop.callbacks.words import KINDS
from ccenter.office.filters import Filters, From, Until

AGES = ((15, _("15 minutes")), (60, _("an hour")), (240, _("4 hours")), (1440, _("a day")), (4320, _("3 days")))
WHICH = (("open", _("Open")), ("due", _("Due")), ("mine", _("Mine")), ("closed", _("Closed")))


def due() -> Q:
    """Somebody can be called now, so far as hours and lines allow: in line, or later with a time that is past."""
    return Q(closed_at=None) & (Q(state="WAITING") | Q(state="LATER", due_at__lte=timezone.now()))


def mine(user: Any) -> Q:
    """Open, and mine: a task of my own, shown to me, or called by me last."""
    seat = seat_of(user)
    if seat is None:
        return Q(pk__in=())
    return Q(closed_at=None) & (Q(agent=seat.number) | Q(offered_to=seat.number) | Q(by=seat.number))


def only(which: str, user: Any) -> Q:
    match which:
        case "due":
            return due()
        case "mine":
            return mine(user)
        case "closed":
            return Q(closed_at__isnull=False)
    return Q(closed_at=None)


class CallbackFilters(Filters):
    """`which`: open (as long as nothing else is said), due, mine, closed. `older`: asked more than so many minutes ago."""

    which = django_filters.ChoiceFilter(choices=WHICH, method="nothing")
    kind = django_filters.ChoiceFilter(choices=list(KINDS.items()), label=_("Kind"), empty_label=_("all"))
    source = django_filters.ChoiceFilter(choices=list(SOURCES.items()), label=_("Came by"), empty_label=_("all"))
    queue = django_filters.ChoiceFilter(choices=(), label=_("Queue"), empty_label=_("all"))
    label = django_filters.CharFilter(label=_("TV station"), lookup_expr="icontains")
    dnis = django_filters.CharFilter(label=_("Called number"), lookup_expr="icontains")
    older = django_filters.ChoiceFilter(choices=AGES, label=_("Older than"), empty_label=_("all"), method="by_age")
    since = From("asked_at", label=_("Asked from"))
    until = Until("asked_at", label=_("Asked until"))

    class Meta:
        model = CallbackEntry
        fields: tuple[str, ...] = ()

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        queues = [(code, name or code) for code, name in Queue.objects.values_list("code", "name")]
        self.filters["queue"].extra["choices"] = queues

    def nothing(self, rows: Any, name: str, value: str) -> Any:
        return rows  # the page begins with those

    def by_age(self, rows: Any, name: str, value: str) -> Any:
        return rows.filter(asked_at__lte=timezone.now() - timedelta(minutes=int(value)))
