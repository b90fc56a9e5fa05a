"""A synthetic day: seeded, truthful to the core's promises, fast; and the staffing table made of days."""

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from ccenter.acd import events, facts
from ccenter.acd.world import Output
from ccenter.sim.__main__ import agents as agents_option
from ccenter.sim.__main__ import main
from ccenter.sim.centre import Day, Simulation, configuration
from ccenter.sim.centre import replay as replayed
from ccenter.sim.scenario import FOLDER, Burst, Duration, Goal, Range, Scenario, Shift, load
from ccenter.sim.staffing import plan
from tests.acd import promises

BUSY = Scenario({"en": "busy"}, "2026-03-02 09:00", 1.0, [300.0], Range(16, 22, 3), menu=True, missed=0.05, runs=1)
SHIPPED = sorted(path.stem for path in FOLDER.glob("*.toml"))


def log_of(scenario: Scenario, agents: int, seed: int) -> tuple[list[tuple[events.AnyEvent | None, float]], Day]:
    log: list[tuple[events.AnyEvent | None, float]] = []
    day = Simulation(scenario, agents, seed, log).run()
    return log, day


def test_given_the_same_seed_when_a_day_is_played_twice_then_it_is_the_same_day_event_for_event() -> None:
    assert log_of(BUSY, 18, 7) == log_of(BUSY, 18, 7)


def test_given_another_seed_when_a_day_is_played_then_it_is_another_day() -> None:
    assert log_of(BUSY, 18, 7)[0] != log_of(BUSY, 18, 8)[0]


def test_given_more_agents_when_the_day_is_played_then_the_callers_are_the_same() -> None:
    def callers(agents: int) -> list[tuple[str, float]]:
        return [(e.ani, at) for e, at in log_of(BUSY, agents, 7)[0] if isinstance(e, events.CallOffered)]

    few, many = callers(15), callers(25)
    assert [at for _, at in few] == [at for _, at in many] and len(few) > 200


def test_given_the_events_of_a_day_when_played_into_a_new_core_then_its_record_is_whole() -> None:
    log, day = log_of(BUSY, 18, 7)
    out: list[Output] = replayed(configuration(BUSY, 18), log)
    promises.the_record_is_whole(out)
    connected = [fact for fact in out if isinstance(fact, facts.CallConnected)]
    assert len(connected) == day.answered and day.answered + day.abandoned == day.offered


def test_given_a_day_when_it_is_over_then_nothing_is_left_and_the_promises_held() -> None:
    day = Simulation(BUSY, 16, 3)
    checked = 0

    def feed(event: events.AnyEvent | None, feed=day._feed) -> None:  # type: ignore[no-untyped-def]
        nonlocal checked
        feed(event)
        checked += 1
        if checked % 10 == 0:
            promises.check(day.acd)

    day._feed = feed  # type: ignore[method-assign]
    day.run()
    promises.check(day.acd)
    promises.nothing_is_left(day.acd)
    assert checked > 2000


def test_given_more_agents_when_days_are_played_then_callers_wait_less_and_agents_are_less_busy() -> None:
    days = [Simulation(BUSY, agents, 7).run() for agents in (14, 18, 24)]
    assert [d.service_level for d in days] == sorted(d.service_level for d in days)
    assert [d.asa for d in days] == sorted((d.asa for d in days), reverse=True)
    assert [d.occupancy for d in days] == sorted((d.occupancy for d in days), reverse=True)
    assert [d.abandoned for d in days] == sorted((d.abandoned for d in days), reverse=True)


def test_given_a_day_of_sixty_seats_when_played_then_every_caller_is_in_it() -> None:
    day = Simulation(replace(BUSY, hours=8.0, per_hour=[900.0], agents=Range(60, 60)), 60, 1).run()
    assert day.offered > 6500


def test_given_a_tv_spot_when_played_then_calls_come_in_a_wave_after_it() -> None:
    scenario = replace(BUSY, per_hour=[60.0], bursts=[Burst("09:30", 200.0, 60.0)])
    times = [at for e, at in log_of(scenario, 30, 1)[0] if isinstance(e, events.CallOffered)]
    spot = scenario.moment("09:30")
    assert sum(spot <= at < spot + 120 for at in times) > 150 > 10 * sum(spot - 120 <= at < spot for at in times)


def test_given_shifts_when_played_then_each_agent_works_theirs_and_nobody_is_cut_off() -> None:
    shifts = [Shift("09:00", "09:30", 0.5), Shift("09:30", "10:00", 0.5)]
    scenario = replace(BUSY, shifts=shifts, agents=Range(40, 40))
    log, day = log_of(scenario, 40, 1)
    out = replayed(configuration(scenario, 40), log)
    change = scenario.moment("09:30")
    first = [f for f in out if isinstance(f, facts.AgentChanged) and f.agent <= "1020"]
    assert {f.state for f in first if f.at > change + 1500} <= {"LOGGED_OUT", "WRAP_UP"}
    assert any(f.state == "LOGGED_OUT" and f.at >= change for f in first)
    assert not [f for f in out if isinstance(f, facts.CallRouted) and f.agent > "1020" and f.at < change]
    assert day.answered + day.abandoned == day.offered


def test_given_agents_who_miss_calls_when_played_then_they_come_back_after_a_while() -> None:
    scenario = replace(BUSY, missed=0.3)
    log, day = log_of(scenario, 20, 1)
    out = replayed(configuration(scenario, 20), log)
    assert [f for f in out if isinstance(f, facts.AgentChanged) and f.reason == "missed_calls"]
    assert day.answered > 0.6 * day.offered


# -- the table -------------------------------------------------------------------------------------------------


def test_given_a_goal_when_planned_then_the_least_that_reaches_it_from_there_on_is_recommended() -> None:
    found = plan(replace(BUSY, agents=Range(10, 30, 4), shrinkage=0.3, goal=Goal(0.8, 20.0)))
    assert found.recommended is not None
    for agents, day in found.days.items():
        assert (day.service_level >= 0.8) == (agents >= found.recommended)
    assert found.heads == -(-found.recommended * 10 // 7)


def test_given_a_goal_that_cannot_be_reached_when_planned_then_none_is_recommended() -> None:
    found = plan(replace(BUSY, agents=Range(3, 5)))
    assert found.recommended is None and found.heads is None


def test_given_agents_too_busy_when_occupancy_is_asked_for_then_more_are_recommended() -> None:
    found = plan(replace(BUSY, agents=Range(18, 34, 8), goal=Goal(0.5, 20.0, occupancy_most=0.6)))
    assert found.recommended is not None and found.recommended > 18
    assert found.days[18].service_level > 0.5 and found.days[18].occupancy > 0.6


@pytest.mark.parametrize("name", SHIPPED)
def test_given_a_shipped_scenario_when_played_once_then_there_is_a_table(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    middle = load(FOLDER / f"{name}.toml").agents.least
    assert main([name, "--runs", "1", "--agents", str(middle), "--language", "en"]) == 0
    out = capsys.readouterr().out
    assert load(FOLDER / f"{name}.toml").name["en"] in out and f"{middle}" in out
    assert "ASA" in out or "orders saved" in out


def test_given_a_language_when_the_table_is_printed_then_it_speaks_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["steady", "--runs", "1", "--agents", "10-11"]) == 0
    out = capsys.readouterr().out
    assert "坐席数" in out and "Erlang C" in out and "agents" not in out


def test_given_a_program_when_it_asks_then_the_figures_are_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["steady", "--runs", "1", "--agents", "10-12", "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert list(figures["agents"]) == ["10", "11", "12"]
    assert figures["agents"]["12"]["service_level"] > figures["agents"]["10"]["service_level"]


FAULTS = {
    "per_hours = [1]": "per_hours",
    "hours = 0": "hours",
    "hours = 'long'": "hours",
    "per_hour = [-1]": "per_hour",
    "agents = { least = 5, most = 4 }": "agents",
    "missed = 1.0": "missed",
    "shifts = [{ start = 'nine', end = '10:00' }]": "'nine'",
    "start = 'today'": "today",
    "talk = { mean = 3, kind = 'gamma' }": "gamma",
    "= 3": "line",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_given_a_scenario_with_a_fault_when_run_then_one_line_says_which(
    fault: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = {
        "name": "{ en = 'x' }",
        "start": "'2026-03-02 09:00'",
        "hours": "1",
        "per_hour": "[10]",
        "agents": "{ least = 1, most = 2 }",
    }
    good.pop(fault.partition(" =")[0], None)
    path = tmp_path / "x.toml"
    path.write_text("\n".join([fault, *(f"{name} = {value}" for name, value in good.items())]), encoding="utf-8")
    with pytest.raises(SystemExit) as stopped:
        main([str(path)])
    error = capsys.readouterr().err
    assert stopped.value.code == 2 and FAULTS[fault] in error and "x.toml" in error and error.count("\n") == 1


def test_given_a_file_that_is_not_there_when_run_then_it_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["nowhere"])
    assert stopped.value.code == 2 and "nowhere.toml" in capsys.readouterr().err


def test_given_a_range_of_agents_as_text_when_read_then_it_is_one() -> None:
    assert agents_option("40-70/5") == Range(40, 70, 5)
    assert agents_option("12") == Range(12, 12, 1)


@pytest.mark.parametrize("kind", ["fixed", "exponential", "lognormal"])
def test_given_a_duration_when_drawn_often_then_its_mean_is_the_mean(kind: str) -> None:
    from random import Random

    dice = Random(1)
    draws = [Duration(100.0, kind, 0.8).draw(dice) for _ in range(20_000)]  # type: ignore[arg-type]
    assert sum(draws) / len(draws) == pytest.approx(100.0, rel=0.03)
