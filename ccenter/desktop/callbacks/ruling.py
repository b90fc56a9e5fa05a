"""The rules for callbacks, read and changed: the same for pages and REST. What is wrong comes as ValidationError by field.

What is saved goes live by the configuration's own notification (a trigger of the tables says it).
"""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Model, QuerySet
from django.utils.translation import gettext as _

from ccenter.acd.config import OWED, CallbackRules
from ccenter.calls.models import CentreSettings, Flow, Queue, Surge, Trunk
from ccenter.calls.models.fields import SecretField
from ccenter.calls.rights import Role, led_queues, role_of
from ccenter.desktop.callbacks.words import KINDS
from ccenter.office.audit import state_of
from crm.services import rows

LONGEST = 30 * 86400  # seconds from one attempt to the next
RETRIED = ("no_answer", "busy", "machine", "failed")
MOST_POINTS = 10  # of a curve, and pauses after a result
NEED_CONSENT = tuple(kind for kind in KINDS if kind != "callback")
LIMITS: dict[str, tuple[float, float]] = {  # lowest, highest
    "most_attempts": (1, 50),
    "expire_seconds": (864, 365 * 86400),
    "ring_seconds": (5, 120),
    "preview_seconds": (5, 600),
    "skip_seconds": (0, 86400),
    "result_seconds": (0, 3600),
    "own_agent_seconds": (0, LONGEST),
    "detect_seconds": (1, 20),
    # of a surge
    "hysteresis": (0, 1),
    "every": (0, 86400),
    "exempt_priority": (-9, 9),
    "exempt_seconds": (0, 10),
}
LONGEST_PROMPT = 80
OF_CENTRE = ("callback_queue", "machine_calls", "owes", "needs_consent")


def version(row: Model) -> str:
    """Tells whether a row is another than the one that was read: it has no count of changes, so what it holds says it."""
    secret = [one.attname for one in row._meta.concrete_fields if isinstance(one, SecretField)]
    held = state_of(row, secret)
    held |= {one.name: sorted(other.pk for other in getattr(row, one.name).all()) for one in row._meta.many_to_many}
    return hashlib.blake2s(repr(sorted(held.items())).encode(), digest_size=8).hexdigest()


def queues_of(user: Any) -> QuerySet[Queue]:
    """Whose rules somebody sees: a lead's are the queues their groups serve."""
    return led_queues(user) if role_of(user) is Role.LEAD else Queue.objects.all()


def centre() -> QuerySet[CentreSettings]:
    """The one row, made when it is first asked for."""
    CentreSettings.objects.get_or_create(id=1)
    return CentreSettings.objects.all()


@transaction.atomic
def change_queue(user: Any, queue: Queue, values: dict[str, Any]) -> Queue:
    """`values`: names of `CallbackRules`, times in seconds, and `survey`, a Flow or None.

    What is not named stays, of `retries` too; an empty list there: not again.
    """
    given = dict(values)
    columns = {"survey": given.pop("survey")} if "survey" in given else {}
    wrong = _out_of_limits(given)
    for name in ("on_machine", "greeting"):
        if len(given.get(name, "")) > LONGEST_PROMPT:
            wrong[name] = _("At most %(most)s signs.") % {"most": LONGEST_PROMPT}
    retries = given.pop("retries", {})
    if not set(retries) <= set(RETRIED):
        wrong["retries"] = _("Pauses after %(results)s.") % {"results": ", ".join(RETRIED)}
    for pauses in retries.values():
        try:
            check_pauses(pauses)
        except ValidationError as error:
            wrong["retries"] = error.message
    if wrong:
        raise ValidationError(wrong)
    there = msgspec.to_builtins(msgspec.convert(queue.callbacks, CallbackRules))
    left = {name: pauses for name, pauses in {**there["retries"], **retries}.items() if pauses}
    try:
        rules = msgspec.convert({**there, **given, "retries": left}, CallbackRules)
    except msgspec.ValidationError as error:
        raise ValidationError(_("Not understood: %(error)s") % {"error": error}) from error
    if unknown := Queue.unknown_in(rules):
        raise ValidationError(unknown)
    columns["callbacks"] = msgspec.json.decode(msgspec.json.encode(rules))  # as the column gives it back
    return rows.change(user, "callback_rules", queue, columns)


def check_pauses(pauses: Sequence[float]) -> None:
    """Seconds from an attempt to the next. Raises ValidationError."""
    if len(pauses) > MOST_POINTS or not all(0 < one <= LONGEST for one in pauses):
        raise ValidationError(_("At most ten pauses, each of a minute's part to 30 days."))


def _out_of_limits(given: dict[str, Any]) -> dict[str, str]:
    wrong = {}
    for name, (low, high) in LIMITS.items():
        if given.get(name) is not None and not low <= given[name] <= high:
            wrong[name] = _("From %(low)s to %(high)s.") % {"low": f"{low:.15g}", "high": f"{high:.15g}"}
    return wrong


@transaction.atomic
def change_lines(user: Any, trunk: Trunk, values: dict[str, Any]) -> Trunk:
    """`values`: capacity, kept."""
    if values.get("kept", trunk.kept) > values.get("capacity", trunk.capacity):
        raise ValidationError({"kept": _("Not more than there are channels.")})
    return rows.change(user, "callback_rules", trunk, values)


@transaction.atomic
def change_centre(user: Any, row: CentreSettings, values: dict[str, Any]) -> CentreSettings:
    """`values`: some of OF_CENTRE; what the lists name is put in its order."""
    given = dict(values)
    for name, every in (("owes", OWED), ("needs_consent", NEED_CONSENT)):
        if name in given:
            given[name] = _in_order(name, given[name], every)
    return rows.change(user, "callback_rules", row, given)


def _in_order(name: str, given: Iterable[str], every: tuple[str, ...]) -> list[str]:
    if unknown := sorted(set(given) - set(every)):
        raise ValidationError({name: _("There is no %(code)s.") % {"code": ", ".join(unknown)}})
    return [one for one in every if one in given]


@transaction.atomic
def save_surge(user: Any, surge: Surge | None, values: dict[str, Any]) -> Surge:
    """A new one without `surge`. `values`: its columns, `trunks` and `numbers`. Facts name its code for ever: it stays."""
    wrong = _out_of_limits(values)
    if surge is not None and values.get("code", surge.code) != surge.code:
        wrong["code"] = _("Facts name it by this code: it stays.")
    curve = values.get("curve")
    if curve is not None and not 1 <= len(curve) <= MOST_POINTS:
        wrong["curve"] = _("One to ten points.")
    has_numbers = values["numbers"] if "numbers" in values else surge is not None and surge.numbers.exists()
    if has_numbers and not values.get("lines", surge.lines if surge else 0):
        wrong["lines"] = _("How many lines the numbers have.")
    if (flow := values.get("flow")) and not Flow.objects.filter(code=flow).exists():
        wrong["flow"] = _("There is no flow %(code)s.") % {"code": flow}
    if wrong:
        raise ValidationError(wrong)
    others = {name: values[name] for name in ("trunks", "numbers") if name in values}
    columns = {name: value for name, value in values.items() if name not in others}
    if surge is None:
        return rows.add(user, "surges", Surge(**columns), **others)
    return rows.change(user, "surges", surge, columns, **others)
