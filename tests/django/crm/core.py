"""The real core between the table of requests and the record, and what tests of outbound calls begin with."""

from datetime import timedelta
from typing import Any

import msgspec
from django.utils import timezone

from ccenter.acd import facts
from ccenter.calls import models as calls
from ccenter.calls import requests
from ccenter.calls.recorder import parse, store
from crm.models import OutboundTask
from crm.services import outbound
from tests.acd.centre import Centre, working
from tests.django.crm import service

QUESTIONS = {
    "start": "mark",
    "steps": {
        "mark": {"text": "您给我们打几分？", "answer": "scale", "least": 1, "most": 5, "next": "why"},
        "why": {"text": "为什么？", "answer": "text", "required": False},
    },
}


def told(*what: facts.Fact) -> None:
    """As the recorder does."""
    store([parse(msgspec.json.encode(fact)) for fact in what])


class Core:
    """The real core between the table of requests and the facts, as cti and recorder carry them."""

    def __init__(self) -> None:
        self.centre, self.seen, self.inbox = Centre(working()), 0, requests.Inbox()

    def takes_up(self) -> list[Any]:
        """What is in the table now; what it says of it is on record."""
        found = self.inbox.fetch()
        for event in found:
            self.centre.send(event)
        self.tells()
        return found

    def tells(self) -> None:
        fresh = [fact for fact in self.centre.out if isinstance(fact, facts.Fact) and fact.seq > self.seen]
        if fresh:
            told(*fresh)
            self.seen = fresh[-1].seq

    @property
    def owed(self) -> list[str]:
        return list(self.centre.acd.world.state.callbacks)


def planned(user: Any, hours: float = 0, **about: Any) -> OutboundTask:
    """In so many hours of today's clock; 0: it is due when beat looks."""
    who = about.pop("customer", None) or service.customer()
    due_at = timezone.now() + timedelta(hours=hours, seconds=5)
    return outbound.plan(user, who, "问是否满意", due_at=due_at, **about)


def state_of(task: OutboundTask) -> str:
    task.refresh_from_db()
    return str(task.state)


def asked() -> int:
    return calls.Request.objects.filter(action="ReleaseTask").count()


def core_is_late() -> None:
    """More than ten seconds pass for the requests that wait."""
    calls.Request.objects.filter(state="pending").update(created_at=timezone.now() - timedelta(seconds=requests.FRESH + 1))


def served(call: str = "c1", agent: str = "1001", queue: str = "service", ago: float = 60.0, number: str = service.PHONE) -> None:
    """A call that an agent has served, on record."""
    at, seq = timezone.now().timestamp() - ago, (calls.Fact.objects.order_by("-seq").values_list("seq", flat=True).first() or 0)
    told(
        facts.CallStarted(seq + 1, at, call, "l1", "in", number, "4001", "demo"),
        facts.CallQueued(seq + 2, at, call, queue, 0, 1),
        facts.CallConnected(seq + 3, at + 1, call, agent, queue, 1.0, 1.0),
        facts.CallEnded(seq + 4, at + 30, call, "ANSWERED", "customer", 16, "CONNECTED", agent=agent, queue=queue, talked=29.0),
    )
