"""Follow-up calls 回访: asked for now, in the callbacks when their time has come."""

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ccenter.calls.callbacks import owe
from ccenter.calls.models import CallbackEntry
from ccenter.calls.numbers import normalise
from ccenter.office.audit import audit
from ccenter.office.errors import Conflict
from crm.models import Customer, FollowUpCall, Ticket, TicketEvent

SOURCE = "follow_up"
BATCH = 500


@transaction.atomic
def plan(
    user: Any,
    customer: Customer,
    reason: str,
    *,
    due_at: datetime | None = None,
    number: str = "",
    ticket: Ticket | None = None,
    queue: str = "",
) -> FollowUpCall:
    """At once without `due_at`; without `number` the customer's first. Raises ValidationError by field."""
    if ticket is not None and ticket.customer_id != customer.pk:
        raise ValidationError({"ticket": _("This ticket is another customer's.")})
    wanted = number or customer.phones.order_by("id").values_list("number", flat=True).first() or ""
    read = normalise(wanted)
    if not read.is_e164:
        raise ValidationError({"number": _("Not a telephone number.") if wanted else _("This customer has no number.")})
    now = timezone.now()
    call = FollowUpCall(
        customer=customer,
        ticket=ticket,
        number=read.number,
        reason=reason.strip(),
        due_at=due_at or now,
        queue=queue,
        author=user,
    )
    call.clean_fields(exclude=["customer", "ticket", "author"])
    call.save()
    if ticket is not None:
        TicketEvent.objects.create(ticket=ticket, user=user, kind=TicketEvent.Kind.CALL, text=call.reason)
    audit(user, "follow_ups.add", call, {"due_at": (None, call.due_at)})
    if call.due_at <= now:
        _release(call, now)
    return call


@transaction.atomic
def cancel(user: Any, call: FollowUpCall) -> FollowUpCall:
    """Raises Conflict when the callbacks have it already: there it can be closed."""
    call = FollowUpCall.objects.select_for_update().get(pk=call.pk)
    if call.state != FollowUpCall.State.PLANNED:
        raise Conflict({"state": _("This call is not planned any more.")})
    call.state = FollowUpCall.State.CANCELLED
    call.save(update_fields=["state"])
    audit(user, "follow_ups.cancel", call)
    return call


@transaction.atomic
def release_due(now: datetime) -> int:
    """Hands those whose time has come to the callbacks; how many. Two at once take different ones."""
    planned = FollowUpCall.objects.filter(state=FollowUpCall.State.PLANNED, due_at__lte=now).order_by("due_at")
    rows = list(planned.select_for_update(skip_locked=True)[:BATCH])
    for call in rows:
        _release(call, now)
    return len(rows)


def _release(call: FollowUpCall, now: datetime) -> None:
    """Somebody who is owed a call already is called once."""
    ticket = call.ticket
    reason = ticket.number if ticket else call.reason
    owe(call.number, call.due_at, SOURCE, queue=call.queue, reason=reason, call=ticket.call if ticket else "")
    entry = CallbackEntry.objects.filter(number=call.number, state=CallbackEntry.State.OPEN).values_list("pk", flat=True).get()
    call.state, call.callback = FollowUpCall.State.RELEASED, entry
    call.save(update_fields=["state", "callback"])
