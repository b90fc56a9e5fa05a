"""Numbers are shown by role and dialled by token."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.utils import timezone

from ccenter.calls import tokens
from ccenter.calls.models import CallbackEntry, Voicemail
from tests.django.desktop.customers import NUMBER, call, customer

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("number", "whole", "hidden"),
    [
        ("+8613800138000", "13800138000", "138****8000"),
        ("+8657188880000", "057188880000", "0571****0000"),
        ("+861088880000", "01088880000", "010****0000"),
        ("+14155550123", "+14155550123", "+141****0123"),
        ("+4930123456", "+4930123456", "+49****3456"),
        ("10086", "10086", "10086"),
        ("1001", "1001", "1001"),
        ("12345678", "12345678", "12****78"),
        ("", "", ""),
    ],
)
def test_given_a_number_then_it_is_written_as_one_dials_it_and_masked_in_the_middle(number: str, whole: str, hidden: str) -> None:
    assert (tokens.spelt(number), tokens.masked(number)) == (whole, hidden)


def test_given_a_token_then_only_who_was_shown_it_can_dial_it(alice_user: Any, bob_user: Any) -> None:
    phone = customer().phones.get()
    shown = tokens.shown(phone.number, "p", phone.pk, alice_user)
    assert shown["text"] == "138****8000"
    assert "1380013" not in shown["token"]
    assert tokens.number_of(shown["token"], alice_user) == "13800138000"
    for token, who in ((shown["token"], bob_user), (shown["token"][:-1], alice_user), ("p1", alice_user), ("", alice_user)):
        with pytest.raises(tokens.BadToken):
            tokens.number_of(token, who)
    phone.delete()
    with pytest.raises(tokens.BadToken):
        tokens.number_of(shown["token"], alice_user)


def test_given_yesterdays_token_then_it_is_worth_nothing(alice_user: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    phone = customer().phones.get()
    token = tokens.token_of("p", phone.pk, alice_user)
    monkeypatch.setattr(tokens, "LIFE", -1)
    with pytest.raises(tokens.BadToken):
        tokens.number_of(token, alice_user)


def test_given_calls_callbacks_and_messages_then_their_numbers_can_be_dialled_too(alice_user: Any) -> None:
    call("c1")
    owed = CallbackEntry.objects.create(id="k1", number=NUMBER, source="menu", asked_at=timezone.now())
    left = Voicemail.objects.create(id="v1", call="c1", mailbox="sales", caller=NUMBER, at=timezone.now())
    for kind, key in (("c", "c1"), ("b", owed.pk), ("v", left.pk)):
        assert tokens.number_of(tokens.token_of(kind, key, alice_user), alice_user) == "13800138000"


def test_given_the_right_to_see_numbers_then_an_agent_reads_them_whole(alice_user: Any, lead_user: Any) -> None:
    assert tokens.shown(NUMBER, "c", "c1", lead_user)["text"] == "13800138000"
    assert tokens.shown(NUMBER, "c", "c1", alice_user)["text"] == "138****8000"
    alice_user.user_permissions.add(Permission.objects.get(codename="see_numbers"))
    assert tokens.shown(NUMBER, "c", "c1", User.objects.get(pk=alice_user.pk))["text"] == "13800138000"


def test_given_a_number_nobody_can_call_then_there_is_no_token(alice_user: Any) -> None:
    assert tokens.shown("", "c", "c1", alice_user) == {"text": "", "token": ""}
    assert tokens.shown("12345", "c", "c1", alice_user) == {"text": "12345", "token": ""}
