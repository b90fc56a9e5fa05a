"""To somebody else: blind and consulted transfers, and three at once. The customer is never stranded."""

from typing import Any

import pytest

from ccenter.acd import events, facts
from ccenter.acd.config import ToAgent, ToCallback, ToEnd, ToFlow, ToNumber, ToQueue, ToVoicemail
from tests.acd.centre import Centre

# -- blind transfer --------------------------------------------------------------------------------------------


def transfer(centre: Centre, target: Any) -> str:
    return centre.ask(events.TransferCall, "1001", target=target)


def test_given_a_blind_transfer_to_an_agent_when_they_answer_then_they_talk_and_the_sender_wrapped_up_meanwhile(
    centre: Centre,
) -> None:
    caller = centre.talking("1003")
    assert transfer(centre, ToAgent("1003")) == ""
    assert centre.state("1001") == "WRAP_UP" and centre.switch.hears(caller) == {"music"}
    assert not centre.phone("1001")
    centre.answers("1003")
    assert centre.together(caller) == {"1003"}
    centre.hangs_up(caller)
    assert centre.last(facts.CallEnded).agent == "1003"
    assert [(t.kind, t.target) for t in centre.told(facts.CallTransferred)] == [("blind", "agent:1003")]


@pytest.mark.parametrize("how", ["busy", "refused", "no_answer"])
def test_given_a_blind_transfer_to_an_agent_when_they_cannot_be_had_then_the_sender_rings_again(centre: Centre, how: str) -> None:
    caller = centre.talking("1003")
    transfer(centre, ToAgent("1003"))
    if how == "no_answer":
        centre.passes(30)  # the sender's wrap-up ends in the same second
    else:
        centre.hangs_up("1003", {"busy": 17, "refused": 21}[how])
    failed = centre.last(facts.TransferFailed)
    assert (failed.reason, failed.back_to) == (how, "agent:1001")
    assert centre.switch.hears(caller) == {"music"}
    centre.answers("1001")
    assert centre.together(caller) == {"1001"}


def test_given_a_failed_transfer_when_the_sender_has_another_call_then_the_customer_is_first_in_the_queue(
    centre: Centre,
) -> None:
    caller = centre.talking("1003")
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
    caller = centre.talking("1003")
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
    caller = centre.talking("1004")
    centre.connected("1004", "4002")
    assert transfer(centre, target) == code
    if isinstance(target, ToAgent | ToNumber):
        assert centre.ask(events.ConsultWith, "1001", target=target) == code
    assert centre.together(caller) == {"1001"}


def test_given_a_blind_transfer_to_a_queue_when_others_wait_then_the_customer_is_before_them(centre: Centre) -> None:
    centre.talking()
    centre.calls_in("4002")
    transfer(centre, ToQueue("support"))
    assert (centre.last(facts.CallQueued).queue, centre.last(facts.CallQueued).position) == ("support", 1)


def test_given_a_transfer_to_a_queue_when_one_of_its_agents_misses_it_then_it_stays_in_that_queue(centre: Centre) -> None:
    caller = centre.talking("1003")
    transfer(centre, ToQueue("support"))
    centre.hangs_up("1003", 17)
    assert (centre.call_of(caller).queue, centre.call_of(caller).state) == ("support", "QUEUED")


def test_given_a_blind_transfer_to_a_number_when_it_answers_then_they_talk_and_either_end_ends_it(centre: Centre) -> None:
    caller = centre.talking()
    transfer(centre, ToNumber("10086"))
    assert centre.switch.hears(caller) == {"music"}
    centre.answers("10086")
    assert centre.together(caller) == {"10086"}
    centre.hangs_up("10086")
    assert centre.last(facts.CallEnded).by == "party" and caller not in centre.switch.channels


@pytest.mark.parametrize("how", ["busy", "no_answer"])
def test_given_a_blind_transfer_to_a_number_when_it_cannot_be_had_then_the_sender_rings_again(centre: Centre, how: str) -> None:
    centre.talking()
    transfer(centre, ToNumber("10086"))
    centre.ask(events.Ready, "1001")
    if how == "no_answer":
        centre.passes(30)
    else:
        centre.hangs_up("10086", 17)
    assert centre.last(facts.TransferFailed).reason == how
    assert centre.phone("1001") and not centre.line_to("10086")


def test_given_a_blind_transfer_to_a_flow_when_it_is_done_then_the_caller_is_in_the_flow(centre: Centre) -> None:
    caller = centre.talking()
    transfer(centre, ToFlow("main", "points"))
    assert centre.switch.hears(caller) == {"prompt"} and centre.says(caller)[0] == "your-points"


@pytest.mark.parametrize("target", [ToVoicemail("sales"), ToCallback(), ToEnd("goodbye")])
def test_given_a_transfer_to_a_machine_when_it_is_done_then_the_caller_is_served_by_it(centre: Centre, target: Any) -> None:
    caller = centre.talking()
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
    caller = centre.talking("1003")
    transfer(centre, ToAgent("1003"))
    centre.hangs_up(caller)
    assert not centre.phone("1003") and centre.state("1003") == "READY"
    assert centre.last(facts.OfferEnded).reason == "caller_gone"


# -- consultation ----------------------------------------------------------------------------------------------


def consulting(centre: Centre, target: Any, *, answered: bool = True) -> str:
    """1001 talks with a caller and consults the target."""
    caller = centre.talking("1003")
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
    assert centre.together(caller) == {who} and centre.state("1001") == "WRAP_UP"
    centre.hangs_up(who)
    assert caller not in centre.switch.channels
    assert centre.last(facts.CallTransferred).kind == "consulted"


@COLLEAGUES
def test_given_a_consultation_when_the_agent_hangs_up_their_phone_then_that_completes_it(
    centre: Centre, target: Any, who: str
) -> None:
    caller = consulting(centre, target)
    centre.hangs_up("1001")
    assert centre.together(caller) == {who}


@COLLEAGUES
def test_given_a_consultation_when_completed_while_it_still_rings_then_the_answer_brings_them_together(
    centre: Centre, target: Any, who: str
) -> None:
    caller = consulting(centre, target, answered=False)
    centre.ask(events.CompleteTransfer, "1001")
    assert centre.switch.hears(caller) == {"music"} and not centre.phone("1001")
    centre.answers(who)
    assert centre.together(caller) == {who}


@COLLEAGUES
def test_given_a_consultation_completed_while_ringing_when_nobody_answers_then_the_sender_rings_again(
    centre: Centre, target: Any, who: str
) -> None:
    caller = consulting(centre, target, answered=False)
    centre.ask(events.CompleteTransfer, "1001")
    centre.hangs_up(who, 17)
    assert centre.last(facts.TransferFailed).back_to == "agent:1001"
    centre.answers("1001")
    assert centre.together(caller) == {"1001"}


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
    assert centre.together(caller) == {"1001"} and centre.call_of(caller).state == "CONNECTED"
    assert centre.last(facts.ConsultEnded).target.endswith(who)
    assert centre.state("1003") == "READY" and not centre.line_to("10086")


def test_given_a_consulted_colleague_when_they_end_it_by_click_then_the_customer_is_the_agents_again(centre: Centre) -> None:
    caller = consulting(centre, ToAgent("1003"))
    assert centre.ask(events.HangUpCall, "1003") == ""
    assert centre.together(caller) == {"1001"}


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
    assert centre.together(caller) == {"1001", who}
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
    assert centre.together(caller) == {who} and centre.state("1001") == "WRAP_UP"
    centre.hangs_up(who)
    assert caller not in centre.switch.channels and centre.told(facts.CallEnded)


@COLLEAGUES
def test_given_three_when_the_third_leaves_then_customer_and_agent_talk_on(centre: Centre, target: Any, who: str) -> None:
    caller = consulting(centre, target)
    centre.ask(events.JoinAll, "1001")
    centre.hangs_up(who)
    assert centre.together(caller) == {"1001"}
    assert centre.last(facts.PartyLeft).party.endswith(who)


def test_given_three_when_the_customer_leaves_then_all_is_over(centre: Centre) -> None:
    caller = consulting(centre, ToAgent("1003"))
    centre.ask(events.JoinAll, "1001")
    centre.hangs_up(caller)
    assert not centre.switch.channels and not centre.switch.bridges


def test_given_a_consultation_that_only_rings_when_all_are_to_be_joined_then_it_is_refused(centre: Centre) -> None:
    consulting(centre, ToAgent("1003"), answered=False)
    assert centre.ask(events.JoinAll, "1001") == "not_consulting"


# -- more than three -------------------------------------------------------------------------------------------


@pytest.fixture
def four(centre: Centre) -> str:
    """1001 serves a caller; 1003 and the number 10086 are with them. The caller's leg."""
    caller = consulting(centre, ToAgent("1003"))
    centre.ask(events.JoinAll, "1001")
    assert centre.ask(events.InviteParty, "1001", target=ToNumber("10086")) == ""
    assert centre.together(caller) == {"1001", "1003"}, "the three talk on while the fourth is rung"
    centre.answers("10086")
    return caller


def test_given_three_when_a_further_person_is_invited_and_answers_then_all_hear_all(centre: Centre, four: str) -> None:
    assert centre.together(four) == {"1001", "1003", "10086"}
    assert [f.party for f in centre.told(facts.PartyJoined)] == ["number:10086"]
    centre.sign_in("1004")
    assert centre.ask(events.InviteParty, "1001", target=ToAgent("1004")) == ""
    centre.answers("1004")
    assert centre.together(four) == {"1001", "1003", "1004", "10086"} and centre.state("1004") == "TALKING"


@pytest.mark.parametrize("how", ["busy", "no_answer", "cancelled", "declined"])
def test_given_an_invited_colleague_when_they_do_not_come_then_the_conference_goes_on(
    centre: Centre, four: str, how: str
) -> None:
    centre.sign_in("1004")
    centre.ask(events.InviteParty, "1001", target=ToAgent("1004"))
    match how:
        case "busy":
            centre.hangs_up("1004", 17)
        case "no_answer":
            centre.passes(30)
        case "cancelled":
            assert centre.ask(events.CancelConsult, "1001") == ""
        case "declined":
            assert centre.ask(events.HangUpCall, "1004") == ""
    assert centre.last(facts.InvitationEnded).party == "agent:1004" and centre.state("1004") == "READY"
    assert centre.together(four) == {"1001", "1003", "10086"} and not centre.phone("1004")


def test_given_four_when_the_third_leaves_then_the_fourth_is_in_their_place(centre: Centre, four: str) -> None:
    centre.hangs_up("1003")
    assert centre.together(four) == {"1001", "10086"} and centre.state("1003") == "READY"
    assert centre.ask(events.HoldCall, "1001") == "in_conference"
    centre.hangs_up("10086")
    assert centre.together(four) == {"1001"} and centre.ask(events.HoldCall, "1001") == ""


def test_given_four_when_one_is_let_go_then_it_is_the_last_who_came(centre: Centre, four: str) -> None:
    centre.ask(events.CancelConsult, "1001")
    assert centre.together(four) == {"1001", "1003"} and centre.last(facts.PartyLeft).party == "number:10086"


@pytest.mark.parametrize("by_click", [False, True])
def test_given_four_when_the_agent_leaves_then_the_call_is_the_colleagues_with_the_same_rights(
    centre: Centre, four: str, by_click: bool
) -> None:
    if by_click:
        centre.ask(events.LeaveCall, "1001")
    else:
        centre.hangs_up("1001")
    assert centre.together(four) == {"1003", "10086"} and centre.call_of(four).agent == "1003"
    centre.sign_in("1004")
    assert centre.ask(events.InviteParty, "1003", target=ToAgent("1004")) == ""
    centre.answers("1004")
    assert centre.together(four) == {"1003", "1004", "10086"}


def test_given_a_conference_with_outside_people_only_when_they_leave_one_by_one_then_the_last_ends_it(centre: Centre) -> None:
    caller = consulting(centre, ToNumber("10086"))
    centre.ask(events.JoinAll, "1001")
    centre.ask(events.InviteParty, "1001", target=ToNumber("10010"))
    centre.answers("10010")
    centre.ask(events.LeaveCall, "1001")
    assert centre.together(caller) == {"10086", "10010"}
    centre.hangs_up("10086")
    assert centre.together(caller) == {"10010"} and not centre.told(facts.CallEnded)
    centre.hangs_up("10010")
    assert caller not in centre.switch.channels and centre.last(facts.CallEnded).by == "party"


def test_given_an_invitation_that_rings_when_the_agent_leaves_then_it_is_withdrawn(centre: Centre, four: str) -> None:
    centre.sign_in("1004")
    centre.ask(events.InviteParty, "1001", target=ToAgent("1004"))
    centre.ask(events.LeaveCall, "1001")
    assert centre.last(facts.InvitationEnded).reason == "withdrawn" and centre.state("1004") == "READY"
    assert centre.together(four) == {"1003", "10086"}


def test_given_an_invitation_that_rings_when_all_others_leave_then_whoever_answers_is_the_third(centre: Centre) -> None:
    caller = consulting(centre, ToAgent("1003"))
    centre.ask(events.JoinAll, "1001")
    centre.ask(events.InviteParty, "1001", target=ToNumber("10086"))
    centre.hangs_up("1003")
    assert centre.ask(events.HoldCall, "1001") == "in_conference"
    assert centre.ask(events.LeaveCall, "1001") == "not_in_conference"
    centre.answers("10086")
    assert centre.together(caller) == {"1001", "10086"}
    assert centre.ask(events.LeaveCall, "1001") == ""
    assert centre.together(caller) == {"10086"}


def test_given_an_invitation_that_rings_when_only_the_lost_agent_and_the_customer_are_left_then_the_customer_hears_music(
    centre: Centre,
) -> None:
    centre.sign_in_by_browser("1001")
    caller = centre.connected()
    centre.sign_in("1003")
    centre.ask(events.ConsultWith, "1001", target=ToAgent("1003"))
    centre.answers("1003")
    centre.ask(events.JoinAll, "1001")
    centre.ask(events.InviteParty, "1001", target=ToNumber("10086"))
    centre.registers("1001", False)
    assert centre.together(caller) == {"1003"} and centre.line_to("10086")
    centre.hangs_up("1003")
    assert centre.switch.hears(caller) == {"music"} and not centre.line_to("10086")


def test_given_four_when_the_customer_leaves_then_all_is_over(centre: Centre, four: str) -> None:
    centre.hangs_up(four)
    assert not centre.switch.channels and not centre.switch.bridges and centre.state("1003") == "READY"


def test_given_four_when_the_agent_transfers_then_the_others_are_let_go(centre: Centre, four: str) -> None:
    assert transfer(centre, ToQueue("sales")) == ""
    assert centre.switch.hears(four) == {"music"}
    assert centre.state("1003") == "READY" and not centre.line_to("10086")


def test_given_four_when_the_link_was_lost_then_all_are_together_again(centre: Centre, four: str) -> None:
    centre.switch.linked = False
    centre.send(events.NodeDown("ast1"))
    for leg in [leg for leg in centre.switch.channels if leg != four]:
        centre.switch.channels[leg].bridge = ""
    centre.switch.linked = True
    centre.send(centre.switch.truth())
    assert centre.together(four) == {"1001", "1003", "10086"}


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        (ToQueue("sales"), "bad_target"),
        (ToAgent("1001"), "unknown_target"),
        (ToAgent("1003"), "target_busy"),
        (ToAgent("1002"), "target_signed_out"),
        (ToNumber("x"), "bad_number"),
    ],
)
def test_given_a_conference_when_somebody_who_cannot_be_had_is_invited_then_it_is_refused(
    centre: Centre, four: str, target: Any, reason: str
) -> None:
    assert centre.ask(events.InviteParty, "1001", target=target) == reason


def test_given_a_conference_when_it_is_full_then_nobody_more_is_invited(centre: Centre, four: str) -> None:
    for number in range(10010, 10017):
        assert centre.ask(events.InviteParty, "1001", target=ToNumber(str(number))) == ""
        centre.answers(str(number))
    assert centre.ask(events.InviteParty, "1001", target=ToNumber("10017")) == "conference_full"


def test_given_two_who_talk_when_a_further_person_is_invited_then_it_is_refused_and_by_a_guest_too(centre: Centre) -> None:
    caller = centre.talking("1003")
    assert centre.ask(events.InviteParty, "1001", target=ToAgent("1003")) == "not_in_conference"
    centre.ask(events.ConsultWith, "1001", target=ToAgent("1003"))
    centre.answers("1003")
    centre.ask(events.JoinAll, "1001")
    assert centre.ask(events.InviteParty, "1003", target=ToNumber("10086")) == "not_in_conference"
    assert centre.together(caller) == {"1001", "1003"}
