"""A script gone through with a customer: step by step, each answer kept at once."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ccenter.office.errors import Conflict
from crm import script_trees
from crm.models import Customer, Script, ScriptAnswer, ScriptRun
from crm.selectors.script_runs import said

NO_CALL = _("There is no such call, or it is not yours.")


@transaction.atomic
def start(user: Any, script: Script, *, call: str = "", customer: Customer | None = None) -> ScriptRun:
    """Begins, or goes on where this user is in this call. Raises ValidationError for a script without steps, or retired."""
    if not script.active or not script.steps:
        raise ValidationError({"script": _("There are no steps to go through in this script.")})
    script_trees.read(script.steps)
    if not call:
        return ScriptRun.objects.create(script=script, steps=script.steps, customer=customer, user=user)
    run, new = ScriptRun.objects.get_or_create(
        call=call, script=script, user=user, defaults={"steps": script.steps, "customer": customer}
    )
    if not new and run.customer_id is None and customer is not None:
        run.customer = customer
        run.save(update_fields=["customer"])
    return run


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
