"""What a waiting caller hears, and every way out of the wait."""

import pytest

from ccenter.acd import commands, events, facts
from ccenter.acd.config import Queue, ToCallback, ToNumber, ToQueue, ToVoicemail
from tests.acd.centre import CALLER, MONDAY_NOON, Centre, config

# -- music, position, expected wait ----------------------------------------------------------------------------


def test_given_nobody_free_when_a_caller_waits_then_the_line_is_answered_and_music_plays(centre: Centre) -> None:
    caller = centre.calls_in("4001")
    assert centre.switch.hears(caller) == {"music"}
    assert centre.switch.channels[caller].state == "up"
    assert (centre.last(facts.CallQueued).position, centre.call_of(caller).state) == (1, "QUEUED")


def test_given_two_ahead_when_it_is_time_then_position_and_expected_wait_are_spoken_and_music_goes_on(centre: Centre) -> None:
    centre.sign_in("1001", ready=False)
    for _ in range(2):
        centre.calls_in("4001")
    caller = centre.calls_in("4001")
    centre.passes(15)
    told = centre.last(facts.Announced)
    assert (told.position, told.expected_wait) == (3, 540.0)  # three calls of 180 s, one agent signed in
    assert centre.says(caller) == ("queue-position-2", "wait-minutes-9", "queue-options")
    assert centre.switch.hears(caller) == {"prompt"}
    centre.listens(caller)
    assert centre.switch.hears(caller) == {"music"}


def test_given_an_announcement_when_time_goes_on_then_it_is_repeated_at_the_queues_interval(centre: Centre) -> None:
    caller = centre.calls_in("4002")
    centre.passes(10)
    centre.listens(caller)
    centre.passes(44.9)
    assert len(centre.told(facts.Announced)) == 1
    centre.passes(0.1)
    assert len(centre.told(facts.Announced)) == 2


def test_given_a_queue_without_announcements_when_a_caller_waits_then_only_music_is_heard() -> None:
    centre = Centre(config(queues={"sales": Queue("sales", announce=False)}))
    caller = centre.calls_in("4001")
    centre.passes(600)
    assert not centre.told(facts.Announced) and centre.switch.hears(caller) == {"music"}


def test_given_calls_that_take_long_when_a_caller_waits_then_the_expected_wait_has_learnt_it(centre: Centre) -> None:
    centre.sign_in("1003")
    for _ in range(3):
        caller = centre.connected("1003", "4002")
        centre.passes(570)
        centre.hangs_up(caller)
        centre.ask(events.Ready, "1003")
    centre.ask(events.NotReady, "1003", reason="tea")
    centre.calls_in("4002")
    centre.passes(10)
    assert centre.last(facts.Announced).expected_wait == 600.0


def test_given_an_announcement_when_the_phone_of_an_agent_rings_then_none_is_spoken(centre: Centre) -> None:
    centre.sign_in("1001")
    centre.calls_in("4001")
    centre.passes(16)
    assert not centre.told(facts.Announced)


def test_given_an_announcement_is_spoken_when_the_agent_answers_then_it_stops(centre: Centre) -> None:
    caller = centre.calls_in("4001")
    centre.passes(15)
    centre.sign_in("1001")
    centre.answers("1001")
    assert centre.switch.hears(caller) == {"people"}


# -- keys ------------------------------------------------------------------------------------------------------


def test_given_a_caller_from_the_menu_when_they_press_the_key_for_it_then_they_are_back_in_the_menu(centre: Centre) -> None:
    caller = centre.calls_in("4000")
    centre.listens(caller)
    centre.presses(caller, "1")
    centre.passes(8)
    centre.presses(caller, "1")
    assert centre.says(caller) == ("main-menu",)
    left = centre.last(facts.QueueLeft)
    assert (left.queue, left.key, left.waited) == ("sales", "1", 8.0)


def test_given_a_caller_who_came_straight_to_the_queue_when_they_press_the_menu_key_then_they_hear_goodbye(
    centre: Centre,
) -> None:
    caller = centre.calls_in("4001")
    centre.presses(caller, "1")
    assert centre.says(caller) == ("goodbye",)


def test_given_a_key_without_meaning_when_pressed_then_the_wait_goes_on(centre: Centre) -> None:
    caller = centre.calls_in("4001")
    centre.presses(caller, "8")
    assert centre.call_of(caller).state == "QUEUED" and centre.switch.hears(caller) == {"music"}


def test_given_the_key_for_voicemail_when_the_message_is_left_then_the_outcome_is_voicemail(centre: Centre) -> None:
    caller = centre.calls_in("4001")
    centre.presses(caller, "2")
    assert centre.listens(caller) == ("voicemail-greeting",)
    assert centre.switch.hears(caller) == {"beep"}
    centre.presses(caller, "#")
    left = centre.last(facts.VoicemailLeft)
    assert (left.mailbox, left.seconds) == ("sales", 4.0)
    assert centre.listens(caller) == ("voicemail-thanks",)
    assert centre.last(facts.CallEnded).outcome == "VOICEMAIL"


def test_given_a_message_of_nothing_when_it_ends_then_the_caller_is_told_and_none_is_kept(centre: Centre) -> None:
    caller = centre.calls_in("4012")
    centre.listens(caller)
    centre.switch.finishes_message(caller, 0.4)
    centre.settle()
    assert centre.listens(caller) == ("voicemail-empty",)
    assert not centre.told(facts.VoicemailLeft)
    assert centre.last(facts.CallEnded).outcome == "ABANDONED"


def test_given_a_message_is_spoken_when_the_caller_hangs_up_then_it_is_kept(centre: Centre) -> None:
    caller = centre.calls_in("4012")
    centre.listens(caller)
    centre.hangs_up(caller)  # the switch ends message and line
    assert centre.last(facts.VoicemailLeft).mailbox == "general"
    assert centre.last(facts.CallEnded).outcome == "VOICEMAIL"


def test_given_a_message_is_spoken_when_the_line_ends_before_the_message_is_told_then_it_is_waited_for(centre: Centre) -> None:
    caller = centre.calls_in("4012")
    centre.listens(caller)
    message = centre.switch.channels[caller].message
    centre.switch.channels[caller].message = ""
    centre.hangs_up(caller)
    assert not centre.told(facts.CallEnded)
    centre.send(events.MessageRecorded(caller, message, 3.0))
    assert centre.last(facts.CallEnded).outcome == "VOICEMAIL"


def test_given_a_message_whose_end_is_never_told_when_the_time_is_over_then_the_caller_is_not_left_hanging(
    centre: Centre,
) -> None:
    caller = centre.calls_in("4012")
    centre.listens(caller)
    centre.passes(190)
    assert not centre.switch.channels[caller].message
    assert centre.switch.hears(caller) == {"prompt"}


def test_given_the_key_for_a_callback_when_it_is_on_disk_then_and_only_then_it_is_promised(centre: Centre) -> None:
    caller = centre.calls_in("4001")
    centre.presses(caller, "3")
    promised = centre.last(facts.CallbackPromised)
    assert (promised.number, promised.queue, promised.language) == (CALLER, "sales", "zh")
    assert "prompt" not in centre.switch.hears(caller)
    centre.stores()
    assert centre.listens(caller) == ("callback-promised",)
    assert centre.last(facts.CallEnded).outcome == "CALLBACK"


@pytest.mark.parametrize("late", [False, True])
def test_given_the_disk_fails_when_a_callback_is_wanted_then_nothing_is_promised_and_the_caller_waits_on(
    centre: Centre, late: bool
) -> None:
    caller = centre.calls_in("4001")
    centre.presses(caller, "3")
    if late:
        centre.passes(2)
    else:
        centre.stores(failed=True)
    assert centre.call_of(caller).state == "QUEUED" and centre.switch.hears(caller) == {"music"}
    assert centre.last(facts.CallRequeued).reason == "store_failed"


def test_given_a_caller_without_a_number_when_they_want_a_callback_then_they_may_leave_a_message(centre: Centre) -> None:
    caller = centre.calls_in("4001", ani="")
    centre.presses(caller, "3")
    assert centre.says(caller) == ("voicemail-greeting",)
    assert not centre.told(facts.CallbackPromised)


def test_given_a_phone_rings_for_the_caller_when_they_press_a_key_then_the_phone_stops(centre: Centre) -> None:
    centre.sign_in("1001")
    caller = centre.calls_in("4001")
    centre.presses(caller, "2")
    assert centre.says(caller) == ("voicemail-greeting",)
    assert not centre.phone("1001") and centre.state("1001") == "READY"
    assert centre.last(facts.OfferEnded).reason == "withdrawn"


def test_given_an_announcement_when_a_key_is_pressed_during_it_then_it_counts(centre: Centre) -> None:
    caller = centre.calls_in("4001")
    centre.passes(15)
    centre.presses(caller, "9")
    assert centre.says(caller) == ("goodbye",)


# -- overflow --------------------------------------------------------------------------------------------------


def test_given_the_longest_wait_is_over_when_nobody_came_then_the_caller_overflows_with_their_place(centre: Centre) -> None:
    other = centre.calls_in("4002")
    centre.passes(1)
    caller = centre.calls_in("4001")
    centre.passes(120)
    over = centre.last(facts.CallOverflowed)
    assert (over.queue, over.reason, over.target) == ("sales", "time", "queue:support")
    queued = centre.last(facts.CallQueued)
    assert (queued.queue, queued.priority, queued.position) == ("support", 2, 1)  # two steps are worth more than a second
    assert centre.switch.hears(other) and centre.switch.hears(caller)


def test_given_a_phone_rings_when_the_longest_wait_ends_then_it_may_still_be_answered(centre: Centre) -> None:
    caller = centre.calls_in("4001")
    centre.passes(119)
    centre.sign_in("1001")
    centre.passes(5)
    centre.answers("1001")
    assert centre.switch.talks_with(caller) and not centre.told(facts.CallOverflowed)


def test_given_the_longest_wait_ended_while_it_rang_when_nobody_answers_then_the_caller_overflows_at_once(
    centre: Centre,
) -> None:
    centre.calls_in("4001")
    centre.passes(119)
    centre.sign_in("1001")
    centre.passes(20)
    assert centre.last(facts.CallOverflowed).reason == "time"


def test_given_the_queue_is_full_when_a_caller_comes_then_the_number_of_the_rule_is_rung(centre: Centre) -> None:
    centre.calls_in("4006")
    caller = centre.calls_in("4006")
    assert centre.last(facts.CallOverflowed).reason == "length"
    assert centre.switch.hears(caller) == {"music"}
    centre.answers("10010")
    assert centre.switch.talks_with(caller) == {centre.line_to("10010")}
    centre.hangs_up("10010")
    assert (centre.last(facts.CallEnded).outcome, centre.last(facts.CallEnded).by) == ("OVERFLOWED", "party")


def test_given_the_overflow_number_does_not_answer_when_the_queue_is_still_full_then_the_voicemail_takes_the_caller(
    centre: Centre,
) -> None:
    centre.calls_in("4006")
    caller = centre.calls_in("4006")
    centre.passes(29)
    assert centre.line_to("10010")
    centre.passes(1)  # the first caller's longest wait is over at the same time; the second is still refused or stands
    assert centre.switch.hears(caller)
    assert centre.told(facts.TransferFailed)[-1].reason == "no_answer"


def test_given_the_overflow_number_is_busy_when_the_queue_is_full_then_the_caller_may_leave_a_message(centre: Centre) -> None:
    centre.calls_in("4006")
    caller = centre.calls_in("4006")
    centre.hangs_up("10010", 17)
    assert centre.says(caller) == ("voicemail-greeting",)


def test_given_no_trunk_for_the_overflow_number_when_the_queue_is_full_then_the_caller_may_leave_a_message() -> None:
    centre = Centre(config(trunks={}))
    centre.calls_in("4006")
    caller = centre.calls_in("4006")
    assert centre.says(caller) == ("voicemail-greeting",)


def test_given_it_is_night_when_a_caller_comes_then_the_closed_rule_takes_them() -> None:
    centre = Centre(now=MONDAY_NOON + 9 * 3600)
    caller = centre.calls_in("4007")
    assert centre.last(facts.CallOverflowed).reason == "hours"
    assert centre.says(caller) == ("voicemail-greeting",)


def test_given_nobody_who_could_serve_is_signed_in_when_a_caller_comes_then_that_rule_takes_them(centre: Centre) -> None:
    centre.sign_in("1001")  # not of this queue
    centre.calls_in("4008")
    assert centre.last(facts.CallOverflowed).reason == "nobody"
    assert centre.told(commands.Store)


def test_given_one_who_could_serve_is_signed_in_though_not_ready_when_a_caller_comes_then_they_wait(centre: Centre) -> None:
    centre.sign_in("1004", ready=False)
    caller = centre.calls_in("4008")
    assert centre.call_of(caller).state == "QUEUED"


@pytest.mark.parametrize("target", [ToCallback(), ToVoicemail("x"), ToNumber("10086"), ToQueue("none")])
def test_given_any_kind_of_way_out_when_the_queue_takes_nobody_then_the_caller_hears_something(target: ToNumber) -> None:
    centre = Centre(config(queues={"sales": Queue("sales", max_length=0, on_full=target)}))
    caller = centre.calls_in("4001")
    assert centre.switch.hears(caller) or centre.switch.stores


# -- the caller gives up ---------------------------------------------------------------------------------------


def test_given_a_waiting_caller_when_they_hang_up_then_the_call_is_abandoned_after_so_long(centre: Centre) -> None:
    caller = centre.calls_in("4001")
    centre.passes(33.5)
    centre.hangs_up(caller)
    ended = centre.last(facts.CallEnded)
    assert (ended.outcome, ended.by, ended.where, ended.waited, ended.queue) == (
        "ABANDONED",
        "customer",
        "QUEUED",
        33.5,
        "sales",
    )
    assert [key.partition(":")[0] for key in centre.acd.world.state.timers] == ["expire"], (
        "nothing but the callback they are owed"
    )
