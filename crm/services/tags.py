"""Writes of tags."""

from typing import Any

from django.db import transaction

from ccenter.office.audit import audit, changed, state_of
from crm.models import Tag


@transaction.atomic
def add_tag(by: Any, values: dict[str, Any]) -> Tag:
    tag = Tag(**values)
    tag.full_clean(validate_unique=False, validate_constraints=False)
    tag.save(force_insert=True)
    audit(by, "tags.add", tag)
    return tag


@transaction.atomic
def change_tag(by: Any, tag: Tag, values: dict[str, Any]) -> Tag:
    before = state_of(tag)
    for name, value in values.items():
        setattr(tag, name, value)
    tag.full_clean(validate_unique=False, validate_constraints=False)
    tag.save()
    audit(by, "tags.change", tag, changed(before, tag))
    return tag


@transaction.atomic
def delete_tag(by: Any, tag: Tag) -> None:
    """Customers who are marked with it are so no more."""
    audit(by, "tags.delete", tag, {"customers": (tag.customers.count(), 0)})
    tag.delete()
