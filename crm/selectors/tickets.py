"""Tickets as screens show them."""

import re
from collections.abc import Collection
from datetime import datetime

from django.db.models import Q, QuerySet

from ccenter.prepared import Prepared, Slot
from crm.models import Complaint, Ticket, TicketEvent
from crm.selectors.grouping import grouped
from crm.ticket_states import DONE

NUMBER = re.compile(r"[Tt]?0*([0-9]{1,18})\Z")
RELATED = ("customer", "category", "author__seat", "owner__seat", "team", "branch")
UNREAD = ("customer__pin", *(f"{who}__{what}" for who in ("author", "owner") for what in ("password", "seat__sip_password")))
_open_complaints = Prepared(lambda: Complaint.objects.exclude(state__in=DONE).filter(customer__among=Slot("customers")))


def tickets() -> QuerySet[Ticket]:
    """With what a list shows of them, in one query."""
    return Ticket.objects.select_related(*RELATED).defer(*UNREAD).order_by("-created_at", "-id")


def late(now: datetime) -> Q:
    """The condition on tickets that are late, or were done too late."""
    return Q(settled_at__isnull=True, due_at__lt=now) & ~Q(state__in=DONE)


def by_number(text: str) -> QuerySet[Ticket]:
    """The ticket a customer names: "T00000042", "42"."""
    found = NUMBER.match(text.strip())
    return tickets().filter(pk=int(found[1])) if found else tickets().none()


def events(ticket: int) -> QuerySet[TicketEvent]:
    """What was done with it, in order. One query."""
    return (
        TicketEvent.objects.filter(ticket=ticket).select_related("user__seat").defer("user__password", "user__seat__sip_password")
    )


def open_complaints(customers: Collection[int]) -> dict[int, list[Complaint]]:
    """By customer. One query."""
    return grouped(_open_complaints(customers=list(customers)) if customers else (), 20)
