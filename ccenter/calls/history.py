"""Reads of the record, as screens and the REST interface show it. Nothing here writes."""

from typing import Any

from ccenter.calls.models import Agent, AgentStatus, Call, RecorderPosition

SPARE_NUMBERS = 1_000_000  # a lost journal may have used more ids than the record knows


def last_seq() -> int:
    """The seq of the last fact on record; 0 before the first."""
    return RecorderPosition.objects.values_list("seq", flat=True).first() or 0


def last_numbers() -> tuple[int, int]:
    """`seq` and `counter` with which a core without a journal must go on, so that no fact and no id is given out twice."""
    seq = last_seq()
    return (seq, 4 * seq + SPARE_NUMBERS) if seq else (0, 0)


def seat(agent: Agent, status: AgentStatus | None = None, call: Call | None = None) -> dict[str, Any]:
    """What a seat is doing now."""
    status = status or AgentStatus.objects.filter(pk=agent.number).first() or AgentStatus(agent=agent.number)
    if call is None and status.call:
        call = Call.objects.filter(pk=status.call).first()
    return {
        "agent": agent.number,
        "name": agent.name,
        "state": status.state,
        "reason": status.reason,
        "since": status.since,
        "endpoint": status.endpoint,
        "online": status.online,
        "call": call,
    }
