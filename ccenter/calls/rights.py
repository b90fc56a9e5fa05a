"""Who may see and do what in the record.

The roles are Django's groups "agent", "lead" and "admin"; a superuser is an admin. An agent: their own seat, and the calls it had
to do with. A lead: the seats of the groups they lead, and those groups' calls. An admin: everything.

A call belongs to the groups of the agents who had to do with it. While it waits in a queue, and for good when no agent answered
it, also to the groups that serve that queue. So two groups that share a queue share its waiting line, and nothing else.
"""

from collections.abc import Iterable
from enum import IntEnum
from typing import Any, NamedTuple

from django.core.exceptions import PermissionDenied
from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet

from ccenter.calls.models import Agent, Call, CallAgent, Queue, SeatGroup, Voicemail
from ccenter.prepared import Prepared, Slot

SEE_NUMBERS = "calls.see_numbers"
WAITS = Q(waiting_since__isnull=False)


class Role(IntEnum):
    """More includes less."""

    NONE = 0
    AGENT = 1
    LEAD = 2
    ADMIN = 3


_ROLES = {role.name.lower(): role for role in Role}


class Scope(NamedTuple):
    """What a user may see. `agents` (numbers) and `queues` (codes) do not matter with `everything`; `numbers`: unmasked."""

    everything: bool
    lead: bool
    agents: frozenset[str]
    queues: frozenset[str]
    numbers: bool

    def sees_seat(self, number: str) -> bool:
        return self.everything or number in self.agents


class Known(NamedTuple):
    """What is asked of a user again and again: `groups` by name, the active seat, Django's permissions ("calls.see_numbers")."""

    groups: frozenset[str]
    seat: Agent | None
    permissions: frozenset[str]


_SEAT = [field.attname for field in Agent._meta.concrete_fields if field.attname != "sip_password"]
_LOOK = f"""
SELECT ARRAY(SELECT g.name::text FROM auth_group g JOIN auth_user_groups m ON m.group_id = g.id WHERE m.user_id = u.id),
  ARRAY(
    SELECT t.app_label || '.' || p.codename FROM auth_permission p JOIN django_content_type t ON t.id = p.content_type_id
    WHERE p.id IN (
      SELECT o.permission_id FROM auth_user_user_permissions o WHERE o.user_id = u.id
      UNION SELECT o.permission_id FROM auth_group_permissions o JOIN auth_user_groups m USING (group_id)
      WHERE m.user_id = u.id)),
  {", ".join(f"a.{name}" for name in _SEAT)}
FROM auth_user u LEFT JOIN calls_agent a ON a.user_id = u.id AND a.active WHERE u.id = %s
"""  # noqa: S608  names of columns


def _known(user: Any) -> Known:
    """Asks the database once for each user object, in plain SQL: every request begins with it."""
    if not hasattr(user, "_known"):
        with connection.cursor() as cursor:
            cursor.execute(_LOOK, [user.pk])
            groups, permissions, *seat = cursor.fetchone() or ([], [], None)
        found = Agent.from_db(connection.alias, _SEAT, seat) if seat[0] is not None else None
        user._known = Known(frozenset(groups), found, frozenset(permissions))
    known: Known = user._known
    return known


def permissions_of(user: Any) -> frozenset[str]:
    """Django's permissions of a user and their groups."""
    return _known(user).permissions


def role_of(user: Any) -> Role:
    """The highest role of a user."""
    if not user.is_authenticated or not user.is_active:
        return Role.NONE
    if user.is_superuser:
        return Role.ADMIN
    return max((_ROLES.get(name, Role.NONE) for name in _known(user).groups), default=Role.NONE)


def seat_of(user: Any) -> Agent | None:
    """The active seat a user works at."""
    return _known(user).seat


def sees_numbers(user: Any) -> bool:
    """Whether this user reads numbers whole."""
    return role_of(user) >= Role.LEAD or bool(user.has_perm(SEE_NUMBERS))


def scope_of(user: Any) -> Scope:
    """What a user may see; found once for each user object, in two queries beside what `_known` asks. Raises PermissionDenied."""
    if not hasattr(user, "_scope"):
        user._scope = _scope(user)
    scope: Scope | None = user._scope
    if scope is None:
        raise PermissionDenied
    return scope


def listening(user: Any, *, lines: bool = False) -> Scope:
    """What a user's feed tells; with `lines`, also of who waits in the queues their seat serves. Raises PermissionDenied."""
    scope = scope_of(user)
    seat = seat_of(user) if lines and not scope.everything else None
    return scope._replace(queues=scope.queues.union(served_queues(seat).values_list("code", flat=True))) if seat else scope


def _scope(user: Any) -> Scope | None:
    role = role_of(user)
    if role is Role.ADMIN:
        return Scope(True, True, frozenset(), frozenset(), True)
    seat = seat_of(user) if role >= Role.AGENT else None
    own = {seat.number} if seat else set()
    if role is Role.LEAD:
        agents = Agent.objects.filter(group__leads=user).values_list("number", flat=True)
        queues = Queue.objects.filter(groups__leads=user).values_list("code", flat=True)
        return Scope(False, True, frozenset({*own, *agents}), frozenset(queues), True)
    return Scope(False, False, frozenset(own), frozenset(), sees_numbers(user)) if seat else None


# -- seats and groups ------------------------------------------------------------------------------------------


def led_groups(user: Any) -> QuerySet[SeatGroup]:
    """The groups a user leads; all for an admin."""
    role = role_of(user)
    if role is Role.ADMIN:
        return SeatGroup.objects.all()
    return SeatGroup.objects.filter(leads=user) if role is Role.LEAD else SeatGroup.objects.none()


def led_seats(user: Any) -> QuerySet[Agent]:
    """The seats a user may steer: those of the groups they lead."""
    role = role_of(user)
    if role is Role.ADMIN:
        return Agent.objects.all()
    return Agent.objects.filter(group__leads=user) if role is Role.LEAD else Agent.objects.none()


def led_queues(user: Any) -> QuerySet[Queue]:
    """The queues that the groups a user leads serve."""
    role = role_of(user)
    if role is Role.ADMIN:
        return Queue.objects.all()
    led = Queue.objects.filter(groups__leads=user).values("pk")
    return Queue.objects.filter(pk__in=led) if role is Role.LEAD else Queue.objects.none()


def served_queues(seat: Agent) -> QuerySet[Queue]:
    """The queues a seat serves: its group's and its own."""
    return Queue.objects.filter(Q(agents=seat) | Q(groups__agents=seat)).distinct()


# -- calls -----------------------------------------------------------------------------------------------------


def calls_in(scope: Scope) -> Q:
    """The condition on calls that a user may see. It holds subqueries and no joins: no call comes twice."""
    return Q() if scope.everything else _parts_in(scope) | _lines_in(scope)


def _parts_in(scope: Scope, **more: Any) -> Q:
    """By the agents' own calls for few agents, else call by call: which is cheaper, the planner cannot know of an OR."""
    if not scope.lead:
        return Q(id__in=CallAgent.objects.filter(agent__in=scope.agents, **more).values("call"))
    return Q(Exists(CallAgent.objects.filter(call=OuterRef("id"), agent__in=scope.agents, **more)))


def _lines_in(scope: Scope) -> Q:
    return Q(queue__in=scope.queues) & (Q(answered_by="") | WAITS)


def owns(scope: Scope, agents: Iterable[str], queue: str, answered_by: str, waiting_since: object) -> bool:
    """The same as `calls_in`, of a call at hand: `agents` had to do with it."""
    if scope.everything or not scope.agents.isdisjoint(agents):
        return True
    return queue in scope.queues and (not answered_by or waiting_since is not None)


def audible_in(scope: Scope) -> Q:
    """The condition on calls whose recordings a user may hear: an agent, where they spoke; a lead, where their agents did."""
    return Q() if scope.everything else _parts_in(scope, spoke=True) | Q(queue__in=scope.queues, answered_by="")


def channels_in(scope: Scope) -> Q:
    """The condition on trunks' channels that a user may know more of than that they are in use: of their calls and seats."""
    if scope.everything:
        return Q()
    return Q(agent__in=scope.agents) | Q(call__in=Call.objects.filter(calls_in(scope)).values("id"))


_call = Prepared(lambda: Call.objects.filter(pk=Slot("call")))
_agents_of = Prepared(lambda: CallAgent.objects.filter(call=Slot("call")))


def call_of(user: Any, ident: str) -> Call | None:
    """A call that a user may see; None when there is none, or it is not theirs. Two queries beside the scope's."""
    scope = scope_of(user)
    for call in _call(call=ident):
        agents = [] if scope.everything else [one.agent for one in _agents_of(call=ident)]
        if owns(scope, agents, call.queue, call.answered_by, call.waiting_since):
            return call
    return None


def may_see_call(user: Any, call: str) -> bool:
    """For a user with a role. Raises PermissionDenied for who has none."""
    return Call.objects.filter(calls_in(scope_of(user)), pk=call).exists()


def may_hear_call(user: Any, call: str) -> bool:
    return bool(hearable(user, [call]))


def hearable(user: Any, calls: Iterable[str]) -> set[str]:
    """Those of the calls whose recordings a user may hear. One query. Raises PermissionDenied for who has no role."""
    scope = scope_of(user)
    if scope.everything:
        return set(calls)
    found = Call.objects.filter(audible_in(scope), pk__in=list(calls))
    return set(found.values_list("pk", flat=True))


def voicemails_for(user: Any) -> QuerySet[Voicemail]:
    """Messages a user may hear: left for their seat or one they lead, or for a queue they serve or lead. An admin: all."""
    try:
        scope = scope_of(user)
    except PermissionDenied:
        return Voicemail.objects.none()
    if scope.everything:
        return Voicemail.objects.all()
    seat = seat_of(user)
    served = Queue.objects.filter(Q(agents=seat) | Q(groups__agents=seat)).values("code") if seat else Queue.objects.none()
    boxes = [*scope.queues, *(f"agent:{agent}" for agent in scope.agents)]
    return Voicemail.objects.filter(Q(mailbox__in=boxes) | Q(mailbox__in=served.values("code")))
