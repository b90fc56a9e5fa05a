"""What goes on now: a lead's floor, an agent's lines and day; right, cheap, and in a fixed number of queries."""

import time
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from django.utils import timezone

from ccenter.acd import facts

pytestmark = pytest.mark.django_db


def tell(*told: facts.Fact) -> None:
    from ccenter.calls.models import RecorderPosition
    from ccenter.calls.recorder import parse, store

    store([parse(msgspec.json.encode(fact)) for fact in told])
    RecorderPosition.objects.update_or_create(id=1, defaults={"seq": told[-1].seq})


def who(name: str, role: str, seat: str = "", **more: Any) -> Any:
    from tests.django.people import client, person

    return client(person(name, role, seat, **more))


def now() -> float:
    """The present, but not of yesterday for what was two minutes ago: figures are of a day."""
    return max(timezone.now(), timezone.localtime().replace(hour=0, minute=2, second=0)).timestamp()


def begun(seq: int, call: str, at: float, queue: str = "sales") -> list[facts.Fact]:
    return [
        facts.CallStarted(seq, at, call, f"ast1-{call}.0", "in", "13800138000", "4001", "demo", label="TV1"),
        facts.FlowStep(seq + 1, at, call, "main", "start"),
        facts.CallQueued(seq + 2, at, call, queue, 0, 1),
    ]


def taken(seq: int, call: str, at: float, agent: str, waited: float, queue: str = "sales") -> list[facts.Fact]:
    return [
        facts.CallOfferedTo(seq, at, call, agent, f"ast1-l{seq}", queue),
        facts.AgentChanged(seq + 1, at, agent, "RESERVED", call=call, was="READY", lasted=5.0),
        facts.CallConnected(seq + 2, at, call, agent, queue, waited, 1.0),
        facts.AgentChanged(seq + 3, at, agent, "TALKING", call=call, was="RESERVED", lasted=2.0, endpoint=f"PJSIP/{agent}"),
    ]


def test_given_a_busy_floor_when_the_lead_looks_then_all_of_it_is_there(db: None) -> None:
    from ccenter.calls.models import CallbackEntry, Queue, Trunk

    lead, at = who("lead", "lead"), now()
    for name, seat in (("alice", "1001"), ("bob", "1002")):
        who(name, "agent", seat)
    Trunk.objects.create(code="demo", kind="address", addresses=["192.0.2.1"], capacity=30)
    Queue.objects.filter(code="sales").update(name="Orders", alarm_waiting=5, alarm_wait_seconds=60, alarm_service_level=80)
    for number, queue in (("1", "sales"), ("2", ""), ("3", "other")):
        CallbackEntry.objects.create(id=number, number=number, queue=queue, source="asked", asked_at=timezone.now())
    tell(
        facts.AgentChanged(1, at - 90, "1001", "READY", was="LOGGED_OUT", lasted=9.0, endpoint="PJSIP/w1001-00000000"),
        facts.AgentChanged(2, at - 90, "1002", "READY", was="LOGGED_OUT", lasted=9.0, endpoint="PJSIP/1002"),
        facts.SeatAllows(3, at - 80, "1001", ("HoldCall", "TransferCall")),
        *begun(10, "c1", at - 70),
        *taken(20, "c1", at - 60, "1001", 10.0),
        *begun(30, "c2", at - 50),
        facts.CallEnded(40, at - 10, "c2", "ABANDONED", "customer", 16, "QUEUED", queue="sales", waited=40.0),
        *begun(50, "c3", at - 30),
        *begun(60, "c4", at - 20),
        *[
            facts.TrunkTaken(63 + n, at, call, "", f"ast1-{n}", "demo", "in", "13800138000")
            for n, call in enumerate(("c1", "c3", "c4"))
        ],
        facts.CallOfferedTo(70, at - 5, "c4", "1002", "ast1-l70", "sales"),
        facts.AgentChanged(71, at - 5, "1002", "RESERVED", call="c4", was="READY", lasted=80.0, endpoint="PJSIP/1002"),
        facts.MonitorStarted(72, at - 4, "c1", "1001", "1000", "listen", "lead"),
        facts.AgentAway(73, at - 3, "c1", "1001"),
    )
    live = lead.get("/api/live/").json()
    assert live["seq"] == 73
    alice, bob = live["seats"]
    assert (alice["number"], alice["state"], alice["call"], alice["phone"]) == ("1001", "TALKING", "c1", "desk")
    assert alice["allows"] == ["HoldCall", "TransferCall"] and alice["away"] and alice["today"]["answered"] == 1
    assert (bob["state"], bob["away"], bob["today"]["answered"]) == ("RESERVED", None, 0)
    sales, service = live["queues"]
    assert (sales["code"], sales["name"], sales["waiting"], sales["abandoned"]) == ("sales", "Orders", 2, 1)
    assert (sales["service_level"], sales["signed_in"], sales["ready"]) == (0.5, 2, 0)
    assert sales["expected_wait"] == pytest.approx((2 + 1) * 180.0 / 2)
    assert sales["thresholds"] == {"waiting": 5, "wait_seconds": 60, "service_level": 0.8}
    assert (service["waiting"], service["service_level"], service["longest_since"]) == (0, None, None)
    calls = {call["id"]: call for call in live["calls"]}
    assert set(calls) == {"c1", "c3", "c4"}
    assert sales["longest_since"] == calls["c3"]["queued_at"]
    assert (calls["c1"]["answered"], calls["c1"]["state"], calls["c1"]["agent"]) == (True, "HELD", "1001")
    assert (calls["c4"]["answered"], calls["c4"]["offered"], calls["c4"]["label"]) == (False, "1002", "TV1")
    assert [step["step"] for step in calls["c1"]["path"]] == ["node", "queue", "talk", "away"]
    assert calls["c3"]["ani"] == "13800138000"
    (trunk,) = live["trunks"]
    assert (trunk["code"], trunk["capacity"], trunk["in_use"]) == ("demo", 30, 3)
    (watch,) = live["monitors"]
    assert (watch["agent"], watch["supervisor"], watch["mode"], watch["call"]) == ("1001", "1000", "listen", "c1")
    assert live["callbacks_open"] == 2


def test_given_a_lead_of_two_groups_when_the_floor_is_opened_then_it_names_what_their_seat_may_claim(db: None) -> None:
    from ccenter.calls.live import claims, may_claim
    from ccenter.calls.models import Agent
    from tests.django.people import group, person

    lead, at = person("lead", "lead", "900"), now()
    group("other").leads.add(lead)
    for name, seat, team in (("alice", "1001", "floor"), ("mallory", "2001", "other"), ("eve", "2002", "other")):
        person(name, "agent", seat, team=team)
    Agent.objects.get(number="2002").queues.add(*group("floor").queues.filter(code="sales"))
    tell(*begun(10, "c1", at - 70), *begun(20, "c2", at - 50, "other"))
    for place, agent in enumerate(("1001", "2001", "2002")):
        seq, call = 30 + 10 * place, f"c{3 + place}"
        tell(
            *begun(seq, call, at - 40, "other"),
            facts.CallOfferedTo(seq + 3, at - 5, call, agent, f"ast1-l{seq}", "other"),
            facts.AgentChanged(seq + 4, at - 5, agent, "RESERVED", call=call, was="READY", lasted=8.0),
        )
    own = Agent.objects.get(number="900")
    assert claims(own, lead) == {"queues": ["sales", "service"], "seats": ["1001", "2002"]}
    assert [may_claim(own, f"c{n}") for n in range(1, 6)] == [True, False, True, False, True], "the same rule"


def test_given_waiting_and_ringing_calls_when_an_agent_looks_then_theirs_are_there_in_order_and_can_be_taken(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ccenter.calls.api.seat.PATIENCE", 0.0)
    alice, at = who("alice", "agent", "1001"), now()
    who("bob", "agent", "1002")
    who("mallory", "agent", "2001", team="other")
    tell(
        *begun(10, "c1", at - 70),
        *begun(20, "c2", at - 50),
        *begun(30, "c3", at - 40, "other"),
        *begun(40, "c4", at - 30),
        facts.CallOfferedTo(50, at - 5, "c4", "1002", "ast1-l50", "sales"),
        facts.AgentChanged(51, at - 5, "1002", "RESERVED", call="c4", was="READY", lasted=8.0),
        facts.AgentChanged(52, at - 5, "2001", "RESERVED", call="c3", was="READY", lasted=8.0),
        facts.CallRequeued(53, at - 4, "c2", "sales", "no_answer"),
    )
    said = alice.get("/api/waiting/").json()
    assert [(call["id"], call["position"]) for call in said["calls"]] == [("c1", 1), ("c2", 2), ("c4", 3)]
    assert said["calls"][0]["number"]["text"] == "138****8000" and said["seq"] == 53
    assert [(call["id"], call["agent"], call["agent_name"]) for call in said["ringing"]] == [("c4", "1002", "Bob")]
    assert alice.post("/api/seat/take/", {"call": "c1"}).status_code == 202
    assert alice.post("/api/seat/pick-up/", {"call": "c4"}).status_code == 202
    assert alice.post("/api/seat/take/", {"call": "c3"}).status_code == 404
    tell(*taken(60, "c1", at, "1002", 70.0))
    assert [call["id"] for call in alice.get("/api/waiting/").json()["calls"]] == ["c2", "c4"]
    assert alice.post("/api/seat/take/", {"call": "c1"}).status_code == 404


def test_given_a_morning_of_calls_when_an_agent_asks_for_figures_then_they_are_the_days(db: None) -> None:
    from ccenter.calls.models import AgentDay, AgentStatus

    alice, at = who("alice", "agent", "1001"), now()
    tell(
        facts.AgentChanged(1, at, "1001", "READY", was="LOGGED_OUT", lasted=9.0),
        *begun(10, "c1", at),
        *taken(20, "c1", at, "1001", 1.0),
        facts.CallTransferred(30, at, "c1", "1001", "blind", "agent:1002"),
        facts.CallTransferred(31, at, "c1", "1001", "taken_over", "agent:1000"),
        facts.AgentChanged(32, at, "1001", "WRAP_UP", was="TALKING", lasted=30.5, call="c1"),
        facts.AgentChanged(33, at, "1001", "NOT_READY", was="WRAP_UP", lasted=4.0, reason="break"),
        *begun(40, "c2", at),
        facts.CallOfferedTo(43, at, "c2", "1001", "ast1-l43", "sales"),
        facts.OfferEnded(44, at, "c2", "1001", "no_answer", 20.0),
        facts.OfferEnded(45, at, "c2", "1001", "withdrawn", 1.0),
        facts.CallStarted(50, at, "c3", "", "out", "1001", "13800138000", "", agent="1001"),
    )
    AgentStatus.objects.update(since=timezone.now() - timedelta(minutes=1))
    figures = alice.get("/api/figures/").json()
    counts = {name: figures[name] for name in ("answered", "out", "missed", "transferred", "talk", "wrap_up", "average")}
    assert counts == {
        "answered": 1, "out": 1, "missed": 1, "transferred": 1, "talk": 30.5, "wrap_up": 4.0, "average": 15.2,
    }  # fmt: skip
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0)
    since_midnight = (timezone.localtime() - midnight).total_seconds()
    assert figures["not_ready"] == pytest.approx(min(60.0, since_midnight), abs=3.0)
    AgentDay.objects.update(day=timezone.localdate() - timedelta(days=1))
    assert alice.get("/api/figures/").json()["answered"] == 0


def floor(seats: int) -> None:
    """So many seats of "floor", half of them in a call; 20 callers wait; a day of figures."""
    from django.contrib.auth.models import User

    from ccenter.calls.models import Agent, AgentDay, SeatGroup, Trunk

    at, group = now(), SeatGroup.objects.get(code="floor")
    numbers = [str(3000 + n) for n in range(seats)]
    users = User.objects.bulk_create([User(username=f"a{number}") for number in numbers])
    Agent.objects.bulk_create(
        Agent(number=number, user=user, name=f"Agent {number}", group=group, sip_password="a-password-of-it")
        for number, user in zip(numbers, users, strict=True)
    )
    AgentDay.objects.bulk_create(AgentDay(agent=number, day=timezone.localdate(), answered=50) for number in numbers)
    Trunk.objects.get_or_create(code="demo", defaults={"kind": "address", "addresses": ["192.0.2.1"]})
    told: list[facts.Fact] = []
    actions = ("AnswerCall", "HangUpCall", "HoldCall", "TransferCall", "ConsultWith", "PauseRecording", "SendKeys", "SignOut")
    for n, number in enumerate(numbers):
        seq = 100 * n + 1
        told.append(facts.AgentChanged(seq, at - 99, number, "READY", was="LOGGED_OUT", lasted=1.0))
        told.append(facts.SeatAllows(seq + 1, at - 99, number, actions))
        if n % 2:
            told += [*begun(seq + 10, f"c{n}", at - 50), *taken(seq + 20, f"c{n}", at - 45, number, 5.0)]
    for n in range(20):
        told += begun(100_000 + 10 * n, f"c{10_000 + n}", at - n)
    tell(*told)


@pytest.mark.parametrize(("path", "role"), [("live", "lead"), ("waiting", "agent"), ("figures", "agent")])
def test_given_a_larger_floor_when_looked_at_then_the_queries_stay_the_same(path: str, role: str, db: None) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from ccenter.calls.models import Agent, AgentDay, AgentStatus, Call, CallAgent, CallOffer, Fact

    person, counts = who("person", role, "1001"), []
    for size in (4, 40):
        for rows in (
            Agent.objects.exclude(number="1001"),
            AgentDay.objects,
            AgentStatus.objects,
            Call.objects,
            CallAgent.objects,
        ):
            rows.all().delete()
        CallOffer.objects.all().delete()
        Fact.objects.all().delete()
        __import__("django.contrib.auth.models", fromlist=["User"]).User.objects.filter(username__startswith="a").delete()
        floor(size)
        with CaptureQueriesContext(connection) as counted:
            assert person.get(f"/api/{path}/").status_code == 200
        counts.append(len(counted))
    assert counts[0] == counts[1] <= 20, counts


def test_given_two_hundred_seats_when_the_floor_is_asked_for_then_it_is_cheap(db: None) -> None:
    from django.contrib.auth.models import User
    from django.db import connection

    from ccenter.calls import live
    from ccenter.calls.models import Queue
    from ccenter.calls.rights import scope_of

    who("lead", "lead")
    floor(200)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    took = []
    began = time.process_time()
    for _ in range(200):
        list(Queue.objects.values_list("code", "name"))
    slowness = (time.process_time() - began) / 200 / 0.00015  # of this machine in this minute, to a quiet one
    for _ in range(40):
        lead = User.objects.get(username="lead")
        began = time.process_time(), time.perf_counter()
        text = msgspec.json.encode(live.floor(lead, scope_of(lead)))
        took.append((time.process_time() - began[0], time.perf_counter() - began[1]))
    assert len(msgspec.json.decode(text)["seats"]) == 200
    cpu, wall = (1000 * min(times) for times in zip(*took, strict=True))  # the least: what others do on the machine is not it
    print(f"the floor of 200 seats: {cpu:.1f} ms of CPU here, {wall:.1f} ms in all, {len(text)} bytes")
    assert cpu < 15 * max(1.0, slowness)
