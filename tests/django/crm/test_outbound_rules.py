"""Rules that plan outbound calls, questionnaires that agents go through, and what is pressed in surveys by telephone."""

from datetime import datetime, time, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from ccenter.acd import facts
from ccenter.calls import models as calls
from crm.models import OutboundRule, OutboundTask, Script, ScriptRun
from crm.services import outbound, outbound_rules, script_runs, tickets
from tests.django.crm import service
from tests.django.crm.core import QUESTIONS, planned, served, told

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice() -> Any:
    return service.agent("alice", "1001")


@pytest.fixture
def queue() -> str:
    calls.Queue.objects.get_or_create(code="service", defaults={"name": "客服"})
    return "service"


# -- rules ---------------------------------------------------------------------------------------------------------


def rule(user: Any, event: str, **about: Any) -> OutboundRule:
    return outbound_rules.save_rule(
        user, None, {"title": f"{event} {about}"[:80], "event": event, "kind": "visit", "reason": "回访", **about}
    )


def test_given_a_rule_when_it_is_told_twice_then_one_call_is_planned_at_its_time_of_day(alice: Any, queue: str) -> None:
    rule(alice, "order_delivered", days=3, at=time(10, 0), queue=queue, own_agent=True)
    who, at = service.customer(), timezone.now()
    for _twice in range(2):
        outbound_rules.after("order_delivered", who, at, order="60000001", agent="1001")
    task = OutboundTask.objects.get()
    wanted = timezone.make_aware(datetime.combine(timezone.localdate(at) + timedelta(days=3), time(10, 0)))
    assert (task.due_at, task.order, task.agent, task.queue, task.author) == (wanted, "60000001", "1001", queue, None)
    outbound_rules.after("order_shipped", who, at, order="60000002")
    assert OutboundTask.objects.count() == 1


def test_given_quiet_days_then_a_customer_is_left_alone_by_rules_of_that_kind(alice: Any) -> None:
    rule(alice, "order_delivered", days=1, quiet_days=30)
    who, at = service.customer(), timezone.now()
    for order in ("60000001", "60000002"):
        outbound_rules.after("order_delivered", who, at, order=order)
    assert [task.order for task in OutboundTask.objects.all()] == ["60000001"]
    outbound.cancel(alice, OutboundTask.objects.get())
    outbound_rules.after("order_delivered", who, at, order="60000003")
    assert OutboundTask.objects.filter(order="60000003").exists()


def test_given_a_share_then_about_so_many_are_asked_and_always_the_same(alice: Any) -> None:
    half = rule(alice, "order_delivered", share=50)
    first = [outbound_rules.drawn(half, f"6{n:07}") for n in range(400)]
    assert first == [outbound_rules.drawn(half, f"6{n:07}") for n in range(400)]
    assert 150 < sum(first) < 250


def test_given_a_rule_that_cannot_be_kept_then_an_alarm_says_so_and_what_happened_stands(alice: Any) -> None:
    rule(alice, "ticket_settled", days=1)
    row = service.ticket(alice, service.customer("李强", ""))
    tickets.step(alice, row, "closed", resolution="好了")
    assert calls.Alarm.objects.get(kind="outbound").text
    row.refresh_from_db()
    assert (row.state, OutboundTask.objects.count()) == ("closed", 0)


def test_given_a_settled_complaint_then_its_customer_is_visited_by_telephone(alice: Any) -> None:
    rule(alice, "ticket_settled", days=2)
    row = tickets.step(alice, service.ticket(alice), "closed", resolution="好了")
    task = OutboundTask.objects.get()
    assert (task.ticket, task.kind, task.customer) == (row, "visit", row.customer)


def test_given_callers_who_were_served_then_those_we_know_are_asked_later_each_once(alice: Any, queue: str) -> None:
    sheet = Script.objects.create(title="满意度", situation="survey", steps=QUESTIONS)
    rule(alice, "call_ended", kind="survey", script=sheet, of_queue=queue, minutes=30)
    service.customer()
    calls.Queue.objects.create(code="other")
    served("c1")
    served("c2", queue="other")
    served("c3", number="+8613912345678")  # nobody we know
    served("c4", ago=3 * 3600)
    now = timezone.now()
    assert [outbound_rules.plan_for_calls(now) for _beat in range(3)] == [1, 0, 0]
    task = OutboundTask.objects.get()
    assert (task.call, task.kind, task.script, task.consent) == ("c1", "survey", sheet, False)


def test_given_rules_that_make_no_sense_then_each_field_says_so(alice: Any) -> None:
    for about, field in (
        ({"share": 0}, "share"), ({"of_queue": "x"}, "of_queue"), ({"queue": "nowhere"}, "queue"), ({"flow": "nowhere"}, "flow"),
        ({"kind": "survey"}, "kind"), ({"days": 400}, "days"), ({"priority": 11}, "priority"),
    ):  # fmt: skip
        with pytest.raises(ValidationError) as refused:
            rule(alice, "order_delivered", **about)
        assert field in refused.value.message_dict, about
    assert not OutboundRule.objects.exists()


BROKEN: dict[str, dict[str, Any]] = {
    "no reason": {"reason": ""},
    "unknown kind": {"kind": "campaign"},
    "unknown event": {"event": "full_moon"},
    "a queue of orders": {"of_queue": "service"},
    "later than a year": {"days": 366},
    "a share of none": {"share": 0},
    "an urgency that is none": {"priority": 10},
    "machine and agent": {"flow": "survey", "own_agent": True},
    "a survey that asks nothing": {"kind": "survey"},
}


@pytest.mark.parametrize("what", BROKEN)
def test_given_a_rule_that_cannot_be_then_the_database_refuses_it(alice: Any, what: str) -> None:
    row = rule(alice, "order_delivered")
    with pytest.raises(IntegrityError), transaction.atomic():
        OutboundRule.objects.filter(pk=row.pk).update(**BROKEN[what])


# -- questionnaires ------------------------------------------------------------------------------------------------


def test_given_a_survey_by_an_agent_then_its_answers_are_kept_with_the_task_whoever_asks(alice: Any) -> None:
    sheet = Script.objects.create(title="满意度", situation="survey", steps=QUESTIONS)
    task, bob = planned(alice, kind="survey", script=sheet, consent=True), service.agent("bob", "1002")
    first = script_runs.start(alice, sheet, call="c1", task=task)
    with pytest.raises(ValidationError, match="from 1 to 5"):
        script_runs.answer(alice, first, "mark", "6")
    second = script_runs.start(bob, sheet, call="c2", task=task)
    assert first == second
    assert (second.call, second.agent, second.customer) == ("c2", "1002", task.customer)
    run = script_runs.answer(bob, second, "mark", "4")
    run = script_runs.answer(bob, run, "why", "")
    assert (run.finished_at is not None, ScriptRun.objects.count(), task.run) == (True, 1, run)
    other = Script.objects.create(title="另一个", situation="survey", steps=QUESTIONS)
    with pytest.raises(ValidationError, match="another questionnaire"):
        script_runs.start(bob, other, task=task)


def test_given_keys_pressed_after_an_agent_then_they_are_answers_tied_to_call_agent_and_queue() -> None:
    at = timezone.now().timestamp()
    served("c1")
    seq = calls.Fact.objects.order_by("-seq").values_list("seq", flat=True)[0]
    told(
        facts.CallStarted(seq + 1, at, "c2", "l2", "in", service.PHONE, "4001", "demo"),
        facts.FlowStep(seq + 2, at, "c2", "main", "menu"),
        facts.KeyChosen(seq + 3, at, "c2", "menu", "1"),
        facts.CallQueued(seq + 4, at, "c2", "service", 0, 1),
        facts.CallConnected(seq + 5, at + 1, "c2", "1001", "service", 1.0, 1.0),
        facts.FlowStep(seq + 6, at + 30, "c2", "survey", "rating"),
        facts.KeyChosen(seq + 7, at + 31, "c2", "rating", ""),
        facts.KeyChosen(seq + 8, at + 33, "c2", "rating", "5"),
        facts.CallEnded(seq + 9, at + 40, "c2", "ANSWERED", "system", 16, "IVR", agent="1001", queue="service"),
    )
    row = calls.SurveyAnswer.objects.get()
    assert (row.call, row.agent, row.queue, row.flow, row.node, row.key) == ("c2", "1001", "service", "survey", "rating", "5")


def test_given_a_machines_survey_then_its_keys_are_answers_of_the_task() -> None:
    at = timezone.now().timestamp()
    told(
        facts.CallbackOpened(1, at, "t1", service.PHONE, "task", "survey", at, at, "service", flow="survey"),
        facts.CallStarted(2, at, "c1", "", "out", "", service.PHONE, "", callback="t1"),
        facts.CallReached(3, at + 3, "c1", service.PHONE),
        facts.FlowStep(4, at + 4, "c1", "survey", "rating"),
        facts.KeyChosen(5, at + 6, "c1", "rating", "4"),
    )
    assert [(row.callback, row.agent, row.key) for row in calls.SurveyAnswer.objects.all()] == [("t1", "", "4")]
