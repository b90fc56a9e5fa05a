"""Scripts with steps, as they are gone through and as they were answered."""

from typing import Any

from django.db.models import Count, QuerySet

from ccenter.calls.models import CentreSettings
from ccenter.calls.rights import seat_of
from crm import script_trees, scripts
from crm.models import Script, ScriptAnswer, ScriptRun


def runs() -> QuerySet[ScriptRun]:
    """With their answers: two queries."""
    return (
        ScriptRun.objects.select_related("script", "customer", "user").prefetch_related("answers").order_by("-started_at", "-id")
    )


def next_step(run: ScriptRun, user: Any, **places: str) -> dict[str, Any] | None:
    """What is to be said and asked now, {"step", "text", "answer", "required", "options"}; None at the end."""
    tree = script_trees.read(run.steps)
    answers = {one.step: one.value for one in run.answers.all()}
    name = tree.path(answers)[-1]
    if name in answers:
        return None
    step = tree.steps[name]
    return {
        "step": name,
        "text": said(run, step.text, user, **places),
        "answer": step.answer,
        "required": step.required,
        "options": [{"value": option.value, "label": option.label} for option in step.options],
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


def counts(script: Script) -> list[dict[str, Any]]:
    """How often each answer was given: {"step", "label", "value", "count"}. One query."""
    rows = ScriptAnswer.objects.filter(run__script=script).exclude(value="")
    return list(rows.values("step", "value", "label").annotate(count=Count("pk")).order_by("step", "-count", "value"))
