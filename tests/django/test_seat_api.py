"""The seat over REST: who may, what is a wrong body, and that a click reaches the core once and its answer comes back."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice(db: None) -> Any:
    from tests.django.people import client, person

    return client(person("alice", "agent", "1001"))


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ccenter.calls.api.seat.PATIENCE", 0.02)


@pytest.fixture
def centre(transactional_db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    from tests.django.live_centre import LiveCentre

    monkeypatch.setattr("ccenter.calls.api.seat.PATIENCE", 5.0)
    with LiveCentre(tmp_path / "journal") as running:
        yield running


ACTIONS = [
    "sign-in", "sign-out", "ready", "not-ready", "answer", "hang-up", "hold", "resume",
    "transfer", "consult", "complete", "cancel-consult", "join-all", "leave", "dial",
    "pick-up", "take", "pause-recording", "resume-recording", "send-keys",
    "next-callback", "dial-callback", "skip-callback", "callback-result",
]  # fmt: skip


@pytest.mark.parametrize("action", ACTIONS)
def test_given_nobody_a_stranger_or_a_lead_without_seat_when_acting_then_refused(action: str, client: Any) -> None:
    from tests.django.people import client as client_of
    from tests.django.people import person

    assert client.post(f"/api/seat/{action}/").status_code == 401
    assert client_of(person("stranger")).post(f"/api/seat/{action}/", {}).status_code == 403
    answer = client_of(person("boss", "lead")).post(f"/api/seat/{action}/", {})
    assert (answer.status_code, answer.json()["detail"]) == (403, "You have no seat.")


def test_given_an_agent_whose_seat_was_closed_when_acting_then_refused(alice: Any) -> None:
    from ccenter.calls.models import Agent

    Agent.objects.update(active=False)
    assert alice.post("/api/seat/ready/").status_code == 403


WRONG: list[tuple[str, Any, str]] = [
    ("sign-in", {"phone": "satellite"}, "phone"),
    ("sign-in", {"phone": "number", "number": "PJSIP/1002@evil"}, "number"),
    ("sign-in", {"phone": "number"}, "number"),
    ("sign-in", {"phone": "number", "number": "13800138000"}, "number"),
    ("sign-in", {"ready": "perhaps"}, "ready"),
    ("sign-in", {"fone": "desk"}, "fone"),
    ("sign-in", [1, 2], "non_field_errors"),
    ("sign-in", "desk", "non_field_errors"),
    ("not-ready", {}, "reason"),
    ("not-ready", {"reason": "no_such"}, "reason"),
    ("not-ready", {"reason": None}, "reason"),
    ("not-ready", {"reason": {"a": 1}}, "reason"),
    ("transfer", {}, "to"),
    ("transfer", {"to": "moon"}, "to"),
    ("transfer", {"to": "agent"}, "agent"),
    ("transfer", {"to": "agent", "agent": "1002", "queue": "sales"}, "queue"),
    ("transfer", {"to": "number", "number": "13800138000;rm -rf /"}, "number"),
    ("transfer", {"to": "queue", "queue": ["sales"]}, "queue"),
    ("consult", {"to": "queue", "queue": "sales"}, "to"),
    ("dial", {"number": ""}, "number"),
    ("dial", {"number": "9" * 60}, "number"),
    ("dial", {"number": "138\n00138000"}, "number"),
    ("dial", {"number": "１３８００１３８０００"}, "number"),
    ("pick-up", {"call": "c1; DROP TABLE"}, "call"),
    ("take", {"call": 12}, "call"),
    ("send-keys", {"keys": "12 34"}, "keys"),
    ("send-keys", {"keys": "1" * 33}, "keys"),
    ("hold", {"now": True}, "now"),
]


@pytest.mark.parametrize(("action", "body", "field"), WRONG)
def test_given_a_wrong_body_when_sent_then_400_names_the_field_and_nothing_is_asked(
    alice: Any, action: str, body: Any, field: str
) -> None:
    from ccenter.calls.models import Request

    answer = alice.post(f"/api/seat/{action}/", body, format="json")
    assert answer.status_code == 400, answer.json()
    assert list(answer.json()) == [field]
    assert not Request.objects.exists()


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b'{"reason": "br', b"null", b'{"reason": "\\ud800"}'])
def test_given_a_body_that_is_no_json_when_sent_then_400(alice: Any, body: bytes) -> None:
    assert alice.post("/api/seat/not-ready/", body, content_type="application/json").status_code == 400


def test_given_no_core_when_acting_then_202_and_later_refused_as_too_late(alice: Any) -> None:
    from datetime import timedelta

    from django.utils import timezone

    from ccenter.calls import requests
    from ccenter.calls.models import Request

    answer = alice.post("/api/seat/ready/")
    assert (answer.status_code, answer.json()["result"]) == (202, "pending")
    where = f"/api/requests/{answer.json()['request']}/"
    assert alice.get(where).status_code == 202
    assert [row.action for row in requests.pending_requests()] == ["Ready"]
    Request.objects.update(created_at=timezone.now() - timedelta(seconds=requests.FRESH + 1))
    assert requests.Inbox().fetch() == []
    late = alice.get(where)
    assert (late.status_code, late.json()["reason"]) == (409, "expired")
    assert "try again" in late.json()["message"]


def test_given_someone_elses_request_when_asked_for_then_it_is_not_there(alice: Any) -> None:
    from tests.django.people import client, person

    ident = alice.post("/api/seat/ready/").json()["request"]
    assert client(person("bob", "agent", "1002")).get(f"/api/requests/{ident}/").status_code == 404
    assert alice.get("/api/requests/7/").status_code == 404


def test_given_the_same_key_when_sent_again_then_it_is_one_request_and_another_body_is_an_error(alice: Any) -> None:
    from ccenter.calls.models import Request
    from tests.django.people import client, person

    first = alice.post("/api/seat/dial/", {"number": "138 0013-8000"}, headers={"Idempotency-Key": "k1"}).json()
    again = alice.post("/api/seat/dial/", {"number": "13800138000"}, headers={"Idempotency-Key": "k1"}).json()
    assert first["request"] == again["request"]
    for path, body in (("dial", {"number": "13900139000"}), ("ready", {})):
        other = alice.post(f"/api/seat/{path}/", body, headers={"Idempotency-Key": "k1"})
        assert (other.status_code, list(other.json())) == (400, ["Idempotency-Key"])
    client(person("bob", "agent", "1002")).post("/api/seat/ready/", headers={"Idempotency-Key": "k1"})
    assert Request.objects.count() == 2
    for key in ("x" * 101, "\x01"):
        assert alice.post("/api/seat/ready/", headers={"Idempotency-Key": key}).status_code == 400


@pytest.mark.django_db(transaction=True)
def test_given_the_same_key_at_the_same_time_when_sent_then_it_is_still_one_request(alice: Any) -> None:
    from django.contrib.auth.models import User

    from ccenter.calls import requests
    from ccenter.calls.models import Request

    user = User.objects.get(username="alice")

    def click(_: int) -> Any:
        try:
            return requests.submit(user, "1001", "Ready", {}, "same").id
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(click, range(24)))) == 1
    assert Request.objects.count() == 1


# -- with a centre that runs -----------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_given_a_centre_when_an_agent_works_then_each_click_is_done_or_refused_with_its_reason(centre: Any, alice: Any) -> None:
    from ccenter.calls.models import Call

    assert alice.post("/api/seat/ready/").json()["reason"] == "signed_out"
    done = alice.post("/api/seat/sign-in/", {"ready": False})
    assert (done.status_code, done.json()["result"]) == (200, "done")
    again = alice.post("/api/seat/sign-in/", {})
    assert (again.status_code, again.json()["message"]) == (409, "You are signed in already.")
    assert alice.get("/api/seat/").json()["endpoint"] == "PJSIP/1001"
    assert alice.post("/api/seat/not-ready/", {"reason": "break"}).status_code == 200
    assert alice.get("/api/seat/").json()["reason"] == "break"
    assert alice.post("/api/seat/ready/").status_code == 200
    centre.call()
    state = wait_for(lambda: alice.get("/api/seat/").json(), lambda seat: seat["state"] == "TALKING")
    assert (state["call"]["number"], state["phone"]) == ("138****8000", "desk")
    assert "HoldCall" in state["actions"] and "SignIn" not in state["actions"]
    assert alice.post("/api/seat/hold/").json()["call"] == state["call"]["id"]
    assert alice.post("/api/seat/hold/").json()["reason"] == "no_call"
    assert alice.post("/api/seat/resume/").status_code == 200
    assert alice.post("/api/seat/transfer/", {"to": "agent", "agent": "1002"}).json()["reason"] == "target_signed_out"
    assert alice.post("/api/seat/hang-up/").status_code == 200
    call = wait_for(lambda: Call.objects.get(), lambda one: one.state == "ENDED")
    assert (call.outcome, call.ended_by, call.answered_by) == ("ANSWERED", "agent", "1001")
    assert alice.post("/api/seat/sign-out/").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_given_a_centre_when_a_click_is_repeated_with_its_key_then_the_core_does_it_once(centre: Any, alice: Any) -> None:
    from ccenter.calls.models import Fact

    for _ in range(3):
        answer = alice.post("/api/seat/sign-in/", {}, headers={"Idempotency-Key": "one"})
        assert answer.status_code == 200
    assert Fact.objects.filter(type__in=["RequestDone", "RequestRefused"]).count() == 1


@pytest.mark.django_db(transaction=True)
def test_given_a_number_as_phone_when_signing_in_then_the_first_trunk_that_may_calls_it(centre: Any, alice: Any) -> None:
    from ccenter.calls.models import Trunk

    kept = {"kind": "address", "addresses": ["192.0.2.1"]}
    Trunk.objects.create(code="abroad", prefixes=["00"], **kept)
    Trunk.objects.create(code="off", enabled=False, **kept)
    Trunk.objects.create(code="home", **kept)
    assert alice.post("/api/seat/sign-in/", {"phone": "number", "number": "138 0013 8000"}).status_code == 200
    assert alice.get("/api/seat/").json()["endpoint"] == "PJSIP/13800138000@trunk-home"


WHERE_REFUSED = ("requests.py", "handling.py", "seat.py", "situation.py", "supervise.py")


def test_given_the_core_when_it_can_refuse_then_each_reason_has_its_words() -> None:
    import re

    import ccenter.acd
    from ccenter.calls.reasons import TEXTS

    source = "".join((Path(ccenter.acd.__path__[0]) / name).read_text() for name in WHERE_REFUSED)
    said = set(re.findall(r'(?:return|else|or|reason[^\n]*? =) "([a-z_]+)"', source)) | set(
        re.findall(r'lambda s: .*?"([a-z_]+)"\)?,\n', source)
    )
    known = {code for code in said if "_" in code or code in ("busy", "consulting", "away")} - {"agent_busy"}
    assert len(known) > 20
    assert known - set(TEXTS) == set()


def wait_for(look: Any, condition: Any) -> Any:
    """What `look` sees once the condition holds; within 5 s."""
    import time

    end = time.monotonic() + 15
    while not condition(seen := look()):
        assert time.monotonic() < end, seen
        time.sleep(0.01)
    return seen
