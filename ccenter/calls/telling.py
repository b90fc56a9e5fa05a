"""Facts as they are told to people: which, and how much of them.

An admin is told everything. A lead: the facts that name a seat they lead, those of a call from when such a seat had to do with
it, what happens in the lines of their queues (but not who took the caller, when that is another group's agent), and what is about
no call and no seat. An agent: the facts that name their seat and those of their calls; that a lead listens, they are not told.
Telephone numbers are masked for who may not see them.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec
from django.db import connection

from ccenter.calls.models import CallAgent, CallbackEntry, Fact
from ccenter.calls.rights import Scope
from ccenter.calls.tokens import masked

LOOKS = 20  # pages that are read for one answer: a lead may see few of many facts
OF_LEADS = frozenset({"MonitorStarted", "MonitorChanged", "MonitorEnded", "SwitchRefused"})
OF_THE_SEAT = frozenset({"AgentChanged", "PhoneStateChanged", "SeatAllows", "RequestDone", "RequestRefused"})
END_OF_WAITING = frozenset({"CallConnected", "CallEnded"})
NUMBERS: dict[str, tuple[str, ...]] = {
    "CallStarted": ("ani", "dnis", "name"),
    "CallReached": ("number",),
    "CallbackPromised": ("number",),
    "CallbackOpened": ("number", "dnis"),
    "CallbackAsked": ("number",),
    "NumberBarred": ("number",),
    "CallTransferred": ("target",),
    "CallOverflowed": ("target",),
    "TransferFailed": ("target", "back_to"),
    "ConsultStarted": ("target",),
    "ConsultAnswered": ("target",),
    "ConsultEnded": ("target",),
    "ConferenceStarted": ("target",),
    "PartyInvited": ("target",),
    "PartyJoined": ("party",),
    "InvitationEnded": ("party",),
    "PartyLeft": ("party",),
    "Forced": ("detail",),
    "TrunkTaken": ("number",),
}
_NUMBER = re.compile(r"\+?[0-9]{7,}")
_encode = msgspec.json.Encoder().encode


class Told(NamedTuple):
    """A fact as it goes out, in JSON: `text` all of it, `masked` without numbers, `waiting` what it says of a line ("": nothing).

    `agents` had to do with it. `common` is what every lead is told of it.
    """

    seq: int
    type: str
    agent: str
    queue: str
    agents: frozenset[str]
    text: bytes
    masked: bytes
    waiting: bytes
    common: bytes


def told(fact: Fact, agents: Iterable[str] = (), queue: str = "") -> Told:
    """A fact for telling, with the agents who had to do with its call by then; `queue`: of its callback, when it names none.

    Whoever serves that queue is told that something happened to the callback, not what or by whom.
    """
    head = {"seq": fact.seq, "at": fact.at, "type": fact.type}
    named = {name: value for name in ("call", "agent", "queue") if (value := getattr(fact, name))}
    text = _encode({**head, **named, **fact.data})
    hidden = text
    if fact.type in NUMBERS:
        hidden = _encode({**head, **named, **_masked(fact)})
    waiting = b""
    if fact.queue:
        if not fact.agent:
            waiting = hidden
        elif fact.type in END_OF_WAITING:
            waiting = _encode({**head, "call": fact.call, "queue": fact.queue})
    elif queue:
        waiting = _encode({**head, "callback": fact.data["callback"], "queue": queue})
    # How full the trunks are is every lead's business, who is on them is not.
    common = _encode({**head, "leg": fact.data.get("leg"), "trunk": fact.data.get("trunk")}) if fact.type == "TrunkTaken" else b""
    if fact.type == "SurgeDecided":  # the same of the surge attendant
        common = _encode({**head, **fact.data})
    if not (fact.call or fact.agent or fact.queue):
        common = hidden
    concerned = frozenset(agent for agent in (fact.agent, *agents) if agent)
    return Told(fact.seq, fact.type, fact.agent, fact.queue or queue, concerned, text, hidden, waiting, common)


def _masked(fact: Fact) -> dict[str, Any]:
    data = dict(fact.data)
    for field in NUMBERS[fact.type]:
        # a called number of ours is no secret
        if isinstance(data.get(field), str) and not (
            field == "dnis" and (data.get("direction") == "in" or fact.type == "CallbackOpened")
        ):
            data[field] = mask_in(data[field])
    return data


def mask_in(text: str) -> str:
    """A text with the telephone numbers in it masked."""
    return _NUMBER.sub(lambda found: masked(found.group()), text)


def seen(one: Told, scope: Scope, *, of_theirs: bool = False) -> bytes:
    """What somebody is told of it; b"" for nothing. `of_theirs`: it is about a call that they may see."""
    if scope.everything:
        return one.text
    if (of_theirs or not one.agents.isdisjoint(scope.agents)) and open_to(one, scope):
        return one.text if scope.numbers else one.masked
    if one.queue in scope.queues:
        return one.waiting
    return one.common if scope.lead else b""


def open_to(one: Told, scope: Scope) -> bool:
    """Whether this kind of fact about a call is for them, if the call is."""
    if scope.lead:
        return True
    return one.type not in OF_LEADS and (one.type not in OF_THE_SEAT or one.agent in scope.agents)


# -- reading ---------------------------------------------------------------------------------------------------


def read(after: int, most: int) -> list[Told]:
    """The next facts on record. Two queries, three when some are about callbacks."""
    return _with_agents(list(Fact.objects.filter(seq__gt=after).order_by("seq")[:most]))


def look(scope: Scope, after: int, most: int) -> tuple[list[tuple[int, bytes]], int | None]:
    """The next facts one may see, at most so many, and up to which seq was looked; None: to the end."""
    if not scope.lead and not scope.queues:
        return _look_of_agent(scope, after, most)
    found: list[tuple[int, bytes]] = []
    for _ in range(LOOKS):
        page = read(after, most)
        found += [(one.seq, text) for one in page if (text := seen(one, scope))]
        if len(found) >= most:
            return found[:most], found[most - 1][0]
        if len(page) < most:
            return found, None
        after = page[-1].seq
    return found, after


def _look_of_agent(scope: Scope, after: int, most: int) -> tuple[list[tuple[int, bytes]], int | None]:
    """Only the agent's facts are read. A call is looked at for a day after it began for them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH since AS (SELECT coalesce((SELECT at FROM calls_fact WHERE seq <= %(after)s ORDER BY seq DESC LIMIT 1),"
            " 'epoch') - interval '1 day' AS at), mine AS ("
            " SELECT seq FROM calls_fact WHERE agent = ANY(%(agents)s) AND seq > %(after)s UNION"
            " SELECT f.seq FROM calls_callagent p JOIN calls_fact f ON f.call = p.call AND f.seq >= p.seq"
            " WHERE p.agent = ANY(%(agents)s) AND p.at > (SELECT at FROM since) AND f.seq > %(after)s AND f.call <> '')"
            " SELECT seq FROM mine ORDER BY seq LIMIT %(most)s",
            {"agents": list(scope.agents), "after": after, "most": most},
        )
        seqs = [seq for (seq,) in cursor.fetchall()]
    facts = Fact.objects.filter(seq__in=seqs).order_by("seq")
    found = [(fact.seq, text) for fact in facts if (text := seen(told(fact, scope.agents), scope))]
    return found, seqs[-1] if len(seqs) == most else None


def _with_agents(facts: list[Fact]) -> list[Told]:
    parts: dict[str, list[tuple[str, int]]] = defaultdict(list)
    calls = {fact.call for fact in facts if fact.call}
    for call, agent, seq in CallAgent.objects.filter(call__in=calls).values_list("call", "agent", "seq"):
        parts[call].append((agent, seq))
    owed = _queues_of({ident for fact in facts if (ident := _owed(fact))})
    return [
        told(fact, (agent for agent, seq in parts.get(fact.call, ()) if seq <= fact.seq), owed.get(_owed(fact), ""))
        for fact in facts
    ]


def _owed(fact: Fact) -> str:
    """The callback that a fact without a queue is about, "" for none."""
    ident = fact.data.get("callback") if fact.type.startswith("Callback") and not fact.queue else ""
    return ident if isinstance(ident, str) else ""


def _queues_of(callbacks: set[str]) -> dict[str, str]:
    """The queues in which these are owed, as they are by now."""
    if not callbacks:
        return {}
    return dict(CallbackEntry.objects.filter(pk__in=callbacks).exclude(queue="").values_list("id", "queue"))
