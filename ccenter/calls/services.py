"""Writes of the centre's configuration. Requests to the running centre are in `requests`.

The running centre hears of each change by itself, through the triggers of migration 0002.
"""

from datetime import datetime
from typing import Any

import msgspec
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import Model, QuerySet
from django.utils import timezone

from ccenter.acd.config import AnyTarget
from ccenter.calls import flows, lookups, models, selectors
from ccenter.calls.flows import Known, Problem
from ccenter.calls.models.fields import StructField
from ccenter.calls.numbers import normalise


def announce_config_change() -> None:
    """Make the running centre read its configuration anew at commit, where no trigger sees a change (a raw file, say)."""
    with connection.cursor() as cursor:
        cursor.execute("NOTIFY config")


class NotFit(ValidationError):
    """A flow that may not go live; `problems` says why."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__([p.text for p in problems])
        self.problems = problems


def known() -> Known:
    """What flows and targets may refer to now."""

    def codes(model: Any, field: str = "code", **condition: Any) -> frozenset[str]:
        return frozenset(model.objects.filter(**condition).values_list(field, flat=True))

    return Known(
        queues=codes(models.Queue),
        flows=codes(models.FlowVersion, "flow__code", state="live"),
        agents=codes(models.Agent, "number", active=True),
        calendars=codes(models.Calendar),
        prompts=flows.rendered_prompts() | codes(models.Prompt, "name"),
        lookups=lookups.kinds(),
    )


@transaction.atomic
def save_draft(flow: models.Flow, definition: dict[str, Any], note: str = "") -> models.FlowVersion:
    """Keep a definition as the flow's draft, the existing one or a new version. Raises ValidationError for a wrong shape;
    whether it is fit to go live is asked when it is published."""
    models.Flow.objects.select_for_update().get(pk=flow.pk)
    try:
        shaped = msgspec.to_builtins(flows.read({**definition, "code": flow.code}))
    except msgspec.ValidationError as error:
        raise ValidationError({"definition": str(error)}) from error
    draft = flow.versions.filter(state="draft").order_by("-number").first()
    if draft is None:
        last = flow.versions.order_by("-number").values_list("number", flat=True).first() or 0
        draft = models.FlowVersion(flow=flow, number=last + 1)
    draft.definition, draft.note = shaped, note
    draft.save()
    return draft


@transaction.atomic
def publish_flow(version: models.FlowVersion, by: Any = None, together_with: frozenset[str] = frozenset()) -> None:
    """Make a version the live one; an older version too, which is how a change is taken back.

    `together_with`: flows that go live in the same transaction and may be named already. Raises NotFit.
    """
    models.Flow.objects.select_for_update().get(pk=version.flow_id)
    there = known()
    problems = flows.check(flows.read(version.definition), there._replace(flows=there.flows | together_with))
    if problems:
        raise NotFit(problems)
    now = timezone.now()
    version.flow.versions.filter(state="live").exclude(pk=version.pk).update(state="retired")
    version.state, version.published_at, version.published_by = "live", now, by
    version.save(update_fields=["state", "published_at", "published_by"])


# -- targets ----------------------------------------------------------------------------------------------------


def target_problems(instance: Model) -> dict[str, list[Problem]]:
    """What the targets in a row's fields name that is not there, by field. A wrong shape is left to the field's own check."""
    fields = [f for f in instance._meta.fields if isinstance(f, StructField) and f.of in (AnyTarget, dict[str, AnyTarget])]
    if not fields:
        return {}
    there = known()
    found: dict[str, list[Problem]] = {}
    for field in fields:
        value = getattr(instance, field.attname)
        try:
            shaped = msgspec.convert(value, field.of) if value is not None else None
        except msgspec.ValidationError:
            continue
        targets = shaped.values() if isinstance(shaped, dict) else [shaped]
        if problems := [p for target in targets for p in flows.target_problems(target, there)]:
            found[field.name] = problems
    return found


def config_problems() -> list[Problem]:
    """Everything in the present configuration that names what is not there."""
    there, config = known(), selectors.load_config()
    rows = [*models.Queue.objects.all(), *models.Number.objects.all(), *models.CentreSettings.objects.all()]
    found = [p._replace(node=str(row)) for row in rows for problems in target_problems(row).values() for p in problems]
    for flow in config.flows.values():
        found += [p._replace(node=f"{flow.code}: {p.node}") for p in flows.check(flow, there)]
    return found


@transaction.atomic
def delete(rows: QuerySet[Any]) -> None:
    """Delete configuration, unless something else still names it. Raises ValidationError, and then nothing is deleted."""
    before = set(config_problems())
    rows.delete()
    if problems := [p for p in config_problems() if p not in before]:
        raise ValidationError([f"{p.node}: {p.text}" for p in problems])


# -- callers who are refused ------------------------------------------------------------------------------------


@transaction.atomic
def refuse_caller(number: str, reason: str, by: Any = None, until: datetime | None = None) -> models.BlacklistEntry:
    """Put a number, written in any way, on the blacklist, or change why and how long it is there. Raises ValidationError."""
    entry = models.BlacklistEntry.objects.select_for_update().filter(number=normalise(number).number).first()
    entry = entry or models.BlacklistEntry(number=number, created_by=by)
    entry.reason, entry.until, entry.active = reason, until, True
    entry.full_clean()
    entry.save()
    return entry
