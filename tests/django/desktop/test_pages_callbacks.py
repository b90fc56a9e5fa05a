"""The list of callbacks and the card of one: who sees which, what the list says of each, and closing many."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from ccenter.calls.models import CallbackAttempt, CallbackEntry, Queue, Request
from tests.django.desktop.customers import NUMBER, customer
from tests.django.office.pages import browser, part, said, send

pytestmark = pytest.mark.django_db
LIST = "/callbacks/"
Owed = Callable[..., CallbackEntry]


@pytest.fixture
def owed(db: None) -> Owed:
    """Makes one: `minutes` old, of a number of its own unless one is given."""
    made = iter(range(1000))

    def make(ident: str, minutes: float = 1, **columns: Any) -> CallbackEntry:
        number = columns.pop("number", f"+86139111{next(made):05}")
        asked = timezone.now() - timedelta(minutes=minutes)
        return CallbackEntry.objects.create(
            id=ident, number=number, asked_at=asked, **{"source": "abandoned", "queue": "sales", **columns}
        )

    return make


def idents(answer: Any) -> list[str]:
    return [line.row.pk for line in answer.context["lines"]]


def text(answer: Any) -> str:
    found: str = answer.content.decode()
    return found


def test_given_callbacks_of_several_queues_when_listed_then_each_sees_those_of_their_queues_the_oldest_first(
    alice_user: Any, lead_user: Any, owed: Owed
) -> None:
    Queue.objects.create(code="vip")
    for ident, minutes, queue in (("k1", 5, "sales"), ("k2", 90, "vip"), ("k3", 7, ""), ("k4", 300, "service")):
        owed(ident, minutes, queue=queue)
    owed("k5", 2, queue="vip", by="1001")  # hers all the same: she called them last
    assert idents(part(browser(alice_user), LIST)) == ["k4", "k3", "k1", "k5"]
    assert idents(part(browser(lead_user), LIST)) == ["k4", "k3", "k1"]


def test_given_an_agent_and_a_lead_when_they_read_numbers_then_they_are_masked_for_the_one_and_dialled_by_the_callback(
    alice_user: Any, lead_user: Any, owed: Owed
) -> None:
    owed("k1", number=NUMBER)
    shown, whole = text(part(browser(alice_user), LIST)), text(part(browser(lead_user), LIST))
    assert "138****8000" in shown and "13800138000" not in shown and "+86" not in shown
    assert "13800138000" in whole
    card = text(browser(alice_user).get(f"{LIST}of/k1/"))
    assert "138****8000" in card and "00138000" not in card
    assert 'data-seat="dial-callback" data-callback="k1"' in shown
    assert 'data-seat="dial-callback"' not in whole.replace("disabled", "") or "disabled" in whole  # a lead without a seat


def test_given_a_callback_when_listed_then_it_says_what_they_wanted_how_often_they_asked_and_their_place(
    alice_user: Any, owed: Owed
) -> None:
    customer("王芳", NUMBER)
    owed("k0", 99, priority=0)
    owed("k1", 90, number=NUMBER, dnis="4001", label="Shanghai TV", times_asked=3, attempts=2, result="busy", source="surge")
    owed("k2", 95, queue="service")
    owed("k3", 5, state="LATER", due_at=timezone.now() + timedelta(hours=2))
    found = part(browser(alice_user), LIST)
    row = next(line.row for line in found.context["lines"] if line.row.pk == "k1")
    assert (row.place, row.owner.name, row.age_kind, row.result_name) == (2, "王芳", "old", "busy")
    assert {line.row.pk: line.row.place for line in found.context["lines"]} == {"k0": 1, "k1": 2, "k2": 1, "k3": None}
    for word in ("Shanghai TV", "4001", "× 3", "was promised a call by the machine", "王芳"):
        assert word in text(found), word


def test_given_the_tabs_when_chosen_then_each_has_its_own_and_says_how_many(alice_user: Any, owed: Owed) -> None:
    now = timezone.now()
    owed("k1", 30)
    owed("k2", 20, state="LATER", due_at=now - timedelta(minutes=1))
    owed("k3", 10, state="LATER", due_at=now + timedelta(hours=1))
    owed("k4", 5, state="PRESENTED", offered_to="1001")
    owed("k5", 60, state="CLOSED", closed_at=now, closed_reason="called_in", closed_detail="1001")
    alice = browser(alice_user)
    for which, wanted in (("", ["k1", "k2", "k3", "k4"]), ("due", ["k1", "k2"]), ("mine", ["k4"]), ("closed", ["k5"])):
        found = part(alice, LIST, which=which)
        assert idents(found) == wanted, which
        assert [count for _code, _name, count in found.context["tabs"]] == [4, 2, 1, None]
    assert "rang in again" in text(found) and "1001 Alice" in text(found)


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ({"label": "shanghai"}, ["k1"]),
        ({"older": "60"}, ["k1"]),
        ({"source": "surge"}, ["k2"]),
        ({"kind": "visit"}, ["k3"]),
        ({"queue": "service"}, ["k3"]),
        ({"search": "8000"}, ["k1"]),
        ({"search": "13800138000"}, ["k1"]),
        ({"search": "王芳"}, ["k1"]),
        ({"search": "138"}, []),  # who reads numbers masked does not find out digit by digit
    ],
)
def test_given_filters_when_asked_then_the_rows_fit(
    alice_user: Any, owed: Owed, query: dict[str, str], wanted: list[str]
) -> None:
    customer("王芳", NUMBER)
    owed("k1", 90, number=NUMBER, label="Shanghai TV")
    owed("k2", 5, source="surge")
    owed("k3", 5, kind="visit", source="task", queue="service")
    assert idents(part(browser(alice_user), LIST, **query)) == wanted


def test_given_a_filter_that_is_none_when_asked_then_it_says_so(alice_user: Any, owed: Owed) -> None:
    owed("k1")
    for query in ({"colour": "red"}, {"which": "some"}, {"queue": "nowhere"}, {"ordering": "number"}):
        found = part(browser(alice_user), LIST, **query)
        assert idents(found) == [] and found.context["trouble"], query


def test_given_attempts_when_the_card_is_opened_then_all_are_there_with_who_and_what_came_of_it(
    alice_user: Any, owed: Owed
) -> None:
    owed("k1", 60, by="1001", state="RESULT", attempts=2, chosen="main:orders")
    now = timezone.now()
    for seq, result in ((1, "busy"), (2, "")):
        CallbackAttempt.objects.create(
            seq=seq, callback="k1", agent="1001", attempt=seq, shown="4008000", at=now - timedelta(minutes=9 - seq), result=result
        )
    found = part(browser(alice_user), f"{LIST}of/k1/")
    assert [one.attempt for one in found.context["attempts"]] == [2, 1]
    for word in ("1001 Alice", "busy", "4008000", "main › orders", 'data-result="wrong_number"', "data-later"):
        assert word in text(found), word
    owed("k2")
    assert 'data-seat="callback-result"' not in text(part(browser(alice_user), f"{LIST}of/k2/"))


def test_given_a_callback_of_anothers_queue_when_its_card_is_asked_for_then_there_is_none(alice_user: Any, owed: Owed) -> None:
    Queue.objects.create(code="vip")
    owed("k1", queue="vip")
    assert browser(alice_user).get(f"{LIST}of/k1/").status_code == 404
    assert browser(alice_user).get(f"{LIST}of/nothing/").status_code == 404


def test_given_a_lead_when_many_are_closed_then_the_core_is_asked_for_each_and_nobody_elses(
    lead_user: Any, alice_user: Any, owed: Owed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ccenter.desktop.callbacks.lists.PATIENCE", 0.0)
    Queue.objects.create(code="vip")
    for ident, queue in (("k1", "sales"), ("k2", "service"), ("k3", "vip")):
        owed(ident, queue=queue)
    lead = browser(lead_user)
    assert "Not wanted any more" in text(part(lead, LIST, act="close"))
    answer = send(lead, LIST, act="close", row=["k1", "k2", "k3"], reason="not_wanted")
    assert answer.status_code == 200 and said(answer) == "Close: 2 rows"
    asked = Request.objects.order_by("params__callback")
    assert [(one.action, one.agent, one.params) for one in asked] == [
        ("CloseCallback", "", {"callback": ident, "reason": "not_wanted"}) for ident in ("k1", "k2")
    ]
    assert send(lead, LIST, act="close", row=["k1"], reason="because").status_code == 422
    assert send(lead, LIST, act="close", reason="not_wanted").status_code == 422
    assert send(browser(alice_user), LIST, act="close", row=["k1"], reason="reached").status_code == 403


def test_given_one_row_or_thirty_when_the_list_is_read_then_it_takes_as_many_queries(alice_user: Any, owed: Owed) -> None:
    customer("王芳", NUMBER)
    owed("k0", number=NUMBER)
    counted = []
    for more in (0, 30):
        for n in range(more):
            owed(f"k1{n}", n, label="TV")
        alice = browser(alice_user)
        part(alice, LIST)
        with CaptureQueriesContext(
            connection,
        ) as asked:
            part(alice, LIST)
        counted.append(len(asked))
    assert counted[0] == counted[1] <= 18, counted


def test_given_facts_about_callbacks_when_told_then_who_serves_the_queue_hears_that_something_happened_and_not_what(
    alice_user: Any, owed: Owed
) -> None:
    from ccenter.calls.models import Fact
    from ccenter.calls.rights import listening
    from ccenter.calls.telling import look

    Queue.objects.create(code="vip")
    owed("k1")
    owed("k2", queue="vip")
    now = timezone.now()
    facts = (
        ("CallbackDialled", "1009", {"callback": "k1", "attempt": 1, "shown": "4001"}),
        ("CallbackResulted", "1009", {"callback": "k1", "result": "busy", "attempts": 1}),
        ("CallbackDeferred", "", {"callback": "k2", "until": 1.0, "reason": "busy"}),
        ("CallbackClosed", "", {"callback": "k1", "reason": "done", "attempts": 1, "detail": ""}),
    )
    for seq, (kind, agent, data) in enumerate(facts, 1):
        Fact.objects.create(seq=seq, at=now, type=kind, agent=agent, data=data)
    found, _upto = look(listening(alice_user, lines=True), 0, 100)
    told = [json.loads(text) for _seq, text in found]
    assert [(one["type"], one["callback"]) for one in told] == [
        (kind, "k1") for kind, _agent, _data in (facts[0], facts[1], facts[3])
    ]
    assert all(set(one) == {"seq", "at", "type", "callback", "queue"} for one in told)


def test_given_one_to_be_shown_and_one_without_result_when_asked_what_is_in_hand_then_the_shown_one_comes_first(
    alice: Any, owed: Owed
) -> None:
    owed("k1", state="RESULT", by="1001")
    owed("k2", state="PRESENTED", offered_to="1001")
    assert alice.get("/api/desk/callback-in-hand/").json()["callback"]["id"] == "k2"
    CallbackEntry.objects.filter(pk="k2").update(state="WAITING", offered_to="")
    assert alice.get("/api/desk/callback-in-hand/").json()["callback"]["id"] == "k1"
