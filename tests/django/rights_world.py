"""Two teams that share nothing, and a call of each kind: for tests of who may what.

alice (1001) and bob (1002) are of "floor", which lena leads; mallory (2001) is of "other", which otto leads; root is an
administrator. Calls: c1 alice's, ended, recorded; c2 waits in floor's queue "sales"; c3 mallory's; c4 nobody's, in the menu.
"""

from typing import Any

import msgspec

from ccenter.acd import facts

AT = 1_800_000_000.0
PEOPLE = {
    "nobody": None,
    "stranger": ("", "", ""),
    "alice": ("agent", "1001", "floor"),
    "bob": ("agent", "1002", "floor"),
    "mallory": ("agent", "2001", "other"),
    "lena": ("lead", "1000", "floor"),
    "otto": ("lead", "", "other"),
    "root": ("admin", "", ""),
}


def story() -> list[facts.Fact]:
    number = "+8613800138000"
    told: list[facts.Fact] = [
        facts.AgentChanged(1, AT, "1001", "READY", endpoint="PJSIP/1001", was="NOT_READY"),
        facts.AgentChanged(2, AT, "2001", "READY", endpoint="PJSIP/2001", was="NOT_READY"),
        facts.CallStarted(10, AT + 1, "c1", "ast1-1.0", "in", number, "4001", "demo"),
        facts.CallQueued(11, AT + 1, "c1", "sales", 0, 1),
        facts.CallOfferedTo(12, AT + 1, "c1", "1001", "ast1-l1", "sales"),
        facts.CallConnected(13, AT + 2, "c1", "1001", "sales", 1.0, 1.0),
        facts.RecordingStarted(14, AT + 2, "c1", "r1"),
        facts.AgentChanged(15, AT + 2, "1000", "TALKING", call="c1", was="READY", lasted=1.0),
        facts.MonitorStarted(16, AT + 2, "c1", "1001", "1000", "listen", "lena"),
        facts.MonitorChanged(17, AT + 3, "c1", "1001", "1000", "whisper", "lena"),
        facts.RequestDone(18, AT + 3, "x", "lena", "1000", "Monitor", "c1"),
        facts.MonitorEnded(19, AT + 4, "c1", "1001", "1000", "stopped"),
        facts.CallEnded(20, AT + 9, "c1", "ANSWERED", "customer", 16, "CONNECTED", agent="1001", queue="sales", talked=7.0),
        facts.CallStarted(30, AT + 10, "c2", "ast1-2.0", "in", number, "4001", "demo"),
        facts.CallQueued(31, AT + 10, "c2", "sales", 0, 1),
        facts.CallStarted(40, AT + 11, "c3", "ast1-3.0", "in", number, "4001", "demo"),
        facts.CallQueued(41, AT + 11, "c3", "other", 0, 1),
        facts.CallConnected(42, AT + 12, "c3", "2001", "other", 1.0, 1.0),
        facts.RecordingStarted(43, AT + 12, "c3", "r3"),
        facts.CallStarted(50, AT + 13, "c4", "ast1-4.0", "in", number, "4001", "demo"),
        facts.FlowStep(51, AT + 13, "c4", "main", "start"),
        facts.VoicemailLeft(52, AT + 13, "c4", "sales", "m1", 3.0),
        facts.NodeChanged(53, AT + 14, "ast1", False),
    ]
    return told


def set_up() -> None:
    from django.db import transaction

    from ccenter.calls.models import RecorderPosition
    from ccenter.calls.recorder import parse, store
    from tests.django.people import group, person

    group("other")
    for name, who in PEOPLE.items():
        if who is not None:
            role, seat, team = who
            person(name, role, seat, team or "floor")
    with transaction.atomic():
        store([parse(msgspec.json.encode(fact)) for fact in story()])
        RecorderPosition.objects.update_or_create(id=1, defaults={"seq": 53})


def more() -> dict[str, object]:
    """A customer and what is written about them, an alarm, a request of alice's: their ids, by the names in addresses."""
    from uuid import UUID

    from django.contrib.auth.models import User
    from django.utils import timezone

    from ccenter.calls.alarms import raise_alarm
    from ccenter.calls.models import Alarm, CallbackEntry, Request
    from ccenter.desktop import messages
    from crm import services
    from crm.models import Customer, CustomerPhone

    alice = User.objects.get(username="alice")
    customer = Customer.objects.create(number="80000001", name="Wang")
    CustomerPhone.objects.create(customer=customer, number="+8613800138000")
    complaint = services.add_complaint(customer, "late", alice)
    record, _new = services.save_record("c1", alice, "1001", {"summary": "said"})
    owed = CallbackEntry.objects.create(id="k1", number="+8613800138000", queue="sales", source="asked", asked_at=timezone.now())
    message = messages.send(alice, "hello", seat="1002")
    raise_alarm("recording", "r1", "failed")
    asked = Request.objects.create(id=UUID(int=7), user=alice, agent="1001", action="Ready", key="k")
    return {
        "customer": customer.pk,
        "complaint": complaint.pk,
        "record": record.pk,
        "callback": owed.pk,
        "message": message.pk,
        "alarm": Alarm.objects.get().pk,
        "request": asked.pk,
    }


def client_of(name: str) -> Any:
    from django.contrib.auth.models import User
    from rest_framework.test import APIClient

    from tests.django.people import client

    return APIClient() if name == "nobody" else client(User.objects.get(username=name))
