"""Writes of tickets: complaints and work orders. Each leaves a `TicketEvent`, and an entry in the audit log."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ccenter.calls.models import Alarm, SeatGroup
from ccenter.calls.rights import seat_of
from ccenter.office import webhooks
from ccenter.office.audit import audit, changed, state_of
from ccenter.office.errors import Conflict
from ccenter.office.models import Branch
from ccenter.office.rights import require
from crm.models import Complaint, Customer, MailTemplate, OutboundRule, Ticket, TicketEvent
from crm.services import due, mail, outbound_rules
from crm.services.categories import usable
from crm.ticket_states import DONE, STEPS, State

ALARM = "ticket"
BY_RULE = {"kind", "category", "severity"}  # what a due time follows from
NEEDS = {
    "resolution": _("How was it settled?"),
    "text": _("Please say why."),
    "branch": _("Which branch is to do it?"),
}
MAILS = {State.SETTLED: MailTemplate.Situation.SETTLED, State.CLOSED: MailTemplate.Situation.CLOSED}
Events = TicketEvent.Kind


@transaction.atomic
def add_ticket(user: Any, customer: Customer, text: str, **fields: Any) -> Ticket:
    """`fields`: the columns of a new ticket. Without `team` it is that of the user's seat, without `due_at` the rules say it."""
    now = timezone.now()
    fields = {name: value for name, value in fields.items() if value is not None}
    ticket = Ticket(customer=customer, text=text.strip(), author=user, created_at=now, **fields)
    usable(ticket.category)
    ticket.due_by_hand = ticket.due_at is not None
    if "team" not in fields and "branch" not in fields:
        seat = seat_of(user)
        ticket.team_id = seat.group_id if seat else None
    ticket.clean_fields(exclude=["customer", "category", "author", "owner", "team", "branch"])
    if not ticket.due_by_hand:
        ticket.due_at = due.due_at(due.rule_for(ticket.kind, ticket.category_id, ticket.severity), now)
    ticket.save()
    TicketEvent.objects.create(ticket=ticket, user=user, kind=Events.TAKEN, at=now)
    audit(user, "tickets.add", ticket, {"kind": (None, ticket.kind), "severity": (None, ticket.severity)})
    webhooks.tell("ticket.taken", told(ticket))
    _inform(ticket, MailTemplate.Situation.TAKEN)
    return ticket


def require_step(user: Any, ticket: Ticket, to: str) -> None:
    """Raises PermissionDenied for who may not take the ticket there; what is no step at all, `step` says."""
    row = STEPS[State(ticket.state)].get(State(to))
    if row is not None:
        require(user, f"tickets.{row.right}", ticket)


@transaction.atomic
def step(user: Any, ticket: Ticket, to: str, *, text: str = "", resolution: str = "", branch: Branch | None = None) -> Ticket:
    """The ticket goes on to the state `to`. Raises Conflict for what is no step from where it is, ValidationError by field.

    Who goes on after the customer was waited for is given the working time that passed. A ticket that is opened again has the
    due time of a new one.
    """
    ticket = locked(ticket)
    was, now, before = State(ticket.state), timezone.now(), state_of(ticket)
    row = STEPS[was].get(State(to))
    if row is None:
        raise Conflict({"state": _("From “%(was)s” it cannot become “%(to)s”.") % {"was": was.label, "to": State(to).label}})
    given = {"text": text.strip(), "resolution": resolution.strip() or ticket.resolution, "branch": branch}
    if missing := {name: NEEDS[name] for name in row.needs if not given[name]}:
        raise ValidationError(missing)
    if branch is not None and not branch.active:
        raise ValidationError({"branch": _("This branch is not used any more.")})
    if was is State.WAITING:
        ticket.due_at, ticket.waiting_since = due.later(ticket, now), None
    ticket.state = State(to)
    match ticket.state:
        case State.WAITING:
            ticket.waiting_since = now
        case State.DISPATCHED:
            ticket.branch = branch
        case State.OPEN:
            ticket.branch = None
        case State.SETTLED | State.CLOSED:
            ticket.resolution = given["resolution"]
            ticket.settled_at = ticket.settled_at or now
        case State.WORKING if was in (State.SETTLED, State.CLOSED):
            _again(ticket, now)
    ticket.closed_at = now if ticket.state in DONE else None
    ticket.clean_fields(exclude=["customer", "category", "author", "owner", "team", "branch"])
    ticket.save()
    said = given["text"] or (resolution.strip() if to in (State.SETTLED, State.CLOSED) else "")
    TicketEvent.objects.create(ticket=ticket, user=user, kind=Events.STEP, before=was, after=to, text=said, at=now)
    audit(user, "tickets.step", ticket, changed(before, ticket))
    webhooks.tell("ticket.state", {**told(ticket), "before": was.value})
    if ticket.state in (*DONE, State.SETTLED):
        Alarm.objects.filter(kind=ALARM, subject=ticket.number, cleared_at=None).update(cleared_at=now)
    if ticket.state in MAILS and not (was is State.SETTLED and ticket.state is State.CLOSED and not resolution.strip()):
        _inform(ticket, MAILS[ticket.state])
    if ticket.settled_at == now:
        outbound_rules.after(OutboundRule.Event.TICKET_SETTLED, ticket.customer, now, ticket=ticket, call=ticket.call)
    return ticket


def _again(ticket: Ticket, now: Any) -> None:
    """The customer does not agree. What was said before stands in the events."""
    ticket.resolution, ticket.settled_at, ticket.escalation = "", None, 0
    ticket.reopened += 1
    if not ticket.due_by_hand:
        ticket.due_at = due.due_at(due.rule_for(ticket.kind, ticket.category_id, ticket.severity), now)


@transaction.atomic
def assign(user: Any, ticket: Ticket, *, owner: Any = None, team: SeatGroup | None = None) -> Ticket:
    """Who answers for it from now on; None leaves that side as it is. Raises ValidationError."""
    ticket = locked(ticket)
    _not_done(ticket)
    if owner is not None and not owner.is_active:
        raise ValidationError({"owner": _("This login is not used any more.")})
    before = state_of(ticket)
    ticket.owner, ticket.team = owner or ticket.owner, team or ticket.team
    if changes := changed(before, ticket):
        ticket.save(update_fields=["owner", "team"])
        names = [owner.get_full_name() or owner.get_username() if owner else "", str(team) if team else ""]
        TicketEvent.objects.create(ticket=ticket, user=user, kind=Events.ASSIGNED, text=", ".join(filter(None, names)))
        audit(user, "tickets.assign", ticket, changes)
    return ticket


@transaction.atomic
def change_ticket(user: Any, ticket: Ticket, values: dict[str, Any]) -> Ticket:
    """What is known of it. `due_at` None goes back to the rule. Raises ValidationError."""
    ticket = locked(ticket)
    before = state_of(ticket)
    usable(values.get("category"), ticket.category_id)
    for name, value in values.items():
        setattr(ticket, name, value)
    if "due_at" in values:
        ticket.due_by_hand = values["due_at"] is not None
    ticket.clean_fields(exclude=["customer", "category", "author", "owner", "team", "branch"])
    if not ticket.due_by_hand and ({"due_at", *BY_RULE} & set(values)):
        ticket.due_at = due.due_at(due.rule_for(ticket.kind, ticket.category_id, ticket.severity), ticket.created_at)
    if changes := changed(before, ticket):
        ticket.save()
        TicketEvent.objects.create(ticket=ticket, user=user, kind=Events.CHANGED, text=", ".join(sorted(changes)))
        audit(user, "tickets.change", ticket, changes)
    return ticket


@transaction.atomic
def note(user: Any, ticket: Ticket, text: str) -> TicketEvent:
    """A word for whoever works on it. Raises ValidationError."""
    event = TicketEvent(ticket=ticket, user=user, kind=Events.NOTE, text=text.strip())
    if not event.text:
        raise ValidationError({"text": _("Nothing was written.")})
    event.clean_fields(exclude=["ticket", "user"])
    event.save()
    return event


def told(ticket: Ticket) -> dict[str, Any]:
    """What programs elsewhere get to know of a ticket; the rest they ask for, with rights of their own."""
    return {
        "id": ticket.pk,
        "number": ticket.number,
        "kind": ticket.kind,
        "customer": ticket.customer_id,
        "order": ticket.order,
        "severity": ticket.severity,
        "state": str(ticket.state),
        "due_at": ticket.due_at,
        "escalation": ticket.escalation,
    }


def locked(ticket: Ticket) -> Ticket:
    return Ticket.objects.select_for_update(of=("self",)).select_related("customer").get(pk=ticket.pk)


def _not_done(ticket: Ticket) -> None:
    if ticket.state in DONE:
        raise Conflict({"state": _("This ticket is closed.")})


def _inform(ticket: Ticket, situation: str) -> None:
    """A mail to the customer who wants one and has an address, where there is a template for it."""
    if ticket.inform and mail.about(ticket, situation):
        TicketEvent.objects.create(ticket=ticket, kind=Events.INFORMED, text=MailTemplate.Situation(situation).label)


# -- at the desk -----------------------------------------------------------------------------------------------


def add_complaint(customer: Customer, text: str, author: Any, **fields: Any) -> Complaint:
    """`fields`: call, order, category, due_at."""
    ticket = add_ticket(author, customer, text, kind=Ticket.Kind.COMPLAINT, **fields)
    return Complaint.objects.get(pk=ticket.pk)


@transaction.atomic
def change_complaint(user: Any, complaint: Complaint, fields: dict[str, Any]) -> Complaint:
    """What is known of it and its state at once. Who closes it says how it was settled."""
    values = dict(fields)
    to, resolution = values.pop("state", complaint.state), values.pop("resolution", "")
    if values:
        change_ticket(user, complaint, values)
    if to != locked(complaint).state:
        step(user, complaint, to, resolution=resolution)
    elif resolution:
        change_ticket(user, complaint, {"resolution": resolution})
    return Complaint.objects.get(pk=complaint.pk)
