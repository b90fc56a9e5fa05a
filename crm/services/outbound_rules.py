"""Rules that plan outbound calls: told by whoever does what they are about, each time once."""

import hashlib
import logging
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ccenter.calls.alarms import raise_alarm
from ccenter.calls.models import Call, Queue
from crm.models import Customer, CustomerPhone, OutboundRule, OutboundTask, Ticket
from crm.services import outbound, rows

log = logging.getLogger(__name__)

Event = OutboundRule.Event
LATEST = timedelta(hours=2)  # who was served longer ago is not asked about it any more
LONGEST_CALL = timedelta(hours=4)


@transaction.atomic
def save_rule(user: Any, rule: OutboundRule | None, values: dict[str, Any]) -> OutboundRule:
    """A new one without `rule`. Raises ValidationError by field."""
    wanted = OutboundRule(**values) if rule is None else rule
    if rule is None:
        _check(wanted)
        return rows.add(user, "outbound_rules", wanted)
    before = {name: getattr(rule, name) for name in values}
    for name, value in values.items():
        setattr(rule, name, value)
    _check(rule)
    for name, value in before.items():
        setattr(rule, name, value)
    return rows.change(user, "outbound_rules", rule, values)


def _check(rule: OutboundRule) -> None:
    """As a task of it would be checked, so that it does not fail each time."""
    about = ("kind", "queue", "flow", "script", "priority", "reason")
    task = OutboundTask(**{name: getattr(rule, name) for name in about}, number="+8613800138000", due_at=timezone.now())
    task.reason = task.reason.strip()
    wrong: dict[str, Any] = {}
    if rule.of_queue and rule.event != Event.CALL_ENDED:
        wrong["of_queue"] = _("Only calls are of a queue.")
    elif rule.of_queue and not Queue.objects.filter(code=rule.of_queue).exists():
        wrong["of_queue"] = _("There is no such queue.")
    if rule.flow and rule.own_agent:
        wrong["own_agent"] = _("A machine makes the call, or an agent: not both.")
    if not 1 <= rule.share <= 100:
        wrong["share"] = _("From 1 to 100.")
    if rule.days > 365 or rule.minutes > 1440 or rule.quiet_days > 365:
        wrong["days"] = _("At most a year, and a day of minutes.")
    if wrong:
        raise ValidationError(wrong)
    outbound.check(task)


def after(
    event: str,
    customer: Customer,
    at: datetime,
    *,
    number: str = "",
    order: str = "",
    ticket: Ticket | None = None,
    call: str = "",
    agent: str = "",
    queue: str = "",
) -> list[OutboundTask]:
    """Plans what the rules want after an event, in the transaction of what happened; told twice it is planned once.

    A rule that cannot be kept raises an alarm and hinders nobody. `number`: where the customer has none of their own.
    """
    planned = []
    for rule in OutboundRule.objects.filter(active=True, event=event).select_related("script").order_by("pk"):
        subject = order or (str(ticket.pk) if ticket else "") or call
        if (rule.of_queue and rule.of_queue != queue) or not drawn(rule, subject) or _left_alone(rule, customer):
            continue
        about: dict[str, Any] = {"kind": rule.kind, "queue": rule.queue or ("" if rule.flow else queue), "rule": rule}
        about |= {"flow": rule.flow, "script": rule.script, "priority": rule.priority}
        about |= {"agent": agent if rule.own_agent else "", "order": order, "ticket": ticket, "call": call}
        try:
            own = customer.phones.order_by("id").values_list("number", flat=True).first()
            once, due_at = f"rule {rule.pk} {subject}", due(rule, at)
            planned.append(outbound.plan(None, customer, rule.reason, due_at=due_at, number=own or number, once=once, **about))
        except ValidationError as error:
            log.warning("rule %s cannot be kept: %s", rule.pk, "; ".join(error.messages))
            raise_alarm("outbound", rule.title, "; ".join(error.messages)[:500])
    return planned


def due(rule: OutboundRule, at: datetime) -> datetime:
    """When the call of an event at `at` is due; a time of the day is the centre's."""
    later = timezone.localtime(at + timedelta(days=rule.days, minutes=rule.minutes))
    if rule.at is None:
        return later
    that_day = timezone.make_aware(datetime.combine(later.date(), rule.at))
    return that_day if that_day >= later or rule.days else that_day + timedelta(days=1)


def drawn(rule: OutboundRule, subject: str) -> bool:
    """Whether this one is of the share; asked again the answer is the same."""
    digest = hashlib.sha256(f"{rule.pk} {subject}".encode()).digest()
    return int.from_bytes(digest[:4]) % 100 < rule.share


def _left_alone(rule: OutboundRule, customer: Customer) -> bool:
    if not rule.quiet_days:
        return False
    since = timezone.now() - timedelta(days=rule.quiet_days)
    asked = OutboundTask.objects.filter(customer=customer, kind=rule.kind, rule__isnull=False, created_at__gte=since)
    return asked.exclude(state__in=[OutboundTask.State.CANCELLED, OutboundTask.State.REFUSED]).exists()


def plan_for_calls(now: datetime) -> int:
    """Surveys of callers who were served lately, and whom we know; how many. Two at once plan each once."""
    rules = list(OutboundRule.objects.filter(active=True, event=Event.CALL_ENDED))
    if not rules:
        return 0
    begun = now - LATEST - LONGEST_CALL
    served = Call.objects.filter(direction="in", started_at__gt=begun, ended_at__gt=now - LATEST, outcome="ANSWERED")
    asked = OutboundTask.objects.filter(rule__in=rules, created_at__gt=begun).values("call")
    calls = [
        call
        for call in served.exclude(number="").exclude(pk__in=asked).order_by("ended_at")
        if any(drawn(rule, call.pk) for rule in rules)
    ]
    phones = CustomerPhone.objects.filter(number__in={call.number for call in calls}, shared=False).select_related("customer")
    known = {phone.number: phone.customer for phone in phones.defer("customer__pin")}
    return sum(_plan_for(call, known[call.number]) for call in calls if call.number in known)


@transaction.atomic
def _plan_for(call: Call, customer: Customer) -> int:
    about = {"number": call.number, "call": call.pk, "agent": call.answered_by, "queue": call.queue}
    return len(after(Event.CALL_ENDED, customer, call.ended_at, **about))
