"""What became true: the centre's record, told once and in order.

Every fact has `seq` (1, 2, 3 ... over the life of the installation) and `at` (seconds since 1970, UTC). The record of a call
is the facts that name it. `QUEUE_LOG` maps facts to the names of Asterisk's queue_log, for who knows those.
"""

from typing import Literal

from msgspec import Struct

CallState = Literal["OFFERED", "IVR", "QUEUED", "RESERVED", "CONNECTED", "HELD", "ENDED"]
AgentState = Literal["LOGGED_OUT", "READY", "RESERVED", "TALKING", "WRAP_UP", "NOT_READY"]
MonitorMode = Literal["listen", "whisper", "barge"]
Outcome = Literal[
    "ANSWERED",
    "ABANDONED",
    "CALLBACK",
    "OVERFLOWED",
    "BLOCKED",
    "VOICEMAIL",
    "SELF_SERVED",
    "NO_ANSWER",
    "FAILED",
]


class Fact(Struct, frozen=True, gc=False, tag_field="type"):
    """Base of all facts."""

    seq: int
    at: float


# -- a call ----------------------------------------------------------------------------------------------------


class CallStarted(Fact, tag=True, frozen=True, gc=False):
    call: str
    leg: str
    direction: str  # in, out, internal
    ani: str
    dnis: str
    trunk: str
    label: str = ""
    name: str = ""
    agent: str = ""  # who dialled, for out and internal
    language: str = ""
    callback: str = ""  # the one this is an attempt of


class CallAnswered(Fact, tag=True, frozen=True, gc=False):
    """The line was taken: by a machine or for a person."""

    call: str


class FlowStep(Fact, tag=True, frozen=True, gc=False):
    """The caller reached a node of a flow."""

    call: str
    flow: str
    node: str


class KeyChosen(Fact, tag=True, frozen=True, gc=False):
    """A menu's choice ("" for none in time), or that digits were entered (their number, never a PIN)."""

    call: str
    node: str
    key: str


class LookUpEnded(Fact, tag=True, frozen=True, gc=False):
    call: str
    kind: str
    result: str  # found, missing, failed, timeout
    customer: str = ""


class CallQueued(Fact, tag=True, frozen=True, gc=False):
    call: str
    queue: str
    priority: int
    position: int  # 1: next
    skills: dict[str, int] = {}


class Announced(Fact, tag=True, frozen=True, gc=False):
    call: str
    queue: str
    position: int
    expected_wait: float


class CallRouted(Fact, tag=True, frozen=True, gc=False):
    """Why this agent: the candidates with their scores (least wins), and the others by the reason they were passed over.

    The first ten of each are named; `candidates_total` and the counts in `passed_over` are complete.
    """

    call: str
    queue: str
    agent: str
    strategy: str
    candidates: list[tuple[str, float]]
    candidates_total: int
    passed_over: dict[str, tuple[int, list[str]]]


class CallOfferedTo(Fact, tag=True, frozen=True, gc=False):
    call: str
    agent: str
    leg: str
    queue: str


class AgentRinging(Fact, tag=True, frozen=True, gc=False):
    call: str
    agent: str


class OfferEnded(Fact, tag=True, frozen=True, gc=False):
    """An offer that did not become a call. `reason`: no_answer, busy, refused, failed, caller_gone, elsewhere, withdrawn."""

    call: str
    agent: str
    reason: str
    rang: float  # seconds


class CallConnected(Fact, tag=True, frozen=True, gc=False):
    """Customer and agent talk. `waited` since the queue was entered, `rang` of this agent's phone."""

    call: str
    agent: str
    queue: str
    waited: float
    rang: float


class CallReached(Fact, tag=True, frozen=True, gc=False):
    """An outside number answered: an outbound call, an overflow or a transfer."""

    call: str
    number: str


class CallHeld(Fact, tag=True, frozen=True, gc=False):
    call: str
    agent: str


class CallResumed(Fact, tag=True, frozen=True, gc=False):
    call: str
    agent: str


class CallTransferred(Fact, tag=True, frozen=True, gc=False):
    """`kind`: blind, consulted, taken_over. `agent` is who had the call."""

    call: str
    agent: str
    kind: str
    target: str  # "agent:1002", "queue:sales", "number:+86...", "flow:main"


class TransferFailed(Fact, tag=True, frozen=True, gc=False):
    call: str
    target: str
    reason: str
    back_to: str  # "agent:1001", "queue:sales"


class ConsultStarted(Fact, tag=True, frozen=True, gc=False):
    call: str
    agent: str
    target: str


class ConsultAnswered(Fact, tag=True, frozen=True, gc=False):
    call: str
    target: str


class ConsultEnded(Fact, tag=True, frozen=True, gc=False):
    call: str
    target: str
    reason: str


class ConferenceStarted(Fact, tag=True, frozen=True, gc=False):
    call: str
    agent: str
    target: str


class PartyInvited(Fact, tag=True, frozen=True, gc=False):
    """A further person is rung for a conference that goes on. Then comes PartyJoined or InvitationEnded."""

    call: str
    agent: str
    target: str


class PartyJoined(Fact, tag=True, frozen=True, gc=False):
    call: str
    party: str


class InvitationEnded(Fact, tag=True, frozen=True, gc=False):
    """They did not come. `reason`: as OfferEnded's, or cancelled."""

    call: str
    party: str
    reason: str


class PartyLeft(Fact, tag=True, frozen=True, gc=False):
    """One of several left a call that goes on."""

    call: str
    party: str


class AgentAway(Fact, tag=True, frozen=True, gc=False):
    """The browser phone of somebody in the talk was lost: who serves, is consulted, was invited, or is called by a colleague.

    The others talk on; who is left alone hears music, until AgentBack, or the talk goes on without them (CallRequeued with reason
    agent_lost, PartyLeft, ConsultEnded), or the call's end. A customer left alone counts as HELD.
    """

    call: str
    agent: str


class AgentBack(Fact, tag=True, frozen=True, gc=False):
    """Joined again, by a new leg. A call that was on hold before still is: `held`."""

    call: str
    agent: str
    leg: str
    held: bool
    away: float  # seconds


class CallRequeued(Fact, tag=True, frozen=True, gc=False):
    """The call went back to the place it had: no answer, agent lost, transfer failed."""

    call: str
    queue: str
    reason: str


class CallOverflowed(Fact, tag=True, frozen=True, gc=False):
    call: str
    queue: str
    reason: str  # time, length, hours, nobody, removed
    target: str


class QueueLeft(Fact, tag=True, frozen=True, gc=False):
    """The caller left the queue by a key."""

    call: str
    queue: str
    key: str
    waited: float


class CallbackPromised(Fact, tag=True, frozen=True, gc=False):
    """On disk before it is spoken to the caller."""

    call: str
    number: str
    queue: str
    reason: str
    language: str = ""


class VoicemailLeft(Fact, tag=True, frozen=True, gc=False):
    call: str
    mailbox: str
    message: str
    seconds: float


class RecordingStarted(Fact, tag=True, frozen=True, gc=False):
    call: str
    recording: str


class RecordingPaused(Fact, tag=True, frozen=True, gc=False):
    call: str
    recording: str
    paused: bool
    by: str


class RecordingDone(Fact, tag=True, frozen=True, gc=False):
    call: str
    recording: str
    path: str
    bytes: int


class RecordingFailed(Fact, tag=True, frozen=True, gc=False):
    call: str
    recording: str
    reason: str


class CallEnded(Fact, tag=True, frozen=True, gc=False):
    """The last fact of a call but its recording's. `by`: customer, agent, party, lead, system, switch."""

    call: str
    outcome: str
    by: str
    cause: int
    where: str  # the state it ended in
    note: str = ""
    agent: str = ""
    queue: str = ""
    waited: float = 0.0  # seconds in queues, in all
    talked: float = 0.0  # seconds with an agent or outside party, hold included
    held: float = 0.0


# -- callbacks -------------------------------------------------------------------------------------------------


class SurgeChanged(Fact, tag=True, frozen=True, gc=False):
    """The surge attendant begins, or is over: then with how many calls it took and let pass."""

    surge: str
    on: bool
    use: float
    taken: int = 0
    passed: int = 0


class SurgeDecided(Fact, tag=True, frozen=True, gc=False):
    """Whether the machine takes this call. `credit` is what earlier calls left over: with `share` it makes one, or not yet.

    `reason`: share, interval (one was taken just before), vip, order.
    """

    call: str
    surge: str
    use: float
    share: float
    credit: float
    taken: bool
    reason: str


class CallbackOpened(Fact, tag=True, frozen=True, gc=False):
    """We owe somebody a call: the place in line is `asked_at`. `source` says how it came to it, `chosen` what they chose.

    `source`: asked, surge, abandoned, menu, voicemail, closed, failed, blocked, last_resort; task for a released one.
    """

    callback: str
    number: str
    source: str
    kind: str
    asked_at: float
    due: float
    queue: str
    priority: int = 0
    dnis: str = ""
    label: str = ""
    call: str = ""
    chosen: str = ""
    language: str = ""
    zone: str = ""
    customer: str = ""
    agent: str = ""
    flow: str = ""


class CallbackAsked(Fact, tag=True, frozen=True, gc=False):
    """They asked once more. The place is kept, or an earlier one if it came to light; queue and source are the latest.

    Of who has asked for a callback while waiting the source stays "asked".
    """

    callback: str
    source: str
    queue: str
    times: int
    number: str
    call: str = ""
    asked_at: float = 0.0  # the place


class CallbackRejoined(Fact, tag=True, frozen=True, gc=False):
    """They rang in again: this call has the callback's place in line. An agent's answer closes it."""

    callback: str
    call: str


class CallbackPresented(Fact, tag=True, frozen=True, gc=False):
    callback: str
    agent: str
    until: float


class CallbackReturned(Fact, tag=True, frozen=True, gc=False):
    """Back at its place, no attempt made. `reason`: why the agent did not: skipped, no_answer, busy, no_trunk, agent_gone ..."""

    callback: str
    agent: str
    reason: str


class CallbackDialled(Fact, tag=True, frozen=True, gc=False):
    """The customer's phone is rung. `agent`: who is on the line or kept free; "" a machine."""

    callback: str
    call: str
    agent: str
    attempt: int
    shown: str


class CallbackResulted(Fact, tag=True, frozen=True, gc=False):
    callback: str
    agent: str
    result: str
    attempts: int
    call: str = ""


class CallbackDeferred(Fact, tag=True, frozen=True, gc=False):
    callback: str
    until: float
    reason: str


class CallbackClosed(Fact, tag=True, frozen=True, gc=False):
    """`reason`: called_in, a result, attempts, do_not_call, no_consent, expired, moved (to `detail`), or what the office says."""

    callback: str
    reason: str
    attempts: int
    call: str = ""
    detail: str = ""


class NumberBarred(Fact, tag=True, frozen=True, gc=False):
    number: str
    barred: bool


# -- a trunk ---------------------------------------------------------------------------------------------------


class TrunkTaken(Fact, tag=True, frozen=True, gc=False):
    """A leg is on a channel of a trunk until TrunkFreed names it, which may be after its call's end.

    `agent` is the seat whose phone is reached by it, "" for a customer or another outside party.
    """

    call: str
    agent: str
    leg: str
    trunk: str
    direction: str  # in, out
    number: str  # who calls, or is called


class TrunkFreed(Fact, tag=True, frozen=True, gc=False):
    leg: str
    trunk: str


# -- an agent --------------------------------------------------------------------------------------------------


class AgentChanged(Fact, tag=True, frozen=True, gc=False):
    """An agent's state from now on."""

    agent: str
    state: str
    reason: str = ""
    call: str = ""
    endpoint: str = ""
    was: str = ""
    lasted: float = 0.0  # seconds in the state before


class PhoneStateChanged(Fact, tag=True, frozen=True, gc=False):
    agent: str
    endpoint: str
    online: bool


class SeatAllows(Fact, tag=True, frozen=True, gc=False):
    """What the core would do now for who sits there: names of requests ("HoldCall"), sorted. Told whenever it changes.

    An action with an argument may still be refused for the argument: a target that is busy, a call that is gone.
    """

    agent: str
    actions: tuple[str, ...]


# -- a lead ----------------------------------------------------------------------------------------------------


class MonitorStarted(Fact, tag=True, frozen=True, gc=False):
    """The lead's phone is there: from now on they hear the agent's call."""

    call: str
    agent: str
    supervisor: str  # the lead's seat
    mode: str
    by: str


class MonitorChanged(Fact, tag=True, frozen=True, gc=False):
    call: str
    agent: str
    supervisor: str
    mode: str
    by: str


class MonitorEnded(Fact, tag=True, frozen=True, gc=False):
    """`reason`: stopped, call_ended, agent_left, taken_over, failed; before it started also no_answer, busy, refused."""

    call: str
    agent: str
    supervisor: str
    reason: str


class Forced(Fact, tag=True, frozen=True, gc=False):
    """A lead did something to a seat. `action`: ready, not_ready, signed_out, hang_up, transfer, take_over."""

    agent: str
    by: str  # user name
    action: str
    call: str = ""
    detail: str = ""  # the reason of not_ready, the target of a transfer, the lead's seat of take_over


# -- requests and the system -----------------------------------------------------------------------------------


class RequestDone(Fact, tag=True, frozen=True, gc=False):
    request: str
    by: str
    agent: str
    action: str
    call: str = ""


class RequestRefused(Fact, tag=True, frozen=True, gc=False):
    """`reason` is a code; ccenter.calls knows its text in both languages."""

    request: str
    by: str
    agent: str
    action: str
    reason: str


class NodeChanged(Fact, tag=True, frozen=True, gc=False):
    node: str
    up: bool
    restarted: bool = False
    lost: int = 0  # calls that ended while we could not see


class SwitchRefused(Fact, tag=True, frozen=True, gc=False):
    """The switch could not do a command; for the log of what failed."""

    command: str
    leg: str
    call: str
    reason: str


class ConfigApplied(Fact, tag=True, frozen=True, gc=False):
    queues: int
    agents: int
    flows: int
    numbers: int


AnyFact = (
    CallStarted
    | CallAnswered
    | FlowStep
    | KeyChosen
    | LookUpEnded
    | CallQueued
    | Announced
    | CallRouted
    | CallOfferedTo
    | AgentRinging
    | OfferEnded
    | CallConnected
    | CallReached
    | CallHeld
    | CallResumed
    | CallTransferred
    | TransferFailed
    | ConsultStarted
    | ConsultAnswered
    | ConsultEnded
    | ConferenceStarted
    | PartyInvited
    | PartyJoined
    | InvitationEnded
    | PartyLeft
    | AgentAway
    | AgentBack
    | CallRequeued
    | CallOverflowed
    | QueueLeft
    | CallbackPromised
    | VoicemailLeft
    | RecordingStarted
    | RecordingPaused
    | RecordingDone
    | RecordingFailed
    | CallEnded
    | SurgeChanged
    | SurgeDecided
    | CallbackOpened
    | CallbackAsked
    | CallbackRejoined
    | CallbackPresented
    | CallbackReturned
    | CallbackDialled
    | CallbackResulted
    | CallbackDeferred
    | CallbackClosed
    | NumberBarred
    | TrunkTaken
    | TrunkFreed
    | AgentChanged
    | PhoneStateChanged
    | SeatAllows
    | MonitorStarted
    | MonitorChanged
    | MonitorEnded
    | Forced
    | RequestDone
    | RequestRefused
    | NodeChanged
    | SwitchRefused
    | ConfigApplied
)

QUEUE_LOG = {
    CallQueued: "ENTERQUEUE",
    CallConnected: "CONNECT",
    OfferEnded: "RINGNOANSWER",
    QueueLeft: "EXITWITHKEY",
    CallOverflowed: "EXITWITHTIMEOUT",
    CallEnded: "COMPLETE",
    CallTransferred: "BLINDTRANSFER",
    AgentChanged: "PAUSE",
}
