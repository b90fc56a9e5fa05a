"""What was done for a customer, for the one-page history: records, tickets, mails, outbound calls, answers to scripts."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from ccenter.office.rights import scoped
from crm.models import Mail, OutboundTask, ScriptRun, ServiceRecord, Ticket
from crm.selectors.history import Entry, Reader, register

Make = Callable[[Any], Entry]


def _reader(entity: str, rows: Callable[[], QuerySet[Any]], time: str, make: Make) -> Reader:
    """Of rows with a `customer` and a time, those that the user may see; the newest first. One query."""

    def read(user: Any, customers: list[int], before: datetime | None, most: int) -> list[Entry]:
        found = scoped(user, rows().filter(customer__in=customers), entity)
        if before is not None:
            found = found.filter(**{f"{time}__lt": before})
        return [make(row) for row in found.order_by(f"-{time}", "-pk")[:most]]

    return read


def _record(row: ServiceRecord) -> Entry:
    title = row.category.name if row.category else ""
    data = {
        "call": row.call,
        "order": row.order,
        "agent": row.agent,
        "first_contact": row.first_contact,
        "state_name": row.get_result_display() if row.result else "",
    }
    return Entry(row.created_at, "record", str(row.pk), title, row.summary, state=row.result, data=data)


def _ticket(row: Ticket) -> Entry:
    data = {
        "kind": row.kind,
        "order": row.order,
        "severity": row.severity,
        "due_at": row.due_at,
        "resolution": row.resolution,
        "state_name": row.get_state_display(),
    }
    return Entry(row.created_at, "ticket", str(row.pk), row.number, row.text, state=row.state, data=data)


def _mail(row: Mail) -> Entry:
    data = {"to": row.to, "ticket": row.ticket_id, "error": row.error, "state_name": row.get_state_display()}
    return Entry(row.created_at, "mail", str(row.pk), row.subject, row.body[:500], state=row.state, data=data)


def _outbound(row: OutboundTask) -> Entry:
    data = {"ticket": row.ticket_id, "order": row.order, "kind": row.kind, "state_name": row.get_state_display()}
    return Entry(row.due_at, "outbound", str(row.pk), row.reason, state=row.state, data=data)


def _run(row: ScriptRun) -> Entry:
    detail = "\n".join(f"{one.question} {one.label}" for one in row.answers.all() if one.value)
    state = "finished" if row.finished_at else "open"
    return Entry(row.started_at, "script", str(row.pk), row.script.title, detail[:2000], state=state, data={"call": row.call})


def _page(name: str) -> Callable[[Entry], str]:
    """Where one of these is read."""
    return lambda entry: reverse(f"crm:{name}", args=[entry.key])


def register_all() -> None:
    records = _reader("records", lambda: ServiceRecord.objects.select_related("category"), "created_at", _record)
    register("record", records, _("Service records"), "clipboard-text", _page("record"))
    tickets = _reader("tickets", Ticket.objects.all, "created_at", _ticket)
    register("ticket", tickets, _("Complaints and work orders"), "alert-circle", _page("ticket"))
    register("mail", _reader("mails", Mail.objects.all, "created_at", _mail), _("Mails"), "mail", _page("mail"))
    outbound = _reader("outbound_tasks", OutboundTask.objects.all, "due_at", _outbound)
    register("outbound", outbound, _("Outbound calls"), "phone-outgoing")
    with_answers = ScriptRun.objects.select_related("script").prefetch_related("answers")
    register(
        "script", _reader("script_runs", with_answers.all, "started_at", _run), _("Scripts"), "list-check", _page("script_run")
    )
