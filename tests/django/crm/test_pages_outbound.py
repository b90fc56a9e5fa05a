"""Outbound calls, their rules and who is not to be called, on their pages."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from ccenter.calls.models import BarredNumber, Queue, Request
from crm.models import Customer, CustomerPhone, OutboundRule, OutboundTask
from crm.services import outbound
from tests.django.office.pages import browser, part, said, send
from tests.django.people import person

pytestmark = pytest.mark.django_db
TASKS, RULES, BARRED = "/crm/outbound-tasks/", "/crm/outbound-rules/", "/crm/barred-numbers/"
NUMBER = "+8613800138000"


@pytest.fixture
def buyer(db: None) -> Customer:
    made = Customer.objects.create(number="80000001", name="王芳")
    CustomerPhone.objects.create(customer=made, number=NUMBER)
    return made


@pytest.fixture
def alice(db: None) -> Any:
    return browser(person("alice", "agent", "1001"))


@pytest.fixture
def lead(db: None) -> Any:
    return browser(person("lena", "lead"))


def text(answer: Any) -> str:
    found: str = answer.content.decode()
    return found


def moment(hours: float) -> str:
    return f"{timezone.localtime() + timedelta(hours=hours):%Y-%m-%dT%H:%M}"


def test_given_a_form_when_an_outbound_call_is_planned_then_it_is_in_the_list_with_a_masked_number_and_can_be_changed(
    alice: Any, buyer: Customer
) -> None:
    fields = {"customer": "80000001", "kind": "visit", "reason": "Is all well?", "due_at": moment(3), "agent": "1001"}
    assert send(alice, f"{TASKS}new/", **fields).status_code == 204
    task = OutboundTask.objects.get()
    assert (task.state, task.number, task.kind, task.agent, task.author.username) == ("planned", NUMBER, "visit", "1001", "alice")
    listed = text(part(alice, TASKS))
    assert "138****8000" in listed and "00138000" not in listed and "1001 Alice" in listed
    form = alice.get(f"{TASKS}{task.pk}/change/")
    assert "00138000" not in text(form)
    shown = form.context["form"]["number"].value()
    changed = {"version": form.context["version"], "reason": "Later", "number": shown, "due_at": moment(9), "agent": "1001"}
    assert send(alice, f"{TASKS}{task.pk}/change/", **changed).status_code == 204
    task.refresh_from_db()
    assert (task.reason, task.number) == ("Later", NUMBER)  # left as it was shown, masked, it is as it was
    assert send(alice, f"{TASKS}{task.pk}/change/", **changed).status_code == 409


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"customer": "99999999"}, "customer"),
        ({"due_at": ""}, "due_at"),
        ({"reason": ""}, "reason"),
        ({"number": "12"}, "number"),
        ({"kind": "survey"}, "kind"),
        ({"agent": "9999"}, "agent"),
        ({"priority": "99"}, "priority"),
    ],
)
def test_given_what_makes_no_sense_when_planned_then_the_field_says_so(
    alice: Any, buyer: Customer, change: dict[str, str], field: str
) -> None:
    fields = {"customer": "80000001", "kind": "visit", "reason": "x", "due_at": moment(3), **change}
    answer = send(alice, f"{TASKS}new/", **fields)
    assert answer.status_code == 422 and field in answer.context["form"].errors
    assert not OutboundTask.objects.exists()


def test_given_a_task_when_its_card_is_opened_then_it_can_be_cancelled_by_whose_it_is_and_not_twice(
    alice: Any, lead: Any, buyer: Customer
) -> None:
    bob = person("bob", "agent", "1002")
    task = outbound.plan(bob, buyer, "x", due_at=timezone.now() + timedelta(hours=1))
    card = alice.get(f"{TASKS}{task.pk}/")
    assert card.status_code == 200 and [act.name for act in card.context["acts"]] == []
    assert send(alice, f"{TASKS}{task.pk}/", act="cancel", version=task.version).status_code == 403
    card = lead.get(f"{TASKS}{task.pk}/")
    assert [act.name for act in card.context["acts"]] == ["cancel"] and card.context["may_change"]
    assert send(lead, f"{TASKS}{task.pk}/", act="cancel", version=card.context["version"]).status_code == 200
    card = lead.get(f"{TASKS}{task.pk}/")
    assert [act.name for act in card.context["acts"]] == [] and not card.context["may_change"]
    refused = send(lead, TASKS, act="cancel", row=[task.pk])
    assert said(refused).endswith("0 rows")


def test_given_a_rule_when_written_then_it_is_kept_and_one_without_sense_is_not(lead: Any, alice: Any) -> None:
    Queue.objects.get_or_create(code="sales")
    fields = {
        "title": "After delivery", "active": "on", "kind": "visit", "event": "order_delivered", "days": "3", "minutes": "0",
        "at": "10:30", "share": "50", "quiet_days": "30", "reason": "Is all well?", "queue": "sales", "priority": "0",
    }  # fmt: skip
    assert send(lead, f"{RULES}new/", **fields).status_code == 204
    rule = OutboundRule.objects.get()
    assert (rule.days, rule.share, f"{rule.at:%H:%M}", rule.queue) == (3, 50, "10:30", "sales")
    assert "After delivery" in text(part(lead, RULES))
    for change in ({"share": "0"}, {"days": "999"}, {"kind": "survey"}, {"of_queue": "sales"}, {"title": "After delivery"}):
        answer = send(lead, f"{RULES}new/", **{**fields, "title": "Another", **change})
        assert answer.status_code == 422, change
    assert OutboundRule.objects.count() == 1
    assert alice.get(RULES).status_code == 403


def test_given_the_list_of_barred_numbers_when_changed_then_the_core_is_asked_and_the_number_stays_masked(
    alice: Any, lead: Any
) -> None:
    BarredNumber.objects.create(number=NUMBER, at=timezone.now())
    BarredNumber.objects.create(number="+8613900000000", barred=False, at=timezone.now())
    shown = text(part(alice, BARRED))
    assert "138****8000" in shown and "00138000" not in shown and "139" not in shown
    for n in range(60):
        BarredNumber.objects.create(number=f"+86137000000{n:02}", at=timezone.now() - timedelta(days=1))
    many = part(alice, BARRED)
    assert many.context["found"].after is None and "137000" not in text(many)  # a cursor would hold a number
    assert part(lead, BARRED).context["found"].after
    row = part(lead, BARRED).context["lines"][0].row
    assert send(alice, BARRED, number="139 1111 2222").status_code == 204
    assert send(alice, BARRED, lift=row.ident).status_code == 403
    assert send(lead, BARRED, lift=row.ident).status_code == 204
    assert send(lead, BARRED, lift="0" * 32).status_code == 409
    refused = send(lead, BARRED, number="12")
    assert (refused.status_code, said(refused)) == (400, "Not a telephone number.")
    asked = [(one.action, one.params) for one in Request.objects.order_by("created_at")]
    assert asked == [
        ("BarNumber", {"number": "+8613911112222", "barred": True}),
        ("BarNumber", {"number": NUMBER, "barred": False}),
    ]
    assert [line.row.number for line in part(lead, BARRED, search="13800138000").context["lines"]] == [NUMBER]
    assert part(lead, BARRED, search="8000").context["lines"] == []
