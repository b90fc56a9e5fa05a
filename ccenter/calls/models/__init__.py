"""Tables of the call centre: its configuration here, its record in `record`."""

from ccenter.calls.models.centre import (
    Agent,
    AgentSkill,
    Calendar,
    CentreSettings,
    Holiday,
    OpeningHours,
    Queue,
    QueueSkill,
    ReasonCode,
    RecordingRule,
    SeatGroup,
    Skill,
)
from ccenter.calls.models.flow import Flow, FlowVersion, Prompt
from ccenter.calls.models.lines import BlacklistEntry, CallbackEntry, Number, RefusedCall, Trunk

__all__ = [
    "Agent",
    "AgentSkill",
    "BlacklistEntry",
    "Calendar",
    "CallbackEntry",
    "CentreSettings",
    "Flow",
    "FlowVersion",
    "Holiday",
    "Number",
    "OpeningHours",
    "Prompt",
    "Queue",
    "QueueSkill",
    "ReasonCode",
    "RecordingRule",
    "RefusedCall",
    "SeatGroup",
    "Skill",
    "Trunk",
]
