"""Outbound calls: planned, handed to the core when they are due, once, and followed until they are done."""

from datetime import datetime, time, timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from ccenter.acd import events, facts
from ccenter.calls import models as calls
from ccenter.calls import requests
from ccenter.office.errors import Conflict
from ccenter.office.models import AuditEntry
from crm import tasks
from crm.models import OutboundTask
from crm.models.outbound import STEPS
from crm.services import outbound, save_record
from tests.django.crm import service
from tests.django.crm.core import Core, asked, core_is_late, planned, served, state_of, told

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice() -> Any:
    return service.agent("alice", "1001")


@pytest.fixture
def queue() -> str:
    calls.Queue.objects.get_or_create(code="service", defaults={"name": "客服"})
    return "service"


@pytest.fixture
def core() -> Core:
    return Core()


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
    opened = calls.Fact.objects.filter(type="CallbackOpened").count()
    assert (len(again), core.owed, opened) == (1, [str(task.callback)], 1)


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
    assert ([type(event) for event in core.takes_up()], core.owed) == ([events.CloseCallback], [])


def test_given_a_record_that_is_behind_when_a_call_the_core_has_is_cancelled_then_nobody_is_called(
    alice: Any, core: Core
) -> None:
    task = planned(alice)
    tasks.release_outbound()
    for event in core.inbox.fetch():
        core.centre.send(event)
    assert core.owed == [str(task.callback)]
    core_is_late()
    assert outbound.cancel(alice, task).state == "cancelled"
    core.takes_up()
    outbound.follow()
    assert (state_of(task), core.owed) == ("cancelled", [])


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
