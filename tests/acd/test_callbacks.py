"""Nobody is lost: who reached no agent is owed one call, is called in their turn, and what comes of it is done by rule."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from ccenter.acd import callback, events, facts
from ccenter.acd.callback import Callback, CallbackState, CallbackTrigger
from ccenter.acd.config import Calendar, CallbackRules, Config, ToQueue
from ccenter.acd.machine import Acd
from tests.acd import promises
from tests.acd.centre import CALLER, MONDAY_NOON, Centre, config, working

OTHER = "+8613800000002"
AGENT_FIRST, CALLER_FIRST = CallbackRules("progressive"), CallbackRules("progressive", first="caller")


def with_rules(rules: CallbackRules, base: Config | None = None, **settings: Any) -> Centre:
    """All queues call back by these rules."""
    base = base or working()
    queues = {code: replace(queue, callbacks=rules) for code, queue in base.queues.items()}
    return Centre(replace(base, queues=queues, settings=replace(base.settings, **settings)))


def owed(c: Centre, number: str = CALLER) -> Callback:
    return next(entry for entry in c.acd.world.state.callbacks.values() if entry.number == number)


def gives_up(c: Centre, ani: str = CALLER, dnis: str = "4002", after: float = 1.0) -> Callback:
    """Somebody who waits for nobody, and hangs up."""
    leg = c.calls_in(dnis, ani)
    c.passes(after)
    c.hangs_up(leg)
    return owed(c, ani)


def release(c: Centre, task: str = "t1", number: str = CALLER, at: float | None = None, agent: str = "", **more: Any) -> str:
    fields = {"kind": "follow_up", "queue": "support", **more}
    return c.ask(events.ReleaseTask, agent, task=task, number=number, at=c.now if at is None else at, **fields)


# -- the table -------------------------------------------------------------------------------------------------


def test_given_the_table_then_every_cell_is_there_and_a_closed_one_never_moves() -> None:
    assert list(callback.TRANSITIONS) == list(CallbackState)
    for row in callback.TRANSITIONS.values():
        assert list(row) == list(CallbackTrigger)
    assert set(callback.TRANSITIONS[CallbackState.CLOSED].values()) == {None}


# -- who is owed a call ----------------------------------------------------------------------------------------


def voicemail(c: Centre) -> None:
    leg = c.calls_in("4012")
    c.listens(leg)
    c.switch.finishes_message(leg, 8.0)
    c.settle()
    c.listens(leg)


def closed(c: Centre) -> None:
    leg = c.calls_in("4000")
    c.listens(leg)
    c.now += 10 * 3600
    c.presses(leg, "4")
    c.listens(leg, 2)


def asks(c: Centre) -> None:
    leg = c.calls_in("4002")
    c.presses(leg, "3")
    c.stores()
    c.listens(leg)


WAYS = {
    "abandoned": lambda c: c.hangs_up(c.calls_in("4002")),
    "menu": lambda c: c.hangs_up(c.calls_in("4000")),
    "voicemail": voicemail,
    "closed": closed,
    "asked": asks,
    "failed": lambda c: (c.switch.ends(c.calls_in("4002"), 0, "switch_restarted"), c.settle()),
    "blocked": lambda c: c.send(events.CallerMissed("m1", CALLER, "4002", "blocked", c.now - 30)),
    "last_resort": lambda c: c.send(events.CallerMissed("m2", CALLER, "4002", "last_resort", c.now - 30)),
}


@pytest.mark.parametrize("source", WAYS)
def test_given_a_caller_who_reached_nobody_then_they_are_owed_one_call_with_why_and_what_for(centre: Centre, source: str) -> None:
    began = centre.now
    WAYS[source](centre)
    opened = centre.last(facts.CallbackOpened)
    assert (opened.number, opened.source, opened.kind) == (CALLER, source, "callback")
    assert opened.dnis in ("4000", "4002", "4012") and opened.asked_at <= began
    assert len(centre.acd.world.state.callbacks) == 1 and owed(centre).state == "WAITING"


def test_given_a_caller_who_was_served_or_has_no_number_then_nothing_is_owed(centre: Centre) -> None:
    centre.hangs_up(centre.talking())
    centre.hangs_up(centre.calls_in("4002", ""))
    assert not centre.told(facts.CallbackOpened)


def test_given_a_number_that_owes_less_when_its_callers_give_up_then_only_what_it_owes_is_noted() -> None:
    base = config()
    c = Centre(replace(base, numbers={**base.numbers, "4000": replace(base.numbers["4000"], owes=("voicemail",))}))
    c.hangs_up(c.calls_in("4000"))
    assert not c.acd.world.state.callbacks


def test_given_one_who_is_owed_a_call_when_they_ring_in_and_give_up_again_then_it_is_one_callback_at_the_first_place(
    centre: Centre,
) -> None:
    first = gives_up(centre, dnis="4002")
    asked_at, ident = first.asked_at, first.id
    centre.passes(300)
    leg = centre.calls_in("4001")
    assert owed(centre).state == "ON_LINE" and centre.call_of(leg).entered == asked_at
    centre.hangs_up(leg)
    again = owed(centre)
    assert (again.id, again.asked_at, again.times, again.queue, again.state) == (ident, asked_at, 2, "sales", "WAITING")


def test_given_one_who_is_owed_a_call_when_they_ring_in_then_they_are_before_who_waits_and_an_answer_closes_it(
    centre: Centre,
) -> None:
    gives_up(centre)
    centre.passes(60)
    waits = centre.calls_in("4002", OTHER)
    centre.passes(60)
    again = centre.calls_in("4002")
    centre.sign_in("1003")
    centre.answers("1003")
    centre.listens(again)
    assert centre.together(again) == {"1003"} and centre.call_of(waits).state == "QUEUED"
    centre.hangs_up(again)
    assert (centre.last(facts.CallbackClosed).reason, centre.last(facts.CallbackClosed).detail) == ("called_in", "1003")


def test_given_a_promise_when_the_disk_fails_and_an_agent_answers_then_the_callback_is_closed(centre: Centre) -> None:
    leg = centre.calls_in("4002")
    centre.presses(leg, "3")
    centre.stores(failed=True)
    centre.sign_in("1003")
    centre.answers("1003")
    centre.listens(leg)
    centre.hangs_up(leg)
    assert centre.last(facts.CallbackClosed).reason == "called_in"


def test_given_a_promise_to_another_number_then_that_one_is_called() -> None:
    centre = Centre()
    leg = centre.calls_in("4002")
    centre.call_of(leg).variables["callback_number"] = "13900000009"
    centre.presses(leg, "3")
    assert centre.last(facts.CallbackPromised).number == "13900000009"
    assert owed(centre, "13900000009").state == "ON_LINE", "noted before the disk is asked, and before it is spoken"
    centre.stores()
    centre.listens(leg)
    assert [entry.number for entry in centre.acd.world.state.callbacks.values()] == ["13900000009"]


@pytest.mark.parametrize("number", [CALLER, OTHER])
def test_given_a_task_when_its_customer_is_sent_on_and_asks_for_a_callback_then_both_are_done(number: str) -> None:
    c = Centre()
    release(c, customer="7")
    c.sign_in("1003")
    c.ask(events.DialCallback, "1003", callback="t1")
    c.answers("1003")
    leg = c.answers(CALLER)
    c.ask(events.TransferCall, "1003", target=ToQueue("support"))
    c.call_of(leg).variables["callback_number"] = number
    c.ask(events.NotReady, "1003", reason="lunch")
    c.presses(leg, "3")
    c.stores()
    c.listens(leg)
    assert not c.acd.world.busy and c.acd.world.state.callbacks["t1"].state == "RESULT"
    promised = next(entry for entry in c.acd.world.state.callbacks.values() if entry.id != "t1")
    assert (promised.number, promised.state, bool(promised.line)) == (number, "WAITING", True)
    c.passes(120)
    assert (c.last(facts.CallbackClosed).callback, c.last(facts.CallbackClosed).reason) == ("t1", "done")


def test_given_a_missed_caller_when_told_twice_then_it_counts_once(centre: Centre) -> None:
    for _ in range(2):
        centre.send(events.CallerMissed("m1", CALLER, "4001", "blocked", centre.now - 60))
    assert owed(centre).times == 1 and owed(centre).asked_at == centre.now - 60


@pytest.mark.parametrize("how", ["missed", "by_web", "other_number"])
def test_given_a_talk_that_waits_for_its_result_when_they_ask_again_then_they_are_called_again(how: str) -> None:
    c = Centre()
    first = gives_up(c)
    c.sign_in("1003")
    c.ask(events.NextCallback, "1003")
    c.answers("1003")
    c.answers(CALLER)
    c.hangs_up(CALLER)
    assert first.state == "RESULT"
    if how == "missed":
        c.send(events.CallerMissed("m1", CALLER, "4002", "blocked", c.now))
    elif how == "by_web":
        assert release(c, "w1", kind="callback") == ""
    else:
        leg = c.calls_in("4002", OTHER)
        c.call_of(leg).variables["callback_number"] = CALLER
        c.presses(leg, "3")
        c.stores()
        c.listens(leg)
    assert (c.last(facts.CallbackResulted).result, c.last(facts.CallbackClosed).callback) == ("done", first.id)
    c.passes(120)
    assert owed(c).id != first.id and owed(c).state == "WAITING"


@pytest.mark.parametrize("owed_before", [False, True])
def test_given_a_caller_whom_the_last_resort_thanks_then_they_are_not_rung_before_it_has_spoken(owed_before: bool) -> None:
    c = Centre()
    if owed_before:
        gives_up(c)
    c.send(events.CallerMissed("m1", CALLER, "4001", "last_resort", c.now - 1))
    c.sign_in("1002")
    assert owed(c).state == "LATER" and c.ask(events.NextCallback, "1002") == "no_callback"
    c.passes(14)
    assert owed(c).state == "WAITING" and c.ask(events.NextCallback, "1002") == ""


# -- pull, preview, progressive --------------------------------------------------------------------------------


def test_given_callbacks_when_an_agent_asks_for_the_next_then_the_earliest_is_dialled_agent_first() -> None:
    c = Centre()
    gives_up(c)
    c.passes(10)
    gives_up(c, OTHER)
    c.sign_in("1003")
    assert not c.phone("1003"), "pulled, not pushed"
    assert c.ask(events.NextCallback, "1003") == ""
    c.answers("1003")
    assert c.line_to(CALLER) and not c.line_to(OTHER)
    c.answers(CALLER)
    assert c.together(c.line_to(CALLER)) == {"1003"} and owed(c).state == "TALKING"
    c.hangs_up(CALLER)
    assert owed(c).state == "RESULT" and c.state("1003") == "WRAP_UP"
    assert c.ask(events.CallbackResult, "1003", callback=owed(c).id, result="done") == ""
    assert c.last(facts.CallbackClosed).reason == "done" and c.last(facts.CallbackClosed).attempts == 1


def test_given_no_callback_for_this_agent_when_they_ask_then_it_is_refused(centre: Centre) -> None:
    centre.sign_in("1001")
    gives_up(centre, dnis="4002")
    assert centre.ask(events.NextCallback, "1001") == "no_callback"  # support is not theirs


def test_given_a_talk_without_a_result_when_time_has_passed_then_it_counts_as_done() -> None:
    c = with_rules(AGENT_FIRST)
    gives_up(c)
    c.sign_in("1003")
    c.answers("1003")
    c.answers(CALLER)
    c.hangs_up(CALLER)
    c.passes(120)
    assert c.last(facts.CallbackClosed).reason == "done"


def test_given_preview_when_an_agent_is_idle_then_it_is_shown_and_dialled_when_accepted() -> None:
    c = with_rules(CallbackRules("preview"))
    entry = gives_up(c)
    c.sign_in("1003", "1002")
    assert c.last(facts.CallbackPresented).agent == "1003" and c.state("1003") == "READY"
    assert len(c.told(facts.CallbackPresented)) == 1
    assert c.ask(events.DialCallback, "1002", callback=entry.id) == "being_called"
    assert c.ask(events.DialCallback, "1003", callback=entry.id) == ""
    c.answers("1003")
    assert c.line_to(CALLER)


def test_given_preview_when_the_agent_skips_it_then_it_is_left_alone_for_a_while_and_comes_again() -> None:
    c = with_rules(CallbackRules("preview"))
    entry = gives_up(c)
    c.sign_in("1003")
    assert c.ask(events.SkipCallback, "1003", callback=entry.id) == ""
    assert entry.id not in c.acd.world.presented.values()
    c.passes(60)
    assert c.acd.world.presented == {"1003": entry.id}


def test_given_preview_when_the_agent_does_not_look_then_another_sees_it_and_they_are_taken_out() -> None:
    c = with_rules(CallbackRules("preview"))
    gives_up(c)
    c.sign_in("1003", "1002")
    c.passes(30)
    assert c.reason("1003") == "missed_calls" and list(c.acd.world.presented) == ["1002"]


def test_given_preview_when_a_call_comes_for_the_agent_then_the_callback_is_withdrawn_at_its_place() -> None:
    c = with_rules(CallbackRules("preview"))
    entry = gives_up(c)
    c.sign_in("1003")
    c.calls_in("4002", OTHER)
    assert c.phone("1003") and entry.state == "WAITING" and entry.line


def test_given_progressive_agent_first_when_an_agent_is_free_then_their_phone_rings_and_then_the_customers() -> None:
    c = with_rules(AGENT_FIRST)
    gives_up(c, dnis="4001")
    c.sign_in("1001")
    assert c.phone("1001") and not c.line_to(CALLER)
    c.answers("1001")
    assert c.switch.channels[c.line_to(CALLER)].state == "dialling"
    c.answers(CALLER)
    assert c.together(c.line_to(CALLER)) == {"1001"}
    assert c.last(facts.CallRouted).strategy == "callback"


def test_given_progressive_caller_first_when_the_customer_answers_then_the_agent_kept_free_is_rung_and_they_hear_what_it_is() -> (
    None
):
    c = with_rules(CALLER_FIRST)
    gives_up(c, dnis="4001")
    c.sign_in("1001")
    assert c.line_to(CALLER) and not c.phone("1001") and c.state("1001") == "RESERVED"
    waits = c.calls_in("4001", OTHER)
    assert c.call_of(waits).state == "QUEUED", "the agent is kept for who was promised"
    leg = c.answers(CALLER)
    assert c.switch.hears(leg) == {"music"}
    c.answers("1001")
    assert c.says(leg) == ("callback-greeting",)
    c.listens(leg)
    assert c.together(leg) == {"1001"}


@pytest.mark.parametrize("how", ["signs_out", "declines", "misses"])
def test_given_caller_first_when_the_agent_goes_before_they_talk_then_the_customer_is_first_for_the_next(how: str) -> None:
    c = with_rules(CALLER_FIRST)
    gives_up(c, dnis="4001")
    c.passes(60)
    c.sign_in("1001")
    if how == "signs_out":
        c.ask(events.SignOut, "1001")
    elif how == "declines":
        assert c.ask(events.HangUpCall, "1001") == ""
    leg = c.answers(CALLER)
    if how == "misses":
        c.hangs_up("1001", 19)
        c.ask(events.SignOut, "1001")
    assert c.call_of(leg).state == "QUEUED" and c.switch.hears(leg) == {"music"}
    c.calls_in("4001", OTHER)
    c.sign_in("1004")
    c.answers("1004")
    c.listens(leg)
    assert c.together(leg) == {"1004"}


def test_given_caller_first_when_nobody_answers_then_the_agent_is_free_again_and_it_is_tried_later() -> None:
    c = with_rules(CALLER_FIRST)
    entry = gives_up(c, dnis="4001")
    c.sign_in("1001")
    c.passes(35)
    assert c.state("1001") == "READY" and entry.state == "LATER" and entry.results == {"no_answer": 1}


# -- whose turn ------------------------------------------------------------------------------------------------


def test_given_several_callbacks_when_agents_come_then_the_earlier_asked_is_called_first_within_a_priority() -> None:
    c = with_rules(AGENT_FIRST)
    numbers = [f"+861380000001{i}" for i in range(4)]
    for number in numbers:
        gives_up(c, number, "4001")
        c.passes(5)
    gives_up(c, "+8613800000099", "4009")  # a queue of a priority worth five minutes
    c.sign_in("1001")
    order = []
    for _ in range(5):
        c.answers("1001")
        order.append(c.last(facts.CallbackDialled).callback)
        number = c.acd.world.state.callbacks[order[-1]].number
        c.answers(number)
        c.hangs_up(number)
        c.ask(events.Ready, "1001")
    opened = {f.callback: f.number for f in c.told(facts.CallbackOpened)}
    assert [opened[ident] for ident in order] == ["+8613800000099", *numbers]


@pytest.mark.parametrize(
    ("rule", "earlier", "served"),
    [
        ("by_age", "callback", "callback"),
        ("by_age", "caller", "caller"),
        ("callers_first", "callback", "caller"),
        ("callbacks_first", "caller", "callback"),
    ],
)
def test_given_a_callback_and_a_waiting_caller_when_an_agent_is_free_then_the_rule_says_who_is_served(
    rule: Any, earlier: str, served: str
) -> None:
    c = with_rules(CallbackRules("progressive", against_callers=rule))
    if earlier == "caller":
        c.calls_in("4001", OTHER)
        c.passes(10)
    gives_up(c, dnis="4001")
    if earlier == "callback":
        c.passes(10)
        c.calls_in("4001", OTHER)
    c.sign_in("1001")
    c.answers("1001")
    assert bool(c.line_to(CALLER)) == (served == "callback")


@pytest.mark.parametrize("first", ["agent", "caller"])
def test_given_one_who_asked_while_waiting_when_their_turn_comes_then_they_are_called_with_the_place_they_had(first: Any) -> None:
    c = with_rules(CallbackRules(in_turn=True, first=first))
    leg = c.calls_in("4001")
    c.passes(5)
    c.calls_in("4001", OTHER)
    c.presses(leg, "3")
    c.stores()
    c.listens(leg)
    c.sign_in("1001")
    if first == "agent":
        c.answers("1001")
    assert c.line_to(CALLER), "before who came later and stayed"


@pytest.mark.parametrize("how", ["gives_up", "missed"])
def test_given_one_who_asked_while_waiting_when_they_ring_in_again_then_they_are_still_called_by_themselves(how: str) -> None:
    c = with_rules(CallbackRules(in_turn=True))
    leg = c.calls_in("4001")
    c.presses(leg, "3")
    c.stores()
    c.listens(leg)
    c.passes(60)
    if how == "gives_up":
        gives_up(c, dnis="4001")
    else:
        c.send(events.CallerMissed("m1", CALLER, "4001", "blocked", c.now))
    assert c.last(facts.CallbackAsked).source == owed(c).source == "asked"
    c.sign_in("1001")
    assert c.phone("1001")


def test_given_pull_when_somebody_only_gave_up_then_in_turn_is_not_for_them() -> None:
    c = with_rules(CallbackRules(in_turn=True))
    gives_up(c, dnis="4001")
    c.sign_in("1001")
    assert not c.phone("1001")


# -- admission -------------------------------------------------------------------------------------------------


def test_given_lines_kept_for_callers_when_only_those_are_free_then_no_callback_is_dialled_until_another_is() -> None:
    base = working()
    base = replace(base, trunks={"demo": replace(base.trunks["demo"], capacity=3, kept=2)})
    c = with_rules(AGENT_FIRST, base)
    gives_up(c, dnis="4001")
    other = c.calls_in("4008", OTHER)
    c.sign_in("1001")
    assert not c.phone("1001")
    c.hangs_up(other)
    assert c.phone("1001")


def test_given_a_number_that_no_trunk_carries_when_it_is_first_then_the_others_are_not_kept_waiting() -> None:
    base = working()
    base = replace(base, trunks={"demo": replace(base.trunks["demo"], prefixes=("+86",))})
    c = with_rules(AGENT_FIRST, base)
    gives_up(c, "+12125550100", "4001")
    gives_up(c, CALLER, "4001")
    c.sign_in("1001")
    c.answers("1001")
    assert c.line_to(CALLER) and c.last(facts.CallbackDeferred).reason == "no_route"


def test_given_thousands_of_numbers_that_no_trunk_carries_when_they_are_first_then_the_next_is_called() -> None:
    base = working()
    c = Centre(replace(base, trunks={"demo": replace(base.trunks["demo"], prefixes=("+86",))}), careful=False)
    for i in range(1500):
        c.acd.handle(events.CallerMissed(f"m{i}", f"+121255{i:05}", "4001", "blocked", c.now - 60), c.now)
    c.acd.handle(events.CallerMissed("m", CALLER, "4001", "blocked", c.now), c.now)
    c.acd.handle(events.SignIn("r", "x", "1001", "PJSIP/1001", True), c.now)
    assert [call.dial_to for call in c.acd.world.state.calls.values()] == [CALLER]


def test_given_a_number_on_the_list_then_it_is_not_called_unless_they_asked_for_it_themselves(centre: Centre) -> None:
    entry = gives_up(centre)
    assert centre.ask(events.BarNumber, "", number=CALLER) == ""
    assert centre.last(facts.CallbackClosed).reason == "do_not_call" and entry.state == "CLOSED"
    gives_up_again = centre.calls_in("4002")
    centre.hangs_up(gives_up_again)
    assert not centre.acd.world.state.callbacks
    assert release(centre) == "do_not_call"
    asks(centre)
    assert owed(centre).state == "WAITING"
    centre.ask(events.BarNumber, "", number=CALLER, barred=False)
    assert release(centre) == ""


def test_given_a_survey_when_there_is_no_consent_then_it_is_refused(centre: Centre) -> None:
    assert release(centre, kind="survey") == "no_consent"
    assert release(centre, kind="survey", consent=True) == ""


def test_given_a_survey_that_waits_when_the_consent_is_withdrawn_then_it_is_closed_and_what_needs_none_stays(
    centre: Centre,
) -> None:
    release(centre, "t1", kind="survey", consent=True)
    release(centre, "t2", OTHER)
    for task in ("t1", "t2"):
        assert centre.ask(events.WithdrawConsent, "", callback=task) == ""
    assert list(centre.acd.world.state.callbacks) == ["t2"]
    assert (centre.last(facts.CallbackClosed).callback, centre.last(facts.CallbackClosed).reason) == ("t1", "no_consent")
    assert centre.ask(events.WithdrawConsent, "", callback="t1") == "no_such_callback"


def test_given_a_survey_under_way_when_the_consent_is_withdrawn_then_that_attempt_is_the_last() -> None:
    c = with_rules(replace(CALLER_FIRST, retries={"busy": (60.0, 60.0)}))
    c.sign_in("1003")
    release(c, kind="survey", consent=True)
    assert owed(c).state == "DIALLING"
    assert c.ask(events.WithdrawConsent, "", callback="t1") == ""
    assert owed(c).state == "DIALLING"
    c.hangs_up(CALLER, 17)
    assert c.last(facts.CallbackClosed).reason == "no_consent"
    assert [fact.result for fact in c.told(facts.CallbackResulted)] == ["busy"]


def test_given_one_who_asked_for_a_callback_when_a_consent_is_withdrawn_then_they_are_called_all_the_same(centre: Centre) -> None:
    asks(centre)
    entry = owed(centre)
    assert centre.ask(events.WithdrawConsent, "", callback=entry.id) == ""
    assert owed(centre).state == "WAITING"


def test_given_a_customer_on_the_line_when_something_else_is_owed_to_them_then_it_waits_till_they_are_off_it() -> None:
    c = with_rules(AGENT_FIRST)
    c.sign_in("1001", "1003")
    caller = c.connected("1001", "4001")
    release(c)
    assert not c.phone("1003"), "they are talking with us"
    c.hangs_up(caller)
    assert c.phone("1003")


def test_given_two_tasks_of_one_customer_with_two_numbers_then_they_are_called_one_after_the_other() -> None:
    c = with_rules(AGENT_FIRST)
    c.sign_in("1002", "1003")
    release(c, "t1", CALLER, customer="7")
    release(c, "t2", OTHER, customer="7")
    phones = [agent for agent in ("1002", "1003") if c.phone(agent)]
    assert len(phones) == 1
    c.answers(phones[0])
    c.hangs_up(CALLER, 1)
    assert c.last(facts.CallbackClosed).reason == "wrong_number"
    assert any(c.phone(agent) for agent in ("1002", "1003") if agent not in phones)


def test_given_an_attempt_when_its_customer_rings_in_then_it_is_given_up_and_the_call_has_their_place() -> None:
    c = with_rules(CALLER_FIRST)
    entry = gives_up(c, dnis="4001")
    c.sign_in("1001")
    assert c.line_to(CALLER)
    leg = c.calls_in("4001")
    assert not c.line_to(CALLER) and entry.state == "ON_LINE"
    c.answers("1001")
    assert c.together(leg) == {"1001"}


def test_given_the_last_attempt_when_its_customer_rings_in_then_the_call_has_their_place() -> None:
    c = with_rules(replace(CALLER_FIRST, most_attempts=1))
    entry = gives_up(c, dnis="4001")
    c.passes(60)
    c.sign_in("1001")
    leg = c.calls_in("4001")
    assert (entry.state, entry.attempts, entry.results) == ("ON_LINE", 1, {})
    assert c.call_of(leg).entered == entry.asked_at


def test_given_an_owed_number_when_an_agent_dials_it_then_it_is_the_callback_and_nobody_else_dials_it() -> None:
    c = Centre()
    entry = gives_up(c)
    c.sign_in("1001", "1003")
    assert c.ask(events.DialNumber, "1001", number=CALLER) == ""
    assert entry.state == "DIALLING"
    assert c.ask(events.DialNumber, "1003", number=CALLER) == "being_called"
    assert c.ask(events.DialCallback, "1003", callback=entry.id) == "being_called"


def test_given_a_customer_who_is_being_called_when_an_agent_dials_their_other_number_then_it_is_refused() -> None:
    c = with_rules(CallbackRules())
    release(c, "k", CALLER, customer="7", kind="callback")
    release(c, "t1", OTHER, customer="7")
    c.sign_in("1002", "1003")
    assert c.ask(events.DialCallback, "1003", callback="t1") == ""
    assert c.ask(events.DialNumber, "1002", number=CALLER) == "being_called"
    c.send(events.SeatDialled(c.switch.comes_in(), "PJSIP/1002", CALLER, "PJSIP/1002-1"))
    assert owed(c).state == "WAITING" and len(c.acd.world.state.calls) == 1


# -- hours -----------------------------------------------------------------------------------------------------


def hours_centre(now: float, week: tuple[tuple[int, int], ...] = ((540, 1080),)) -> Centre:
    base = working()
    base = replace(base, calendars={**base.calendars, "calling": Calendar("calling", (week,) * 7)})
    queues = {code: replace(q, callbacks=replace(AGENT_FIRST, calendar="calling")) for code, q in base.queues.items()}
    return Centre(replace(base, queues=queues), now)


def at(zone: str, text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


@pytest.mark.parametrize(
    ("zone", "week", "asked", "opens", "number"),
    [
        ("Asia/Shanghai", ((540, 1080),), "2026-03-02 20:00", "2026-03-03 09:00", CALLER),
        ("America/New_York", ((540, 1080),), "2026-03-07 20:00", "2026-03-08 09:00", "+12125550100"),  # an hour was skipped
        ("America/New_York", ((540, 1080),), "2026-10-31 20:00", "2026-11-01 09:00", "+12125550100"),  # an hour was twice
        ("America/New_York", ((150, 200),), "2026-03-08 01:50", "2026-03-08 03:00", "+12125550100"),  # 02:30 does not exist
        ("Asia/Shanghai", ((0, 60), (540, 1080)), "2026-03-02 23:59", "2026-03-03 00:00", CALLER),
    ],
)
def test_given_a_callback_outside_allowed_hours_then_it_is_dialled_when_they_open_on_the_customers_clock(
    zone: str, week: Any, asked: str, opens: str, number: str
) -> None:
    c = hours_centre(at(zone, asked), week)
    gives_up(c, number, "4001")
    c.sign_in("1001")
    assert not c.phone("1001")
    entry = owed(c, number)
    assert c.ask(events.DialCallback, "1001", callback=entry.id) == "outside_hours"
    c.passes(at(zone, opens) - c.now - 1)
    assert not c.phone("1001")
    c.passes(1)
    assert c.phone("1001")


@pytest.mark.parametrize("how", ["by_itself", "asked", "by_hand"])
def test_given_hours_that_end_while_the_agents_phone_rings_then_they_are_not_rung_but_by_an_agent_who_dials_them(
    how: str,
) -> None:
    c = hours_centre(at("Asia/Shanghai", "2026-03-02 17:59:49" if how != "by_hand" else "2026-03-02 18:00:00"))
    entry = gives_up(c, dnis="4001")
    c.sign_in("1001", ready=how == "by_itself")
    if how == "asked":
        assert c.ask(events.DialCallback, "1001", callback=entry.id) == ""
    elif how == "by_hand":
        assert c.ask(events.DialNumber, "1001", number=CALLER) == ""
    c.passes(10)
    c.answers("1001")
    assert bool(c.line_to(CALLER)) == (how == "by_hand")
    if how != "by_hand":
        assert (entry.state, entry.attempts, c.last(facts.CallbackReturned).reason) == ("WAITING", 0, "outside_hours")
        assert not c.phone("1001")


def test_given_a_number_put_on_the_list_while_the_agents_phone_rings_then_it_is_not_rung() -> None:
    c = with_rules(AGENT_FIRST)
    gives_up(c, dnis="4001")
    c.sign_in("1001")
    c.ask(events.BarNumber, "", number=CALLER)
    c.answers("1001")
    assert not c.line_to(CALLER) and c.last(facts.CallbackClosed).reason == "do_not_call"


def test_given_hours_that_end_at_midnight_when_it_is_midnight_then_nobody_is_dialled() -> None:
    c = hours_centre(at("Asia/Shanghai", "2026-03-02 23:59:50"), ((540, 1440),))
    gives_up(c, dnis="4001", after=9)
    c.passes(1)
    c.sign_in("1001")
    assert not c.phone("1001")


def test_given_two_zones_when_one_sleeps_then_the_other_is_called_though_asked_later() -> None:
    c = hours_centre(MONDAY_NOON)  # night in New York
    gives_up(c, "+12125550100", "4001")
    gives_up(c, CALLER, "4001")
    c.sign_in("1001")
    c.answers("1001")
    assert c.line_to(CALLER)


# -- results ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("cause", "result"), [(17, "busy"), (19, "no_answer"), (38, "failed"), (21, "busy")])
def test_given_an_attempt_that_did_not_reach_them_then_it_is_tried_again_by_the_rule_of_its_result(
    cause: int, result: str
) -> None:
    c = with_rules(replace(CALLER_FIRST, retries={result: (30.0, 60.0)}))
    entry = gives_up(c, dnis="4001")
    c.sign_in("1001")
    for seconds in (30.0, 60.0):
        c.hangs_up(CALLER, cause)
        c.passes(seconds - 1)
        assert not c.line_to(CALLER) and c.state("1001") == "READY"
        c.passes(1)
        assert c.line_to(CALLER)
    c.hangs_up(CALLER, cause)
    assert (c.last(facts.CallbackClosed).reason, entry.attempts) == (result, 3)


def test_given_a_trunk_that_is_dead_when_it_is_there_again_then_no_attempt_was_used_up() -> None:
    c = with_rules(replace(CALLER_FIRST, most_attempts=1))
    entry = gives_up(c, dnis="4001")
    c.sign_in("1001")
    for _ in range(3):
        c.switch.ends(c.line_to(CALLER), 27, "no_contact")
        c.settle()
        assert (entry.state, entry.attempts, entry.results) == ("LATER", 0, {})
        assert c.last(facts.CallbackDeferred).reason == "no_trunk" and c.state("1001") == "READY"
        c.passes(59)
        assert not c.line_to(CALLER)
        c.passes(1)
    c.answers(CALLER)
    c.answers("1001")
    assert c.last(facts.CallbackDialled).attempt == 1


def test_given_many_results_of_different_kinds_when_all_attempts_are_used_then_it_is_closed() -> None:
    c = with_rules(replace(CALLER_FIRST, most_attempts=2))
    gives_up(c, dnis="4001")
    c.sign_in("1001")
    c.hangs_up(CALLER, 17)
    c.passes(120)
    c.hangs_up(CALLER, 19)
    assert c.last(facts.CallbackClosed).reason == "attempts"


@pytest.mark.parametrize("result", ["wrong_number", "refused", "done", "do_not_call"])
def test_given_a_talk_when_the_agent_says_it_is_settled_then_it_is_closed_with_that_reason(result: str) -> None:
    c = with_rules(AGENT_FIRST)
    entry = gives_up(c, dnis="4001")
    c.sign_in("1001")
    c.answers("1001")
    c.answers(CALLER)
    assert c.ask(events.CallbackResult, "1001", callback=entry.id, result=result) == ""
    c.hangs_up(CALLER)
    assert c.last(facts.CallbackClosed).reason == result
    assert (CALLER in c.acd.world.state.barred) == (result == "do_not_call")


def test_given_a_talk_when_the_customer_wants_to_be_called_at_a_time_then_they_are_then() -> None:
    c = with_rules(AGENT_FIRST)
    entry = gives_up(c, dnis="4001")
    c.sign_in("1001")
    c.answers("1001")
    c.answers(CALLER)
    c.ask(events.CallbackResult, "1001", callback=entry.id, result="later", at=c.now + 1000)
    c.hangs_up(CALLER)
    c.ask(events.Ready, "1001")
    c.passes(999)
    assert not c.phone("1001")
    c.passes(1)
    assert c.phone("1001")


def test_given_an_agent_who_does_not_answer_when_a_callback_rings_them_then_it_was_no_attempt() -> None:
    c = with_rules(AGENT_FIRST)
    entry = gives_up(c, dnis="4001")
    c.sign_in("1001")
    c.hangs_up("1001", 17)
    assert (entry.state, entry.attempts, c.last(facts.CallbackReturned).agent) == ("WAITING", 0, "1001")
    c.sign_in("1004")
    assert c.phone("1004")


@pytest.mark.parametrize("words", ["", "please-call-us"])
def test_given_detection_when_a_machine_answers_then_it_is_treated_by_rule_and_the_agent_is_free(words: str) -> None:
    c = with_rules(replace(CALLER_FIRST, detect=True, on_machine=words))
    entry = gives_up(c, dnis="4001")
    c.sign_in("1001")
    leg = c.answers(CALLER)
    assert not c.phone("1001"), "first it is found out who answered"
    c.send(events.AnswerJudged(leg, "machine"))
    assert c.state("1001") == "READY"
    if words:
        assert c.listens(leg) == (words,)
    assert leg not in c.switch.channels and entry.results == {"machine": 1}


@pytest.mark.parametrize("by", ["human", "unknown", ""])
def test_given_detection_when_it_is_no_machine_or_nobody_says_then_the_agent_is_rung(by: Any) -> None:
    c = with_rules(replace(CALLER_FIRST, detect=True))
    gives_up(c, dnis="4001")
    c.sign_in("1001")
    leg = c.answers(CALLER)
    if by:
        c.send(events.AnswerJudged(leg, by))
    else:
        c.passes(4)
    assert c.phone("1001")


def test_given_a_callback_when_it_is_dialled_then_a_number_of_ours_is_shown_the_one_they_called() -> None:
    c = with_rules(replace(CALLER_FIRST, caller_id="+15550000"))  # not ours
    gives_up(c, dnis="4001")
    c.sign_in("1001")
    assert c.last(facts.CallbackDialled).shown == "4001"


def test_given_a_callback_that_nobody_works_off_when_a_week_has_passed_then_it_is_closed_with_that_reason(centre: Centre) -> None:
    gives_up(centre)
    centre.passes(7 * 86400)
    assert centre.last(facts.CallbackClosed).reason == "expired"


def test_given_a_talk_when_the_customer_wants_to_be_called_after_a_week_then_they_are() -> None:
    c = with_rules(AGENT_FIRST)
    entry = gives_up(c, dnis="4001")
    c.sign_in("1001")
    c.answers("1001")
    c.answers(CALLER)
    c.ask(events.CallbackResult, "1001", callback=entry.id, result="later", at=c.now + 8 * 86400)
    c.hangs_up(CALLER)
    c.passes(8 * 86400)
    assert c.phone("1001")


@pytest.mark.parametrize("how", ["gives_up", "missed", "by_web"])
def test_given_one_who_asks_again_at_the_end_of_the_week_then_they_have_a_week_more(centre: Centre, how: str) -> None:
    gives_up(centre)
    centre.passes(6.9 * 86400)
    if how == "gives_up":
        gives_up(centre)
    elif how == "missed":
        centre.send(events.CallerMissed("m1", CALLER, "4002", "blocked", centre.now))
    else:
        release(centre, "w1", kind="callback")
    centre.passes(6.9 * 86400)
    assert owed(centre).state == "WAITING"
    centre.passes(0.2 * 86400)
    assert centre.last(facts.CallbackClosed).reason == "expired"


# -- tasks -----------------------------------------------------------------------------------------------------


def test_given_a_task_when_released_again_and_again_then_it_is_exactly_one_call() -> None:
    c = with_rules(AGENT_FIRST)
    for _ in range(2):
        assert release(c) == ""
    c.sign_in("1003")
    c.answers("1003")
    release(c)
    c.answers(CALLER)
    c.hangs_up(CALLER)
    c.ask(events.CallbackResult, "1003", callback="t1", result="done")
    c.acd = Acd.restore(c.acd.snapshot())
    assert release(c) == ""
    assert len([f for f in c.told(facts.CallStarted) if f.callback == "t1"]) == 1 and not c.acd.world.state.callbacks


def test_given_a_follow_up_of_an_agent_when_it_is_due_then_they_see_it_and_after_a_while_anybody_may_call() -> None:
    c = with_rules(CallbackRules())
    c.sign_in("1003", "1002")
    release(c, at=c.now + 100, agent="1003")
    assert not c.acd.world.presented
    c.passes(100)
    assert c.acd.world.presented == {"1003": "t1"}
    c.ask(events.NotReady, "1003", reason="lunch")
    assert c.ask(events.NextCallback, "1002") == "no_callback"
    c.passes(900)
    assert c.ask(events.NextCallback, "1002") == ""


def test_given_a_follow_up_whose_agent_does_not_answer_the_phone_when_a_while_has_passed_then_anybody_may_call() -> None:
    c = with_rules(CallbackRules())
    c.sign_in("1003", "1002")
    release(c, agent="1003")
    assert c.ask(events.DialCallback, "1003", callback="t1") == ""
    c.hangs_up("1003", 19)
    c.ask(events.NotReady, "1003", reason="lunch")
    c.passes(899)
    assert c.ask(events.NextCallback, "1002") == "no_callback"
    c.passes(1)
    assert c.ask(events.NextCallback, "1002") == ""


def test_given_a_survey_by_machine_when_it_is_due_then_it_calls_and_asks_and_no_agent_is_needed() -> None:
    c = with_rules(CallbackRules())
    release(c, kind="survey", flow="rating", consent=True)
    leg = c.answers(CALLER)
    assert c.says(leg) == ("rate-us",)
    c.presses(leg, "2")
    assert c.last(facts.KeyChosen).key == "2"
    c.listens(leg)
    assert c.last(facts.CallbackClosed).reason == "done" and c.last(facts.CallEnded).outcome == "SELF_SERVED"


def test_given_surveys_by_machine_when_there_are_many_then_only_so_many_are_called_at_once() -> None:
    c = with_rules(CallbackRules(), machine_calls=2)
    for i in range(5):
        release(c, f"t{i}", f"+86138000001{i:02}", kind="survey", flow="rating", consent=True)
    assert len(c.acd.world.machines) == 2
    c.hangs_up("+8613800000100", 17)
    assert len(c.acd.world.machines) == 2


def test_given_a_queue_with_a_survey_when_the_agent_hangs_up_then_the_customer_is_asked() -> None:
    c = Centre(working())
    c.sign_in("1003")
    caller = c.connected("1003", "4002")
    c.ask(events.HangUpCall, "1003")
    assert c.says(caller) == ("rate-us",) and c.state("1003") == "WRAP_UP"
    c.presses(caller, "1")
    c.listens(caller)
    assert c.last(facts.CallEnded).outcome == "ANSWERED"


@pytest.mark.parametrize(
    ("more", "reason"),
    [({"number": "x"}, "bad_number"), ({"task": ""}, "bad_request"), ({"flow": "none"}, "unknown_target")],
)
def test_given_a_task_that_cannot_be_done_then_it_is_refused_with_the_reason(centre: Centre, more: Any, reason: str) -> None:
    assert release(centre, **more) == reason


def test_given_the_office_when_it_closes_a_callback_then_it_is_closed_unless_they_are_being_called() -> None:
    c = Centre()
    entry = gives_up(c)
    assert c.ask(events.CloseCallback, "", callback=entry.id, reason="cancelled") == ""
    assert c.ask(events.CloseCallback, "", callback=entry.id, reason="cancelled") == "no_such_callback"


# -- the whole -------------------------------------------------------------------------------------------------


def test_given_thousands_of_callbacks_when_one_is_decided_then_the_others_are_not_looked_at() -> None:
    """Counted, not timed: a line's head is taken without touching the rest."""
    c = Centre(working(), careful=False)
    for i in range(3000):
        c.acd.handle(events.CallerMissed(f"m{i}", f"+861390{i:06}", "4001", "blocked", c.now - i), c.now)
    looked = 0

    class Counting(dict[str, Callback]):
        def __getitem__(self, key: str) -> Callback:
            nonlocal looked
            looked += 1
            return super().__getitem__(key)

    c.acd.world.state.callbacks = Counting(c.acd.world.state.callbacks)
    c.acd.handle(events.SignIn("r", "x", "1001", "PJSIP/1001", True), c.now)
    started = list(c.acd.world.state.calls.values())
    assert [call.dial_to for call in started] == ["+861390002999"] and looked < 20


def test_given_a_crash_in_the_middle_of_everything_when_restored_then_all_is_as_it_was() -> None:
    c = with_rules(CALLER_FIRST)
    gives_up(c, dnis="4001")
    gives_up(c, OTHER, "4001")
    c.sign_in("1001")
    release(c, at=c.now + 50)
    acd = Acd.restore(c.acd.snapshot())
    assert acd.snapshot() == c.acd.snapshot()
    promises.check(acd)
