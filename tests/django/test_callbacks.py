"""Callbacks on record: what the facts say is what the core knows, and a caller it missed comes to it once."""

import random
from typing import Any

import msgspec
import pytest
from django.core.management import call_command

from ccenter.acd import events, facts
from tests.acd.centre import MONDAY_NOON, Centre, working

pytestmark = pytest.mark.django_db

NUMBERS = [f"+861380000000{n}" for n in range(5)]
LINES = ("4000", "4001", "4002", "4003", "4005", "4014")
AGENTS = ("1001", "1002", "1003", "1004")
RESULTS = ("done", "busy", "refused", "do_not_call", "no_answer")


def tell(told: list[facts.Fact]) -> None:
    """As the recorder does."""
    from ccenter.calls.recorder import parse, store

    store([parse(msgspec.json.encode(fact)) for fact in told])


def told(centre: Centre, since: int = 0) -> list[facts.Fact]:
    return [fact for fact in centre.out if isinstance(fact, facts.Fact) and fact.seq > since]


def known(centre: Centre) -> dict[str, tuple[Any, ...]]:
    """The open callbacks as the core has them."""
    return {
        e.id: (
            waits(str(e.state), e.due, centre),
            e.number,
            e.queue,
            e.kind,
            e.attempts,
            e.times,
            round(e.asked_at, 3),
            e.offered_to,
        )
        for e in centre.acd.world.state.callbacks.values()
    }


def on_record(centre: Centre) -> dict[str, tuple[Any, ...]]:
    from ccenter.calls.models import CallbackEntry

    found = {}
    for e in CallbackEntry.objects.filter(closed_at=None):
        state = waits(e.state, e.due_at.timestamp(), centre)
        asked_at = round(e.asked_at.timestamp(), 3)
        found[e.id] = (state, e.number, e.queue, e.kind, e.attempts, e.times_asked, asked_at, e.offered_to)
    return found


def waits(state: str, due: float, centre: Centre) -> str:
    """That the time of one has come is no fact."""
    return "WAITING" if state == "LATER" and due <= centre.now else state


def something_happens(c: Centre, dice: random.Random, turn: int) -> None:
    legs = list(c.switch.channels)
    agent, number = dice.choice(AGENTS), dice.choice(NUMBERS)
    owed = list(c.acd.world.state.callbacks) or ["k0"]
    match dice.randrange(14):
        case 0 | 1:
            c.calls_in(dice.choice(LINES), number)
        case 2 | 3 if legs:
            c.hangs_up(dice.choice(legs), dice.choice([16, 16, 17, 19]))
        case 4 | 5:
            ringing = [leg for leg, channel in c.switch.channels.items() if channel.state in ("dialling", "ringing")]
            if ringing:
                c.answers(dice.choice(ringing))
        case 6:
            c.passes(dice.choice([1.0, 5.0, 40.0, 700.0]))
        case 7:
            c.ask(events.NextCallback, agent)
        case 8:
            c.ask(events.CallbackResult, agent, callback=dice.choice(owed), result=dice.choice(RESULTS), at=None)
        case 9:
            c.ask(dice.choice([events.DialCallback, events.SkipCallback]), agent, callback=dice.choice(owed))
        case 10:
            c.ask(
                events.ReleaseTask,
                "",
                task=f"t{turn}",
                kind=dice.choice(["callback", "visit"]),
                number=number,
                queue="few",
                at=c.now,
            )
        case 11:
            source = dice.choice(["blocked", "last_resort"])
            c.send(events.CallerMissed(f"m{turn}", number, "4001", source, c.now - 100))
        case 12:
            c.ask(dice.choice([events.Ready, events.HangUpCall]), agent)
        case 13:
            if dice.random() < 0.2:
                c.ask(events.BarNumber, "", number=number, barred=dice.random() < 0.5)
            elif dice.random() < 0.3:
                c.ask(events.CloseCallback, "", callback=dice.choice(owed), reason="office")


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_given_a_wild_day_when_folded_in_batches_then_what_is_on_record_is_what_the_core_knows(seed: int) -> None:
    from ccenter.calls.models import Alarm, BarredNumber

    dice, seq = random.Random(seed), 0
    c = Centre(working(), careful=False)
    c.sign_in(*AGENTS)
    for turn in range(240):
        something_happens(c, dice, turn)
        if dice.random() < 0.3:
            batch = told(c, seq)
            tell(batch)
            seq = batch[-1].seq if batch else seq
            assert on_record(c) == known(c), turn
    tell(told(c, seq))
    assert on_record(c) == known(c)
    assert set(BarredNumber.objects.filter(barred=True).values_list("number", flat=True)) == set(c.acd.world.state.barred)
    assert not Alarm.objects.filter(kind="projection").exists()
    call_command("rebuild_projections", verbosity=0)
    assert on_record(c) == known(c)


def test_given_an_attempt_when_folded_then_who_rang_whom_when_and_what_came_of_it_is_there() -> None:
    from ccenter.calls.models import Call, CallbackAttempt, CallbackEntry

    at = MONDAY_NOON
    tell(
        [
            facts.CallbackOpened(1, at, "k1", NUMBERS[0], "abandoned", "callback", at, at, "sales", dnis="4001", label="TV1"),
            facts.CallStarted(2, at + 5, "c1", "", "out", "1001", NUMBERS[0], "", agent="1001", callback="k1"),
            facts.CallbackDialled(3, at + 8, "k1", "c1", "1001", 1, "4001"),
            facts.CallReached(4, at + 12, "c1", NUMBERS[0]),
        ]
    )
    row, attempt = CallbackEntry.objects.get(), CallbackAttempt.objects.get()
    assert (row.state, row.by, row.attempt, row.attempts, row.label) == ("TALKING", "1001", "c1", 1, "TV1")
    assert (attempt.at.timestamp(), attempt.reached_at.timestamp(), attempt.result) == (at + 8, at + 12, "")
    assert Call.objects.get().owed == "k1"
    tell([facts.CallEnded(5, at + 60, "c1", "ANSWERED", "customer", 16, "CONNECTED")])
    row.refresh_from_db()
    assert row.state == "RESULT"
    tell(
        [
            facts.CallbackResulted(6, at + 70, "k1", "1001", "busy", 1, "c1"),
            facts.CallbackDeferred(7, at + 70, "k1", at + 190, "busy"),
        ]
    )
    row.refresh_from_db()
    attempt.refresh_from_db()
    assert (row.state, row.result, row.due_at.timestamp(), row.reason) == ("LATER", "busy", at + 190, "busy")
    assert (attempt.result, attempt.resulted_at.timestamp()) == ("busy", at + 70)
    tell([facts.CallbackClosed(8, at + 99, "k1", "called_in", 1, "c2", "1002")])
    row.refresh_from_db()
    assert (row.state, row.closed_reason, row.closed_detail, row.closed_at.timestamp()) == (
        "CLOSED",
        "called_in",
        "1002",
        at + 99,
    )


def test_given_a_surge_when_folded_then_what_it_took_and_passed_is_counted_and_its_calls_are_marked() -> None:
    from ccenter.calls.models import Call, SurgeSpan

    at = MONDAY_NOON
    calls = [facts.CallStarted(n, at, f"c{n}", f"ast1-{n}.0", "in", NUMBERS[0], "4001", "demo") for n in (1, 2)]
    decided = [
        facts.SurgeDecided(4, at, "c1", "spot", 0.6, 0.3, 0.8, True, "share"),
        facts.SurgeDecided(5, at, "c2", "spot", 0.7, 0.4, 0.1, False, "share"),
    ]
    tell([*calls, facts.SurgeChanged(3, at, "spot", True, 0.6), *decided])
    span = SurgeSpan.objects.get()
    assert (span.taken, span.passed, span.use, span.highest, span.share, span.ended_at) == (1, 1, 0.7, 0.7, 0.4, None)
    assert dict(Call.objects.values_list("id", "surge")) == {"c1": "spot", "c2": ""}
    tell([facts.SurgeChanged(6, at + 60, "spot", False, 0.2, 1, 1), facts.SurgeChanged(7, at + 70, "spot", True, 0.9)])
    over, again = SurgeSpan.objects.all()
    assert (over.ended_at.timestamp(), over.taken, again.ended_at, again.use) == (at + 60, 1, None, 0.9)


def test_given_a_number_that_goes_from_one_callback_to_another_when_folded_in_one_batch_then_both_rows_are_right() -> None:
    from ccenter.calls.models import CallbackEntry

    at = MONDAY_NOON
    one, two = NUMBERS[:2]
    tell(
        [
            facts.CallbackOpened(1, at, "k1", one, "abandoned", "callback", at, at, "sales"),
            facts.CallbackOpened(2, at, "k2", two, "abandoned", "callback", at, at, "sales"),
        ]
    )
    tell(
        [
            facts.CallbackDeferred(3, at + 1, "k1", at + 9, "busy"),
            facts.CallbackClosed(4, at + 2, "k2", "office", 0),
            facts.CallbackAsked(5, at + 3, "k1", "asked", "sales", 2, two),
            facts.CallbackOpened(6, at + 4, "k3", one, "abandoned", "callback", at, at, "sales"),
        ]
    )
    assert dict(CallbackEntry.objects.filter(closed_at=None).values_list("id", "number")) == {"k1": two, "k3": one}


# -- what the core is told ---------------------------------------------------------------------------------------


def test_given_a_missed_caller_when_told_then_they_are_not_told_again_and_the_core_owes_them_a_call() -> None:
    from uuid import UUID

    from ccenter.calls import missed
    from ccenter.calls.models import MissedCaller
    from ccenter.calls.numbers import normalise
    from ccenter.calls.projections.book import moment

    ident = UUID(int=7)
    for _ in range(2):
        assert missed.keep(ident, "blocked", normalise("13800000001"), moment(MONDAY_NOON), "4001", "zh")
    assert not missed.keep(UUID(int=8), "blocked", normalise("anonymous"), moment(MONDAY_NOON))
    (caller,) = missed.untold()
    assert caller == events.CallerMissed(str(ident), NUMBERS[1], "4001", "blocked", MONDAY_NOON, "zh")
    c = Centre(working(), MONDAY_NOON + 60, careful=False)
    c.send(caller)
    missed.told([caller.missed])
    assert missed.untold() == [] and MissedCaller.objects.get().told_at is not None
    tell(told(c))
    assert [row[1:3] for row in on_record(c).values()] == [(NUMBERS[1], "")]


def test_given_a_core_that_lost_its_memory_when_told_what_is_on_record_then_it_owes_the_same_calls() -> None:
    from ccenter.calls import missed

    first = Centre(working(), careful=False)
    for number in NUMBERS[:3]:
        first.hangs_up(first.calls_in("4002", number))
        first.passes(5)
    first.ask(events.ReleaseTask, "", task="t1", kind="visit", number=NUMBERS[3], queue="few", at=first.now + 900)
    first.ask(events.BarNumber, "", number=NUMBERS[4], barred=True)
    tell(told(first))
    places = {row[1]: row[6] for row in on_record(first).values()}

    second = Centre(working(), first.now + 10, careful=False)
    second.acd.world.state.seq = first.acd.world.state.seq + 1000
    for request in missed.owed():
        second.send(request)
    assert {e.number: round(e.asked_at, 3) for e in second.acd.world.state.callbacks.values() if e.kind == "callback"} == {
        number: at for number, at in places.items() if number != NUMBERS[3]
    }
    assert second.acd.world.state.callbacks["t1"].state == "LATER"
    assert list(second.acd.world.state.barred) == [NUMBERS[4]]
    tell(told(second))
    from ccenter.calls.models import CallbackEntry

    assert set(CallbackEntry.objects.values_list("source", flat=True)) == {"abandoned", "task"}
    assert on_record(second).keys() == known(second).keys()


def test_given_missed_callers_when_the_cti_server_reads_them_then_each_is_told_once_and_done_with_once_it_is_on_disk() -> None:
    from uuid import UUID

    from ccenter.calls import missed
    from ccenter.calls.models import MissedCaller
    from ccenter.calls.numbers import normalise
    from ccenter.calls.projections.book import moment
    from ccenter.stasis.inbox import Inbox, Told

    heard: list[events.CallerMissed] = []
    disk = ["full", "there", "there"]

    def synced() -> None:
        if disk.pop(0) == "full":
            raise OSError("no space")

    def nothing(*_: Any) -> None:
        return

    inbox = Inbox("", "ast1", Told(nothing, nothing, nothing, nothing, heard.extend, synced), [], False)
    for n in (1, 2):
        missed.keep(UUID(int=n), "last_resort", normalise(f"1380000000{n}"), moment(MONDAY_NOON + n))
    inbox._read_missed()
    inbox._read_missed()
    assert [one.ani for one in heard] == NUMBERS[1:3], (
        "who called first comes first, and nobody twice while the core has not answered"
    )
    inbox.taken.append(heard[0].missed)
    with pytest.raises(OSError, match="no space"):
        inbox._read_missed()
    assert not MissedCaller.objects.exclude(told_at=None).exists()
    inbox._read_missed()
    assert list(MissedCaller.objects.exclude(told_at=None).values_list("number", flat=True)) == [NUMBERS[1]]
    assert len(heard) == 2
