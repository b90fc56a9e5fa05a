"""What a team lead does with the calls of others: listen, whisper, barge in, take over, force."""

import pytest

from ccenter.acd import commands, events, facts
from ccenter.acd.config import ToAgent, ToNumber, ToQueue
from tests.acd.centre import Centre

LEAD = "1004"


def talking(c: Centre) -> str:
    """A caller and 1001 talk; 1004, who leads, is on no call. The caller's leg."""
    caller = c.talking()
    c.sign_in(LEAD, ready=False)
    c.ask(events.NotReady, LEAD, reason="leading")
    return caller


def monitors(c: Centre, mode: str = "listen", target: str = "1001") -> str:
    """The lead's leg, up."""
    assert c.ask(events.Monitor, LEAD, target=target, mode=mode) == ""
    return c.answers(LEAD)


def watched(mode: str = "listen") -> tuple[Centre, str]:
    c = Centre()
    caller = talking(c)
    monitors(c, mode)
    return c, caller


def heard(c: Centre, caller: str, agent: str = "1001") -> dict[str, set[str]]:
    """Who hears whom, of caller, agent and lead."""
    names = {caller: "caller", c.phone(agent): "agent", c.phone(LEAD): "lead"}
    return {name: {names[voice] for voice in c.switch.voices(leg)} for leg, name in names.items()}


# -- listen, whisper, barge in ---------------------------------------------------------------------------------


def test_given_a_talk_when_a_lead_listens_then_they_hear_both_and_nobody_hears_them(centre: Centre) -> None:
    caller = talking(centre)
    monitors(centre)
    assert heard(centre, caller) == {"caller": {"agent"}, "agent": {"caller"}, "lead": {"caller", "agent"}}
    started = centre.last(facts.MonitorStarted)
    assert (started.agent, started.supervisor, started.mode, started.by) == ("1001", LEAD, "listen", "test")
    assert started.call == centre.call_of(caller).id
    assert centre.told(commands.Dial)[-1].auto_answer and centre.state(LEAD) == "TALKING"


def test_given_a_talk_when_a_lead_whispers_then_the_agent_hears_them_and_the_caller_does_not(centre: Centre) -> None:
    caller = talking(centre)
    monitors(centre, "whisper")
    assert heard(centre, caller) == {"caller": {"agent"}, "agent": {"caller", "lead"}, "lead": {"caller", "agent"}}


def test_given_a_talk_when_a_lead_barges_in_then_all_three_hear_each_other(centre: Centre) -> None:
    caller = talking(centre)
    monitors(centre, "barge")
    assert heard(centre, caller) == {"caller": {"agent", "lead"}, "agent": {"caller", "lead"}, "lead": {"caller", "agent"}}
    assert not centre.told(commands.Snoop)


@pytest.mark.parametrize("first", ["listen", "whisper", "barge"])
@pytest.mark.parametrize("then", ["listen", "whisper", "barge"])
def test_given_one_mode_when_another_is_asked_for_then_it_is_so_and_no_phone_rings_again(first: str, then: str) -> None:
    (changed, caller), (fresh, other) = watched(first), watched(then)
    before = len(changed.told(commands.Dial))
    assert changed.ask(events.Monitor, LEAD, target="1001", mode=then) == ""
    assert heard(changed, caller) == heard(fresh, other)
    assert len(changed.told(commands.Dial)) == before
    assert [fact.mode for fact in changed.told(facts.MonitorChanged)] == ([then] if then != first else [])
    assert len(changed.switch.bridges) == (1 if then == "barge" else 2), "a bridge is left over"


def test_given_a_lead_whose_phone_rings_when_the_mode_is_changed_then_it_begins_with_the_new_one(centre: Centre) -> None:
    talking(centre)
    centre.ask(events.Monitor, LEAD, target="1001", mode="listen")
    centre.ask(events.Monitor, LEAD, target="1001", mode="barge")
    centre.answers(LEAD)
    assert centre.last(facts.MonitorStarted).mode == "barge" and not centre.told(facts.MonitorChanged)


def test_given_a_held_customer_when_a_lead_listens_then_they_hear_the_agent_and_later_both_again(centre: Centre) -> None:
    caller = talking(centre)
    centre.ask(events.HoldCall, "1001")
    monitors(centre)
    assert heard(centre, caller)["lead"] == {"agent"} and centre.switch.hears(caller) == {"music"}
    centre.ask(events.ResumeCall, "1001")
    assert heard(centre, caller)["lead"] == {"agent", "caller"}


def test_given_a_lead_who_barged_in_when_the_customer_is_held_then_lead_and_agent_talk_alone(centre: Centre) -> None:
    caller = talking(centre)
    monitors(centre, "barge")
    centre.ask(events.HoldCall, "1001")
    assert heard(centre, caller) == {"caller": set(), "agent": {"lead"}, "lead": {"agent"}}


def test_given_a_consultation_when_a_lead_listens_to_the_consulted_colleague_then_they_hear_the_two(centre: Centre) -> None:
    talking(centre)
    centre.sign_in("1003")
    centre.ask(events.ConsultWith, "1001", target=ToAgent("1003"))
    centre.answers("1003")
    leg = monitors(centre, target="1003")
    assert centre.switch.voices(leg) == {centre.phone("1001"), centre.phone("1003")}


def test_given_a_lead_who_listens_when_the_agent_talks_with_another_then_a_new_snoop_hears_them(centre: Centre) -> None:
    """The switch's old one would leave out whoever's audio is numbered lower."""
    talking(centre)
    centre.sign_in("1003")
    monitors(centre)
    assert len(centre.told(commands.Snoop)) == 1
    centre.ask(events.HoldCall, "1001")
    centre.ask(events.ResumeCall, "1001")
    assert len(centre.told(commands.Snoop)) == 1, "the same customer"
    centre.ask(events.ConsultWith, "1001", target=ToAgent("1003"))
    centre.answers("1003")
    first, second = centre.told(commands.Snoop)
    assert (second.instead, second.of, second.whisper) == (first.leg, first.of, first.whisper)
    assert centre.switch.voices(centre.phone(LEAD)) == {centre.phone("1001"), centre.phone("1003")}
    centre.ask(events.CancelConsult, "1001")
    assert centre.told(commands.Snoop)[2:][0].instead == second.leg


def test_given_a_lead_on_the_consulted_colleague_when_the_transfer_is_completed_then_they_hear_on(centre: Centre) -> None:
    caller = talking(centre)
    centre.sign_in("1003")
    centre.ask(events.ConsultWith, "1001", target=ToAgent("1003"))
    centre.answers("1003")
    leg = monitors(centre, "whisper", target="1003")
    centre.ask(events.CompleteTransfer, "1001")
    assert centre.switch.voices(leg) == {caller, centre.phone("1003")}
    assert centre.switch.voices(caller) == {centre.phone("1003")} and not centre.told(facts.MonitorEnded)


def test_given_a_call_between_seats_when_a_lead_listens_to_the_called_then_they_hear_both(centre: Centre) -> None:
    centre.sign_in("1001", "1002", LEAD)
    centre.ask(events.DialNumber, "1001", number="1002")
    centre.answers("1001")
    centre.answers("1002")
    leg = monitors(centre, target="1002")
    assert centre.switch.voices(leg) == {centre.phone("1001"), centre.phone("1002")}


def test_given_two_leads_when_both_listen_then_neither_hears_the_other(centre: Centre) -> None:
    caller = talking(centre)
    centre.sign_in("1003")
    monitors(centre, "whisper")
    centre.ask(events.Monitor, "1003", target="1001", mode="listen")
    second = centre.answers("1003")
    assert centre.switch.voices(centre.phone(LEAD)) == {caller, centre.phone("1001")}
    assert centre.switch.voices(second) == {caller, centre.phone("1001")}


# -- what is refused -------------------------------------------------------------------------------------------


def test_given_a_lead_who_monitors_when_they_ask_for_another_call_then_they_stay_on_one(centre: Centre) -> None:
    talking(centre)
    centre.sign_in("1003")
    centre.connected("1003", dnis="4004")
    leg = monitors(centre)
    assert centre.ask(events.Monitor, LEAD, target="1003", mode="listen") == "busy"
    assert centre.ask(events.TakeOver, LEAD, target="1003") == "busy"
    assert centre.ask(events.DialNumber, LEAD, number="10086") == "busy"
    assert centre.phone(LEAD) == leg and len(centre.acd.world.state.watches) == 1


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("1001", "target_not_in_call"),
        ("1002", "target_signed_out"),
        ("1003", "target_not_in_call"),
        (LEAD, "unknown_target"),
        ("9999", "unknown_target"),
    ],
    ids=["rings", "signed out", "idle", "oneself", "nobody"],
)
@pytest.mark.parametrize("kind", [events.Monitor, events.TakeOver])
def test_given_a_seat_without_a_talk_when_a_lead_wants_in_then_the_reason_is_told(
    centre: Centre, kind: type[events.Request], target: str, reason: str
) -> None:
    centre.sign_in("1001", "1003")
    centre.calls_in("4001")
    centre.sign_in(LEAD)
    assert centre.ask(kind, LEAD, target=target) == reason
    assert centre.state(LEAD) == "READY" and not centre.phone(LEAD)


def test_given_a_lead_in_a_call_or_signed_out_when_they_want_to_listen_then_they_may_not(centre: Centre) -> None:
    talking(centre)
    centre.sign_in("1003")
    centre.connected("1003", dnis="4004")
    assert centre.ask(events.Monitor, "1003", target="1001", mode="listen") == "busy"
    centre.ask(events.SignOut, LEAD)
    assert centre.ask(events.Monitor, LEAD, target="1001", mode="listen") == "signed_out"


def test_given_a_lead_who_monitors_when_another_wants_to_monitor_them_then_there_is_no_call(centre: Centre) -> None:
    talking(centre)
    monitors(centre)
    centre.sign_in("1003")
    assert centre.ask(events.Monitor, "1003", target=LEAD, mode="listen") == "target_not_in_call"


def test_given_nobody_monitored_when_it_is_stopped_then_it_is_refused(centre: Centre) -> None:
    centre.sign_in(LEAD)
    assert centre.ask(events.StopMonitor, LEAD) == "not_monitoring"


# -- the end of it ---------------------------------------------------------------------------------------------

ENDS = ["by_click", "by_hanging_up", "by_phone"]


@pytest.mark.parametrize("how", ENDS)
@pytest.mark.parametrize("mode", ["listen", "whisper", "barge"])
def test_given_a_lead_on_a_call_when_they_leave_then_it_goes_on_and_they_are_who_they_were(
    centre: Centre, mode: str, how: str
) -> None:
    caller = talking(centre)
    monitors(centre, mode)
    match how:
        case "by_click":
            assert centre.ask(events.StopMonitor, LEAD) == ""
        case "by_hanging_up":
            assert centre.ask(events.HangUpCall, LEAD) == ""
        case "by_phone":
            centre.hangs_up(LEAD)
    assert centre.last(facts.MonitorEnded).reason == "stopped"
    assert (centre.state(LEAD), centre.reason(LEAD)) == ("NOT_READY", "leading")
    assert centre.together(caller) == {"1001"} and len(centre.switch.channels) == 2 and len(centre.switch.bridges) == 1


@pytest.mark.parametrize("mode", ["listen", "whisper", "barge"])
@pytest.mark.parametrize("how", ["caller", "agent"])
def test_given_a_lead_on_a_call_when_it_ends_then_they_are_free(centre: Centre, mode: str, how: str) -> None:
    caller = talking(centre)
    monitors(centre, mode)
    centre.hangs_up(caller if how == "caller" else "1001")
    assert centre.last(facts.MonitorEnded).reason == "call_ended"
    assert not centre.switch.channels and not centre.switch.bridges and centre.state(LEAD) == "NOT_READY"


def test_given_a_lead_on_a_call_when_the_agent_transfers_it_then_the_lead_does_not_hear_the_next(centre: Centre) -> None:
    caller = talking(centre)
    centre.sign_in("1003")
    monitors(centre, "barge")
    centre.ask(events.TransferCall, "1001", target=ToAgent("1003"))
    assert centre.last(facts.MonitorEnded).reason == "agent_left" and not centre.phone(LEAD)
    centre.answers("1003")
    assert centre.together(caller) == {"1003"}


@pytest.mark.parametrize(("how", "reason"), [("no_answer", "no_answer"), ("busy", "busy"), ("by_click", "stopped")])
def test_given_a_lead_whose_phone_does_not_answer_when_it_was_rung_then_nothing_began(
    centre: Centre, how: str, reason: str
) -> None:
    talking(centre)
    centre.ask(events.Monitor, LEAD, target="1001", mode="listen")
    match how:
        case "no_answer":
            centre.passes(30)
        case "busy":
            centre.hangs_up(LEAD, 17)
        case "by_click":
            centre.ask(events.HangUpCall, LEAD)
    assert centre.last(facts.MonitorEnded).reason == reason and not centre.told(facts.MonitorStarted)
    assert centre.state(LEAD) == "NOT_READY" and not centre.phone(LEAD)


def test_given_a_lead_whose_phone_rings_when_the_call_ends_then_it_rings_no_more(centre: Centre) -> None:
    caller = talking(centre)
    centre.ask(events.Monitor, LEAD, target="1001", mode="listen")
    centre.hangs_up(caller)
    assert not centre.phone(LEAD) and centre.last(facts.MonitorEnded).reason == "call_ended"


def test_given_a_lead_on_a_desk_phone_when_they_answer_by_click_then_the_phone_is_told(centre: Centre) -> None:
    talking(centre)
    centre.ask(events.Monitor, LEAD, target="1001", mode="listen")
    assert centre.ask(events.AnswerCall, LEAD) == ""
    assert centre.told(facts.MonitorStarted) and centre.told(commands.AnswerPhone)[-1].leg == centre.phone(LEAD)


def test_given_a_snoop_that_breaks_when_the_agent_talks_on_then_the_lead_is_told_it_failed(centre: Centre) -> None:
    talking(centre)
    monitors(centre)
    centre.hangs_up(centre.told(commands.Snoop)[-1].leg, 0)
    assert not centre.told(facts.MonitorEnded)
    centre.passes(1)
    assert centre.last(facts.MonitorEnded).reason == "failed" and centre.state("1001") == "TALKING"


def test_given_a_broken_snoop_when_the_lead_whispers_then_they_hear_again(centre: Centre) -> None:
    caller = talking(centre)
    monitors(centre)
    centre.hangs_up(centre.told(commands.Snoop)[-1].leg, 0)
    centre.ask(events.Monitor, LEAD, target="1001", mode="whisper")
    centre.passes(5)
    assert heard(centre, caller)["lead"] == {"caller", "agent"} and not centre.told(facts.MonitorEnded)


@pytest.mark.parametrize("mode", ["listen", "whisper", "barge"])
def test_given_a_lead_on_a_call_when_the_link_was_lost_and_bridges_with_it_then_all_is_made_again(
    centre: Centre, mode: str
) -> None:
    caller = talking(centre)
    monitors(centre, mode)
    before = heard(centre, caller)
    centre.send(events.NodeDown("ast1"))
    centre.switch.linked = False
    for channel in centre.switch.channels.values():
        channel.bridge = ""
    centre.switch.bridges.clear()
    centre.switch.linked = True
    centre.send(centre.switch.truth())
    assert heard(centre, caller) == before


# -- take over -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("before", ["", "listen", "whisper", "barge"])
@pytest.mark.parametrize("held", [False, True])
def test_given_a_talk_when_a_lead_takes_over_then_the_customer_is_theirs_and_the_agent_wraps_up(
    centre: Centre, before: str, held: bool
) -> None:
    caller = talking(centre)
    if held:
        centre.ask(events.HoldCall, "1001")
    if before:
        monitors(centre, before)
    assert centre.ask(events.TakeOver, LEAD, target="1001") == ""
    if not before:
        assert centre.state("1001") == "TALKING", "the customer is left alone while the lead's phone rings"
        centre.answers(LEAD)
    assert centre.together(caller) == {LEAD} and centre.state("1001") == "WRAP_UP" and not centre.phone("1001")
    transferred, forced = centre.last(facts.CallTransferred), centre.last(facts.Forced)
    assert (transferred.kind, transferred.agent, transferred.target) == ("taken_over", "1001", f"agent:{LEAD}")
    assert (forced.action, forced.agent, forced.by, forced.detail) == ("take_over", "1001", "test", LEAD)
    assert centre.last(facts.MonitorEnded).reason == "taken_over" and len(centre.switch.bridges) == 1
    assert centre.ask(events.HoldCall, LEAD) == "" and centre.ask(events.ResumeCall, LEAD) == ""
    centre.hangs_up(caller)
    assert centre.last(facts.CallEnded).agent == LEAD and centre.state(LEAD) == "WRAP_UP"


def test_given_a_take_over_when_the_lead_does_not_answer_then_the_agent_goes_on(centre: Centre) -> None:
    caller = talking(centre)
    centre.ask(events.TakeOver, LEAD, target="1001")
    centre.passes(30)
    assert centre.together(caller) == {"1001"} and centre.state(LEAD) == "NOT_READY" and not centre.told(facts.Forced)


def test_given_a_take_over_on_its_way_when_the_lead_wants_but_to_listen_then_they_listen(centre: Centre) -> None:
    caller = talking(centre)
    centre.ask(events.TakeOver, LEAD, target="1001")
    assert centre.ask(events.Monitor, LEAD, target="1001", mode="listen") == ""
    centre.answers(LEAD)
    assert centre.together(caller) == {"1001"} and centre.last(facts.MonitorStarted).mode == "listen"


def test_given_an_agent_gone_and_a_lead_who_answered_while_nobody_looked_when_the_link_is_back_then_nobody_is_taken_over(
    centre: Centre,
) -> None:
    caller = talking(centre)
    centre.ask(events.TakeOver, LEAD, target="1001")
    centre.send(events.NodeDown("ast1"))
    centre.switch.linked = False
    centre.switch.ends(centre.phone("1001"))
    centre.switch.answers(centre.phone(LEAD))
    centre.switch.linked = True
    centre.send(centre.switch.truth())
    assert centre.call_of(caller).state == "QUEUED" and centre.last(facts.MonitorEnded).reason == "agent_left"
    assert centre.state(LEAD) == "NOT_READY" and not centre.phone(LEAD)


def test_given_a_caller_who_is_told_the_agents_number_when_a_lead_takes_over_then_that_is_over(centre: Centre) -> None:
    centre.sign_in("1003", LEAD)
    centre.ask(events.NotReady, LEAD, reason="leading")
    caller = centre.calls_in("4002")
    centre.answers("1003")
    assert centre.says(caller)[0] == "agent-number-is"
    centre.ask(events.TakeOver, LEAD, target="1003")
    centre.answers(LEAD)
    assert centre.together(caller) == {LEAD} and not centre.call_of(caller).play


def test_given_a_consultation_when_a_lead_takes_over_then_the_consulted_is_let_go(centre: Centre) -> None:
    caller = talking(centre)
    centre.ask(events.ConsultWith, "1001", target=ToNumber("10086"))
    centre.answers("10086")
    centre.ask(events.TakeOver, LEAD, target="1001")
    centre.answers(LEAD)
    assert centre.together(caller) == {LEAD} and not centre.line_to("10086")
    assert centre.last(facts.ConsultEnded).reason == "taken_over"


def test_given_a_conference_when_a_lead_takes_over_then_the_third_stays(centre: Centre) -> None:
    caller = talking(centre)
    centre.ask(events.ConsultWith, "1001", target=ToNumber("10086"))
    centre.answers("10086")
    centre.ask(events.JoinAll, "1001")
    centre.ask(events.TakeOver, LEAD, target="1001")
    centre.answers(LEAD)
    assert centre.together(caller) == {LEAD, "10086"}


def test_given_a_consulted_colleague_when_a_lead_would_take_over_from_them_then_it_is_not_their_customer(centre: Centre) -> None:
    talking(centre)
    centre.sign_in("1003")
    centre.ask(events.ConsultWith, "1001", target=ToAgent("1003"))
    centre.answers("1003")
    assert centre.ask(events.TakeOver, LEAD, target="1003") == "target_not_in_call"


def test_given_a_call_between_seats_when_a_lead_would_take_over_then_there_is_no_customer(centre: Centre) -> None:
    centre.sign_in("1001", "1002", LEAD)
    centre.ask(events.DialNumber, "1001", number="1002")
    centre.answers("1001")
    centre.answers("1002")
    assert centre.ask(events.TakeOver, LEAD, target="1001") == "internal_call"


def test_given_two_leads_on_a_call_when_one_takes_over_then_the_other_is_out(centre: Centre) -> None:
    caller = talking(centre)
    centre.sign_in("1003")
    centre.ask(events.Monitor, "1003", target="1001", mode="barge")
    centre.answers("1003")
    monitors(centre)
    centre.ask(events.TakeOver, LEAD, target="1001")
    assert centre.together(caller) == {LEAD} and centre.state("1003") == "READY"
    assert {f.supervisor: f.reason for f in centre.told(facts.MonitorEnded)} == {LEAD: "taken_over", "1003": "agent_left"}


# -- force -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "becomes", "reason"),
    [("ready", "READY", ""), ("not_ready", "NOT_READY", "training"), ("signed_out", "LOGGED_OUT", "")],
)
def test_given_an_agent_when_forced_into_a_state_then_they_are_in_it_and_the_record_says_by_whom(
    centre: Centre, state: str, becomes: str, reason: str
) -> None:
    centre.sign_in("1001", ready=state != "ready")
    assert centre.ask(events.ForceState, "1001", state=state, reason=reason) == ""
    assert (centre.state("1001"), centre.reason("1001")) == (becomes, reason)
    forced = centre.last(facts.Forced)
    assert (forced.agent, forced.by, forced.action, forced.detail, forced.call) == ("1001", "test", state, reason, "")


@pytest.mark.parametrize(("state", "becomes"), [("not_ready", "NOT_READY"), ("signed_out", "LOGGED_OUT")])
def test_given_an_agent_in_a_call_when_forced_into_a_state_then_it_comes_after_the_call(
    centre: Centre, state: str, becomes: str
) -> None:
    caller = talking(centre)
    assert centre.ask(events.ForceState, "1001", state=state) == ""
    assert centre.state("1001") == "TALKING" and centre.last(facts.Forced).call == centre.call_of(caller).id
    centre.hangs_up(caller)
    centre.passes(30)
    assert centre.state("1001") == becomes


def test_given_an_agent_whose_phone_rings_when_signed_out_by_force_then_the_caller_has_their_place_again(centre: Centre) -> None:
    centre.sign_in("1001")
    caller = centre.calls_in()
    centre.ask(events.ForceState, "1001", state="signed_out")
    assert centre.state("1001") == "LOGGED_OUT" and centre.call_of(caller).state == "QUEUED"


def test_given_a_seat_signed_out_or_its_phone_dead_when_forced_then_the_reason_is_told_and_nothing_is_recorded(
    centre: Centre,
) -> None:
    assert centre.ask(events.ForceState, "1001", state="ready") == "signed_out"
    centre.sign_in("1001")
    centre.send(events.PhoneChanged("PJSIP/1001", False))
    assert centre.ask(events.ForceState, "1001", state="ready") == "phone_offline"
    assert centre.ask(events.ForceHangUp, "1001") == "no_call"
    assert centre.ask(events.ForceTransfer, "1001", target=ToQueue("sales")) == "no_call"
    assert not centre.told(facts.Forced)


@pytest.mark.parametrize("three", [False, True])
def test_given_a_talk_when_forced_off_then_it_is_over_for_everybody(centre: Centre, three: bool) -> None:
    talking(centre)
    if three:
        centre.ask(events.ConsultWith, "1001", target=ToNumber("10086"))
        centre.answers("10086")
    assert centre.ask(events.ForceHangUp, "1001") == ""
    assert not centre.switch.channels and centre.state("1001") == "WRAP_UP"
    assert centre.last(facts.CallEnded).by == "lead" and centre.last(facts.Forced).action == "hang_up"


def test_given_a_ringing_phone_when_forced_off_then_the_caller_waits_on(centre: Centre) -> None:
    centre.sign_in("1001")
    caller = centre.calls_in()
    assert centre.ask(events.ForceHangUp, "1001") == ""
    assert not centre.phone("1001") and centre.switch.hears(caller) == {"music"}


def test_given_a_lead_who_monitors_when_forced_off_then_only_that_ends(centre: Centre) -> None:
    caller = talking(centre)
    monitors(centre)
    assert centre.ask(events.ForceHangUp, LEAD) == ""
    assert not centre.phone(LEAD) and centre.together(caller) == {"1001"}


def test_given_a_talk_when_transferred_by_force_then_the_colleague_has_it_and_the_agent_wraps_up(centre: Centre) -> None:
    caller = talking(centre)
    centre.sign_in("1003")
    assert centre.ask(events.ForceTransfer, "1001", target=ToAgent("1003")) == ""
    centre.answers("1003")
    assert centre.together(caller) == {"1003"} and centre.state("1001") == "WRAP_UP"
    forced = centre.last(facts.Forced)
    assert (forced.action, forced.detail, forced.by) == ("transfer", "agent:1003", "test")


def test_given_a_target_that_cannot_be_had_when_transferred_by_force_then_the_talk_goes_on(centre: Centre) -> None:
    caller = talking(centre)
    assert centre.ask(events.ForceTransfer, "1001", target=ToAgent("1003")) == "target_signed_out"
    assert centre.together(caller) == {"1001"} and not centre.told(facts.Forced)
