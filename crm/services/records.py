"""Writes of service records."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from crm.models import ServiceRecord
from crm.services.categories import usable


def save_record(call: str, author: Any, agent: str, fields: dict[str, Any]) -> tuple[ServiceRecord, bool]:
    """The author's record of a call: made, or the given fields changed. Whether it is new. Twice at once makes one."""
    with transaction.atomic():
        record, new = ServiceRecord.objects.get_or_create(call=call, author=author, defaults={"agent": agent})
        return change_record(record, fields), new


@transaction.atomic
def change_record(record: ServiceRecord, fields: dict[str, Any]) -> ServiceRecord:
    """`fields` may hold followed_up: true ticks the follow-up off, false puts it back."""
    record = ServiceRecord.objects.select_for_update(of=("self",)).select_related("customer").get(pk=record.pk)
    now = timezone.now()
    wanted = dict(fields)
    if "followed_up" in wanted:
        wanted["followed_up_at"] = (record.followed_up_at or now) if wanted.pop("followed_up") else None
    elif "follow_up" in wanted and wanted["follow_up"] != record.follow_up:
        wanted["followed_up_at"] = None
    usable(wanted.get("category"), record.category_id)
    for name, value in wanted.items():
        setattr(record, name, value)
    record.updated_at = now
    record.clean_fields(exclude=["call", "author", "customer", "category"])
    record.save(update_fields=[*wanted, "updated_at"])
    return record
