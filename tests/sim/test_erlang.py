"""Erlang's formulas against their definitions, and the simulator against the formulas where these hold."""

import math

import pytest

from ccenter.sim import erlang
from ccenter.sim.centre import Day, Simulation
from ccenter.sim.scenario import Duration, Range, Scenario

NONE = Duration(0.0)


@pytest.mark.parametrize(("servers", "load"), [(1, 0.5), (5, 3.2), (10, 8.0), (60, 52.0)])
def test_given_erlangs_fractions_when_computed_by_their_definition_then_the_recursion_agrees(servers: int, load: float) -> None:
    terms = [load**k / math.factorial(k) for k in range(servers + 1)]
    queued = terms[-1] * servers / (servers - load)
    assert erlang.erlang_b(servers, load) == pytest.approx(terms[-1] / sum(terms))
    assert erlang.erlang_c(servers, load) == pytest.approx(queued / (sum(terms[:-1]) + queued))


def test_given_one_server_when_computed_then_it_is_the_simplest_queue() -> None:
    assert erlang.erlang_c(1, 0.7) == pytest.approx(0.7)
    assert erlang.mean_wait(1, 0.7, 100.0) == pytest.approx(0.7 * 100 / 0.3)


def test_given_more_load_than_servers_when_computed_then_nobody_is_served_in_time() -> None:
    assert erlang.erlang_c(3, 3.0) == 1.0
    assert erlang.mean_wait(3, 4.0, 60.0) == math.inf
    assert erlang.service_level(3, 4.0, 60.0, 20.0) == 0.0


def test_given_a_level_when_the_least_agents_are_asked_for_then_one_less_would_miss_it() -> None:
    least = erlang.least_agents(8.0, 240.0, 20.0, 0.8)
    assert erlang.service_level(least, 8.0, 240.0, 20.0) >= 0.8 > erlang.service_level(least - 1, 8.0, 240.0, 20.0)
    trunks = erlang.least_trunks(20.0, 0.01)
    assert erlang.erlang_b(trunks, 20.0) <= 0.01 < erlang.erlang_b(trunks - 1, 20.0)


def steady(hours: float, per_hour: float, talk: float, *, trunks: int | None = None) -> Scenario:
    """Poisson calls, exponential talks, callers who never give up, and nothing else that takes time."""
    return Scenario(
        {"en": "steady"},
        "2026-03-02 00:00",
        hours,
        [per_hour],
        Range(1, 1),
        talk=Duration(talk),
        wrap_up=NONE,
        ring=NONE,
        patience=NONE,
        announce=False,
        short_abandon_seconds=0.0,
        trunks=trunks,
    )


@pytest.mark.parametrize(
    ("agents", "per_hour", "talk", "tolerance"),
    [
        (5, 240.0, 45.0, 0.2),  # two standard errors of this many calls, which depend on each other
        (22, 300.0, 228.0, 0.3),  # the nearer to overload, the more one day differs from the next
    ],
)
@pytest.mark.slow
def test_given_what_erlang_c_assumes_when_days_are_played_then_they_agree_with_it(
    agents: int, per_hour: float, talk: float, tolerance: float
) -> None:
    load = per_hour / 3600.0 * talk
    total = Day()
    for seed in range(2):
        total += Simulation(steady(40.0, per_hour, talk), agents, seed).run()
    waited = sum(wait > 0 for wait in total.waits) / len(total.waits)
    assert total.answered == total.offered > 18_000
    assert total.occupancy == pytest.approx(load / agents, rel=0.03)
    assert waited == pytest.approx(erlang.erlang_c(agents, load), rel=tolerance)
    assert total.service_level == pytest.approx(erlang.service_level(agents, load, talk, 20.0), rel=tolerance / 3)
    assert total.asa == pytest.approx(erlang.mean_wait(agents, load, talk), rel=tolerance)


def test_given_few_trunks_and_no_waiting_when_days_are_played_then_erlang_b_says_how_many_calls_are_lost() -> None:
    day = Simulation(steady(24.0, 360.0, 160.0, trunks=18), 18, 1).run()
    lost = day.blocked / (day.blocked + day.offered)
    assert lost == pytest.approx(erlang.erlang_b(18, 16.0), rel=0.1)
    assert day.busiest_trunks == 18 and max(day.waits) == 0.0
