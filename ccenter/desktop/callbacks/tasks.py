"""The outbound task that a callback is: why it was planned, and its questionnaire."""

from typing import Any
from uuid import UUID

from django.urls import reverse

from ccenter.calls.models import CallbackEntry
from ccenter.calls.rights import seat_of
from crm.models import OutboundTask
from crm.services import script_runs


def _task(ident: str) -> OutboundTask | None:
    try:
        key = UUID(ident)
    except ValueError:
        return None  # of the core's own ids
    return OutboundTask.objects.select_related("script", "customer").filter(callback=key).first()


def about(row: CallbackEntry) -> dict[str, Any] | None:
    """Why the task was planned; None for a callback that is none. One query at most."""
    task = _task(row.pk)
    return {"reason": task.reason, "order": task.order, "questions": task.script_id is not None} if task else None


def questions(user: Any, ident: str) -> str | None:
    """The address of the task's questionnaire, begun when it was not; None when there is none, or it is not in their hands."""
    seat = seat_of(user)
    row = CallbackEntry.objects.filter(pk=ident).first()
    if row is None or seat is None or seat.number not in (row.by, row.offered_to, row.agent):
        return None
    task = _task(ident)
    if task is None or task.script is None:
        return None
    run = script_runs.start(user, task.script, call=row.attempt, customer=task.customer, task=task)
    return reverse("crm:script_run", args=[run.pk])
