"""What is said of the trunks' channels: who takes one, who is on it, and when it is free again."""

from ccenter.acd import events, facts
from tests.acd.centre import CALLER, Centre

OUTSIDE = "+8613900000009"


def in_use(centre: Centre) -> dict[str, facts.TrunkTaken]:
    """As a reader of the facts sees it: leg -> how it was taken."""
    taken: dict[str, facts.TrunkTaken] = {}
    for fact in centre.out:
        if isinstance(fact, facts.TrunkTaken):
            taken[fact.leg] = fact
        elif isinstance(fact, facts.TrunkFreed):
            del taken[fact.leg]
    return taken


def shown(fact: facts.TrunkTaken) -> tuple[str, ...]:
    return fact.trunk, fact.direction, fact.number, fact.agent


def test_given_a_caller_when_they_come_and_go_then_their_channel_is_taken_and_freed(centre: Centre) -> None:
    leg = centre.calls_in()
    assert shown(in_use(centre)[leg]) == ("demo", "in", CALLER, "")
    assert in_use(centre)[leg].call == centre.call_of(leg).id
    centre.hangs_up(leg)
    assert in_use(centre) == {}


def test_given_a_call_we_end_when_the_switch_still_has_the_line_then_its_channel_is_in_use_until_it_has_not(
    centre: Centre,
) -> None:
    leg = centre.talking()
    centre.switch.linked = False  # what the switch does is not told
    centre.feed(events.ForceHangUp("r", "lead", "1001"))
    assert centre.told(facts.CallEnded)
    assert list(in_use(centre)) == [leg]
    centre.feed(events.LegEnded(leg, 16))
    assert in_use(centre) == {}


def test_given_an_agent_who_dials_out_when_their_phone_is_up_then_a_channel_is_taken_by_the_number(centre: Centre) -> None:
    centre.sign_in("1001")
    assert not centre.ask(events.DialNumber, "1001", number=OUTSIDE)
    assert in_use(centre) == {}  # their own phone rings first, which needs none
    centre.answers("1001")
    (channel,) = in_use(centre).values()
    assert shown(channel) == (channel.trunk, "out", OUTSIDE, "")
    assert channel.call and channel.leg == centre.line_to(OUTSIDE)
    centre.hangs_up(OUTSIDE)
    assert in_use(centre) == {}


def test_given_a_seat_at_home_when_a_caller_is_offered_then_the_call_has_two_channels_one_of_them_the_seats(
    centre: Centre,
) -> None:
    assert not centre.ask(events.SignIn, "1001", endpoint=f"PJSIP/{OUTSIDE}@trunk-demo", ready=True)
    leg = centre.calls_in()
    assert {shown(fact) for fact in in_use(centre).values()} == {("demo", "in", CALLER, ""), ("demo", "out", OUTSIDE, "1001")}
    assert {fact.call for fact in in_use(centre).values()} == {centre.call_of(leg).id}


def test_given_a_restarted_switch_when_it_is_found_again_then_no_channel_is_in_use(centre: Centre) -> None:
    centre.calls_in()
    centre.calls_in()
    assert len(in_use(centre)) == 2
    centre.switch.linked = False
    centre.feed(events.NodeDown("ast1"))
    centre.switch.restarts()
    centre.switch.linked = True
    centre.send(centre.switch.truth(restarted=True))
    assert in_use(centre) == {}
