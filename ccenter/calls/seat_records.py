"""Seat records 座席档案: read, changed one by one, or many at once (`seat_csv`). A lead changes the seats they lead.

A record: number, name, login, level, group, queues (further ones), skills {code: level}, permissions (roles, and "see_numbers"),
active, desk_phone, browser_phone, mobile. Only an admin makes new ones, and gives permissions.
"""

import re
import secrets
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any, NamedTuple

from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.auth.models import Group, Permission, User
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from ccenter.calls.models import Agent, AgentSkill, Queue, SeatGroup, Skill
from ccenter.calls.numbers import normalise
from ccenter.calls.rights import Role, led_groups, led_queues, led_seats, role_of

Record = dict[str, Any]
Errors = dict[str, str]  # field -> why

FIELDS = (
    "number", "name", "login", "level", "group", "queues", "skills", "permissions", "active", "desk_phone", "browser_phone",
    "mobile",
)  # fmt: skip
ROLES = ("agent", "lead", "admin")
SEE_NUMBERS = "see_numbers"
PERMISSIONS = (*ROLES, SEE_NUMBERS)
NEW: Record = {
    "name": "", "login": "", "level": 1, "group": "", "queues": [], "skills": {}, "permissions": ["agent"], "active": True,
    "desk_phone": False, "browser_phone": True, "mobile": "",
}  # fmt: skip
NUMBER = re.compile(r"[0-9]{2,10}")
LOGIN = re.compile(r"[\w.@+-]{1,150}")


def records(seats: QuerySet[Agent]) -> list[Record]:
    """The records of seats. Five queries."""
    agents = list(seats.select_related("group", "user").defer("sip_password").order_by("number"))
    keys, users = [agent.pk for agent in agents], [agent.user_id for agent in agents]
    skills: dict[int, dict[str, int]] = defaultdict(dict)
    for agent, code, level in (
        AgentSkill.objects.filter(agent__in=keys).order_by("skill__code").values_list("agent", "skill__code", "level")
    ):
        skills[agent][code] = level
    queues: dict[int, list[str]] = defaultdict(list)
    for agent, code in Queue.objects.filter(agents__in=keys).order_by("code").values_list("agents", "code"):
        queues[agent].append(code)
    rights: dict[int, list[str]] = defaultdict(list)
    for user, name in Group.objects.filter(user__in=users, name__in=ROLES).values_list("user", "name"):
        rights[user].append(name)
    for user in User.user_permissions.through.objects.filter(
        user__in=users, permission__codename=SEE_NUMBERS, permission__content_type__app_label="calls"
    ).values_list("user", flat=True):
        rights[user].append(SEE_NUMBERS)
    return [
        {
            "number": agent.number,
            "name": agent.name,
            "login": agent.user.get_username(),
            "level": agent.level,
            "group": agent.group.code,
            "queues": queues[agent.pk],
            "skills": skills[agent.pk],
            "permissions": sorted(rights[agent.user_id], key=_place),
            "active": agent.active,
            "desk_phone": agent.desk_phone,
            "browser_phone": agent.browser_phone,
            "mobile": agent.mobile,
        }
        for agent in agents
    ]


# -- what is right ---------------------------------------------------------------------------------------------


class Book(NamedTuple):
    """What records may refer to, read once; and the seats one may change."""

    admin: bool
    records: dict[str, Record]  # number -> record, of the seats one may change
    taken: dict[str, str]  # every number -> its login
    logins: dict[str, bool]  # every login -> whether it has a seat
    groups: frozenset[str]  # those one may put a seat into
    queues: frozenset[str]
    skills: frozenset[str]


def book_of(user: Any, numbers: Iterable[str] | None = None) -> Book:
    """For some seats, or all one may change. A fixed number of queries."""
    seats = led_seats(user)
    seats = seats if numbers is None else seats.filter(number__in=list(numbers))
    taken = dict(Agent.objects.values_list("number", "user__username"))
    seated = set(taken.values())
    return Book(
        admin=role_of(user) is Role.ADMIN,
        records={record["number"]: record for record in records(seats)},
        taken=taken,
        logins={login: login in seated for login in User.objects.values_list("username", flat=True)},
        groups=frozenset(led_groups(user).values_list("code", flat=True)),
        queues=frozenset(led_queues(user).values_list("code", flat=True)),
        skills=frozenset(Skill.objects.values_list("code", flat=True)),
    )


def complete(book: Book, given: Record) -> tuple[Record | None, Record, Errors]:
    """The record before (None: it is new), the one that is wanted (what is not given stays), and what is wrong with it.

    `given` holds values of the right types.
    """
    number = given.get("number", "")
    before = book.records.get(number)
    wanted = {**NEW, **(before or {}), **given}
    wanted["queues"] = sorted(set(wanted["queues"]))
    wanted["skills"] = dict(sorted(wanted["skills"].items()))
    wanted["permissions"] = sorted(set(wanted["permissions"]), key=_place)
    return before, wanted, _errors(book, before, wanted)


def _place(permission: str) -> int:
    return PERMISSIONS.index(permission) if permission in PERMISSIONS else len(PERMISSIONS)


def _errors(book: Book, before: Record | None, wanted: Record) -> Errors:
    errors: Errors = {}
    number, login = wanted.get("number", ""), wanted["login"]
    if not NUMBER.fullmatch(number):
        errors["number"] = _("Two to ten digits.")
    elif before is None and number in book.taken:
        errors["number"] = _("This number belongs to a seat you do not lead.")
    elif before is None and not book.admin:
        errors["number"] = _("Only administrators make new seats.")
    if errors:
        return errors
    name = wanted["name"]
    if not name.strip() or len(name) > 60 or not name.isprintable():
        errors["name"] = _("One to 60 signs.")
    if before is not None and login != before["login"]:
        errors["login"] = _("The login of a seat does not change: make a new seat.")
    elif not LOGIN.fullmatch(login):
        errors["login"] = _("Letters, digits and @ . + - _ only.")
    elif before is None and book.logins.get(login):
        errors["login"] = _("This login has a seat already.")
    if not 1 <= wanted["level"] <= 10:
        errors["level"] = _("From 1 to 10.")
    if wanted["group"] not in book.groups:
        errors["group"] = _("There is no such group, or you do not lead it.")
    kept = set(before["queues"]) if before else set()
    if unknown := set(wanted["queues"]) - book.queues - kept:
        errors["queues"] = _("There is no such queue, or your groups do not serve it: %s") % " ".join(sorted(unknown))
    if unknown := set(wanted["skills"]) - book.skills:
        errors["skills"] = _("There is no such skill: %s") % " ".join(sorted(unknown))
    elif any(not 1 <= level <= 10 for level in wanted["skills"].values()):
        errors["skills"] = _("From 1 to 10.")
    if unknown := set(wanted["permissions"]) - set(PERMISSIONS):
        errors["permissions"] = _("There is no such permission: %s") % " ".join(sorted(unknown))
    elif not book.admin and wanted["permissions"] != (before or NEW)["permissions"]:
        errors["permissions"] = _("Only administrators give permissions.")
    if wanted["mobile"]:
        read = normalise(wanted["mobile"])
        wanted["mobile"] = read.number
        if not read.is_e164:
            errors["mobile"] = _("This is not a number that can be called.")
    return errors


def changes(before: Record | None, wanted: Record) -> dict[str, tuple[Any, Any]]:
    """Field: what it was, and will be."""
    return {field: (before and before[field], wanted[field]) for field in FIELDS if not before or before[field] != wanted[field]}


# -- writing ---------------------------------------------------------------------------------------------------


class Invalid(Exception):
    """What is wrong with a record, by field."""

    def __init__(self, errors: Errors) -> None:
        super().__init__(errors)
        self.errors = errors


@transaction.atomic
def save(user: Any, given: Record, *, new: bool) -> tuple[Record, str]:
    """Makes or changes one record; the record, and the first password of a new login. Raises Invalid, PermissionDenied."""
    book = book_of(user, [given.get("number", "")])
    if new and not book.admin:
        raise PermissionDenied(_("Only administrators make new seats."))
    if new and given.get("number") in book.taken:
        raise Invalid({"number": _("This number has a seat already.")})
    before, wanted, errors = complete(book, given)
    if errors:
        raise Invalid(errors)
    passwords = write([(before, wanted)])
    (record,) = records(Agent.objects.filter(number=wanted["number"]))
    return record, passwords.get(wanted["login"], "")


def write(pairs: list[tuple[Record | None, Record]]) -> dict[str, str]:
    """Writes records that are right, in the caller's transaction; the first passwords of new logins.

    A user name that has no seat yet gets one; what is nobody's becomes a new login.
    """
    wanted = [record for _before, record in pairs]
    users, passwords = _logins([record["login"] for before, record in pairs if before is None])
    groups = dict(SeatGroup.objects.values_list("code", "pk"))
    there = {agent.number: agent for agent in Agent.objects.filter(number__in=[record["number"] for record in wanted])}
    rows = []
    for record in wanted:
        row = there.get(record["number"]) or Agent(number=record["number"], user=users[record["login"]])
        for field in ("name", "level", "active", "desk_phone", "browser_phone", "mobile"):
            setattr(row, field, record[field])
        row.group_id = groups[record["group"]]
        if row.desk_phone and len(row.sip_password) < 8:
            row.sip_password = secrets.token_urlsafe(18)
        rows.append(row)
    written = ["name", "level", "active", "desk_phone", "browser_phone", "mobile", "group", "sip_password"]
    Agent.objects.bulk_create([row for row in rows if row.pk is None], batch_size=1000)
    Agent.objects.bulk_update([there[row.number] for row in rows if row.number in there], written, batch_size=1000)
    _write_skills(rows, wanted)
    _write_queues(rows, wanted)
    _write_rights(rows, pairs)
    return passwords


def _logins(names: list[str]) -> tuple[dict[str, User], dict[str, str]]:
    users = {user.username: user for user in User.objects.filter(username__in=names)}
    passwords = {name: secrets.token_urlsafe(12) for name in names if name not in users}
    hasher = PBKDF2PasswordHasher()
    # 96 random bits need no slow hash; Django makes it slow at the first sign-in all the same.
    new = [User(username=name, password=hasher.encode(secret, hasher.salt(), 1000)) for name, secret in passwords.items()]
    User.objects.bulk_create(new)
    return {**users, **{user.username: user for user in new}}, passwords


def _write_skills(rows: list[Agent], wanted: list[Record]) -> None:
    skills = dict(Skill.objects.values_list("code", "pk"))
    AgentSkill.objects.filter(agent__in=rows).delete()
    AgentSkill.objects.bulk_create(
        AgentSkill(agent=row, skill_id=skills[code], level=level)
        for row, record in zip(rows, wanted, strict=True)
        for code, level in record["skills"].items()
    )


def _write_queues(rows: list[Agent], wanted: list[Record]) -> None:
    queues = dict(Queue.objects.values_list("code", "pk"))
    link = Agent.queues.through
    link.objects.filter(agent__in=rows).delete()
    link.objects.bulk_create(
        link(agent_id=row.pk, queue_id=queues[code])
        for row, record in zip(rows, wanted, strict=True)
        for code in record["queues"]
    )


def _write_rights(rows: list[Agent], pairs: list[tuple[Record | None, Record]]) -> None:
    """Of those records whose permissions change."""
    changed = [
        (row.user_id, set(wanted["permissions"]))
        for row, (before, wanted) in zip(rows, pairs, strict=True)
        if before is None or before["permissions"] != wanted["permissions"]
    ]
    if not changed:
        return
    users = [user for user, _permissions in changed]
    roles = {name: Group.objects.get_or_create(name=name)[0].pk for name in ROLES}
    member, right = User.groups.through, User.user_permissions.through
    member.objects.filter(user__in=users, group__in=roles.values()).delete()
    member.objects.bulk_create(
        member(user_id=user, group_id=pk) for user, permissions in changed for name, pk in roles.items() if name in permissions
    )
    sees = Permission.objects.get(codename=SEE_NUMBERS, content_type__app_label="calls")
    right.objects.filter(user__in=users, permission=sees).delete()
    right.objects.bulk_create(right(user_id=user, permission=sees) for user, permissions in changed if SEE_NUMBERS in permissions)


def repeated(values: Iterable[str]) -> set[str]:
    """Those that come more than once."""
    return {value for value, times in Counter(values).items() if times > 1}
