"""A TV spot played to the last callback: nobody is lost, the earlier asked is called first, and more agents are done sooner."""

import json

import pytest
from msgspec.structs import replace

from ccenter.acd import events, facts
from ccenter.acd.config import Config
from ccenter.acd.machine import Acd
from ccenter.sim import spot_table
from ccenter.sim.__main__ import main
from ccenter.sim.scenario import FOLDER, Burst, Callbacks, Range, Scenario, load
from ccenter.sim.spot import SPOKEN, Outcome, Spot, centre, outcomes, without
from ccenter.sim.table import width
from tests.acd import promises
from tests.sounds import table

WHOLE = load(FOLDER / "tv-spot.toml")
SMALL = replace(WHOLE, bursts=[Burst("20:15", 300.0, 14.0)], trunks=40, agents=Range(6, 18, 6), callbacks=Callbacks(kept_lines=6))
Log = list[tuple[events.AnyEvent | None, float]]


def played(scenario: Scenario, agents: int) -> tuple[Log, Outcome]:
    log: Log = []
    return log, Spot(scenario, agents, 1, log).play()


def told(config: Config, log: Log) -> tuple[Acd, list[object]]:
    acd, out = Acd(config), []
    for event, now in log:
        out += acd.advance(now) if event is None else acd.handle(event, now)
    return acd, out  # type: ignore[return-value]


def test_given_three_thousand_callers_and_120_lines_when_played_then_each_is_served_or_owed_and_each_owed_is_called() -> None:
    log, outcome = played(WHOLE, 60)
    acd, out = told(centre(WHOLE, 60), log)
    offered = [e for e, _ in log if isinstance(e, events.CallOffered)]
    assert outcome.callers == len(offered) + outcome.refused > 2700
    assert outcome.most_lines == 120
    assert outcome.callers == outcome.served + outcome.owed, "nobody is lost, nobody is noted twice"
    assert outcome.called == outcome.owed and not acd.world.state.callbacks
    promises.the_record_is_whole(out)  # type: ignore[arg-type]
    promises.nothing_is_left(acd)


def test_given_a_spot_when_callbacks_are_dialled_then_first_attempts_are_in_the_order_in_which_they_asked() -> None:
    log, _ = played(SMALL, 12)
    _, out = told(centre(SMALL, 12), log)
    opened = {f.callback: f for f in out if isinstance(f, facts.CallbackOpened)}
    first: dict[str, float] = {}
    for fact in out:
        if isinstance(fact, facts.CallStarted) and fact.callback:
            first.setdefault(fact.callback, fact.at)
    over = max(f.at for f in opened.values())
    asked = [opened[ident].asked_at for ident, at in first.items() if at > over]
    assert len(asked) > 100 and asked == sorted(asked)


def test_given_a_spot_when_it_is_played_then_nobody_is_on_two_calls_at_once() -> None:
    log, _ = played(SMALL, 12)
    _, out = told(centre(SMALL, 12), log)
    on_line: dict[str, str] = {}
    for fact in out:
        if isinstance(fact, facts.CallStarted):
            number = fact.ani if fact.direction == "in" else fact.dnis
            assert number not in on_line, f"{number} is on {on_line[number]}"
            on_line[number] = fact.call
        elif isinstance(fact, facts.CallEnded):
            on_line = {number: call for number, call in on_line.items() if call != fact.call}


def test_given_a_spot_when_played_with_the_promises_checked_then_they_hold_from_the_flood_to_the_last_callback() -> None:
    spot, checked = Spot(SMALL, 8, 3), 0
    feed = spot._feed

    def careful(event: events.AnyEvent | None) -> None:
        nonlocal checked
        feed(event)
        checked += 1
        if checked % 40 == 0:
            promises.check(spot.acd)

    spot._feed = careful  # type: ignore[method-assign]
    spot.play()
    promises.check(spot.acd)
    assert checked > 4000


def test_given_the_same_seed_when_a_spot_is_played_twice_then_it_is_the_same_event_for_event() -> None:
    assert played(SMALL, 12) == played(SMALL, 12)
    assert played(SMALL, 12)[1] != Spot(SMALL, 12, 2).play()


def test_given_more_agents_when_a_spot_is_played_then_all_are_called_sooner_and_more_orders_are_saved() -> None:
    found = list(outcomes(SMALL).values())
    times = [outcome.all_called for outcome in found]
    assert times == sorted(times, reverse=True) and times[0] > 1.5 * times[-1]
    assert found[0].saved < found[-1].saved + found[-1].orders - found[0].orders
    waits = [outcome.median_wait for outcome in found]
    assert waits == sorted(waits, reverse=True) and 0 < waits[-1] < times[-1]
    assert [outcome.kept for outcome in found] == [1.0] * len(found), "each is served, or called back"


def test_given_no_machine_and_no_callbacks_when_the_spot_is_played_then_far_fewer_buy() -> None:
    with_all, alone = Spot(SMALL, 12, SMALL.seed).play(), without(SMALL, 12)
    assert alone.owed == alone.captured == 0 and with_all.captured > 0
    assert with_all.orders + with_all.saved > 2 * alone.orders


def test_given_the_scenario_when_simulated_then_the_table_says_when_all_are_called_and_what_was_saved(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["tv-spot", "--agents", "90", "--language", "en"]) == 0
    out = capsys.readouterr().out
    assert "all called after, h:mm" in out and "1:40" in out and "100.0%" in out
    assert main(["tv-spot", "--agents", "90", "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)["agents"]["90"]
    assert figures["owed"] == figures["called"] and figures["saved"] > 20 * figures["orders"] > 0
    assert f"  {figures['saved']}\n" in out and figures["waits"] < figures["all_called"]


def test_given_the_prompts_of_the_machine_when_simulated_then_they_last_as_long_as_those_that_are_played() -> None:
    lengths = {name: len(table.audio("zh", name).read_bytes()) / 8000 for name in SPOKEN}
    assert lengths == pytest.approx(SPOKEN, abs=0.5)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_given_outcomes_for_several_numbers_of_agents_when_told_then_each_line_is_as_wide_as_the_others(language: str) -> None:
    found = outcomes(SMALL)
    lines = spot_table.text(SMALL, found, found, language).splitlines()[2:-2]
    assert len({width(line) for line in lines}) == 1 and len(lines) == 14
    assert lines[0].split()[-3:] == ["6", "12", "18"]
    assert set(spot_table.TEXTS["en"]) == set(spot_table.TEXTS["zh"])
