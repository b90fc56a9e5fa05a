"""How many agents does a scenario need? Days are played with each number of agents, and the least that is enough is named."""

import math

from msgspec import Struct

from ccenter.sim import erlang
from ccenter.sim.centre import Day, play
from ccenter.sim.scenario import Goal, Scenario


class Plan(Struct, frozen=True):
    """The days by number of agents, and what follows from them."""

    scenario: Scenario
    days: dict[int, Day]
    recommended: int | None  # agents at the phone; None: not even the most are enough
    heads: int | None  # people to employ for them, with shrinkage
    erlang_c: int | None  # what the formula says for the busiest interval; None where bursts make it meaningless


def reached(goal: Goal, day: Day) -> bool:
    return (
        day.service_level >= goal.service_level
        and (goal.abandoned_most is None or day.abandon_rate <= goal.abandoned_most)
        and (goal.occupancy_most is None or day.occupancy <= goal.occupancy_most)
    )


def plan(scenario: Scenario) -> Plan:
    """Play the scenario with every number of agents. The callers are the same each time."""
    numbers = range(scenario.agents.least, scenario.agents.most + 1, scenario.agents.step)
    days = {agents: play(scenario, agents) for agents in numbers}
    enough: int | None = None
    for agents in reversed(numbers):  # the least from which on it is always reached
        if not reached(scenario.goal, days[agents]):
            break
        enough = agents
    heads = math.ceil(enough / (1.0 - scenario.shrinkage)) if enough is not None else None
    return Plan(scenario, days, enough, heads, formula(scenario))


def formula(scenario: Scenario) -> int | None:
    """Erlang C for the busiest interval: the agent is busy while the phone rings, in talk and in wrap-up."""
    if scenario.bursts or scenario.shifts or not scenario.busiest():
        return None
    service = scenario.ring.mean + scenario.talk.mean + scenario.wrap_up.mean
    load = scenario.busiest() / 3600.0 * service
    seconds = max(0.0, scenario.goal.seconds - scenario.ring.mean)
    return erlang.least_agents(load, service, seconds, scenario.goal.service_level)
