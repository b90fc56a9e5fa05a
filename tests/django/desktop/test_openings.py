"""The log of who was shown which customer."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from ccenter.desktop.models import CardOpening
from tests.django.desktop.customers import call, customer

LOG = "/api/desk/openings/"


@pytest.fixture
def root(db: None) -> Any:
    from tests.django.people import client, person

    return client(person("root", "admin"))


def log(root: Any, query: str = "") -> list[tuple[str, str, str]]:
    """Who, whom, on which call; the first first."""
    rows = root.get(LOG + query).json()["results"]
    return [(row["user"], row["customer"]["name"], row["call"]) for row in reversed(rows)]


def test_given_customers_shown_by_pop_and_card_when_an_administrator_asks_then_it_says_who_saw_whom_when_and_from_where(
    alice: Any, lead: Any, root: Any
) -> None:
    wang, li = customer("王芳"), customer("李雷", "+8613900139000")
    call("c1", "1001")
    assert alice.get("/api/desk/pop/c1/").status_code == 200
    assert lead.get(f"/api/desk/customers/{li.pk}/").status_code == 200
    assert log(root) == [("alice", "王芳", "c1"), ("lead", "李雷", "")]
    assert log(root, f"?customer={wang.pk}") == log(root, "?user=alice") == log(root, "?call=c1") == [("alice", "王芳", "c1")]
    row = root.get(LOG).json()["results"][0]
    assert (row["address"], row["customer"]["id"]) == ("127.0.0.1", li.pk)
    assert datetime.fromisoformat(row["at"]) <= timezone.now()


def test_given_a_number_of_several_people_when_it_rings_then_each_of_them_was_shown(alice: Any, root: Any) -> None:
    customer("王芳"), customer("王明")
    call("c1", "1001")
    alice.get("/api/desk/pop/c1/")
    assert set(log(root)) == {("alice", "王芳", "c1"), ("alice", "王明", "c1")}


def test_given_a_page_that_asks_again_when_it_is_soon_then_it_is_the_same_opening_and_later_another(
    alice: Any, root: Any
) -> None:
    wang = customer("王芳")
    for _ in range(3):
        alice.get(f"/api/desk/customers/{wang.pk}/")
    assert len(log(root)) == 1
    CardOpening.objects.update(at=timezone.now() - timedelta(minutes=11))
    alice.get(f"/api/desk/customers/{wang.pk}/")
    assert len(log(root)) == 2


def test_given_what_was_not_shown_when_asked_for_then_it_is_not_in_the_log(alice: Any, bob: Any, root: Any) -> None:
    customer("王芳")
    call("c1", "1001")
    assert bob.get("/api/desk/pop/c1/").status_code == 404
    assert alice.get("/api/desk/customers/999999/").status_code == 404
    assert log(root) == []


def test_given_a_customer_who_was_deleted_when_the_log_is_read_then_the_opening_is_still_there(alice: Any, root: Any) -> None:
    wang = customer("王芳")
    key = wang.pk
    alice.get(f"/api/desk/customers/{key}/")
    wang.delete()
    (row,) = root.get(LOG).json()["results"]
    assert row["customer"] == {"id": key, "name": "", "number": ""}


def test_given_who_is_no_administrator_when_they_ask_for_the_log_then_it_is_not_for_them(alice: Any, lead: Any) -> None:
    assert [who.get(LOG).status_code for who in (alice, lead)] == [403, 403]


def test_given_openings_of_long_ago_when_the_record_of_that_time_is_gone_for_a_year_then_they_go(
    alice: Any, root: Any, settings: Any
) -> None:
    from ccenter.desktop.tasks import keep_openings

    first, second = customer("王芳"), customer("李雷")
    for one in (first, second):
        alice.get(f"/api/desk/customers/{one.pk}/")
    old = timezone.now() - timedelta(days=settings.KEEP_RECORD_DAYS + 366)
    CardOpening.objects.filter(customer=first.pk).update(at=old)
    keep_openings()
    assert log(root) == [("alice", "李雷", "")]
