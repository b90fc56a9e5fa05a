"""Erlang's formulas, to check the simulator where they hold and to show beside it.

Source: A. K. Erlang, "Solution of some problems in the theory of probabilities of significance in automatic telephone
exchanges" (1917); in this form e.g. ITU-T, Teletraffic Engineering Handbook, chapters 7 (Erlang B) and 12 (Erlang C).
They assume Poisson arrivals, exponential service times, one line in order of arrival; Erlang C further that nobody gives up.
Load is in erlangs: arrivals per second times mean handling seconds.
"""

import math


def erlang_b(servers: int, load: float) -> float:
    """Share of calls that find all servers (or trunks) busy, when those are lost.

    B(0) = 1, B(n) = a B(n-1) / (n + a B(n-1)): the recursion of the usual fraction of powers and factorials.
    """
    blocked = 1.0
    for n in range(1, servers + 1):
        blocked = load * blocked / (n + load * blocked)
    return blocked


def erlang_c(servers: int, load: float) -> float:
    """Share of calls that must wait: C = n B / (n - a (1 - B)). 1 when the load is not less than the servers."""
    if load >= servers:
        return 1.0
    blocked = erlang_b(servers, load)
    return servers * blocked / (servers - load * (1.0 - blocked))


def mean_wait(servers: int, load: float, service: float) -> float:
    """Mean seconds of waiting of all calls, ASA: C s / (n - a). Infinite when overloaded."""
    return erlang_c(servers, load) * service / (servers - load) if load < servers else math.inf


def service_level(servers: int, load: float, service: float, seconds: float) -> float:
    """Share of calls answered within so many seconds: 1 - C exp(-(n - a) t / s)."""
    if load >= servers:
        return 0.0
    return 1.0 - erlang_c(servers, load) * math.exp(-(servers - load) * seconds / service)


def least_agents(load: float, service: float, seconds: float, level: float) -> int:
    """The fewest agents who reach the service level."""
    servers = math.floor(load) + 1
    while service_level(servers, load, service, seconds) < level:
        servers += 1
    return servers


def least_trunks(load: float, blocked: float) -> int:
    """The fewest trunks that lose no more than this share of calls."""
    trunks = 1
    while erlang_b(trunks, load) > blocked:
        trunks += 1
    return trunks
