"""The link to Asterisk breaks and comes back, Asterisk restarts, the core is restored: what is gone ends, what lives goes on."""

import pytest

from ccenter.acd import commands, events, facts
from ccenter.acd.config import ToAgent
from ccenter.acd.machine import Acd
from tests.acd import promises
from tests.acd.centre import Centre, config


def link_breaks(c: Centre) -> None:
    c.switch.linked = False
    c.feed(events.NodeDown("ast1"))


def link_is_back(c: Centre, *, restarted: bool = False) -> None:
    if restarted:
        c.switch.restarts()
    c.switch.linked = True
    c.send(c.switch.truth(restarted=restarted))
    promises.truth_agrees(c.acd, c.switch)


def test_given_talks_and_waiting_callers_when_the_link_breaks_and_is_back_then_all_goes_on(centre: Centre) -> None:
    centre.sign_in("1001")
    talking = centre.connected()
    waiting = [centre.calls_in("4001") for _ in range(3)]
    link_breaks(centre)
    centre.passes(5)
    link_is_back(centre)
    assert centre.switch.talks_with(talking) and not centre.told(facts.CallEnded)
    for caller in waiting:
        centre.hangs_up("1001")
        centre.ask(events.Ready, "1001")
        centre.answers("1001")
        assert centre.switch.talks_with(caller)  # in their old order
    assert [f.up for f in centre.told(facts.NodeChanged)] == [False, True]


def test_given_a_customer_on_hold_when_the_link_breaks_and_is_back_then_the_music_goes_on(centre: Centre) -> None:
    centre.sign_in("1001")
    caller = centre.connected()
    centre.ask(events.HoldCall, "1001")
    assert centre.switch.hears(caller) == {"music"}
    link_breaks(centre)
    link_is_back(centre)
    assert centre.switch.hears(caller) == {"music"}


def test_given_no_link_when_an_agent_becomes_ready_then_nothing_is_rung_until_it_is_back(centre: Centre) -> None:
    caller = centre.calls_in("4001")
    link_breaks(centre)
    centre.sign_in("1001")
    assert centre.state("1001") == "READY" and not centre.told(commands.Dial)
    link_is_back(centre)
    centre.answers("1001")
    assert centre.switch.talks_with(caller)


def test_given_a_caller_gone_while_nobody_looked_when_the_link_is_back_then_their_call_has_ended(centre: Centre) -> None:
    centre.sign_in("1001")
    caller = centre.connected()
    link_breaks(centre)
    centre.switch.ends(caller)
    link_is_back(centre)
    ended = centre.last(facts.CallEnded)
    assert (ended.by, ended.note, ended.outcome) == ("switch", "gone_unseen", "ANSWERED")
    assert not centre.phone("1001") and centre.state("1001") == "WRAP_UP"
    assert centre.last(facts.NodeChanged).lost == 1


def test_given_an_agent_gone_while_nobody_looked_when_the_link_is_back_then_the_caller_is_at_the_head(centre: Centre) -> None:
    centre.sign_in("1001")
    caller = centre.connected()
    link_breaks(centre)
    centre.switch.ends(centre.phone("1001"))
    link_is_back(centre)
    assert centre.last(facts.CallRequeued).reason == "agent_lost" and centre.switch.hears(caller) == {"music"}


def test_given_a_phone_answered_while_nobody_looked_when_the_link_is_back_then_they_talk(centre: Centre) -> None:
    centre.sign_in("1001")
    caller = centre.calls_in("4001")
    link_breaks(centre)
    centre.switch.answers(centre.phone("1001"))
    link_is_back(centre)
    assert centre.switch.talks_with(caller) == {centre.phone("1001")}


def test_given_a_number_answered_while_nobody_looked_when_the_link_is_back_then_they_talk(centre: Centre) -> None:
    centre.sign_in("1001")
    centre.ask(events.DialNumber, "1001", number="10086")
    centre.answers("1001")
    link_breaks(centre)
    centre.switch.answers(centre.line_to("10086"))
    link_is_back(centre)
    assert centre.switch.talks_with(centre.phone("1001")) == {centre.line_to("10086")}


def test_given_a_prompt_that_ended_while_nobody_looked_when_the_link_is_back_then_the_flow_goes_on(centre: Centre) -> None:
    caller = centre.calls_in("4000")
    link_breaks(centre)
    centre.switch.channels[caller].plays.clear()
    link_is_back(centre)
    assert centre.says(caller) == ("main-menu",)


def test_given_requests_without_a_link_when_it_is_back_then_the_switch_is_as_they_wanted(centre: Centre) -> None:
    centre.sign_in("1001", "1003")
    caller = centre.connected()
    link_breaks(centre)
    assert centre.ask(events.HoldCall, "1001") == ""
    link_is_back(centre)
    assert centre.switch.hears(caller) == {"music"}
    link_breaks(centre)
    assert centre.ask(events.ResumeCall, "1001") == ""
    link_is_back(centre)
    assert centre.switch.talks_with(caller) == {centre.phone("1001")}
    link_breaks(centre)
    assert centre.ask(events.TransferCall, "1001", target=ToAgent("1003")) == ""
    link_is_back(centre)
    assert centre.last(facts.TransferFailed).reason == "failed"  # 1003 never rang: back to the sender, as a new leg
    assert centre.phone("1001") and centre.switch.hears(caller) == {"music"}


def test_given_a_command_that_got_lost_when_the_link_is_back_then_a_leg_to_end_is_ended(centre: Centre) -> None:
    centre.sign_in("1001")
    caller = centre.connected()
    link_breaks(centre)
    centre.ask(events.HangUpCall, "1001")
    assert caller in centre.switch.channels
    link_is_back(centre)
    assert not centre.switch.channels and not centre.acd.legs


def test_given_legs_and_bridges_of_nobody_when_the_link_is_back_then_they_are_cleared(centre: Centre) -> None:
    link_breaks(centre)
    centre.switch.bridges["ast1-b77"] = None
    stray = centre.switch.comes_in()
    link_is_back(centre)
    assert stray not in centre.switch.channels and not centre.switch.bridges


def test_given_a_caller_who_came_while_nobody_looked_when_adopted_before_the_link_is_up_then_they_are_served(
    centre: Centre,
) -> None:
    centre.sign_in("1001")
    link_breaks(centre)
    caller = centre.switch.comes_in()
    centre.switch.linked = True
    centre.feed(events.CallOffered(caller, "+8613800000009", "4001", "demo"))
    link_is_back(centre)
    centre.answers("1001")
    assert centre.switch.talks_with(caller)


def test_given_calls_of_all_kinds_when_asterisk_restarts_then_they_end_saying_so_and_no_seat_is_stuck(centre: Centre) -> None:
    centre.sign_in("1001", "1002", "1003", "1004")
    centre.connected()
    centre.ask(events.DialNumber, "1002", number="1003")
    centre.answers("1002")
    centre.answers("1003")
    centre.calls_in("4001")
    waiting = centre.calls_in("4001")
    centre.calls_in("4000")
    centre.passes(16)
    assert centre.says(waiting)
    link_breaks(centre)
    link_is_back(centre, restarted=True)
    assert {f.note for f in centre.told(facts.CallEnded)} == {"switch_restarted"}
    assert [f.outcome for f in centre.told(facts.CallEnded)] == ["ANSWERED", "ANSWERED", "FAILED", "FAILED", "FAILED"]
    assert len(centre.told(facts.CallEnded)) == 5 == centre.last(facts.NodeChanged).lost
    assert not centre.acd.legs and not centre.told(commands.Dial)[4:]
    centre.passes(60)
    assert {centre.state(agent) for agent in ("1001", "1002", "1003", "1004")} == {"READY"}
    caller = centre.calls_in("4001")
    centre.answers(centre.last(facts.CallRouted).agent)
    assert centre.switch.talks_with(caller)


@pytest.mark.parametrize("connected", [True, False])
def test_given_another_node_down_when_callers_of_both_wait_then_those_of_the_living_one_are_served(connected: bool) -> None:
    """The head of the line is out of reach: who comes after is served."""
    c = Centre()
    far = "ast2-1.1"
    acd = c.acd
    acd.handle(events.CallOffered(far, "1", "4001", "demo"), c.now)
    acd.handle(events.NodeDown("ast2"), c.now)
    near = acd.handle(events.CallOffered("ast1-1.1", "2", "4001", "demo"), c.now)[0].call  # type: ignore[union-attr]
    out = acd.handle(events.SignIn("r", "x", "1001", "PJSIP/1001", True), c.now)
    assert [fact.call for fact in out if isinstance(fact, facts.CallRouted)] == [near]
    if connected:
        up = acd.handle(events.NodeUp("ast2", {far: "Up"}), c.now)
        assert not [fact for fact in up if isinstance(fact, facts.CallEnded)]


# -- snapshots -------------------------------------------------------------------------------------------------


def test_given_a_snapshot_when_restored_then_its_own_snapshot_is_the_same(centre: Centre) -> None:
    centre.sign_in("1001", "1003")
    centre.connected()
    centre.ask(events.ConsultWith, "1001", target=ToAgent("1003"))
    centre.calls_in("4000")
    centre.calls_in("4001")
    snapshot = centre.acd.snapshot()
    restored = Acd.restore(snapshot)
    assert restored.snapshot() == snapshot and restored.legs.keys() == centre.acd.legs.keys()
    assert restored.next_deadline() == centre.acd.next_deadline() and restored.config == centre.acd.config


def test_given_an_earlier_record_whose_state_is_lost_when_a_new_core_begins_then_its_numbers_go_on() -> None:
    acd = Acd(config(), seq=1000, counter=500)
    out = acd.handle(events.CallOffered("ast1-1.1", "1", "4001", "demo"), 1.0)
    started = next(x for x in out if isinstance(x, facts.CallStarted))
    assert (started.seq, started.call) == (1001, "c501")


def test_given_a_clock_that_goes_back_when_an_event_comes_then_time_stands_still(centre: Centre) -> None:
    centre.calls_in("4001")
    centre.now -= 3600
    centre.calls_in("4001")
    assert centre.told(facts.CallStarted)[-1].at == centre.told(facts.CallStarted)[0].at
