"""A script gone through with a customer: step by step, each answer kept at once."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ccenter.calls.rights import seat_of
from ccenter.office.errors import Conflict
from crm import script_trees
from crm.models import Customer, OutboundTask, Script, ScriptAnswer, ScriptRun
from crm.selectors.script_runs import said

NO_CALL = _("There is no such call, or it is not yours.")


@transaction.atomic
def start(
    user: Any, script: Script, *, call: str = "", customer: Customer | None = None, task: OutboundTask | None = None
) -> ScriptRun:
    """Begins, or goes on where this user is in this call, or whoever called for this task before.

    Raises ValidationError for a script without steps, or retired; and for a task that has another questionnaire.
    """
    if task is not None:
        return _for_task(user, script, call, task)
    if not script.active or not script.steps:
        raise ValidationError({"script": _("There are no steps to go through in this script.")})
    script_trees.read(script.steps)
    if not call:
        return ScriptRun.objects.create(script=script, steps=script.steps, customer=customer, user=user, agent=_seat(user))
    about = {"steps": script.steps, "customer": customer, "agent": _seat(user)}
    run, new = ScriptRun.objects.get_or_create(call=call, script=script, user=user, defaults=about)
    if not new and run.customer_id is None and customer is not None:
        run.customer = customer
        run.save(update_fields=["customer"])
    return run


def _for_task(user: Any, script: Script, call: str, task: OutboundTask) -> ScriptRun:
    """The one run of a task. Whoever reached the customer goes on with it, in the call that it is now."""
    if task.script_id != script.pk:
        raise ValidationError({"task": _("This call has another questionnaire.")})
    script_trees.read(script.steps)
    about = {"script": script, "steps": script.steps, "customer": task.customer, "user": user, "agent": _seat(user), "call": call}
    run, new = ScriptRun.objects.get_or_create(task=task, defaults=about)
    if not new and run.finished_at is None and ((call and call != run.call) or user != run.user):
        run.call, run.user, run.agent = call or run.call, user, _seat(user)
        run.save(update_fields=["call", "user", "agent"])
    return run


def _seat(user: Any) -> str:
    seat = seat_of(user)
    return seat.number if seat else ""


@transaction.atomic
def answer(user: Any, run: ScriptRun, step: str, value: str = "", **places: str) -> ScriptRun:
    """Keeps what was answered at a step and goes on. `places`: product, order, to fill what is said.

    One that was answered before is answered anew, and what came after it is asked again where the way is another now.
    Raises Conflict for a step that is not on the way, ValidationError for an answer that does not fit.
    """
    run = ScriptRun.objects.select_for_update(of=("self",)).select_related("customer").get(pk=run.pk)
    tree = script_trees.read(run.steps)
    there = {one.step: one for one in run.answers.all()}
    way = tree.path({name: one.value for name, one in there.items()})
    if step not in way:
        raise Conflict({"step": _("This step is not the next one.")})
    node = tree.steps[step]
    kept = node.check(value)
    row = there.get(step) or ScriptAnswer(run=run, step=step, place=way.index(step) + 1)
    row.question = said(run, node.text, user, **places)[:4000]
    row.value, row.label, row.at = kept, _label(node, kept), timezone.now()
    row.save()
    values = {name: one.value for name, one in there.items()} | {step: kept}
    on_the_way = tree.path(values)
    run.answers.exclude(step__in=on_the_way).delete()
    finished = all(name in values for name in on_the_way)
    run.finished_at = (run.finished_at or timezone.now()) if finished else None
    run.save(update_fields=["finished_at"])
    return run


def _label(node: script_trees.Step, value: str) -> str:
    found = node.label(value)
    return {"yes": str(_("yes")), "no": str(_("no"))}.get(found, found) if node.answer == "yes_no" else found
