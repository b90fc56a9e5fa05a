"""The surge attendant: which calls the machine takes, why, and what it does with them."""

from itertools import pairwise

import pytest
from msgspec.structs import replace

from ccenter.acd import events, facts
from ccenter.acd.config import Surge, ToQueue
from ccenter.acd.surge import share_at
from tests.acd.centre import CALLER, Centre, config, working

CURVE = ((0.5, 0.2), (0.8, 0.5), (1.0, 1.0))


def centre(lines: int = 100, **more: object) -> Centre:
    """A surge attendant on the number 4001 with so many lines."""
    surge = replace(Surge("spot", CURVE, numbers=("4001",), lines=lines), **more)
    return Centre(working(surges={"spot": surge}), careful=False)


def fill(c: Centre, count: int) -> list[str]:
    return [c.calls_in("4001", f"+86139{i:08}") for i in range(count)]


def decided(c: Centre) -> list[facts.SurgeDecided]:
    return c.told(facts.SurgeDecided)


@pytest.mark.parametrize(
    ("use", "share"), [(0.0, 0.0), (0.49, 0.0), (0.5, 0.2), (0.65, 0.35), (0.8, 0.5), (0.9, 0.75), (1.0, 1.0), (1.2, 1.0)]
)
def test_given_a_curve_then_none_below_it_all_above_it_and_straight_lines_between(use: float, share: float) -> None:
    assert share_at(CURVE, use) == pytest.approx(share)
    assert share_at((), use) == 0.0


def test_given_few_calls_when_use_is_below_the_first_threshold_then_all_go_to_people() -> None:
    c = centre()
    fill(c, 49)
    assert not decided(c) and not c.told(facts.SurgeChanged)


@pytest.mark.parametrize("share", [0.1, 0.25, 1 / 3, 0.7])
def test_given_a_share_when_many_calls_come_then_exactly_that_share_is_taken_and_evenly_spread(share: float) -> None:
    c = centre(10_000, curve=((0.001, share), (0.99, share), (1.0, 1.0)))
    fill(c, 9 + 300)
    taken = [fact.taken for fact in decided(c)]
    assert sum(taken) == int(300 * share + 1e-6)
    gap = 1 / share
    places = [i for i, it in enumerate(taken) if it]
    assert all(abs(two - one - gap) < 1 + 1e-6 for one, two in pairwise(places))
    assert c.replay() == c.out


def test_given_a_decision_then_it_is_explained_by_use_share_and_what_earlier_calls_left_over() -> None:
    c = centre(10, curve=((0.1, 0.4), (1.0, 1.0)))
    fill(c, 4)
    credit = 0.0
    for fact in decided(c):
        assert fact.share == pytest.approx(share_at(((0.1, 0.4), (1.0, 1.0)), fact.use), abs=1e-4)
        assert fact.credit == pytest.approx(credit, abs=1e-3) and fact.taken == (credit + fact.share >= 1.0 - 1e-9)
        credit += fact.share - fact.taken


def test_given_no_line_free_when_more_call_then_the_machine_takes_all() -> None:
    c = centre(10)
    fill(c, 9)
    before = len(decided(c))
    fill(c, 5)
    assert [fact.taken for fact in decided(c)[before:]] == [True] * 5


def test_given_a_surge_when_use_falls_then_it_ends_a_step_below_where_it_began() -> None:
    c = centre(20, hysteresis=0.1)
    legs = fill(c, 10)
    assert [fact.on for fact in c.told(facts.SurgeChanged)] == [True]
    for leg in legs[:2]:
        c.hangs_up(leg)
    assert len(c.told(facts.SurgeChanged)) == 1, "8 of 20 is still within the step"
    c.hangs_up(legs[2])
    over = c.last(facts.SurgeChanged)
    assert not over.on and over.taken + over.passed == len(decided(c))


def test_given_an_interval_when_calls_come_faster_then_the_machine_takes_one_in_each() -> None:
    c = centre(10, curve=((0.1, 1.0), (1.0, 1.0)), every=5.0)
    for _ in range(20):
        fill(c, 1)
        c.passes(1)
    assert sum(fact.taken for fact in decided(c)) == 4
    assert {fact.reason for fact in decided(c)} == {"share", "interval"}


def test_given_trunks_when_their_channels_are_busy_then_calls_over_them_are_taken_by_their_use() -> None:
    base = working()
    surge = Surge("trunks", ((0.5, 1.0), (1.0, 1.0)), trunks=("demo",))
    c = Centre(replace(base, surges={"trunks": surge}, trunks={"demo": replace(base.trunks["demo"], capacity=10)}), careful=False)
    fill(c, 4)
    assert not decided(c)
    fill(c, 1)
    assert decided(c)[-1].use == 0.5 and decided(c)[-1].taken


def taken(c: Centre) -> str:
    """A call that the machine takes; the caller's leg."""
    fill(c, 1)
    leg = c.calls_in("4001", CALLER)
    assert decided(c)[-1].taken
    return leg


def test_given_a_taken_call_when_nothing_is_pressed_then_it_is_thanked_promised_a_call_and_let_go_and_owed_it() -> None:
    c = centre(1)
    leg = taken(c)
    assert c.listens(leg) == ("surge-thanks",) and c.listens(leg) == ("surge-number",)
    c.passes(2)
    promised = c.last(facts.CallbackPromised)
    assert (promised.number, promised.reason) == (CALLER, "surge")
    assert not c.says(leg), "nothing is promised before it is on disk"
    c.stores()
    assert c.listens(leg) == ("callback-promised",)
    assert leg not in c.switch.channels and c.last(facts.CallEnded).outcome == "CALLBACK"
    assert c.last(facts.CallbackOpened).source == "surge"


def test_given_a_taken_call_when_another_number_is_left_then_that_one_is_called() -> None:
    c = centre(1)
    leg = taken(c)
    c.listens(leg, 2)
    c.presses(leg, "1")
    c.presses(leg, "13900000009#")
    c.stores()
    c.listens(leg)
    assert c.last(facts.CallbackOpened).number == "13900000009"


def test_given_a_taken_call_when_the_caller_hangs_up_before_the_promise_then_they_are_owed_a_call_all_the_same() -> None:
    c = centre(1)
    c.hangs_up(taken(c))
    assert (c.last(facts.CallbackOpened).number, c.last(facts.CallbackOpened).source) == (CALLER, "surge")


def test_given_no_flow_for_it_when_a_call_is_taken_then_the_promise_is_made_at_once() -> None:
    c = centre(1, flow="none")
    taken(c)
    assert c.last(facts.CallbackPromised).number == CALLER


@pytest.mark.parametrize(
    ("values", "reason"), [({"priority": "3"}, "vip"), ({"open_orders": "2"}, "order"), ({"open_orders": "0"}, "share")]
)
def test_given_exemptions_when_the_data_know_the_caller_then_vips_and_open_orders_go_to_people_and_another_is_taken(
    values: dict[str, str], reason: str
) -> None:
    c = centre(1, exempt_priority=3, exempt_orders=True)
    leg = c.calls_in("4001", CALLER)
    assert c.call_of(leg).state == "OFFERED", "the line is not taken before it is known whose"
    question = c.looks_up(**values)
    assert (question.kind, question.arguments["number"]) == ("caller", CALLER)
    exempt = reason != "share"
    assert decided(c)[-1].reason == reason and decided(c)[-1].taken != exempt
    assert c.call_of(leg).state == ("QUEUED" if exempt else "IVR")


def test_given_exemptions_when_the_data_do_not_answer_in_time_then_the_call_is_taken() -> None:
    c = centre(1, exempt_orders=True)
    leg = c.calls_in("4001", CALLER)
    c.passes(1)
    assert decided(c)[-1].taken and c.call_of(leg).state == "IVR"


def test_given_exemptions_when_the_caller_hangs_up_meanwhile_then_they_are_owed_a_call() -> None:
    c = centre(1, exempt_orders=True)
    leg = c.calls_in("4001", CALLER)
    c.hangs_up(leg)
    c.looks_up()
    assert c.last(facts.CallbackOpened).number == CALLER


def test_given_a_number_of_priority_or_no_number_shown_when_lines_are_short_then_they_are_not_taken() -> None:
    base = config()
    c = centre(1, exempt_priority=2)
    c.feed(
        events.ConfigChanged(
            replace(
                c.acd.config,
                numbers={**base.numbers, "4001": replace(base.numbers["4001"], priority=2, target=ToQueue("sales"))},
            )
        )
    )
    fill(c, 1)
    c.calls_in("4001", "")
    assert [fact.reason for fact in decided(c)] == ["vip", "withheld"]


def test_given_a_surge_when_its_configuration_is_taken_away_then_it_is_over() -> None:
    c = centre(1)
    legs = fill(c, 2)
    c.send(events.ConfigChanged(config()))
    c.hangs_up(legs[0])
    assert not c.last(facts.SurgeChanged).on
