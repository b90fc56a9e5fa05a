"""The log of who was shown which customer."""

from collections.abc import Collection

from django.db import connection
from django.db.models import QuerySet
from rest_framework.request import Request

from ccenter.desktop.models import CardOpening
from crm.models import Customer

ONCE = "10 minutes"  # a page asks again and again: that is one opening


def note(request: Request, customers: Collection[int], call: str = "") -> None:
    """Puts on record that the user is shown these customers. One statement."""
    if not customers:
        return
    table = CardOpening._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} (customer, call, user_id, at, address)"  # noqa: S608
            " SELECT shown, %(call)s, %(user)s, now(), %(address)s FROM unnest(%(customers)s) shown WHERE NOT EXISTS ("
            f"SELECT FROM {table} o WHERE o.customer = shown AND o.user_id = %(user)s AND o.call = %(call)s"
            f" AND o.at > now() - interval '{ONCE}')",
            {
                "call": call,
                "user": request.user.pk,
                "address": request.META.get("REMOTE_ADDR") or None,
                "customers": sorted(customers),
            },
        )


def openings(*, customer: int | None = None, user: str = "", call: str = "") -> QuerySet[CardOpening]:
    """The log, the newest first."""
    wanted = {"customer": customer, "user__username": user or None, "call": call or None}
    found = CardOpening.objects.select_related("user")
    return found.filter(**{name: value for name, value in wanted.items() if value is not None})


def names(rows: Collection[CardOpening]) -> dict[int, Customer]:
    """The customers of a page of the log, so far as they are still there. One query."""
    return Customer.objects.only("id", "name", "number").in_bulk({row.customer for row in rows})
