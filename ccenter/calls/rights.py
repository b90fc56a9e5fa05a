"""Who may see and do what in the record. An agent: their own seat and calls. A lead: all seats and calls. An admin: as a lead.

The roles are Django's groups "agent", "lead" and "admin"; a superuser is an admin.
"""

from enum import IntEnum
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet

from ccenter.calls.models import Agent, CallAgent, Queue, Voicemail


class Role(IntEnum):
    """More includes less."""

    NONE = 0
    AGENT = 1
    LEAD = 2
    ADMIN = 3


_ROLES = {role.name.lower(): role for role in Role}


def role_of(user: Any) -> Role:
    """The highest role of a user. Asks the database once for each user object."""
    if not user.is_authenticated or not user.is_active:
        return Role.NONE
    if user.is_superuser:
        return Role.ADMIN
    if not hasattr(user, "_role"):
        names = user.groups.values_list("name", flat=True)
        user._role = max((_ROLES.get(name, Role.NONE) for name in names), default=Role.NONE)
    role: Role = user._role
    return role


def seat_of(user: Any) -> Agent | None:
    """The active seat a user works at. Asks the database once for each user object."""
    if not hasattr(user, "_seat"):
        user._seat = Agent.objects.filter(user=user, active=True).defer("sip_password").first()
    seat: Agent | None = user._seat
    return seat


def may_see_call(user: Any, call: str) -> bool:
    return role_of(user) >= Role.LEAD or _parts(user, call).exists()


def may_hear_call(user: Any, call: str) -> bool:
    """Recordings: only for who spoke in the call, and leads."""
    return role_of(user) >= Role.LEAD or _parts(user, call).filter(spoke=True).exists()


def _parts(user: Any, call: str) -> QuerySet[CallAgent]:
    seat = seat_of(user) if role_of(user) >= Role.AGENT else None
    return CallAgent.objects.filter(call=call, agent=seat.number) if seat else CallAgent.objects.none()


def listener_of(user: Any) -> str:
    """Whose facts a user may hear: "" for all, else the number of the seat. Raises PermissionDenied."""
    if role_of(user) >= Role.LEAD:
        return ""
    seat = seat_of(user) if role_of(user) >= Role.AGENT else None
    if seat is None:
        raise PermissionDenied
    return str(seat.number)


def voicemails_for(user: Any) -> QuerySet[Voicemail]:
    """Messages a user may hear: a lead all, an agent those left for them or for a queue they serve."""
    if role_of(user) >= Role.LEAD:
        return Voicemail.objects.all()
    seat = seat_of(user) if role_of(user) >= Role.AGENT else None
    if seat is None:
        return Voicemail.objects.none()
    queues = Queue.objects.filter(Q(agents=seat) | Q(groups__agents=seat)).values("code")
    return Voicemail.objects.filter(Q(mailbox=f"agent:{seat.number}") | Q(mailbox__in=queues))
