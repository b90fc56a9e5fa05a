"""Calls that agents make and take: between seats, out, helping a colleague, and calls straight to somebody."""

import pytest

from ccenter.acd import commands, events, facts
from ccenter.acd.config import AgentConfig, ToAgent, ToNumber
from tests.acd.centre import MONDAY_NOON, Centre, config

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
    assert centre.ask(events.TransferCall, "1001", target=ToAgent("1003")) == ""
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
    assert centre.together(caller) == {"1003"}
    assert (centre.last(facts.CallRouted).strategy, centre.last(facts.CallRouted).agent) == ("claimed", "1003")


def test_given_a_waiting_call_when_an_agent_of_another_queue_takes_it_then_they_serve_it(centre: Centre) -> None:
    first = centre.calls_in("4001")
    caller = centre.calls_in("4001")
    centre.sign_in("1003")
    assert centre.ask(events.TakeWaiting, "1003", call=centre.call_of(caller).id) == ""
    centre.answers("1003")
    assert centre.together(caller) == {"1003"} and centre.call_of(first).state == "QUEUED"


def test_given_a_taken_call_when_the_taker_does_not_answer_then_it_has_its_place_again(centre: Centre) -> None:
    first = centre.calls_in("4001")
    centre.calls_in("4001")
    centre.sign_in("1003")
    centre.ask(events.TakeWaiting, "1003", call=centre.call_of(first).id)
    centre.passes(30)
    centre.sign_in("1001")
    assert centre.last(facts.CallRouted).call == centre.call_of(first).id


def test_given_an_agent_in_a_call_when_they_take_another_then_they_are_refused_and_it_keeps_its_place(centre: Centre) -> None:
    centre.talking()
    caller = centre.calls_in("4001")
    assert centre.ask(events.TakeWaiting, "1001", call=centre.call_of(caller).id) == "busy"
    assert centre.call_of(caller).state == "QUEUED"
    assert centre.ask(events.PickUp, "1001", call=centre.call_of(caller).id) == "busy"


def test_given_a_call_that_rings_nowhere_when_picked_up_or_an_unknown_one_taken_then_there_is_no_such_call(
    centre: Centre,
) -> None:
    centre.sign_in("1003")
    caller = centre.calls_in("4001")
    assert centre.ask(events.PickUp, "1003", call=centre.call_of(caller).id) == "no_such_call"
    assert centre.ask(events.TakeWaiting, "1003", call="c99") == "no_such_call"


def test_given_an_agent_on_a_break_when_they_take_a_call_then_they_are_on_the_break_again_after(centre: Centre) -> None:
    caller = centre.calls_in("4001")
    centre.sign_in("1003", ready=False)
    centre.ask(events.NotReady, "1003", reason="lunch")
    centre.ask(events.TakeWaiting, "1003", call=centre.call_of(caller).id)
    centre.answers("1003")
    centre.hangs_up(caller)
    centre.passes(30)
    assert (centre.state("1003"), centre.reason("1003")) == ("NOT_READY", "lunch")


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
    centre.ask(events.TransferCall, "1001", target=ToAgent("1003"))
    centre.hangs_up("1003", 17)
    centre.hangs_up("1001", 17)
    assert centre.says(centre.line_to("10086")) == ("agent-not-available",)
