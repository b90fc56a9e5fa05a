"""Complaints and work orders on their pages."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from ccenter.office.models import Right
from crm.models import OutboundTask, Ticket, TicketEvent
from crm.services import tickets
from crm.services.indexing import index
from tests.django.crm import service
from tests.django.office.pages import browser, part, said, send

pytestmark = pytest.mark.django_db
LIST = "/crm/tickets/"


@pytest.fixture
def alice(login: Callable[..., Any]) -> Any:
    return browser(login("alice", "agent", "1001").user)


@pytest.fixture
def lead(login: Callable[..., Any]) -> Any:
    return browser(login("lena", "lead").user)


def user_of(client: Any) -> Any:
    from django.contrib.auth.models import User

    return User.objects.get(pk=client.session["_auth_user_id"])


def numbers(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content.decode()[:2000]
    return [line.row.number for line in answer.context["lines"]]


def findable(name: str, **fields: Any) -> Any:
    who = service.customer(name, **fields)
    index([who.pk])
    return who


def act(client: Any, row: Ticket, name: str, **fields: Any) -> Any:
    row.refresh_from_db()
    return send(client, f"{LIST}{row.pk}/", act=name, version=row.version, **fields)


def text_of(answer: Any) -> str:
    found: str = answer.content.decode()
    return found


# -- the list --------------------------------------------------------------------------------------------------


def test_given_tickets_when_filtered_by_owner_state_and_late_then_the_rows_fit(alice: Any) -> None:
    user, now = user_of(alice), timezone.now()
    bob = service.agent("bob", "1002")
    late = service.ticket(user, due_at=now - timedelta(hours=1))
    fine = service.ticket(user, findable("李强"), due_at=now + timedelta(hours=1))
    closed = tickets.step(user, service.ticket(user), "closed", resolution="好了")
    tickets.assign(user, fine, owner=bob)
    assert numbers(part(alice, LIST)) == [closed.number, fine.number, late.number]
    assert numbers(part(alice, LIST, open="true", ordering="due_at")) == [late.number, fine.number]
    assert numbers(part(alice, LIST, late="true")) == [late.number]
    assert numbers(part(alice, LIST, owner="bob")) == [fine.number]
    assert numbers(part(alice, LIST, open="true", owned="false")) == [late.number]
    assert numbers(part(alice, LIST, state="closed")) == [closed.number]
    assert numbers(part(alice, LIST, search="liqiang")) == [fine.number], "customers are found as everywhere, by pinyin too"
    assert part(alice, LIST, owner="nobody-of-this-name").context["trouble"]


@pytest.mark.parametrize("rows", [1, 12])
def test_given_few_or_many_tickets_when_listed_then_it_takes_as_many_queries(
    rows: int, alice: Any, django_assert_num_queries: Any
) -> None:
    user = user_of(alice)
    about = service.category("late")
    for _place in range(rows):
        tickets.assign(user, service.ticket(user, category=about), owner=user)
    part(alice, LIST)
    with django_assert_num_queries(QUERIES):
        assert len(numbers(part(alice, LIST))) == rows


QUERIES = 6


def test_given_ticked_rows_when_assigned_and_closed_then_each_is_done_or_refused_with_its_reason(lead: Any, alice: Any) -> None:
    user = user_of(lead)
    bob = service.agent("bob", "1002")
    first, second = service.ticket(user), service.ticket(user)
    closed = tickets.step(user, service.ticket(user), "closed", resolution="好了")
    answer = send(lead, LIST, act="assign", row=[first.pk, second.pk, closed.pk], owner=bob.pk)
    assert answer.status_code == 200, text_of(answer)
    assert said(answer) == "Assign: 2 rows"
    assert closed.number in text_of(answer)
    assert set(Ticket.objects.filter(owner=bob)) == {first, second}
    assert send(lead, LIST, act="shut", row=[first.pk]).status_code == 422, "who closes says how it was settled"
    assert send(lead, LIST, act="shut", row=[first.pk, second.pk], resolution="换新").status_code == 200
    assert Ticket.objects.filter(state="closed").count() == 3
    assert send(alice, LIST, act="assign", row=[first.pk], owner=bob.pk).status_code == 403, "an agent does not assign"


# -- a branch --------------------------------------------------------------------------------------------------


def test_given_a_branch_then_the_list_is_its_own_page_with_where_to_go_and_nothing_of_others(login: Any, lead: Any) -> None:
    sun, nora = login("sun", "branch"), login("nora", "branch")
    south, north = service.branch("south", sun.user), service.branch("north", nora.user)
    boss = user_of(lead)
    who = service.customer("赵敏")
    who.addresses.create(province="浙江省", city="杭州市", street="文三路 9 号", main=True)
    ours, theirs = service.ticket(boss, who), service.ticket(boss)
    tickets.step(boss, ours, "dispatched", branch=south)
    tickets.step(boss, theirs, "dispatched", branch=north)
    page = browser(sun.user)
    answer = page.get(LIST)
    assert numbers(answer) == [ours.number]
    text = text_of(answer)
    assert "Our branch" in text and "赵敏" in text
    assert "13800138000" in text.replace(" ", "") and "文三路" in text, "who goes there reads where, and whom to ring"
    Right.objects.filter(group__name="branch", action__in=["calls.see_numbers", "calls.see_addresses"]).update(scope="none")
    text = text_of(page.get(LIST))
    assert "138****8000" in text and "13800138000" not in text.replace(" ", "") and "文三路" not in text
    assert page.get(f"{LIST}{theirs.pk}/").status_code == 404
    assert send(page, f"{LIST}{theirs.pk}/", act="start", version=2).status_code == 404
    assert act(page, ours, "start").status_code == 200
    assert act(page, ours, "settle", resolution="上门修好").status_code == 200
    assert act(page, ours, "shut", resolution="x").status_code == 403
    ours.refresh_from_db()
    assert (ours.state, ours.resolution) == ("settled", "上门修好")


# -- the card --------------------------------------------------------------------------------------------------


def test_given_a_card_then_it_offers_what_can_be_done_now_and_by_this_user(alice: Any, lead: Any) -> None:
    row = service.ticket(user_of(lead))

    def offered(client: Any) -> list[str]:
        return [one.name for one in client.get(f"{LIST}{row.pk}/").context["acts"]]

    assert offered(alice) == ["start", "settle", "shut", "wait", "call"]
    assert offered(lead) == ["start", "settle", "shut", "wait", "hand", "assign", "call", "recall"]
    act(alice, row, "shut", resolution="换新")
    assert offered(alice) == ["again", "call"]
    Right.objects.filter(group__name="agent", action="tickets.reopen").update(scope="none")
    assert offered(alice) == ["call"]


def test_given_a_step_when_taken_on_the_card_then_the_card_shows_it_with_its_history(alice: Any) -> None:
    row = service.ticket(user_of(alice), text="锅把松动")
    assert "resolution" in text_of(part(alice, f"{LIST}{row.pk}/", act="settle"))
    refused = act(alice, row, "settle", resolution=" ")
    assert refused.status_code == 422
    answer = act(alice, row, "settle", resolution="寄出新锅把")
    assert "寄出新锅把" in text_of(answer) and "1001 Alice" in text_of(answer)
    assert answer.context["row"].state == "settled"
    assert act(alice, row, "settle", resolution="again").status_code == 422, "no step from where it is"


def test_given_a_card_that_is_old_when_a_step_is_taken_then_who_changed_it_is_told_and_nothing_done(
    alice: Any, lead: Any
) -> None:
    row = service.ticket(user_of(alice))
    old = row.version
    assert act(lead, row, "start", text="我来").status_code == 200
    answer = send(alice, f"{LIST}{row.pk}/", act="shut", version=old, resolution="好了")
    assert answer.status_code == 409
    assert "lena" in said(answer)
    row.refresh_from_db()
    assert row.state == "working"


def test_given_a_note_and_a_follow_up_call_then_both_are_in_the_history(alice: Any) -> None:
    row = service.ticket(user_of(alice))
    assert "已联系物流" in text_of(act(alice, row, "note", text="已联系物流"))
    box = text_of(part(alice, f"{LIST}{row.pk}/", act="call"))
    assert "138****8000" in box and "13800138000" not in box
    phone = row.customer.phones.get()
    later = timezone.localtime() + timedelta(days=1)
    answer = act(alice, row, "call", reason="回访", due_at=f"{later:%Y-%m-%dT%H:%M}", phone=phone.pk)
    assert answer.status_code == 200, text_of(answer)
    assert OutboundTask.objects.get().number == service.PHONE
    kinds = list(TicketEvent.objects.filter(ticket=row).values_list("kind", flat=True))
    assert kinds == ["taken", "note", "call"]


def test_given_a_card_then_it_takes_as_many_queries_whatever_was_done(alice: Any, django_assert_num_queries: Any) -> None:
    user = user_of(alice)
    few, much = service.ticket(user), service.ticket(user)
    for place in range(8):
        tickets.note(user, much, f"note {place}")
        tickets.step(user, much, "waiting" if place % 2 else "working")
    for row in (few, much):
        part(alice, f"{LIST}{row.pk}/")
        with django_assert_num_queries(CARD_QUERIES):
            assert part(alice, f"{LIST}{row.pk}/").status_code == 200


CARD_QUERIES = 11


# -- taking and changing ---------------------------------------------------------------------------------------


def test_given_a_call_in_front_when_a_ticket_is_taken_then_customer_and_call_are_there_already(alice: Any) -> None:
    who = service.customer()
    page = alice.get(f"{LIST}new/", {"customer": who.pk, "call": "c1", "kind": "work_order"})
    form = page.context["form"]
    assert (form["customer"].value(), form["call"].value(), form["kind"].value()) == (who.number, "c1", "work_order")
    assert f'value="{who.number}"' in text_of(page)
    sent = {"customer": who.number, "call": "c1", "kind": "work_order", "severity": 3, "text": "不加热", "inform": "on"}
    answer = send(alice, f"{LIST}new/", **sent)
    row = Ticket.objects.get()
    assert answer["HX-Redirect"] == f"{LIST}{row.pk}/"
    assert (row.customer, row.call, row.kind, row.severity, row.author.username) == (who, "c1", "work_order", 3, "alice")


def test_given_a_customer_that_is_none_or_not_one_alone_then_the_form_says_so_and_keeps_what_was_written(alice: Any) -> None:
    findable("王芳")
    findable("王芳芳", phone="")
    sent = {"kind": "complaint", "severity": 2, "text": "送错了"}
    none = send(alice, f"{LIST}new/", **sent, customer="赵六")
    several = send(alice, f"{LIST}new/", **sent, customer="王芳")
    assert (none.status_code, several.status_code) == (422, 422)
    assert "No customer fits this." in text_of(none) and "送错了" in text_of(none)
    assert "80000001 王芳; 80000002 王芳芳" in text_of(several)
    assert not Ticket.objects.exists()
    options = text_of(part(alice, "/crm/found-customers/", customer="wangfang"))
    assert 'value="80000001"' in options and "13800138000" not in options


def test_given_a_change_over_somebody_elses_then_it_is_told_and_the_text_stays(alice: Any, lead: Any) -> None:
    row = service.ticket(user_of(alice))
    old = row.version
    tickets.change_ticket(user_of(lead), row, {"severity": 4})
    sent = {"kind": "complaint", "severity": 2, "text": "改过的描述", "version": old}
    answer = send(alice, f"{LIST}{row.pk}/change/", **sent)
    assert answer.status_code == 409
    assert "lena" in text_of(answer) and "改过的描述" in text_of(answer)
    row.refresh_from_db()
    assert send(alice, f"{LIST}{row.pk}/change/", **(sent | {"version": row.version})).status_code == 204
    row.refresh_from_db()
    assert row.text == "改过的描述"


def test_given_a_due_time_by_rule_when_the_form_is_saved_without_one_then_it_stays_by_rule(alice: Any) -> None:
    from crm.models import DueRule

    DueRule.objects.create(minutes=60)
    row = service.ticket(user_of(alice))
    sent = {"kind": "complaint", "severity": 2, "text": "x", "version": row.version}
    assert not alice.get(f"{LIST}{row.pk}/change/").context["form"]["due_at"].value(), "what the rule says is not set by hand"
    assert send(alice, f"{LIST}{row.pk}/change/", **sent).status_code == 204
    row.refresh_from_db()
    assert not row.due_by_hand and row.due_at == row.created_at + timedelta(hours=1)
    moment = timezone.localtime() + timedelta(days=2)
    send(alice, f"{LIST}{row.pk}/change/", **(sent | {"version": row.version, "due_at": f"{moment:%Y-%m-%dT%H:%M}"}))
    row.refresh_from_db()
    assert row.due_by_hand
