"""Outbound calls: planned for a time, handed to the core when it has come, followed until they are done.

One task is one call, whatever dies meanwhile: the core knows each `callback` once, and a request that it did not take up is asked
again as the same request. So nothing here needs to know whether the core is there.
"""

import logging
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ccenter.calls import requests
from ccenter.calls.models import Agent, Call, CentreSettings, Flow, Queue, Request
from ccenter.calls.numbers import normalise
from ccenter.office.audit import audit, changed, state_of
from ccenter.office.errors import Conflict
from crm.models import Customer, OutboundTask, ServiceRecord, TicketEvent
from crm.models.outbound import OVER

BATCH = 200
CANCELLED = "cancelled"
MORNING = time(9, 30)
log = logging.getLogger(__name__)
AHEAD = timedelta(seconds=30)  # handed over that much before its time: the core waits more exactly than we look
ASKED_AGAIN = timedelta(minutes=1)
State = OutboundTask.State
MAY_CHANGE = ("number", "due_at", "zone", "agent", "queue", "flow", "script", "priority", "consent", "reason")
_zones = available_timezones()


@transaction.atomic
def plan(
    user: Any, customer: Customer, reason: str, *, due_at: datetime | None = None, number: str = "", **about: Any
) -> OutboundTask:
    """At once without `due_at`; without `number` the customer's first. `about`: other fields of a task.

    With `once`, the task planned for that before, if there is one. `user` None: the system, by a rule. Raises ValidationError by
    field.
    """
    task = OutboundTask(customer=customer, reason=reason.strip(), due_at=due_at or timezone.now(), author=user, **about)
    task.number = number_to_call(customer, number)
    check(task)
    if task.once:
        known, new = OutboundTask.objects.get_or_create(once=task.once, defaults=state_of(task, ["once"]))
        if not new:
            return known
        task = known
    else:
        task.save(force_insert=True)
    if task.ticket is not None:
        TicketEvent.objects.create(ticket=task.ticket, user=user, kind=TicketEvent.Kind.CALL, text=task.reason)
    audit(user, "outbound_tasks.add", task, {"due_at": (None, task.due_at)})
    if task.due_at <= timezone.now():
        _release(task)
    return task


def number_to_call(customer: Customer, number: str = "") -> str:
    """In E.164. Raises ValidationError."""
    wanted = number or customer.phones.order_by("id").values_list("number", flat=True).first() or ""
    read = normalise(wanted)
    if not read.is_e164:
        raise ValidationError({"number": _("Not a telephone number.") if wanted else _("This customer has no number.")})
    return read.number


def check(task: OutboundTask) -> None:
    """That it can be done as it is planned. Raises ValidationError by field."""
    wrong: dict[str, Any] = {}
    if task.ticket is not None and task.ticket.customer_id != task.customer_id:
        wrong["ticket"] = _("This ticket is another customer's.")
    if task.zone and task.zone not in _zones:
        wrong["zone"] = _("There is no such time zone.")
    if task.agent and not Agent.objects.filter(number=task.agent, active=True).exists():
        wrong["agent"] = _("There is no such seat.")
    if task.queue and not Queue.objects.filter(code=task.queue).exists():
        wrong["queue"] = _("There is no such queue.")
    if task.flow and not Flow.objects.filter(code=task.flow, versions__state="live").exists():
        wrong["flow"] = _("There is no such flow in use.")
    elif task.flow and (task.agent or task.script_id):
        wrong["flow"] = _("A machine makes the call, or an agent: not both.")
    if task.script is not None and (not task.script.active or not task.script.steps):
        wrong["script"] = _("There are no steps to go through in this script.")
    if task.kind == OutboundTask.Kind.SURVEY and not task.flow and task.script is None:
        wrong["kind"] = _("A survey needs a flow or a questionnaire.")
    if not -9 <= task.priority <= 9:
        wrong["priority"] = _("From -9 to 9.")
    if wrong:
        raise ValidationError(wrong)
    task.clean_fields(exclude=["customer", "ticket", "author", "script", "rule", "record"])


@transaction.atomic
def change(user: Any, task: OutboundTask, values: dict[str, Any]) -> OutboundTask:
    """Another time, number, agent ... of one that is planned. Raises Conflict when it is no more, ValidationError by field."""
    task = _locked(task)
    if task.state != State.PLANNED:
        raise Conflict({"state": _("This call is not planned any more.")})
    before = state_of(task)
    for name in MAY_CHANGE:
        if name in values:
            setattr(task, name, values[name])
    if "number" in values:
        task.number = number_to_call(task.customer, values["number"])
    task.reason = task.reason.strip()
    check(task)
    if differences := changed(before, task):
        task.save(update_fields=list(MAY_CHANGE))
        audit(user, "outbound_tasks.change", task, differences)
    return task


@transaction.atomic
def cancel(user: Any, task: OutboundTask) -> OutboundTask:
    """One that the core has it is asked to close: cancelled once the core says so. Raises Conflict when it is over, or just going
    over."""
    task = _locked(task)
    if task.state in OVER:
        raise Conflict({"state": _("This call is not planned any more.")})
    if task.state == State.OPEN:
        task.request = _close(user, task)
    elif task.state == State.RELEASED and not requests.withdraw(task.request):
        raise Conflict({"state": _("This call is being handed over just now. Please try again in some seconds.")})
    else:
        if task.state == State.RELEASED:
            _close(user, task)  # the core may have it though the record, which is behind, does not know
        task.state, task.closed_at = State.CANCELLED, timezone.now()
    task.save(update_fields=["state", "closed_at", "request"])
    audit(user, "outbound_tasks.cancel", task)
    return task


def _close(user: Any, task: OutboundTask) -> UUID:
    return requests.submit(user, "", "CloseCallback", {"callback": str(task.callback), "reason": CANCELLED}).pk


def promise(record: ServiceRecord, at: datetime | None = None) -> OutboundTask | None:
    """The call that an agent has promised in their record: at this time, else in the morning of the day it is to be followed up.

    In the record's transaction. Without a customer or a number there is a day, and no call.
    """
    planned = OutboundTask.objects.filter(record=record, state=State.PLANNED).first()
    wanted = record.follow_up is not None and record.followed_up_at is None and record.customer is not None
    if planned is not None and (not wanted or planned.customer_id != record.customer_id):
        cancel(record.author, planned)
        planned = None
    if not wanted:
        return None
    due_at = at or _morning(record.follow_up)
    if planned is not None:
        moved = at is not None or timezone.localtime(planned.due_at).date() != record.follow_up
        return change(record.author, planned, {"due_at": due_at}) if moved else planned
    if OutboundTask.objects.filter(record=record, state__in=[State.RELEASED, State.OPEN]).exists():
        return None  # they are being called just now
    call = Call.objects.filter(pk=record.call).first()
    seat = Agent.objects.filter(number=record.agent, active=True).exists()
    about = {"agent": record.agent if seat else "", "queue": call.queue if call else ""}
    about |= {"call": record.call, "order": record.order, "consent": True}  # to this one call
    reason = record.summary[:200].strip() or _("promised in a call")
    try:
        number = call.number if call else ""
        return plan(record.author, record.customer, str(reason), due_at=due_at, number=number, record=record, **about)
    except ValidationError as error:
        log.info("no call is planned for record %s: %s", record.pk, "; ".join(error.messages))
        return None


def _morning(day: date) -> datetime:
    """When a call is due that was promised for a day: of today, in an hour."""
    return max(timezone.make_aware(datetime.combine(day, MORNING)), timezone.now() + timedelta(hours=1))


def _locked(task: OutboundTask) -> OutboundTask:
    rows = OutboundTask.objects.select_for_update(of=("self",)).select_related("customer", "ticket", "script")
    return rows.defer("customer__pin").get(pk=task.pk)


# -- what beat does ----------------------------------------------------------------------------------------------


@transaction.atomic
def release_due(now: datetime) -> int:
    """Hands a batch of those whose time has come to the core; how many. Two at once take different ones."""
    planned = OutboundTask.objects.filter(state=State.PLANNED, due_at__lte=now + AHEAD).order_by("due_at", "id")
    planned = planned.select_related("customer").defer("customer__pin")
    rows = list(planned.select_for_update(skip_locked=True, of=("self",))[:BATCH])
    for task in rows:
        _release(task)
    return len(rows)


def _release(task: OutboundTask) -> None:
    """In one transaction: that it was asked for, and the asking."""
    row = requests.submit(
        task.author,
        task.agent,
        "ReleaseTask",
        {
            "task": str(task.callback),
            "kind": task.kind,
            "number": task.number,
            "at": task.due_at.timestamp(),
            "queue": task.queue,
            "flow": task.flow,
            "priority": task.priority,
            "customer": str(task.customer_id),
            "zone": task.zone,
            "consent": task.consent or task.customer.consent == Customer.Consent.YES,
            "variables": {"task": str(task.pk), "order": task.order},
        },
    )
    task.state, task.request, task.released_at = State.RELEASED, row.pk, timezone.now()
    task.save(update_fields=["state", "request", "released_at"])


FOLLOW = """
UPDATE crm_outboundtask t SET
  state = CASE WHEN c.closed_at IS NULL THEN 'open' WHEN c.closed_reason = 'cancelled' THEN 'cancelled'
    WHEN c.closed_reason IN ('do_not_call', 'no_consent') AND c.attempts = 0 THEN 'refused' ELSE 'done' END,
  opened_at = coalesce(t.opened_at, c.opened_at, now()), closed_at = c.closed_at,
  result = CASE WHEN c.closed_at IS NULL THEN '' ELSE left(coalesce(nullif(c.closed_reason, ''), 'done'), 40) END
FROM calls_callbackentry c
WHERE t.state IN ('released', 'open') AND c.id = t.callback::text AND (t.state = 'released' OR c.closed_at IS NOT NULL)
"""
REFUSED = """
UPDATE crm_outboundtask t SET state = 'refused', closed_at = coalesce(r.answered_at, now()), result = left(r.reason, 40)
FROM calls_request r
WHERE t.state = 'released' AND r.id = t.request AND r.state = 'refused' AND r.reason <> 'expired'
"""
FOLLOWED_UP = """
UPDATE crm_servicerecord r SET followed_up_at = t.closed_at, updated_at = now()
FROM crm_outboundtask t
WHERE t.record_id = r.id AND t.state = 'done' AND t.result IN ('done', 'called_in', 'refused')
  AND t.closed_at > now() - interval '1 hour' AND r.follow_up IS NOT NULL AND r.followed_up_at IS NULL
"""


@transaction.atomic
def follow() -> None:
    """What the record says of tasks that were handed over: whether the core has them, whether they are done. Three statements."""
    with connection.cursor() as cursor:
        cursor.execute(FOLLOW)
        cursor.execute(REFUSED)
        cursor.execute(FOLLOWED_UP)


def withdraw(customer: Customer | None = None) -> int:
    """Tells the core of whom it was to call, of all or of one customer, that they do not consent (any more); how many.

    Where the rules demand it, and who has not agreed to that one call. What the core did not take up it is told again.
    """
    rules = CentreSettings.objects.first() or CentreSettings()
    rows = OutboundTask.objects.filter(state__in=[State.RELEASED, State.OPEN], kind__in=rules.needs_consent, consent=False)
    rows = rows.exclude(customer__consent=Customer.Consent.YES)
    if customer is not None:
        rows = rows.filter(customer=customer)
    found = {str(callback) for callback in rows.values_list("callback", flat=True)}
    lately = Request.objects.filter(action="WithdrawConsent", created_at__gt=timezone.now() - ASKED_AGAIN) if found else ()
    found -= {row.params["callback"] for row in lately}
    for callback in sorted(found):
        requests.submit(None, "", "WithdrawConsent", {"callback": callback})
    return len(found)


def ask_again() -> int:
    """What the core did not take up, because it was away, is asked once more; how many."""
    asked = OutboundTask.objects.filter(state__in=[State.RELEASED, State.OPEN], request__isnull=False).values("request")
    late = Request.objects.filter(requests.not_taken_up(), pk__in=asked).order_by("created_at").values_list("pk", flat=True)
    return requests.ask_again(list(late[: 10 * BATCH]))
