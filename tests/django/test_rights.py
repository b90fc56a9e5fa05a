"""Who may what: one table of all ways in, by who asks; see `rights_world` for who is who.

The people and the story are made once for all tests here, each of which is rolled back to them.
"""

import re
import uuid
from typing import Any

import pytest
from django.db import transaction

from tests.django.rights_world import client_of
from tests.django.ways import way_of, ways

pytestmark = pytest.mark.django_db


# -- REST and pages --------------------------------------------------------------------------------------------

PLACES = ("customer", "complaint", "record", "callback", "message", "alarm", "request")
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
    ("POST", "/api/alarms/{alarm}/clear/", {}, (401, 403, 403, 403, 403, 200, 200, 200)),
    ("GET", "/api/calls/", None, (401, 403, 200, 200, 200, 200, 200, 200)),
    ("GET", "/api/voicemails/", None, (401, 403, 200, 200, 200, 200, 200, 200)),
    ("GET", "/api/schema/", None, (401, 403, 200, 200, 200, 200, 200, 200)),
    ("GET", "/api/docs/", None, (401, 403, 200, 200, 200, 200, 200, 200)),
    ("GET", "/api/desk/callbacks/", None, (401, 403, 200, 200, 200, 200, 200, 200)),
    ("GET", "/api/desk/categories/", None, (401, 403, 200, 200, 200, 200, 200, 200)),
    ("GET", "/api/desk/followups/", None, (401, 403, 200, 200, 200, 200, 200, 200)),
    ("GET", "/api/desk/messages/", None, (401, 403, 200, 200, 200, 200, 200, 200)),
    ("GET", "/api/desk/recipients/", None, (401, 403, 200, 200, 200, 200, 200, 200)),
    ("GET", "/api/desk/records/", None, (401, 403, 200, 200, 200, 200, 200, 200)),
    ("GET", "/api/desk/search/?q=Wang", None, (401, 403, 200, 200, 200, 200, 200, 200)),
    ("GET", "/api/desk/customers/{customer}/", None, (401, 403, 200, 200, 200, 200, 200, 200)),
    ("GET", "/api/requests/{request}/", None, (401, 403, 202, 404, 404, 404, 404, 404)),
    ("GET", "/api/desk/pop/c1/", None, (401, 403, 200, 404, 404, 200, 404, 200)),
    ("GET", "/api/desk/pop/c2/", None, (401, 403, 404, 404, 404, 200, 404, 200)),
    ("GET", "/api/desk/pop/c3/", None, (401, 403, 404, 404, 200, 404, 200, 200)),
    ("GET", "/api/desk/records/?call=c1", None, (401, 403, 200, 404, 404, 200, 404, 200)),
    ("POST", "/api/desk/records/", {"call": "c1", "summary": "x"}, (401, 403, 200, 404, 404, 201, 404, 201)),
    ("POST", "/api/desk/records/", {"call": "c3", "summary": "x"}, (401, 403, 404, 404, 201, 404, 201, 201)),
    ("PATCH", "/api/desk/records/{record}/", {"summary": "x"}, (401, 403, 200, 404, 404, 200, 404, 200)),
    ("POST", "/api/desk/complaints/", {"customer": "customer", "text": "x", "call": "c1"}, (401, 403, 201, 404, 404, 201, 404, 201)),
    ("PATCH", "/api/desk/complaints/{complaint}/", {"state": "working"}, (401, 403, 200, 200, 200, 200, 200, 200)),
    ("POST", "/api/desk/customers/", {"name": "Li"}, (401, 403, 201, 201, 201, 201, 201, 201)),
    ("PATCH", "/api/desk/customers/{customer}/", {"city": "x"}, (401, 403, 200, 200, 200, 200, 200, 200)),
    ("PATCH", "/api/desk/customers/{customer}/", {"level": "vip"}, (401, 403, 403, 403, 403, 200, 200, 200)),
    ("POST", "/api/desk/customers/{customer}/notes/", {"text": "x"}, (401, 403, 201, 201, 201, 201, 201, 201)),
    ("GET", "/api/desk/callback-in-hand/", None, (401, 403, 200, 200, 200, 200, 403, 403)),
    ("POST", "/api/desk/callbacks/{callback}/questions/", {}, (401, 403, 404, 404, 404, 404, 403, 403)),
    ("GET", "/api/desk/surge/", None, (401, 403, 403, 403, 403, 200, 200, 200)),
    ("POST", "/api/desk/callbacks/{callback}/close/", {"result": "reached"}, (401, 403, 202, 202, 404, 202, 404, 202)),
    ("POST", "/api/desk/messages/", {"to": "seat", "seat": "1001", "text": "x"}, (401, 403, 400, 201, 201, 201, 201, 201)),
    ("POST", "/api/desk/messages/", {"to": "group", "group": "floor", "text": "x"}, (401, 403, 400, 400, 400, 201, 400, 201)),
    ("POST", "/api/desk/messages/", {"to": "group", "group": "other", "text": "x"}, (401, 403, 400, 400, 400, 400, 201, 201)),
    ("POST", "/api/desk/messages/{message}/read/", {}, (401, 403, 200, 200, 404, 404, 404, 404)),
    ("POST", "/api/desk/messages/read-all/", {}, (401, 403, 200, 200, 200, 200, 200, 200)),
    ("POST", "/api/seat/answer/", {}, (401, 403, 202, 202, 202, 202, 403, 403)),
    ("POST", "/api/seat/cancel-consult/", {}, (401, 403, 202, 202, 202, 202, 403, 403)),
    ("POST", "/api/seat/complete/", {}, (401, 403, 202, 202, 202, 202, 403, 403)),
    ("POST", "/api/seat/hang-up/", {}, (401, 403, 202, 202, 202, 202, 403, 403)),
    ("POST", "/api/seat/hold/", {}, (401, 403, 202, 202, 202, 202, 403, 403)),
    ("POST", "/api/seat/join-all/", {}, (401, 403, 202, 202, 202, 202, 403, 403)),
    ("POST", "/api/seat/leave/", {}, (401, 403, 202, 202, 202, 202, 403, 403)),
    ("POST", "/api/seat/pause-recording/", {}, (401, 403, 202, 202, 202, 202, 403, 403)),
    ("POST", "/api/seat/ready/", {}, (401, 403, 202, 202, 202, 202, 403, 403)),
    ("POST", "/api/seat/reconnect/", {}, (401, 403, 202, 202, 202, 202, 403, 403)),
    ("POST", "/api/seat/resume-recording/", {}, (401, 403, 202, 202, 202, 202, 403, 403)),
    ("POST", "/api/seat/resume/", {}, (401, 403, 202, 202, 202, 202, 403, 403)),
    ("POST", "/api/seat/sign-out/", {}, (401, 403, 202, 202, 202, 202, 403, 403)),
    ("POST", "/api/seat/next-callback/", {}, (401, 403, 202, 202, 202, 202, 403, 403)),
    ("POST", "/api/seat/dial-callback/", {}, (401, 403, 400, 400, 400, 400, 403, 403)),
    ("POST", "/api/seat/skip-callback/", {}, (401, 403, 400, 400, 400, 400, 403, 403)),
    ("POST", "/api/seat/callback-result/", {}, (401, 403, 400, 400, 400, 400, 403, 403)),
    ("POST", "/api/seat/invite/", {}, (401, 403, 400, 400, 400, 400, 403, 403)),
    ("POST", "/api/seat/consult/", {}, (401, 403, 400, 400, 400, 400, 403, 403)),
    ("POST", "/api/seat/dial/", {}, (401, 403, 400, 400, 400, 400, 403, 403)),
    ("POST", "/api/seat/not-ready/", {}, (401, 403, 400, 400, 400, 400, 403, 403)),
    ("POST", "/api/seat/send-keys/", {}, (401, 403, 400, 400, 400, 400, 403, 403)),
    ("POST", "/api/seat/transfer/", {}, (401, 403, 400, 400, 400, 400, 403, 403)),
    ("POST", "/api/seat/sign-in/", {"phone": "desk"}, (401, 403, 202, 202, 202, 202, 403, 403)),
    ("GET", "/api/desk/openings/", None, (401, 403, 403, 403, 403, 403, 403, 200)),
    ("GET", "/desk/targets/", None, (302, 403, 200, 200, 200, 200, 200, 200)),
    ("POST", "/", {}, (302, 403, 405, 405, 405, 405, 405, 405)),
    ("GET", "/desk/day/", None, (302, 403, 200, 200, 200, 200, 200, 200)),
    ("POST", "/desk/day/", {}, (302, 403, 404, 404, 404, 404, 404, 404)),  # whose record: test_pages
    ("POST", "/desk/targets/", {}, (302, 403, 405, 405, 405, 405, 405, 405)),
    ("POST", "/lead/", {}, (302, 403, 403, 403, 403, 405, 405, 405)),
    ("POST", "/lead/wallboard/", {}, (302, 403, 403, 403, 403, 405, 405, 405)),
    ("POST", "/lead/recordings/", {}, (302, 403, 403, 403, 403, 405, 405, 405)),
    ("POST", "/lead/seats/", {}, (302, 403, 403, 403, 403, 405, 405, 405)),
    ("GET", "/lead/recordings/r1/listeners/", None, (302, 403, 403, 403, 403, 200, 404, 200)),
    ("POST", "/lead/recordings/r1/listeners/", {}, (302, 403, 403, 403, 403, 405, 405, 405)),
    ("GET", "/lead/seats/new/", None, (302, 403, 403, 403, 403, 403, 403, 200)),
    ("POST", "/lead/seats/new/", {}, (302, 403, 403, 403, 403, 403, 403, 200)),
    ("GET", "/lead/seats/1001/", None, (302, 403, 403, 403, 403, 200, 404, 200)),
    ("POST", "/lead/seats/1001/", {}, (302, 403, 403, 403, 403, 200, 404, 200)),
]  # fmt: skip


# What anybody may come to, and why.
OPEN = {
    ("GET", "/login/"): "the door", ("POST", "/login/"): "the door", ("PUT", "/login/"): "the door",
    ("GET", "/logout/"): "ends nothing but one's own session", ("POST", "/logout/"): "the same",
    ("GET", "/language/"): "of this browser", ("POST", "/language/"): "of this browser",
    ("GET", "/texts.js"): "words of the pages",
    ("POST", "/api/token/"): "the door of programs",
    ("GET", "/api/health/"): "for the watchers of machines; tells no more than whether",
}  # fmt: skip
ELSEWHERE = {("GET", "/api/feed/"): "test_rights_feed, as it closes the connection of the test"}
OFFICE = (
    "/api/office/",
    "/api/crm/",
    "/api/orders/",
    "/api/callbacks/",
    "/api/callback-rules/",
    "/api/surges/",
    "/api/surge-spans/",
    "/office/",
    "/crm/",
    "/orders/",
    "/callbacks/",
)  # test_rights_rest, test_rights_pages


@pytest.mark.parametrize(("method", "path", "body", "statuses"), TABLE, ids=[f"{m} {p}" for m, p, _, _ in TABLE])
def test_given_everyone_when_they_ask_then_only_who_may_is_answered(
    told: dict[str, object], clients: dict[str, Any], method: str, path: str, body: Any, statuses: tuple[int, ...]
) -> None:
    found = []
    for name in WHO:
        with transaction.atomic():
            options = {} if body is None else {"data": filled(body, told), "format": "json", "headers": {"If-Match": "*"}}
            found.append(getattr(clients[name], method.lower())(path.format(**told), **options).status_code)
            transaction.set_rollback(True)
    assert dict(zip(WHO, found, strict=True)) == dict(zip(WHO, statuses, strict=True)), str(found)


def filled(body: Any, places: dict[str, object]) -> Any:
    return {name: places.get(value, value) if isinstance(value, str) else value for name, value in body.items()}


def test_given_a_new_way_in_when_nobody_said_who_may_then_this_fails() -> None:
    stand_ins = {name: uuid.UUID(int=7) if name in ("callback", "request") else 7 for name in PLACES}
    known = {way_of(method, path.format(**stand_ins)) for method, path, _, _ in TABLE}
    assert {way for way in ways() if not way[1].startswith(OFFICE)} - known - set(OPEN) - set(ELSEWHERE) == set()
    assert set(OPEN) <= ways() and not known & set(OPEN)


def test_given_a_session_without_the_forms_token_when_anything_is_to_be_changed_then_it_is_refused(
    told: dict[str, object],
) -> None:
    from django.contrib.auth.models import User
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    client.force_login(User.objects.get(username="lena"))
    doors = {("POST", "/api/token/"), ("POST", "/api/crm/sources/<slug:code>/rows/")}  # a password is asked for, and a signature
    unsafe = sorted(way for way in ways() if way[0] != "GET" and way not in doors)
    assert len(unsafe) > 200
    for method, address in [*unsafe, ("POST", "/admin/login/"), ("POST", "/admin/logout/"), ("POST", "/admin/auth/user/add/")]:
        path = re.sub(r"<(\w+):\w+>", lambda place: str(uuid.UUID(int=7)) if place[1] == "uuid" else "7777", address)
        answer = getattr(client, method.lower())(path, {}, content_type="application/json")
        assert (answer.status_code, b"CSRF" in answer.content) == (403, True), (method, address)


def test_given_who_is_no_administrator_when_they_try_its_pages_then_none_opens(told: None) -> None:
    from django.contrib import admin
    from django.contrib.auth.models import User
    from django.test import Client
    from django.urls import reverse

    names = [
        f"{model._meta.app_label}_{model._meta.model_name}_{what}"
        for model in admin.site._registry
        for what in ("changelist", "add")
    ]
    pages = [reverse(f"admin:{name}") for name in ["index", *names]]
    assert len(pages) > 20
    for name in ("lena", "alice", "stranger"):
        client = Client()
        client.force_login(User.objects.get(username=name))
        for page in pages:
            assert client.get(page).status_code == 302, (name, page)


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


@pytest.mark.parametrize(("path", "key", "seen"), LISTS, ids=[path for path, _, _ in LISTS])
def test_given_everyone_when_they_list_then_they_have_what_is_theirs(told: None, path: str, key: str, seen: Any) -> None:
    for name, wanted in {**seen, "root": EVERYTHING[path]}.items():
        rows = client_of(name).get(path).json()
        assert {row[key] for row in (rows if isinstance(rows, list) else rows["results"])} == wanted, name


def test_given_two_teams_when_their_leads_look_at_the_floor_then_each_sees_their_own(told: None) -> None:
    def floor(name: str) -> dict[str, set[str]]:
        live = client_of(name).get("/api/live/").json()
        keys = {"seats": "number", "queues": "code", "calls": "id"}
        return {what: {row[key] for row in live[what]} for what, key in keys.items()}

    assert floor("lena") == {"seats": {"1000", "1001", "1002"}, "queues": {"sales", "service"}, "calls": {"c2"}}
    assert floor("otto") == {"seats": {"2001"}, "queues": {"other"}, "calls": {"c3"}}
    assert floor("root")["calls"] == {"c2", "c3", "c4"}


def test_given_a_shared_queue_when_the_other_team_answers_then_the_call_is_theirs_alone(told: None) -> None:
    from ccenter.calls.models import Call, Queue, SeatGroup

    SeatGroup.objects.get(code="other").queues.add(Queue.objects.get(code="sales"))
    otto = client_of("otto")
    assert {call["id"] for call in otto.get("/api/calls/").json()["results"]} == {"c2", "c3"}  # c2 waits for both teams
    assert otto.get("/api/recordings/r1/audio/").status_code == 404
    Call.objects.filter(id="c2").update(waiting_since=None, state="ENDED", ended_at=Call.objects.get(id="c1").ended_at)
    assert otto.get("/api/calls/c2/").status_code == 200  # nobody answered it: it is the line's


def test_given_an_agent_when_they_read_then_numbers_are_masked_everywhere_until_they_have_the_right(told: None) -> None:
    from django.contrib.auth.models import Permission, User

    pages = ["/api/calls/", "/api/calls/c1/", "/api/calls/c1/timeline/", "/api/waiting/", "/api/recordings/", "/api/voicemails/"]
    alice, lena = client_of("alice"), client_of("lena")
    for page in pages:
        said = alice.get(page).content.decode()
        assert "13800138000" not in said and "0138000" not in said, page
        assert "13800138000" in lena.get(page).content.decode(), page
    assert "138****8000" in alice.get("/api/calls/c1/").content.decode()
    User.objects.get(username="alice").user_permissions.add(Permission.objects.get(codename="see_numbers"))
    assert "13800138000" in client_of("alice").get("/api/calls/c1/").content.decode()


def test_given_masked_numbers_when_searched_then_hidden_digits_cannot_be_felt_for(told: None) -> None:
    def found(name: str, words: str) -> int:
        return len(client_of(name).get("/api/recordings/", {"q": words}).json()["results"])

    assert [found("lena", words) for words in ("13800138000", "0013", "8000", "1380013")] == [1, 1, 1, 1]
    assert [found("alice", words) for words in ("13800138000", "0013", "8000", "1380013", "38000")] == [1, 0, 1, 0, 0]


def test_given_a_listened_call_when_the_agent_reads_its_timeline_then_nothing_tells_of_the_lead(told: None) -> None:
    def types(name: str) -> set[str]:
        return {fact["type"] for fact in client_of(name).get("/api/calls/c1/timeline/").json()["facts"]}

    assert types("alice") == {"CallStarted", "CallQueued", "CallOfferedTo", "CallConnected", "RecordingStarted", "CallEnded"}
    assert types("lena") - types("alice") == {
        "AgentChanged", "MonitorStarted", "MonitorChanged", "MonitorEnded", "RequestDone",
    }  # fmt: skip
