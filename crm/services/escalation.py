"""Tickets that are late are seen by more people, a level after the other."""

from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils.translation import gettext as _

from ccenter.calls.alarms import raise_alarm
from ccenter.office import webhooks
from ccenter.office.audit import audit, changed, state_of
from crm.models import Escalation, Ticket, TicketEvent
from crm.services import staff
from crm.services.tickets import ALARM, told
from crm.ticket_states import State

RUNNING = (State.OPEN, State.DISPATCHED, State.WORKING)  # who waits for the customer is not late
BATCH = 200


def escalate(now: datetime) -> int:
    """Takes each ticket that is due for it one level up; how many. Two at once take different ones."""
    return sum(_level(rule, now) for rule in Escalation.objects.select_related("to").order_by("level"))


@transaction.atomic
def _level(rule: Escalation, now: datetime) -> int:
    late = Ticket.objects.filter(
        state__in=RUNNING,
        due_at__lte=now - timedelta(minutes=rule.minutes),
        escalation__lt=rule.level,
        severity__gte=rule.least_severity,
    )
    rows = list(late.select_for_update(of=("self",), skip_locked=True).order_by("due_at")[:BATCH])
    for ticket in rows:
        _one(rule, ticket, now)
    return len(rows)


def _one(rule: Escalation, ticket: Ticket, now: datetime) -> None:
    before = state_of(ticket)
    ticket.escalation = rule.level
    if rule.raise_severity:
        ticket.severity = min(ticket.severity + 1, Ticket.Severity.CRITICAL)
    if rule.take_over:
        ticket.owner = rule.to
    ticket.save(update_fields=["escalation", "severity", "owner"])
    people = told_of(rule, ticket)
    names = ", ".join(one.get_full_name() or one.get_username() for one in people)
    TicketEvent.objects.create(ticket=ticket, kind=TicketEvent.Kind.ESCALATED, text=f"{rule.level}: {names}"[:4000], at=now)
    audit(None, "tickets.escalate", ticket, {**changed(before, ticket), "escalation": (before["escalation"], rule.level)})
    text = _("Ticket %(number)s is late (level %(level)s).") % {"number": ticket.number, "level": rule.level}
    raise_alarm(ALARM, ticket.number, text, now)
    staff.tell(people, text, ticket.text)
    webhooks.tell("ticket.escalated", told(ticket))


def told_of(rule: Escalation, ticket: Ticket) -> list[Any]:
    """Whom a rule names, else the leads of the ticket's team, else its owner."""
    if rule.to is not None:
        return [rule.to]
    if ticket.team_id:
        leads = list(get_user_model()._default_manager.filter(is_active=True, led_groups=ticket.team_id).order_by("pk"))
        if leads:
            return leads
    return [ticket.owner] if ticket.owner else []
