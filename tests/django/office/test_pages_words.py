"""Small things that lists and cards say: the best first, times of the centre, each list's own filters, words by what they mean."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from ccenter.office.models import Branch
from crm.services import tickets
from crm.services.customers import add_customer
from orders.services import products
from tests.django.crm.service import agent, branch, customer, ticket
from tests.django.office.pages import browser, part, send
from tests.django.orders.shop import product

pytestmark = pytest.mark.django_db
Login = Callable[..., Any]


@pytest.fixture
def boss(django_user_model: Any) -> Any:
    return django_user_model.objects.create_superuser("boss")


def labels(answer: Any) -> list[str]:
    return [str(line.row) for line in answer.context["lines"]]


def test_given_customers_of_a_like_name_when_searched_then_who_is_called_so_comes_first_page_by_page(
    boss: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from crm.pages.customers import Customers

    for name in ("李王芳", "王芳", "王芳芳", "王芳菲"):
        add_customer({"name": name})
    monkeypatch.setattr(Customers, "size", 2)
    page = browser(boss)
    first = part(page, "/crm/customers/", search="王芳")
    assert [line.row.name for line in first.context["lines"]] == ["王芳", "王芳菲"]
    after = part(page, "/crm/customers/", search="王芳", ordering="", cursor=first.context["found"].after)
    assert [line.row.name for line in after.context["lines"]] == ["王芳芳", "李王芳"]
    by_number = part(page, "/crm/customers/", search="王芳", ordering="number")
    assert [line.row.name for line in by_number.context["lines"]] == ["李王芳", "王芳"]


def test_given_products_when_searched_then_the_one_with_this_number_comes_first(boss: Any) -> None:
    for code in ("1001", "11001", "100"):
        product(code, "9")
    assert [line.row.code for line in part(browser(boss), "/orders/products/", search="100").context["lines"]] == [
        "100",
        "1001",
        "11001",
    ]


def test_given_a_ticket_number_that_stands_in_other_texts_when_searched_then_the_ticket_comes_first(boss: Any) -> None:
    wang = customer()
    row = ticket(boss, wang, "坏了")
    ticket(boss, wang, f"与 {row.pk} 号投诉有关")
    found = part(browser(boss), "/crm/tickets/", search=str(row.pk)).context["lines"]
    assert [line.row.pk for line in found][:1] == [row.pk]
    assert len(found) == 2


def test_given_two_lists_of_one_entity_when_a_filter_is_saved_in_one_then_the_other_does_not_offer_it(boss: Any) -> None:
    page = browser(boss)
    moves = page.get("/orders/stock/moves/").text
    assert "/office/filters/new/stock-moves/" in moves
    saved = send(page, "/office/filters/new/stock-moves/", name="counted", query="kind=counted")
    assert saved.status_code == 200, saved.text
    assert "counted</a>" in page.get("/orders/stock/moves/").text
    assert "counted</a>" not in page.get("/orders/stock/").text
    assert send(page, "/office/filters/new/nothing-moves/", name="x", query="").status_code == 404


def test_given_a_price_to_come_when_the_log_is_read_then_its_time_is_the_centres(boss: Any) -> None:
    pan = product("1001", "100")
    products.set_price(boss, pan, Decimal(90), datetime(2099, 1, 1, 20, 30, tzinfo=UTC))
    assert "2099-01-02 04:30" in browser(boss).get(f"/orders/products/{pan.pk}/").text.partition('class="entries"')[2]


def test_given_a_ticket_at_a_branch_when_its_card_is_read_then_words_and_numbers_are_as_people_here_use_them(boss: Any) -> None:
    west = branch("west")
    Branch.objects.filter(pk=west.pk).update(phone="+8657188887777")
    row = tickets.step(boss, ticket(agent()), "dispatched", branch=west)
    card = browser(boss).get(f"/crm/tickets/{row.pk}/", headers={"Accept-Language": "zh-CN"}).text
    assert "057188887777" in card
    history = card.partition('class="timeline"')[2]
    assert "<span>受理" in history
    assert "受理时间" not in history
    assert "负责人" in browser(boss).get("/crm/tickets/", headers={"Accept-Language": "zh-CN"}).text
