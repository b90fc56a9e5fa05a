"""When a ticket is due, by the rules and the working hours."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from ccenter.acd.config import Calendar
from ccenter.calls.selectors import calendars
from crm import working_time
from crm.models import Category, DueRule, Ticket
from crm.selectors.categories import tree


def rule_for(kind: str, category: int | None, severity: int) -> DueRule | None:
    """The nearest one: by category from here upwards, there by kind and severity before those for any. Two queries."""
    rules = {(rule.category_id, rule.kind, rule.severity): rule for rule in DueRule.objects.select_related("calendar")}
    above: list[int | None] = [*_path(category), None]
    return next(
        (
            rules[key]
            for place in above
            for key in ((place, kind, severity), (place, "", severity), (place, kind, None), (place, "", None))
            if key in rules
        ),
        None,
    )


def _path(category: int | None) -> list[int]:
    """A category and those above it."""
    known: dict[int, Category] = tree().by_id if category else {}
    path: list[int] = []
    while category in known and category not in path:
        path.append(category)
        category = known[category].parent_id
    return path


def due_at(rule: DueRule | None, start: datetime) -> datetime | None:
    """Raises ValidationError where the working hours leave no such time."""
    if rule is None:
        return None
    try:
        return working_time.after(*_hours(rule), start, rule.minutes)
    except working_time.NeverOpen:
        raise ValidationError(
            {"due_at": _("The working hours of the due time rule never open: set the due time by hand.")}
        ) from None


def later(ticket: Ticket, now: datetime) -> datetime | None:
    """The due time of a ticket that goes on after waiting for the customer."""
    if ticket.due_at is None or ticket.waiting_since is None:
        return ticket.due_at
    rule = None if ticket.due_by_hand else rule_for(ticket.kind, ticket.category_id, ticket.severity)
    hours = _hours(rule)
    waited = working_time.between(*hours, ticket.waiting_since, now) / timedelta(minutes=1)
    try:
        return working_time.after(*hours, ticket.due_at, waited)
    except working_time.NeverOpen:
        return ticket.due_at


def _hours(rule: DueRule | None) -> tuple[Calendar | None, ZoneInfo]:
    calendar = calendars()[rule.calendar.code] if rule and rule.calendar else None
    return calendar, ZoneInfo(settings.TIME_ZONE)
