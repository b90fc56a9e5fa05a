"""People with roles, seats and tokens, for tests of rights."""

from typing import Any

from django.contrib.auth.models import Group, User
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient

from ccenter.calls.models import Agent, Queue, ReasonCode, SeatGroup


def group(code: str) -> SeatGroup:
    """A group of seats that serves the queues "sales" and "service", "floor", or one of its own code."""
    found, new = SeatGroup.objects.get_or_create(code=code)
    if new:
        queues = ("sales", "service") if code == "floor" else (code,)
        found.queues.add(*[Queue.objects.get_or_create(code=queue)[0] for queue in queues])
    return found


def person(name: str, role: str = "", seat: str = "", team: str = "floor", **options: Any) -> User:
    """A user, without a password unless one is given; with `seat`, the agent of that number. A lead leads the group `team`."""
    user = User.objects.create_user(name, **options)
    if role:
        user.groups.add(Group.objects.get_or_create(name=role)[0])
    if role == "lead":
        group(team).leads.add(user)
    if seat:
        Agent.objects.create(number=seat, user=user, name=name.title(), group=group(team), sip_password="a-password-of-it")
        ReasonCode.objects.get_or_create(code="break", defaults={"name_zh": "休息", "name_en": "Break"})
    return user


def client(user: User) -> APIClient:
    """A client that logs in by token, as programs do, and reads English."""
    token, _new = Token.objects.get_or_create(user=user)
    found = APIClient(headers={"Authorization": f"Token {token.key}", "Accept-Language": "en"})
    found.default_format = "json"
    return found
