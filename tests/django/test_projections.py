"""The fold: the same rows, however the facts arrive, and what they say of a call."""

import random
from typing import Any

import pytest
from django.core.management import call_command

pytestmark = pytest.mark.django_db

TABLES = (
    "Call", "CallAgent", "CallOffer", "Recording", "Voicemail", "AgentStatus", "AgentStateSpan", "AgentDay", "Monitoring",
    "TrunkChannel", "CallbackEntry", "CallbackAttempt", "BarredNumber", "SurgeSpan", "SurveyAnswer",
)  # fmt: skip


def rows() -> dict[str, Any]:
    """All folded rows, in a form that can be compared."""
    from ccenter.calls import models

    return {name: sorted(getattr(models, name).objects.values_list(), key=repr) for name in TABLES}


def empty() -> None:
    from ccenter.calls import models

    for name in (*TABLES, "Fact", "Alarm"):
        getattr(models, name).objects.all().delete()


def record(day: list[Any], sizes: Any) -> dict[str, Any]:
    import msgspec

    from ccenter.calls.recorder import parse, store

    empty()
    left = [parse(msgspec.json.encode(fact)) for fact in day]
    while left:
        size = sizes()
        store(left[:size])
        left = left[size:]
    return rows()


def play(**options: Any) -> list[Any]:
    from tests.django.centre_day import Day

    return [fact for _, _, facts in Day(**options).entries() for fact in facts]


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.slow
def test_given_a_day_when_folded_one_by_one_in_batches_or_anew_then_the_rows_are_the_same(seed: int) -> None:
    day = play(seed=seed, calls=25)
    dice = random.Random(seed)
    alone = record(day, lambda: 1)
    batches = record(day, lambda: dice.choice([1, 2, 7, 50, 500]))
    assert batches == alone
    call_command("rebuild_projections", batch=dice.choice([1, 37, 5000]), verbosity=0)
    assert rows() == alone


def test_given_a_wild_day_when_folded_then_nothing_is_poison_and_every_call_has_one_outcome() -> None:
    from ccenter.calls.models import Alarm, Call, CallOffer, Fact

    day = play(seed=11, calls=150)
    record(day, lambda: 100)
    assert Fact.objects.count() == len(day)
    assert not Alarm.objects.filter(kind="projection").exists()
    assert not Call.objects.exclude(state="ENDED").exists()
    assert not Call.objects.filter(outcome="").exists()
    assert not CallOffer.objects.filter(result="").exists()
    assert not CallOffer.objects.filter(ended_at=None).exists()


def test_given_a_wild_day_when_folded_then_times_of_a_call_are_in_order_and_spans_fit_together() -> None:
    from ccenter.calls.models import AgentStateSpan, Call

    record(play(seed=5, calls=80), lambda: 64)
    for call in Call.objects.all():
        times = [t for t in (call.started_at, call.queued_at, call.offered_at, call.connected_at, call.ended_at) if t]
        if call.direction == "in" and len(times) == 5:
            assert times == sorted(times), call.id
        assert [step["at"] for step in call.steps] == sorted(step["at"] for step in call.steps)
    spans: dict[str, Any] = {}
    for span in AgentStateSpan.objects.order_by("seq"):
        if before := spans.get(span.agent):
            assert abs((span.started_at - before.ended_at).total_seconds()) < 0.002
        spans[span.agent] = span
    assert spans


def test_given_an_answered_call_when_folded_then_its_row_tells_the_whole_story() -> None:
    from ccenter.calls import history
    from ccenter.calls.models import Call

    record(play(seed=7, calls=30, wild=False), lambda: 100)
    call = Call.objects.filter(outcome="ANSWERED", dnis="4001", number="+8613800138000", queued_at__isnull=False).first()
    assert call is not None
    assert (call.province, call.city, call.label, call.trunk, call.direction) == ("北京市", "北京市", "TV1", "demo", "in")
    assert [step["step"] for step in call.steps][:4] == ["node", "key", "node", "queue"]
    assert call.answered_by and call.answered_by == call.agent
    assert call.connected_at and call.queued_at and call.ended_at
    assert call.waited == pytest.approx((call.connected_at - call.queued_at).total_seconds(), abs=0.01)
    assert call.talked == pytest.approx((call.ended_at - call.connected_at).total_seconds(), abs=0.01)
    whole = history.whole_call(call)
    taken = [offer for offer in whole["offers"] if offer["result"] == "connected"]
    assert [offer["agent"] for offer in taken] == [call.answered_by]
    assert taken[0]["why"]["strategy"] == "longest_idle"
    assert taken[0]["why"]["candidates"][0][0] == call.answered_by
    assert whole["recordings"][0].state == "raw"
    assert whole["steps"][-1]["step"] == "end" and whole["steps"][0]["seconds"] > 0


def test_given_a_fold_that_raises_when_recorded_then_the_fact_is_kept_and_an_alarm_counts(monkeypatch: Any) -> None:
    from ccenter.acd import facts
    from ccenter.calls.models import Alarm, Call, Fact
    from ccenter.calls.projections.book import FOLDS

    def broken(book: Any, fact: Any) -> None:
        raise ZeroDivisionError("no such day")

    day = play(seed=2, calls=10)
    monkeypatch.setitem(FOLDS, facts.CallQueued, broken)
    record(day, lambda: 50)
    alarm = Alarm.objects.get(kind="projection")
    assert (alarm.subject, alarm.count) == ("CallQueued", sum(isinstance(f, facts.CallQueued) for f in day))
    assert "ZeroDivisionError" in alarm.text
    assert Fact.objects.count() == len(day)
    assert not Call.objects.exclude(state="ENDED").exists()


def test_given_a_day_when_folded_then_whoever_was_promised_a_call_is_owed_one_and_no_number_is_owed_two() -> None:
    from ccenter.acd import facts
    from ccenter.calls.models import CallbackEntry

    day = play(seed=1, calls=100)
    promised = {f.number for f in day if isinstance(f, facts.CallbackPromised) and f.number}
    assert promised
    record(day, lambda: 100)
    entries = list(CallbackEntry.objects.all())
    assert promised <= {entry.number for entry in entries}
    still = [entry.number for entry in entries if entry.closed_at is None]
    assert len(set(still)) == len(still)
    opened = {f.callback for f in day if isinstance(f, facts.CallbackOpened)}
    closed = {f.callback for f in day if isinstance(f, facts.CallbackClosed)}
    assert {entry.id for entry in entries if entry.closed_at is None} == opened - closed


def test_given_rows_a_converter_and_a_listener_wrote_when_rebuilt_then_they_stay() -> None:
    from django.utils import timezone

    from ccenter.calls.models import Recording, Voicemail

    record(play(seed=1, calls=60), lambda: 100)
    Recording.objects.filter(state="raw").update(file="a.opus", sha256="x", converted_at=timezone.now(), seconds=3.0)
    heard = Voicemail.objects.first()
    assert heard is not None
    Voicemail.objects.filter(pk=heard.pk).update(heard_at=timezone.now())
    before = rows()
    call_command("rebuild_projections", verbosity=0)
    assert rows() == before


def test_given_a_lost_phone_a_lead_and_a_line_when_folded_then_the_rows_say_what_holds_now() -> None:
    from ccenter.acd import facts
    from ccenter.calls.models import AgentStatus, Call, Monitoring

    at = 1_800_000_000.0

    def tell(*told: facts.Fact) -> Any:
        import msgspec

        from ccenter.calls.recorder import parse, store

        store([parse(msgspec.json.encode(fact)) for fact in told])
        return Call.objects.get(id="c1")

    call = tell(
        facts.CallStarted(1, at, "c1", "ast1-1.0", "in", "13800138000", "4001", "demo"),
        facts.CallQueued(2, at + 1, "c1", "sales", 0, 1),
        facts.CallOfferedTo(3, at + 2, "c1", "1001", "ast1-l1", "sales"),
        facts.OfferEnded(4, at + 9, "c1", "1001", "no_answer", 7.0),
        facts.CallRequeued(5, at + 9, "c1", "sales", "no_answer"),
    )
    assert call.waiting_since.timestamp() == at + 1  # it kept its place
    call = tell(
        facts.CallConnected(6, at + 10, "c1", "1001", "sales", 9.0, 1.0), facts.SeatAllows(7, at + 10, "1001", ("HoldCall",))
    )
    assert call.waiting_since is None and AgentStatus.objects.get(agent="1001").allows == ["HoldCall"]
    call = tell(
        facts.MonitorStarted(8, at + 11, "c1", "1001", "1000", "listen", "lead"),
        facts.MonitorChanged(9, at + 12, "c1", "1001", "1000", "barge", "lead"),
        facts.AgentAway(10, at + 13, "c1", "1001"),
    )
    assert (call.state, call.away) == ("HELD", True)
    assert Monitoring.objects.get().modes == ["listen", "barge"]
    call = tell(
        facts.AgentBack(11, at + 14, "c1", "1001", "ast1-l9", False, 1.0),
        facts.Forced(12, at + 15, "1001", "lead", "hang_up", "c1"),
    )
    assert (call.state, call.away) == ("CONNECTED", False)
    call = tell(
        facts.AgentAway(20, at + 15, "c1", "1002"),  # a colleague beside them: the customer talks on
        facts.PartyLeft(21, at + 15, "c1", "agent:1002"),
    )
    assert (call.state, call.away) == ("CONNECTED", False)
    call = tell(
        facts.AgentAway(13, at + 16, "c1", "1001"),
        facts.MonitorEnded(14, at + 46, "c1", "1001", "1000", "agent_left"),
        facts.MonitorEnded(15, at + 46, "c1", "1001", "1000", "no_answer"),
        facts.CallRequeued(16, at + 46, "c1", "sales", "agent_lost"),
    )
    assert (call.state, call.away, call.waiting_since.timestamp()) == ("QUEUED", False, at + 46)
    watch = Monitoring.objects.get()
    assert (watch.supervisor, watch.by, watch.mode, watch.reason) == ("1000", "lead", "barge", "agent_left")
    way = "queue requeue talk away back forced away left away requeue"
    assert [step["step"] for step in call.steps] == way.split()
    assert tell(facts.QueueLeft(17, at + 50, "c1", "sales", "1", 4.0)).waiting_since is None
