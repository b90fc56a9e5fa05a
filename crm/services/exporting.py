"""Customers into a file: a job. What its owner may not see is not in it, or masked; the file can be imported again.

`params`: "kind" csv or xlsx; "filters": the query of the list it was asked from, as text.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from django.db.models import QuerySet

from ccenter.calls.tokens import spelt
from ccenter.office import rights
from ccenter.office.audit import audit
from ccenter.office.jobs import Progress, kind
from ccenter.office.rest import shown
from crm import tables
from crm.models import Customer, CustomField
from crm.selectors.fields import visible
from crm.selectors.lists import chosen
from crm.services.columns import HEADINGS, heading_of

BATCH = 1000


@kind("customers.export")
def run(job: Progress) -> None:
    kind = job.params.get("kind", "csv")
    rows = rights.scoped(job.user, chosen(job.user, job.params.get("filters", "")), "customers", "export")
    job.place = 0
    job._update(total=rows.count(), done=0)  # a worker that died has left its count
    fields = visible(job.user)
    with job.result(f"customers.{kind}") as file, tables.writing(file, kind) as write:
        write([*map(heading_of, HEADINGS), *(field.name for field in fields)])
        for batch in batches(rows):
            for one in batch:
                write(line(one, fields, job.user))
            job.advance(len(batch))
    job.report["rows"] = job.place
    audit(job.user, "customers.export", job._job, {"rows": (None, job.place), "filters": (None, job.params.get("filters", ""))})


def batches(rows: QuerySet[Customer]) -> Iterator[list[Customer]]:
    """All of them in the order of their keys, a thousand at a time: four queries each."""
    last = 0
    rows = rows.order_by("pk")
    while batch := list(rows.filter(pk__gt=last)[:BATCH]):
        yield batch
        last = batch[-1].pk


def line(one: Customer, fields: Sequence[CustomField], user: Any) -> list[Any]:
    """In the order of HEADINGS, then own fields."""
    main = one.main_address
    return [
        one.number,
        one.name,
        one.get_title_display() if one.title else "",
        one.get_level_display(),
        one.get_language_display() if one.language else "",
        one.email,
        "; ".join(shown(user, "number", spelt(phone.number)) for phone in one.phones.all()),
        *((main.province, main.city, main.district, shown(user, "address", main.street), main.postcode) if main else [""] * 5),
        ", ".join(tag.name for tag in one.tags.all()),
        one.points,
        *(one.fields.get(field.code) for field in fields),
    ]
