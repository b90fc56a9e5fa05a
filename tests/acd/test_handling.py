"""What an agent does with a call: hold, transfer, consult, three-way, internal and outbound calls, helping out."""

from typing import Any

import pytest

from ccenter.acd import commands, events, facts
from ccenter.acd.config import AgentConfig, ToAgent, ToCallback, ToEnd, ToFlow, ToNumber, ToQueue, ToVoicemail
from ccenter.acd.speech import Digits, say
from tests.acd.centre import MONDAY_NOON, Centre, config


def talking(centre: Centre, *others: str) -> str:
    """A caller in a talk with 1001; others are ready."""
    centre.sign_in("1001")
    caller = centre.connected()
    centre.sign_in(*others)
    return caller


def together(centre: Centre, caller: str) -> set[str]:
    """Who talks with the caller: agents by code, numbers by number."""
    endpoints = {centre.switch.channels[leg].endpoint for leg in centre.switch.talks_with(caller)}
    return {endpoint.removeprefix("PJSIP/").partition("@")[0] for endpoint in endpoints}


# -- hold ------------------------------------------------------------------------------------------------------


def test_given_a_talk_when_held_then_the_customer_hears_music_and_resumed_they_talk_again(centre: Centre) -> None:
    caller = talking(centre)
    assert centre.ask(events.HoldCall, "1001") == ""
    assert centre.switch.hears(caller) == {"music"} and centre.call_of(caller).state == "HELD"
    centre.passes(7)
    assert centre.ask(events.ResumeCall, "1001") == ""
    assert together(centre, caller) == {"1001"} and centre.switch.hears(caller) == {"people"}
    centre.passes(3)
    centre.hangs_up(caller)
    assert (centre.last(facts.CallEnded).held, centre.last(facts.CallEnded).talked) == (7.0, 10.0)


def test_given_the_hold_key_of_the_phone_when_pressed_then_it_does_what_the_click_does(centre: Centre) -> None:
    caller = talking(centre)
    centre.send(events.LegHeld(centre.phone("1001"), True))
    assert centre.switch.hears(caller) == {"music"}
    centre.send(events.LegHeld(centre.phone("1001"), False))
    assert together(centre, caller) == {"1001"}


def test_given_a_held_customer_when_they_hang_up_then_the_hold_is_counted_and_the_agent_wraps_up(centre: Centre) -> None:
    caller = talking(centre)
    centre.ask(events.HoldCall, "1001")
    centre.passes(5)
    centre.hangs_up(caller)
    ended = centre.last(facts.CallEnded)
    assert (ended.held, ended.talked, ended.where, ended.by) == (5.0, 5.0, "HELD", "customer")
    assert centre.state("1001") == "WRAP_UP" and not centre.phone("1001")


def test_given_a_held_customer_when_the_agents_phone_ends_then_the_customer_goes_to_the_head_not_lost(centre: Centre) -> None:
    caller = talking(centre)
    centre.ask(events.HoldCall, "1001")
    centre.hangs_up("1001")
    assert centre.call_of(caller).state == "QUEUED" and centre.switch.hears(caller) == {"music"}


# -- the end ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by_click", [False, True])
def test_given_a_talk_when_the_agent_hangs_up_then_the_call_ends_by_agent(centre: Centre, by_click: bool) -> None:
    caller = talking(centre)
    centre.passes(12)
    if by_click:
        centre.ask(events.HangUpCall, "1001")
    else:
        centre.hangs_up("1001")
    ended = centre.last(facts.CallEnded)
    assert (ended.outcome, ended.by, ended.agent, ended.talked) == ("ANSWERED", "agent", "1001", 12.0)
    assert caller not in centre.switch.channels and not centre.switch.bridges


def test_given_a_ringing_phone_when_the_agent_answers_by_click_then_the_phone_is_asked_to(centre: Centre) -> None:
    centre.sign_in("1001")
    caller = centre.calls_in("4001")
    assert centre.ask(events.AnswerCall, "1001") == ""
    assert together(centre, caller) == {"1001"}


def test_given_a_ringing_phone_when_the_agent_declines_by_click_then_the_caller_waits_on_and_the_phone_rests(
    centre: Centre,
) -> None:
    centre.sign_in("1001")
    caller = centre.calls_in("4001")
    assert centre.ask(events.HangUpCall, "1001") == ""
    assert centre.call_of(caller).state == "QUEUED" and centre.reason("1001") == "phone_busy"


def test_given_a_talk_when_keys_are_sent_then_the_customers_side_gets_them(centre: Centre) -> None:
    caller = talking(centre)
    assert centre.ask(events.SendKeys, "1001", keys="12#A") == ""
    assert centre.switch.channels[caller].keys_sent == "12#A"


# -- blind transfer --------------------------------------------------------------------------------------------


def transfer(centre: Centre, target: Any) -> str:
    return centre.ask(events.TransferCall, "1001", target=target)


def test_given_a_blind_transfer_to_an_agent_when_they_answer_then_they_talk_and_the_sender_wrapped_up_meanwhile(
    centre: Centre,
) -> None:
    caller = talking(centre, "1003")
    assert transfer(centre, ToAgent("1003")) == ""
    assert centre.state("1001") == "WRAP_UP" and centre.switch.hears(caller) == {"music"}
    assert not centre.phone("1001")
    centre.answers("1003")
    assert together(centre, caller) == {"1003"}
    centre.hangs_up(caller)
    assert centre.last(facts.CallEnded).agent == "1003"
    assert [(t.kind, t.target) for t in centre.told(facts.CallTransferred)] == [("blind", "agent:1003")]


@pytest.mark.parametrize("how", ["busy", "refused", "no_answer"])
def test_given_a_blind_transfer_to_an_agent_when_they_cannot_be_had_then_the_sender_rings_again(centre: Centre, how: str) -> None:
    caller = talking(centre, "1003")
    transfer(centre, ToAgent("1003"))
    if how == "no_answer":
        centre.passes(30)  # the sender's wrap-up ends in the same second
    else:
        centre.hangs_up("1003", {"busy": 17, "refused": 21}[how])
    failed = centre.last(facts.TransferFailed)
    assert (failed.reason, failed.back_to) == (how, "agent:1001")
    assert centre.switch.hears(caller) == {"music"}
    centre.answers("1001")
    assert together(centre, caller) == {"1001"}


def test_given_a_failed_transfer_when_the_sender_has_another_call_then_the_customer_is_first_in_the_queue(
    centre: Centre,
) -> None:
    caller = talking(centre, "1003")
    transfer(centre, ToAgent("1003"))
    centre.ask(events.Ready, "1001")
    centre.calls_in("4001")  # rings at 1001
    centre.calls_in("4001")  # waits
    centre.hangs_up("1003", 17)
    assert centre.last(facts.TransferFailed).back_to == "queue:sales"
    assert centre.last(facts.CallQueued).position == 1
    assert centre.switch.hears(caller) == {"music"}


def test_given_a_failed_transfer_when_the_sender_does_not_answer_either_then_the_queue_has_the_customer(
    centre: Centre,
) -> None:
    caller = talking(centre, "1003")
    transfer(centre, ToAgent("1003"))
    centre.hangs_up("1003", 17)
    centre.hangs_up("1001", 17)
    assert centre.call_of(caller).state == "QUEUED" and centre.call_of(caller).queue == "sales"


@pytest.mark.parametrize(
    ("target", "code"),
    [
        (ToAgent("1001"), "unknown_target"),
        (ToAgent("7777"), "unknown_target"),
        (ToAgent("1002"), "target_signed_out"),
        (ToAgent("1004"), "target_busy"),
        (ToQueue("none"), "unknown_target"),
        (ToFlow("none"), "unknown_target"),
        (ToNumber("call me"), "bad_number"),
    ],
)
def test_given_a_target_that_cannot_be_had_when_a_transfer_is_asked_then_the_talk_goes_on(
    centre: Centre, target: Any, code: str
) -> None:
    caller = talking(centre, "1004")
    centre.connected("1004", "4002")
    assert transfer(centre, target) == code
    if isinstance(target, ToAgent | ToNumber):
        assert centre.ask(events.ConsultWith, "1001", target=target) == code
    assert together(centre, caller) == {"1001"}


def test_given_a_blind_transfer_to_a_queue_when_others_wait_then_the_customer_is_before_them(centre: Centre) -> None:
    talking(centre)
    centre.calls_in("4002")
    transfer(centre, ToQueue("support"))
    assert (centre.last(facts.CallQueued).queue, centre.last(facts.CallQueued).position) == ("support", 1)


def test_given_a_transfer_to_a_queue_when_one_of_its_agents_misses_it_then_it_stays_in_that_queue(centre: Centre) -> None:
    caller = talking(centre, "1003")
    transfer(centre, ToQueue("support"))
    centre.hangs_up("1003", 17)
    assert (centre.call_of(caller).queue, centre.call_of(caller).state) == ("support", "QUEUED")


def test_given_a_blind_transfer_to_a_number_when_it_answers_then_they_talk_and_either_end_ends_it(centre: Centre) -> None:
    caller = talking(centre)
    transfer(centre, ToNumber("10086"))
    assert centre.switch.hears(caller) == {"music"}
    centre.answers("10086")
    assert together(centre, caller) == {"10086"}
    centre.hangs_up("10086")
    assert centre.last(facts.CallEnded).by == "party" and caller not in centre.switch.channels


@pytest.mark.parametrize("how", ["busy", "no_answer"])
def test_given_a_blind_transfer_to_a_number_when_it_cannot_be_had_then_the_sender_rings_again(centre: Centre, how: str) -> None:
    talking(centre)
    transfer(centre, ToNumber("10086"))
    centre.ask(events.Ready, "1001")
    if how == "no_answer":
        centre.passes(30)
    else:
        centre.hangs_up("10086", 17)
    assert centre.last(facts.TransferFailed).reason == how
    assert centre.phone("1001") and not centre.line_to("10086")


def test_given_a_blind_transfer_to_a_flow_when_it_is_done_then_the_caller_is_in_the_flow(centre: Centre) -> None:
    caller = talking(centre)
    transfer(centre, ToFlow("main", "points"))
    assert centre.switch.hears(caller) == {"prompt"} and centre.says(caller)[0] == "your-points"


@pytest.mark.parametrize("target", [ToVoicemail("sales"), ToCallback(), ToEnd("goodbye")])
def test_given_a_transfer_to_a_machine_when_it_is_done_then_the_caller_is_served_by_it(centre: Centre, target: Any) -> None:
    caller = talking(centre)
    assert transfer(centre, target) == ""
    if centre.switch.stores:
        centre.stores()
    assert centre.switch.hears(caller) == {"prompt"}


def test_given_a_transfer_while_the_agents_number_is_announced_when_it_is_a_callback_then_the_promise_is_made(
    centre: Centre,
) -> None:
    centre.sign_in("1003")
    caller = centre.calls_in("4002")
    centre.answers("1003")
    assert centre.says(caller)[0] == "agent-number-is"
    centre.ask(events.TransferCall, "1003", target=ToCallback())
    centre.stores()
    assert centre.says(caller) == ("callback-promised",)


def test_given_a_customer_in_transfer_when_they_hang_up_then_the_target_stops_ringing(centre: Centre) -> None:
    caller = talking(centre, "1003")
    transfer(centre, ToAgent("1003"))
    centre.hangs_up(caller)
    assert not centre.phone("1003") and centre.state("1003") == "READY"
    assert centre.last(facts.OfferEnded).reason == "caller_gone"


# -- consultation ----------------------------------------------------------------------------------------------


def consulting(centre: Centre, target: Any, *, answered: bool = True) -> str:
    """1001 talks with a caller and consults the target."""
    caller = talking(centre, "1003")
    assert centre.ask(events.ConsultWith, "1001", target=target) == ""
    assert centre.switch.hears(caller) == {"music"}
    if answered:
        centre.answers("1003" if isinstance(target, ToAgent) else "10086")
        assert centre.switch.hears(caller) == {"music"}
    return caller


COLLEAGUES = pytest.mark.parametrize(("target", "who"), [(ToAgent("1003"), "1003"), (ToNumber("10086"), "10086")])


@COLLEAGUES
def test_given_a_consultation_when_they_talk_then_agent_and_colleague_hear_each_other_alone(
    centre: Centre, target: Any, who: str
) -> None:
    consulting(centre, target)
    assert centre.switch.talks_with(centre.phone("1001")) == {centre.phone(who) or centre.line_to(who)}


@COLLEAGUES
def test_given_a_consultation_when_completed_then_customer_and_colleague_talk_and_each_can_end_it(
    centre: Centre, target: Any, who: str
) -> None:
    caller = consulting(centre, target)
    assert centre.ask(events.CompleteTransfer, "1001") == ""
    assert together(centre, caller) == {who} and centre.state("1001") == "WRAP_UP"
    centre.hangs_up(who)
    assert caller not in centre.switch.channels
    assert centre.last(facts.CallTransferred).kind == "consulted"


@COLLEAGUES
def test_given_a_consultation_when_the_agent_hangs_up_their_phone_then_that_completes_it(
    centre: Centre, target: Any, who: str
) -> None:
    caller = consulting(centre, target)
    centre.hangs_up("1001")
    assert together(centre, caller) == {who}


@COLLEAGUES
def test_given_a_consultation_when_completed_while_it_still_rings_then_the_answer_brings_them_together(
    centre: Centre, target: Any, who: str
) -> None:
    caller = consulting(centre, target, answered=False)
    centre.ask(events.CompleteTransfer, "1001")
    assert centre.switch.hears(caller) == {"music"} and not centre.phone("1001")
    centre.answers(who)
    assert together(centre, caller) == {who}


@COLLEAGUES
def test_given_a_consultation_completed_while_ringing_when_nobody_answers_then_the_sender_rings_again(
    centre: Centre, target: Any, who: str
) -> None:
    caller = consulting(centre, target, answered=False)
    centre.ask(events.CompleteTransfer, "1001")
    centre.hangs_up(who, 17)
    assert centre.last(facts.TransferFailed).back_to == "agent:1001"
    centre.answers("1001")
    assert together(centre, caller) == {"1001"}


@COLLEAGUES
@pytest.mark.parametrize("how", ["busy", "no_answer", "cancelled", "left", "hung_up_by_click"])
def test_given_a_consultation_when_it_comes_to_nothing_then_the_customer_is_the_agents_again(
    centre: Centre, target: Any, who: str, how: str
) -> None:
    caller = consulting(centre, target, answered=how in ("left", "hung_up_by_click"))
    match how:
        case "busy":
            centre.hangs_up(who, 17)
        case "no_answer":
            centre.passes(30)
        case "cancelled":
            assert centre.ask(events.CancelConsult, "1001") == ""
        case "left":
            centre.hangs_up(who)
        case "hung_up_by_click":
            assert centre.ask(events.HangUpCall, "1001") == ""
    assert together(centre, caller) == {"1001"} and centre.call_of(caller).state == "CONNECTED"
    assert centre.last(facts.ConsultEnded).target.endswith(who)
    assert centre.state("1003") == "READY" and not centre.line_to("10086")


def test_given_a_consulted_colleague_when_they_end_it_by_click_then_the_customer_is_the_agents_again(centre: Centre) -> None:
    caller = consulting(centre, ToAgent("1003"))
    assert centre.ask(events.HangUpCall, "1003") == ""
    assert together(centre, caller) == {"1001"}


@COLLEAGUES
def test_given_a_consultation_when_the_customer_hangs_up_then_all_is_over(centre: Centre, target: Any, who: str) -> None:
    caller = consulting(centre, target)
    centre.hangs_up(caller)
    assert not centre.switch.channels and not centre.switch.bridges
    assert centre.state("1003") == "READY" and centre.state("1001") == "WRAP_UP"


def test_given_a_consultation_when_the_agents_phone_dies_then_the_customer_goes_to_the_head(centre: Centre) -> None:
    caller = consulting(centre, ToAgent("1003"))
    centre.hangs_up("1001", 38)
    assert centre.last(facts.CallRequeued).reason == "agent_lost"
    assert centre.switch.hears(caller) == {"music"} and centre.state("1003") == "READY"


def test_given_a_consultation_when_resume_or_hold_or_another_is_asked_then_it_is_refused(centre: Centre) -> None:
    consulting(centre, ToAgent("1003"))
    assert centre.ask(events.ResumeCall, "1001") == "consulting"
    assert centre.ask(events.ConsultWith, "1001", target=ToNumber("10010")) == "consulting"


def test_given_a_consultation_when_the_agent_transfers_elsewhere_then_the_colleague_is_let_go(centre: Centre) -> None:
    caller = consulting(centre, ToAgent("1003"))
    assert transfer(centre, ToQueue("sales")) == ""
    assert centre.state("1003") == "READY" and centre.switch.hears(caller) == {"music"}


# -- three at once ---------------------------------------------------------------------------------------------


@COLLEAGUES
def test_given_a_consultation_when_all_are_joined_then_three_talk(centre: Centre, target: Any, who: str) -> None:
    caller = consulting(centre, target)
    assert centre.ask(events.JoinAll, "1001") == ""
    assert together(centre, caller) == {"1001", who}
    assert centre.ask(events.HoldCall, "1001") == "in_conference"


@COLLEAGUES
@pytest.mark.parametrize("by_click", [False, True])
def test_given_three_when_the_agent_leaves_then_the_others_talk_on_and_the_next_to_leave_ends_it(
    centre: Centre, target: Any, who: str, by_click: bool
) -> None:
    caller = consulting(centre, target)
    centre.ask(events.JoinAll, "1001")
    if by_click:
        assert centre.ask(events.LeaveCall, "1001") == ""
    else:
        centre.hangs_up("1001")
    assert together(centre, caller) == {who} and centre.state("1001") == "WRAP_UP"
    centre.hangs_up(who)
    assert caller not in centre.switch.channels and centre.told(facts.CallEnded)


@COLLEAGUES
def test_given_three_when_the_third_leaves_then_customer_and_agent_talk_on(centre: Centre, target: Any, who: str) -> None:
    caller = consulting(centre, target)
    centre.ask(events.JoinAll, "1001")
    centre.hangs_up(who)
    assert together(centre, caller) == {"1001"}
    assert centre.last(facts.PartyLeft).party.endswith(who)


def test_given_three_when_the_customer_leaves_then_all_is_over(centre: Centre) -> None:
    caller = consulting(centre, ToAgent("1003"))
    centre.ask(events.JoinAll, "1001")
    centre.hangs_up(caller)
    assert not centre.switch.channels and not centre.switch.bridges


def test_given_a_consultation_that_only_rings_when_all_are_to_be_joined_then_it_is_refused(centre: Centre) -> None:
    consulting(centre, ToAgent("1003"), answered=False)
    assert centre.ask(events.JoinAll, "1001") == "not_consulting"


# -- calls between seats ---------------------------------------------------------------------------------------


def internal(centre: Centre) -> None:
    centre.sign_in("1001", "1002")
    assert centre.ask(events.DialNumber, "1001", number="1002") == ""
    assert centre.told(commands.Dial)[-1].auto_answer
    centre.answers("1001")
    centre.answers("1002")
    assert centre.switch.talks_with(centre.phone("1001")) == {centre.phone("1002")}
    assert centre.state("1001") == centre.state("1002") == "TALKING"


@pytest.mark.parametrize("who", ["1001", "1002"])
@pytest.mark.parametrize("by_click", [False, True])
def test_given_a_call_between_seats_when_either_hangs_up_then_both_are_ready(centre: Centre, who: str, by_click: bool) -> None:
    internal(centre)
    if by_click:
        assert centre.ask(events.HangUpCall, who) == ""
    else:
        centre.hangs_up(who)
    assert centre.state("1001") == centre.state("1002") == "READY"
    assert not centre.switch.channels and centre.last(facts.CallEnded).outcome == "ANSWERED"
    assert centre.last(facts.CallStarted).direction == "internal"


@pytest.mark.parametrize("how", ["busy", "no_answer", "by_click"])
def test_given_a_call_to_a_colleague_when_they_do_not_take_it_then_both_are_ready(centre: Centre, how: str) -> None:
    centre.sign_in("1001", "1002")
    centre.ask(events.DialNumber, "1001", number="1002")
    centre.answers("1001")
    match how:
        case "busy":
            centre.hangs_up("1002", 17)
        case "no_answer":
            centre.passes(30)
        case "by_click":
            assert centre.ask(events.HangUpCall, "1002") == ""
    assert centre.state("1001") == centre.state("1002") == "READY"
    assert centre.last(facts.CallEnded).outcome == "NO_ANSWER" and not centre.switch.channels


def test_given_a_colleague_on_a_break_when_called_then_they_are_on_it_again_after(centre: Centre) -> None:
    centre.sign_in("1001", "1002")
    centre.ask(events.NotReady, "1002", reason="lunch")
    centre.ask(events.DialNumber, "1001", number="1002")
    centre.answers("1001")
    centre.answers("1002")
    centre.hangs_up("1001")
    assert (centre.state("1002"), centre.reason("1002")) == ("NOT_READY", "lunch")


def test_given_a_call_between_seats_when_a_phone_dies_then_it_ends_and_nobody_is_queued(centre: Centre) -> None:
    internal(centre)
    centre.hangs_up("1001", 38)
    assert centre.state("1002") == "READY" and not centre.told(facts.CallQueued)


@pytest.mark.parametrize("kind", [events.TransferCall, events.ConsultWith])
def test_given_a_call_between_seats_when_it_is_to_be_passed_on_then_it_is_refused(
    centre: Centre, kind: type[events.Request]
) -> None:
    internal(centre)
    assert centre.ask(kind, "1001", target=ToNumber("10086")) == "internal_call"


def test_given_a_colleague_taken_meanwhile_when_the_agents_phone_answers_then_the_call_ends(centre: Centre) -> None:
    centre.sign_in("1001", "1002")
    centre.ask(events.DialNumber, "1001", number="1002")
    centre.calls_in("4002")
    centre.answers("1001")
    assert (centre.last(facts.CallEnded).note, centre.state("1001")) == ("agent_busy", "READY")


# -- calls out -------------------------------------------------------------------------------------------------


def out(centre: Centre, number: str = "10086") -> None:
    centre.sign_in("1001")
    assert centre.ask(events.DialNumber, "1001", number=number) == ""
    centre.answers("1001")


def test_given_a_number_on_the_screen_when_clicked_then_phone_then_number_ring_and_they_talk(centre: Centre) -> None:
    centre.sign_in("1001")
    centre.ask(events.DialNumber, "1001", number="10086")
    assert centre.phone("1001") and not centre.line_to("10086")
    centre.answers("1001")
    dial = centre.told(commands.Dial)[-1]
    assert (dial.endpoint, dial.caller_id) == ("PJSIP/10086@trunk-demo", "4008000000")
    assert centre.switch.hears(centre.phone("1001")) == {"prompt"}  # the ringing tone
    centre.answers("10086")
    assert centre.switch.talks_with(centre.phone("1001")) == {centre.line_to("10086")}
    assert centre.switch.hears(centre.phone("1001")) == {"people"}
    centre.passes(9)
    centre.hangs_up("10086")
    ended = centre.last(facts.CallEnded)
    assert (ended.outcome, ended.by, ended.talked, ended.agent) == ("ANSWERED", "customer", 9.0, "1001")
    assert centre.state("1001") == "WRAP_UP"


def test_given_two_trunks_when_the_first_may_not_or_is_full_then_the_next_is_taken() -> None:
    trunks = config().trunks
    order = {"spare": trunks["spare"], "demo": trunks["demo"]}  # spare: only +86, one channel
    centre = Centre(config(trunks=order))
    centre.sign_in("1001", "1002")
    centre.ask(events.DialNumber, "1001", number="+8613900000001")
    centre.answers("1001")
    centre.ask(events.DialNumber, "1002", number="+8613900000002")
    centre.answers("1002")
    centre.ask(events.HangUpCall, "1002")
    centre.ask(events.Ready, "1002")
    centre.ask(events.DialNumber, "1002", number="10086")
    centre.answers("1002")
    numbers = [dial.endpoint.partition("@")[2] for dial in centre.told(commands.Dial) if "@" in dial.endpoint]
    assert numbers == ["trunk-spare", "trunk-demo", "trunk-demo"]


@pytest.mark.parametrize("how", ["busy", "no_answer", "agent_gave_up", "agent_hung_up"])
def test_given_a_number_that_does_not_answer_when_it_is_over_then_the_record_says_why(centre: Centre, how: str) -> None:
    out(centre)
    match how:
        case "busy":
            centre.hangs_up("10086", 17)
        case "no_answer":
            centre.passes(30)
        case "agent_gave_up":
            centre.ask(events.HangUpCall, "1001")
        case "agent_hung_up":
            centre.hangs_up("1001")
    ended = centre.last(facts.CallEnded)
    assert ended.outcome == "NO_ANSWER" and ended.by == ("agent" if how.startswith("agent") else "system")
    if not how.startswith("agent"):
        assert ended.note == how
    assert not centre.switch.channels


def test_given_ones_own_ringing_phone_when_the_call_is_given_up_then_it_is_no_miss(centre: Centre) -> None:
    centre.sign_in("1001")
    centre.ask(events.DialNumber, "1001", number="10086")
    assert centre.ask(events.HangUpCall, "1001") == ""
    assert centre.state("1001") == "READY" and centre.acd.world.state.agents["1001"].misses == 0


def test_given_a_desk_phone_when_it_dials_by_itself_then_it_is_a_call_of_that_agent(centre: Centre) -> None:
    centre.sign_in("1001")
    leg = centre.switch.comes_in()
    centre.switch.channels[leg].endpoint = "PJSIP/1001"
    centre.send(events.SeatDialled(leg, "PJSIP/1001", "10086"))
    centre.answers("10086")
    assert centre.switch.talks_with(leg) == {centre.line_to("10086")}
    started = centre.last(facts.CallStarted)
    assert (started.direction, started.agent, started.leg) == ("out", "1001", leg)
    centre.hangs_up(leg)
    assert centre.last(facts.CallEnded).by == "agent"


@pytest.mark.parametrize(("endpoint", "number"), [("PJSIP/9999", "10086"), ("PJSIP/1001", "x"), ("PJSIP/1001", "1003")])
def test_given_a_phone_that_may_not_when_it_dials_then_it_is_refused(centre: Centre, endpoint: str, number: str) -> None:
    centre.sign_in("1001")
    centre.send(events.SeatDialled(centre.switch.comes_in(), endpoint, number))
    assert centre.told(commands.HangUp)[-1].cause == 21 and not centre.told(facts.CallStarted)


def test_given_a_call_out_when_the_customer_is_transferred_and_nobody_is_there_then_the_agents_queue_has_them(
    centre: Centre,
) -> None:
    out(centre)
    centre.answers("10086")
    centre.sign_in("1003")
    assert transfer(centre, ToAgent("1003")) == ""
    centre.hangs_up("1003", 17)
    centre.hangs_up("1001", 17)  # the sender, to whom it returned
    assert centre.last(facts.CallQueued).queue == "sales"


# -- helping out -----------------------------------------------------------------------------------------------


def test_given_a_call_ringing_at_a_colleague_when_picked_up_then_it_rings_here_and_there_no_more(centre: Centre) -> None:
    centre.sign_in("1001", "1003")
    caller = centre.calls_in("4001")
    assert centre.ask(events.PickUp, "1003", call=centre.call_of(caller).id) == ""
    assert not centre.phone("1001") and centre.state("1001") == "READY"
    assert centre.told(commands.Dial)[-1].auto_answer
    centre.answers("1003")
    assert together(centre, caller) == {"1003"}
    assert (centre.last(facts.CallRouted).strategy, centre.last(facts.CallRouted).agent) == ("claimed", "1003")


def test_given_a_waiting_call_when_an_agent_of_another_queue_takes_it_then_they_serve_it(centre: Centre) -> None:
    first = centre.calls_in("4001")
    caller = centre.calls_in("4001")
    centre.sign_in("1003")
    assert centre.ask(events.TakeWaiting, "1003", call=centre.call_of(caller).id) == ""
    centre.answers("1003")
    assert together(centre, caller) == {"1003"} and centre.call_of(first).state == "QUEUED"


def test_given_a_taken_call_when_the_taker_does_not_answer_then_it_has_its_place_again(centre: Centre) -> None:
    first = centre.calls_in("4001")
    centre.calls_in("4001")
    centre.sign_in("1003")
    centre.ask(events.TakeWaiting, "1003", call=centre.call_of(first).id)
    centre.passes(30)
    centre.sign_in("1001")
    assert centre.last(facts.CallRouted).call == centre.call_of(first).id


def test_given_an_agent_in_a_call_when_they_take_another_then_they_are_refused_and_it_keeps_its_place(centre: Centre) -> None:
    talking(centre)
    caller = centre.calls_in("4001")
    assert centre.ask(events.TakeWaiting, "1001", call=centre.call_of(caller).id) == "busy"
    assert centre.call_of(caller).state == "QUEUED"
    assert centre.ask(events.PickUp, "1001", call=centre.call_of(caller).id) == "no_such_call"


def test_given_an_agent_on_a_break_when_they_take_a_call_then_they_are_on_the_break_again_after(centre: Centre) -> None:
    caller = centre.calls_in("4001")
    centre.sign_in("1003", ready=False)
    centre.ask(events.NotReady, "1003", reason="lunch")
    centre.ask(events.TakeWaiting, "1003", call=centre.call_of(caller).id)
    centre.answers("1003")
    centre.hangs_up(caller)
    centre.passes(30)
    assert (centre.state("1003"), centre.reason("1003")) == ("NOT_READY", "lunch")


# -- the agent's number ----------------------------------------------------------------------------------------


def test_given_a_queue_that_announces_agents_when_one_answers_then_the_caller_hears_the_number_and_then_the_agent(
    centre: Centre,
) -> None:
    centre.sign_in("1003")
    caller = centre.calls_in("4002")
    phone = centre.answers("1003")
    assert centre.switch.hears(caller) == {"prompt"}
    heard = centre.listens(caller)
    assert (heard[0], heard[-1]) == ("agent-number-is", "agent-serves-you")
    assert heard[1:-1] == say("zh", Digits("1003"))
    assert centre.switch.hears(caller) == {"people"} and centre.switch.talks_with(caller) == {phone}


def test_given_the_number_is_announced_when_the_agent_holds_then_only_music_is_heard(centre: Centre) -> None:
    centre.sign_in("1003")
    caller = centre.calls_in("4002")
    phone = centre.answers("1003")
    centre.ask(events.HoldCall, "1003")
    assert centre.switch.hears(caller) == {"music"}
    centre.ask(events.ResumeCall, "1003")
    assert centre.switch.talks_with(caller) == {phone}


# -- straight to somebody --------------------------------------------------------------------------------------


def test_given_a_number_of_one_agent_when_they_do_not_answer_then_their_voicemail_takes_the_caller(centre: Centre) -> None:
    centre.sign_in("1004")
    caller = centre.calls_in("4010")
    centre.passes(30)
    assert centre.says(caller) == ("voicemail-greeting",) and centre.call_of(caller).mailbox == "agent:1004"


def test_given_a_number_that_leads_outside_when_it_is_busy_then_the_caller_is_told(centre: Centre) -> None:
    caller = centre.calls_in("4011")
    centre.hangs_up("10086", 17)
    assert centre.says(caller) == ("agent-not-available",)


def test_given_no_group_for_the_agent_of_a_failed_transfer_when_nobody_is_there_then_the_customer_is_told() -> None:
    agents = {**config().agents, "1001": AgentConfig("1001")}
    centre = Centre(config(agents=agents), now=MONDAY_NOON)
    out(centre)
    centre.answers("10086")
    centre.sign_in("1003")
    transfer(centre, ToAgent("1003"))
    centre.hangs_up("1003", 17)
    centre.hangs_up("1001", 17)
    assert centre.says(centre.line_to("10086")) == ("agent-not-available",)
