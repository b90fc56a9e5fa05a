"""Flows: what a caller hears and where their keys lead."""

import json
from typing import Any

import pytest

from ccenter.acd import commands, events, facts
from ccenter.acd.config import (
    BranchNode,
    CollectNode,
    Flow,
    GoNode,
    HangUpNode,
    LookUpNode,
    MenuNode,
    Phrase,
    SayNode,
    SetNode,
    ToEnd,
    ToFlow,
)
from tests.acd.centre import MAIN, MONDAY_NOON, Centre, config


def in_flow(*nodes: tuple[str, Any], human: Any = None) -> tuple[Centre, str]:
    """A caller in a flow of these nodes, of which the first is the start."""
    centre = Centre(config(flows={"main": Flow("main", nodes[0][0], dict(nodes), human)}))
    return centre, centre.calls_in("4000")


def path(centre: Centre) -> list[str]:
    return [step.node for step in centre.told(facts.FlowStep)]


def at_menu(centre: Centre) -> str:
    caller = centre.calls_in("4000")
    centre.listens(caller)
    assert centre.says(caller) == ("main-menu",)
    return caller


# -- menu ------------------------------------------------------------------------------------------------------


def test_given_a_called_number_with_a_flow_when_a_call_comes_then_it_is_answered_and_welcomed(centre: Centre) -> None:
    caller = centre.calls_in("4000")
    assert centre.switch.channels[caller].state == "up"
    assert centre.says(caller) == ("welcome",)
    assert centre.call_of(caller).state == "IVR"


def test_given_a_menu_when_a_key_is_pressed_during_the_prompt_then_it_counts(centre: Centre) -> None:
    caller = at_menu(centre)
    centre.presses(caller, "9")
    assert centre.says(caller) == ("goodbye",)
    assert (centre.last(facts.KeyChosen).node, centre.last(facts.KeyChosen).key) == ("menu", "9")


def test_given_a_menu_when_a_wrong_key_is_pressed_then_it_is_said_and_asked_again(centre: Centre) -> None:
    caller = at_menu(centre)
    centre.presses(caller, "8")
    assert centre.says(caller) == ("invalid-choice", "main-menu")


def test_given_a_menu_when_nothing_is_pressed_three_times_then_its_last_resort_follows(centre: Centre) -> None:
    caller = at_menu(centre)
    for _ in range(2):
        centre.listens(caller)
        centre.passes(5)
        assert centre.says(caller) == ("no-input", "main-menu")
    centre.listens(caller)
    centre.passes(5)
    assert centre.call_of(caller).queue == "sales"


def test_given_a_menu_without_a_last_resort_when_all_tries_fail_then_goodbye_is_said() -> None:
    centre, caller = in_flow(("m", MenuNode(("main-menu",), {"1": "m"}, tries=1)))
    centre.presses(caller, "2")
    assert centre.says(caller) == ("goodbye",)


def test_given_a_choice_was_made_when_the_old_prompt_ends_late_then_nothing_happens(centre: Centre) -> None:
    caller = at_menu(centre)
    play = next(iter(centre.switch.channels[caller].plays))
    centre.presses(caller, "9")
    assert not centre.send(events.PlayEnded(caller, play))


def test_given_any_prompt_when_zero_is_pressed_then_the_human_of_the_flow_is_asked_for(centre: Centre) -> None:
    caller = centre.calls_in("4000")
    centre.presses(caller, "0")
    assert centre.call_of(caller).queue == "sales"


def test_given_a_menu_that_uses_zero_itself_when_zero_is_pressed_then_the_menu_decides() -> None:
    menu = MenuNode(("main-menu",), {"0": "bye"})
    centre, caller = in_flow(("m", menu), ("bye", HangUpNode(("goodbye",))), human=ToEnd("technical-problem"))
    centre.presses(caller, "0")
    assert centre.says(caller) == ("goodbye",)


# -- collect ---------------------------------------------------------------------------------------------------


def collecting(**options: Any) -> tuple[Centre, str]:
    node = CollectNode(("enter-member",), "x", "said", **{"min_digits": 2, "max_digits": 4, "failed": "bye", **options})
    return in_flow(
        ("c", node), ("said", SayNode((Phrase("digits", "$x"),), "bye")), ("bye", HangUpNode(("goodbye",))), human=ToEnd()
    )


def variable(centre: Centre, caller: str) -> str | None:
    return centre.call_of(caller).variables.get("x")


def test_given_digits_are_asked_when_the_terminator_is_pressed_then_they_are_taken() -> None:
    centre, caller = collecting()
    centre.presses(caller, "120#")
    assert variable(centre, caller) == "120"  # 0 is a digit here, not a human
    assert centre.last(facts.KeyChosen).key == "3 digits"


def test_given_digits_are_asked_when_the_last_possible_is_pressed_then_they_are_taken_at_once() -> None:
    centre, caller = collecting()
    centre.presses(caller, "1234")
    assert variable(centre, caller) == "1234"


def test_given_digits_are_asked_when_the_caller_stops_then_what_came_is_taken_after_the_time() -> None:
    centre, caller = collecting()
    centre.presses(caller, "12")
    centre.passes(5.9)
    assert variable(centre, caller) is None
    centre.passes(0.1)
    assert variable(centre, caller) == "12"


def test_given_digits_are_asked_when_too_few_come_then_they_are_asked_for_again_and_in_the_end_it_fails() -> None:
    centre, caller = collecting(tries=2)
    centre.presses(caller, "1#")
    assert centre.says(caller) == ("invalid-choice", "enter-member")
    centre.presses(caller, "#")
    assert centre.says(caller) == ("goodbye",)


def test_given_digits_are_asked_when_nothing_comes_then_they_are_asked_for_again() -> None:
    centre, caller = collecting()
    centre.listens(caller)
    centre.passes(6)
    assert centre.says(caller) == ("invalid-choice", "enter-member")


def test_given_sensitive_digits_when_they_are_entered_then_no_fact_holds_them(centre: Centre) -> None:
    caller = at_menu(centre)
    centre.presses(caller, "3")
    centre.presses(caller, "88001#")
    centre.presses(caller, "4321")
    assert not any("4321" in str(item) for item in centre.out if isinstance(item, facts.Fact))


# -- member number and PIN, look-ups ---------------------------------------------------------------------------


def test_given_member_number_and_pin_when_right_then_the_caller_is_served_better(centre: Centre) -> None:
    caller = at_menu(centre)
    centre.presses(caller, "3")
    centre.presses(caller, "88001#")
    centre.presses(caller, "4321")
    assert centre.says(caller) == ("one-moment",)
    question = centre.looks_up(level="gold", points="120")
    assert (question.kind, question.arguments) == ("member_pin", {"member": "88001", "pin": "4321"})
    call = centre.call_of(caller)
    assert (call.priority, call.language) == (3, "en")
    assert centre.says(caller) == ("your-points", "number-100-and", "number-20")
    assert path(centre)[-4:] == ["check", "is-vip", "gold", "points"]


def test_given_a_pin_when_it_has_been_asked_with_then_no_snapshot_holds_it(centre: Centre) -> None:
    caller = at_menu(centre)
    centre.presses(caller, "388001#4321")
    assert centre.switch.lookups[0].arguments["pin"] == "4321"
    state = json.dumps(centre.acd.snapshot())
    assert '"88001"' in state and '"4321"' not in state


def test_given_a_wrong_pin_when_the_data_say_so_then_the_caller_hears_it_and_is_back_in_the_menu(centre: Centre) -> None:
    caller = at_menu(centre)
    centre.presses(caller, "3")
    centre.presses(caller, "88001#")
    centre.presses(caller, "1111")
    centre.looks_up(found=False)
    assert centre.says(caller) == ("wrong-pin",)
    centre.listens(caller)
    assert path(centre)[-1] == "menu"


@pytest.mark.parametrize("how", ["failed", "timeout"])
def test_given_a_look_up_when_no_answer_can_be_had_then_the_flow_goes_its_way_for_that(centre: Centre, how: str) -> None:
    caller = at_menu(centre)
    centre.presses(caller, "3")
    centre.presses(caller, "88001#")
    centre.presses(caller, "1111")
    if how == "failed":
        centre.looks_up(failed=True)
    else:
        centre.passes(3)
    assert centre.last(facts.LookUpEnded).result == how
    assert centre.call_of(caller).queue == "sales"
    if how == "timeout":
        assert not [x for x in centre.out if isinstance(x, facts.LookUpEnded) and x.result == "found"]
        centre.looks_up(level="gold")  # too late: changes nothing
        assert "level" not in centre.call_of(caller).variables


def test_given_a_look_up_without_a_way_for_failure_when_it_fails_then_it_counts_as_missing() -> None:
    centre, caller = in_flow(
        ("l", LookUpNode("caller", "yes", "no")), ("yes", SayNode(("welcome",), "no")), ("no", HangUpNode(("goodbye",)))
    )
    centre.looks_up(failed=True)
    assert centre.says(caller) == ("goodbye",)


def test_given_a_look_up_when_its_prompt_ends_first_then_the_caller_waits_for_the_answer(centre: Centre) -> None:
    caller = at_menu(centre)
    centre.presses(caller, "3")
    centre.presses(caller, "88001#")
    centre.presses(caller, "4321")
    centre.listens(caller)
    assert centre.says(caller) == ()
    centre.looks_up(points="3")
    assert centre.says(caller) == ("your-points", "number-3")


def test_given_a_look_up_when_the_caller_presses_zero_then_they_need_not_wait_for_it(centre: Centre) -> None:
    caller = at_menu(centre)
    centre.presses(caller, "3")
    centre.presses(caller, "88001#")
    centre.presses(caller, "4321")
    centre.presses(caller, "0")
    assert centre.call_of(caller).state == "QUEUED"


# -- hours, set, branch ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("when", "hears"),
    [
        (MONDAY_NOON, "open"),
        (MONDAY_NOON + 6 * 3600, "closed"),  # 18:00 sharp
        (MONDAY_NOON - 3 * 3600, "open"),  # 9:00 sharp
        (MONDAY_NOON + 5 * 86400, "closed"),  # Saturday
        (MONDAY_NOON + 60 * 86400, "labour-day"),
    ],
)
def test_given_office_hours_when_a_caller_comes_to_them_then_open_closed_and_holiday_part(when: float, hears: str) -> None:
    centre = Centre(now=when)
    caller = at_menu(centre)
    centre.presses(caller, "4")
    assert centre.says(caller) == (hears,)


def test_given_set_and_branch_when_variables_are_used_then_they_decide_what_is_said() -> None:
    centre, caller = in_flow(
        ("s", SetNode({"who": "$ani", "language": "en", "kind": "b"}, "b")),
        ("b", BranchNode("kind", {"a": "none", "b": "say"}, "none")),
        ("say", SayNode((Phrase("digits", "$who"), "$kind"), "none")),
        ("none", HangUpNode(("goodbye",))),
    )
    assert centre.says(caller)[-1] == "b"
    assert centre.call_of(caller).language == "en"
    assert centre.told(commands.Play)[-1].language == "en"


def test_given_a_variable_that_is_not_set_when_it_is_to_be_spoken_then_the_flow_goes_on() -> None:
    centre, caller = in_flow(("s", SayNode(("$nothing",), "bye")), ("bye", HangUpNode(("goodbye",))))
    assert centre.says(caller) == ("goodbye",)


# -- to people and back ----------------------------------------------------------------------------------------


def test_given_a_caller_sent_to_a_queue_with_a_way_back_when_the_agent_is_done_then_they_are_in_the_menu_again(
    centre: Centre,
) -> None:
    centre.sign_in("1001")
    caller = at_menu(centre)
    centre.presses(caller, "1")
    centre.answers("1001")
    centre.hangs_up("1001")
    assert centre.says(caller) == ("anything-else",)
    assert centre.state("1001") == "WRAP_UP" and centre.call_of(caller).state == "IVR"
    centre.listens(caller)
    centre.presses(caller, "9")
    centre.listens(caller)
    assert (centre.last(facts.CallEnded).outcome, centre.last(facts.CallEnded).agent) == ("ANSWERED", "1001")


def test_given_a_caller_who_pressed_zero_in_the_menu_when_the_agent_is_done_then_they_are_at_that_menu_again(
    centre: Centre,
) -> None:
    centre.sign_in("1001")
    caller = at_menu(centre)
    centre.presses(caller, "0")
    centre.answers("1001")
    centre.ask(events.HangUpCall, "1001")
    assert centre.says(caller) == ("main-menu",)


def test_given_a_caller_back_from_service_when_they_ask_for_a_human_again_then_they_stand_behind_who_waits(
    centre: Centre,
) -> None:
    centre.sign_in("1001")
    caller = at_menu(centre)
    centre.presses(caller, "1")
    centre.answers("1001")
    centre.passes(10)
    centre.calls_in("4001")
    centre.hangs_up("1001")
    centre.listens(caller)
    centre.presses(caller, "1")
    assert centre.last(facts.CallQueued).position == 2


def test_given_a_caller_with_a_way_back_when_they_hang_up_themselves_then_the_call_is_over(centre: Centre) -> None:
    centre.sign_in("1001")
    caller = at_menu(centre)
    centre.presses(caller, "1")
    centre.answers("1001")
    centre.hangs_up(caller)
    assert centre.last(facts.CallEnded).by == "customer" and not centre.phone("1001")


def test_given_a_flow_that_asks_for_an_agent_when_they_are_free_then_their_phone_rings(centre: Centre) -> None:
    centre.sign_in("1004")
    caller = at_menu(centre)
    centre.presses(caller, "6")
    centre.answers("1004")
    assert centre.switch.talks_with(caller) == {centre.phone("1004")}


def test_given_a_flow_that_asks_for_an_agent_when_they_are_not_there_then_their_voicemail_takes_the_caller(
    centre: Centre,
) -> None:
    caller = at_menu(centre)
    centre.presses(caller, "6")
    assert centre.says(caller) == ("voicemail-greeting",) and centre.call_of(caller).mailbox == "agent:1004"


def test_given_a_self_service_flow_when_it_comes_to_its_end_then_the_outcome_says_so(centre: Centre) -> None:
    caller = at_menu(centre)
    centre.presses(caller, "9")
    centre.listens(caller)
    ended = centre.last(facts.CallEnded)
    assert (ended.outcome, ended.by, ended.where) == ("SELF_SERVED", "system", "IVR")


def test_given_a_caller_in_the_flow_when_they_hang_up_then_the_call_is_abandoned_there(centre: Centre) -> None:
    caller = at_menu(centre)
    centre.hangs_up(caller)
    assert (centre.last(facts.CallEnded).outcome, centre.last(facts.CallEnded).where) == ("ABANDONED", "IVR")


# -- flows that are wrong --------------------------------------------------------------------------------------


def test_given_a_flow_that_goes_round_when_a_caller_enters_then_they_are_let_go_and_it_is_told() -> None:
    centre, caller = in_flow(("a", SetNode({}, "b")), ("b", SetNode({}, "a")))
    assert centre.says(caller) == ("technical-problem",)
    assert "goes round" in centre.last(facts.SwitchRefused).reason


def test_given_flows_that_send_callers_to_each_other_when_one_enters_then_the_voicemail_takes_them() -> None:
    centre, caller = in_flow(("a", GoNode(ToFlow("main"))))
    assert centre.says(caller) == ("voicemail-greeting",)


def test_given_a_next_node_that_is_missing_when_the_flow_comes_to_it_then_the_caller_hears_of_a_problem() -> None:
    centre, caller = in_flow(("a", SayNode(("welcome",), "nowhere")))
    centre.listens(caller)
    assert centre.says(caller) == ("technical-problem",)


@pytest.mark.parametrize("node", ["menu", "welcome", "pin", "check"])
def test_given_a_caller_at_any_node_when_the_flow_is_changed_under_them_then_they_are_not_left_in_silence(
    centre: Centre, node: str
) -> None:
    caller = centre.calls_in("4000")
    if node != "welcome":
        centre.listens(caller)
    if node in ("pin", "check"):
        centre.presses(caller, "388001#")
    if node == "check":
        centre.presses(caller, "4321")
    assert path(centre)[-1] == node
    nodes = {**MAIN.nodes, node: SetNode({}, "bye")}
    centre.send(events.ConfigChanged(config(flows={"main": Flow("main", "welcome", nodes)})))
    if node == "check":
        centre.looks_up()
    else:
        centre.listens(caller)
    assert centre.says(caller) == ("goodbye",)


def test_given_a_prompt_that_cannot_be_played_when_the_switch_says_so_then_the_flow_goes_on(centre: Centre) -> None:
    caller = centre.calls_in("4000")
    centre.switch.channels[caller].plays.clear()
    centre.send(events.CommandFailed("Play", caller, "no such sound"))
    assert centre.says(caller) == ("main-menu",)
    assert centre.last(facts.SwitchRefused).reason == "no such sound"


# -- called numbers --------------------------------------------------------------------------------------------


def test_given_a_number_nobody_configured_when_it_is_called_then_the_call_is_refused_unanswered(centre: Centre) -> None:
    centre.calls_in("4999")
    assert not centre.told(commands.Answer) and not centre.told(facts.CallAnswered)
    assert centre.told(commands.HangUp)[-1].cause == 1
    assert (centre.last(facts.CallEnded).outcome, centre.last(facts.CallEnded).note) == ("BLOCKED", "unknown_number")


def test_given_a_default_target_when_an_unknown_number_is_called_then_it_takes_the_call() -> None:
    centre = Centre(config(default_target=ToFlow("main")))
    assert centre.says(centre.calls_in("4999")) == ("welcome",)


def test_given_a_number_of_a_flow_that_is_not_there_when_called_then_the_caller_hears_of_a_problem() -> None:
    centre = Centre(config(flows={}))
    assert centre.says(centre.calls_in("4000")) == ("technical-problem",)


def test_given_a_number_that_only_announces_when_called_then_it_is_said_and_the_line_ends(centre: Centre) -> None:
    caller = centre.calls_in("4013")
    assert centre.listens(caller) == ("closed",)
    assert caller not in centre.switch.channels
