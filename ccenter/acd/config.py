"""The centre's configuration: one immutable value. A change is an event (`events.ConfigChanged`) with a new value.

Everything is named by its code: a queue "sales", an agent "1001", a flow "main". Durations are seconds.
"""

from typing import Literal

from msgspec import Struct

Strategy = Literal["longest_idle", "round_robin", "fewest_calls", "by_skill", "ring_all"]
Direction = Literal["in", "out", "internal"]


class Target(Struct, frozen=True, tag_field="to"):
    """Where a call can be sent: by an exit key, an overflow rule, a flow or a transfer."""


class ToQueue(Target, tag="queue", frozen=True):
    queue: str
    priority: int | None = None


class ToFlow(Target, tag="flow", frozen=True):
    flow: str
    node: str | None = None  # None: the flow's start


class ToAgent(Target, tag="agent", frozen=True):
    agent: str


class ToNumber(Target, tag="number", frozen=True):
    number: str


class ToVoicemail(Target, tag="voicemail", frozen=True):
    mailbox: str


class ToCallback(Target, tag="callback", frozen=True):
    """Promise to call back, on disk before the promise is spoken, then let the caller go."""


class ToMenu(Target, tag="menu", frozen=True):
    """Back to the place in the flow from which the caller asked for a human."""


class ToEnd(Target, tag="end", frozen=True):
    """Hang up, after a last prompt if there is one."""

    prompt: str | None = None


AnyTarget = ToQueue | ToFlow | ToAgent | ToNumber | ToVoicemail | ToCallback | ToMenu | ToEnd


# -- flows: the IVR as data ------------------------------------------------------------------------------------


class Phrase(Struct, frozen=True):
    """Something spoken that is more than a prompt. `value` may be "$name", a variable of the call."""

    kind: Literal["prompt", "number", "digits", "amount", "date", "time", "wait", "position"]
    value: str


Prompts = tuple[str | Phrase, ...]  # a bare string is a prompt's name, or "$name"


class Node(Struct, frozen=True, tag_field="type"):
    """One step of a flow. `next` and its like are names of nodes in the same flow."""


class SayNode(Node, tag="say", frozen=True):
    prompts: Prompts
    next: str


class MenuNode(Node, tag="menu", frozen=True):
    prompts: Prompts
    choices: dict[str, str]  # key -> node
    timeout: float = 5.0  # after the prompts ended
    tries: int = 3
    invalid: Prompts = ("invalid-choice",)
    silence: Prompts = ("no-input",)
    failed: str | None = None  # after the last try; None hangs up


class CollectNode(Node, tag="collect", frozen=True):
    prompts: Prompts
    variable: str
    next: str
    min_digits: int = 1
    max_digits: int = 20
    terminator: str = "#"
    timeout: float = 6.0  # between keys
    tries: int = 3
    invalid: Prompts = ("invalid-choice",)
    failed: str | None = None
    sensitive: bool = False  # digits in no fact and no log; the recording is paused meanwhile


class HoursNode(Node, tag="hours", frozen=True):
    calendar: str
    open: str
    closed: str
    holiday: str | None = None  # a holiday's own prompt is in variable "holiday_prompt"; None: as closed


class LookUpNode(Node, tag="lookup", frozen=True):
    """Ask the business data. Blocks the flow (not the core) until answered or timed out."""

    kind: str  # a name registered in ccenter.calls.lookups
    found: str
    missing: str
    arguments: dict[str, str] = {}  # argument -> value or "$variable"
    prompts: Prompts = ()  # spoken while waiting
    timeout: float = 3.0
    failed: str | None = None  # None: as missing


class SetNode(Node, tag="set", frozen=True):
    """Set variables of the call. "language" and "priority" act on the call itself."""

    values: dict[str, str]
    next: str
    skills: dict[str, int] = {}  # further skills this call needs -> level


class BranchNode(Node, tag="branch", frozen=True):
    variable: str
    cases: dict[str, str]
    default: str


class GoNode(Node, tag="go", frozen=True):
    """Leave the flow for a target. After a queue's or agent's service the caller comes back to `back`, if given."""

    target: AnyTarget
    prompts: Prompts = ()
    back: str | None = None


class RecordNode(Node, tag="recording", frozen=True):
    """Pause or resume the call's recording, say around the entry of a card number."""

    action: Literal["pause", "resume"]
    next: str


class HangUpNode(Node, tag="hangup", frozen=True):
    prompts: Prompts = ()


AnyNode = SayNode | MenuNode | CollectNode | HoursNode | LookUpNode | SetNode | BranchNode | GoNode | RecordNode | HangUpNode


class Flow(Struct, frozen=True):
    code: str
    start: str
    nodes: dict[str, AnyNode]
    human: AnyTarget | None = None  # key 0 at any time, unless a menu uses it itself


# -- the centre ------------------------------------------------------------------------------------------------


class Holiday(Struct, frozen=True):
    day: str  # "2026-02-17"
    name: str
    prompt: str | None = None


class Calendar(Struct, frozen=True):
    code: str
    week: tuple[tuple[tuple[int, int], ...], ...]  # Monday first; (start, end) minutes of the day
    holidays: tuple[Holiday, ...] = ()


class Queue(Struct, frozen=True):
    code: str
    name: str = ""
    strategy: Strategy = "longest_idle"
    skills: dict[str, int] = {}  # skill -> least level an agent must have
    priority: int = 0  # against the other queues of an agent; one step is worth `ageing` seconds of waiting
    ring_seconds: float = 20.0
    wrap_up_seconds: float = 30.0
    max_misses: int = 2  # then the agent goes NOT_READY
    ring_all_most: int = 10
    music: str = "default"
    announce_after: float = 15.0
    announce_every: float = 45.0
    announce: bool = True
    keys: dict[str, AnyTarget] = {}  # what a key does while waiting
    max_wait: float | None = None
    on_timeout: AnyTarget | None = None
    max_length: int | None = None
    on_full: AnyTarget | None = None
    calendar: str | None = None
    on_closed: AnyTarget | None = None
    on_nobody: AnyTarget | None = None  # when no agent who could serve is signed in
    ask_last_agent: bool = False
    announce_agent: bool = False  # the agent's number is spoken to the caller on connect
    record: bool = True
    service_level_seconds: float = 20.0
    short_abandon_seconds: float = 5.0


class AgentConfig(Struct, frozen=True):
    code: str  # the agent number, which is also the desk phone's extension
    name: str = ""
    group: str = ""
    queues: tuple[str, ...] = ()
    skills: dict[str, int] = {}


class Number(Struct, frozen=True):
    """A called number. `target` is what it does."""

    number: str
    target: AnyTarget
    language: str = "zh"
    priority: int = 0
    label: str = ""  # the TV station, product or branch it belongs to
    record: bool = True


class Trunk(Struct, frozen=True):
    code: str
    capacity: int = 30  # channels
    outbound: bool = True
    prefixes: tuple[str, ...] = ()  # numbers it may carry; empty: all
    caller_id: str = ""  # the number shown to the called party
    node: str = "ast1"


class Settings(Struct, frozen=True):
    language: str = "zh"
    time_zone: str = "Asia/Shanghai"
    ageing: float = 60.0  # seconds of waiting that one priority step is worth
    rest_seconds: float = 10.0  # an agent whose phone refused is left alone so long
    wrap_up_seconds: float = 15.0  # after a call of no queue
    dial_seconds: float = 30.0  # to ring a called number or a consulted colleague
    away_seconds: float = 30.0  # a lost browser phone is waited for so long in mid-call
    record_out: bool = True
    record_internal: bool = False
    default_target: AnyTarget | None = None  # for a called number nobody configured; None hangs up
    voicemail_seconds: int = 180
    node: str = "ast1"


class Config(Struct, frozen=True):
    settings: Settings = Settings()
    queues: dict[str, Queue] = {}
    agents: dict[str, AgentConfig] = {}
    flows: dict[str, Flow] = {}
    numbers: dict[str, Number] = {}
    trunks: dict[str, Trunk] = {}
    calendars: dict[str, Calendar] = {}
