"""Complaints and work orders into a file: a job, as `crm.services.exporting` writes them."""

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from ccenter.calls.tokens import spelt
from ccenter.office.filters import chosen as in_list
from ccenter.office.jobs import Progress, kind
from ccenter.office.rest import shown
from crm.models import Ticket
from crm.selectors import categories, service_lists
from crm.selectors import tickets as selectors
from crm.services.exporting import write_out


def chosen(user: Any, query: str) -> QuerySet[Ticket]:
    """The tickets of a list that was asked for with this query. Raises ValidationError."""
    rows = selectors.tickets().prefetch_related("customer__phones", "customer__addresses")
    return in_list(service_lists.TicketFilters, rows, query, user, service_lists.tickets)


@kind("tickets.export")
def run(job: Progress) -> None:
    tree = categories.tree()
    names = [
        *(_("number"), _("kind"), _("severity"), _("category"), _("state"), _("taken"), _("due"), _("done on"), _("closed on")),
        *(_("member number"), _("customer"), _("telephone"), _("address"), _("order"), _("product"), _("what happened")),
        *(_("how it was settled"), _("taken by"), _("owner"), _("team"), _("branch"), _("escalated"), _("reopened")),
    ]

    def line(one: Ticket) -> list[Any]:
        about, place = tree.shown(one.category_id), one.customer.main_address
        numbers = (shown(job.user, "number", spelt(phone.number)) for phone in one.customer.phones.all())
        return [
            *(one.number, one.get_kind_display(), one.get_severity_display(), " / ".join(about["path"]) if about else ""),
            *(one.get_state_display(), *map(_moment, (one.created_at, one.due_at, one.settled_at, one.closed_at))),
            *(one.customer.number, one.customer.name, "; ".join(numbers)),
            shown(job.user, "address", place.text) if place else "",
            *(one.order, one.product, one.text, one.resolution, one.author.username),
            *(one.owner.username if one.owner else "", one.team.code if one.team else "", one.branch.code if one.branch else ""),
            *(one.escalation, one.reopened),
        ]

    write_out(job, "tickets", chosen, names, line)


def _moment(at: Any) -> str:
    return timezone.localtime(at).strftime("%Y-%m-%d %H:%M") if at else ""
