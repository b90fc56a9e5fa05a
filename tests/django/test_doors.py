"""The doors: passwords cannot be guessed, nobody is locked out by others, and what was stolen opens nothing for long."""

import logging
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from tests.django.people import person

PASSWORD = "a-long-secret-of-hers"
HOME, AWAY, THIRD = "192.0.2.1", "198.51.100.7", "203.0.113.9"


@pytest.fixture
def alice(db: None) -> Any:
    return person("alice", "agent", "1001", password=PASSWORD)


def page(name: str, password: str, address: str = HOME) -> Any:
    return Client(REMOTE_ADDR=address).post(
        "/login/", {"username": name, "password": password}, headers={"accept-language": "en"}
    )


def token(name: str, password: str, address: str = HOME) -> Any:
    who = {"username": name, "password": password}
    return Client(REMOTE_ADDR=address).post(
        "/api/token/", who, content_type="application/json", headers={"accept-language": "en"}
    )


def administration(name: str, password: str, address: str = HOME) -> Any:
    who = {"username": name, "password": password}
    return Client(REMOTE_ADDR=address).post("/admin/login/", who, headers={"accept-language": "en"})


def guess(times: int, name: str = "alice", address: str = HOME) -> None:
    for number in range(times):
        assert page(name, f"guess {number}", address).status_code == 200


def opens(answer: Any) -> bool:
    return bool(answer.status_code == 302)


# -- guessing --------------------------------------------------------------------------------------------------


def test_given_ten_wrong_passwords_when_the_right_one_comes_from_there_then_it_must_wait_and_is_told_how_long(alice: Any) -> None:
    guess(10)
    for refused in (page("alice", PASSWORD), token("alice", PASSWORD)):
        assert refused.status_code == 429
        assert "Too many wrong passwords. Please try again in 10 minutes." in refused.content.decode()
    assert 590 < int(page("alice", PASSWORD)["Retry-After"]) <= 600
    assert "Too many wrong passwords" in administration("alice", PASSWORD).content.decode()
    from ccenter.calls.models import LoginAttempt

    LoginAttempt.objects.update(at=timezone.now() - timedelta(minutes=10))
    assert opens(page("alice", PASSWORD))


def test_given_guesses_at_one_door_when_another_is_tried_then_they_count_there_too(alice: Any) -> None:
    for number in range(5):
        assert token("alice", f"guess {number}").status_code == 400
        assert administration("alice", f"other guess {number}").status_code == 200
    assert page("alice", PASSWORD).status_code == 429


def test_given_a_stranger_who_guesses_from_elsewhere_when_she_signs_in_at_her_place_then_she_is_not_held_up(alice: Any) -> None:
    assert opens(page("alice", PASSWORD, HOME))
    for number in range(3):
        guess(10, address=f"198.51.100.{number}")
    assert page("alice", "guess", AWAY).status_code == 429  # by name: from wherever
    assert opens(page("alice", PASSWORD, HOME))
    assert token("alice", PASSWORD, HOME).status_code == 200


def test_given_a_colleague_who_guesses_at_the_same_address_when_others_come_then_who_was_there_before_is_not_held_up(
    alice: Any,
) -> None:
    person("bob", "agent", "1002", password=PASSWORD)
    assert opens(page("alice", PASSWORD))
    guess(6, "bob")
    for number in range(6):
        guess(9, f"nobody{number}")
    assert page("bob", PASSWORD).status_code == 429  # by address: he never came from there
    assert opens(page("alice", PASSWORD))
    assert opens(page("bob", PASSWORD, THIRD))


def test_given_addresses_of_one_network_when_they_guess_then_they_count_as_one(alice: Any) -> None:
    for number in range(10):
        guess(1, address=f"2001:db8::{number:x}")
    assert page("alice", PASSWORD, "2001:db8::ffff").status_code == 429
    assert opens(page("alice", PASSWORD, "2001:db8:0:1::1"))


@pytest.mark.django_db(transaction=True)
def test_given_guesses_at_the_same_moment_when_counted_then_no_more_pass_than_one_after_the_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    person("alice", "agent", "1001", password=PASSWORD)
    looked: list[str] = []
    from django.contrib.auth.backends import ModelBackend

    whole = ModelBackend.authenticate

    def look(self: Any, request: Any, username: Any = None, password: Any = None, **more: Any) -> Any:
        looked.append(password)
        return whole(self, request, username, password, **more)

    monkeypatch.setattr(ModelBackend, "authenticate", look)

    def one(number: int) -> int:
        try:
            return int(token("alice", f"guess {number}").status_code)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        answers = sorted(threads.map(one, range(40)))
    assert set(answers) == {400, 429} and len(looked) <= 10


def test_given_a_password_typed_for_a_name_when_refused_then_it_stands_in_no_log_and_no_table(
    alice: Any, caplog: pytest.LogCaptureFixture
) -> None:
    from ccenter.calls.models import LoginAttempt

    with caplog.at_level(logging.INFO):
        page("my secret password", "x")
        page("alice", "guess")
    assert "'alice'" in caplog.text and "an unknown name" in caplog.text and "my secret" not in caplog.text
    assert "my secret" not in str(list(LoginAttempt.objects.values()))
    assert list(LoginAttempt.objects.order_by("id").values_list("user__username", "succeeded")) == [
        (None, False),
        ("alice", False),
    ]


def test_given_attempts_of_long_ago_when_retention_is_kept_then_they_are_gone(alice: Any) -> None:
    from ccenter.calls.models import LoginAttempt
    from ccenter.calls.tasks import keep_retention

    guess(1)
    page("alice", PASSWORD)
    LoginAttempt.objects.filter(succeeded=False).update(at=timezone.now() - timedelta(days=91))
    keep_retention()
    assert [attempt.succeeded for attempt in LoginAttempt.objects.all()] == [True]


# -- sessions --------------------------------------------------------------------------------------------------


def signed_in(address: str = HOME) -> Client:
    client = Client(REMOTE_ADDR=address)
    assert opens(client.post("/login/", {"username": "alice", "password": PASSWORD}))
    return client


def thief_of(client: Client) -> Client:
    """Somebody else with the same session id."""
    thief = Client(REMOTE_ADDR=AWAY)
    thief.cookies["sessionid"] = client.cookies["sessionid"].value
    return thief


def gets_in(client: Client) -> set[bool]:
    """By page, by REST and by the administration."""
    return {client.get("/").status_code == 200, client.get("/api/seat/").status_code == 200}


def test_given_a_session_from_before_when_she_signs_in_then_it_has_another_id_and_the_old_one_is_nobodys(alice: Any) -> None:
    client = Client()
    session = client.session
    session["chosen"] = "by somebody else"
    session.save()
    before = client.cookies["sessionid"].value
    client.post("/login/", {"username": "alice", "password": PASSWORD})
    assert client.cookies["sessionid"].value != before
    planted = Client()
    planted.cookies["sessionid"] = before
    assert gets_in(client) == {True} and gets_in(planted) == {False}


def test_given_a_stolen_session_id_when_she_signs_out_then_it_is_worth_nothing(alice: Any) -> None:
    client = signed_in()
    thief = thief_of(client)
    assert gets_in(thief) == {True}
    assert client.post("/logout/").status_code == 302
    assert gets_in(thief) == {False}


def test_given_stolen_sessions_and_a_token_when_the_password_changes_then_none_of_them_is_worth_anything(alice: Any) -> None:
    first, second = signed_in(), signed_in(THIRD)
    stolen = token("alice", PASSWORD).json()["token"]
    program = Client(headers={"Authorization": f"Token {stolen}"})
    assert program.get("/api/seat/").status_code == 200
    alice.refresh_from_db()
    alice.set_password("another-long-secret")
    alice.save()
    for client in (first, second, thief_of(first)):
        assert gets_in(client) == {False}
    assert program.get("/api/seat/").status_code == 401


def test_given_a_password_hashed_in_an_old_way_when_she_signs_in_then_it_is_hashed_anew_and_her_token_stays(
    alice: Any, settings: Any
) -> None:
    from django.contrib.auth.hashers import PBKDF2PasswordHasher

    type(alice).objects.update(password=PBKDF2PasswordHasher().encode(PASSWORD, "salt" * 8, 1000))
    stolen = token("alice", PASSWORD).json()["token"]
    type(alice).objects.update(password=PBKDF2PasswordHasher().encode(PASSWORD, "salt" * 8, 1000))
    given = token("alice", PASSWORD).json()["token"]
    assert given != stolen  # the second time it was set from outside
    assert opens(page("alice", PASSWORD))
    assert Client(headers={"Authorization": f"Token {given}"}).get("/api/seat/").status_code == 200
    type(alice).objects.update(password=PBKDF2PasswordHasher().encode(PASSWORD, "salt" * 8, 1000))
    assert Client(headers={"Authorization": f"Token {given}"}).get("/api/seat/").status_code == 401


def test_given_a_user_shut_out_when_their_session_is_used_then_it_opens_nothing(alice: Any) -> None:
    client = signed_in()
    type(alice).objects.update(is_active=False)
    assert gets_in(client) == {False} and not opens(page("alice", PASSWORD))


def test_given_a_session_when_its_cookie_is_set_then_no_script_and_no_other_site_can_use_it(alice: Any) -> None:
    cookie = signed_in().cookies["sessionid"]
    assert cookie["httponly"] and cookie["samesite"] == "Lax"


@pytest.mark.parametrize("https", ["0", "1"])
def test_given_https_when_the_settings_are_read_then_cookies_go_no_other_way(https: str) -> None:
    script = (
        "from django.conf import settings as s; print(s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, s.SESSION_COOKIE_HTTPONLY)"
    )
    environment = {**os.environ, "CC_HTTPS": https, "DJANGO_SETTINGS_MODULE": "ccenter.settings"}
    said = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True).stdout
    assert said.split() == [str(https == "1")] * 2 + ["True"]


def test_given_who_is_signed_in_when_another_site_sends_them_then_they_are_not_led_there(alice: Any) -> None:
    answer = Client().post("/login/", {"username": "alice", "password": PASSWORD, "next": "https://evil.example/"})
    assert answer["Location"] == "/"
