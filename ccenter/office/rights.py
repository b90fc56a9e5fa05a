"""Who may do what with which rows, and reads which fields whole: asked by pages, REST, exports and jobs alike.

An action is "<entity>.<verb>": "orders.approve". Each app declares its entities once, in a module `entities` that its
AppConfig imports: their verbs, the paths from a row to its owner, team and branch, and what each role may do from the
beginning. From then on administrators edit the table `Right`; a seed only adds what was never there.

A role is a Django group. An "admin" (and a superuser) may everything. With several roles a user may what any of them may.
`calls/rights.py` says who sees which calls and seats; the teams here are its groups of seats: a lead's are the groups they
lead, everybody's also the one their seat is in.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db.models import Model, Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ccenter.calls.rights import Role, led_groups, role_of, seat_of, sees_numbers
from ccenter.office.models import Branch, Right
from ccenter.prepared import Prepared, Slot

Scope = Right.Scope
Text = str | Promise
Row = TypeVar("Row", bound=Model)

ROLES: dict[str, Text] = {
    "agent": _("agent"),
    "expert": _("expert"),
    "lead": _("team lead"),
    "order_reviewer": _("order reviewer"),
    "finance": _("finance"),
    "warehouse": _("warehouse"),
    "branch": _("branch"),
    "admin": _("administrator"),
    "office_admin": _("office administrator"),
    "auditor": _("auditor"),
}
FIELDS = {"number": "calls.see_numbers", "address": "calls.see_addresses"}  # who lacks the right reads these masked
VERBS: dict[str, Text] = {"view": _("see"), "add": _("add"), "change": _("change"), "delete": _("delete")}


@dataclass(frozen=True)
class Entity:
    """A kind of rows. `own`, `team`, `branch`: paths of lookups, over foreign keys only (no row may come twice), to a user,
    a `SeatGroup`, a `Branch`; empty: rows of this kind have none, and who has but that scope sees none."""

    name: str
    label: Text
    verbs: Mapping[str, Text]
    own: tuple[str, ...] = ()
    team: tuple[str, ...] = ()
    branch: tuple[str, ...] = ()
    seeds: Mapping[str, Mapping[str, str]] | None = None


_entities: dict[str, Entity] = {}


def declare(
    name: str,
    label: Text,
    verbs: Mapping[str, Text] | None = None,
    *,
    own: str | Iterable[str] = (),
    team: str | Iterable[str] = (),
    branch: str | Iterable[str] = (),
    seeds: Mapping[str, str] | None = None,
    offices: bool = True,
) -> None:
    """Makes an entity known. `verbs` come beside view, add, change and delete.

    `seeds`: what a role may from the beginning: {"agent": "view add change:own"}, a verb without a scope means all rows.
    With `offices`, "office_admin" may everything with it.
    """
    every = {**VERBS, **(verbs or {})}
    wanted = {role: dict(_verb(word, every) for word in words.split()) for role, words in (seeds or {}).items()}
    if offices:
        wanted["office_admin"] = dict.fromkeys(every, Scope.ALL.value)
    _entities[name] = Entity(name, label, every, _paths(own), _paths(team), _paths(branch), wanted)


def _verb(word: str, verbs: Mapping[str, Text]) -> tuple[str, str]:
    verb, _colon, scope = word.partition(":")
    if verb not in verbs:
        raise LookupError(f"no such verb: {word}")
    return verb, Scope(scope or "all").value


def _paths(given: str | Iterable[str]) -> tuple[str, ...]:
    return ((given,) if given else ()) if isinstance(given, str) else tuple(given)


def entities() -> list[Entity]:
    """All that were declared, by name."""
    return [_entities[name] for name in sorted(_entities)]


def actions() -> dict[str, Text]:
    """Every action and what it is called: {"orders.approve": "orders: approve"}."""
    return {f"{entity.name}.{verb}": text for entity in entities() for verb, text in entity.verbs.items()}


def title_of(action: str) -> Text:
    """What an action is called, "customers: merge"; itself when nobody declared it (any more)."""
    entity, _dot, verb = action.partition(".")
    known = _entities.get(entity)
    return f"{known.label}: {known.verbs[verb]}" if known and verb in known.verbs else action


def scopes_of(entity: Entity) -> list[str]:
    """The scopes that mean something for this kind of rows."""
    paths = {Scope.OWN: entity.own, Scope.BRANCH: entity.branch, Scope.TEAM: entity.team}
    return [scope.value for scope in Scope if paths.get(scope, True)]


# -- questions -------------------------------------------------------------------------------------------------


def may(user: Any, action: str, row: Model | None = None, *, as_read: bool = False) -> bool:
    """Whether a user may do this at all; with `row`, to this one. Raises LookupError for an action nobody declared.

    `as_read`: the row is as the database has it, so whose it is need not be asked again.
    """
    entity, verb = _action(action)
    scopes = _scopes(user, action)
    if row is None or not scopes or Scope.ALL in scopes:
        return bool(scopes)
    if as_read and scopes & {Scope.OWN, Scope.TEAM} and user.pk in _owners(entity, row):
        return True
    return scoped(user, type(row)._default_manager.filter(pk=row.pk), entity.name, verb).exists()


def require(user: Any, action: str, row: Model | None = None, *, as_read: bool = False) -> None:
    """Raises PermissionDenied for who may not."""
    if not may(user, action, row, as_read=as_read):
        raise PermissionDenied(_("You have no right to do this."))


def _owners(entity: Entity, row: Model) -> list[Any]:
    """Keys of the users whose the row is by its own columns; paths over other rows are not gone."""
    return [getattr(row, row._meta.get_field(path).attname) for path in entity.own if "__" not in path]


def scoped(user: Any, rows: QuerySet[Row], entity: str, verb: str = "view") -> QuerySet[Row]:
    """Those of the rows with which a user may do this."""
    known, _verb = _action(f"{entity}.{verb}")
    scopes = _scopes(user, f"{entity}.{verb}")
    if Scope.ALL in scopes:
        return rows
    who = Q()
    if Scope.OWN in scopes:
        who |= _any(known.own, "", user.pk)
    if Scope.TEAM in scopes:
        who |= _any(known.own, "", user.pk) | _any(known.team, "__in", teams_of(user))
    if Scope.BRANCH in scopes:
        who |= _any(known.branch, "__in", branches_of(user))
    return rows.filter(who) if who else rows.none()


def seen(user: Any, rows: Sequence[Row], entity: str) -> list[Row]:
    """Of rows that were fetched those that a user may see. One query, none for who sees all of them or none."""
    if not rows or everywhere(user, f"{entity}.view"):
        return list(rows)
    there = type(rows[0])._default_manager.filter(pk__in=[row.pk for row in rows])
    keys = set(scoped(user, there, entity).values_list("pk", flat=True))
    return [row for row in rows if row.pk in keys]


def everywhere(user: Any, action: str) -> bool:
    """Whether a user may do this with all rows there are."""
    return Scope.ALL in _scopes(user, action)


def masked(user: Any, field: str) -> bool:
    """Whether a user reads this kind of field ("number", "address") masked."""
    return not sees_numbers(user) if field == "number" else not may(user, FIELDS[field])


def teams_of(user: Any) -> list[int]:
    """Keys of the groups a user leads, and of the one their seat is in. Asks once for each user object."""
    if not hasattr(user, "_teams"):
        seat = seat_of(user)
        led = set(led_groups(user).values_list("pk", flat=True)) if role_of(user) is Role.LEAD else set()
        user._teams = sorted(led | ({seat.group_id} if seat and seat.group_id else set()))
    found: list[int] = user._teams
    return found


def branches_of(user: Any) -> list[int]:
    """Keys of the branches a user works for. Asks once for each user object."""
    if not hasattr(user, "_branches"):
        user._branches = list(Branch.objects.filter(logins=user, active=True).values_list("pk", flat=True))
    found: list[int] = user._branches
    return found


def _action(action: str) -> tuple[Entity, str]:
    name, _dot, verb = action.partition(".")
    entity = _entities.get(name)
    if entity is None or verb not in entity.verbs:
        raise LookupError(f"no such action: {action}")
    return entity, verb


def _any(paths: tuple[str, ...], how: str, value: Any) -> Q:
    found = Q()
    for path in paths:
        found |= Q(**{f"{path}{how}": value})
    return found


_held = Prepared(
    lambda: Right.objects.filter(group__user=Slot("user")).exclude(scope=Scope.NONE).only("action", "scope").order_by()
)


def _scopes(user: Any, action: str) -> frozenset[str]:
    """The scopes of an action over all roles. Asks once for each user object."""
    if not user.is_authenticated or not user.is_active:
        return frozenset()
    if role_of(user) is Role.ADMIN:
        return frozenset([Scope.ALL])
    if not hasattr(user, "_rights"):
        rights: dict[str, set[str]] = {}
        for held in _held(user=user.pk):
            rights.setdefault(held.action, set()).add(held.scope)
        user._rights = rights
    return frozenset(user._rights.get(action, ()))


class Backend:
    """Django's own question, `user.has_perm("orders.approve")` and {{ perms.orders.approve }}, answered from that table."""

    def authenticate(self, request: Any, **credentials: Any) -> None:
        return None

    def has_perm(self, user: Any, action: str, row: Any = None) -> bool:
        name, _dot, verb = action.partition(".")
        known = name in _entities and verb in _entities[name].verbs
        return known and bool(_scopes(user, action)) and (row is None or may(user, action, row))

    def has_module_perms(self, user: Any, name: str) -> bool:
        return name in _entities and any(_scopes(user, f"{name}.{verb}") for verb in _entities[name].verbs)


# -- seeds -----------------------------------------------------------------------------------------------------


def seed(**_signal: Any) -> None:
    """The roles, and the rights they begin with; what is in the table already stays as it is. After each `migrate`."""
    groups = {name: Group.objects.get_or_create(name=name)[0] for name in ROLES}
    Right.objects.bulk_create(
        (
            Right(group=groups[role], action=f"{entity.name}.{verb}", scope=scope)
            for entity in entities()
            for role, verbs in (entity.seeds or {}).items()
            for verb, scope in verbs.items()
        ),
        ignore_conflicts=True,
    )
