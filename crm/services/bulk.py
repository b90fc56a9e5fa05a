"""The same change to many customers: a job.

`params`: "ids" [key], or "filters", the query of a list; "set" {owner: user name, team, branch: code, level; null takes away};
"add_tags", "remove_tags" [name].
"""

from collections.abc import Collection
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from ccenter.calls.models import SeatGroup
from ccenter.office import rights
from ccenter.office.jobs import Progress, kind
from ccenter.office.models import Branch
from crm.models import Customer, Tag
from crm.selectors.lists import chosen
from crm.services.customers import change_customer, tags_of
from crm.services.exporting import batches

SETTABLE = ("owner", "team", "branch", "level")


def meant(user: Any, params: dict[str, Any]) -> QuerySet[Customer]:
    """The customers a change is for, of those this user may change. Raises ValidationError."""
    rows = chosen(user, params.get("filters", ""))
    if params.get("ids") is not None:
        rows = rows.filter(pk__in=params["ids"])
    return rights.scoped(user, rights.scoped(user, rows, "customers"), "customers", "change")


def values_of(wanted: dict[str, Any]) -> dict[str, Any]:
    """Rows instead of names. Raises ValidationError."""
    found: dict[str, Any] = {}
    looks = {"owner": (get_user_model(), "username"), "team": (SeatGroup, "code"), "branch": (Branch, "code")}
    for name, value in wanted.items():
        if name == "level" and value in Customer.Level.values:
            found[name] = value
        elif name in looks:
            model, column = looks[name]
            found[name] = model._default_manager.filter(**{column: value}).first() if value else None
            if value and found[name] is None:
                raise ValidationError({name: _("Not known: %(text)s") % {"text": str(value)[:20]}})
        else:
            raise ValidationError({"set": _("Not this: %(names)s") % {"names": name}})
    return found


@kind("customers.change")
def run(job: Progress) -> None:
    values = values_of(job.params.get("set", {}))
    added, removed = tags_of(job.params.get("add_tags", ())), tags_of(job.params.get("remove_tags", ()))
    rows = meant(job.user, job.params).filter(pk__gt=job.place)
    if not job.place:
        job.total(rows.count())
    for batch in batches(rows):
        with transaction.atomic():
            for one in batch:
                try:
                    if alter(job.user, one, values, added, removed):
                        job.report["changed"] = job.report.get("changed", 0) + 1
                except ValidationError as error:
                    job.refuse(one.pk, {"number": one.number, "name": one.name}, error.messages)
            job.advance(len(batch), place=batch[-1].pk)


def alter(user: Any, one: Customer, values: dict[str, Any], added: Collection[Tag] = (), removed: Collection[Tag] = ()) -> bool:
    """One of them, its tags fetched; whether anything became another. Raises ValidationError for what is refused, and then
    nothing is changed."""
    tags = {tag.pk: tag for tag in (*one.tags.all(), *added)}
    for tag in removed:
        tags.pop(tag.pk, None)
    if not rights.may(user, "customers.change", one):
        raise ValidationError(_("You have no right to do this."))
    with transaction.atomic():
        done = change_customer(one, {**values, "tags": list(tags.values())}, by=user)
        if not rights.may(user, "customers.change", done):
            raise ValidationError(_("Then you would have no right to it any more."))
    return bool(done.updated_at != one.updated_at)
