"""Complaints and work orders: their states, due times, escalation, dispatch, follow-up calls."""

import threading
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ccenter.calls.models import Alarm, Request
from ccenter.office.errors import Conflict
from ccenter.office.models import AuditEntry
from crm.models import DueRule, Escalation, OutboundTask, Ticket, TicketEvent
from crm.selectors import tickets as selectors
from crm.services import escalation, outbound, tickets
from crm.ticket_states import DONE, STEPS, State
from tests.django.crm import service
from tests.django.people import person

pytestmark = pytest.mark.django_db
SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.fixture
def alice(db: None) -> Any:
    return service.agent()


def at(monkeypatch: pytest.MonkeyPatch, text: str) -> datetime:
    """The clock of the services, in the centre's zone."""
    moment = datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)
    monkeypatch.setattr(timezone, "now", lambda: moment)
    return moment


# -- states ----------------------------------------------------------------------------------------------------


def test_given_a_new_ticket_then_it_has_a_number_a_team_and_an_event(alice: Any) -> None:
    taken = service.ticket(alice)
    assert (taken.number, taken.state, taken.team) == (f"T{taken.pk:08}", "open", alice.seat.group)
    assert [(e.kind, e.user) for e in taken.events.all()] == [("taken", alice)]
    assert AuditEntry.objects.filter(action="tickets.add", key=taken.pk).count() == 1
    assert selectors.by_number(f"t{taken.pk}").get() == taken
    assert not selectors.by_number("T1x").exists()


@pytest.mark.parametrize("was", State)
@pytest.mark.parametrize("to", State)
def test_given_a_state_when_a_step_is_tried_then_the_table_decides(alice: Any, was: State, to: State) -> None:
    at_branch = service.branch("south")
    row = service.ticket(alice)
    moved = {"state": was, "resolution": "换新" if was in ("settled", "closed") else ""}
    moved |= {"branch": at_branch} if was == "dispatched" else {}
    moved |= {"waiting_since": timezone.now()} if was == "waiting" else {}
    moved |= {"closed_at": timezone.now()} if was in DONE else {}
    Ticket.objects.filter(pk=row.pk).update(**moved)
    given = {"text": "因为", "resolution": "换新", "branch": at_branch if to == "dispatched" else None}
    if to in STEPS[was]:
        after = tickets.step(alice, row, to, **given)
        after.refresh_from_db()
        assert (after.state, after.closed_at is not None) == (to, to in DONE)
        assert after.version > row.version
        last = TicketEvent.objects.filter(ticket=row, kind="step").get()
        assert (last.before, last.after) == (was, to)
    else:
        with pytest.raises(Conflict):
            tickets.step(alice, row, to, **given)
        assert Ticket.objects.get(pk=row.pk).state == was
        with pytest.raises(IntegrityError, match="ticket_step_is_allowed"), transaction.atomic():
            TicketEvent.objects.create(ticket=row, kind="step", before=was, after=to)


def test_given_no_word_when_closed_or_withdrawn_or_dispatched_nowhere_then_it_stays(alice: Any) -> None:
    row = service.ticket(alice)
    for to, field in (("closed", "resolution"), ("settled", "resolution"), ("withdrawn", "text"), ("dispatched", "branch")):
        with pytest.raises(ValidationError) as refused:
            tickets.step(alice, row, to, text="  " if to == "withdrawn" else "x")
        assert list(refused.value.message_dict) == [field]
    shut = service.branch("shut")
    shut.active = False
    shut.save()
    with pytest.raises(ValidationError):
        tickets.step(alice, row, "dispatched", branch=shut)
    assert Ticket.objects.get(pk=row.pk).state == "open"


def test_given_a_closed_ticket_when_opened_again_then_it_is_counted_and_needs_a_new_word(alice: Any) -> None:
    row = service.ticket(alice)
    tickets.step(alice, row, "settled", resolution="已补寄")
    closed = tickets.step(alice, row, "closed")
    assert closed.resolution == "已补寄"
    again = tickets.step(alice, row, "working")
    assert (again.reopened, again.resolution, again.settled_at, again.closed_at) == (1, "", None, None)
    with pytest.raises(ValidationError):
        tickets.step(alice, row, "closed")
    assert "已补寄" in list(row.events.values_list("text", flat=True))


def test_given_events_when_rewritten_or_deleted_then_the_database_refuses(alice: Any) -> None:
    row = service.ticket(alice)
    for change in (lambda: row.events.update(text="x"), lambda: row.events.all().delete()):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            change()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.sampled_from(list(State)), max_size=8))
def test_given_any_steps_then_events_tell_the_whole_way_and_the_row_agrees(alice: Any, steps: list[State]) -> None:
    row = service.ticket(alice)
    place = service.branch(f"b{row.pk}")
    for to in steps:
        try:
            row = tickets.step(alice, row, to, text="因为", resolution="好了", branch=place if to == "dispatched" else None)
        except Conflict:
            continue
    way = list(row.events.filter(kind="step").order_by("pk").values_list("before", "after"))
    assert [after for _before, after in way][-1:] in ([row.state], [])
    assert all(one[1] == following[0] for one, following in pairwise(way))
    row.refresh_from_db()
    assert (row.closed_at is not None) == (row.state in DONE)
    assert (row.waiting_since is not None) == (row.state == "waiting")
    assert row.reopened == sum(before in ("settled", "closed") and after == "working" for before, after in way)


@pytest.mark.django_db(transaction=True)
def test_given_two_people_at_once_when_both_close_then_one_is_told_it_was_closed() -> None:
    alice = service.agent()
    row = service.ticket(alice)
    results: list[str] = []
    start = threading.Barrier(2)

    def close() -> None:
        start.wait()
        try:
            results.append(tickets.step(alice, row, "closed", resolution="好了").state)
        except Conflict:
            results.append("conflict")
        finally:
            connection.close()

    threads = [threading.Thread(target=close) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["closed", "conflict"]
    assert row.events.filter(kind="step").count() == 1


# -- due times -------------------------------------------------------------------------------------------------


def test_given_rules_then_the_nearest_category_counts_and_there_the_severity(alice: Any) -> None:
    above = service.category("delivery")
    below = service.category("late", above)
    other = service.category("other")
    minutes = {(None, None, ""): 1000, (above, None, ""): 500, (above, 3, ""): 100, (below, 4, "work_order"): 10}
    for (where, severity, kind), length in minutes.items():
        DueRule.objects.create(category=where, severity=severity, kind=kind, minutes=length)
    for where, severity, kind, length in (
        (None, 2, "complaint", 1000),
        (other, 3, "complaint", 1000),
        (above, 2, "complaint", 500),
        (below, 3, "work_order", 100),
        (below, 4, "work_order", 10),
        (below, 4, "complaint", 500),
    ):
        row = service.ticket(alice, category=where, severity=severity, kind=kind)
        assert row.due_at == row.created_at + timedelta(minutes=length), (where, severity, kind)
    with pytest.raises(IntegrityError, match="one_due_rule"), transaction.atomic():
        DueRule.objects.create(minutes=1)


def test_given_working_hours_then_friday_evenings_ticket_is_due_on_monday(alice: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    DueRule.objects.create(minutes=120, calendar=service.office_hours())
    at(monkeypatch, "2026-11-27 17:00")
    row = service.ticket(alice)
    assert row.due_at == datetime(2026, 11, 30, 10, tzinfo=SHANGHAI)
    at(monkeypatch, "2026-11-30 09:30")
    tickets.step(alice, row, "waiting")
    assert not selectors.tickets().filter(selectors.late(timezone.now())).exists()
    at(monkeypatch, "2026-12-01 09:30")  # nine working hours later
    assert tickets.step(alice, row, "working").due_at == datetime(2026, 12, 1, 10, tzinfo=SHANGHAI)
    at(monkeypatch, "2026-12-01 10:01")
    assert selectors.tickets().filter(selectors.late(timezone.now())).get() == row


def test_given_a_due_time_by_hand_then_no_rule_changes_it_until_it_is_taken_away(alice: Any) -> None:
    DueRule.objects.create(severity=4, minutes=30)
    DueRule.objects.create(minutes=600)
    by_hand = timezone.now() + timedelta(days=3)
    row = service.ticket(alice, due_at=by_hand)
    assert tickets.change_ticket(alice, row, {"severity": 4}).due_at == by_hand
    freed = tickets.change_ticket(alice, row, {"due_at": None})
    assert (freed.due_at, freed.due_by_hand) == (row.created_at + timedelta(minutes=30), False)
    assert tickets.change_ticket(alice, row, {"severity": 1}).due_at == row.created_at + timedelta(minutes=600)


def test_given_a_retired_category_then_it_is_given_to_no_new_ticket(alice: Any) -> None:
    old = service.category("old")
    row = service.ticket(alice, category=old)
    old.active = False
    old.save()
    with pytest.raises(ValidationError):
        service.ticket(alice, category=old)
    assert tickets.change_ticket(alice, row, {"category": old, "text": "还是坏的"}).text == "还是坏的"


# -- escalation ------------------------------------------------------------------------------------------------


def test_given_a_late_ticket_then_it_goes_up_level_by_level_once_each(alice: Any) -> None:
    lead, boss = person("lena", "lead"), person("boss", "admin")
    Escalation.objects.create(level=1, minutes=-30)
    Escalation.objects.create(level=2, minutes=60, to=boss, take_over=True, raise_severity=True)
    now = timezone.now()
    row = service.ticket(alice, due_at=now + timedelta(minutes=20))
    fine = service.ticket(alice, due_at=now + timedelta(minutes=40))
    waits = service.ticket(alice, due_at=now - timedelta(days=1))
    tickets.step(alice, waits, "waiting")
    assert (escalation.escalate(now), escalation.escalate(now)) == (1, 0)
    row.refresh_from_db()
    assert (row.escalation, row.owner, row.severity) == (1, None, 2)
    assert "lena" in row.events.get(kind="escalated").text
    assert Alarm.objects.get(kind="ticket", cleared_at=None).subject == row.number
    assert escalation.escalate(now + timedelta(minutes=81)) == 2  # the other reaches the first level
    row.refresh_from_db()
    assert (row.escalation, row.owner, row.severity) == (2, boss, 3)
    assert Ticket.objects.get(pk=fine.pk).escalation == 1
    assert Ticket.objects.get(pk=waits.pk).escalation == 0
    tickets.step(lead, row, "closed", resolution="已处理")
    assert not Alarm.objects.filter(subject=row.number, cleared_at=None).exists()
    assert tickets.step(lead, row, "working").escalation == 0
    assert AuditEntry.objects.filter(action="tickets.escalate", user=None, key=row.pk).count() == 2


def test_given_levels_for_severe_ones_only_then_others_are_left(alice: Any) -> None:
    Escalation.objects.create(level=1, minutes=0, least_severity=3)
    yesterday = timezone.now() - timedelta(days=1)
    mild, grave = (service.ticket(alice, due_at=yesterday, severity=severity) for severity in (2, 3))
    escalation.escalate(timezone.now())
    assert [Ticket.objects.get(pk=row.pk).escalation for row in (mild, grave)] == [0, 1]


# -- assignment, notes, follow-up calls ------------------------------------------------------------------------


def test_given_an_owner_when_assigned_then_events_and_audit_say_so(alice: Any) -> None:
    bob = service.agent("bob", "1002")
    row = tickets.assign(alice, service.ticket(alice), owner=bob)
    assert row.owner == bob
    assert row.events.get(kind="assigned").text == "bob"
    tickets.note(bob, row, " 已联系仓库 ")
    assert row.events.get(kind="note").text == "已联系仓库"
    with pytest.raises(ValidationError):
        tickets.note(bob, row, " ")
    tickets.step(bob, row, "closed", resolution="好了")
    with pytest.raises(Conflict):
        tickets.assign(alice, row, owner=alice)


def test_given_a_follow_up_call_when_its_time_comes_then_the_core_is_asked_for_it(alice: Any) -> None:
    row, now = service.ticket(alice), timezone.now()
    planned = outbound.plan(alice, row.customer, "问是否满意", ticket=row, due_at=now + timedelta(hours=2), queue="service")
    assert (planned.state, Request.objects.count()) == ("planned", 0)
    assert (outbound.release_due(now + timedelta(hours=1)), outbound.release_due(now + timedelta(hours=3))) == (0, 1)
    planned.refresh_from_db()
    asked = Request.objects.get()
    assert (planned.state, planned.request, str(planned.callback)) == ("released", asked.pk, asked.params["task"])
    assert (asked.action, asked.params["number"], asked.params["queue"]) == ("ReleaseTask", service.PHONE, "service")
    with pytest.raises(Conflict):
        outbound.cancel(alice, planned)
    assert row.events.filter(kind="call").count() == 1


def test_given_no_number_or_anothers_ticket_then_no_follow_up_is_planned(alice: Any) -> None:
    nobody = service.customer("李强", phone="")
    with pytest.raises(ValidationError, match="no number"):
        outbound.plan(alice, nobody, "x")
    with pytest.raises(ValidationError):
        outbound.plan(alice, nobody, "x", number="not one")
    with pytest.raises(ValidationError, match="another customer"):
        outbound.plan(alice, nobody, "x", number="13900001111", ticket=service.ticket(alice))
    late = outbound.plan(alice, nobody, "x", number="13900001111", due_at=timezone.now() + timedelta(days=1))
    assert outbound.cancel(alice, late).state == "cancelled"
    assert outbound.release_due(timezone.now() + timedelta(days=2)) == 0
    assert OutboundTask.objects.count() == 1
