"""What is recorded, when it pauses, and what becomes of the file."""

import pytest

from ccenter.acd import commands, events, facts
from ccenter.acd.config import CollectNode, Flow, GoNode, Number, SayNode, ToAgent, ToNumber, ToQueue
from tests.acd.centre import Centre, config


def recorded(centre: Centre) -> bool:
    return bool(centre.told(commands.StartRecording))


def test_given_a_queue_that_records_when_customer_and_agent_talk_then_the_customers_line_is_recorded(centre: Centre) -> None:
    centre.sign_in("1001")
    caller = centre.connected()
    start = centre.last(commands.StartRecording)
    assert (start.leg, start.channel) == (caller, f"PJSIP/trunk-demo-{caller}")
    assert centre.last(facts.RecordingStarted).recording == start.recording


def test_given_rules_when_they_say_no_then_nothing_is_recorded() -> None:
    centre = Centre()
    centre.sign_in("1004")
    centre.connected("1004", "4008")  # the queue says no
    assert not recorded(centre)
    centre = Centre(config(numbers={"4001": Number("4001", ToQueue("sales"), record=False)}))
    centre.sign_in("1001")
    centre.connected()
    assert not recorded(centre)


@pytest.mark.parametrize(("setting", "number", "yes"), [("record_out", "10086", True), ("record_internal", "1002", False)])
@pytest.mark.parametrize("turned", [False, True])
def test_given_calls_of_agents_when_they_talk_then_direction_decides(setting: str, number: str, yes: bool, turned: bool) -> None:
    centre = Centre(config(**({setting: not yes} if turned else {})))
    centre.sign_in("1001", "1002")
    centre.ask(events.DialNumber, "1001", number=number)
    centre.answers("1001")
    centre.answers(number)
    assert recorded(centre) is (yes != turned)


def test_given_a_recorded_call_when_it_is_held_and_transferred_then_it_is_one_recording(centre: Centre) -> None:
    centre.sign_in("1001", "1003")
    centre.connected()
    centre.ask(events.HoldCall, "1001")
    centre.ask(events.TransferCall, "1001", target=ToAgent("1003"))
    assert not centre.told(commands.ContinueRecording)
    centre.answers("1003")
    assert len(centre.told(commands.StartRecording)) == 1
    assert [c.recording for c in centre.told(commands.ContinueRecording)] == [centre.told(commands.StartRecording)[0].recording]


def test_given_a_recorded_call_when_it_ends_then_its_file_is_looked_for_and_told(centre: Centre) -> None:
    centre.sign_in("1001")
    centre.hangs_up(centre.connected())
    check = centre.switch.checks[0]
    centre.send(events.RecordingChecked(check.call, check.recording, "/rec/1.raw", 64000))
    done = centre.last(facts.RecordingDone)
    assert (done.call, done.recording, done.path, done.bytes) == (check.call, check.recording, "/rec/1.raw", 64000)


@pytest.mark.parametrize("reason", ["", "disk full"])
def test_given_a_recording_that_is_not_there_when_looked_for_then_that_is_a_fact(centre: Centre, reason: str) -> None:
    centre.sign_in("1001")
    centre.hangs_up(centre.connected())
    check = centre.switch.checks[0]
    centre.send(events.RecordingChecked(check.call, check.recording, "", 0, reason))
    assert centre.last(facts.RecordingFailed).reason == (reason or "missing")


def test_given_a_recording_that_cannot_start_when_the_switch_says_so_then_the_talk_goes_on_and_it_is_told(
    centre: Centre,
) -> None:
    centre.sign_in("1001")
    caller = centre.connected()
    centre.send(events.CommandFailed("StartRecording", caller, "no space"))
    assert centre.last(facts.RecordingFailed).reason == "no space"
    centre.hangs_up(caller)
    assert not centre.switch.checks


def test_given_a_recorded_talk_when_paused_and_resumed_by_request_then_the_switch_does_and_it_is_told(centre: Centre) -> None:
    centre.sign_in("1001")
    caller = centre.connected()
    assert centre.ask(events.PauseRecording, "1001") == ""
    assert centre.switch.channels[caller].paused
    assert centre.ask(events.PauseRecording, "1001") == "not_recording"  # already
    assert centre.ask(events.ResumeRecording, "1001") == ""
    assert not centre.switch.channels[caller].paused
    assert [(f.paused, f.by) for f in centre.told(facts.RecordingPaused)] == [(True, "1001"), (False, "1001")]


CARD = Flow(
    "main",
    "human",
    {
        "human": GoNode(ToQueue("sales"), back="card"),
        "card": CollectNode(("enter-card",), "card", "thanks", max_digits=4, sensitive=True, failed="thanks", tries=1),
        "thanks": SayNode(("thank-you",), "human"),
    },
)


@pytest.mark.parametrize("how", ["entered", "failed"])
def test_given_a_recorded_caller_when_the_flow_asks_for_card_data_then_the_recording_pauses_until_it_is_over(how: str) -> None:
    centre = Centre(config(flows={"main": CARD}))
    centre.sign_in("1001")
    caller = centre.connected(dnis="4000")
    centre.hangs_up("1001")
    assert centre.says(caller) == ("enter-card",) and centre.switch.channels[caller].paused
    if how == "entered":
        centre.presses(caller, "4111")
    else:
        centre.presses(caller, "#")
    assert centre.says(caller) == ("thank-you",) and not centre.switch.channels[caller].paused


def test_given_a_paused_recording_when_card_data_are_left_by_hanging_up_then_the_file_is_looked_for() -> None:
    centre = Centre(config(flows={"main": CARD}))
    centre.sign_in("1001")
    caller = centre.connected(dnis="4000")
    centre.hangs_up("1001")
    centre.hangs_up(caller)
    assert len(centre.switch.checks) == 1


def test_given_an_overflow_to_a_number_when_it_answers_then_it_is_recorded_by_the_queues_rule(centre: Centre) -> None:
    centre.calls_in("4006")
    centre.calls_in("4006")
    centre.answers("10010")
    assert recorded(centre)


def test_given_a_transfer_outside_when_customer_and_number_talk_then_the_recording_goes_on(centre: Centre) -> None:
    centre.sign_in("1001")
    caller = centre.connected()
    centre.ask(events.TransferCall, "1001", target=ToNumber("10086"))
    centre.answers("10086")
    assert centre.switch.channels[caller].recording
