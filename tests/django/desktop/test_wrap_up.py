"""Service records, complaints, follow-ups: what is written after a call."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from ccenter.office.models import AuditEntry
from crm.models import Category, Complaint, ServiceRecord
from tests.django.desktop.customers import call, customer, order

pytestmark = pytest.mark.django_db
RECORDS = "/api/desk/records/"


@pytest.fixture
def late() -> Category:
    above = Category.objects.create(code="delivery", name_zh="配送", name_en="Delivery")
    return Category.objects.create(code="late", name_zh="催送货", name_en="Not there yet", parent=above)


def test_given_a_call_when_wrapped_up_then_the_record_links_customer_order_and_category(alice: Any, late: Category) -> None:
    who = customer()
    order(who, "6001")
    call("c1", "1001")
    body = {
        "call": "c1",
        "customer": who.pk,
        "order": "6001",
        "category": late.pk,
        "result": "follow_up",
        "summary": "明天回电",
        "follow_up": str(timezone.localdate()),
    }
    answer = alice.post(RECORDS, body)
    assert answer.status_code == 201
    told = answer.json()
    assert (told["customer"], told["order"]) == ({"id": who.pk, "name": "王芳"}, "6001")
    assert told["category"] == {"id": late.pk, "name": "Not there yet", "path": ["Delivery", "Not there yet"]}
    assert (told["agent"], told["result_name"], told["editable"]) == (
        {"number": "1001", "name": "Alice"},
        "to be followed up",
        True,
    )
    assert ServiceRecord.objects.get().author.username == "alice"


def test_given_a_record_when_posted_again_then_it_is_the_same_and_only_what_is_said_changes(alice: Any) -> None:
    who = customer()
    call("c1", "1001")
    first = alice.post(RECORDS, {"call": "c1", "customer": who.pk, "summary": "draft"})
    again = alice.post(RECORDS, {"call": "c1", "summary": "done", "result": "solved"})
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["id"] == first.json()["id"]
    assert (again.json()["summary"], again.json()["customer"]["id"]) == ("done", who.pk)
    cleared = alice.patch(f"{RECORDS}{first.json()['id']}/", {"customer": None})
    assert (cleared.status_code, cleared.json()["customer"]) == (200, None)


def test_given_a_record_when_it_is_changed_then_the_audit_log_has_who_and_what_it_was(alice: Any, lead: Any) -> None:
    call("c1", "1001")
    made = alice.post(RECORDS, {"call": "c1", "summary": "draft"}).json()["id"]
    alice.post(RECORDS, {"call": "c1", "summary": "draft"})
    assert not AuditEntry.objects.exists()
    alice.post(RECORDS, {"call": "c1", "summary": "done", "result": "solved"})
    lead.patch(f"{RECORDS}{made}/", {"summary": "sold"})
    told = AuditEntry.objects.filter(entity="crm.servicerecord", key=str(made)).order_by("id").values_list
    assert list(told("user__username", "action", "changes")) == [
        ("alice", "records.change", {"summary": ["draft", "done"], "result": ["", "solved"]}),
        ("lead", "records.change", {"summary": ["done", "sold"]}),
    ]


def test_given_an_order_without_a_customer_then_its_customer_is_meant_and_another_customers_is_refused(alice: Any) -> None:
    who, other = customer(), customer("李强", "+8613911112222")
    order(who, "6001")
    call("c1", "1001")
    assert alice.post(RECORDS, {"call": "c1", "order": "6001"}).json()["customer"]["id"] == who.pk
    refused = alice.post(RECORDS, {"call": "c1", "order": "6001", "customer": other.pk})
    assert (refused.status_code, refused.json()) == (400, {"order": ["This order is another customer's."]})
    assert alice.post(RECORDS, {"call": "c1", "order": "9999"}).json() == {"order": ["There is no such order."]}
    assert ServiceRecord.objects.get().customer == who


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"call": "c1", "result": "great"},
        {"call": "c1", "category": 999},
        {"call": "c1", "summary": "x" * 4001},
        {"call": "c1", "summary": "a\x00b"},
        {"call": "c1", "follow_up": "tomorrow"},
        {"call": "c1", "agent": "1002"},
        {"call": "c1", "customer": "王芳"},
        {"call": "c1; drop table"},
        [],
    ],
)
def test_given_a_wrong_record_when_posted_then_400_and_nothing_is_kept(body: Any, alice: Any) -> None:
    call("c1", "1001")
    assert alice.post(RECORDS, body).status_code == 400
    assert not ServiceRecord.objects.exists()


def test_given_a_category_that_is_not_used_any_more_then_it_stays_where_it_is_but_is_given_to_nothing_new(
    alice: Any, late: Category
) -> None:
    call("c1", "1001")
    call("c2", "1001")
    kept = alice.post(RECORDS, {"call": "c1", "category": late.pk}).json()
    Category.objects.update(active=False)
    assert alice.patch(f"{RECORDS}{kept['id']}/", {"category": late.pk, "summary": "x"}).status_code == 200
    assert "category" in alice.post(RECORDS, {"call": "c2", "category": late.pk}).json()
    assert alice.get("/api/desk/categories/").json()["categories"] == []


def test_given_somebody_elses_call_or_record_then_it_is_not_there_but_their_lead_may_change_it(
    alice: Any, bob: Any, lead: Any
) -> None:
    from tests.django.people import client, person

    stranger = client(person("boss", "lead", team="night"))
    call("c1", "1001")
    mine = alice.post(RECORDS, {"call": "c1", "summary": "mine"}).json()
    where = f"{RECORDS}{mine['id']}/"
    assert bob.post(RECORDS, {"call": "c1", "summary": "not mine"}).status_code == 404
    assert bob.patch(where, {"summary": "not mine"}).status_code == 404
    assert bob.get(RECORDS + "?call=c1").status_code == 404
    assert stranger.patch(where, {"summary": "not mine"}).status_code == 404
    assert lead.patch(where, {"summary": "better"}).json()["summary"] == "better"
    assert [one["summary"] for one in alice.get(RECORDS).json()["records"]] == ["better"]
    assert bob.get(RECORDS).json()["records"] == []


def test_given_a_follow_up_when_it_is_due_then_it_is_on_my_list_until_ticked_off(alice: Any, bob: Any) -> None:
    who, today = customer(), timezone.localdate()
    for n, days in enumerate((3, -1, 30)):
        call(f"c{n}", "1001")
        body = {"call": f"c{n}", "customer": who.pk, "follow_up": str(today + timedelta(days=days))}
        assert alice.post(RECORDS, body).status_code == 201
    due = alice.get("/api/desk/followups/").json()["followups"]
    assert [one["call"] for one in due] == ["c1", "c0"]
    assert due[0]["number"]["text"] == "138****8000"
    assert bob.get("/api/desk/followups/").json()["followups"] == []
    assert alice.patch(f"{RECORDS}{due[0]['id']}/", {"followed_up": True}).json()["followed_up_at"]
    assert [one["call"] for one in alice.get("/api/desk/followups/").json()["followups"]] == ["c0"]
    again = alice.patch(f"{RECORDS}{due[0]['id']}/", {"follow_up": str(today)}).json()
    assert again["followed_up_at"] is None, "a new date is a new follow-up"


def test_given_a_complaint_when_closed_without_a_word_then_it_stays_open(alice: Any, late: Category) -> None:
    who = customer()
    order(who, "6001")
    call("c1", "1001")
    body = {"customer": who.pk, "text": "迟到", "call": "c1", "order": "6001", "category": late.pk}
    taken = alice.post("/api/desk/complaints/", body)
    assert (taken.status_code, taken.json()["state"]) == (201, "open")
    where = f"/api/desk/complaints/{taken.json()['id']}/"
    assert alice.patch(where, {"state": "closed"}).json() == {"resolution": ["How was it settled?"]}
    closed = alice.patch(where, {"state": "closed", "resolution": "补偿"}).json()
    assert closed["closed_at"]
    assert alice.patch(where, {"state": "working"}).json()["closed_at"] is None
    assert Complaint.objects.get().state == "working"


def test_given_a_complaint_on_somebody_elses_call_or_order_then_it_is_refused(bob: Any) -> None:
    who, other = customer(), customer("李强", "+8613911112222")
    order(other, "6001")
    call("c1", "1001")
    assert bob.post("/api/desk/complaints/", {"customer": who.pk, "text": "x", "call": "c1"}).status_code == 404
    assert bob.post("/api/desk/complaints/", {"customer": who.pk, "text": "x", "order": "6001"}).status_code == 400
    assert bob.post("/api/desk/complaints/", {"customer": who.pk, "text": "  "}).status_code == 400
    assert not Complaint.objects.exists()


def test_given_categories_then_they_come_as_a_tree_in_the_readers_language(alice: Any, late: Category) -> None:
    told = alice.get("/api/desk/categories/").json()
    assert [(one["code"], [below["name"] for below in one["children"]]) for one in told["categories"]] == [
        ("delivery", ["Not there yet"])
    ]
    assert {"code": "solved", "name": "solved"} in told["results"]
    chinese = alice.get("/api/desk/categories/", headers={"Accept-Language": "zh-hans"}).json()
    assert chinese["categories"][0]["name"] == "配送"


def test_given_a_category_when_made_part_of_itself_then_it_is_refused(late: Category) -> None:
    from django.core.exceptions import ValidationError

    above = late.parent
    assert above is not None
    above.parent = late
    with pytest.raises(ValidationError, match=r"part of itself|自身"):
        above.full_clean()
