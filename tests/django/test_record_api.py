"""The record over REST: who sees what, that a call tells its whole story, and what a list costs."""

from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def day() -> list[Any]:
    from tests.django.centre_day import Day

    return [fact for _, _, facts in Day(seed=3, calls=40).entries() for fact in facts]


@pytest.fixture
def record(db: None, day: list[Any]) -> None:
    import msgspec

    from ccenter.calls.models import RecorderPosition
    from ccenter.calls.recorder import parse, store

    store([parse(msgspec.json.encode(fact)) for fact in day])
    RecorderPosition.objects.create(id=1, seq=day[-1].seq)


@pytest.fixture
def lead(db: None) -> Any:
    """Somebody who sees everything; what a lead of a group sees is told in test_rights."""
    from tests.django.people import client, person

    return client(person("lead", "admin"))


@pytest.fixture
def alice(db: None) -> Any:
    from tests.django.people import client, person

    return client(person("alice", "agent", "1001"))


LISTS = ["seats", "queues", "trunks", "calls", "feed"]


@pytest.mark.parametrize("name", [*LISTS, "seat", "calls/c1", "calls/c1/timeline", "recordings/r1/audio"])
def test_given_nobody_when_reading_then_401_and_a_stranger_403(name: str, client: Any) -> None:
    from tests.django.people import client as client_of
    from tests.django.people import person

    assert client.get(f"/api/{name}/").status_code == 401
    assert client_of(person("stranger")).get(f"/api/{name}/").status_code == 403


@pytest.mark.parametrize("name", ["seats", "queues", "trunks"])
def test_given_an_agent_when_reading_what_is_the_leads_then_403(name: str, alice: Any) -> None:
    assert alice.get(f"/api/{name}/").status_code == 403


def test_given_a_day_when_an_agent_lists_calls_then_only_their_own_are_there(record: None, alice: Any, lead: Any) -> None:
    from ccenter.calls.models import Call, CallAgent

    mine = set(CallAgent.objects.filter(agent="1001").values_list("call", flat=True))
    others = set(Call.objects.values_list("id", flat=True)) - mine
    assert mine and others
    assert {call["id"] for call in alice.get("/api/calls/?page_size=500").json()["results"]} == mine
    assert {call["id"] for call in lead.get("/api/calls/?page_size=500").json()["results"]} == mine | others
    assert {c["id"] for c in lead.get("/api/calls/?page_size=500&agent=1001").json()["results"]} == mine
    for call in sorted(others)[:5]:
        assert alice.get(f"/api/calls/{call}/").status_code == 404
        assert alice.get(f"/api/calls/{call}/timeline/").status_code == 404
    assert alice.get(f"/api/calls/{min(mine)}/").status_code == 200


def test_given_a_day_when_calls_are_filtered_then_each_filter_holds(record: None, lead: Any) -> None:
    from ccenter.calls.models import Call

    def ids(query: str) -> set[str]:
        answer = lead.get(f"/api/calls/?page_size=500&{query}")
        assert answer.status_code == 200, answer.json()
        return {call["id"] for call in answer.json()["results"]}

    def kept(**wanted: Any) -> set[str]:
        return set(Call.objects.filter(**wanted).values_list("id", flat=True))

    assert ids("outcome=ANSWERED") == kept(outcome="ANSWERED") != set()
    assert ids("direction=in&queue=sales") == kept(direction="in", queue="sales") != set()
    assert ids("number=138-0013-8000") == kept(number="+8613800138000") != set()
    assert ids("ani=13800138000") == kept(ani="13800138000") != set()
    assert ids("live=true") == set() and ids("live=false") == kept()
    middle = Call.objects.order_by("started_at")[20].started_at
    assert ids(f"since={middle:%Y-%m-%dT%H:%M:%S.%fZ}") == kept(started_at__gte=middle)
    assert ids(f"until={middle:%Y-%m-%dT%H:%M:%S.%fZ}") == kept(started_at__lt=middle)
    for wrong in ("live=maybe", "since=yesterday", "direction=up"):
        answer = lead.get(f"/api/calls/?{wrong}")
        assert (answer.status_code, list(answer.json())) == (400, [wrong.partition("=")[0]])


def test_given_a_day_when_calls_are_paged_then_each_comes_once_and_in_order(record: None, lead: Any) -> None:
    from ccenter.calls.models import Call

    got, url = [], "/api/calls/?page_size=7"
    while url:
        page = lead.get(url).json()
        got += [call["id"] for call in page["results"]]
        url = page["next"]
    assert got == list(Call.objects.order_by("-started_at", "-id").values_list("id", flat=True))


def test_given_an_answered_call_when_read_then_it_tells_the_whole_story(record: None, lead: Any) -> None:
    from ccenter.calls.models import Call

    found = [c for c in Call.objects.filter(outcome="ANSWERED", direction="in", dnis="4001") if c.answered_by and c.recorded]
    call = lead.get(f"/api/calls/{found[0].id}/").json()
    assert call["dnis"] == "4001" and call["trunk"] == "demo" and call["label"] == "TV1"
    names = [step["step"] for step in call["steps"]]
    assert names[:2] == ["node", "key"] and names[-1] == "end"
    assert all(step["seconds"] is not None and step["at"] for step in call["steps"])
    taken = next(offer for offer in call["offers"] if offer["result"] == "connected")
    assert taken["agent"] == call["answered_by"] in call["agents"]
    chosen = next(offer for offer in call["offers"] if offer["why"])
    assert chosen["why"]["candidates_total"] >= 1 and chosen["why"]["strategy"]
    assert call["ended_by"] and call["cause"] is not None and call["ended_in"]
    assert call["recordings"][0]["state"] in ("raw", "failed", "recording")


def test_given_a_call_when_its_timeline_is_read_then_all_its_facts_are_there_in_order(
    record: None, lead: Any, day: list[Any]
) -> None:
    call = next(fact.call for fact in day if type(fact).__name__ == "CallConnected")
    body = lead.get(f"/api/calls/{call}/timeline/").json()
    told = [fact for fact in day if getattr(fact, "call", "") == call]
    assert [fact["seq"] for fact in body["facts"]] == [fact.seq for fact in told]
    assert [fact["type"] for fact in body["facts"]] == [type(fact).__name__ for fact in told]
    assert body["seq"] == day[-1].seq


def test_given_calls_that_go_on_when_the_lead_looks_then_seats_queues_and_trunks_show_them(lead: Any, alice: Any) -> None:
    import msgspec

    from ccenter.acd import facts
    from ccenter.calls.models import Trunk
    from ccenter.calls.recorder import parse, store

    at = 1_800_000_000.0
    Trunk.objects.create(code="demo", kind="address", addresses=["192.0.2.1"], capacity=30)
    told = [
        facts.AgentChanged(1, at, "1001", "READY", endpoint="PJSIP/1001", was="NOT_READY"),
        *[facts.CallStarted(n, at + n, f"c{n}", f"ast1-{n}.0", "in", "13800138000", "4001", "demo") for n in (2, 3, 4)],
        *[facts.TrunkTaken(n + 5, at + n, f"c{n}", "", f"ast1-{n}.0", "demo", "in", "13800138000") for n in (2, 3, 4)],
        *[facts.CallQueued(n + 10, at + n, f"c{n}", "sales", 0, 1) for n in (2, 3, 4)],
        facts.CallConnected(20, at + 20, "c2", "1001", "sales", 3.0, 1.0),
        facts.AgentChanged(21, at + 20, "1001", "TALKING", call="c2", endpoint="PJSIP/1001", was="READY", lasted=20.0),
    ]
    store([parse(msgspec.json.encode(fact)) for fact in told])
    (seat,) = lead.get("/api/seats/").json()
    assert (seat["agent"], seat["state"], seat["call"]["id"], seat["call"]["state"]) == ("1001", "TALKING", "c2", "CONNECTED")
    queues = {queue["queue"]: queue for queue in lead.get("/api/queues/").json()}
    assert (queues["sales"]["waiting"], queues["sales"]["talking"], queues["service"]["waiting"]) == (2, 1, 0)
    assert queues["sales"]["states"] == {"TALKING": 1}
    assert queues["sales"]["waiting_since"] == alice.get("/api/calls/c2/").json()["started_at"].replace(":02+", ":03+")
    (trunk,) = lead.get("/api/trunks/").json()
    assert (trunk["capacity"], trunk["in_use"], [c["call"] for c in trunk["channels"]]) == (30, 3, ["c2", "c3", "c4"])


@pytest.mark.parametrize(
    ("path", "queries"),
    [("seats", 5), ("queues", 8), ("trunks", 5), ("calls", 3), ("calls/c1", 8)],
)
def test_given_twice_as_much_when_listed_then_the_queries_stay_the_same(
    path: str, queries: int, lead: Any, django_assert_num_queries: Any
) -> None:
    import msgspec

    from ccenter.acd import facts
    from ccenter.calls.models import Queue, Trunk
    from ccenter.calls.recorder import parse, store
    from tests.django.people import person

    for half in range(2):
        for n in range(half * 5, half * 5 + 5):
            person(f"a{n}", "agent", str(2000 + n))
            Queue.objects.create(code=f"q{n}")
            Trunk.objects.create(code=f"t{n}", kind="address", addresses=["192.0.2.1"])
            call, seq = f"c{n + 1}", n * 10
            told = [
                facts.CallStarted(seq + 1, 1.8e9 + n, call, f"ast1-{n}.0", "in", "13800138000", "4001", f"t{n}"),
                facts.CallQueued(seq + 2, 1.8e9 + n, call, f"q{n}", 0, 1),
                facts.CallRouted(seq + 3, 1.8e9 + n, call, f"q{n}", str(2000 + n), "longest_idle", [], 1, {}),
                facts.CallOfferedTo(seq + 4, 1.8e9 + n, call, str(2000 + n), "ast1-l1", f"q{n}"),
                facts.AgentChanged(seq + 5, 1.8e9 + n, str(2000 + n), "RESERVED", call=call),
                facts.RecordingStarted(seq + 6, 1.8e9 + n, call, f"r{n}"),
            ]
            store([parse(msgspec.json.encode(fact)) for fact in told])
        with django_assert_num_queries(queries) as counted:
            assert lead.get(f"/api/{path}/").status_code == 200
        assert len(counted) == queries


def test_given_the_docs_page_when_read_then_everything_on_it_comes_from_our_own_server(lead: Any) -> None:
    import re

    page = lead.get("/api/docs/")
    assert page.status_code == 200
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', page.content.decode())


def test_given_alarms_when_a_lead_clears_one_then_it_is_done_with_and_raised_again_it_is_a_new_one(lead: Any, alice: Any) -> None:
    from ccenter.calls.alarms import raise_alarm
    from ccenter.calls.models import Alarm

    raise_alarm("recording", "r1", "c1: missing")
    raise_alarm("recording", "r1", "c1: missing still")
    raise_alarm("core", "raised", "input 7")
    assert alice.get("/api/alarms/").status_code == 403
    page = lead.get("/api/alarms/?open=true&kind=recording").json()["results"]
    assert [(alarm["subject"], alarm["count"], alarm["text"]) for alarm in page] == [("r1", 2, "c1: missing still")]
    where = f"/api/alarms/{page[0]['id']}/clear/"
    assert alice.post(where).status_code == 403
    first = lead.post(where).json()["cleared_at"]
    assert first and lead.post(where).json()["cleared_at"] == first
    assert Alarm.objects.get(pk=page[0]["id"]).cleared_by.username == "lead"
    assert lead.post("/api/alarms/999/clear/").status_code == 404
    raise_alarm("recording", "r1", "again")
    assert Alarm.objects.filter(subject="r1").count() == 2


# -- login and health ------------------------------------------------------------------------------------------


def test_given_a_password_when_logging_in_then_the_token_works_and_is_the_same_again(client: Any) -> None:
    from tests.django.people import person

    person("alice", "agent", "1001", password="a-long-secret")
    who = {"username": "alice", "password": "a-long-secret"}
    first = client.post("/api/token/", who, content_type="application/json").json()["token"]
    assert client.post("/api/token/", who, content_type="application/json").json()["token"] == first
    assert client.get("/api/seat/", headers={"Authorization": f"Token {first}"}).status_code == 200


@pytest.mark.parametrize("body", [{}, {"username": "alice"}, {"username": "alice", "password": 7}, [], "x"])
def test_given_a_wrong_login_when_posted_then_400_and_no_token(body: Any, client: Any) -> None:
    answer = client.post("/api/token/", body, content_type="application/json")
    assert answer.status_code == 400 and "token" not in answer.json()


def test_given_the_processes_when_health_is_asked_then_it_tells_who_is_alive_and_no_more(
    client: Any, settings: Any, tmp_path: Path
) -> None:
    import os

    from ccenter.calls.alarms import raise_alarm

    settings.STATE, settings.JOURNAL = tmp_path, tmp_path / "journal"
    (tmp_path / "run").mkdir()
    assert client.get("/api/health/").json()["status"] == "degraded"
    for name in ("recorder", "cti"):
        (tmp_path / "run" / f"{name}.ready").write_text(str(os.getpid()))
    healthy = client.get("/api/health/")
    assert (healthy.status_code, healthy.json()["status"], healthy.json()["recorder"]["behind"]) == (200, "ok", 0)
    raise_alarm("recording", "r1", "+8613800138000 is not to be shown")
    body = client.get("/api/health/").json()
    assert (body["status"], body["alarms"]) == ("degraded", {"recording": 1})
    assert "138" not in str(body)
    os.utime(tmp_path / "run" / "recorder.ready", (0, 0))
    (tmp_path / "run" / "cti.ready").write_text("999999999")
    body = client.get("/api/health/").json()
    assert (body["recorder"]["ready"], body["cti"]["ready"]) == (False, False)
