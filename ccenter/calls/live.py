"""What goes on now, as screens show it: a lead's floor, the lines an agent serves, an agent's day. Nothing here writes.

Each is a fixed number of queries over what goes on, whatever the record holds: figures of the day are folded as they happen.
"""

from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Count, F, Q
from django.utils import timezone

from ccenter.calls.history import last_seq, phone_kind
from ccenter.calls.models import Agent, AgentDay, AgentStatus, Alarm, Call, CallbackEntry, CallOffer, Monitoring, Trunk
from ccenter.calls.rights import Scope, calls_in, led_queues, led_seats, served_queues
from ccenter.calls.tokens import shown

Json = dict[str, Any]

WINDOW = timedelta(minutes=30)  # of the service level
USUAL_HANDLING = 180.0  # seconds a call takes, while nothing is known of a queue
MOST_CALLS = 500
MOST_STEPS = 40
MOST_ALARMS = 50
FIGURES = ("answered", "out", "missed", "transferred", "talk", "wrap_up", "ready", "not_ready", "ringing")
NO_FIGURES = dict.fromkeys(FIGURES, 0)
RUNNING = {"TALKING": "talk", "WRAP_UP": "wrap_up", "READY": "ready", "NOT_READY": "not_ready", "RESERVED": "ringing"}


def floor(user: Any, scope: Scope) -> Json:
    """Everything a lead's page shows, from which it goes on by facts after `seq`. Fourteen queries."""
    seq = last_seq()  # first: what comes meanwhile is told again, not missed
    calls = _calls(user, scope)
    return {
        "seq": seq,
        "at": timezone.now(),
        "seats": _seats(user, calls),
        "queues": _queues(user, calls),
        "calls": [_shown(call, user) for call in calls],
        "trunks": _trunks(),
        "monitors": _monitors(scope),
        "callbacks_open": _callbacks(scope),
        "alarms": list(
            Alarm.objects.filter(cleared_at=None)
            .order_by("-last_at")
            .values("id", "kind", "subject", "text", "count", "first_at", "last_at")[:MOST_ALARMS]
        ),
    }


# -- calls -----------------------------------------------------------------------------------------------------


def _calls(user: Any, scope: Scope) -> list[Call]:
    """Those that go on, with the agent each rings at as `offered`. Two queries."""
    calls = list(Call.objects.filter(calls_in(scope), ended_at=None).order_by("started_at")[:MOST_CALLS])
    ringing = [call.id for call in calls if call.state == "RESERVED"]
    offered = dict(CallOffer.objects.filter(call__in=ringing, result="").order_by("-seq").values_list("call", "agent"))
    for call in calls:
        call.offered = offered.get(call.id, "")  # type: ignore[attr-defined]
    return calls


def _shown(call: Call, user: Any) -> Json:
    last = call.steps[-1]["at"] if call.steps else None
    return {
        "id": call.id,
        "direction": call.direction,
        "name": call.name,
        "ani": shown(call.number or call.ani, "c", call.id, user),
        "province": call.province,
        "city": call.city,
        "dnis": call.dnis,
        "label": call.label,
        "trunk": call.trunk,
        "state": call.state,
        "away": call.away,
        "queue": call.queue,
        "agent": call.agent,
        "offered": call.offered,  # type: ignore[attr-defined]
        "answered": bool(call.answered_by) and call.waiting_since is None,
        "since": datetime.fromtimestamp(last, UTC) if last else call.started_at,
        "started_at": call.started_at,
        "queued_at": call.waiting_since or call.queued_at,
        "path": [{**step, "at": datetime.fromtimestamp(step["at"], UTC)} for step in call.steps[-MOST_STEPS:]],
    }


# -- seats -----------------------------------------------------------------------------------------------------


def _seats(user: Any, calls: list[Call]) -> list[Json]:
    """Three queries."""
    rows = list(led_seats(user).filter(active=True).order_by("number").values_list("number", "name", "group__code", "level"))
    numbers = [number for number, *_ in rows]
    states = {status.agent: status for status in AgentStatus.objects.filter(agent__in=numbers)}
    today = days(numbers, timezone.localdate())
    away = {call.agent: _away_since(call) for call in calls if call.away}
    found = []
    for number, name, group, level in rows:
        status = states.get(number)
        found.append(
            {
                "number": number,
                "name": name,
                "group": group,
                "level": level,
                "state": status.state if status else "LOGGED_OUT",
                "reason": status.reason if status else "",
                "since": status.since if status else None,
                "call": status.call if status else "",
                "phone": phone_kind(status.endpoint) if status else "",
                "online": status.online if status else False,
                "away": away.get(number),
                "allows": status.allows if status else [],
                "today": today.get(number, NO_FIGURES),
            }
        )
    return found


def days(agents: list[str], day: date) -> dict[str, Json]:
    """Figures of agents who did something that day. One query."""
    rows = AgentDay.objects.filter(agent__in=agents, day=day).values_list("agent", *FIGURES)
    return {agent: dict(zip(FIGURES, figures, strict=True)) for agent, *figures in rows}


def _away_since(call: Call) -> datetime | None:
    at = next((step["at"] for step in reversed(call.steps) if step["step"] == "away"), None)
    return datetime.fromtimestamp(at, UTC) if at else call.started_at


def _monitors(scope: Scope) -> list[Json]:
    rows = Monitoring.objects.filter(ended_at=None)
    if not scope.everything:
        rows = rows.filter(agent__in=scope.agents)
    return list(rows.values("agent", "supervisor", "by", "mode", "call", since=F("started_at")))


# -- queues ----------------------------------------------------------------------------------------------------


def _queues(user: Any, calls: list[Call]) -> list[Json]:
    """Three queries."""
    queues = list(led_queues(user))
    waiting: dict[str, list[datetime]] = defaultdict(list)
    for call in calls:
        if call.waiting_since is not None:
            waiting[call.queue].append(call.waiting_since)
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


def _trunks() -> list[Json]:
    """Two queries. How full the trunks are is everybody's business, what is on them is not."""
    live = Call.objects.filter(ended_at=None).exclude(trunk="").order_by()
    in_use = dict(live.values_list("trunk").annotate(Count("id")))
    return [
        {"code": code, "name": name, "capacity": capacity, "enabled": enabled, "in_use": in_use.get(code, 0)}
        for code, name, capacity, enabled in Trunk.objects.values_list("code", "name", "capacity", "enabled")
    ]


def _callbacks(scope: Scope) -> int:
    owed = CallbackEntry.objects.filter(state=CallbackEntry.State.OPEN)
    return (owed if scope.everything else owed.filter(Q(queue="") | Q(queue__in=scope.queues))).count()


# -- an agent's --------------------------------------------------------------------------------------------------


def lines_of(seat: Agent) -> list[str]:
    """The codes of the queues a seat serves."""
    return list(served_queues(seat).values_list("code", flat=True))


def waiting(seat: Agent, user: Any) -> Json:
    """Who waits in the lines a seat serves, and what rings at colleagues of its group or of those lines. Five queries."""
    seq = last_seq()
    names = dict(served_queues(seat).values_list("code", "name"))
    ringing = _ringing(seat)
    wanted = Q(queue__in=names, waiting_since__isnull=False) | Q(id__in=ringing, direction="in")
    calls = list(Call.objects.filter(wanted, ended_at=None).defer("steps").order_by("waiting_since", "started_at"))
    place: Counter[str] = Counter()
    lines, phones = [], []
    for call in calls:
        row = {
            "id": call.id,
            "number": shown(call.number or call.ani, "c", call.id, user),
            "province": call.province,
            "city": call.city,
            "label": call.label,
            "queue": call.queue,
            "queue_name": names.get(call.queue, ""),
            "since": call.waiting_since or call.started_at,
        }
        if call.waiting_since is not None and call.queue in names:
            place[call.queue] += 1
            lines.append({**row, "position": place[call.queue], "state": call.state})
        if call.id in ringing and call.state == "RESERVED":
            agent, name = ringing[call.id]
            phones.append({**row, "agent": agent, "agent_name": name})
    return {"seq": seq, "calls": lines, "ringing": phones}


def _ringing(seat: Agent) -> dict[str, tuple[str, str]]:
    """Call: the colleague at whom it rings."""
    served = served_queues(seat).values("pk")
    colleagues = Agent.objects.filter(Q(group=seat.group_id) | Q(group__queues__in=served) | Q(queues__in=served), active=True)
    names = dict(colleagues.exclude(pk=seat.pk).values_list("number", "name"))
    rings = AgentStatus.objects.filter(state="RESERVED").exclude(call="").values_list("call", "agent")
    return {call: (agent, names[agent]) for call, agent in rings if agent in names}


def may_claim(seat: Agent, call: str) -> bool:
    """Whether this seat may take a waiting call or pick up a ringing one: of its lines, or at a colleague's."""
    row = Call.objects.filter(pk=call, ended_at=None).only("queue", "waiting_since").first()
    if row is None:
        return False
    return (row.waiting_since is not None and row.queue in lines_of(seat)) or call in _ringing(seat)


def figures(seat: Agent) -> Json:
    """A seat's day so far; seconds of the state it is in are counted up to now. Three queries."""
    seq, now = last_seq(), timezone.now()
    day = days([seat.number], timezone.localdate()).get(seat.number, dict(NO_FIGURES))
    status = AgentStatus.objects.filter(pk=seat.number).first()
    if status and (field := RUNNING.get(status.state)):
        begun = max(status.since, timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0))
        day[field] = round(day[field] + max(0.0, (now - begun).total_seconds()), 1)
    taken = day["answered"] + day["out"]
    return {"seq": seq, "at": now, **day, "average": round(day["talk"] / taken, 1) if taken else 0.0}
