"""Internal messages: who may write to whom, what is read, and the push to open screens.

A screen that misses a push finds the message when it asks again; nothing depends on Valkey being there.
"""

import asyncio
import logging
from collections.abc import Collection, Iterable
from json import dumps
from typing import Any

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ccenter.calls import rights
from ccenter.calls.models import Agent, AgentStatus, SeatGroup
from ccenter.calls.rights import Role
from ccenter.desktop.models import Delivery, Message

log = logging.getLogger(__name__)

PAGE = 50
PATIENCE = 1.0  # seconds for Valkey
Shape = dict[str, Any]


def group_of(user: int) -> str:
    """The Channels group of a user's screens."""
    return f"desk.user.{user}"


# -- whom one may write to -------------------------------------------------------------------------------------


def leads_for(user: Any) -> QuerySet[Any]:
    """The leads a user may write to: an agent those of their group, a lead all leads."""
    people = get_user_model().objects.filter(is_active=True).exclude(pk=user.pk)
    leads = people.filter(Q(groups__name__in=["lead", "admin"]) | Q(is_superuser=True)).distinct()
    if rights.role_of(user) >= Role.LEAD:
        return leads.order_by("username")
    seat = rights.seat_of(user)
    own = SeatGroup.leads.through.objects.filter(seatgroup=seat.group_id if seat else None, user=OuterRef("pk"))
    wrote = Delivery.objects.filter(user=user, message__sender=OuterRef("pk"))  # who wrote may be answered
    return leads.filter(Exists(own) | Exists(wrote)).order_by("username")


def recipients(user: Any) -> Shape:
    """Whom a user may write to. Fixed number of queries."""
    states = dict(AgentStatus.objects.values_list("agent", "state"))
    seats = Agent.objects.filter(active=True).exclude(user=user).values_list("number", "name", "group__code")
    return {
        "seats": [
            {"number": number, "name": name, "group": group, "state": states.get(number, "LOGGED_OUT")}
            for number, name, group in seats
        ],
        "groups": [{"code": code, "name": name or code} for code, name in rights.led_groups(user).values_list("code", "name")],
        "leads": [{"user": lead.get_username(), "name": _name(lead)} for lead in leads_for(user).select_related("seat")],
    }


# -- writing ---------------------------------------------------------------------------------------------------


@transaction.atomic
def send(user: Any, text: str, *, seat: str = "", group: str = "", to_user: str = "") -> Message:
    """Keeps the message, and pushes it once it is kept. Raises ValidationError for who cannot be written to."""
    message = Message(sender=user, text=text)
    if group:
        message.to_group = rights.led_groups(user).filter(code=group).first()
        if message.to_group is None:
            raise ValidationError({"group": _("There is no such group, or it is not yours.")})
        # its agents, and its other leads: they see what their people are told
        people = get_user_model().objects.filter(is_active=True).exclude(pk=user.pk)
        to = list(people.filter(Q(seat__group=message.to_group, seat__active=True) | Q(led_groups=message.to_group)).distinct())
        if not to:
            raise ValidationError({"group": _("Nobody is in this group.")})
    else:
        message.to_user = _person(user, seat, to_user)
        to = [message.to_user]
    message.save()
    Delivery.objects.bulk_create(Delivery(message=message, user=one) for one in to)
    transaction.on_commit(lambda: _announce(message.pk, [one.pk for one in to]))
    return message


def _person(user: Any, seat: str, to_user: str) -> Any:
    if seat:
        agent = Agent.objects.select_related("user").filter(number=seat, active=True, user__is_active=True).first()
        if agent is None or agent.user_id == user.pk:
            raise ValidationError({"seat": _("There is no such colleague.")})
        return agent.user
    lead = leads_for(user).filter(username=to_user).first()
    if lead is None:
        raise ValidationError({"user": _("There is no such colleague.")})
    return lead


@transaction.atomic
def read(user: Any, ident: int | None = None) -> list[int]:
    """Marks one message, or all, as read. The ids of those that were not yet; their senders are told."""
    unread = Delivery.objects.filter(user=user, read_at=None)
    if ident is not None:
        unread = unread.filter(message=ident)
    rows = list(unread.select_for_update(of=("self",)).select_related("message"))
    Delivery.objects.filter(pk__in=[row.pk for row in rows]).update(read_at=timezone.now())
    seen = {row.message_id: row.message.sender_id for row in rows}
    if seen:
        transaction.on_commit(lambda: _announce_read(seen))
    return list(seen)


# -- reading ---------------------------------------------------------------------------------------------------


def of(user: Any) -> QuerySet[Message]:
    """What a user sent or was sent, the newest first."""
    received = Delivery.objects.filter(user=user).values("message")
    found = Message.objects.filter(Q(sender=user) | Q(pk__in=received))
    return found.select_related("sender__seat", "to_user__seat", "to_group").order_by("-pk")


def unread(user: Any) -> int:
    return Delivery.objects.filter(user=user, read_at=None).count()


def page(user: Any, before: int | None = None) -> Shape:
    """The newest messages, or those before one. Four queries."""
    found = of(user) if before is None else of(user).filter(pk__lt=before)
    rows = list(found[: PAGE + 1])
    return {"messages": shown(user, rows[:PAGE]), "unread": unread(user), "more": len(rows) > PAGE}


def shown(user: Any, rows: Collection[Message]) -> list[Shape]:
    """Two queries, however many."""
    keys = [row.pk for row in rows]
    mine = dict(Delivery.objects.filter(message__in=keys, user=user).values_list("message", "read_at"))
    counts = _counts(row.pk for row in rows if row.sender_id == user.pk)
    return [_shape(row, row.sender_id == user.pk, mine.get(row.pk), counts.get(row.pk)) for row in rows]


def _counts(messages: Iterable[int]) -> dict[int, tuple[int, int]]:
    """Read by how many, of how many."""
    rows = Delivery.objects.filter(message__in=list(messages)).values("message").annotate(reads=Count("read_at"), of=Count("pk"))
    return {row["message"]: (row["reads"], row["of"]) for row in rows}


def _shape(message: Message, mine: bool, read_at: Any, counts: tuple[int, int] | None) -> Shape:
    reads, all_ = counts or (None, None)
    sender = message.sender
    seat = getattr(sender, "seat", None)
    return {
        "id": message.pk,
        "from": {"user": sender.get_username(), "number": seat.number if seat else "", "name": _name(sender)},
        "to": _to(message),
        "text": message.text,
        "sent_at": message.sent_at,
        "mine": mine,
        "read_at": read_at,
        "reads": reads,
        "of": all_,
    }


def _to(message: Message) -> Shape:
    if message.to_group is not None:
        return {"to": "group", "group": message.to_group.code, "name": message.to_group.name or message.to_group.code}
    seat = getattr(message.to_user, "seat", None)
    if seat:
        return {"to": "seat", "seat": seat.number, "name": seat.name}
    assert message.to_user is not None
    return {"to": "user", "user": message.to_user.get_username(), "name": _name(message.to_user)}


def _name(user: Any) -> str:
    seat = getattr(user, "seat", None)
    return str(seat.name if seat else user.get_full_name() or user.get_username())


# -- pushing ---------------------------------------------------------------------------------------------------


def _announce(ident: int, users: list[int]) -> None:
    message = Message.objects.select_related("sender__seat", "to_user__seat", "to_group").get(pk=ident)
    shape = _shape(message, False, None, None)
    waiting = Delivery.objects.filter(user__in=users, read_at=None).values_list("user").annotate(Count("pk"))
    unread_of = dict(waiting)
    _push({user: {"type": "message", "message": shape, "unread": unread_of.get(user, 0)} for user in users})


def _announce_read(seen: dict[int, int]) -> None:
    counts = _counts(seen)
    for ident, sender in seen.items():
        reads, all_ = counts[ident]
        _push({sender: {"type": "message_read", "id": ident, "reads": reads, "of": all_}})


def _push(bodies: dict[int, Shape]) -> None:
    """To each user's screens. Never raises: what is lost is found when the screen asks."""

    async def send_all() -> None:
        layer = get_channel_layer()
        sends = (
            layer.group_send(group_of(user), {"type": "desk.push", "text": dumps(body, cls=DjangoJSONEncoder)})
            for user, body in bodies.items()
        )
        await asyncio.wait_for(asyncio.gather(*sends), PATIENCE)

    try:
        async_to_sync(send_all)()
    except Exception as error:
        log.warning("a message was not pushed to screens: %r", error)
