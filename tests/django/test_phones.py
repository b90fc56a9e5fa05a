"""The browser as a phone, and what leads do to seats, against the real core: the account lives as long as the sign-in."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.django.test_seat_api import wait_for

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def centre(transactional_db: None, tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    from tests.django.live_centre import LiveCentre

    monkeypatch.setattr("ccenter.calls.api.seat.PATIENCE", 8.0)
    settings.SIP_WS = "wss://desk.example:8443/ws/sip"
    with LiveCentre(tmp_path / "journal") as running:
        yield running


@pytest.fixture
def alice(centre: Any) -> Any:
    from tests.django.people import client, person

    return client(person("alice", "agent", "1001"))


def phones() -> list[str]:
    from ccenter.calls.models import WebPhone

    return list(WebPhone.objects.order_by("pk").values_list("endpoint", flat=True))


def test_given_a_browser_when_it_signs_in_then_it_gets_an_account_that_lives_until_sign_out(alice: Any) -> None:
    assert alice.get("/api/seat/phone/").status_code == 404
    done = alice.post("/api/seat/sign-in/", {"phone": "browser"})
    assert (done.status_code, done.json()["result"], done["Cache-Control"]) == (200, "done", "no-store")
    account = done.json()["phone"]
    assert account["ws"] == "wss://desk.example:8443/ws/sip" and account["domain"] == "desk.example"
    assert len(account["password"]) >= 24 and phones() == [account["endpoint"]]
    seat = alice.get("/api/seat/").json()
    assert (seat["endpoint"], seat["phone"]) == (f"PJSIP/{account['endpoint']}", "browser")
    assert alice.get("/api/seat/phone/").json() == account
    refused = alice.post("/api/seat/sign-in/", {"phone": "browser"})
    assert (refused.status_code, refused.json()["reason"]) == (409, "already_signed_in") and "phone" not in refused.json()
    assert phones() == [account["endpoint"]]  # a second try does not hurt the phone in use
    assert alice.post("/api/seat/sign-out/").status_code == 200
    assert phones() == [] and alice.get("/api/seat/phone/").status_code == 404
    again = alice.post("/api/seat/sign-in/", {"phone": "browser"}).json()["phone"]
    assert again["endpoint"] != account["endpoint"] and again["password"] != account["password"]


def test_given_a_key_when_the_sign_in_is_sent_again_then_it_is_the_same_account(alice: Any) -> None:
    first = alice.post("/api/seat/sign-in/", {"phone": "browser"}, headers={"Idempotency-Key": "k"}).json()
    again = alice.post("/api/seat/sign-in/", {"phone": "browser"}, headers={"Idempotency-Key": "k"}).json()
    assert again == first and phones() == [first["phone"]["endpoint"]]
    assert alice.post("/api/seat/sign-in/", {"phone": "desk"}, headers={"Idempotency-Key": "k"}).status_code == 400
    assert phones() == [first["phone"]["endpoint"]]


def test_given_an_old_account_left_behind_when_signing_in_then_it_goes(alice: Any) -> None:
    from ccenter.calls.models import Agent, WebPhone

    old = WebPhone.fresh(Agent.objects.get(number="1001"))
    account = alice.post("/api/seat/sign-in/", {"phone": "browser"}).json()["phone"]
    assert phones() == [account["endpoint"]] != [old.endpoint]


def test_given_a_seat_without_that_right_or_a_wrong_body_when_signing_in_then_no_account_is_made(alice: Any) -> None:
    from ccenter.calls.models import Agent

    assert list(alice.post("/api/seat/sign-in/", {"phone": "browser", "ready": "perhaps"}).json()) == ["ready"]
    assert alice.post("/api/seat/sign-in/", {"phone": "browser"}, headers={"Idempotency-Key": "x" * 101}).status_code == 400
    Agent.objects.update(browser_phone=False)
    assert list(alice.post("/api/seat/sign-in/", {"phone": "browser"}).json()) == ["phone"]
    assert phones() == []


def test_given_an_account_when_it_comes_and_goes_then_the_switch_is_told_and_the_configuration_is_not(alice: Any) -> None:
    import psycopg2
    from django.db import connection

    listening = psycopg2.connect(**connection.get_connection_params())
    try:
        listening.autocommit = True
        with listening.cursor() as cursor:
            cursor.execute("LISTEN account; LISTEN config")
            alice.post("/api/seat/sign-in/", {"phone": "browser"})
            alice.post("/api/seat/sign-out/")
            listening.poll()
        assert [note.channel for note in listening.notifies] == ["account", "account"]
    finally:
        listening.close()


def test_given_a_token_when_dialled_then_the_core_is_asked_for_the_number_and_anothers_token_is_nothing(alice: Any) -> None:
    from django.contrib.auth.models import User
    from django.utils import timezone

    from ccenter.calls.models import Call, Request
    from ccenter.calls.tokens import token_of
    from tests.django.people import person

    Call.objects.create(id="c77", number="+8613800138000", started_at=timezone.now())
    alice.post("/api/seat/sign-in/", {})
    token = token_of("c", "c77", User.objects.get(username="alice"))
    done = alice.post("/api/seat/dial/", {"token": token})
    assert done.status_code == 200, done.json()
    assert Request.objects.get(action="DialNumber").params == {"number": "+8613800138000"}
    for body, field in (
        ({"token": token_of("c", "c77", person("eve"))}, "token"),
        ({"token": token + "x"}, "token"),
        ({"token": token, "number": "110"}, "number"),
        ({}, "number"),
    ):
        assert list(alice.post("/api/seat/dial/", body).json()) == [field]
    assert Request.objects.filter(action="DialNumber").count() == 1


# -- leads -----------------------------------------------------------------------------------------------------


@pytest.fixture
def lead(centre: Any) -> Any:
    from tests.django.people import client, person

    return client(person("lead", "lead", "1002"))


def test_given_a_call_when_its_lead_listens_then_the_core_does_it_and_the_record_says_who_how_and_how_long(
    centre: Any, alice: Any, lead: Any
) -> None:
    from ccenter.calls.models import Monitoring

    assert lead.post("/api/seats/1001/monitor/", {}).json()["reason"] == "signed_out"
    lead.post("/api/seat/sign-in/", {})
    alice.post("/api/seat/sign-in/", {"ready": True})
    refused = lead.post("/api/seats/1001/monitor/", {"mode": "listen"})
    assert (refused.status_code, refused.json()["reason"]) == (409, "target_not_in_call")
    centre.call()
    wait_for(lambda: alice.get("/api/seat/").json(), lambda seat: seat["state"] == "TALKING")
    assert lead.post("/api/seats/1001/monitor/", {"mode": "shout"}).status_code == 400
    assert lead.post("/api/seats/1001/monitor/", {"mode": "listen"}).status_code == 200
    wait_for(Monitoring.objects.count, lambda found: found == 1)
    assert lead.post("/api/seats/1001/monitor/", {"mode": "whisper"}).status_code == 200
    (watch,) = lead.get("/api/live/").json()["monitors"]
    assert (watch["agent"], watch["supervisor"], watch["by"], watch["mode"]) == ("1001", "1002", "lead", "whisper")
    assert alice.get("/api/seat/").json()["state"] == "TALKING"
    assert lead.post("/api/seats/1001/stop-monitor/").status_code == 200
    row = wait_for(Monitoring.objects.get, lambda found: found.ended_at is not None)
    assert (row.modes, row.reason) == (["listen", "whisper"], "stopped")
    assert lead.get("/api/live/").json()["monitors"] == []


def test_given_a_seat_when_its_lead_forces_it_then_it_is_done_and_its_account_goes_with_a_forced_sign_out(
    centre: Any, alice: Any, lead: Any
) -> None:
    from ccenter.acd.events import PhoneChanged
    from ccenter.calls.models import Fact

    phone = alice.post("/api/seat/sign-in/", {"phone": "browser"}).json()["phone"]
    assert alice.get("/api/seat/").json()["online"] is False  # it has its account, and has not registered yet
    centre.tell(PhoneChanged(f"PJSIP/{phone['endpoint']}", True))
    wait_for(lambda: alice.get("/api/seat/").json(), lambda seat: seat["online"])
    for body, field in (
        ({}, "state"),
        ({"state": "asleep"}, "state"),
        ({"state": "not_ready"}, "reason"),
        ({"state": "not_ready", "reason": "none"}, "reason"),
        ({"state": "ready", "reason": "break"}, "reason"),
    ):
        answer = lead.post("/api/seats/1001/force-state/", body)
        assert (answer.status_code, list(answer.json())) == (400, [field]), body
    for body, state in (
        ({"state": "ready"}, "READY"),
        ({"state": "not_ready", "reason": "break"}, "NOT_READY"),
        ({"state": "signed_out"}, "LOGGED_OUT"),
    ):
        done = lead.post("/api/seats/1001/force-state/", body)
        assert done.status_code == 200, done.json()
        assert alice.get("/api/seat/").json()["state"] == state
    assert phones() == []
    forced = Fact.objects.filter(type="Forced").order_by("seq").values_list("data__action", "data__by")
    assert list(forced) == [("ready", "lead"), ("not_ready", "lead"), ("signed_out", "lead")]


def test_given_a_customer_when_the_lead_takes_over_then_the_call_is_the_leads_and_each_step_is_told(
    centre: Any, alice: Any, lead: Any
) -> None:
    from ccenter.calls.models import Call

    lead.post("/api/seat/sign-in/", {})
    alice.post("/api/seat/sign-in/", {"ready": True})
    centre.call()
    wait_for(lambda: alice.get("/api/seat/").json(), lambda seat: seat["state"] == "TALKING")
    assert lead.post("/api/seats/1001/take-over/").status_code == 200
    call = wait_for(Call.objects.get, lambda found: found.agent == "1002")
    assert [step["step"] for step in call.steps][-3:] == ["forced", "transfer", "talk"]
    assert lead.get("/api/seat/").json()["call"]["id"] == call.id
    assert lead.post("/api/seats/1002/force-hang-up/").status_code == 200
    wait_for(Call.objects.get, lambda found: found.state == "ENDED")
