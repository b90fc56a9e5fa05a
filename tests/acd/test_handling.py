"""A call in an agent's hand: hold, the end, keys, and the agent's number as it begins."""

import pytest

from ccenter.acd import events, facts
from ccenter.acd.speech import Digits, say
from tests.acd.centre import Centre

# -- hold ------------------------------------------------------------------------------------------------------


def test_given_a_talk_when_held_then_the_customer_hears_music_and_resumed_they_talk_again(centre: Centre) -> None:
    caller = centre.talking()
    assert centre.ask(events.HoldCall, "1001") == ""
    assert centre.switch.hears(caller) == {"music"} and centre.call_of(caller).state == "HELD"
    centre.passes(7)
    assert centre.ask(events.ResumeCall, "1001") == ""
    assert centre.together(caller) == {"1001"} and centre.switch.hears(caller) == {"people"}
    centre.passes(3)
    centre.hangs_up(caller)
    assert (centre.last(facts.CallEnded).held, centre.last(facts.CallEnded).talked) == (7.0, 10.0)


def test_given_the_hold_key_of_the_phone_when_pressed_then_it_does_what_the_click_does(centre: Centre) -> None:
    caller = centre.talking()
    centre.send(events.LegHeld(centre.phone("1001"), True))
    assert centre.switch.hears(caller) == {"music"}
    centre.send(events.LegHeld(centre.phone("1001"), False))
    assert centre.together(caller) == {"1001"}


def test_given_a_held_customer_when_they_hang_up_then_the_hold_is_counted_and_the_agent_wraps_up(centre: Centre) -> None:
    caller = centre.talking()
    centre.ask(events.HoldCall, "1001")
    centre.passes(5)
    centre.hangs_up(caller)
    ended = centre.last(facts.CallEnded)
    assert (ended.held, ended.talked, ended.where, ended.by) == (5.0, 5.0, "HELD", "customer")
    assert centre.state("1001") == "WRAP_UP" and not centre.phone("1001")


def test_given_a_held_customer_when_the_agents_phone_ends_then_the_customer_goes_to_the_head_not_lost(centre: Centre) -> None:
    caller = centre.talking()
    centre.ask(events.HoldCall, "1001")
    centre.hangs_up("1001")
    assert centre.call_of(caller).state == "QUEUED" and centre.switch.hears(caller) == {"music"}


# -- the end ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by_click", [False, True])
def test_given_a_talk_when_the_agent_hangs_up_then_the_call_ends_by_agent(centre: Centre, by_click: bool) -> None:
    caller = centre.talking()
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
    assert centre.together(caller) == {"1001"}


def test_given_a_ringing_phone_when_the_agent_declines_by_click_then_the_caller_waits_on_and_the_phone_rests(
    centre: Centre,
) -> None:
    centre.sign_in("1001")
    caller = centre.calls_in("4001")
    assert centre.ask(events.HangUpCall, "1001") == ""
    assert centre.call_of(caller).state == "QUEUED" and centre.reason("1001") == "phone_busy"


def test_given_a_talk_when_keys_are_sent_then_the_customers_side_gets_them(centre: Centre) -> None:
    caller = centre.talking()
    assert centre.ask(events.SendKeys, "1001", keys="12#A") == ""
    assert centre.switch.channels[caller].keys_sent == "12#A"


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
