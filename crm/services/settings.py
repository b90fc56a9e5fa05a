"""Writes of what a centre sets up for its tickets and mails: categories, rules, templates, scripts."""

from collections.abc import Collection
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from crm import script_trees
from crm.models import Category, DueRule, Escalation, MailFile, MailTemplate, Script
from crm.services import rows


@transaction.atomic
def save_category(user: Any, category: Category | None, values: dict[str, Any]) -> Category:
    """A new one without `category`. Two changes at once cannot make a circle: the table is locked. Raises ValidationError."""
    if values.get("parent") is not None:
        list(Category.objects.select_for_update().order_by("pk").values_list("pk", flat=True))
    return _save(user, "categories", Category, category, values)


@transaction.atomic
def move_category(user: Any, key: int, *, up: bool) -> None:
    """One place up or down among those of the same parent; places are counted anew."""
    everything = list(Category.objects.select_for_update().order_by("position", "code"))
    moved = next((one for one in everything if one.pk == key), None)
    if moved is None:
        return
    beside = [one for one in everything if one.parent_id == moved.parent_id]
    at = beside.index(moved)
    to = at + (-1 if up else 1)
    if not 0 <= to < len(beside):
        return
    beside[at], beside[to] = beside[to], beside[at]
    for place, one in enumerate(beside):
        if one.position != place:
            rows.change(user, "categories", one, {"position": place})


@transaction.atomic
def save_due_rule(user: Any, rule: DueRule | None, values: dict[str, Any]) -> DueRule:
    return _save(user, "due_rules", DueRule, rule, values)


@transaction.atomic
def save_escalation(user: Any, rule: Escalation | None, values: dict[str, Any]) -> Escalation:
    to = values.get("to", rule.to if rule else None)
    if values.get("take_over", rule.take_over if rule else False) and to is None:
        raise ValidationError({"to": _("Who takes it over?")})
    return _save(user, "escalations", Escalation, rule, values)


@transaction.atomic
def save_template(
    user: Any, template: MailTemplate | None, values: dict[str, Any], files: Collection[MailFile] | None
) -> MailTemplate:
    subject = values.get("subject", "")
    if "\n" in subject or "\r" in subject:
        raise ValidationError({"subject": _("A subject is one line.")})
    return _save(user, "mail_templates", MailTemplate, template, values, **({} if files is None else {"files": files}))


@transaction.atomic
def save_script(user: Any, script: Script | None, values: dict[str, Any]) -> Script:
    """Raises ValidationError for steps that are no fit tree."""
    if values.get("steps") is not None:
        script_trees.read(values["steps"])
    return _save(user, "scripts", Script, script, values)


def _save(user: Any, entity: str, model: Any, row: Any, values: dict[str, Any], **many: Any) -> Any:
    return rows.add(user, entity, model(**values), **many) if row is None else rows.change(user, entity, row, values, **many)
