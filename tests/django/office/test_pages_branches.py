"""Branches on their pages, and by them what all lists and forms of the office do."""

from collections.abc import Callable
from typing import Any

import pytest

from ccenter.office.models import Branch
from tests.django.office.pages import browser, part

pytestmark = pytest.mark.django_db
LIST = "/office/branches/"


@pytest.fixture
def shops(db: None) -> list[Branch]:
    return [
        Branch.objects.create(
            code=f"shop-{n}",
            name=f"Shop {n}",
            city="北京" if n % 2 else "杭州",
            phone=f"+8657188880{n:03}",
            address="文三路 9 号",
        )
        for n in range(1, 8)
    ]


def test_given_who_has_no_right_when_the_list_is_asked_for_then_it_is_refused(login: Callable[..., Any]) -> None:
    assert browser(login("carl", "warehouse").user).get(LIST).status_code == 403


def test_given_nobody_signed_in_when_a_part_is_asked_for_then_the_page_is_loaded_anew_and_shows_the_door() -> None:
    from django.test import Client

    assert Client().get(LIST).headers["Location"] == f"/login/?next={LIST}"
    answer = Client().get(LIST, headers={"HX-Request": "true"})
    assert answer.status_code == 401 and answer["HX-Refresh"] == "true"


def test_given_filters_when_asked_then_the_rows_fit_and_the_address_says_so(
    login: Callable[..., Any], shops: list[Branch]
) -> None:
    alice = browser(login("alice", "agent").user)
    answer = part(alice, LIST, city="北京", search="shop", ordering="-code")
    assert [line.row.code for line in answer.context["lines"]] == ["shop-7", "shop-5", "shop-3", "shop-1"]
    assert answer["HX-Replace-Url"] == f"{LIST}?city=%E5%8C%97%E4%BA%AC&search=shop&ordering=-code"
    assert "<html" not in answer.content.decode()


def test_given_a_filter_that_is_none_when_asked_then_it_says_so_and_shows_nothing(
    login: Callable[..., Any], shops: list[Branch]
) -> None:
    alice = browser(login("alice", "agent").user)
    for query in ({"colour": "red"}, {"ordering": "phone"}, {"cursor": "x"}, {"active": "perhaps"}):
        answer = part(alice, LIST, **query)
        assert answer.context["lines"] == [] and answer.context["trouble"], query


def test_given_an_agent_who_reads_masked_when_the_list_is_shown_then_numbers_are_masked(
    login: Callable[..., Any], shops: list[Branch]
) -> None:
    alice, lena = browser(login("alice", "agent").user), browser(login("lena", "lead").user)
    assert "+8657188880001" not in alice.get(LIST).content.decode() and "文三路" in alice.get(LIST).content.decode()
    assert "+8657188880001" in lena.get(LIST).content.decode()
