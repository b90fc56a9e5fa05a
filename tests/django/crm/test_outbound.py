"""Outbound calls: planned, handed to the core when they are due, once, and followed until they are done."""

from datetime import datetime, time, timedelta
from threading import Barrier, Thread
from typing import Any

import msgspec
import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from ccenter.acd import events, facts
from ccenter.calls import models as calls
from ccenter.calls import requests
from ccenter.calls.recorder import parse, store
from ccenter.office.errors import Conflict
from ccenter.office.models import AuditEntry
from crm import tasks
from crm.models import OutboundRule, OutboundTask, Script, ScriptRun
from crm.models.outbound import STEPS
from crm.services import outbound, outbound_rules, save_record, script_runs, tickets
from tests.acd.centre import Centre, working
from tests.django.crm import service

pytestmark = pytest.mark.django_db
QUESTIONS = {
    "start": "mark",
    "steps": {
        "mark": {"text": "您给我们打几分？", "answer": "scale", "least": 1, "most": 5, "next": "why"},
        "why": {"text": "为什么？", "answer": "text", "required": False},
    },
}


@pytest.fixture
def alice() -> Any:
    return service.agent("alice", "1001")


@pytest.fixture
def queue() -> str:
    calls.Queue.objects.get_or_create(code="service", defaults={"name": "客服"})
    return "service"


def told(*what: facts.Fact) -> None:
    """As the recorder does."""
    store([parse(msgspec.json.encode(fact)) for fact in what])


class Core:
    """The real core between the table of requests and the facts, as cti and recorder carry them."""

    def __init__(self) -> None:
        self.centre, self.seen, self.inbox = Centre(working()), 0, requests.Inbox()

    def takes_up(self) -> list[Any]:
        """What is in the table now; what it says of it is on record."""
        found = self.inbox.fetch()
        for event in found:
            self.centre.send(event)
        self.tells()
        return found

    def tells(self) -> None:
        fresh = [fact for fact in self.centre.out if isinstance(fact, facts.Fact) and fact.seq > self.seen]
        if fresh:
            told(*fresh)
            self.seen = fresh[-1].seq

    @property
    def owed(self) -> list[str]:
        return list(self.centre.acd.world.state.callbacks)


@pytest.fixture
def core() -> Core:
    return Core()


def planned(user: Any, hours: float = 0, **about: Any) -> OutboundTask:
    """In so many hours of today's clock; 0: it is due when beat looks."""
    who = about.pop("customer", None) or service.customer()
    due_at = timezone.now() + timedelta(hours=hours, seconds=5)
    return outbound.plan(user, who, "问是否满意", due_at=due_at, **about)


def state_of(task: OutboundTask) -> str:
    task.refresh_from_db()
    return str(task.state)


def asked() -> int:
    return calls.Request.objects.filter(action="ReleaseTask").count()


def core_is_late() -> None:
    """More than ten seconds pass for the requests that wait."""
    calls.Request.objects.filter(state="pending").update(created_at=timezone.now() - timedelta(seconds=requests.FRESH + 1))


# -- released, once ------------------------------------------------------------------------------------------------


def test_given_a_task_when_it_is_due_then_the_core_has_it_with_all_it_needs_and_it_is_open(
    alice: Any, core: Core, queue: str
) -> None:
    now, later = planned(alice, agent="1001", queue=queue, priority=2, zone="Asia/Urumqi"), planned(alice, 2)
    tasks.release_outbound()
    assert (state_of(later), state_of(now), asked()) == ("planned", "released", 1)
    (event,) = core.takes_up()
    assert isinstance(event, events.ReleaseTask)
    assert (event.task, event.number, event.agent, event.queue) == (str(now.callback), service.PHONE, "1001", queue)
    assert (event.kind, event.priority, event.zone, event.customer) == ("follow_up", 2, "Asia/Urumqi", str(now.customer_id))
    assert abs(event.at - now.due_at.timestamp()) < 0.001
    tasks.release_outbound()
    assert (state_of(now), asked(), core.owed) == ("open", 1, [str(now.callback)])
    assert calls.CallbackEntry.objects.get().kind == "follow_up"


def test_given_the_core_away_when_it_comes_back_then_the_same_request_is_asked_again_and_done_once(
    alice: Any, core: Core
) -> None:
    task = planned(alice)
    for _beat in range(3):
        tasks.release_outbound()
        core_is_late()
    assert core.takes_up() == []  # too old for a click
    assert calls.Request.objects.get().reason == "expired"
    tasks.release_outbound()
    assert (len(core.takes_up()), asked()) == (1, 1)
    core_is_late()
    tasks.release_outbound()
    assert (core.takes_up(), state_of(task), asked()) == ([], "open", 1)


def test_given_a_new_core_that_is_told_it_all_again_then_it_still_owes_one_call(alice: Any, core: Core) -> None:
    """Whoever asks again does not know whether the core had it: the answer may be lost, not the request."""
    task = planned(alice)
    tasks.release_outbound()
    core.takes_up()
    calls.Request.objects.update(state="refused", reason="expired")  # as if the answer had never come
    requests.ask_again([task.request or calls.Request.objects.get().pk])
    again = requests.Inbox().fetch()
    for event in again:
        core.centre.send(event)
    core.tells()
    assert (len(again), core.owed) == (1, [str(task.callback)])


def test_given_what_the_core_refuses_then_the_task_says_why_and_is_not_asked_again(alice: Any, core: Core) -> None:
    core.centre.ask(events.BarNumber, "", number=service.PHONE, barred=True)
    task = planned(alice)
    tasks.release_outbound()
    core.takes_up()
    tasks.release_outbound()
    tasks.release_outbound()
    assert (state_of(task), task.result, asked()) == ("refused", "do_not_call", 1)
    assert task.closed_at is not None


@pytest.mark.parametrize(
    ("reason", "attempts", "state"),
    [
        ("done", 1, "done"),
        ("attempts", 3, "done"),
        ("called_in", 0, "done"),
        ("cancelled", 0, "cancelled"),
        ("do_not_call", 0, "refused"),
    ],
)
def test_given_a_call_that_is_over_then_the_task_has_its_result(
    alice: Any, core: Core, reason: str, attempts: int, state: str
) -> None:
    task = planned(alice)
    tasks.release_outbound()
    core.takes_up()
    told(facts.CallbackClosed(core.seen + 1, timezone.now().timestamp(), str(task.callback), reason, attempts, "", ""))
    outbound.follow()
    assert (state_of(task), task.result) == (state, reason)


@pytest.mark.django_db(transaction=True)
def test_given_two_beats_at_once_then_each_task_is_asked_for_once(alice: Any) -> None:
    for _n in range(20):
        planned(alice)
    together, errors = Barrier(4), []

    def beat() -> None:
        try:
            together.wait()
            while outbound.release_due(timezone.now()):
                pass
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [Thread(target=beat) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    params = list(calls.Request.objects.values_list("params__task", flat=True))
    assert (errors, len(params), len(set(params))) == ([], 20, 20)
    assert not OutboundTask.objects.exclude(state="released").exists()


# -- changed, cancelled --------------------------------------------------------------------------------------------


def test_given_a_planned_call_when_changed_or_cancelled_then_the_core_never_hears_of_it(alice: Any) -> None:
    task = outbound.change(alice, planned(alice, 2), {"due_at": timezone.now() + timedelta(hours=5), "reason": " 改期 "})
    assert (task.reason, AuditEntry.objects.filter(action="outbound_tasks.change").count()) == ("改期", 1)
    assert outbound.cancel(alice, task).state == "cancelled"
    assert outbound.release_due(timezone.now() + timedelta(days=1)) == 0
    with pytest.raises(Conflict):
        outbound.change(alice, task, {"reason": "x"})
    with pytest.raises(Conflict):
        outbound.cancel(alice, task)


def test_given_an_open_call_when_cancelled_then_the_core_closes_it_and_the_task_follows(alice: Any, core: Core) -> None:
    task = planned(alice)
    tasks.release_outbound()
    with pytest.raises(Conflict, match="handed over"):
        outbound.cancel(alice, task)
    core.takes_up()
    outbound.follow()
    assert outbound.cancel(alice, task).state == "open"
    core_is_late()  # the core is away while somebody cancels
    tasks.release_outbound()
    core.takes_up()
    tasks.release_outbound()
    assert (state_of(task), core.owed) == ("cancelled", [])


def test_given_a_call_that_the_core_never_took_up_when_cancelled_then_it_never_does(alice: Any, core: Core) -> None:
    task = planned(alice)
    tasks.release_outbound()
    core_is_late()
    assert outbound.cancel(alice, task).state == "cancelled"
    tasks.release_outbound()
    assert (core.takes_up(), core.owed) == ([], [])


def test_given_wishes_that_cannot_be_kept_then_each_field_says_so(alice: Any, queue: str) -> None:
    who = service.customer()
    wrong = {"zone": "Mars/Base", "agent": "9999", "queue": "nowhere", "flow": "nowhere", "priority": 10, "kind": "survey"}
    with pytest.raises(ValidationError) as refused:
        outbound.plan(alice, who, "x", **wrong)
    assert {"zone", "agent", "queue", "flow", "priority"} <= set(refused.value.message_dict)
    with pytest.raises(ValidationError, match="flow or a questionnaire"):
        outbound.plan(alice, who, "x", kind="survey")
    assert not OutboundTask.objects.exists()


# -- what the database guards --------------------------------------------------------------------------------------


def test_given_a_step_that_is_not_in_the_table_then_the_database_refuses_it(alice: Any) -> None:
    now = timezone.now()
    shapes: dict[str, dict[str, Any]] = {
        "planned": {"released_at": None, "request": None, "opened_at": None, "closed_at": None, "result": ""},
        "released": {"released_at": now, "opened_at": None, "closed_at": None, "result": ""},
        "open": {"released_at": now, "opened_at": now, "closed_at": None, "result": ""},
        "done": {"released_at": now, "opened_at": now, "closed_at": now, "result": "done"},
        "refused": {"released_at": now, "opened_at": None, "closed_at": now, "result": "do_not_call"},
        "cancelled": {"closed_at": now},
    }
    who, allowed = service.customer(), {(str(a), str(b)) for a, row in STEPS.items() for b in row}
    for before, shape in shapes.items():
        for after, other in shapes.items():
            task = planned(alice, 1, customer=who)
            request = {"request": task.callback} if before not in {"planned", "cancelled"} else {}
            path = {"planned": [], "released": ["released"], "cancelled": ["cancelled"]}.get(before, ["released", before])
            for one in path:
                OutboundTask.objects.filter(pk=task.pk).update(state=one, **shapes[one], **(request if one == "released" else {}))
            try:
                with transaction.atomic():
                    more = {"request": task.callback} if after not in ("planned", "cancelled") else {}
                    OutboundTask.objects.filter(pk=task.pk).update(state=after, **{**other, **more})
                came = True
            except IntegrityError:
                came = False
            assert came == (before == after or (before, after) in allowed), (before, after, shape)


BROKEN: dict[str, dict[str, Any]] = {
    "released without a request": {"state": "released", "released_at": timezone.now()},
    "done without a result": {"state": "done", "released_at": timezone.now(), "closed_at": timezone.now()},
    "no number": {"number": "12"},
    "no reason": {"reason": ""},
    "unknown kind": {"kind": "campaign"},
    "machine and agent": {"flow": "survey", "agent": "1001"},
    "a survey that asks nothing": {"kind": "survey"},
    "nobody's wish": {"author": None},
}


@pytest.mark.parametrize("what", BROKEN)
def test_given_a_row_that_cannot_be_then_the_database_refuses_it(alice: Any, what: str) -> None:
    task = planned(alice, 1)
    with pytest.raises(IntegrityError), transaction.atomic():
        OutboundTask.objects.filter(pk=task.pk).update(**BROKEN[what])


# -- what agents promise -------------------------------------------------------------------------------------------


def served(call: str = "c1", agent: str = "1001", queue: str = "service", ago: float = 60.0, number: str = service.PHONE) -> None:
    """A call that an agent has served, on record."""
    at, seq = timezone.now().timestamp() - ago, (calls.Fact.objects.order_by("-seq").values_list("seq", flat=True).first() or 0)
    told(
        facts.CallStarted(seq + 1, at, call, "l1", "in", number, "4001", "demo"),
        facts.CallQueued(seq + 2, at, call, queue, 0, 1),
        facts.CallConnected(seq + 3, at + 1, call, agent, queue, 1.0, 1.0),
        facts.CallEnded(seq + 4, at + 30, call, "ANSWERED", "customer", 16, "CONNECTED", agent=agent, queue=queue, talked=29.0),
    )


def test_given_a_follow_up_promised_in_a_record_then_its_agent_calls_on_that_day_and_the_record_is_ticked_off(
    alice: Any, core: Core, queue: str
) -> None:
    served()
    who, day = service.customer(), timezone.localdate() + timedelta(days=3)
    record, _new = save_record("c1", alice, "1001", {"customer": who, "follow_up": day, "summary": "明日回电"})
    task = OutboundTask.objects.get()
    assert timezone.localtime(task.due_at) == timezone.make_aware(datetime.combine(day, time(9, 30)))
    assert (task.agent, task.queue, task.record, task.reason, task.number) == ("1001", queue, record, "明日回电", service.PHONE)
    save_record("c1", alice, "1001", {"summary": "后天回电", "call_at": timezone.now() + timedelta(seconds=9)})
    (task,) = OutboundTask.objects.all()
    record.refresh_from_db()
    assert record.follow_up == timezone.localtime(task.due_at).date()
    tasks.release_outbound()
    core.takes_up()
    told(facts.CallbackClosed(core.seen + 1, timezone.now().timestamp(), str(task.callback), "done", 1, "", ""))
    tasks.release_outbound()
    record.refresh_from_db()
    assert (state_of(task), record.followed_up_at) == ("done", task.closed_at)


def test_given_a_promise_for_a_time_that_is_past_then_it_is_refused_and_nothing_is_kept(alice: Any) -> None:
    who = service.customer()
    with pytest.raises(ValidationError, match="past"):
        save_record("c1", alice, "1001", {"customer": who, "call_at": timezone.now() - timedelta(minutes=1)})
    assert not OutboundTask.objects.exists()


def test_given_a_promise_taken_back_or_kept_by_hand_then_nobody_is_called(alice: Any) -> None:
    who, day = service.customer(), timezone.localdate() + timedelta(days=3)
    for fields in ({"follow_up": None}, {"followed_up": True}):
        record, _new = save_record("c1", alice, "1001", {"customer": who, "follow_up": day, "followed_up": False})
        assert OutboundTask.objects.filter(state="planned", record=record).count() == 1
        save_record("c1", alice, "1001", fields)
        assert not OutboundTask.objects.filter(state="planned").exists()


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
    rule(alice, "call_ended", kind="survey", script=sheet, of_queue=queue, minutes=30, consent=True)
    service.customer()
    served("c1")
    served("c2", queue="other")
    served("c3", number="+8613912345678")  # nobody we know
    served("c4", ago=3 * 3600)
    now = timezone.now()
    assert [outbound_rules.plan_for_calls(now) for _beat in range(3)] == [1, 0, 0]
    task = OutboundTask.objects.get()
    assert (task.call, task.kind, task.script, task.consent) == ("c1", "survey", sheet, True)


def test_given_rules_that_make_no_sense_then_each_field_says_so(alice: Any) -> None:
    for about, field in (
        ({"share": 0}, "share"), ({"of_queue": "x"}, "of_queue"), ({"queue": "nowhere"}, "queue"), ({"flow": "nowhere"}, "flow"),
        ({"kind": "survey"}, "kind"), ({"days": 400}, "days"), ({"priority": 11}, "priority"),
    ):  # fmt: skip
        with pytest.raises(ValidationError) as refused:
            rule(alice, "order_delivered", **about)
        assert field in refused.value.message_dict, about
    assert not OutboundRule.objects.exists()


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
