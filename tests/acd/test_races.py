"""What crosses on the way: both orders of two things that happen at once. Nobody is stranded, nothing is left."""

from collections.abc import Callable
from itertools import permutations

import pytest

from ccenter.acd import events, facts
from ccenter.acd.config import ToAgent, ToCallback, ToNumber, ToQueue
from tests.acd import promises
from tests.acd.centre import Centre

Act = Callable[[Centre, str], None]


def caller_hangs_up(c: Centre, caller: str) -> None:
    if caller in c.switch.channels:
        c.switch.ends(caller)


def phone_answers(agent: str) -> Act:
    def act(c: Centre, caller: str) -> None:
        if c.phone(agent) and c.switch.channels[c.phone(agent)].state != "up":
            c.switch.answers(c.phone(agent))

    return act


def phone_ends(agent: str, cause: int = 16) -> Act:
    def act(c: Centre, caller: str) -> None:
        if c.phone(agent):
            c.switch.ends(c.phone(agent), cause)

    return act


def number_answers(c: Centre, caller: str) -> None:
    leg = c.line_to("10086")
    if leg and c.switch.channels[leg].state != "up":
        c.switch.answers(leg)


def number_ends(c: Centre, caller: str) -> None:
    if c.line_to("10086"):
        c.switch.ends(c.line_to("10086"), 17)


def presses(key: str) -> Act:
    def act(c: Centre, caller: str) -> None:
        if caller in c.switch.channels:
            c.switch.presses(caller, key)

    return act


def asks(kind: type[events.Request], agent: str, **more: object) -> Act:
    def act(c: Centre, caller: str) -> None:
        c.feed(kind("r", "x", agent, **more))

    return act


def time_is_up(c: Centre, caller: str) -> None:
    due = c.acd.next_deadline()
    if due is not None:
        c.now = max(c.now, due)
        c.feed(None)


def disk_answers(c: Centre, caller: str) -> None:
    if c.switch.stores:
        c.feed(events.Stored(c.switch.stores.pop(0).token))


# -- situations: each gives the caller's leg -------------------------------------------------------------------


def waits(c: Centre) -> str:
    return c.calls_in("4001")


def rings(c: Centre) -> str:
    c.sign_in("1001")
    return c.calls_in("4001")


def rings_at_two(c: Centre) -> str:
    c.sign_in("1002", "1003")
    return c.calls_in("4005")


def talks(c: Centre) -> str:
    c.sign_in("1001", "1003")
    return c.connected()


def holds(c: Centre) -> str:
    caller = talks(c)
    c.ask(events.HoldCall, "1001")
    return caller


def transferring(c: Centre) -> str:
    caller = talks(c)
    c.ask(events.TransferCall, "1001", target=ToAgent("1003"))
    return caller


def transferring_out(c: Centre) -> str:
    caller = talks(c)
    c.ask(events.TransferCall, "1001", target=ToNumber("10086"))
    return caller


def consulting(c: Centre) -> str:
    caller = talks(c)
    c.ask(events.ConsultWith, "1001", target=ToAgent("1003"))
    return caller


def consulting_out(c: Centre) -> str:
    caller = talks(c)
    c.ask(events.ConsultWith, "1001", target=ToNumber("10086"))
    return caller


def three(c: Centre) -> str:
    caller = consulting_out(c)
    c.answers("10086")
    c.ask(events.JoinAll, "1001")
    return caller


def promised(c: Centre) -> str:
    caller = waits(c)
    c.presses(caller, "3")
    return caller


def message(c: Centre) -> str:
    caller = c.calls_in("4012")
    c.listens(caller)
    return caller


def message_ends(c: Centre, caller: str) -> None:
    if caller in c.switch.channels and c.switch.channels[caller].message:
        c.switch.finishes_message(caller, 5.0)


H, R = caller_hangs_up, asks
RACES: list[tuple[Callable[[Centre], str], tuple[Act, ...]]] = [
    (rings, (H, phone_answers("1001"))),
    (rings, (H, phone_answers("1001"), time_is_up)),
    (rings, (H, phone_ends("1001", 17))),
    (rings, (phone_answers("1001"), time_is_up)),
    (rings, (phone_answers("1001"), presses("2"))),
    (rings, (phone_answers("1001"), presses("3"), disk_answers)),
    (rings, (phone_answers("1001"), R(events.SignOut, "1001"))),
    (rings, (phone_answers("1001"), R(events.NotReady, "1001", reason="x"))),
    (rings, (phone_answers("1001"), R(events.HangUpCall, "1001"))),
    (rings, (H, R(events.SignOut, "1001"), time_is_up)),
    (rings_at_two, (phone_answers("1002"), phone_answers("1003"))),
    (rings_at_two, (phone_answers("1002"), phone_answers("1003"), H)),
    (rings_at_two, (phone_answers("1002"), phone_ends("1003", 17), H)),
    (waits, (H, presses("3"), disk_answers)),
    (waits, (H, R(events.SignIn, "1001", endpoint="PJSIP/1001", ready=True), phone_answers("1001"))),
    (waits, (time_is_up, presses("1"), H)),
    (talks, (H, phone_ends("1001"))),
    (talks, (H, R(events.HoldCall, "1001"), R(events.ResumeCall, "1001"))),
    (talks, (H, R(events.TransferCall, "1001", target=ToAgent("1003")), phone_answers("1003"))),
    (talks, (phone_ends("1001"), R(events.TransferCall, "1001", target=ToQueue("support")))),
    (talks, (phone_ends("1001", 38), R(events.ConsultWith, "1001", target=ToAgent("1003")), phone_answers("1003"))),
    (talks, (H, R(events.TransferCall, "1001", target=ToCallback()), disk_answers)),
    (holds, (H, R(events.ResumeCall, "1001"))),
    (holds, (H, phone_ends("1001"))),
    (holds, (phone_ends("1001"), R(events.ResumeCall, "1001"))),
    (transferring, (H, phone_answers("1003"))),
    (transferring, (H, phone_ends("1003", 17))),
    (transferring, (phone_answers("1003"), R(events.HangUpCall, "1003"), H)),
    (transferring, (phone_ends("1003", 17), R(events.SignOut, "1001"))),
    (transferring_out, (H, number_answers)),
    (transferring_out, (H, number_ends)),
    (transferring_out, (number_answers, time_is_up)),
    (consulting, (H, phone_answers("1003"))),
    (consulting, (phone_answers("1003"), R(events.CompleteTransfer, "1001"))),
    (consulting, (phone_ends("1003", 17), R(events.CompleteTransfer, "1001"))),
    (consulting, (phone_answers("1003"), R(events.CancelConsult, "1001"))),
    (consulting, (phone_ends("1001"), phone_ends("1003", 17))),
    (consulting, (phone_ends("1001", 38), phone_answers("1003"), H)),
    (consulting, (phone_answers("1003"), R(events.JoinAll, "1001"), phone_ends("1001"), H)),
    (consulting_out, (number_answers, R(events.CompleteTransfer, "1001"), phone_ends("1001"))),
    (consulting_out, (number_ends, R(events.CompleteTransfer, "1001"), H)),
    (consulting_out, (number_answers, R(events.JoinAll, "1001"), H, number_ends)),
    (three, (phone_ends("1001"), number_ends)),
    (three, (phone_ends("1001"), number_ends, H)),
    (three, (R(events.LeaveCall, "1001"), number_ends)),
    (three, (R(events.CancelConsult, "1001"), number_ends)),
    (promised, (H, disk_answers)),
    (promised, (disk_answers, time_is_up)),
    (message, (H, message_ends)),
    (message, (message_ends, time_is_up, H)),
    (message, (presses("#"), message_ends, H)),
]


def name(race: tuple[Callable[[Centre], str], tuple[Act, ...]]) -> str:
    return f"{race[0].__name__}-{len(race[1])}"


@pytest.mark.parametrize(("situation", "acts"), RACES, ids=[f"{i}-{name(r)}" for i, r in enumerate(RACES)])
@pytest.mark.parametrize("delivered", ["at once", "late", "backwards"])
def test_given_things_that_cross_when_they_come_in_any_order_then_nobody_is_stranded_and_nothing_is_left(
    situation: Callable[[Centre], str], acts: tuple[Act, ...], delivered: str
) -> None:
    for order in permutations(acts):
        c = Centre(careful=False)
        caller = situation(c)
        for act in order:
            act(c, caller)
            promises.check(c.acd)
            if delivered == "at once":
                c.settle()
        while c.switch.flight:
            c.deliver(-1 if delivered == "backwards" else 0)
            promises.check(c.acd)
        promises.truth_agrees(c.acd, c.switch)
        for leg in list(c.switch.channels):
            if leg in c.switch.channels:
                c.hangs_up(leg)
        c.passes(400)
        for leg in list(c.switch.channels):  # whom the first goodbyes made ring again
            if leg in c.switch.channels:
                c.hangs_up(leg)
        c.passes(400)
        promises.nothing_is_left(c.acd)
        promises.the_record_is_whole(c.out)
        assert len(c.told(facts.CallEnded)) == 1


def test_given_an_answer_that_crosses_the_hang_up_when_both_arrive_then_the_phone_is_let_go(centre: Centre) -> None:
    centre.sign_in("1001")
    caller = centre.calls_in("4001")
    leg = centre.phone("1001")
    centre.switch.ends(caller)
    centre.switch.answers(leg)  # picked up before our wish to stop could reach it
    centre.settle()
    assert leg not in centre.switch.channels and centre.state("1001") == "READY"
    assert centre.last(facts.CallEnded).outcome == "ABANDONED"


def test_given_an_answer_when_the_caller_hangs_up_just_after_then_it_was_a_call(centre: Centre) -> None:
    centre.sign_in("1001")
    caller = centre.calls_in("4001")
    centre.switch.answers(centre.phone("1001"))
    centre.switch.ends(caller)
    centre.settle()
    assert centre.last(facts.CallEnded).outcome == "ANSWERED" and centre.state("1001") == "WRAP_UP"
