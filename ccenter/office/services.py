"""Writes of the office. Who may is asked by who calls; what is wrong comes as ValidationError by field."""

from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import QuerySet

from ccenter.office.audit import audit, changed, state_of
from ccenter.office.models import Branch


def people() -> QuerySet[Any]:
    """Users who may be given something."""
    return get_user_model()._default_manager.filter(is_active=True)


@transaction.atomic
def add_branch(user: Any, values: dict[str, Any]) -> Branch:
    """`values`: the columns, and `logins`, users."""
    logins = values.pop("logins", [])
    branch = Branch.objects.create(**values)
    branch.logins.set(logins)
    names = [one.username for one in logins]
    audit(user, "branches.add", branch, {"code": (None, branch.code), "name": (None, branch.name), "logins": ([], names)})
    return branch


@transaction.atomic
def change_branch(user: Any, branch: Branch, values: dict[str, Any]) -> Branch:
    before, logins = state_of(branch), values.pop("logins", None)
    for name, value in values.items():
        setattr(branch, name, value)
    if values:
        branch.save(update_fields=list(values))
    changes = changed(before, branch)
    if logins is not None:
        were = sorted(branch.logins.values_list("username", flat=True))
        branch.logins.set(logins)
        if were != (names := sorted(one.username for one in logins)):
            changes["logins"] = (were, names)
            if len(changes) == 1:
                touch(branch)
    if changes:
        audit(user, "branches.change", branch, changes)
    return branch


@transaction.atomic
def delete_branch(user: Any, branch: Branch) -> None:
    audit(user, "branches.delete", branch, {"code": (branch.code, None)})
    branch.delete()


def touch(row: Any) -> None:
    """Counts a row's version up when only what belongs to it has changed (its telephone numbers, its logins)."""
    type(row)._base_manager.filter(pk=row.pk).update(version=row.version + 1)
