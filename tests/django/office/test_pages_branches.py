"""Branches on their pages, and by them what all lists and forms of the office do."""

from collections.abc import Callable
from typing import Any

import pytest

from ccenter.office import services
from ccenter.office.models import AuditEntry, Branch, Right, SavedFilter
from crm.models import Customer, Ticket
from tests.django.office.pages import browser, part, said, send

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
    assert "88880001" not in alice.get(LIST).content.decode() and "文三路" in alice.get(LIST).content.decode()
    assert "057188880001" in lena.get(LIST).content.decode()


def fields(shop: Branch, **changed: Any) -> dict[str, Any]:
    return {"version": shop.version, "code": shop.code, "name": shop.name, "phone": "", "city": "", "active": "on", **changed}


def test_given_a_form_when_it_is_sent_then_the_service_has_written_it_and_the_log_says_who(login: Callable[..., Any]) -> None:
    boss = login("boss", "office_admin").user
    answer = send(browser(boss), f"{LIST}new/", code="west", name="West", phone="010-5555", active="on", logins=["boss"])
    assert answer.status_code == 204 and said(answer) == "Saved." and "rows-changed" in answer["HX-Trigger"]
    shop = Branch.objects.get(code="west")
    assert (shop.phone, shop.active, list(shop.logins.all())) == ("010-5555", True, [boss])
    assert AuditEntry.objects.get(action="branches.add").user == boss


def test_given_what_cannot_be_when_a_form_is_sent_then_it_says_where_and_keeps_what_was_written(
    login: Callable[..., Any], shops: list[Branch]
) -> None:
    boss = browser(login("boss", "office_admin").user)
    answer = send(boss, f"{LIST}new/", code="Not A Code", name="")
    assert answer.status_code == 422 and set(answer.context["form"].errors) == {"code", "name"}
    assert 'value="Not A Code"' in answer.content.decode()
    again = send(boss, f"{LIST}new/", code="shop-1", name="Twice")
    assert again.status_code == 422 and "There is one like this already." in again.content.decode()
    assert Branch.objects.count() == len(shops)


def test_given_a_row_that_somebody_else_changed_when_a_form_is_sent_then_it_says_who_and_what_and_saving_again_writes(
    login: Callable[..., Any], shops: list[Branch]
) -> None:
    boss, other = login("boss", "office_admin").user, login("olga", "office_admin").user
    address, old = f"{LIST}{shops[0].pk}/", fields(shops[0], name="Mine")
    services.change_branch(other, Branch.objects.get(pk=shops[0].pk), {"city": "南京"})
    answer = send(browser(boss), address, **old)
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "olga has changed this meanwhile: city" in page and 'value="Mine"' in page
    assert Branch.objects.get(pk=shops[0].pk).name == "Shop 1"
    assert send(browser(boss), address, **{**old, "version": answer.context["version"]}).status_code == 204
    assert Branch.objects.get(pk=shops[0].pk).name == "Mine"


def test_given_a_number_read_masked_when_the_form_is_sent_as_it_was_then_the_number_stays(
    login: Callable[..., Any], shops: list[Branch]
) -> None:
    boss = login("boss", "office_admin").user
    Right.objects.filter(group__name="office_admin", action="calls.see_numbers").update(scope="none")
    client, address = browser(boss), f"{LIST}{shops[0].pk}/"
    shown = client.get(address).context["form"]["phone"].value()
    assert "****" in shown and shown != shops[0].phone
    assert send(client, address, **fields(shops[0], phone=shown, city="西安")).status_code == 204
    shop = Branch.objects.get(pk=shops[0].pk)
    assert (shop.phone, shop.city) == (shops[0].phone, "西安")
    refused = send(client, address, **fields(shop, phone="+86****9999"))
    assert refused.status_code == 422 and "phone" in refused.context["form"].errors
    assert "+8657188880001" not in client.get(address).content.decode()  # nor in the history beside it


def test_given_who_may_only_see_when_a_form_is_asked_for_then_it_is_refused(
    login: Callable[..., Any], shops: list[Branch]
) -> None:
    alice = browser(login("alice", "agent").user)
    assert alice.get(f"{LIST}{shops[0].pk}/").status_code == 403
    assert send(alice, f"{LIST}new/", code="x", name="x").status_code == 403
    assert "acts-ticked" in alice.get(LIST).content.decode() and 'name="row"' not in alice.get(LIST).content.decode()
    assert send(alice, LIST, act="close", row=[shops[0].pk]).status_code == 403
    assert Branch.objects.get(pk=shops[0].pk).active


def test_given_ticked_rows_when_an_act_is_done_then_each_is_done_for_itself_and_the_refused_are_named(
    login: Callable[..., Any], shops: list[Branch]
) -> None:
    boss, gone = login("boss", "office_admin").user, shops[6].pk
    Branch.objects.filter(pk=gone).delete()
    caller = Customer.objects.create(number="80000009", name="Li")
    Ticket.objects.create(customer=caller, text="broken", author=boss, branch=shops[1])
    answer = send(browser(boss), LIST, act="delete", row=[shops[0].pk, shops[1].pk, shops[2].pk, gone])
    assert said(answer) == "Delete: 2 rows" and "rows-changed" in answer["HX-Trigger"]
    told = answer.content.decode()
    assert "Shop 2" in told and "Other things hang on this" in told and "not there any more" in told and "Shop 1<" not in told
    assert set(Branch.objects.values_list("pk", flat=True)) == {shop.pk for shop in [shops[1], *shops[3:6]]}


def test_given_nothing_ticked_or_an_act_that_is_none_when_sent_then_nothing_happens(
    login: Callable[..., Any], shops: list[Branch]
) -> None:
    boss = browser(login("boss", "office_admin").user)
    assert send(boss, LIST, act="close").status_code == 422
    assert send(boss, LIST, act="paint", row=[shops[0].pk]).status_code == 404
    assert Branch.objects.filter(active=True).count() == len(shops)


def test_given_a_list_when_it_is_kept_under_a_name_then_it_comes_back_so_for_its_owner_and_for_all_when_shared(
    login: Callable[..., Any], shops: list[Branch]
) -> None:
    lena, alice = browser(login("lena", "lead").user), browser(login("alice", "agent").user)
    box = part(lena, "/office/filters/new/branches/", search="shop", city="北京", cursor="x")
    query = box.context["form"]["query"].value()
    assert send(alice, "/office/filters/new/branches/", name="ours", query=query, shared="on").status_code == 403
    assert send(lena, "/office/filters/new/branches/", name="ours", query=query, shared="on").status_code == 200
    kept = SavedFilter.objects.get()
    assert (kept.query, kept.shared) == ({"search": "shop", "city": "北京"}, True)
    page = alice.get(LIST).content.decode()
    assert ">ours</a>" in page and "Delete this filter: ours" not in page
    assert send(alice, f"/office/filters/{kept.pk}/").status_code == 404
    assert send(lena, f"/office/filters/{kept.pk}/").status_code == 200 and not SavedFilter.objects.exists()


@pytest.mark.parametrize("rows", [1, 40])
def test_given_a_list_of_any_length_when_it_is_shown_then_it_takes_the_same_number_of_queries(
    login: Callable[..., Any], django_assert_num_queries: Any, rows: int
) -> None:
    boss = login("boss", "office_admin").user
    Branch.objects.bulk_create(Branch(code=f"b{n}", name=f"B {n}") for n in range(rows))
    client = browser(boss)
    client.get(LIST)
    with django_assert_num_queries(8):
        client.get(LIST)
