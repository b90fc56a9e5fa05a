"""Who may what: one table of ways in, by who asks. Two teams that share nothing, and a call of each kind.

alice (1001) and bob (1002) are of "floor", which lena leads; mallory (2001) is of "other", which otto leads; root is an
administrator. Calls: c1 alice's, ended, recorded; c2 waits in floor's queue "sales"; c3 mallory's; c4 nobody's, in the menu.
"""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from aiohttp import ClientWSTimeout, WSServerHandshakeError
from asgiref.sync import sync_to_async

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


def client_of(name: str) -> Any:
    from django.contrib.auth.models import User
    from rest_framework.test import APIClient

    from tests.django.people import client

    return APIClient() if name == "nobody" else client(User.objects.get(username=name))


# -- REST and pages --------------------------------------------------------------------------------------------

WHO = ("nobody", "stranger", "alice", "bob", "mallory", "lena", "otto", "root")
TABLE: list[tuple[str, str, Any, tuple[int, ...]]] = [
    # way, address, body,              nobody stranger alice bob mallory lena otto root
    ("GET", "/api/seat/", None,            (401, 403, 200, 200, 200, 200, 403, 403)),
    ("GET", "/api/seat/phone/", None,      (401, 403, 404, 404, 404, 404, 403, 403)),
    ("GET", "/api/waiting/", None,         (401, 403, 200, 200, 200, 200, 403, 403)),
    ("GET", "/api/figures/", None,         (401, 403, 200, 200, 200, 200, 403, 403)),
    ("GET", "/api/live/", None,            (401, 403, 403, 403, 403, 200, 200, 200)),
    ("GET", "/api/seats/", None,           (401, 403, 403, 403, 403, 200, 200, 200)),
    ("GET", "/api/queues/", None,          (401, 403, 403, 403, 403, 200, 200, 200)),
    ("GET", "/api/trunks/", None,          (401, 403, 403, 403, 403, 200, 200, 200)),
    ("GET", "/api/alarms/", None,          (401, 403, 403, 403, 403, 200, 200, 200)),
    ("GET", "/api/calls/c1/", None,        (401, 403, 200, 404, 404, 200, 404, 200)),
    ("GET", "/api/calls/c1/timeline/", None, (401, 403, 200, 404, 404, 200, 404, 200)),
    ("GET", "/api/calls/c2/", None,        (401, 403, 404, 404, 404, 200, 404, 200)),
    ("GET", "/api/calls/c3/", None,        (401, 403, 404, 404, 200, 404, 200, 200)),
    ("GET", "/api/calls/c4/", None,        (401, 403, 404, 404, 404, 404, 404, 200)),
    ("GET", "/api/recordings/", None,      (401, 403, 200, 200, 200, 200, 200, 200)),
    ("GET", "/api/recordings/r1/audio/", None, (401, 403, 200, 404, 404, 200, 404, 200)),
    ("GET", "/api/recordings/r1/peaks/", None, (401, 403, 200, 404, 404, 200, 404, 200)),
    ("GET", "/api/recordings/r1/listenings/", None, (401, 403, 403, 403, 403, 200, 404, 200)),
    ("GET", "/api/voicemails/m1/audio/", None, (401, 403, 200, 200, 404, 200, 404, 200)),
    ("GET", "/api/seat-records/", None,    (401, 403, 403, 403, 403, 200, 200, 200)),
    ("GET", "/api/seat-records/export/", None, (401, 403, 403, 403, 403, 200, 200, 200)),
    ("PUT", "/api/seat-records/1001/", {"level": 2}, (401, 403, 403, 403, 403, 200, 404, 200)),
    ("POST", "/api/seat-records/", {}, (401, 403, 403, 403, 403, 403, 403, 400)),
    ("POST", "/api/seat-records/import/", {"csv": "number\n"}, (401, 403, 403, 403, 403, 200, 200, 200)),
    ("POST", "/api/seats/1001/monitor/", {"mode": "whisper"}, (401, 403, 403, 403, 403, 202, 404, 403)),
    ("POST", "/api/seats/1001/stop-monitor/", {}, (401, 403, 403, 403, 403, 202, 404, 403)),
    ("POST", "/api/seats/1001/take-over/", {}, (401, 403, 403, 403, 403, 202, 404, 403)),
    ("POST", "/api/seats/1001/force-state/", {"state": "ready"}, (401, 403, 403, 403, 403, 202, 404, 202)),
    ("POST", "/api/seats/1001/force-hang-up/", {}, (401, 403, 403, 403, 403, 202, 404, 202)),
    ("POST", "/api/seats/1001/force-transfer/", {"to": "queue", "queue": "sales"}, (401, 403, 403, 403, 403, 202, 404, 202)),
    ("POST", "/api/seats/2001/force-hang-up/", {}, (401, 403, 403, 403, 403, 404, 202, 202)),
    ("POST", "/api/seats/9999/force-hang-up/", {}, (401, 403, 403, 403, 403, 404, 404, 404)),
    ("POST", "/api/seat/take/", {"call": "c2"}, (401, 403, 202, 202, 404, 202, 403, 403)),
    ("POST", "/api/seat/take/", {"call": "c3"}, (401, 403, 404, 404, 404, 404, 403, 403)),
    ("POST", "/api/seat/pick-up/", {"call": "c4"}, (401, 403, 404, 404, 404, 404, 403, 403)),
    ("GET", "/lead/", None,                (302, 403, 403, 403, 403, 200, 200, 200)),
    ("GET", "/lead/wallboard/", None,      (302, 403, 403, 403, 403, 200, 200, 200)),
    ("GET", "/lead/recordings/", None,     (302, 403, 403, 403, 403, 200, 200, 200)),
    ("GET", "/lead/seats/", None,          (302, 403, 403, 403, 403, 200, 200, 200)),
    ("GET", "/", None,                     (302, 403, 200, 200, 200, 200, 302, 302)),
]  # fmt: skip


@pytest.fixture
def told(db: None, settings: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from ccenter.calls.models import Recording

    monkeypatch.setattr("ccenter.calls.api.seat.PATIENCE", 0.0)
    settings.RECORDINGS = settings.VOICEMAILS = tmp_path
    (tmp_path / "r.opus").write_bytes(b"OggS")
    (tmp_path / "m1.wav").write_bytes(b"RIFF")
    set_up()
    from django.utils import timezone

    Recording.objects.update(file="r.opus", converted_at=timezone.now(), peaks=bytes([0, 255, 51, 102]))


@pytest.mark.django_db
@pytest.mark.parametrize(("method", "path", "body", "statuses"), TABLE, ids=[f"{m} {p}" for m, p, _, _ in TABLE])
def test_given_everyone_when_they_ask_then_only_who_may_is_answered(
    told: None, method: str, path: str, body: Any, statuses: tuple[int, ...]
) -> None:
    from django.contrib.auth.models import User

    found = []
    for name in WHO:
        who = client_of(name)
        if not path.startswith("/api/") and name != "nobody":
            who.force_login(User.objects.get(username=name))
        options = {} if body is None else {"data": body, "format": "json"}
        found.append(getattr(who, method.lower())(path, **options).status_code)
    assert dict(zip(WHO, found, strict=True)) == dict(zip(WHO, statuses, strict=True))


LISTS: list[tuple[str, str, dict[str, set[str]]]] = [
    ("/api/calls/", "id", {"alice": {"c1"}, "bob": set(), "mallory": {"c3"}, "lena": {"c1", "c2"}, "otto": {"c3"}}),
    ("/api/recordings/", "id", {"alice": {"r1"}, "bob": set(), "mallory": {"r3"}, "lena": {"r1"}, "otto": {"r3"}}),
    ("/api/voicemails/", "id", {"alice": {"m1"}, "bob": {"m1"}, "mallory": set(), "lena": {"m1"}, "otto": set()}),
    ("/api/seats/", "agent", {"lena": {"1000", "1001", "1002"}, "otto": {"2001"}}),
    ("/api/queues/", "queue", {"lena": {"sales", "service"}, "otto": {"other"}}),
]
EVERYTHING = {
    "/api/calls/": {"c1", "c2", "c3", "c4"}, "/api/recordings/": {"r1", "r3"}, "/api/voicemails/": {"m1"},
    "/api/seats/": {"1000", "1001", "1002", "2001"}, "/api/queues/": {"sales", "service", "other"},
}  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize(("path", "key", "seen"), LISTS, ids=[path for path, _, _ in LISTS])
def test_given_everyone_when_they_list_then_they_have_what_is_theirs(told: None, path: str, key: str, seen: Any) -> None:
    for name, wanted in {**seen, "root": EVERYTHING[path]}.items():
        rows = client_of(name).get(path).json()
        assert {row[key] for row in (rows if isinstance(rows, list) else rows["results"])} == wanted, name


@pytest.mark.django_db
def test_given_two_teams_when_their_leads_look_at_the_floor_then_each_sees_their_own(told: None) -> None:
    def floor(name: str) -> dict[str, set[str]]:
        live = client_of(name).get("/api/live/").json()
        keys = {"seats": "number", "queues": "code", "calls": "id"}
        return {what: {row[key] for row in live[what]} for what, key in keys.items()}

    assert floor("lena") == {"seats": {"1000", "1001", "1002"}, "queues": {"sales", "service"}, "calls": {"c2"}}
    assert floor("otto") == {"seats": {"2001"}, "queues": {"other"}, "calls": {"c3"}}
    assert floor("root")["calls"] == {"c2", "c3", "c4"}


@pytest.mark.django_db
def test_given_a_shared_queue_when_the_other_team_answers_then_the_call_is_theirs_alone(told: None) -> None:
    from ccenter.calls.models import Call, Queue, SeatGroup

    SeatGroup.objects.get(code="other").queues.add(Queue.objects.get(code="sales"))
    otto = client_of("otto")
    assert {call["id"] for call in otto.get("/api/calls/").json()["results"]} == {"c2", "c3"}  # c2 waits for both teams
    assert otto.get("/api/recordings/r1/audio/").status_code == 404
    Call.objects.filter(id="c2").update(waiting_since=None, state="ENDED", ended_at=Call.objects.get(id="c1").ended_at)
    assert otto.get("/api/calls/c2/").status_code == 200  # nobody answered it: it is the line's


@pytest.mark.django_db
def test_given_an_agent_when_they_read_then_numbers_are_masked_everywhere_until_they_have_the_right(told: None) -> None:
    from django.contrib.auth.models import Permission, User

    pages = ["/api/calls/", "/api/calls/c1/", "/api/calls/c1/timeline/", "/api/waiting/", "/api/recordings/", "/api/voicemails/"]
    pages += ["/api/feed/?since=0&timeout=0", "/api/feed/?since=0&timeout=0&lines=1"]
    alice, lena = client_of("alice"), client_of("lena")
    for page in pages[:-2]:
        said = alice.get(page).content.decode()
        assert "13800138000" not in said and "0138000" not in said, page
        assert "13800138000" in lena.get(page).content.decode(), page
    assert "138****8000" in alice.get("/api/calls/c1/").content.decode()
    User.objects.get(username="alice").user_permissions.add(Permission.objects.get(codename="see_numbers"))
    assert "13800138000" in client_of("alice").get("/api/calls/c1/").content.decode()


@pytest.mark.django_db
def test_given_masked_numbers_when_searched_then_hidden_digits_cannot_be_felt_for(told: None) -> None:
    def found(name: str, words: str) -> int:
        return len(client_of(name).get("/api/recordings/", {"q": words}).json()["results"])

    assert [found("lena", words) for words in ("13800138000", "0013", "8000", "1380013")] == [1, 1, 1, 1]
    assert [found("alice", words) for words in ("13800138000", "0013", "8000", "1380013", "38000")] == [1, 0, 1, 0, 0]


@pytest.mark.django_db
def test_given_a_listened_call_when_the_agent_reads_its_timeline_then_nothing_tells_of_the_lead(told: None) -> None:
    def types(name: str) -> set[str]:
        return {fact["type"] for fact in client_of(name).get("/api/calls/c1/timeline/").json()["facts"]}

    assert types("alice") == {"CallStarted", "CallQueued", "CallOfferedTo", "CallConnected", "RecordingStarted", "CallEnded"}
    assert types("lena") - types("alice") == {
        "AgentChanged", "MonitorStarted", "MonitorChanged", "MonitorEnded", "RequestDone",
    }  # fmt: skip


# -- the feed --------------------------------------------------------------------------------------------------

FEED: dict[str, list[int]] = {
    "alice": [1, 12, 13, 14, 20],
    "bob": [],
    "mallory": [2, 42, 43],
    "lena": [1, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 31, 53],
    "otto": [2, 41, 42, 43, 53],
    "root": [fact.seq for fact in story()],
}


@pytest.fixture
async def web(transactional_db: None) -> AsyncIterator[Any]:
    from tests.django.web import Web

    await sync_to_async(set_up)()
    async with Web() as running:
        yield running


def token(name: str) -> dict[str, str]:
    from rest_framework.authtoken.models import Token

    return {"Authorization": f"Token {Token.objects.get_or_create(user__username=name, defaults={'user': user(name)})[0].key}"}


def user(name: str) -> Any:
    from django.contrib.auth.models import User

    return User.objects.get(username=name)


def socket(web: Any, headers: dict[str, str], query: str = "") -> Any:
    timeout = ClientWSTimeout(ws_receive=10)
    return web.http.ws_connect(f"/ws/feed/{query}", headers=headers, origin=f"http://{web.address}", timeout=timeout)


async def test_given_everyone_when_they_listen_then_each_is_told_their_own_by_socket_and_by_poll(web: Any) -> None:
    for name, wanted in FEED.items():
        headers = await sync_to_async(token)(name)
        status, body = await web.get("/api/feed/?since=0&timeout=0", headers)
        assert (status, [fact["seq"] for fact in body["facts"]], body["seq"]) == (200, wanted, 53), name
        async with socket(web, headers, "?since=0") as channel:
            body = await channel.receive_json()
            assert [fact["seq"] for fact in body["facts"]] == wanted, name
        if PEOPLE[name][0] == "agent":  # type: ignore[index]
            assert "00138000" not in str(body), name
    for headers in ({}, await sync_to_async(token)("stranger")):
        with pytest.raises(WSServerHandshakeError):
            await socket(web, headers)


async def test_given_lines_when_an_agent_listens_then_who_waits_is_told_but_not_who_took_them(web: Any) -> None:
    bob = await sync_to_async(token)("bob")
    _, body = await web.get("/api/feed/?since=0&timeout=0&lines=1", bob)
    assert [(fact["seq"], fact["type"]) for fact in body["facts"]] == [
        (11, "CallQueued"), (13, "CallConnected"), (20, "CallEnded"), (31, "CallQueued"),
    ]  # fmt: skip
    taken = body["facts"][1]
    assert {name: value for name, value in taken.items() if name != "at"} == {
        "seq": 13, "type": "CallConnected", "call": "c1", "queue": "sales",
    }  # fmt: skip


async def test_given_a_page_when_its_user_logs_out_then_the_socket_ends(web: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.contrib.sessions.models import Session
    from django.test import Client

    def cookie() -> str:
        page = Client()
        page.force_login(user("alice"))
        return f"sessionid={page.cookies['sessionid'].value}"

    monkeypatch.setattr("ccenter.calls.consumers.BEAT", 0.1)
    headers = {"Cookie": await sync_to_async(cookie)()}
    async with socket(web, headers, "?since=0") as channel:
        for _ in range(5):
            await channel.receive_json()  # rights are looked at, and hold
        await sync_to_async(Session.objects.all().delete)()
        while not channel.closed:
            await channel.receive()
        assert channel.close_code == 4403
