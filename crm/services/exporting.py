"""Lists into files: jobs. What the owner of a job may not see is not in its file, or masked.

`params` of each: "kind" csv or xlsx; "filters": the query of the list it was asked from, as text. A file of customers can be
imported again.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from django.db.models import QuerySet
from django.utils.timezone import localtime

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


def write_out(
    job: Progress,
    entity: str,
    rows: Callable[[Any, str], QuerySet[Any]],
    headings: Sequence[str],
    line: Callable[[Any], Sequence[Any]],
) -> None:
    """Writes all of a list (`rows(user, query)`) that the job's owner may export, in the order of their keys."""
    kind, query = job.params.get("kind", "csv"), job.params.get("filters", "")
    found = rights.scoped(job.user, rows(job.user, query), entity, "export")
    job.place = 0
    job._update(total=found.count(), done=0)  # a worker that died has left its count
    with job.result(f"{entity}.{kind}") as file, tables.writing(file, kind) as write:
        write(list(headings))
        for batch in batches(found):
            for one in batch:
                write(list(line(one)))
            job.advance(len(batch))
    job.report["rows"] = job.place
    audit(job.user, f"{entity}.export", job._job, {"rows": (None, job.place), "filters": (None, query)})


def batches(rows: QuerySet[Any]) -> Iterator[list[Any]]:
    """All of them in the order of their keys, a thousand at a time."""
    last: Any = 0
    rows = rows.order_by("pk")
    while batch := list(rows.filter(pk__gt=last)[:BATCH]):
        yield batch
        last = batch[-1].pk


@kind("customers.export")
def customers(job: Progress) -> None:
    fields = visible(job.user)
    headings = [*map(heading_of, HEADINGS), *(field.name for field in fields)]
    write_out(job, "customers", chosen, headings, lambda one: line(one, fields, job.user))


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
        one.get_consent_display() if one.consent else "",
        f"{localtime(one.consent_at):%Y-%m-%d %H:%M}" if one.consent_at else "",
        one.get_consent_how_display() if one.consent_how else "",
        "; ".join(shown(user, "number", spelt(phone.number)) for phone in one.phones.all()),
        *((main.province, main.city, main.district, shown(user, "address", main.street), main.postcode) if main else [""] * 5),
        ", ".join(tag.name for tag in one.tags.all()),
        one.points,
        *(one.fields.get(field.code) for field in fields),
    ]
