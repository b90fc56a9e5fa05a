"""The desk's customers go by the rights of the office, as they were edited: verb, scope, and the version that was seen."""

from typing import Any

import pytest
from django.contrib.auth.models import Group

from ccenter.calls.models import SeatGroup
from ccenter.office.models import Right
from crm.models import Complaint, Customer, CustomerNote, ServiceRecord
from crm.services.indexing import index
from tests.django.desktop.customers import NUMBER, call, customer, order
from tests.django.people import client, group, person

pytestmark = pytest.mark.django_db
CUSTOMERS, SEARCH, POP = "/api/desk/customers/", "/api/desk/search/", "/api/desk/pop/c9/"
OTHER = "+8613911112222"


def edited(role: str, **scopes: str) -> None:
    """Sets scopes of a role, as an administrator does: `customers_view="own"`."""
    for action, scope in scopes.items():
        entity, _line, verb = action.partition("_")
        group = Group.objects.get(name=role)
        Right.objects.update_or_create(group=group, action=f"{entity}.{verb}", defaults={"scope": scope})


def indexed(who: Customer) -> Customer:
    index([who.pk])
    return who


@pytest.fixture
def mine(alice_user: Any) -> Customer:
    return indexed(customer("王芳", NUMBER, owner=alice_user))


@pytest.fixture
def theirs(db: None) -> Customer:
    group("other")
    return indexed(customer("王丽", OTHER, team=SeatGroup.objects.get(code="other")))


def found(who: Any, text: str) -> tuple[list[int], list[str]]:
    told = who.get(SEARCH, {"q": text}).json()
    return sorted(one["id"] for one in told["customers"]), [one["number"] for one in told["orders"]]


@pytest.mark.parametrize("scope", ["own", "team"])
def test_given_a_role_that_sees_few_customers_then_the_desk_shows_no_others(
    scope: str, alice: Any, mine: Customer, theirs: Customer
) -> None:
    order(mine, "60001111")
    order(theirs, "60002222")
    assert (found(alice, "王"), found(alice, "6000")) == (([mine.pk, theirs.pk], []), ([], ["60001111", "60002222"]))
    edited("agent", customers_view=scope)
    assert (found(alice, "王"), found(alice, "6000"), found(alice, "2222")) == (([mine.pk], []), ([], ["60001111"]), ([], []))
    assert alice.get(f"{CUSTOMERS}{mine.pk}/").status_code == 200
    assert alice.get(f"{CUSTOMERS}{theirs.pk}/").status_code == 404
    assert alice.patch(f"{CUSTOMERS}{theirs.pk}/", {"name": "x"}, headers={"If-Match": "*"}).status_code == 404
    assert alice.post(f"{CUSTOMERS}{theirs.pk}/notes/", {"text": "x"}).status_code == 404
    assert alice.post("/api/desk/complaints/", {"customer": theirs.pk, "text": "x"}).status_code == 400
    assert not Complaint.objects.exists()


def test_given_a_caller_whom_the_agent_may_not_see_then_the_pop_tells_nothing_of_them(
    alice: Any, mine: Customer, theirs: Customer
) -> None:
    call("c9", "1001", number=OTHER)
    before = call("c1", "1002", ago=60, number=OTHER)
    ServiceRecord.objects.create(call=before.id, author=person("bob", "agent", "1002"), customer=theirs, summary="催送货")
    assert [one["id"] for one in alice.get(POP).json()["customers"]] == [theirs.pk]
    edited("agent", customers_view="own")
    answer = alice.get(POP)
    assert (answer.json()["customers"], answer.json()["new_customer"]) == ([], None)
    assert not any(word in answer.content.decode() for word in ("王丽", "催送货"))
    assert alice.get("/api/desk/records/", {"customer": theirs.pk}).json()["records"] == []
    call("c8", "1001")
    assert [one["id"] for one in alice.get("/api/desk/pop/c8/").json()["customers"]] == [mine.pk]


def test_given_rights_that_were_taken_away_then_the_desk_refuses_and_with_them_given_it_allows(
    alice: Any, mine: Customer
) -> None:
    where, any_version = f"{CUSTOMERS}{mine.pk}/", {"If-Match": "*"}
    reviewer, stranger = client(person("rita", "order_reviewer")), client(person("stranger"))
    assert reviewer.get(where).status_code == 200
    assert reviewer.patch(where, {"city": "杭州市"}, headers=any_version).status_code == 200
    assert stranger.get(where).status_code == stranger.get(SEARCH, {"q": "王"}).status_code == 403
    assert alice.patch(where, {"level": "vip"}, headers=any_version).status_code == 403
    edited("agent", customers_level="all")
    assert alice.patch(where, {"level": "vip"}, headers=any_version).json()["level"] == "vip"
    edited("agent", customers_change="none", customers_add="none", notes_add="none")
    assert alice.patch(where, {"name": "x"}, headers=any_version).status_code == 403
    assert alice.post(CUSTOMERS, {"name": "x"}).status_code == 403
    assert alice.post(f"{where}notes/", {"text": "x"}).status_code == 403
    assert alice.get(where).status_code == 200
    edited("agent", customers_view="none")
    assert alice.get(where).status_code == alice.get(SEARCH, {"q": "王"}).status_code == 403
    assert (Customer.objects.get().name, CustomerNote.objects.count()) == ("王芳", 0)


def test_given_what_else_was_done_for_a_customer_then_each_kind_asks_its_own_right(
    alice: Any, alice_user: Any, mine: Customer
) -> None:
    order(mine, "60001111")
    CustomerNote.objects.create(customer=mine, text="轻声", author=person("bob", "agent", "1002"))
    Complaint.objects.create(customer=mine, text="坏了", author=alice_user)
    where = f"{CUSTOMERS}{mine.pk}/"
    kinds = ("orders", "notes", "complaints")
    assert [len(alice.get(where).json()[kind]) for kind in kinds] == [1, 1, 1]
    edited("agent", orders_view="own", notes_view="none", tickets_view="none")
    assert [len(alice.get(where).json()[kind]) for kind in kinds] == [0, 0, 0]
    assert found(alice, "6000") == ([], [])


def test_given_a_change_then_the_version_that_was_seen_is_asked_for(alice: Any, lead: Any, mine: Customer) -> None:
    where = f"{CUSTOMERS}{mine.pk}/"
    seen = alice.get(where)
    assert seen["ETag"] == f'"{seen.json()["version"]}"'
    assert alice.patch(where, {"city": "杭州市"}).status_code == 428
    changed = lead.patch(where, {"city": "宁波市"}, headers={"If-Match": seen["ETag"]})
    assert (changed.status_code, changed["ETag"] != seen["ETag"]) == (200, True)
    assert alice.patch(where, {"city": "杭州市"}, headers={"If-Match": seen["ETag"]}).status_code == 412
    assert alice.get(where).json()["city"] == "宁波市"
    again = alice.patch(where, {"city": "杭州市"}, headers={"If-Match": changed["ETag"]})
    assert (again.json()["city"], again["ETag"]) == ("杭州市", alice.get(where)["ETag"])
