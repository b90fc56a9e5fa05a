"""The centre's configuration: one immutable value. A change is an event (`events.ConfigChanged`) with a new value.

Everything is named by its code: a queue "sales", an agent "1001", a flow "main". Durations are seconds.
"""

from typing import Literal

from msgspec import Struct, field

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


CallbackMode = Literal["pull", "preview", "progressive"]
RETRIES: dict[str, tuple[float, ...]] = {
    "busy": (120.0, 600.0, 1800.0),
    "no_answer": (900.0, 3600.0, 14400.0),
    "machine": (3600.0, 14400.0),
    "failed": (60.0, 600.0, 3600.0),
}


class CallbackRules(Struct, frozen=True):
    """How a queue works off the callbacks that are owed in it."""

    mode: CallbackMode = "pull"  # agents ask for the next; one is shown to an idle agent, who accepts; it is dialled by itself
    in_turn: bool = False  # who asked for a callback while waiting keeps the place: called by itself when it is their turn
    first: Literal["agent", "caller"] = "agent"  # whose phone rings first when a callback is dialled by itself
    against_callers: Literal["callers_first", "by_age", "callbacks_first"] = "by_age"  # whom a free agent serves
    calendar: str = ""  # allowed hours, on the customer's clock; "" always, a calendar that is not there: never
    retries: dict[str, tuple[float, ...]] = field(
        default_factory=RETRIES.copy
    )  # result -> seconds until the next attempt, one for each; then closed
    most_attempts: int = 5  # in all
    ring_seconds: float = 35.0  # the customer's phone
    preview_seconds: float = 30.0  # to accept
    skip_seconds: float = 60.0  # one that an agent did not want is left alone so long
    result_seconds: float = 120.0  # after the talk, for the agent to say what came of it; then it counts as done
    own_agent_seconds: float = 900.0  # an agent's own follow-up is left to them so long, then anybody may do it
    detect: bool = False  # answering machines
    detect_seconds: float = 4.0
    on_machine: str = ""  # a prompt for the machine; "" hangs up
    greeting: str = "callback-greeting"  # said to who is rung before an agent is; "" nothing
    caller_id: str = ""  # what is shown, if it is one of our numbers; else the number they called, else the trunk's
    expire_seconds: float = 7 * 86400.0


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
    survey: str = ""  # a flow for customers who stay on the line when the agent is done: satisfaction
    callbacks: CallbackRules = CallbackRules()


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
    queue: str = ""  # whose callbacks they are who called it and reached no queue; "" the centre's callback_queue
    owes: tuple[str, ...] | None = None  # instead of the centre's


class Trunk(Struct, frozen=True):
    code: str
    capacity: int = 30  # channels
    outbound: bool = True
    prefixes: tuple[str, ...] = ()  # numbers it may carry; empty: all
    caller_id: str = ""  # the number shown to the called party
    node: str = "ast1"
    kept: int = 0  # channels that callbacks and machines leave free for who calls in


OWED = ("asked", "surge", "abandoned", "menu", "voicemail", "closed", "failed", "blocked", "last_resort")


Curve = tuple[tuple[float, float], ...]


class Surge(Struct, frozen=True):
    """The machine that answers a share of the calls while lines are short.

    `curve` is ascending (use, share taken): none below the first use, all from the last on, straight lines between. Use is busy
    over existing: the trunks' channels, or with `numbers` the calls that came in for those over `lines`.
    """

    code: str
    curve: Curve
    trunks: tuple[str, ...] = ()  # none: all
    numbers: tuple[str, ...] = ()  # called numbers it is for; none: all that come over the trunks
    lines: int = 0
    hysteresis: float = 0.05  # it stops when use falls so far below the first of the curve
    every: float = 0.0  # takes one call in so many seconds at most
    exempt_priority: int | None = None  # callers of this priority or more are not taken
    exempt_orders: bool = False  # nor those with an open order
    exempt_seconds: float = 1.0  # for the business data to say so; then the call is taken
    flow: str = "surge"  # thanks, may ask for another number, promises; not there: promises at once


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
    callback_queue: str = ""  # of callers who reached no queue; "" the first
    owes: tuple[str, ...] = OWED  # whom we call back
    zones: dict[str, str] = {}  # beginning of a number -> time zone, the longest wins; else the centre's
    needs_consent: tuple[str, ...] = ("survey", "campaign")  # nobody is called for tasks of these kinds without
    machine_calls: int = 10  # outbound calls by machines alone at the same time


class Config(Struct, frozen=True):
    settings: Settings = Settings()
    queues: dict[str, Queue] = {}
    agents: dict[str, AgentConfig] = {}
    flows: dict[str, Flow] = {}
    numbers: dict[str, Number] = {}
    trunks: dict[str, Trunk] = {}
    calendars: dict[str, Calendar] = {}
    surges: dict[str, Surge] = {}  # the first that fits a call decides
