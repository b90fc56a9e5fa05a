"""The demo's people: agents with desk phones, their leads, an administrator."""

import json
import os
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import TypedDict

from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.auth.models import Group, Permission, User
from django.db import transaction
from rest_framework.authtoken.models import Token

from ccenter.calls import models
from ccenter.calls.demo.centre import QUEUES, TEST_QUEUES

FIRST = 1001
MOST = 8999
FIRST_LEAD = 901
SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗"
GIVEN = ("芳", "娜", "敏", "静", "丽", "强", "磊", "洋", "艳", "勇", "军", "杰", "娟", "涛", "明", "超", "霞", "平", "刚", "玲")
# Group -> name, kind, its queues of the company, the skills of its agents.
GROUPS: dict[str, tuple[str, str, tuple[str, ...], tuple[str, ...]]] = {
    "sales": ("订购组", "ordinary", ("orders", "service"), ("order", "service")),
    "care": ("客服组", "ordinary", ("service", "orders", "english"), ("service", "order", "english")),
    "experts": ("专家组", "expert", ("complaints", "vip", "english"), ("complaint", "vip", "english", "order")),
    "office": ("内部员工", "inhouse", ("complaints",), ("complaint", "service")),
}
PATTERN = ("sales", "care", "sales", "experts", "sales", "care", "sales", "sales", "office", "experts")  # of ten agents
ROLES = {  # Django's groups, and their rights in its admin; what roles mean is in ccenter.calls.rights
    "agent": (),
    "lead": ("view_agent", "change_agent", "view_callbackentry", "view_queue", "view_blacklistentry"),
}


class Login(TypedDict):
    """What somebody needs to work. `token` is for programs: signing in by password is slow on purpose."""

    username: str
    password: str
    role: str  # agent, lead, administrator
    extension: str
    sip_password: str
    token: str


@transaction.atomic
def seats(count: int, kept: Path) -> list[Login]:
    """Make `count` agents (1001 ...), a lead for each group and an administrator; more than there are is never taken away.

    Their random passwords are kept in the file `kept` (mode 0600), for which a later run gives the same answer. A login
    that the file does not know, but the database does, gets a new password.
    """
    if not 0 <= count <= MOST:
        raise ValueError(f"between 0 and {MOST} agents")
    _groups()
    known = {login["username"]: login for login in (json.loads(kept.read_text()) if kept.exists() else [])}
    wanted = [("admin", "administrator", ""), *((f"lead-{group}", "lead", "") for group in GROUPS)]
    wanted += [(f"a{FIRST + n}", "agent", str(FIRST + n)) for n in range(count)]
    logins = [known.get(name) or _login(name, role, number) for name, role, number in wanted]
    users = _users(logins, set(known))
    _agents(logins, users)
    for group in models.SeatGroup.objects.filter(code__in=GROUPS, leads=None):
        group.leads.add(users[f"lead-{group.code}"])
    _seats_of_leads(users)
    everyone = {login["username"]: login for login in [*known.values(), *logins]}
    _keep(kept, list(everyone.values()))
    return logins


def _login(username: str, role: str, extension: str) -> Login:
    return {
        "username": username,
        "password": secrets.token_urlsafe(15),
        "role": role,
        "extension": extension,
        "sip_password": secrets.token_urlsafe(18) if extension else "",
        "token": secrets.token_hex(20),
    }


def _groups() -> None:
    queues = {queue.code: queue for queue in models.Queue.objects.filter(code__in={*QUEUES, *TEST_QUEUES})}
    for code, (name, kind, own, _skills) in GROUPS.items():
        group, new = models.SeatGroup.objects.get_or_create(code=code, defaults={"name": name, "kind": kind})
        if new:
            group.queues.set(queues[queue] for queue in (*own, *TEST_QUEUES))
    for role, permissions in ROLES.items():
        rights, new = Group.objects.get_or_create(name=role)
        if new:
            rights.permissions.set(Permission.objects.filter(content_type__app_label="calls", codename__in=permissions))


def _users(logins: list[Login], known: set[str]) -> dict[str, User]:
    names = [login["username"] for login in logins]
    there = {user.username: user for user in User.objects.filter(username__in=names)}
    hasher = PBKDF2PasswordHasher()

    def hashed(login: Login) -> str:
        # 120 random bits need no slow hash; Django makes it slow at the first sign-in all the same.
        return hasher.encode(login["password"], hasher.salt(), 1000)

    for login in logins:
        if login["username"] in there and login["username"] not in known:
            there[login["username"]].password = hashed(login)
            there[login["username"]].save(update_fields=["password"])
    new = [
        User(
            username=login["username"],
            password=hashed(login),
            is_staff=login["role"] == "administrator",
            is_superuser=login["role"] == "administrator",
        )
        for login in logins
        if login["username"] not in there
    ]
    User.objects.bulk_create(new)
    there |= {user.username: user for user in new}
    roles = {group.name: group for group in Group.objects.filter(name__in=ROLES)}
    fresh = [login for login in logins if login["username"] not in known or there[login["username"]] in new]
    _bulk(
        User.groups.through,
        (
            User.groups.through(user_id=there[login["username"]].pk, group_id=roles[login["role"]].pk)
            for login in fresh
            if login["role"] in roles
        ),
    )
    Token.objects.filter(user__in=[there[login["username"]] for login in fresh]).delete()
    _bulk(Token, (Token(key=login["token"], user=there[login["username"]]) for login in fresh))
    return there


def _agents(logins: list[Login], users: dict[str, User]) -> None:
    groups = {group.code: group for group in models.SeatGroup.objects.filter(code__in=GROUPS)}
    skills = {skill.code: skill for skill in models.Skill.objects.all()}
    there = {agent.number: agent for agent in models.Agent.objects.filter(user__in=users.values())}
    new: list[models.Agent] = []
    for login in logins:
        number = login["extension"]
        if not number:
            continue
        if number in there:
            if there[number].sip_password != login["sip_password"]:
                models.Agent.objects.filter(number=number).update(sip_password=login["sip_password"])
            continue
        place = int(number) - FIRST
        new.append(
            models.Agent(
                number=number,
                user=users[login["username"]],
                name=SURNAMES[place % 20] + GIVEN[place * 7 % 20] + (GIVEN[place // 20 % 20] if place % 3 else ""),
                group=groups[PATTERN[place % len(PATTERN)]],
                sip_password=login["sip_password"],
            )
        )
    models.Agent.objects.bulk_create(new)
    _bulk(
        models.AgentSkill,
        (
            models.AgentSkill(agent=agent, skill=skills[skill], level=1 + (int(agent.number) * 3 + at * 4) % 10)
            for agent in new
            for at, skill in enumerate(GROUPS[agent.group.code][3])
        ),
    )


def _seats_of_leads(users: dict[str, User]) -> None:
    """A lead listens and speaks by a seat of their own: the browser is its phone."""
    groups = {group.code: group for group in models.SeatGroup.objects.filter(code__in=GROUPS)}
    there = set(models.Agent.objects.filter(user__in=users.values()).values_list("user_id", flat=True))
    models.Agent.objects.bulk_create(
        models.Agent(
            number=str(FIRST_LEAD + place),
            user=users[f"lead-{code}"],
            name=f"{SURNAMES[-1 - place]}组长",
            group=groups[code],
            level=5,
            desk_phone=False,
        )
        for place, code in enumerate(GROUPS)
        if users[f"lead-{code}"].pk not in there
    )


def _bulk(model: type, rows: Iterable[object]) -> None:
    model.objects.bulk_create(rows, ignore_conflicts=True, batch_size=5000)  # type: ignore[attr-defined]


def _keep(path: Path, logins: list[Login]) -> None:
    fresh = path.with_suffix(".new")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(logins, file, ensure_ascii=False, indent=1)
    fresh.replace(path)
