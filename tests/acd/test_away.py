"""A browser's phone goes with its page: what callers hear meanwhile, and how the same call comes back."""

import pytest

from ccenter.acd import commands, events, facts
from ccenter.acd.config import ToAgent, ToNumber
from ccenter.acd.machine import Acd
from tests.acd.centre import Centre, web


def talking(c: Centre, *others: str) -> str:
    """A caller and 1001, who sits at a browser; others are ready, at browsers too. The caller's leg."""
    c.sign_in_by_browser("1001")
    caller = c.connected()
    c.sign_in_by_browser(*others)
    return caller


def lost(c: Centre, how: str = "socket", agent: str = "1001") -> None:
    """The page is closed: Asterisk sees its socket close, or only that nothing is heard any more (the phone is there anew)."""
    if how == "socket":
        c.registers(agent, False)
    else:
        c.hangs_up(agent, 44)


def back(c: Centre, agent: str = "1001") -> str:
    """The page is there again, and its phone answers by itself."""
    c.registers(agent)
    return c.answers(agent)


# -- signing in ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ready", [False, True])
def test_given_a_browser_when_signed_in_then_the_seat_waits_for_its_phone_to_register(centre: Centre, ready: bool) -> None:
    assert centre.ask(events.SignIn, "1001", endpoint=web("1001"), ready=ready) == ""
    assert centre.state("1001") == "NOT_READY" and not centre.last(facts.PhoneStateChanged).online
    assert centre.ask(events.Ready, "1001") == "phone_offline"
    caller = centre.calls_in()
    assert centre.call_of(caller).state == "QUEUED"
    centre.registers("1001")
    assert centre.state("1001") == ("RESERVED" if ready else "NOT_READY")


# -- lost and back ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["socket", "silence"])
def test_given_a_talk_when_the_page_is_lost_and_back_then_the_same_call_is_back(centre: Centre, how: str) -> None:
    caller = talking(centre)
    call, old = centre.call_of(caller), centre.phone("1001")
    lost(centre, how)
    assert centre.switch.hears(caller) == {"music"} and centre.state("1001") == "TALKING"
    assert centre.last(facts.AgentAway).call == call.id and old not in centre.switch.channels
    if how == "socket":
        centre.passes(20)
        new = back(centre)
    else:
        new = centre.answers("1001")  # was rung at once: the phone is registered, as far as anybody knows
    assert centre.told(commands.Dial)[-1] == commands.Dial(new, web("1001"), call.ani, call.id, caller, True, call.ani)
    assert centre.switch.talks_with(caller) == {new} != {old}
    came = centre.last(facts.AgentBack)
    assert (came.call, came.agent, came.leg, came.held) == (call.id, "1001", new, False)
    assert came.away == (20.0 if how == "socket" else 0.0)
    centre.hangs_up(caller)
    assert centre.state("1001") == "WRAP_UP" and len(centre.told(facts.CallConnected)) == 1


def test_given_a_talk_when_the_agent_hangs_up_in_the_browser_then_it_is_over(centre: Centre) -> None:
    caller = talking(centre)
    centre.hangs_up("1001")
    assert caller not in centre.switch.channels and not centre.told(facts.AgentAway)


@pytest.mark.parametrize("cause", [0, 16, 31, 38, 44])
def test_given_a_phone_known_to_be_lost_before_its_leg_ends_whatever_the_cause_then_the_call_waits(
    centre: Centre, cause: int
) -> None:
    """The leg ends by itself just when we end it."""
    caller = talking(centre)
    leg = centre.phone("1001")
    centre.feed(events.PhoneChanged(web("1001"), False))
    centre.switch.flight.clear()
    centre.send(events.LegEnded(leg, cause))
    assert centre.switch.hears(caller) == {"music"} and len(centre.told(facts.AgentAway)) == 1
    back(centre)
    assert centre.together(caller) == {"1001"}


def test_given_a_held_customer_when_the_page_is_back_then_they_are_still_on_hold(centre: Centre) -> None:
    caller = talking(centre)
    centre.ask(events.HoldCall, "1001")
    lost(centre)
    assert centre.ask(events.ResumeCall, "1001") == "away"
    back(centre)
    assert centre.switch.hears(caller) == {"music"} and centre.last(facts.AgentBack).held
    assert centre.ask(events.ResumeCall, "1001") == "" and centre.together(caller) == {"1001"}


def test_given_a_reload_that_nobody_saw_when_the_new_page_asks_then_the_call_rings_there(centre: Centre) -> None:
    caller = talking(centre)
    assert centre.ask(events.Reconnect, "1001") == ""
    centre.answers("1001")
    assert centre.together(caller) == {"1001"} and len(centre.told(facts.AgentBack)) == 1


def test_given_a_desk_phone_or_no_call_when_a_page_asks_for_its_line_then_there_is_none(centre: Centre) -> None:
    centre.talking()
    centre.sign_in_by_browser("1002")
    assert centre.ask(events.Reconnect, "1001") == centre.ask(events.Reconnect, "1002") == "no_call"


def test_given_a_phone_that_is_rung_and_lost_again_when_it_is_back_then_it_is_rung_once_more(centre: Centre) -> None:
    caller = talking(centre)
    lost(centre)
    centre.registers("1001")
    lost(centre)
    assert not centre.phone("1001")
    back(centre)
    assert centre.together(caller) == {"1001"} and len(centre.told(facts.AgentAway)) == 1


def test_given_a_phone_that_refuses_the_call_back_when_the_page_is_there_anew_then_it_has_the_call(centre: Centre) -> None:
    caller = talking(centre)
    lost(centre)
    centre.registers("1001")
    centre.hangs_up("1001", 21)
    assert centre.switch.hears(caller) == {"music"}
    centre.ask(events.Reconnect, "1001")
    centre.answers("1001")
    assert centre.together(caller) == {"1001"}


def test_given_a_phone_that_did_not_take_the_call_back_when_a_moment_has_passed_then_it_is_rung_again(centre: Centre) -> None:
    caller = talking(centre)
    lost(centre)
    centre.registers("1001")
    for _ in range(3):
        centre.hangs_up("1001", 20)
        assert not centre.phone("1001") and centre.switch.hears(caller) == {"music"}
        centre.passes(2)
    centre.answers("1001")
    centre.passes(5)
    assert centre.together(caller) == {"1001"} and len(centre.told(facts.AgentBack)) == 1


def test_given_a_phone_that_is_rung_for_its_call_when_its_hold_key_is_pressed_then_nothing_changes(centre: Centre) -> None:
    caller = talking(centre)
    lost(centre)
    centre.registers("1001")
    centre.send(events.LegHeld(centre.phone("1001"), False))
    assert centre.switch.hears(caller) == {"music"}


def test_given_an_agent_who_signs_out_in_mid_call_when_their_phone_is_taken_away_then_they_talk_on(centre: Centre) -> None:
    caller = talking(centre)
    centre.ask(events.SignOut, "1001")
    centre.registers("1001", False)
    assert centre.together(caller) == {"1001"} and not centre.told(facts.AgentAway)
    centre.hangs_up("1001")
    assert centre.told(facts.CallEnded) and centre.state("1001") == "WRAP_UP"
    centre.passes(30)
    assert centre.state("1001") == "LOGGED_OUT"


def test_given_a_desk_phone_when_it_dies_in_mid_call_then_the_caller_goes_back_to_the_head_at_once(centre: Centre) -> None:
    centre.talking()
    centre.hangs_up("1001", 44)
    assert centre.last(facts.CallRequeued).reason == "agent_lost" and not centre.told(facts.AgentAway)


def test_given_a_desk_phone_that_is_not_seen_in_mid_call_then_the_talk_goes_on(centre: Centre) -> None:
    caller = centre.talking()
    centre.send(events.PhoneChanged("PJSIP/1001", False))
    assert centre.together(caller) == {"1001"}


def test_given_a_line_gone_while_nobody_looked_when_the_link_is_back_then_a_browser_is_rung_again(centre: Centre) -> None:
    caller = talking(centre)
    centre.switch.linked = False
    centre.send(events.NodeDown("ast1"))
    centre.switch.ends(centre.phone("1001"))
    centre.switch.linked = True
    centre.send(centre.switch.truth())
    centre.answers("1001")
    assert centre.together(caller) == {"1001"}


def test_given_a_call_back_lost_with_the_link_when_it_is_there_again_then_it_is_rung_again(centre: Centre) -> None:
    caller = talking(centre)
    lost(centre)
    centre.switch.linked = False
    centre.send(events.NodeDown("ast1"))
    centre.registers("1001")
    centre.switch.linked = True
    centre.send(centre.switch.truth())
    centre.passes(2)
    centre.answers("1001")
    assert centre.together(caller) == {"1001"}


def test_given_a_snapshot_of_a_version_that_knew_no_browsers_when_restored_then_a_lost_page_is_waited_for(centre: Centre) -> None:
    talking(centre)
    snapshot = centre.acd.snapshot()
    del snapshot["agents"]["1001"]["web"]
    out = Acd.restore(snapshot).handle(events.PhoneChanged(web("1001"), False), centre.now)
    assert any(isinstance(fact, facts.AgentAway) for fact in out)


# -- not back --------------------------------------------------------------------------------------------------


def test_given_an_agent_who_does_not_come_back_when_the_set_time_is_over_then_another_has_the_call(centre: Centre) -> None:
    caller = talking(centre)
    call = centre.call_of(caller)
    second = centre.calls_in("4001", ani="+8613800000003")
    lost(centre)
    centre.passes(29.9)
    assert not centre.told(facts.CallRequeued) and centre.state("1001") == "TALKING"
    centre.passes(0.2)
    requeued = centre.last(facts.CallRequeued)
    assert (requeued.call, requeued.reason) == (call.id, "agent_lost")
    assert centre.state("1001") == "WRAP_UP"
    centre.sign_in("1004")
    assert centre.last(facts.CallRouted).call == call.id, "who was served before is served first"
    centre.answers("1004")
    assert centre.together(caller) == {"1004"} and centre.call_of(second).state == "QUEUED"
    assert call.served_by == "1004" and call.recording


def test_given_an_agent_back_too_late_when_the_call_went_on_then_their_phone_does_not_ring(centre: Centre) -> None:
    talking(centre)
    lost(centre)
    centre.passes(31)
    before = len(centre.told(commands.Dial))
    centre.registers("1001")
    assert len(centre.told(commands.Dial)) == before and centre.state("1001") == "WRAP_UP"


def test_given_a_call_of_no_queue_when_the_agent_does_not_come_back_then_their_queue_has_the_customer(centre: Centre) -> None:
    centre.sign_in_by_browser("1001")
    centre.ask(events.DialNumber, "1001", number="10086")
    centre.answers("1001")
    caller = centre.answers("10086")
    lost(centre)
    assert centre.switch.hears(caller) == {"music"}
    centre.passes(31)
    assert centre.last(facts.CallQueued).queue == "sales"


def test_given_a_number_that_still_rings_when_the_page_is_lost_then_the_call_is_over(centre: Centre) -> None:
    centre.sign_in_by_browser("1001")
    centre.ask(events.DialNumber, "1001", number="10086")
    centre.answers("1001")
    lost(centre)
    assert centre.last(facts.CallEnded).note == "phone_lost" and not centre.switch.channels
    assert not centre.told(facts.AgentAway) and centre.state("1001") == "WRAP_UP"


def test_given_an_agent_away_when_the_customer_hangs_up_then_the_call_is_over_and_nothing_rings_later(centre: Centre) -> None:
    caller = talking(centre)
    lost(centre)
    centre.hangs_up(caller)
    ended = centre.last(facts.CallEnded)
    assert (ended.by, ended.outcome, ended.agent) == ("customer", "ANSWERED", "1001")
    centre.registers("1001")
    assert not centre.phone("1001")


@pytest.mark.parametrize("how", ["hang_up", "transfer", "sign_out"])
def test_given_an_agent_away_when_they_act_on_another_screen_then_it_is_done(centre: Centre, how: str) -> None:
    caller = talking(centre, "1002")
    lost(centre)
    match how:
        case "hang_up":
            assert centre.ask(events.HangUpCall, "1001") == ""
            assert caller not in centre.switch.channels
        case "transfer":
            assert centre.ask(events.TransferCall, "1001", target=ToAgent("1002")) == ""
            centre.answers("1002")
            assert centre.together(caller) == {"1002"}
        case "sign_out":
            assert centre.ask(events.SignOut, "1001") == ""
            centre.passes(61)
            assert centre.state("1001") == "LOGGED_OUT"
    assert not centre.acd.world.state.timers.get(f"away:{centre.told(facts.AgentAway)[0].call}")


def test_given_a_transfer_to_nobody_when_the_sender_is_away_then_it_does_not_come_back_to_a_lost_phone(centre: Centre) -> None:
    caller = talking(centre, "1003")
    lost(centre)
    centre.ask(events.TransferCall, "1001", target=ToAgent("1003"))
    centre.hangs_up("1003", 17)
    assert centre.last(facts.TransferFailed).back_to == "queue:sales" and centre.switch.hears(caller) == {"music"}


# -- while it rings --------------------------------------------------------------------------------------------


def test_given_a_ringing_browser_when_its_page_is_lost_then_the_next_agent_rings_and_it_is_no_miss(centre: Centre) -> None:
    centre.sign_in_by_browser("1001")
    caller = centre.calls_in()
    centre.sign_in_by_browser("1002")
    lost(centre)
    assert centre.phone("1002") and not centre.phone("1001")
    assert centre.last(facts.OfferEnded).reason == "phone_lost"
    assert (centre.state("1001"), centre.reason("1001")) == ("NOT_READY", "phone_offline")
    assert centre.acd.world.state.agents["1001"].misses == 0
    centre.registers("1001")
    assert centre.state("1001") == "READY"
    centre.answers("1002")
    assert centre.together(caller) == {"1002"}


def test_given_a_ringing_browser_when_its_page_is_reloaded_and_nobody_else_is_there_then_it_rings_again(centre: Centre) -> None:
    centre.sign_in_by_browser("1001")
    caller = centre.calls_in()
    lost(centre)
    back(centre)
    assert centre.together(caller) == {"1001"}


# -- with a third person ---------------------------------------------------------------------------------------


def consulting(c: Centre, *, joined: bool = False) -> str:
    caller = talking(c)
    c.ask(events.ConsultWith, "1001", target=ToNumber("10086"))
    c.answers("10086")
    if joined:
        c.ask(events.JoinAll, "1001")
    return caller


def test_given_a_consultation_when_the_page_is_lost_and_back_then_both_hear_music_and_it_goes_on(centre: Centre) -> None:
    caller = consulting(centre)
    lost(centre)
    party = centre.line_to("10086")
    assert centre.switch.hears(caller) == centre.switch.hears(party) == {"music"}
    assert centre.ask(events.JoinAll, "1001") == "away"
    new = back(centre)
    assert centre.switch.talks_with(party) == {new} and centre.switch.hears(caller) == {"music"}
    assert centre.ask(events.CompleteTransfer, "1001") == "" and centre.together(caller) == {"10086"}


def test_given_a_page_lost_while_there_is_no_link_when_it_is_back_then_both_of_a_consultation_hear_music(centre: Centre) -> None:
    caller = consulting(centre)
    centre.send(events.NodeDown("ast1"))
    centre.switch.linked = False
    lost(centre)
    centre.switch.linked = True
    centre.send(centre.switch.truth())
    assert centre.switch.hears(caller) == centre.switch.hears(centre.line_to("10086")) == {"music"}
    assert not centre.phone("1001")


def test_given_a_colleague_still_ringing_when_the_page_is_lost_and_they_answer_then_they_wait_with_music(centre: Centre) -> None:
    caller = talking(centre)
    centre.ask(events.ConsultWith, "1001", target=ToNumber("10086"))
    lost(centre)
    party = centre.answers("10086")
    assert centre.switch.hears(party) == {"music"} == centre.switch.hears(caller)
    new = back(centre)
    assert centre.switch.talks_with(party) == {new}


@pytest.mark.parametrize("by", ["click", "party"])
def test_given_a_consultation_when_it_ends_while_the_agent_is_away_then_back_they_have_the_customer(
    centre: Centre, by: str
) -> None:
    caller = consulting(centre)
    lost(centre)
    if by == "click":
        assert centre.ask(events.CancelConsult, "1001") == ""
    else:
        centre.hangs_up("10086")
    assert centre.switch.hears(caller) == {"music"}
    back(centre)
    assert centre.together(caller) == {"1001"} and not centre.last(facts.AgentBack).held


def test_given_a_consultation_when_the_agent_does_not_come_back_then_the_customer_is_at_the_head(centre: Centre) -> None:
    caller = consulting(centre)
    lost(centre)
    centre.passes(31)
    assert centre.last(facts.CallRequeued).reason == "agent_lost" and not centre.line_to("10086")
    assert centre.switch.hears(caller) == {"music"}


def test_given_a_conference_when_the_page_is_lost_and_back_then_the_others_talk_on_and_the_agent_joins(centre: Centre) -> None:
    caller = consulting(centre, joined=True)
    lost(centre)
    assert centre.together(caller) == {"10086"} and centre.switch.hears(caller) == {"people"}
    back(centre)
    assert centre.together(caller) == {"10086", "1001"}


@pytest.mark.parametrize("by", ["click", "party"])
def test_given_a_conference_when_the_third_goes_while_the_agent_is_away_then_the_customer_hears_music(
    centre: Centre, by: str
) -> None:
    caller = consulting(centre, joined=True)
    lost(centre)
    if by == "click":
        assert centre.ask(events.CancelConsult, "1001") == ""
    else:
        centre.hangs_up("10086")
    assert centre.switch.hears(caller) == {"music"}
    back(centre)
    assert centre.together(caller) == {"1001"}


def test_given_a_conference_when_the_agent_does_not_come_back_then_the_others_talk_on(centre: Centre) -> None:
    caller = consulting(centre, joined=True)
    lost(centre)
    centre.passes(31)
    assert centre.together(caller) == {"10086"} and centre.last(facts.PartyLeft).party == "agent:1001"
    assert centre.state("1001") == "WRAP_UP"


@pytest.mark.parametrize("returns", [True, False])
def test_given_a_call_between_seats_when_the_callers_page_is_lost_then_the_called_hears_music(
    centre: Centre, returns: bool
) -> None:
    centre.sign_in_by_browser("1001", "1002")
    centre.ask(events.DialNumber, "1001", number="1002")
    centre.answers("1001")
    centre.answers("1002")
    lost(centre)
    assert centre.switch.hears(centre.phone("1002")) == {"music"}
    if returns:
        back(centre)
        assert centre.switch.talks_with(centre.phone("1001")) == {centre.phone("1002")}
    else:
        centre.passes(31)
        assert not centre.switch.channels and centre.state("1002") == "READY"


# -- with a lead -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["listen", "whisper", "barge"])
def test_given_a_lead_on_the_call_when_the_page_is_lost_and_back_then_they_hear_again(centre: Centre, mode: str) -> None:
    caller = talking(centre)
    centre.sign_in("1004")
    centre.ask(events.Monitor, "1004", target="1001", mode=mode)
    leg = centre.answers("1004")
    lost(centre)
    assert not centre.switch.voices(leg) and not centre.switch.voices(caller)
    new = back(centre)
    assert centre.switch.voices(leg) == {caller, new}
    assert centre.switch.voices(caller) == ({new, leg} if mode == "barge" else {new})
    assert not centre.told(facts.MonitorEnded)


def test_given_a_lead_who_barged_in_when_they_go_back_to_listen_while_the_agent_is_away_then_nobody_hears_them(
    centre: Centre,
) -> None:
    caller = consulting(centre, joined=True)
    centre.sign_in("1004")
    centre.ask(events.Monitor, "1004", target="1001", mode="barge")
    leg = centre.answers("1004")
    lost(centre)
    centre.ask(events.Monitor, "1004", target="1001", mode="listen")
    assert centre.switch.voices(caller) == {centre.line_to("10086")} and not centre.switch.voices(leg)
    new = back(centre)
    assert centre.switch.voices(leg) == {caller, centre.line_to("10086"), new}


def test_given_an_agent_away_when_a_lead_takes_over_then_the_customer_waits_no_longer(centre: Centre) -> None:
    caller = talking(centre)
    centre.sign_in("1004")
    lost(centre)
    assert centre.ask(events.TakeOver, "1004", target="1001") == ""
    centre.answers("1004")
    assert centre.together(caller) == {"1004"} and centre.state("1001") == "WRAP_UP"
    centre.registers("1001")
    assert not centre.phone("1001")


def test_given_silence_heard_first_by_the_snoop_when_the_agent_is_back_then_the_lead_hears_again(centre: Centre) -> None:
    """The leg ends after the snoop on it, and is another one."""
    caller = talking(centre)
    centre.sign_in("1004")
    centre.ask(events.Monitor, "1004", target="1001", mode="listen")
    lead = centre.answers("1004")
    centre.hangs_up(centre.told(commands.Snoop)[-1].leg)
    lost(centre, "silence")
    new = centre.answers("1001")
    centre.passes(5)
    assert centre.switch.voices(lead) == {caller, new} and not centre.told(facts.MonitorEnded)


def test_given_a_consulted_colleague_when_the_page_is_lost_and_back_then_the_two_talk_on(centre: Centre) -> None:
    caller = talking(centre, "1002")
    assert centre.ask(events.ConsultWith, "1001", target=ToAgent("1002")) == ""
    centre.answers("1002")
    lost(centre)
    assert centre.switch.hears(centre.phone("1002")) == {"music"} == centre.switch.hears(caller)
    new = back(centre)
    assert centre.switch.talks_with(new) == {centre.phone("1002")} and centre.switch.hears(caller) == {"music"}
    assert centre.ask(events.JoinAll, "1001") == "" and centre.together(caller) == {"1001", "1002"}
