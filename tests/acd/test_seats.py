"""A seat: signing in and out, ready and busy, missed calls, wrap-up, and a phone that comes and goes."""

from typing import Any

import pytest

from ccenter.acd import commands, events, facts
from ccenter.acd.config import Queue
from tests.acd.centre import Centre, config


def states(centre: Centre, agent: str) -> list[str]:
    return [f"{f.state} {f.reason}".strip() for f in centre.told(facts.AgentChanged) if f.agent == agent]


# -- in and out ------------------------------------------------------------------------------------------------


def test_given_an_agent_when_they_sign_in_ready_then_it_is_told_with_their_phone(centre: Centre) -> None:
    centre.sign_in("1001")
    assert states(centre, "1001") == ["NOT_READY signed_in", "READY"]
    assert centre.last(facts.AgentChanged).endpoint == "PJSIP/1001"


def test_given_an_outside_number_as_phone_when_a_call_comes_then_it_is_rung_over_the_trunk(centre: Centre) -> None:
    centre.ask(events.SignIn, "1001", endpoint="PJSIP/13912345678@trunk-demo", ready=True)
    centre.calls_in("4001")
    assert centre.told(commands.Dial)[-1].endpoint == "PJSIP/13912345678@trunk-demo"


def test_given_a_signed_in_agent_when_they_sign_out_and_in_elsewhere_then_the_new_phone_rings(centre: Centre) -> None:
    centre.sign_in("1001")
    centre.ask(events.SignOut, "1001")
    centre.ask(events.SignIn, "1001", endpoint="PJSIP/2001", ready=True)
    centre.calls_in("4001")
    assert centre.told(commands.Dial)[-1].endpoint == "PJSIP/2001"


def test_given_an_agent_in_a_call_when_they_sign_out_then_it_happens_after_call_and_wrap_up(centre: Centre) -> None:
    centre.sign_in("1001")
    caller = centre.connected()
    assert centre.ask(events.SignOut, "1001") == ""
    assert centre.state("1001") == "TALKING"
    centre.hangs_up(caller)
    assert centre.state("1001") == "WRAP_UP"
    centre.passes(30)
    assert centre.state("1001") == "LOGGED_OUT"


def test_given_a_ringing_phone_when_the_agent_signs_out_then_the_caller_is_given_back_at_once(centre: Centre) -> None:
    centre.sign_in("1001", "1004")
    caller = centre.calls_in("4001")
    centre.ask(events.SignOut, "1001")
    assert centre.state("1001") == "LOGGED_OUT" and centre.phone("1004")
    centre.answers("1004")
    assert centre.switch.talks_with(caller)


# -- busy with a reason ----------------------------------------------------------------------------------------


def test_given_an_agent_busy_with_a_reason_when_a_call_comes_then_they_are_not_rung(centre: Centre) -> None:
    centre.sign_in("1001")
    centre.ask(events.NotReady, "1001", reason="lunch")
    centre.calls_in("4001")
    assert centre.reason("1001") == "lunch" and not centre.phone("1001")


def test_given_a_reason_when_another_is_given_then_each_has_its_time(centre: Centre) -> None:
    centre.sign_in("1001")
    centre.ask(events.NotReady, "1001", reason="lunch")
    centre.passes(60)
    centre.ask(events.NotReady, "1001", reason="training")
    last = centre.last(facts.AgentChanged)
    assert (last.was, last.lasted, last.reason) == ("NOT_READY", 60.0, "training")


def test_given_an_agent_in_a_call_when_they_want_a_break_then_it_begins_after_wrap_up(centre: Centre) -> None:
    centre.sign_in("1001")
    caller = centre.connected()
    centre.ask(events.NotReady, "1001", reason="lunch")
    centre.hangs_up(caller)
    centre.passes(30)
    assert states(centre, "1001")[-2:] == ["WRAP_UP", "NOT_READY lunch"]


def test_given_a_break_wanted_for_later_when_the_agent_says_ready_in_the_call_then_there_is_none(centre: Centre) -> None:
    centre.sign_in("1001")
    caller = centre.connected()
    centre.ask(events.NotReady, "1001", reason="lunch")
    centre.ask(events.Ready, "1001")
    centre.hangs_up(caller)
    centre.passes(30)
    assert centre.state("1001") == "READY"


# -- missed calls ----------------------------------------------------------------------------------------------


def test_given_an_agent_who_does_not_answer_when_it_rang_long_enough_then_the_caller_is_at_the_head_and_the_next_rings(
    centre: Centre,
) -> None:
    centre.sign_in("1001")
    centre.passes(1)
    centre.sign_in("1004")
    caller = centre.calls_in("4001")
    centre.calls_in("4001")  # for 1004
    centre.hangs_up("1004", 17)
    centre.passes(20)
    assert centre.told(facts.OfferEnded)[-1].rang == 20.0
    assert centre.last(facts.CallRouted).call == centre.call_of(caller).id  # before the second, who came later


def test_given_an_agent_who_misses_the_most_when_it_happens_then_they_are_taken_out_with_a_reason(centre: Centre) -> None:
    centre.sign_in("1001")
    centre.calls_in("4001")
    centre.passes(20)
    assert centre.state("1001") == "RESERVED"  # offered again: it was but one
    centre.passes(20)
    assert (centre.state("1001"), centre.reason("1001")) == ("NOT_READY", "missed_calls")
    assert not centre.phone("1001")


def test_given_a_miss_when_the_next_call_is_answered_then_misses_in_a_row_begin_anew(centre: Centre) -> None:
    centre.sign_in("1001")
    caller = centre.calls_in("4001")
    centre.passes(20)
    centre.answers("1001")
    centre.hangs_up(caller)
    centre.passes(30)
    centre.calls_in("4001")
    centre.passes(20)
    assert centre.state("1001") == "RESERVED"


@pytest.mark.parametrize("cause", [17, 21])
def test_given_a_phone_that_refuses_when_it_does_then_it_rests_and_the_caller_waits(centre: Centre, cause: int) -> None:
    centre.sign_in("1001")
    caller = centre.calls_in("4001")
    centre.hangs_up("1001", cause)
    assert (centre.state("1001"), centre.reason("1001")) == ("NOT_READY", "phone_busy")
    assert centre.call_of(caller).state == "QUEUED"
    centre.passes(10)
    assert centre.phone("1001")


def test_given_a_resting_phone_when_it_goes_offline_and_comes_back_then_the_agent_is_ready_again(centre: Centre) -> None:
    centre.sign_in("1001")
    caller = centre.calls_in("4001")
    centre.hangs_up("1001", 17)
    centre.hangs_up(caller)
    centre.send(events.PhoneChanged("PJSIP/1001", False))
    centre.passes(10)
    assert centre.reason("1001") == "phone_offline"
    centre.send(events.PhoneChanged("PJSIP/1001", True))
    assert centre.state("1001") == "READY"


def test_given_a_resting_phone_when_a_colleague_transfers_to_it_then_the_agent_is_ready_after_that_call(centre: Centre) -> None:
    centre.sign_in("1001", "1004")
    caller = centre.calls_in("4001")
    centre.hangs_up("1001", 17)
    centre.answers("1004")
    centre.ask(events.TransferCall, "1004", target=config().numbers["4010"].target.__class__("1001"))
    centre.answers("1001")
    centre.hangs_up(caller)
    centre.passes(60)
    assert centre.state("1001") == "READY"


# -- wrap-up ---------------------------------------------------------------------------------------------------


def test_given_the_end_of_a_call_when_wrap_up_is_over_by_time_then_the_next_caller_rings(centre: Centre) -> None:
    centre.sign_in("1001")
    caller = centre.connected()
    centre.calls_in("4001")
    centre.hangs_up(caller)
    assert centre.state("1001") == "WRAP_UP" and not centre.phone("1001")
    centre.passes(29.9)
    assert not centre.phone("1001")
    centre.passes(0.1)
    assert centre.phone("1001")


def test_given_wrap_up_when_the_agent_is_done_early_then_they_are_ready_at_once(centre: Centre) -> None:
    centre.sign_in("1001")
    centre.hangs_up(centre.connected())
    centre.passes(4)
    centre.ask(events.Ready, "1001")
    assert (centre.last(facts.AgentChanged).was, centre.last(facts.AgentChanged).lasted) == ("WRAP_UP", 4.0)
    assert not centre.acd.world.state.timers


def test_given_a_queue_without_wrap_up_when_a_call_ends_then_the_agent_is_ready(centre: Centre) -> None:
    centre.sign_in("1001")
    centre.hangs_up(centre.connected(dnis="4003"))
    assert centre.state("1001") == "READY"


def test_given_wrap_up_when_the_agent_wants_a_break_then_it_begins_now(centre: Centre) -> None:
    centre.sign_in("1001")
    centre.hangs_up(centre.connected())
    centre.ask(events.NotReady, "1001", reason="lunch")
    assert centre.state("1001") == "NOT_READY"


def test_given_a_wrap_up_of_hours_when_the_queue_wants_it_until_done_then_only_the_agent_ends_it() -> None:
    centre = Centre(config(queues={"sales": Queue("sales", wrap_up_seconds=86400.0)}))
    centre.sign_in("1001")
    centre.hangs_up(centre.connected())
    centre.passes(7200)
    assert centre.state("1001") == "WRAP_UP"
    centre.ask(events.Ready, "1001")
    assert centre.state("1001") == "READY"


# -- the phone -------------------------------------------------------------------------------------------------


def test_given_an_idle_agent_when_their_phone_is_unplugged_then_they_are_out_until_it_is_back(centre: Centre) -> None:
    centre.sign_in("1001")
    centre.send(events.PhoneChanged("PJSIP/1001", False))
    assert (centre.state("1001"), centre.reason("1001")) == ("NOT_READY", "phone_offline")
    centre.calls_in("4001")
    assert not centre.phone("1001")
    centre.send(events.PhoneChanged("PJSIP/1001", True))
    assert centre.phone("1001")


def test_given_a_phone_that_is_gone_when_dialled_then_no_miss_counts_and_it_takes_the_call_once_it_is_back(
    centre: Centre,
) -> None:
    centre.sign_in("1001")
    for _ in range(5):  # more than the misses that take an agent out
        centre.calls_in("4001")
        centre.send(events.PhoneChanged("PJSIP/1001", False))
        centre.hangs_up("1001", 27)
        assert (centre.state("1001"), centre.reason("1001")) == ("NOT_READY", "phone_offline")
        centre.send(events.PhoneChanged("PJSIP/1001", True))
        assert centre.phone("1001")


def test_given_a_phone_lost_in_wrap_up_when_the_agent_says_ready_then_they_are_refused_and_out_after_it(centre: Centre) -> None:
    centre.sign_in("1001")
    centre.hangs_up(centre.connected())
    centre.send(events.PhoneChanged("PJSIP/1001", False))
    assert centre.ask(events.Ready, "1001") == "phone_offline"
    centre.passes(30)
    assert (centre.state("1001"), centre.reason("1001")) == ("NOT_READY", "phone_offline")


def test_given_an_agent_on_a_break_when_their_phone_comes_and_goes_then_they_stay_on_it(centre: Centre) -> None:
    centre.sign_in("1001")
    centre.ask(events.NotReady, "1001", reason="lunch")
    centre.send(events.PhoneChanged("PJSIP/1001", False))
    centre.send(events.PhoneChanged("PJSIP/1001", True))
    assert centre.reason("1001") == "lunch"


def test_given_a_phone_that_dies_in_a_talk_when_the_switch_says_so_then_the_caller_goes_to_the_head(centre: Centre) -> None:
    centre.sign_in("1001")
    caller = centre.connected()
    centre.calls_in("4001")
    centre.send(events.PhoneChanged("PJSIP/1001", False))
    centre.hangs_up("1001", 38)
    assert centre.last(facts.CallRequeued).reason == "agent_lost"
    assert centre.switch.hears(caller) == {"music"}
    centre.sign_in("1004")
    assert centre.last(facts.CallRouted).call == centre.call_of(caller).id
    centre.passes(30)
    assert centre.reason("1001") == "phone_offline"


# -- what is refused -------------------------------------------------------------------------------------------


REFUSED: list[tuple[str, str, type[events.Request], dict[str, Any], str]] = [
    # the situation, who, what, with, the code
    ("nobody", "9999", events.Ready, {}, "unknown_agent"),
    ("nobody", "1001", events.Ready, {}, "signed_out"),
    ("nobody", "1001", events.NotReady, {"reason": "x"}, "signed_out"),
    ("nobody", "1001", events.SignOut, {}, "signed_out"),
    ("nobody", "1001", events.SignIn, {"endpoint": ""}, "bad_request"),
    ("idle", "1001", events.SignIn, {"endpoint": "PJSIP/1001"}, "already_signed_in"),
    ("idle", "1002", events.SignIn, {"endpoint": "PJSIP/1001"}, "phone_in_use"),
    ("idle", "1001", events.AnswerCall, {}, "no_call"),
    ("idle", "1001", events.HangUpCall, {}, "no_call"),
    ("idle", "1001", events.HoldCall, {}, "no_call"),
    ("idle", "1001", events.ResumeCall, {}, "not_held"),
    ("idle", "1001", events.TransferCall, {"target": config().numbers["4001"].target}, "no_call"),
    ("idle", "1001", events.ConsultWith, {"target": config().numbers["4010"].target}, "no_call"),
    ("idle", "1001", events.CompleteTransfer, {}, "not_consulting"),
    ("idle", "1001", events.CancelConsult, {}, "not_consulting"),
    ("idle", "1001", events.JoinAll, {}, "not_consulting"),
    ("idle", "1001", events.LeaveCall, {}, "not_in_conference"),
    ("idle", "1001", events.PauseRecording, {}, "no_call"),
    ("idle", "1001", events.SendKeys, {"keys": "1"}, "no_call"),
    ("idle", "1001", events.DialNumber, {"number": "1001"}, "unknown_target"),
    ("idle", "1001", events.DialNumber, {"number": "1002"}, "target_signed_out"),
    ("idle", "1001", events.DialNumber, {"number": "1;2"}, "bad_number"),
    ("idle", "1001", events.DialNumber, {"number": ""}, "bad_number"),
    ("idle", "1001", events.DialNumber, {"number": "1" * 33}, "bad_number"),
    ("idle", "1001", events.PickUp, {"call": "c999"}, "no_such_call"),
    ("idle", "1001", events.TakeWaiting, {"call": "c999"}, "no_such_call"),
    ("talking", "1001", events.DialNumber, {"number": "10086"}, "busy"),
    ("talking", "1001", events.ResumeCall, {}, "not_held"),
    ("talking", "1001", events.ResumeRecording, {}, "not_recording"),
    ("talking", "1001", events.SendKeys, {"keys": "12x"}, "bad_keys"),
    ("talking", "1001", events.SendKeys, {"keys": ""}, "bad_keys"),
    ("talking", "1001", events.SendKeys, {"keys": "1" * 33}, "bad_keys"),
    ("talking", "1001", events.TransferCall, {"target": config().numbers["4010"].target}, "target_signed_out"),
    ("talking", "1001", events.ConsultWith, {"target": config().numbers["4001"].target}, "bad_target"),
]


@pytest.mark.parametrize(("situation", "who", "what", "more", "code"), REFUSED, ids=[f"{r[2].__name__}-{r[4]}" for r in REFUSED])
def test_given_what_cannot_be_done_when_asked_for_then_it_is_refused_with_a_code_and_nothing_changes(
    centre: Centre, situation: str, who: str, what: type[events.Request], more: dict[str, Any], code: str
) -> None:
    if situation != "nobody":
        centre.sign_in("1001")
    if situation == "talking":
        centre.connected()
    before = centre.acd.snapshot()
    assert centre.ask(what, who, **more) == code
    after = centre.acd.snapshot()
    assert {**before, "seq": 0, "now": 0} == {**after, "seq": 0, "now": 0}


def test_given_no_trunk_when_a_number_is_dialled_then_it_is_refused() -> None:
    centre = Centre(config(trunks={}))
    centre.sign_in("1001")
    assert centre.ask(events.DialNumber, "1001", number="10086") == "no_trunk"


def test_given_a_phone_offline_when_the_agent_dials_then_it_is_refused(centre: Centre) -> None:
    centre.sign_in("1001")
    centre.send(events.PhoneChanged("PJSIP/1001", False))
    assert centre.ask(events.DialNumber, "1001", number="10086") == "phone_offline"
    assert centre.ask(events.Ready, "1001") == "phone_offline"
