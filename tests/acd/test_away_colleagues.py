"""The browser phone of a colleague in a talk (consulted, invited, called): lost and back like that of the agent who serves."""

import pytest

from ccenter.acd import commands, events, facts
from ccenter.acd.config import ToAgent, ToNumber
from ccenter.acd.machine import Acd
from tests.acd.centre import Centre, web
from tests.acd.test_away import back, lost, talking


def consulted(c: Centre, *, joined: bool = False) -> str:
    """1001 serves a caller and has 1002 on the line, both at browsers. The caller's leg."""
    caller = talking(c, "1002")
    assert c.ask(events.ConsultWith, "1001", target=ToAgent("1002")) == ""
    c.answers("1002")
    if joined:
        assert c.ask(events.JoinAll, "1001") == ""
    return caller


def three(c: Centre, where: str) -> str:
    """The same, 1002 in a conference as its third person, or as one invited beside an outside number."""
    if where == "party":
        return consulted(c, joined=True)
    caller = talking(c, "1002")
    c.ask(events.ConsultWith, "1001", target=ToNumber("10086"))
    c.answers("10086")
    c.ask(events.JoinAll, "1001")
    assert c.ask(events.InviteParty, "1001", target=ToAgent("1002")) == ""
    c.answers("1002")
    return caller


def called(c: Centre) -> None:
    """1001 has called 1002, both at browsers, and they talk."""
    c.sign_in_by_browser("1001", "1002")
    c.ask(events.DialNumber, "1001", number="1002")
    c.answers("1001")
    c.answers("1002")


# -- consulted -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["socket", "silence"])
def test_given_a_consultation_when_the_colleagues_page_is_lost_and_back_then_it_goes_on(centre: Centre, how: str) -> None:
    caller = consulted(centre)
    call, old = centre.call_of(caller), centre.phone("1002")
    lost(centre, how, "1002")
    assert centre.switch.hears(centre.phone("1001")) == {"music"} == centre.switch.hears(caller)
    gone = centre.last(facts.AgentAway)
    assert (gone.call, gone.agent, centre.state("1002")) == (call.id, "1002", "TALKING") and old not in centre.switch.channels
    if how == "socket":
        centre.passes(20)
        new = back(centre, "1002")
    else:
        new = centre.answers("1002")  # was rung at once
    assert centre.told(commands.Dial)[-1] == commands.Dial(new, web("1002"), "1001", call.id, caller, True, call.ani)
    assert centre.switch.talks_with(centre.phone("1001")) == {new} != {old} and centre.switch.hears(caller) == {"music"}
    came = centre.last(facts.AgentBack)
    assert (came.call, came.agent, came.leg, came.held) == (call.id, "1002", new, True)
    assert not centre.told(facts.ConsultEnded)
    assert centre.ask(events.CompleteTransfer, "1001") == "" and centre.together(caller) == {"1002"}


def test_given_a_lost_consulted_colleague_when_they_do_not_come_back_then_the_agent_has_the_customer(centre: Centre) -> None:
    caller = consulted(centre)
    lost(centre, agent="1002")
    centre.passes(29.9)
    assert not centre.told(facts.ConsultEnded)
    centre.passes(0.2)
    assert centre.last(facts.ConsultEnded).reason == "agent_lost" and centre.together(caller) == {"1001"}
    assert (centre.state("1002"), centre.reason("1002")) == ("NOT_READY", "phone_offline")
    centre.registers("1002")
    assert not centre.phone("1002") and centre.state("1002") == "READY"


def test_given_a_lost_consulted_colleague_when_the_agent_goes_back_to_the_customer_then_they_talk(centre: Centre) -> None:
    caller = consulted(centre)
    lost(centre, agent="1002")
    assert centre.ask(events.CancelConsult, "1001") == "" and centre.together(caller) == {"1001"}
    centre.registers("1002")
    assert not centre.phone("1002")


def test_given_a_lost_consulted_colleague_when_all_are_joined_then_they_come_back_into_the_conference(centre: Centre) -> None:
    caller = consulted(centre)
    lost(centre, agent="1002")
    assert centre.ask(events.JoinAll, "1001") == "" and centre.together(caller) == {"1001"}
    assert centre.ask(events.SendKeys, "1001", keys="1") == ""
    back(centre, "1002")
    assert centre.together(caller) == {"1001", "1002"}


@pytest.mark.parametrize("returns", [True, False])
def test_given_a_lost_consulted_colleague_when_the_customer_is_put_through_then_they_wait_with_music(
    centre: Centre, returns: bool
) -> None:
    caller = consulted(centre)
    lost(centre, agent="1002")
    centre.passes(10)
    assert centre.ask(events.CompleteTransfer, "1001") == ""
    assert centre.switch.hears(caller) == {"music"} and centre.state("1001") == "WRAP_UP"
    assert centre.last(facts.AgentAway).at == centre.now, "told again: now a customer waits"
    if returns:
        back(centre, "1002")
        assert centre.together(caller) == {"1002"} and centre.last(facts.AgentBack).away == 10.0
    else:
        centre.passes(20.1)
        assert centre.last(facts.CallRequeued).reason == "agent_lost" and centre.state("1002") == "WRAP_UP"


@pytest.mark.parametrize("first", ["1001", "1002"])
def test_given_agent_and_consulted_colleague_both_lost_when_they_are_back_in_any_order_then_they_talk(
    centre: Centre, first: str
) -> None:
    caller = consulted(centre)
    lost(centre)
    lost(centre, agent="1002")
    one = back(centre, first)
    assert centre.switch.hears(one) == {"music"} == centre.switch.hears(caller)
    other = back(centre, "1002" if first == "1001" else "1001")
    assert centre.switch.talks_with(one) == {other} and centre.switch.hears(caller) == {"music"}
    assert centre.ask(events.CancelConsult, "1001") == "" and centre.together(caller) == {"1001"}


def test_given_a_reload_that_nobody_saw_when_the_colleagues_new_page_asks_then_the_call_rings_there(centre: Centre) -> None:
    consulted(centre)
    assert "Reconnect" in centre.acd.world.state.agents["1002"].allows
    assert centre.ask(events.Reconnect, "1002") == ""
    new = centre.answers("1002")
    assert centre.switch.talks_with(centre.phone("1001")) == {new}


def test_given_a_lost_colleague_whose_phone_does_not_take_the_call_back_when_a_moment_has_passed_then_it_is_rung_again(
    centre: Centre,
) -> None:
    consulted(centre)
    lost(centre, agent="1002")
    centre.registers("1002")
    centre.hangs_up("1002", 20)
    assert not centre.phone("1002")
    centre.passes(2)
    new = centre.answers("1002")
    assert centre.switch.talks_with(centre.phone("1001")) == {new}


def test_given_a_lost_colleague_while_there_is_no_link_when_it_is_back_then_the_agent_hears_music(centre: Centre) -> None:
    consulted(centre)
    centre.send(events.NodeDown("ast1"))
    centre.switch.linked = False
    lost(centre, agent="1002")
    centre.switch.linked = True
    centre.send(centre.switch.truth())
    assert centre.switch.hears(centre.phone("1001")) == {"music"}


def test_given_a_desk_phone_of_a_consulted_colleague_when_it_dies_then_the_consultation_is_over_as_ever(centre: Centre) -> None:
    caller = talking(centre)
    centre.sign_in("1002")
    centre.ask(events.ConsultWith, "1001", target=ToAgent("1002"))
    centre.answers("1002")
    centre.hangs_up("1002", 44)
    assert centre.together(caller) == {"1001"} and not centre.told(facts.AgentAway)


# -- in a conference -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["party", "guest"])
def test_given_a_conference_when_a_colleagues_page_is_lost_and_back_then_the_others_talk_on_and_they_join(
    centre: Centre, where: str
) -> None:
    caller = three(centre, where)
    everybody = centre.together(caller)
    lost(centre, agent="1002")
    assert centre.together(caller) == everybody - {"1002"} and centre.switch.hears(caller) == {"people"}
    back(centre, "1002")
    assert centre.together(caller) == everybody and not centre.told(facts.PartyLeft)
    assert not centre.last(facts.AgentBack).held


@pytest.mark.parametrize("where", ["party", "guest"])
def test_given_a_conference_when_a_lost_colleague_does_not_come_back_then_it_goes_on_without_them(
    centre: Centre, where: str
) -> None:
    caller = three(centre, where)
    others = centre.together(caller) - {"1002"}
    lost(centre, agent="1002")
    centre.passes(31)
    assert centre.last(facts.PartyLeft).party == "agent:1002" and centre.together(caller) == others
    assert centre.state("1002") == "NOT_READY"


@pytest.mark.parametrize("first", ["1001", "1002"])
def test_given_all_but_the_customer_lost_when_one_is_back_then_they_talk_at_once(centre: Centre, first: str) -> None:
    caller = three(centre, "party")
    lost(centre)
    lost(centre, agent="1002")
    assert centre.switch.hears(caller) == {"music"}
    back(centre, first)
    assert centre.together(caller) == {first}
    back(centre, "1002" if first == "1001" else "1001")
    assert centre.together(caller) == {"1001", "1002"}


@pytest.mark.parametrize("where", ["party", "guest"])
def test_given_a_lost_colleague_in_a_conference_when_the_agent_leaves_then_the_call_is_theirs_when_they_are_back(
    centre: Centre, where: str
) -> None:
    caller = three(centre, where)
    others = centre.together(caller) - {"1001", "1002"}
    lost(centre, agent="1002")
    assert centre.ask(events.LeaveCall, "1001") == ""
    assert centre.switch.hears(caller) == ({"people"} if others else {"music"})
    back(centre, "1002")
    assert centre.together(caller) == {"1002"} | others and centre.call_of(caller).agent == "1002"
    assert centre.ask(events.HangUpCall, "1002") == ""


def test_given_a_colleague_there_and_one_lost_when_the_agent_leaves_then_the_call_is_of_the_one_who_is_there(
    centre: Centre,
) -> None:
    caller = three(centre, "party")
    centre.sign_in_by_browser("1003")
    centre.ask(events.InviteParty, "1001", target=ToAgent("1003"))
    centre.answers("1003")
    lost(centre, agent="1002")
    centre.ask(events.LeaveCall, "1001")
    assert centre.call_of(caller).agent == "1003" and centre.together(caller) == {"1003"}
    back(centre, "1002")
    assert centre.together(caller) == {"1002", "1003"}


def test_given_a_third_person_left_and_a_colleague_lost_when_somebody_invited_comes_then_all_are_together(centre: Centre) -> None:
    caller = three(centre, "guest")
    centre.sign_in_by_browser("1003")
    centre.ask(events.InviteParty, "1001", target=ToAgent("1003"))
    lost(centre, agent="1002")
    centre.hangs_up("10086")
    assert centre.together(caller) == {"1001"}
    centre.answers("1003")
    back(centre, "1002")
    assert centre.together(caller) == {"1001", "1002", "1003"}


# -- called by a colleague -------------------------------------------------------------------------------------


@pytest.mark.parametrize("returns", [True, False])
def test_given_a_call_between_seats_when_the_called_ones_page_is_lost_then_the_caller_hears_music(
    centre: Centre, returns: bool
) -> None:
    called(centre)
    lost(centre, agent="1002")
    assert centre.switch.hears(centre.phone("1001")) == {"music"}
    assert centre.ask(events.HoldCall, "1001") == "no_call" and centre.ask(events.ResumeCall, "1001") == "away"
    if returns:
        back(centre, "1002")
        assert centre.switch.talks_with(centre.phone("1001")) == {centre.phone("1002")}
        assert centre.told(commands.Dial)[-1].caller_id == "1001"
    else:
        centre.passes(31)
        ended = centre.last(facts.CallEnded)
        assert (ended.note, ended.by) == ("agent_lost", "customer") and not centre.switch.channels
        assert (centre.state("1001"), centre.state("1002")) == ("READY", "NOT_READY")


@pytest.mark.parametrize("first", ["1001", "1002"])
def test_given_a_call_between_seats_when_both_pages_are_lost_and_back_then_they_talk(centre: Centre, first: str) -> None:
    called(centre)
    lost(centre, agent="1002")
    lost(centre)
    one = back(centre, first)
    assert centre.switch.hears(one) == {"music"}
    other = back(centre, "1002" if first == "1001" else "1001")
    assert centre.switch.talks_with(one) == {other}
    assert centre.ask(events.HoldCall, "1001") == "", "as in any talk"


def test_given_a_called_colleague_on_hold_when_their_page_is_lost_and_back_then_they_are_still_on_hold(centre: Centre) -> None:
    called(centre)
    centre.ask(events.HoldCall, "1001")
    lost(centre, agent="1002")
    new = back(centre, "1002")
    assert centre.switch.hears(new) == {"music"} and centre.last(facts.AgentBack).held
    assert centre.ask(events.ResumeCall, "1001") == ""
    assert centre.switch.talks_with(new) == {centre.phone("1001")}


def test_given_a_lost_called_colleague_when_the_caller_hangs_up_then_nothing_rings_later(centre: Centre) -> None:
    called(centre)
    lost(centre, agent="1002")
    centre.hangs_up("1001")
    assert centre.told(facts.CallEnded) and centre.state("1002") == "NOT_READY"
    centre.registers("1002")
    assert not centre.phone("1002") and centre.state("1002") == "READY"


# -- with a lead, and an older snapshot ------------------------------------------------------------------------


def test_given_a_lead_who_hears_a_colleague_when_their_page_is_lost_and_back_then_they_hear_again(centre: Centre) -> None:
    consulted(centre)
    centre.sign_in("1004")
    centre.ask(events.Monitor, "1004", target="1002", mode="listen")
    ear = centre.answers("1004")
    lost(centre, agent="1002")
    assert not centre.switch.voices(ear)
    new = back(centre, "1002")
    assert centre.switch.voices(ear) == {centre.phone("1001"), new} and not centre.told(facts.MonitorEnded)


def test_given_a_snapshot_of_a_version_where_the_call_knew_who_is_lost_when_restored_then_they_are_waited_for(
    centre: Centre,
) -> None:
    caller = talking(centre)
    call, code = centre.call_of(caller).id, "1001"
    lost(centre)
    snapshot = centre.acd.snapshot()
    snapshot["calls"][call]["away"] = snapshot["agents"][code].pop("away")
    snapshot["timers"][f"away:{call}"] = snapshot["timers"].pop(f"away:{code}")
    again = Acd.restore(snapshot)
    assert again.next_deadline() == centre.acd.next_deadline()
    out = again.handle(events.PhoneChanged(web(code), True), centre.now)
    assert any(isinstance(one, commands.Dial) and one.endpoint == web(code) for one in out)
