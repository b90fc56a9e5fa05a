"""What goes on now, as screens show it: a lead's floor, the lines an agent serves, an agent's day. Nothing here writes.

Each is a fixed number of queries over what goes on, whatever the record holds: figures of the day are folded as they happen.
"""

from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

import msgspec
from django.db import connection
from django.db.models import F, Q
from django.utils import timezone

from ccenter.calls.history import last_seq, phone_kind
from ccenter.calls.models import (
    Agent,
    AgentDay,
    AgentStatus,
    Alarm,
    Call,
    CallAgent,
    CallbackEntry,
    CallOffer,
    Monitoring,
    Trunk,
    TrunkChannel,
)
from ccenter.calls.rights import Scope, led_queues, led_seats, owns, served_queues
from ccenter.calls.tokens import shown, spelt

Json = dict[str, Any]

WINDOW = timedelta(minutes=30)  # of the service level
USUAL_HANDLING = 180.0  # seconds a call takes, while nothing is known of a queue
MOST_CALLS = 500
MOST_STEPS = 40
MOST_ALARMS = 50
FIGURES = ("answered", "out", "missed", "transferred", "talk", "wrap_up", "ready", "not_ready", "ringing")
AS_THEY_ARE = (
    "id", "direction", "name", "province", "city", "dnis", "label", "trunk", "state", "away", "queue", "agent", "offered",
    "started_at",
)  # fmt: skip
COLUMNS = [
    *(name for name in AS_THEY_ARE if name != "offered"), "ani", "number", "answered_by", "waiting_since", "queued_at", "steps",
]  # fmt: skip
CHANNEL = ("leg", "call", "agent", "direction", "number", "started_at")
RUNNING = {"TALKING": "talk", "WRAP_UP": "wrap_up", "READY": "ready", "NOT_READY": "not_ready", "RESERVED": "ringing"}


def floor(user: Any, scope: Scope) -> Json:
    """Everything a lead's page shows, from which it goes on by facts after `seq`. Twelve queries."""
    seq = last_seq()  # first: what comes meanwhile is told again, not missed
    everything = _calls()
    calls = [
        call for call in everything if owns(scope, call["agents"], call["queue"], call["answered_by"], call["waiting_since"])
    ]
    alarms = Alarm.objects.filter(cleared_at=None).order_by("-last_at")
    return {
        "seq": seq,
        "at": timezone.now(),
        "seats": _seats(user, calls),
        "queues": _queues(user, calls),
        "calls": [_shown(call) for call in calls],
        "trunks": _trunks(scope, {call["id"] for call in calls}),
        "monitors": _monitors(scope),
        "callbacks_open": _callbacks(scope),
        "alarms": list(alarms.values("id", "kind", "subject", "text", "count", "first_at", "last_at")[:MOST_ALARMS]),
    }


# -- calls -----------------------------------------------------------------------------------------------------


def _calls() -> list[Json]:
    """All that go on, each with the `agents` who had to do with it, and the one it rings at as `offered`. Three queries."""
    live = Call.objects.filter(ended_at=None).order_by()
    agents: dict[str, set[str]] = defaultdict(set)
    for call, agent in CallAgent.objects.filter(call__in=live.values("id")).values_list("call", "agent"):
        agents[call].add(agent)
    rings = CallOffer.objects.filter(call__in=live.filter(state="RESERVED").values("id"), result="").order_by("-seq")
    offered = dict(rings.values_list("call", "agent"))
    calls: list[Json] = list(live.order_by("started_at").values(*COLUMNS)[:MOST_CALLS])
    for call in calls:
        call |= {"agents": agents[call["id"]], "offered": offered.get(call["id"], "")}
    return calls


def _shown(call: Json) -> Json:
    """For a lead, who reads numbers whole."""
    steps, waits = call["steps"], call["waiting_since"]
    return {
        **{name: call[name] for name in AS_THEY_ARE},
        "ani": spelt(call["number"] or call["ani"]),
        "answered": bool(call["answered_by"]) and waits is None,
        "since": _moment(steps[-1]["at"]) if steps else call["started_at"],
        "queued_at": waits or call["queued_at"],
        "path": [{**step, "at": _moment(step["at"])} for step in steps[-MOST_STEPS:]],
    }


def _moment(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)


# -- seats -----------------------------------------------------------------------------------------------------


def _seats(user: Any, calls: list[Json]) -> list[Json]:
    """One query. What a seat allows passes through as the JSON it is."""
    chosen, params = led_seats(user).filter(active=True).values("pk").query.sql_with_params()
    figures = ", ".join(f'coalesce(d."{name}", 0)' for name in FIGURES)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT a.number, a.name, g.code, a.level, coalesce(s.state, 'LOGGED_OUT'), coalesce(s.reason, ''), s.since,"  # noqa: S608
            " coalesce(s.call, ''), coalesce(s.endpoint, ''), coalesce(s.online, false), coalesce(s.allows::text, '[]'),"
            f" {figures} FROM calls_agent a JOIN calls_seatgroup g ON g.id = a.group_id"
            " LEFT JOIN calls_agentstatus s ON s.agent = a.number"
            f" LEFT JOIN calls_agentday d ON d.agent = a.number AND d.day = %s WHERE a.id IN ({chosen}) ORDER BY a.number",
            [timezone.localdate(), *params],
        )
        rows = cursor.fetchall()
    away = {(call["id"], agent): since for call in calls for agent, since in _lost(call["steps"]).items()}
    return [
        {
            "number": number,
            "name": name,
            "group": group,
            "level": level,
            "state": state,
            "reason": reason,
            "since": since,
            "call": call,
            "phone": phone_kind(endpoint),
            "online": online,
            "away": away.get((call, number)) if state == "TALKING" else None,
            "allows": msgspec.Raw(allows.encode()),
            "today": dict(zip(FIGURES, today, strict=True)),
        }
        for number, name, group, level, state, reason, since, call, endpoint, online, allows, *today in rows
    ]


def _day(agent: str, day: date) -> Json:
    """The figures of one agent's day. One query."""
    return AgentDay.objects.filter(agent=agent, day=day).values(*FIGURES).first() or dict.fromkeys(FIGURES, 0)


def _lost(steps: list[Json]) -> dict[str, datetime]:
    """Whose phones were lost in a call and are not back, since when."""
    lost = {}
    for step in steps:
        if step["step"] == "away":
            lost[step["agent"]] = _moment(step["at"])
        elif step["step"] == "back":
            lost.pop(step["agent"], None)
    return lost


def _monitors(scope: Scope) -> list[Json]:
    rows = Monitoring.objects.filter(ended_at=None).values("agent", "supervisor", "by", "mode", "call", since=F("started_at"))
    return [row for row in rows if scope.sees_seat(row["agent"])]


# -- queues ----------------------------------------------------------------------------------------------------


def _queues(user: Any, calls: list[Json]) -> list[Json]:
    """Three queries."""
    alarms = ("alarm_waiting", "alarm_wait_seconds", "alarm_service_level")
    queues = list(led_queues(user).only("code", "name", "wrap_up_seconds", *alarms))
    waiting: dict[str, list[datetime]] = defaultdict(list)
    for call in calls:
        if call["waiting_since"] is not None:
            waiting[call["queue"]].append(call["waiting_since"])
    serving, service = _serving(), _service([queue.code for queue in queues])
    found = []
    for queue in queues:
        signed_in, ready = serving.get(queue.code, (0, 0))
        left, in_time, abandoned, talked = service.get(queue.code, (0, 0, 0, None))
        callers = waiting.get(queue.code, [])
        handling = talked + queue.wrap_up_seconds if talked else USUAL_HANDLING
        free = ready > len(callers)
        level = queue.alarm_service_level
        found.append(
            {
                "code": queue.code,
                "name": queue.name,
                "waiting": len(callers),
                "longest_since": min(callers, default=None),
                "expected_wait": 0.0 if free else round((len(callers) + 1) * handling / max(1, signed_in), 1),
                "service_level": round(in_time / left, 3) if left else None,
                "abandoned": abandoned,
                "signed_in": signed_in,
                "ready": ready,
                "thresholds": {
                    "waiting": queue.alarm_waiting,
                    "wait_seconds": queue.alarm_wait_seconds,
                    "service_level": None if level is None else level / 100,
                },
            }
        )
    return found


def _serving() -> dict[str, tuple[int, int]]:
    """Queue: how many of those who serve it are signed in, and ready."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT q.code, count(*), count(*) FILTER (WHERE s.state = 'READY') FROM ("
            " SELECT g.queue_id, a.number FROM calls_agent a JOIN calls_seatgroup_queues g ON g.seatgroup_id = a.group_id"
            " WHERE a.active UNION"
            " SELECT o.queue_id, a.number FROM calls_agent a JOIN calls_agent_queues o ON o.agent_id = a.id WHERE a.active"
            ") serves JOIN calls_agentstatus s ON s.agent = serves.number AND s.state <> 'LOGGED_OUT'"
            " JOIN calls_queue q ON q.id = serves.queue_id GROUP BY q.code"
        )
        return {code: (signed_in, ready) for code, signed_in, ready in cursor.fetchall()}


def _service(codes: list[str]) -> dict[str, tuple[int, int, int, float | None]]:
    """Queue: of the callers of the last half hour, how many left the line (who gave up at once does not count), were answered in
    time, and gave up; and the mean seconds of talking."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT code, count(*) FILTER (WHERE answered OR over),"
            " count(*) FILTER (WHERE answered AND waits <= seconds), count(*) FILTER (WHERE over AND outcome = 'ABANDONED'),"
            " avg(talked) FILTER (WHERE answered AND talked > 0) FROM ("
            "SELECT q.code, c.outcome, c.talked, c.connected_at IS NOT NULL AS answered, q.service_level_seconds AS seconds,"
            " extract(epoch FROM c.connected_at - c.queued_at) AS waits, c.connected_at IS NULL AND c.ended_at IS NOT NULL"
            " AND NOT (c.outcome = 'ABANDONED' AND c.waited < q.short_abandon_seconds) AS over"
            " FROM calls_call c JOIN calls_queue q ON q.code = c.queue WHERE c.queue = ANY(%s) AND c.queue <> ''"
            " AND c.queued_at > %s) line GROUP BY code",
            [codes, timezone.now() - WINDOW],
        )
        return {code: tuple(figures) for code, *figures in cursor.fetchall()}


# -- the rest --------------------------------------------------------------------------------------------------


def _trunks(scope: Scope, calls: set[str]) -> list[Json]:
    """Two queries. How full the trunks are is every lead's business, who is on them is not."""
    in_use: Counter[str] = Counter()
    channels: dict[str, list[Json]] = defaultdict(list)
    rows = TrunkChannel.objects.filter(ended_at=None).order_by("started_at", "leg").values_list(*CHANNEL, "trunk")
    for leg, call, agent, direction, number, since, trunk in rows:
        in_use[trunk] += 1
        if scope.everything or call in calls or scope.sees_seat(agent):
            row = {"leg": leg, "call": call, "agent": agent, "direction": direction, "number": spelt(number), "since": since}
            channels[trunk].append(row)
    trunks = Trunk.objects.values("code", "name", "capacity", "enabled")
    return [{**row, "in_use": in_use[row["code"]], "channels": channels[row["code"]]} for row in trunks]


def _callbacks(scope: Scope) -> int:
    owed = CallbackEntry.objects.filter(closed_at=None)
    return (owed if scope.everything else owed.filter(Q(queue="") | Q(queue__in=scope.queues))).count()


# -- an agent's --------------------------------------------------------------------------------------------------


# What a seat may take: who waits in its lines, and what rings at colleagues of its group or of those lines. One query and plain
# rows, because every console asks for it again and again.
CLAIMABLE = """
WITH served AS (
  SELECT q.id, q.code, q.name FROM calls_queue q WHERE q.id IN (
    SELECT queue_id FROM calls_agent_queues WHERE agent_id = %(seat)s
    UNION SELECT queue_id FROM calls_seatgroup_queues WHERE seatgroup_id = %(group)s)
), rings AS (
  SELECT s.call, a.number, a.name FROM calls_agentstatus s JOIN calls_agent a ON a.number = s.agent AND a.active
  WHERE s.state = 'RESERVED' AND s.call <> '' AND a.id <> %(seat)s AND (a.group_id = %(group)s
    OR EXISTS (SELECT FROM calls_seatgroup_queues g JOIN served ON served.id = g.queue_id WHERE g.seatgroup_id = a.group_id)
    OR EXISTS (SELECT FROM calls_agent_queues o JOIN served ON served.id = o.queue_id WHERE o.agent_id = a.id))
)
SELECT c.id, coalesce(nullif(c.number, ''), c.ani), c.province, c.city, c.label, c.queue, coalesce(served.name, ''), c.state,
  c.waiting_since, c.started_at, served.id IS NOT NULL, rings.number, rings.name
FROM calls_call c LEFT JOIN served ON served.code = c.queue
  LEFT JOIN rings ON rings.call = c.id AND c.direction = 'in' AND c.state = 'RESERVED'
WHERE c.ended_at IS NULL AND (c.waiting_since IS NOT NULL AND served.id IS NOT NULL OR rings.call IS NOT NULL)
ORDER BY c.waiting_since, c.started_at
"""


class Claimable(NamedTuple):
    """A call that a seat may take: it waits in a line the seat serves (`served` and `waits`), or rings at `agent`."""

    id: str
    number: str
    province: str
    city: str
    label: str
    queue: str
    queue_name: str
    state: str
    waits: datetime | None
    started_at: datetime
    served: bool
    agent: str | None
    agent_name: str | None


def _claimable(seat: Agent) -> list[Claimable]:
    with connection.cursor() as cursor:
        cursor.execute(CLAIMABLE, {"seat": seat.pk, "group": seat.group_id})
        return [Claimable(*row) for row in cursor.fetchall()]


def waiting(seat: Agent, user: Any) -> Json:
    """Who waits in the lines a seat serves, and what rings at colleagues of its group or of those lines. Two queries."""
    seq = last_seq()
    place: Counter[str] = Counter()
    lines, phones = [], []
    for call in _claimable(seat):
        row = {
            "id": call.id,
            "number": shown(call.number, "c", call.id, user),
            "province": call.province,
            "city": call.city,
            "label": call.label,
            "queue": call.queue,
            "queue_name": call.queue_name,
            "since": call.waits or call.started_at,
        }
        if call.waits is not None and call.served:
            place[call.queue] += 1
            lines.append({**row, "position": place[call.queue], "state": call.state})
        if call.agent is not None:
            phones.append({**row, "agent": call.agent, "agent_name": call.agent_name})
    return {"seq": seq, "calls": lines, "ringing": phones}


def may_claim(seat: Agent, call: str) -> bool:
    """Whether this seat may take a waiting call or pick up a ringing one: of its lines, or at a colleague's."""
    return any(one.id == call for one in _claimable(seat))


def claims(seat: Agent, user: Any) -> Json:
    """What of a lead's floor this seat may claim, by the rule above: calls of these `queues`, what rings at these `seats`."""
    served = served_queues(seat)
    near = Q(group=seat.group_id) | Q(group__queues__in=served) | Q(queues__in=served)
    return {
        "queues": list(served.values_list("code", flat=True)),
        "seats": list(
            led_seats(user).filter(near).exclude(pk=seat.pk).order_by("number").values_list("number", flat=True).distinct()
        ),
    }


def figures(seat: Agent) -> Json:
    """A seat's day so far; seconds of the state it is in are counted up to now. Three queries."""
    seq, now = last_seq(), timezone.now()
    day = _day(seat.number, timezone.localdate())
    status = AgentStatus.objects.filter(pk=seat.number).first()
    if status and (field := RUNNING.get(status.state)):
        begun = max(status.since, timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0))
        day[field] = round(day[field] + max(0.0, (now - begun).total_seconds()), 1)
    taken = day["answered"] + day["out"]
    return {"seq": seq, "at": now, **day, "average": round(day["talk"] / taken, 1) if taken else 0.0}
