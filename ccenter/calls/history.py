"""Reads of the record, as screens and the REST interface show it. Nothing here writes."""

from collections import Counter, defaultdict
from datetime import UTC, datetime
from typing import Any

from django.db.models import Count, Min, QuerySet

from ccenter.calls.models import (
    Agent,
    AgentStatus,
    Call,
    CallAgent,
    CallOffer,
    Fact,
    Queue,
    RecorderPosition,
    Recording,
    SeatGroup,
    Trunk,
    TrunkChannel,
    Voicemail,
)
from ccenter.calls.rights import Scope, calls_in, channels_in


def last_seq() -> int:
    """The seq of the last fact on record; 0 before the first."""
    return RecorderPosition.objects.values_list("seq", flat=True).first() or 0


# -- seats -----------------------------------------------------------------------------------------------------


def seat(agent: Agent) -> dict[str, Any]:
    """What one seat is doing now. Two queries."""
    status = AgentStatus.objects.filter(pk=agent.number).first()
    call = Call.objects.filter(pk=status.call).first() if status and status.call else None
    found = _seat(agent, status, call)
    phones = {"browser": agent.browser_phone, "desk": agent.desk_phone, "number": agent.mobile}
    return {**found, "phone": phone_kind(found["endpoint"]), "phones": phones}


def phone_kind(endpoint: str) -> str:
    """browser, desk or number; "" for no phone."""
    name = endpoint.removeprefix("PJSIP/")
    return "" if not name else "browser" if name.startswith("w") else "number" if "@" in name else "desk"


def seats(chosen: QuerySet[Agent]) -> list[dict[str, Any]]:
    """Those of the seats that are active, and what they are doing now. Three queries."""
    agents = list(chosen.filter(active=True).select_related("group").defer("sip_password"))
    states = AgentStatus.objects.in_bulk([agent.number for agent in agents])
    calls = Call.objects.in_bulk({status.call for status in states.values() if status.call})
    found = []
    for agent in agents:
        status = states.get(agent.number)
        found.append(_seat(agent, status, calls.get(status.call) if status else None))
    return found


def _seat(agent: Agent, status: AgentStatus | None, call: Call | None) -> dict[str, Any]:
    status = status or AgentStatus(agent=agent.number)
    return {
        "agent": agent.number,
        "name": agent.name,
        "group": agent.group.code,
        "state": status.state,
        "reason": status.reason,
        "since": status.since,
        "endpoint": status.endpoint,
        "online": status.online,
        "actions": status.allows,
        "call": call,
    }


# -- queues and trunks -----------------------------------------------------------------------------------------


def queues(chosen: QuerySet[Queue]) -> list[dict[str, Any]]:
    """The queues: who waits, and what the agents who serve them do. Six queries."""
    lines = Call.objects.filter(ended_at=None, waiting_since__isnull=False).values("queue")
    waiting = {row["queue"]: row for row in lines.annotate(number=Count("id"), since=Min("waiting_since"))}
    talking = Counter(Call.objects.filter(ended_at=None, state__in=["CONNECTED", "HELD"]).values_list("queue", flat=True))
    states = dict(AgentStatus.objects.values_list("agent", "state"))
    members: dict[str, set[str]] = defaultdict(set)
    in_groups = SeatGroup.objects.filter(agents__active=True, queues__isnull=False)
    for queue, agent in in_groups.values_list("queues__code", "agents__number"):
        members[queue].add(agent)
    for queue, agent in Agent.objects.filter(active=True, queues__isnull=False).values_list("queues__code", "number"):
        members[queue].add(agent)
    return [
        {
            "queue": queue.code,
            "name": queue.name,
            "waiting": waiting.get(queue.code, {}).get("number", 0),
            "waiting_since": waiting.get(queue.code, {}).get("since"),
            "talking": talking[queue.code],
            "agents": len(members[queue.code]),
            "states": dict(Counter(states.get(agent, "LOGGED_OUT") for agent in members[queue.code])),
        }
        for queue in chosen.only("code", "name")
    ]


def trunks(scope: Scope) -> list[dict[str, Any]]:
    """All trunks, how many channels of each are in use, and those of them one may know of. Three queries."""
    open_ones = TrunkChannel.objects.filter(ended_at=None)
    in_use = dict(open_ones.order_by().values_list("trunk").annotate(Count("leg")))
    channels: dict[str, list[TrunkChannel]] = defaultdict(list)
    for channel in open_ones.filter(channels_in(scope)).order_by("started_at", "leg"):
        channels[channel.trunk].append(channel)
    return [
        {
            "trunk": trunk.code,
            "name": trunk.name,
            "node": trunk.node,
            "enabled": trunk.enabled,
            "capacity": trunk.capacity,
            "in_use": in_use.get(trunk.code, 0),
            "channels": channels[trunk.code],
        }
        for trunk in Trunk.objects.defer("secret")
    ]


# -- calls -----------------------------------------------------------------------------------------------------


def calls(scope: Scope, agent: str = "") -> QuerySet[Call]:
    """Calls one may see, the newest first; with `agent`, those this agent had to do with."""
    found = Call.objects.filter(calls_in(scope)).defer("steps")
    if agent:
        found = found.filter(id__in=CallAgent.objects.filter(agent=agent).values("call"))
    return found.order_by("-started_at", "-id")


def whole_call(call: Call) -> dict[str, Any]:
    """Everything about a call that its row does not hold. Five queries."""
    offers = list(CallOffer.objects.filter(call=call.id))
    reasons = {fact.seq: fact.data for fact in Fact.objects.filter(seq__in={offer.routed for offer in offers} - {0})}
    return {
        "steps": steps(call),
        "offers": [
            {
                "agent": offer.agent,
                "queue": offer.queue,
                "at": offer.at,
                "ended_at": offer.ended_at,
                "result": offer.result,
                "rang": offer.rang,
                "why": reasons.get(offer.routed),
            }
            for offer in offers
        ],
        "agents": list(CallAgent.objects.filter(call=call.id).order_by("seq").values_list("agent", flat=True)),
        "recordings": list(Recording.objects.filter(call=call.id).order_by("started_at")),
        "voicemails": list(Voicemail.objects.filter(call=call.id)),
    }


def steps(call: Call) -> list[dict[str, Any]]:
    """A call's way, each step with its time and how long it lasted; `seconds` is None for one that goes on."""
    found = []
    for number, step in enumerate(call.steps):
        following = call.steps[number + 1]["at"] if number + 1 < len(call.steps) else None
        seconds = 0.0 if step["step"] == "end" else None if following is None else round(following - step["at"], 3)
        found.append({**step, "at": datetime.fromtimestamp(step["at"], UTC), "seconds": seconds})
    return found


def timeline(call: str) -> QuerySet[Fact]:
    """All facts of a call, in their order."""
    return Fact.objects.filter(call=call).order_by("seq")
