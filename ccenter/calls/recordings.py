"""The search among recordings. Nothing here writes."""

from collections import defaultdict
from datetime import datetime
from typing import Any

from django.db.models import Count, Q

from ccenter.calls.models import Agent, Call, CallAgent, Listening, Queue, Recording
from ccenter.calls.numbers import normalise
from ccenter.calls.rights import Scope, audible_in
from ccenter.calls.tokens import shown

PAGE = 50
MOST_WORDS = 6
SHOWN_DIGITS = 4  # of a masked number


def search(user: Any, scope: Scope, page: int = 1, **wanted: Any) -> tuple[list[Recording], bool]:
    """A page of recordings one may hear, each with what `FoundRecording` shows of its call; and whether there are more.

    `wanted`: q, agent, queue, number, direction, call, and `from` and `to` as times. Six queries.
    """
    found = Recording.objects.defer("peaks").filter(call__in=_calls(scope, wanted).values("id"))
    begun: dict[str, datetime | None] = {"started_at__gte": wanted.get("from"), "started_at__lt": wanted.get("to")}
    found = found.filter(**{name: at for name, at in begun.items() if at is not None}).order_by("-started_at", "-id")
    first = (page - 1) * PAGE
    rows = list(found[first : first + PAGE + 1])
    more, rows = len(rows) > PAGE, rows[:PAGE]
    _complete(rows, user, scope)
    return rows, more


def _calls(scope: Scope, wanted: dict[str, Any]) -> Any:
    calls = Call.objects.filter(audible_in(scope))
    for name in ("queue", "direction"):
        if value := wanted.get(name):
            calls = calls.filter(**{name: value})
    if call := wanted.get("call"):
        calls = calls.filter(id=call)
    if agent := wanted.get("agent"):
        calls = calls.filter(_spoke(agent=agent))
    if number := wanted.get("number"):
        calls = calls.filter(_number(scope, number))
    for word in wanted.get("q", "").split()[:MOST_WORDS]:
        calls = calls.filter(_word(scope, word))
    return calls


def _word(scope: Scope, word: str) -> Q:
    queues = Queue.objects.filter(Q(code__iexact=word) | Q(name__icontains=word)).values("code")
    agents = Agent.objects.filter(Q(number=word) | Q(name__icontains=word)).values("number")
    plain = ("label", "city", "province", "note", *(("name",) if scope.numbers else ()))
    about = [Q(**{f"{field}__icontains": word}) for field in plain]
    found = Q(id=word) | Q(queue__in=queues) | _spoke(agent__in=agents) | Q(dnis=word) | Q(customer=word)
    for condition in about:
        found |= condition
    return found | _number(scope, word) if any(c.isdecimal() for c in word) else found


def _spoke(**agent: Any) -> Q:
    return Q(id__in=CallAgent.objects.filter(spoke=True, **agent).values("call"))


def _number(scope: Scope, text: str) -> Q:
    """The outside party's number, or a part of it. Who reads numbers masked cannot feel for the digits that are hidden."""
    whole = Q(number=normalise(text).number) & ~Q(number="")
    digits = "".join(c for c in text if c.isdecimal())
    if not digits or digits != text.lstrip("+"):
        return whole
    if scope.numbers:
        return whole | Q(number__contains=digits) | Q(ani__contains=digits)
    return whole | Q(number__endswith=digits) if len(digits) <= SHOWN_DIGITS else whole


def _complete(rows: list[Recording], user: Any, scope: Scope) -> None:
    """Five queries."""
    calls = Call.objects.defer("steps").in_bulk({row.call for row in rows})
    spoke: dict[str, list[str]] = defaultdict(list)
    for call, agent in CallAgent.objects.filter(call__in=calls, spoke=True).order_by("seq").values_list("call", "agent"):
        spoke[call].append(agent)
    names = dict(Agent.objects.filter(number__in={a for of in spoke.values() for a in of}).values_list("number", "name"))
    queues = dict(Queue.objects.filter(code__in={call.queue for call in calls.values()}).values_list("code", "name"))
    listened: dict[str, int] = {}
    if scope.lead:
        heard = Listening.objects.filter(recording__in=[row.id for row in rows]).order_by()
        listened = dict(heard.values_list("recording").annotate(Count("id")))
    for row in rows:
        call = calls[row.call]
        more = {
            "direction": call.direction,
            "outcome": call.outcome,
            "number": shown(call.number or (call.dnis if call.direction == "out" else call.ani), "c", call.id, user),
            "name": call.name if scope.numbers else "",
            "dnis": call.dnis if call.direction == "in" else "",
            "label": call.label,
            "city": call.city or call.province,
            "queue": {"code": call.queue, "name": queues.get(call.queue, "") or call.queue} if call.queue else None,
            "agents": [{"number": agent, "name": names.get(agent, "")} for agent in spoke[call.id]],
            "listened": listened.get(row.id, 0),
        }
        for field, value in more.items():
            setattr(row, field, value)
