"""Writes of the office. Who may is asked by who calls; what is wrong comes as ValidationError by field."""

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from ccenter.office import rights
from ccenter.office.audit import audit, changed, state_of
from ccenter.office.errors import Conflict
from ccenter.office.models import Branch, Right, SavedFilter


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


@transaction.atomic
def add_role(user: Any, values: dict[str, Any]) -> Group:
    """`values`: name, rights {action: scope}, user_set, users."""
    group = Group.objects.create(name=values["name"])
    _set_rights(group, values.get("rights", {}))
    group.user_set.set(values.get("user_set", []))
    names = sorted(one.username for one in values.get("user_set", []))
    audit(user, "roles.add", group, {"rights": ({}, values.get("rights", {})), "members": ([], names)})
    return group


@transaction.atomic
def change_role(user: Any, group: Group, values: dict[str, Any]) -> Group:
    """As `add_role`; rights not named stay. Raises Conflict: built-in roles keep their names, somebody administers."""
    changes: dict[str, tuple[Any, Any]] = {}
    name = values.get("name", group.name)
    if name != group.name:
        if group.name in rights.ROLES:
            raise Conflict({"name": _("A built-in role keeps its name.")})
        changes["name"] = (group.name, name)
        group.name = name
        group.save(update_fields=["name"])
    before = dict(group.rights.values_list("action", "scope"))
    after = {action: scope for action, scope in values.get("rights", {}).items() if before.get(action, "none") != scope}
    if after:
        _set_rights(group, after)
        changes["rights"] = ({action: before.get(action, "none") for action in after}, after)
    if "user_set" in values:
        were = sorted(group.user_set.values_list("username", flat=True))
        are = sorted(one.username for one in values["user_set"])
        if were != are:
            if group.name == "admin" and not any(one.is_active for one in values["user_set"]):
                raise Conflict({"members": _("Somebody has to administer the centre.")})
            group.user_set.set(values["user_set"])
            changes["members"] = (were, are)
    if changes:
        audit(user, "roles.change", group, changes)
    return group


@transaction.atomic
def delete_role(user: Any, group: Group) -> None:
    """Raises Conflict for a built-in role, and one that has members."""
    if group.name in rights.ROLES:
        raise Conflict(_("A built-in role stays."))
    if group.user_set.exists():
        raise Conflict(_("Somebody has this role."))
    audit(user, "roles.delete", group, {"rights": (dict(group.rights.values_list("action", "scope")), {})})
    group.delete()


def _set_rights(group: Group, wanted: dict[str, str]) -> None:
    Right.objects.bulk_create(
        [Right(group=group, action=action, scope=scope) for action, scope in wanted.items()],
        update_conflicts=True,
        unique_fields=["group", "action"],
        update_fields=["scope"],
    )


def touch(row: Any) -> None:
    """Counts a row's version up when only what belongs to it has changed (its telephone numbers, its logins)."""
    type(row)._base_manager.filter(pk=row.pk).update(version=row.version + 1)


def save_filter(user: Any, entity: str, name: str, query: dict[str, Any], shared: bool) -> SavedFilter:
    """Keeps what a list is asked for under a name of the user's; one of that name is written over. Raises PermissionDenied."""
    if shared:
        rights.require(user, "filters.share")
    row, _new = SavedFilter.objects.update_or_create(
        owner=user, entity=entity, name=name, defaults={"query": query, "shared": shared}
    )
    return row
