"""Orders into a file: a job. What its owner may not see is not in it, or masked.

`params`: "kind" csv or xlsx; "filters": the query of the list it was asked from, as text.
"""

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from ccenter.calls.tokens import spelt
from ccenter.office import rights
from ccenter.office.audit import audit
from ccenter.office.jobs import Progress, kind
from ccenter.office.rest import shown
from crm import tables
from orders.models import Order
from orders.selectors.lists import chosen

BATCH = 1000


@kind("orders.export")
def run(job: Progress) -> None:
    kind, query = job.params.get("kind", "csv"), job.params.get("filters", "")
    rows = rights.scoped(job.user, chosen(job.user, query), "orders", "export").order_by("pk")
    job.total(rows.count())
    last = 0
    with job.result(f"orders.{kind}") as file, tables.writing(file, kind) as write:
        write(headings())
        while batch := list(rows.filter(pk__gt=last)[:BATCH]):
            for order in batch:
                write(line(order, job.user))
            last = batch[-1].pk
            job.advance(len(batch))
    audit(job.user, "orders.export", job._job, {"filters": (None, query)})


def headings() -> list[str]:
    """In the owner's language; in the order of `line`."""
    return [
        *(_("order number"), _("ordered"), _("state"), _("member number"), _("customer"), _("goods"), _("total"), _("paid")),
        *(_("owed"), _("currency"), _("way of paying"), _("recipient"), _("telephone"), _("province"), _("city"), _("district")),
        *(_("street"), _("carrier"), _("tracking number"), _("taken by"), _("note")),
    ]


def line(order: Order, user: Any) -> list[Any]:
    delivery = getattr(order, "delivery", None)
    return [
        order.number,
        timezone.localtime(order.created_at).strftime("%Y-%m-%d %H:%M"),
        order.get_state_display(),
        order.customer.number,
        order.customer.name,
        "; ".join(f"{one.code} {one.name} × {one.quantity}" for one in order.lines.all()),
        order.total,
        order.paid,
        order.balance,
        order.currency,
        order.get_pay_by_display(),
        order.recipient,
        shown(user, "number", spelt(order.phone)),
        order.province,
        order.city,
        order.district,
        shown(user, "address", order.street),
        delivery.carrier.name if delivery else "",
        delivery.tracking if delivery else "",
        order.taken_by.username if order.taken_by else "",
        order.note,
    ]
