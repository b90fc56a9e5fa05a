"""Scripts with steps, as they are gone through and as they were answered."""

from typing import Any

from django.db.models import Case, Count, QuerySet, When

from ccenter.calls.models import CentreSettings
from ccenter.calls.rights import seat_of
from crm import script_trees, scripts
from crm.models import Customer, Script, ScriptAnswer, ScriptRun


def runs() -> QuerySet[ScriptRun]:
    """With their answers: two queries."""
    return (
        ScriptRun.objects.select_related("script", "customer", "user").prefetch_related("answers").order_by("-started_at", "-id")
    )


def next_step(run: ScriptRun, user: Any, **places: str) -> dict[str, Any] | None:
    """What is to be said and asked now, {"step", "text", "answer", "required", "options", "points"}; None at the end."""
    tree = script_trees.read(run.steps)
    answers = {one.step: one.value for one in run.answers.all()}
    name = tree.path(answers)[-1]
    return None if name in answers else _asked(run, name, tree.steps[name], user, **places)


def step_asked(run: ScriptRun, name: str, user: Any, **places: str) -> dict[str, Any] | None:
    """The same of any step on the way that was gone; None for one that is not."""
    tree = script_trees.read(run.steps)
    on_the_way = tree.path({one.step: one.value for one in run.answers.all()})
    return _asked(run, name, tree.steps[name], user, **places) if name in on_the_way else None


def _asked(run: ScriptRun, name: str, step: script_trees.Step, user: Any, **places: str) -> dict[str, Any]:
    return {
        "step": name,
        "text": said(run, step.text, user, **places),
        "answer": step.answer,
        "required": step.required,
        "options": [{"value": option.value, "label": option.label} for option in step.options],
        "points": step.points() if step.answer == "scale" else [],
    }


def said(run: ScriptRun, text: str, user: Any, **places: str) -> str:
    """What is said at a step, its places filled; one that nothing is known for is left out."""
    seat = seat_of(user)
    values = scripts.values_for(
        scripts.Situation(language=run.script.language, customer=run.customer),
        company=CentreSettings.objects.values_list("name", flat=True).first() or "",
        agent=seat.number if seat else "",
        **{"order": "", **places},
    )
    return scripts.PLACE.sub(lambda place: values.get(place[1], place[0]), text)


def to_run(customer: Customer | None) -> QuerySet[Script]:
    """Scripts with steps that are in use; in the customer's language first."""
    language = (customer.language if customer else "") or "zh"
    rows = Script.objects.filter(active=True, steps__isnull=False)
    return rows.order_by(Case(When(language=language, then=0), default=1), "position", "id")


def counts(script: Script) -> list[dict[str, Any]]:
    """How often each answer was given: {"step", "label", "value", "count"}. One query."""
    rows = ScriptAnswer.objects.filter(run__script=script).exclude(value="")
    return list(rows.values("step", "value", "label").annotate(count=Count("pk")).order_by("step", "-count", "value"))
