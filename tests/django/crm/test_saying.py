"""Tickets and follow-up calls by any part of what they say, among many of them."""

from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from crm.models import OutboundTask, Ticket
from crm.selectors import service_lists
from crm.selectors.saying import saying
from tests.django.crm.service import agent, customer, ticket

pytestmark = pytest.mark.django_db
MANY = 3000


@pytest.fixture
def many() -> Any:
    """Three thousand tickets of one customer, and alice who took them."""
    alice, wang = agent(), customer()
    what = ("空气炸锅不加热", "按摩椅左边不动", "快递三天没有到", "Der Topf ist kaputt", "羽绒服尺码不对")
    Ticket.objects.bulk_create(Ticket(customer=wang, author=alice, text=f"{what[n % 5]}，第{n}次来电") for n in range(MANY))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE crm_ticket")
    return alice


def said(user: Any, text: str) -> list[str]:
    return [one.text for one in service_lists.tickets(Ticket.objects.all(), text, user)]


@pytest.mark.parametrize("text", ["不加热，第2995次", "２９９５ 次", "第2995"])
def test_given_many_tickets_when_one_is_looked_for_by_a_part_of_its_text_then_it_is_found(many: Any, text: str) -> None:
    assert said(many, text) == ["空气炸锅不加热，第2995次来电"]


def test_given_small_letters_and_one_sign_when_looked_for_then_they_are_found_too(many: Any) -> None:
    wang = Ticket.objects.all()[0].customer
    odd = ticket(many, wang, "烫")
    assert said(many, "烫") == [odd.text]
    assert len(said(many, "der TOPF")) == service_lists.MOST  # the newest of them
    assert said(many, "热加不") == []  # its signs are there, in another order


def test_given_all_pairs_of_signs_in_other_places_when_looked_for_then_it_is_not_found(many: Any) -> None:
    ticket(many, Ticket.objects.all()[0].customer, "退货款 货款慢 款慢死")
    assert said(many, "退货款慢死") == []


@pytest.mark.parametrize("text", ["第2995次", "Topf ist kaputt，第13次"])
def test_given_many_tickets_when_looked_for_by_text_then_the_index_is_read_and_not_the_table(many: Any, text: str) -> None:
    plan = saying(Ticket.objects.all(), "text", text).order_by("-created_at", "-id")[:500].explain()
    assert "tickets_by_text" in plan, plan
    assert "Seq Scan" not in plan, plan


def test_given_follow_up_calls_when_looked_for_by_reason_then_they_are_found(many: Any) -> None:
    wang = customer("李雷")
    row = OutboundTask(customer=wang, author=many, number="+8613800138001", due_at=timezone.now(), reason="问候 新年 快乐")
    row.save()
    assert list(service_lists.outbound_tasks(OutboundTask.objects.all(), "新年快", many)) == [row]


@given(text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=12), data=st.data())
def test_given_any_text_when_any_part_of_it_is_looked_for_then_the_index_would_find_it(text: str, data: Any) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    part = text[start : data.draw(st.integers(start + 1, len(text)))]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT strpos(crm_plain(%(t)s), crm_plain(%(p)s)) > 0, crm_parts(%(t)s) @> crm_parts(%(p)s)", {"t": text, "p": part}
        )
        place, parts = cursor.fetchone()
    assert parts or not place  # signs that melt into one with their neighbour are neither there nor indexed
