"""Duplicates, merging and its undoing on their pages."""

from collections.abc import Callable
from typing import Any

import pytest

from crm.models import Customer, CustomField, Duplicate, Merge
from crm.services.customers import add_customer, add_note
from tests.django.office.pages import browser, part, said, send

pytestmark = pytest.mark.django_db
QUEUE = "/crm/duplicates/"
HOME = {"city": "杭州市", "street": "文三路158号"}
Login = Callable[..., Any]


@pytest.fixture
def twins(db: None) -> list[Customer]:
    return [
        add_customer({"name": "王芳", "addresses": [HOME], "email": email, "level": level}, [phone])
        for email, level, phone in (
            ("", "ordinary", "13800138000"),
            ("w@x.com", "vip", "13911112222"),
            ("v@x.com", "member", "0571-88880000"),
        )
    ]


def choice(kept: Customer, gone: Customer, **take: Customer) -> dict[str, Any]:
    """What the page's form sends; `take`: whose value is wanted."""
    for one in (kept, gone):
        one.refresh_from_db()
    versions = {f"version_{one.pk}": one.version for one in (kept, gone)}
    return {"decision": "merge", "keep": kept.pk, **versions, **{f"take_{name}": one.pk for name, one in take.items()}}


def test_given_pairs_when_the_queue_is_opened_then_those_to_be_decided_are_shown_as_their_reader_may(
    login: Login, twins: list[Customer]
) -> None:
    lead, alice = browser(login("lena", "lead").user), browser(login("alice", "agent").user)
    answer = lead.get(QUEUE)
    assert len(answer.context["lines"]) == 3
    assert "13800138000" in answer.content.decode() and "文三路158号" in answer.content.decode()
    assert alice.get(QUEUE).status_code == 403
    pair = Duplicate.objects.first()
    assert pair is not None
    assert said(send(lead, QUEUE, act="distinct", row=[pair.pk])) == "Two people: 1 rows"
    assert len(part(lead, QUEUE).context["lines"]) == 2
    assert len(part(lead, QUEUE, state="").context["lines"]) == 3


def test_given_a_pair_when_it_is_decided_then_the_next_one_comes_until_none_is_left(login: Login, twins: list[Customer]) -> None:
    lead = browser(login("lena", "lead").user)
    one, two, three = twins
    CustomField.objects.create(code="size", name_zh="鞋码", name_en="Size", kind="number")
    add_note(two, "说话慢", login("alice", "agent").user)
    pair = Duplicate.objects.get(first=one, second=two)
    page = lead.get(f"{QUEUE}{pair.pk}/").content.decode()
    for text in ("13911112222", "w@x.com", "文三路158号", "VIP", "notes"):
        assert text in page, text
    answer = send(lead, f"{QUEUE}{pair.pk}/", **choice(one, two, email=two, level=one))
    one.refresh_from_db()
    two.refresh_from_db()
    assert (two.merged_into, one.email, one.level) == (one, "w@x.com", "ordinary")
    rest = Duplicate.objects.get(state="open", first=one, second=three)
    assert answer["HX-Redirect"] == f"{QUEUE}{rest.pk}/"
    answer = send(lead, f"{QUEUE}{rest.pk}/", decision="distinct")
    assert answer["HX-Redirect"] == QUEUE
    answer = send(lead, f"{QUEUE}{rest.pk}/", decision="distinct")
    assert answer.status_code == 400 and said(answer) == "Somebody else has decided this already."


def test_given_one_of_two_was_changed_meanwhile_when_they_are_merged_then_it_is_refused(
    login: Login, twins: list[Customer]
) -> None:
    lead = browser(login("lena", "lead").user)
    one, two, _three = twins
    sent = choice(one, two)
    Customer.objects.filter(pk=two.pk).update(name="李强")
    answer = send(lead, f"/crm/customers/{one.pk}/merge/{two.pk}/", **sent)
    assert answer.status_code == 400 and "changed meanwhile" in said(answer)
    assert send(lead, f"/crm/customers/{one.pk}/merge/{two.pk}/", **{**sent, "keep": 7}).status_code == 400
    assert not Merge.objects.exists()


def test_given_a_customer_when_the_same_one_is_looked_for_then_others_are_found_and_can_be_compared(
    login: Login, twins: list[Customer]
) -> None:
    lead, alice = browser(login("lena", "lead").user), browser(login("alice", "agent").user)
    one, two, three = twins
    found = part(lead, f"/crm/customers/{one.pk}/merge/")
    assert {line[0] for line in found.context["lines"]} == {two, three}
    found = part(lead, f"/crm/customers/{one.pk}/merge/", search="1112222")
    assert [line[0] for line in found.context["lines"]] == [two]
    address = f"/crm/customers/{one.pk}/merge/{two.pk}/"
    assert alice.get(address).status_code == 403 and send(alice, address, **choice(one, two)).status_code == 403
    answer = send(lead, address, **choice(two, one))
    assert answer["HX-Redirect"] == f"/crm/customers/{two.pk}/"
    assert lead.get(f"/crm/customers/{one.pk}/").context["row"] == two  # who was merged is shown as who they are now


def test_given_a_merge_when_it_is_undone_then_both_are_there_again(login: Login, twins: list[Customer]) -> None:
    lead, alice = browser(login("lena", "lead").user), browser(login("alice", "agent").user)
    one, two, _three = twins
    send(lead, f"/crm/customers/{one.pk}/merge/{two.pk}/", **choice(one, two))
    done = Merge.objects.get()
    undo = f"/crm/merges/{done.pk}/undo/"
    assert undo in lead.get(f"/crm/customers/{one.pk}/").content.decode()
    assert undo in lead.get("/crm/merges/").content.decode()
    assert undo not in alice.get(f"/crm/customers/{one.pk}/").content.decode()
    assert send(alice, undo).status_code == 403
    assert send(lead, undo, to=one.pk)["HX-Redirect"] == f"/crm/customers/{one.pk}/"
    two.refresh_from_db()
    assert two.merged_into is None
    assert send(lead, undo).status_code == 409
    assert undo not in lead.get("/crm/merges/").content.decode()
