"""Writes of other systems' settings."""

import re
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ccenter.office.audit import audit, changed, state_of
from ccenter.office.webhooks import new_secret
from crm.models import RefusedRow, Source
from crm.models.syncing import COLUMN
from crm.services import syncing
from crm.services.syncing import adapter_of

TABLE = r"^([^\s\"'`;\\.]{1,63}\.)?[^\s\"'`;\\.]{1,63}\Z"


@transaction.atomic
def add_source(by: Any, values: dict[str, Any]) -> Source:
    """Its `secret` is new."""
    source = Source(**values, secret=new_secret())
    _check(source)
    source.save(force_insert=True)
    audit(by, "sources.add", source, {"entity": (None, source.entity)})
    return source


@transaction.atomic
def change_source(by: Any, source: Source, values: dict[str, Any]) -> Source:
    """Another table, key or mapping: everything is read and compared from the beginning."""
    before = state_of(source, without=["secret", "mark", "next_at"])
    for name, value in values.items():
        if name in ("code", "entity") and value != getattr(source, name):
            raise ValidationError({name: _("This cannot be changed.")})
        setattr(source, name, value)
    _check(source)
    changes = changed(before, source)
    if {"table", "key", "changed", "mapping"} & set(changes):
        source.mark = None
        if "key" in changes or "table" in changes:
            source.rows.all().delete()
            source.refusals.all().delete()
        source.rows.update(theirs="")
        _wait(source.refusals.all())
    source.save()
    if changes:
        audit(by, "sources.change", source, changes)
    return source


@transaction.atomic
def delete_source(by: Any, source: Source) -> None:
    """What came from there stays."""
    audit(by, "sources.delete", source)
    source.delete()


@transaction.atomic
def new_key(by: Any, source: Source) -> Source:
    """Another secret, from now on."""
    source.secret = new_secret()
    source.save(update_fields=["secret"])
    audit(by, "sources.change", source, {"secret": ("***", "***")})
    return source


def run_now(by: Any, source: Source) -> None:
    """Synchronises it in the background, once this transaction is committed."""
    from crm.tasks import run_source

    audit(by, "sources.run", source)
    transaction.on_commit(lambda: syncing.hand_over(run_source, source.pk))


def try_again(by: Any, row: RefusedRow) -> None:
    """A refused row is tried with the next run, also one that was given up; rows of programs within a minute."""
    audit(by, "sources.run", row.source, {"row": (None, row.key)})
    _wait(RefusedRow.objects.filter(pk=row.pk))


def _wait(rows: QuerySet[RefusedRow]) -> None:
    rows.update(state=RefusedRow.State.WAITING, tries=0, next_at=timezone.now())


def _check(source: Source) -> None:
    targets = adapter_of(source).targets()
    if not isinstance(source.mapping, dict) or not source.mapping:
        raise ValidationError({"mapping": _("Which column is which field?")})
    for target, column in source.mapping.items():
        if target not in targets:
            raise ValidationError({"mapping": _("There is no such field: %(name)s") % {"name": target}})
        if not isinstance(column, str) or not re.match(COLUMN, column):
            raise ValidationError({"mapping": _("Not the name of a column: %(name)s") % {"name": column}})
    if source.table and not re.match(TABLE, source.table):
        raise ValidationError({"table": _("Not the name of a table.")})
    if source.every is not None and not source.table:
        raise ValidationError({"table": _("Which table shall be read?")})
    if source.write and (not source.table or source.key in source.mapping.values()):
        raise ValidationError({"write": _("Their key is not ours to write.")})
    source.full_clean(exclude=["secret"], validate_unique=False, validate_constraints=False)
