"""Customers: made, changed, found; whom to call back."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from ccenter.calls.models import CallbackEntry, Queue, Request
from crm.models import Customer
from tests.django.desktop.customers import NUMBER, call, customer, order

pytestmark = pytest.mark.django_db
CUSTOMERS = "/api/desk/customers/"
XSS = "<img src=x onerror=alert(1)>"


def test_given_a_new_customer_when_saved_then_they_have_a_member_number_and_can_be_found(alice: Any) -> None:
    body = {
        "name": "欧阳娜娜",
        "title": "ms",
        "city": "杭州市",
        "phones": [{"number": "0571 8888 0000"}, {"number": "13911112222"}],
    }
    made = alice.post(CUSTOMERS, body).json()
    other = alice.post(CUSTOMERS, {"name": "李强"}).json()
    assert (made["name"], made["level"], made["salutation"]) == ("欧阳娜娜", "ordinary", "欧阳女士")
    assert [phone["text"] for phone in made["phones"]] == ["0571****0000", "139****2222"]
    assert made["number"].isdecimal()
    assert made["number"] != other["number"]
    for query in ("欧阳", "娜娜", made["number"], "057188880000", "1391111 2222", "1112222", "8880000"):
        assert [one["id"] for one in alice.get("/api/desk/search/", {"q": query}).json()["customers"]] == [made["id"]], query


def test_given_a_change_then_only_that_changes_and_numbers_come_and_go(alice: Any, lead: Any) -> None:
    who = customer("王芳", NUMBER, points=7)
    where = f"{CUSTOMERS}{who.pk}/"
    any_version = {"If-Match": "*"}
    phones = [{"number": "13911112222"}, {"number": NUMBER}]
    told = alice.patch(where, {"address": "文三路1号", "phones": phones}, headers=any_version).json()
    assert (told["address"], told["name"], told["points"], len(told["phones"])) == ("文三路1号", "王芳", 7, 2)
    told = alice.patch(where, {"remove_phones": [told["phones"][0]["id"]]}, headers=any_version).json()
    assert [phone["text"] for phone in told["phones"]] == ["139****2222"]
    assert alice.patch(where, {"level": "vip"}, headers=any_version).status_code == 403
    assert lead.patch(where, {"level": "vip"}, headers=any_version).json()["level"] == "vip"


def test_given_consent_that_was_said_in_a_call_then_it_is_kept_with_how_and_by_whom_and_can_be_taken_back(
    alice: Any, alice_user: Any
) -> None:
    made = alice.post(CUSTOMERS, {"name": "王芳", "consent": "yes"}).json()
    who = Customer.objects.get(pk=made["id"])
    assert (made["consent"], who.consent, who.consent_how, who.consent_by) == ("yes", "yes", "call", alice_user)
    where, version = f"{CUSTOMERS}{who.pk}/", {"If-Match": "*"}
    assert alice.patch(where, {"city": "杭州市"}, headers=version).json()["consent"] == "yes"
    assert alice.patch(where, {"consent": "no"}, headers=version).json()["consent"] == "no"
    assert alice.patch(where, {"consent": ""}, headers=version).json()["consent"] == ""
    who.refresh_from_db()
    assert (who.consent_at, who.consent_how, who.consent_by) == (None, "", None)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": "a", "consent": "maybe"}, "consent"),
        ({"name": " "}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": "a", "title": "dr"}, "title"),
        ({"name": "a", "phones": [{"number": "12"}]}, "phones"),
        ({"name": "a", "phones": [{"number": "no number"}]}, "phones"),
        ({"name": "a", "phones": [{}]}, "phones"),
        ({"name": "a", "phones": [{"token": "p1:x:y"}]}, "phones"),
        ({"name": "a", "phones": [{"number": f"1391111{n:04}"} for n in range(11)]}, "phones"),
        ({"name": "a", "points": 1000}, "points"),
        ({"name": "a", "pin": "1234"}, "pin"),
    ],
)
def test_given_a_wrong_customer_when_saved_then_400_says_which_field_and_nothing_is_kept(
    body: Any, field: str, alice: Any
) -> None:
    answer = alice.post(CUSTOMERS, body)
    assert (answer.status_code, list(answer.json())) == (400, [field])
    assert not Customer.objects.exists()


def test_given_a_script_in_a_name_when_told_then_it_is_json_and_unchanged(alice: Any) -> None:
    made = alice.post(CUSTOMERS, {"name": XSS, "address": XSS})
    note = alice.post(f"{CUSTOMERS}{made.json()['id']}/notes/", {"text": XSS})
    for answer in (made, note, alice.get("/api/desk/search/", {"q": "<img"})):
        assert answer["Content-Type"] == "application/json"
    assert (made.json()["name"], note.json()["text"], note.json()["author"]) == (XSS, XSS, "1001 Alice")


def test_given_an_order_number_when_searched_then_order_and_customer_are_found_and_the_pin_is_nowhere(alice: Any) -> None:
    order(customer(pin="pbkdf2_sha256$secret"), "60001234", "shipped")
    answer = alice.get("/api/desk/search/", {"q": "60001234"})
    (found,) = answer.json()["orders"]
    assert (found["state"], found["state_name"], found["customer"]["name"]) == ("shipped", "shipped", "王芳")
    assert "pbkdf2" not in answer.content.decode()
    assert alice.get("/api/desk/search/").status_code == 400
    assert alice.get("/api/desk/search/", {"q": "%"}).json() == {"customers": [], "orders": [], "more": False}


def test_given_many_of_one_name_when_searched_then_the_first_come_and_it_says_there_are_more(alice: Any) -> None:
    for n in range(25):
        customer(f"王{n}", f"+86139{n:08}")
    told = alice.get("/api/desk/search/", {"q": "王"}).json()
    assert (len(told["customers"]), told["more"]) == (20, True)


def test_given_a_customer_who_is_not_there_then_404(alice: Any) -> None:
    assert alice.get(f"{CUSTOMERS}999/").status_code == 404
    assert alice.patch(f"{CUSTOMERS}999/", {"name": "x"}).status_code == 404
    assert alice.post(f"{CUSTOMERS}999/notes/", {"text": "x"}).status_code == 404


def test_given_a_customer_when_opened_then_history_and_notes_are_there(alice: Any) -> None:
    who = customer()
    call("c1", "1001", ago=60)
    alice.post(f"{CUSTOMERS}{who.pk}/notes/", {"text": "轻声"})
    told = alice.get(f"{CUSTOMERS}{who.pk}/").json()
    assert ([one["id"] for one in told["history"]], [one["text"] for one in told["notes"]]) == (["c1"], ["轻声"])


def test_given_callbacks_then_each_sees_those_of_their_queues_and_the_core_is_asked_to_close_one(
    alice: Any, bob: Any, lead: Any
) -> None:
    Queue.objects.create(code="vip")
    now = timezone.now()
    rows = (("sales", NUMBER, 5), ("vip", "+8613911112222", 9), ("", "+8613911113333", 7))
    for queue, number, hours in rows:
        CallbackEntry.objects.create(
            id=f"k{hours}", number=number, queue=queue, source="abandoned", asked_at=now - timedelta(hours=hours)
        )
    customer()
    owed = alice.get("/api/desk/callbacks/").json()["callbacks"]
    assert [one["number"]["text"] for one in owed] == ["139****3333", "138****8000"]
    assert [one["customer"] and one["customer"]["name"] for one in owed] == [None, "王芳"]
    assert [one["number"]["text"] for one in lead.get("/api/desk/callbacks/").json()["callbacks"]] == [
        "13911113333",
        "13800138000",
    ]
    where = f"/api/desk/callbacks/{owed[1]['id']}/close/"
    assert alice.post(where, {"result": "forgot"}).status_code == 400
    assert alice.post(where, {"result": "reached"}).status_code == 202  # there is no core here to answer
    (asked,) = Request.objects.all()
    assert (asked.action, asked.agent, asked.params) == ("CloseCallback", "", {"callback": "k5", "reason": "reached"})
    CallbackEntry.objects.filter(pk="k5").update(state="CLOSED", closed_at=now)
    assert bob.post(where, {"result": "reached"}).status_code == 404
    vip = CallbackEntry.objects.get(queue="vip")
    assert alice.post(f"/api/desk/callbacks/{vip.pk}/close/", {"result": "reached"}).status_code == 404
    assert alice.post(f"/api/desk/callbacks/{uuid4()}/close/", {"result": "reached"}).status_code == 404


def test_given_a_session_without_the_csrf_token_when_something_is_changed_then_it_is_refused(alice_user: Any) -> None:
    from rest_framework.test import APIClient

    page = APIClient(enforce_csrf_checks=True)
    page.force_login(alice_user)
    assert page.get("/api/desk/messages/").status_code == 200
    assert page.post(CUSTOMERS, {"name": "x"}, format="json").status_code == 403
    assert page.post("/api/desk/messages/read-all/").status_code == 403
    assert not Customer.objects.exists()


def test_given_a_form_or_a_person_without_a_role_then_nothing_is_taken_or_told(alice: Any) -> None:
    from tests.django.people import client, person

    assert alice.post(CUSTOMERS, "name=x", content_type="application/x-www-form-urlencoded").status_code == 415
    stranger = client(person("stranger"))
    for path in ("callbacks/", "messages/", "search/?q=x", "customers/1/", "recipients/", "records/", "categories/"):
        assert stranger.get(f"/api/desk/{path}").status_code == 403, path
